"""array: every code, slices, changes, buffers, conversions, errors."""
import array as module
import copy
import io
import pickle
from array import array

print(module.typecodes, module.ArrayType is array)
for code in module.typecodes:
    a = array(code)
    print(code, a.itemsize, a.typecode, a, len(a))
print(array("i", [1, -2, 3]), array("d", (1.5, 2)), array("B", b"abc"), array("w", "hé€"), array("h", bytearray(b"\1\0\2\0")))
for code, low, high in (("b", -128, 127), ("B", 0, 255), ("h", -(2**15), 2**15 - 1), ("H", 0, 2**16 - 1), ("i", -(2**31), 2**31 - 1),
                        ("I", 0, 2**32 - 1), ("q", -(2**63), 2**63 - 1), ("Q", 0, 2**64 - 1)):
    a = array(code, [low, high])
    print(code, a.tolist())
    for n in (low - 1, high + 1):
        try:
            a.append(n)
            print("taken", n)
        except OverflowError:
            print("overflow", len(a))

print("== sequence")
a = array("i", range(10))
print(a[0], a[-1], a[2:5], a[::-3], a[5:2], a[:])
print(3 in a, 11 in a, a.index(4), a.count(4), list(reversed(a))[:3], [x * x for x in a][:4])
a[0] = 100
a[1:3] = array("i", [7, 8, 9])
print(a)
a[::4] = array("i", [0, 0, 0])
print(a)
del a[0]
del a[1:3]
del a[::3]
print(a)
a.append(5)
a.extend([6, 7])
a.extend(array("i", [8]))
a.insert(0, -1)
a.insert(-1, 55)
print(a, a.pop(), a.pop(0), a.pop(-2))
a.remove(9)
a.reverse()
print(a, a + a, a * 2, 0 * a)
b = a
b += array("i", [1])
b *= 2
print(a is b, len(a))
print(array("i", [1, 2]) == array("q", [1, 2]), array("i", [1, 2]) < array("i", [1, 3]), array("d", [1]) == array("b", [1]), array("i") == [])
a.clear()
print(a, bool(a))

print("== bytes and buffers")
a = array("H", [1, 2, 0x1234])
print(a.tobytes(), bytes(a), bytearray(a)[:2], memoryview(a).format, memoryview(a).shape, memoryview(a)[2])
m = memoryview(a)
m[0] = 9
print(a)
try:
    a.append(1)
except BufferError as e:
    print(e)
m.release()
a.byteswap()
print(a)
a.frombytes(b"\1\0")
print(a, a.buffer_info()[1])
f = io.BytesIO()
a.tofile(f)
f.seek(0)
b = array("H")
b.fromfile(f, 3)
print(b)
try:
    b.fromfile(f, 3)
except EOFError as e:
    print(e, len(b))
print(io.BytesIO(b"wxyz").readinto(array("b", [0] * 3)))
print(b"".join([array("b", b"ab"), b"c"]), b"abc".startswith(bytes(array("b", b"ab"))))
a.fromlist([1, 2])
print(a.tolist(), array("w", "text").tounicode())

print("== copies")
for made in (copy.copy(a), copy.deepcopy(a), pickle.loads(pickle.dumps(a)), pickle.loads(pickle.dumps(a, 0))):
    print(made == a, made is a, type(made))


class Mine(array):
    pass


mine = Mine("i", [1])
mine.x = 1
print(mine, mine.x, type(mine + mine), array[int])

print("== errors")
a = array("i", [1, 2])
for make in (
    lambda: array("ii"),
    lambda: array(1),
    lambda: array("i", "text"),
    lambda: array("i", [1.5]),
    lambda: array("i", ["1"]),
    lambda: array("i", b"abc"),
    lambda: a[5],
    lambda: a["x"],
    lambda: a.pop(9),
    lambda: array("i").pop(),
    lambda: a.remove(9),
    lambda: a.index(9),
    lambda: a + [1],
    lambda: a.extend(array("d")),
    lambda: a.__setitem__(slice(0, 1), [1]),
    lambda: a.__setitem__(slice(None, None, 2), array("i")),
    lambda: a.__setitem__(9, 1),
    lambda: a.fromlist([1, "x"]),
    lambda: a.tounicode(),
):
    try:
        print(make())
    except Exception as e:
        print(type(e).__name__, e)
print(a)
