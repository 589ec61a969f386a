# list and tuple: methods, slices, slice assignment, sorting, comparison, mutation while iterating, repr of cycles.
a = [3, 1, 2]
a.append(4); a.extend("xy"); a.insert(0, "i"); a.insert(100, "end"); a.insert(-1, "before end")
print(a, a.pop(), a.pop(0), a.index(1), a.count("x"), len(a))
a.remove("x"); del a[-1]; a.reverse()
print(a, a[::2], a[::-1], a[1:3], a[-2:], a[5:], a[:100])
b = list(range(10))
b[2:5] = "abcdef"; b[::4] = [0] * len(b[::4]); del b[1:3]; b[:0] = [-1]; b[len(b):] = [99]
print(b)
del b[::3]
print(b, b * 2 == b + b, [] * 5, [[0] * 2] * 2, [1, 2] < [1, 3], [1] < [1, 0])
c = [5, 3, 9, 1]
print(sorted(c), sorted(c, reverse=True), c.sort(), c, sorted("bca", key=str.upper), sorted([(1, "b"), (0, "z"), (1, "a")], key=lambda p: p[0]))
words = "the quick brown fox jumps over the lazy dog".split()
print(sorted(words, key=lambda w: (-len(w), w)), sorted(words, key=len), sorted(words, key=len, reverse=True))
import functools
print(sorted([3, 1, 2], key=functools.cmp_to_key(lambda x, y: y - x)), sorted({"b": 1, "a": 2}), sorted(set("hello")))
loop = [1]; loop.append(loop); pair = (loop,); d = {"d": pair}
print(loop, pair, d, [[]], ((),), (1,), [None, True, 1.5, "s", b"b"])
it = [1, 2, 3]
for n in it:
    if n < 3 and len(it) < 6:
        it.append(n * 10)
print(it, [*it, *it][:3], list("abc"), list({1: 2}), tuple([1, 2]), list(reversed([1, 2, 3])), list(enumerate("ab", 1)))
for call in (lambda: [][0], lambda: [].pop(), lambda: [].remove(1), lambda: c[1.5], lambda: (1,)[5], lambda: [1] + (2,), lambda: [1, "a"].sort(),
             lambda: [1][::0], lambda: list(5), lambda: [3, 2, 1].sort(5), lambda: a.__setitem__(slice(0, 4, 2), [1]), lambda: (1,).__setitem__, lambda: [1, 2] < [1, "x"]):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)
try:
    [1].index(2)
except ValueError as error:
    print("index", str(error).endswith("not in list"))


def mutating():
    x = [3, 2, 1]

    def key(v):
        x.append(v)
        return v
    try:
        x.sort(key=key)
    except ValueError as error:
        return str(error)


print(mutating())
t = 1, 2, 3
print(t, t + (4,), t * 2, t.index(2), t.count(1), t[1:], hash(t) == hash((1, 2, 3)), tuple("ab"), 2 in t, len(t))
x, y = y, x = 1, 2
first, *middle, last = range(5)
(p, q), r = [(1, 2), 3]
*init, = "ab"
print(x, y, first, middle, last, p, q, r, init)
for bad in ("a, b = [1]", "a, *b, c = [1]", "a, b = 5"):
    try:
        exec(bad)
    except (ValueError, TypeError) as error:
        print(error)
e = a.copy(); e.clear()
print(a != e, e, bool(e), [1, [2]] == [1, [2]], [1] is [1], [0, 0.0, False].count(0), max([[1, 2], [1, 3]]), any([]), all([]), list(map(lambda a, b: a + b, [1, 2], [3, 4, 5])))
print(list(zip([1, 2], "ab", strict=True)), list(filter(None, [0, 1, "", "a"])), sum([[1], [2]], []), list(range(5, 0, -2)), range(3)[1], len(range(0, 10, 3)), 4 in range(0, 10, 2), range(3) == range(0, 3), range(10)[2:5], range(0, 5, 2)[-1])
