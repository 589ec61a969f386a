"""What the engine does in one go on the common kinds, on operands of every other kind: attributes of locals, returns, remainders,
properties, native calls, unpacking, keys, growing texts, instances that get their attributes late."""
import sys
import traceback


def attempt(f, *args):
    try:
        return f(*args)
    except Exception as error:
        tb = traceback.extract_tb(error.__traceback__)[-1]
        # The words of the others differ between 3.13 and 3.14.
        words = f": {error}" if isinstance(error, (AttributeError, NameError)) else ""
        return f"{type(error).__name__}{words} in {tb.name}: {tb.line}"


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def swap(self):
        return Point(self.y, self.x)

    def same(self):
        return self


class Slotted:
    __slots__ = ("x", "y")

    def __init__(self, x):
        self.x = x


class Guarded:
    def __init__(self):
        self._x = 1

    @property
    def x(self):
        return self._x

    @x.setter
    def x(self, value):
        if value is None:
            raise ValueError("no x")
        self._x = value

    @property
    def broken(self):
        raise AttributeError("from the getter")

    @property
    def deep(self):
        return self.deep


class Falls(Guarded):
    def __getattr__(self, name):
        return f"fell back for {name}"


class Shadowed:
    def method(self):
        return "of the class"


class Frames:
    def __init__(self, keep):
        self.frame = sys._getframe()
        keep.append(self.frame.f_lineno)


class Returns:
    def __init__(self, value):
        self.value = value
        return value


def get_x(p):
    return p.x


def set_x(p, value):
    p.x = value


def unbound_get(flag):
    if flag:
        p = Point(1, 2)
    return p.x


def unbound_return(flag):
    if flag:
        p = 1
    return p


def unbound_store(p, flag):
    if flag:
        value = 1
    p.x = value


def call_method(s):
    return s.method()


def nothing():
    return None


for _ in range(3):
    points = [Point(1, 2), Slotted(3), Guarded(), Falls(), 5, None]
    print([attempt(get_x, p) for p in points])
    print([attempt(set_x, p, 7) for p in points], [attempt(get_x, p) for p in points])
    print(attempt(unbound_get, True), attempt(unbound_get, False))
    print(attempt(unbound_return, True), attempt(unbound_return, False))
    print(attempt(unbound_store, Point(1, 2), False))
    print(attempt(set_x, Guarded(), None), attempt(lambda g: g.broken, Guarded()), attempt(lambda g: g.broken, Falls()))
    print(attempt(lambda g: g.deep, Guarded())[:40])
    s = Shadowed()
    print(call_method(s), end=" ")
    s.method = lambda: "of the instance"
    print(call_method(s), call_method(Shadowed()), nothing())
    p = Point(1, 2)
    del p.x
    print(attempt(get_x, p), attempt(p.swap), p.same() is p)
    keep = []
    f = Frames(keep)
    print(keep, f.frame.f_code.co_name, f.frame.f_locals["self"] is f)
    print(attempt(Returns, None).value, attempt(Returns, 5))


# Instances whose attributes come late, after many of their class were made.
class Late:
    pass


several = [Late() for _ in range(100)]
for n, late in enumerate(several):
    for k in range(n % 7):
        setattr(late, f"a{k}", k)
print(sum(len(vars(late)) for late in several), vars(several[6]))


class Few:
    def __init__(self):
        self.one = 1


many = [Few() for _ in range(100)]
for few in many:
    few.two = 2
    few.three = 3
print(sum(few.one + few.two + few.three for few in many), vars(many[0]) == vars(many[99]))


def modulo(a):
    return a % 7


def times(a):
    return a * 3


def add(a, b):
    return a + b


for value in (10, -10, 2**49, 2**50 - 1, 2**62, 2**80, 7.5, -7.5, True, "x%d", "ab", [1], None):
    print(attempt(modulo, value), attempt(times, value), attempt(add, value, value))
print(attempt(lambda a: a % 0, 5), attempt(lambda a: a % -3, 5), (-7) % 3)


def unpack(v):
    a, b = v
    return b, a


for value in ((1, 2), [3, 4], "ab", {5: 6, 7: 8}, (1,), (1, 2, 3), 5, iter((8, 9))):
    print(attempt(unpack, value))


class Odd:
    def __init__(self, h):
        self.h = h

    def __hash__(self):
        return self.h

    def __eq__(self, other):
        return isinstance(other, Odd) and self.h % 10 == other.h % 10


keyed = {1: "a", "b": 2, (3,): 4, 2.5: 5, Odd(11): 6}
for key in (1, 1.0, True, "b", "c", (3,), 2.5, Odd(11), Odd(21), None):
    print(key in keyed, key not in keyed, key in set(keyed), attempt(keyed.__getitem__, key) if key in keyed else "-")
print(attempt(lambda: [] in keyed))
nan = float("nan")
print(nan in {nan: 1}, nan in {nan}, float("nan") in {nan})


def grow(n, part):
    text = other = ""
    for i in range(n):
        text += part
        if i == n // 2:
            other = text
    return len(text), len(other), text.startswith(other), text == part * n, hash(text) == hash(part * n)


print(grow(3000, "abc"), grow(3000, "äb"), grow(2000, "\ud800x"))


def grow_itself():
    text = "ab" * 1000
    for _ in range(4):
        text += text
    kept = text
    text += "!"
    text = text + "?"
    return len(text), len(kept), text[-3:], kept[-1]


def grow_in_cell():
    text = "y" * 2000

    def more():
        nonlocal text
        for _ in range(500):
            text += "zé"
        return text

    return more() == "y" * 2000 + "zé" * 500, text[1999:2003], text.index("é")


def grow_wrongly():
    text = "q" * 3000
    try:
        text += 5
    except TypeError as error:
        print(type(error))
    return len(text)


print(grow_itself(), grow_in_cell(), grow_wrongly())
text = "m" * 2000
names = {text: "kept"}
for _ in range(2000):
    text += "n"
print(len(text), names["m" * 2000], text[1999:2002])


class Strange(str):
    def __add__(self, other):
        return "added"


text = Strange("s" * 3000)
text += "t"
print(text)


def natives(values):
    out = []
    for value in values:
        out.append(attempt(len, value))
        out.append(attempt(isinstance, value, (int, str)))
        out.append(attempt(lambda: "-".join(value)))
    return out


print(natives([1, "abc", ["a", "b"], {"k": 1}]))
print(attempt(lambda: str.upper(5)), attempt(lambda: [].append()), attempt(lambda: {}.get()), attempt(lambda: list.append([], 1, 2)))
