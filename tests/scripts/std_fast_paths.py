# Text, set, deque and StringIO methods where the plain cases have ways of their own: results at the edges of those cases.
import io
from collections import deque

# ---- replace ----
for s, old, new in [("", "a", "b"), ("", "", "b"), ("a", "a", ""), ("a", "a", "b"), ("ab", "a", ""), ("aaa", "aa", "b"),
                    ("aaaa", "aa", "a"), ("abc", "", "-"), ("h\xe9llo", "\xe9", "e"), ("h\xe9llo", "l", "\u20ac"),
                    ("h\xe9", "h", ""), ("\xe9a", "\xe9", ""), ("\xe9\xe9b", "\xe9", ""), ("hello", "lo", "\U0001f600"), ("\ud83dx", "\ud83d", "y"), ("ab" * 50, "ba", "xyz"),
                    ("ab" * 50, "b", ""), ("ab" * 50, "c", "d"), ("a\xe9" * 40, "\xe9a", "."), ("x" * 70, "xx", "y"), ("aXbX", "X", "\ud800")]:
    for args in [(), (-1,), (0,), (1,), (2,), (1000,)]:
        r = s.replace(old, new, *args)
        print(ascii(r), len(r), r.isascii(), r == "".join(list(r)), hash(r) == hash("".join(list(r))))
print("a-b-c".replace("-", "+", count=1), "aba".replace("a", "b", True))
for args in [(), ("a",), ("a", 1), (1, "a"), ("a", "b", "c"), ("a", "b", 1.0)]:
    try:
        print("abc".replace(*args))
    except TypeError as e:
        print("TypeError")


class S(str):
    pass


s = S("Hello")
for r in [s.replace("x", "y"), s.replace("l", "L"), s.replace("", "", 0), s.lower(), s.upper(), S("hello").lower(), s.casefold(), S("").lower(), S("q").upper()]:
    print(type(r).__name__, repr(r))
x = "plain"
print(x.replace("z", "y") is x, x.replace("p", "q", 0) is x)

# ---- case ----
for s in ["", "A", "Hello World 09 [\\]^_`{|}~@", "\xc9t\xc9", "STRASSE\xdf", "\u0130I", "\u03a3\u03a3", "A\ud800Z", "K\u212a", "\u01c5", "Z" * 300]:
    print(ascii(s.lower()), ascii(s.upper()), ascii(s.casefold()), s.lower().isascii(), s.upper().isascii())
for bad in ["lower", "upper", "casefold"]:
    for call in [lambda: getattr("a", bad)(1), lambda: getattr("a", bad)(x=1), lambda: getattr(str, bad)(1), lambda: getattr(str, bad)()]:
        try:
            call()
        except TypeError:
            print(bad, "TypeError")

# ---- count, startswith ----
print("aaaa".count("aa"), ("ab" * 40).count("aba"), "".count(""), "\xe9a".count(""), "abc".count("b", 2), "x".count("xx"))
print("hello".startswith(""), "hello".startswith("hell", 1), "hello".startswith(("x", "he")), "hello".startswith(()), "hello".startswith("", 6))
print(b"aaaa".replace(b"aa", b"b"), (b"ab" * 40).replace(b"ba", b"-").count(b"-"), b"\xff\xfe".replace(b"\xff", b""))

# ---- StringIO ----
for newline in [None, "", "\n", "\r", "\r\n"]:
    f = io.StringIO("i\nj\r\n", newline=newline)
    print(ascii(f.getvalue()), f.write("a\nb\rc\r\nd"), f.tell(), ascii(f.getvalue()), f.newlines)
    f.seek(0)
    print([ascii(l) for l in f])
    print(f.write(""), f.write("\u20ac\U0001f600\ud800"), ascii(f.getvalue()))
    f.seek(1)
    print(f.write("\xe9\n"), ascii(f.getvalue()), f.tell(), ascii(f.read(2)))
    f.seek(40)
    print(f.write("z"), f.tell(), len(f.getvalue()))
    print(f.__getstate__()[1:3])
f = io.StringIO()
for bad in [1, None, b"x"]:
    try:
        f.write(bad)
    except TypeError as e:
        print(e)
f.close()
for call in [lambda: f.write("a"), lambda: f.write(""), lambda: f.read()]:
    try:
        call()
    except ValueError as e:
        print(e)
try:
    io.StringIO.__new__(io.StringIO).write("a")
except ValueError as e:
    print(e)


class Out(io.StringIO):
    def write(self, s):
        return super().write(s.upper())


o = Out()
print("x", file=o, end="")
print(o.write(S("abc")), o.getvalue())

# ---- sets ----


class Eq:
    """Equal to others of its number, with a chosen hash; tells of comparisons."""
    log = 0

    def __init__(self, n, h=1):
        self.n, self.h = n, h

    def __hash__(self):
        return self.h

    def __eq__(self, other):
        Eq.log += 1
        return isinstance(other, Eq) and self.n == other.n


class MySet(set):
    pass


class MyFrozen(frozenset):
    pass


def show(s):
    return type(s).__name__, sorted(map(repr, s)), len(s)


nan = float("nan")
samples = [
    (set(), set()),
    ({1, 2, 3}, set()),
    (set(), {1}),
    ({1, 2, 3}, {2, 3, 4}),
    (set(range(40)), set(range(20, 60))),
    (set(range(9)), {1.0, 2.0, True, 10 ** 30}),
    ({10 ** 30, "a", (1, 2)}, {10 ** 30, "a", (1, 2), None}),
    ({"a", "b", S("c")}, {"c", "b", S("a")}),
    ({nan, 1}, {nan, 2}),
    ({frozenset({1}), 1}, {frozenset({1}), 2}),
    (MySet({1, 2}), {2, 3}),
    ({1, 2}, MySet({2, 3})),
    (frozenset({1, 2}), {2, 3}),
    (MyFrozen({1, 2}), frozenset({2})),
    ({1, 2}, frozenset({2, 3})),
]
big = set(range(100))
for i in range(0, 100, 2):
    big.discard(i)
samples += [(big, set(range(50))), (set(range(50)), big)]
for a, b in samples:
    before = show(a), show(b)
    for op in ["__and__", "__or__", "__sub__", "__xor__", "intersection", "union", "difference", "symmetric_difference"]:
        print(op, show(getattr(a, op)(b)))
    print(a <= b, a < b, a >= b, a == b, a.isdisjoint(b), before == (show(a), show(b)))
    print(show(a & a), show(a | a), show(a - a), show(a ^ a))
    for op in ["__ior__", "__iand__", "__isub__", "__ixor__"]:
        c = set(a)
        print(op, show(getattr(c, op)(b)))
    print(show(set(b)), show(set(a) | set(dict.fromkeys(b, 5))))
for op in ["__and__", "__or__", "__sub__", "__xor__"]:
    a, b = {Eq(1), Eq(2), 7}, {Eq(2), Eq(3), 7}
    Eq.log = 0
    r = getattr(a, op)(b)
    print(op, sorted(x.n if isinstance(x, Eq) else x for x in r), Eq.log > 0)
a = {Eq(1, 100), 5}
print(len(a | {Eq(1, 100)}), len(a & {Eq(1, 100), 5}), a == {Eq(1, 100), 5}, {Eq(1, 100)} <= a)


class Bad:
    def __hash__(self):
        return 3

    def __eq__(self, other):
        raise KeyError("eq")


for op in ["__and__", "__or__", "__sub__", "__xor__", "__le__", "__ior__", "update"]:
    a, b = {Bad()}, {Bad()}
    try:
        getattr(a, op)(b)
    except KeyError as e:
        print(op, e, len(a), len(b))


class Clears:
    """Empties both sets when compared."""
    def __hash__(self):
        return 4

    def __eq__(self, other):
        for s in sets:
            s.clear()
        return False


for op in ["__and__", "__or__", "__sub__", "__xor__", "update", "__ior__"]:
    sets = a, b = {1, 2, Clears()}, {3, 2, Clears()}
    try:
        getattr(a, op)(b)
        print(op, "done")
    except RuntimeError as e:
        print(op, "RuntimeError")
s = {1, 2}
s.update(s), s.update({2: "x", 3: "y"}, [4], "z")
print(sorted(map(str, s)), s.difference() == s, s.difference() is s, sorted(map(str, s.difference([1], {2}, {"z": 0}))))
for call in [lambda: {1} & [1], lambda: {1} | None, lambda: {1}.difference(1), lambda: {1}.difference([[]]), lambda: {1}.difference(x=1), lambda: {1}.symmetric_difference()]:
    try:
        call()
    except TypeError:
        print("TypeError")
h = frozenset({1, 2})
print(hash(h & h) == hash(h), hash(h | {3}) == hash(frozenset({1, 2, 3})), {h} & {frozenset({2, 1})} == {h})
try:
    for x in s:
        s |= {x, str(x) + "new"}
except RuntimeError as e:
    print(e)
d = {i: i for i in range(30)}
for i in range(0, 30, 3):
    del d[i]
c = d.copy()
c["new"] = 1
print(list(c)[-3:], len(c), len(d), all(c[k] == d[k] for k in d))
d = dict.fromkeys(range(20))
c = d.copy()
for i in range(20, 40):
    c[i] = i
print(len(c), len(d), 25 in d, c[39], list(c) == list(range(40)))

# ---- deque ----
d = deque(maxlen=2)
for i in range(5):
    d.append(i)
print(d, d.popleft(), d.pop(), d)
for call in [d.pop, d.popleft]:
    try:
        call()
    except IndexError as e:
        print(e)
d = deque(maxlen=0)
d.append(1), d.appendleft(1)
print(d, len(d))
for call in [lambda: d.append(), lambda: d.append(1, 2), lambda: d.popleft(1), lambda: d.append(x=1)]:
    try:
        call()
    except TypeError:
        print("TypeError")
d = deque([1, 2, 3])
for change in [lambda: d.append(1), d.popleft, lambda: (d.append(1), d.popleft())]:
    try:
        for x in d:
            change()
    except RuntimeError as e:
        print(e)
d = deque()
for i in range(1000):
    d.append(i), d.append(-i)
    d.popleft()
print(len(d), d[0], d[-1], sum(d))

# ---- over generators ----


def numbers(n, end=None):
    for i in range(n):
        yield i
    return end


def stops():
    yield 1
    raise StopIteration(2)


def fails():
    yield 1
    raise KeyError("gone")


def itself():
    yield 1
    yield from g


uses = [sum, any, all, max, min, list, tuple, set, sorted, lambda g: ",".join(map(str, g)), lambda g: next(g, "none"), lambda g: list(zip(g, g)), dict.fromkeys]
for use in uses:
    print(use(numbers(4)), use(numbers(4, "end")))
    for make in [numbers(0), numbers(0, 5), stops(), fails()]:
        try:
            next(make, None)
            print(use(make))
        except (RuntimeError, KeyError, ValueError) as e:
            print(type(e).__name__, e)
    g = itself()
    try:
        next(g)
        print(use(g))
    except ValueError as e:
        print(e)
print(sum(x for x in [0.1] * 10), sum((x for x in [1, 2.5, 3j]), 1), sum((x for x in [[1], [2]]), []))


async def co():
    pass


c = co()
for use in [sum, list, any]:
    try:
        use(c)
    except TypeError as e:
        print(e)
c.close()
g = numbers(3)
print(any(g), list(g), list(g))

# ---- join ----
for sep, items in [("", []), ("", ["a"]), ("", ["", ""]), ("", ["", "b", ""]), ("-", ["", ""]), ("-", ["", "", ""]), ("\xe9", ["", ""]), ("", ["\xe9"]), ("", ["", "\xe9"]),
                   ("-", ["a", "\u20ac"]), ("\xe9", ["a", "b"]), ("", ["\ud83d", "\udc4d"]), (", ", [S("x"), "y"]), ("ab", ["x"] * 3), ("\xe9", ["one"])]:
    r = sep.join(items)
    print(ascii(r), len(r), r.isascii(), type(r).__name__, r == sep.join(tuple(items)) == sep.join(x for x in items), hash(r) == hash("".join(list(r))))
print(type("".join([S("q")])).__name__, type("-".join([S("long text")])).__name__)
for items in [[1], ["a", None], ("a", b"b"), 5]:
    try:
        "-".join(items)
    except TypeError as e:
        print(e)
for s, old, new in [("h\xe9llo", "l", "L"), ("\ud800l", "l", "L"), ("a", "a", "b"), ("aXa", "X", "X"), ("\xc3", "\x83", "x"), ("abcabc" * 20, "c", "\x00")]:
    print(ascii(s.replace(old, new)), s.replace(old, new).isascii(), len(s.replace(old, new)), ascii(s.replace(old, new, 1)))
for build in [lambda: ("a" * 10**7).replace("a", "b" * (4 * 10**7)), lambda: ("a" * (4 * 10**7)).join(["b"] * 10**7)]:
    try:
        build()
    except (MemoryError, OverflowError):
        print("too much")
for n in range(20):
    piece = "0123456789abcdefghij"[:n]
    print("|".join([piece, "", piece]), "<x>".replace("x", piece + "\xe9") + ("<x>" * 30).replace("x>", piece)[:40])
