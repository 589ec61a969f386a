a = [1, 2, 3]
assert a == [1, 2, 3] and a != [1, 2] and not a == [1, 2]
assert len(a) == 3 and a[0] == 1 and a[-1] == 3
assert a[1:] == [2, 3] and a[:-1] == [1, 2] and a[::-1] == [3, 2, 1] and a[::2] == [1, 3] and a[5:] == []
assert a[2:0:-1] == [3, 2]
assert repr(a) == "[1, 2, 3]" and repr([]) == "[]"
assert a + [4] == [1, 2, 3, 4] and a * 2 == [1, 2, 3, 1, 2, 3] and 2 * [0] == [0, 0] and [1] * -1 == [] and [1] * True == [1]
raises(TypeError, 'can only concatenate list (not "int") to list', lambda: [1] + 1)
raises(TypeError, 'can only concatenate list (not "tuple") to list', lambda: [1] + (1,))
raises(TypeError, "can't multiply sequence by non-int of type 'str'", lambda: [1] * 'a')
raises(TypeError, "can't multiply sequence by non-int of type 'list'", lambda: [1] * [2])
raises(IndexError, "list index out of range", lambda: [1][5])
raises(TypeError, "list indices must be integers or slices, not str", lambda: [1]['a'])
raises(IndexError, "pop from empty list", [].pop)
raises(IndexError, "pop index out of range", [1].pop, 3)
raises(ValueError, "list.remove(x): x not in list", [1].remove, 2)
raises(TypeError, "list() takes no keyword arguments", list, a=1)
raises(TypeError, "list expected at most 1 argument, got 2", list, 1, 2)
raises(TypeError, "list.append() takes exactly one argument (0 given)", [].append)
raises(TypeError, "'int' object is not iterable", [].extend, 1)


class R:
    def __radd__(self, o):
        return "radd"

    def __rmul__(self, o):
        return "rmul"

    def __mul__(self, o):
        return "mul"


assert [1] + R() == "radd" and [1] * R() == "rmul" and R() * [1] == "mul"

b = list(a)
b.append(4)
b.extend((5, 6))
b.extend(x for x in [7])
b.extend(range(8, 10))
assert b == [1, 2, 3, 4, 5, 6, 7, 8, 9] and a == [1, 2, 3]
b.insert(0, 0)
b.insert(100, 10)
b.insert(-1, 99)
assert b == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99, 10]
assert b.pop() == 10 and b.pop(0) == 0 and b.pop(-1) == 99
b.remove(5)
assert b == [1, 2, 3, 4, 6, 7, 8, 9]
assert b.index(6) == 4 and b.index(9, -1) == 7 and b.count(1) == 1
raises(ValueError, None, b.index, 1, 1)
raises(ValueError, None, b.index, 9, 0, -1)
b.reverse()
assert b == [9, 8, 7, 6, 4, 3, 2, 1]
c = b.copy()
c.clear()
assert c == [] and len(b) == 8

# slices
s = [0, 1, 2, 3, 4, 5]
s[1:3] = ["a", "b", "c"]
assert s == [0, "a", "b", "c", 3, 4, 5]
s[::2] = [9, 9, 9, 9]
assert s == [9, "a", 9, "c", 9, 4, 9]


def assign(l, i, v):
    l[i] = v


raises(ValueError, "attempt to assign sequence of size 1 to extended slice of size 4", assign, s, slice(None, None, 2), [1])
raises(TypeError, "must assign iterable to extended slice", assign, s, slice(0, 1), 5)
raises(TypeError, "must assign iterable to extended slice", assign, s, slice(0, 3, 2), 5)
raises(IndexError, "list assignment index out of range", assign, s, 100, 5)
del s[::2]
assert s == ["a", "c", 4]
del s[-1]
del s[0:1]
assert s == ["c"]
s[5:2] = [1]
assert s == ["c", 1]
s[:] = s
assert s == ["c", 1]
t = [1, 2, 3, 4]
del t[::-2]
assert t == [1, 3]
t[1:1] = t
assert t == [1, 1, 3, 3]

# in place
x = y = [1]
x += [2]
x += (3,)
x *= 2
assert y == [1, 2, 3, 1, 2, 3] and x is y

# recursion
r = [1]
r.append(r)
assert repr(r) == "[1, [...]]"
t = ([],)
t[0].append(t)
assert repr(t) == "([(...)],)"

# order
assert [1, 2] < [1, 3] and [1] < [1, 0] and not [2] < [1, 5] and [1, 2] <= [1, 2] and [2] > [1, 9] and [1, 2] >= [1, 2]
raises(TypeError, "'<' not supported between instances of 'int' and 'str'", lambda: [1, 2] < [1, 'a'])
raises(TypeError, "'<' not supported between instances of 'list' and 'int'", lambda: [1] < 1)
raises(TypeError, "unhashable type: 'list'", hash, [])

# sorting
assert sorted([3, 1, 2]) == [1, 2, 3] and sorted([3, 1, 2], reverse=True) == [3, 2, 1]
assert sorted(["b", "a", "é", "z"]) == ["a", "b", "z", "é"]
assert sorted([1.5, -2.0, 0.0]) == [-2.0, 0.0, 1.5]
assert sorted([(1, "b"), (1, "a"), (0, "z")]) == [(0, "z"), (1, "a"), (1, "b")]
words = ["bb", "a", "ccc", "dd", "e"]
assert sorted(words, key=len) == ["a", "e", "bb", "dd", "ccc"]
assert sorted(words, key=len, reverse=True) == ["ccc", "bb", "dd", "a", "e"]
assert sorted([1, True, 0, False, 2.5]) == [0, False, 1, True, 2.5]


class K:
    count = 0

    def __init__(self, n):
        self.n = n

    def __lt__(self, o):
        K.count += 1
        return self.n < o.n


state = 12345
numbers = []
for i in range(1000):
    state = (state * 1103515245 + 12345) % 2147483648
    numbers.append(state % 500)
ks = [K(n) for n in numbers]
ordered = [k.n for k in sorted(ks)]
assert ordered == sorted(numbers)
pairs = sorted(((n, i) for i, n in enumerate(numbers)), key=lambda p: K(p[0]))
assert all(p < q for p, q in zip(pairs, pairs[1:]))
pairs = sorted(((n, i) for i, n in enumerate(numbers)), key=lambda p: K(p[0]), reverse=True)
assert all(p[0] > q[0] or p[0] == q[0] and p[1] < q[1] for p, q in zip(pairs, pairs[1:]))
K.count = 0
sorted([K(i) for i in range(500)])
assert K.count < 1100, K.count
K.count = 0
sorted([K(-i) for i in range(500)])
assert K.count < 1100, K.count


class Bad:
    def __init__(self, n):
        self.n = n

    def __lt__(self, o):
        return (self.n * 7 + o.n * 13) % 3 == 0


assert len(sorted([Bad(i) for i in range(300)])) == 300
raises(TypeError, "'<' not supported between instances of 'str' and 'int'", sorted, [1, 'a'])
l = [3, 'a', 1]
raises(TypeError, None, l.sort)
assert len(l) == 3
raises(TypeError, "sort() takes no positional arguments", [].sort, 1)
raises(TypeError, "sorted expected 1 argument, got 0", sorted)
raises(TypeError, "sort() got an unexpected keyword argument 'a'", sorted, [], a=1)
l = [3, 2, 1]


def meddle(v):
    l.append(v)
    return v


raises(ValueError, "list modified during sort", l.sort, key=meddle)
seen = []
l = [2, 1]
l.sort(key=lambda v: seen.append(len(l)) or v)
assert seen == [0, 0] and l == [1, 2]

# changes while == runs


class Clear:
    def __init__(self, l):
        self.l = l

    def __eq__(self, o):
        self.l.clear()
        return False


l = []
l.extend([Clear(l), Clear(l), Clear(l)])
assert 5 not in l and l == []
l.extend([Clear(l), Clear(l)])
assert l.count(3) == 0

# iterators
it = iter([1, 2])
assert next(it) == 1 and it.__length_hint__() == 1 and list(it) == [2] and list(it) == []
l = [1, 2, 3]
out = []
for v in l:
    out.append(v)
    if v == 1:
        l.append(4)
assert out == [1, 2, 3, 4]
assert list(reversed([1, 2, 3])) == [3, 2, 1] and type(reversed([])).__name__ == "list_reverseiterator"
assert [*range(3)] == [0, 1, 2]


class L(list):
    pass


m = L((1, 2))
m.x = 5
assert m == [1, 2] and m.x == 5 and type(m) is L and type(m + [1]) is list and type(m[:]) is list and isinstance(m, list)


class L2(list):
    def __init__(self, n):
        super().__init__([n] * n)


assert L2(3) == [3, 3, 3]
assert not hasattr(list, "__hash__") or list.__hash__ is None

# tuples
t = (1, 2, 3)
assert t[0] == 1 and t[-1] == 3 and t[1:] == (2, 3) and t[::-1] == (3, 2, 1) and t[:] is t
assert repr(()) == "()" and repr((1,)) == "(1,)" and repr(t) == "(1, 2, 3)"
assert t + (4,) == (1, 2, 3, 4) and t * 2 == (1, 2, 3, 1, 2, 3) and () + t == t
assert hash((1, 2, 3)) == 529344067295497451 and hash(()) == 5740354900026072187
assert tuple([1, 2]) == (1, 2) and tuple() == () and tuple(t) is t
assert t.index(2) == 1 and t.count(3) == 1 and 2 in t and 5 not in t
raises(ValueError, "tuple.index(x): x not in tuple", t.index, 9)
raises(TypeError, 'can only concatenate tuple (not "int") to tuple', lambda: t + 1)
raises(TypeError, "tuple indices must be integers or slices, not str", lambda: t['a'])
raises(IndexError, "tuple index out of range", lambda: t[3])
raises(TypeError, "tuple() takes no keyword arguments", tuple, a=1)
raises(TypeError, "'tuple' object does not support item assignment", assign, t, 0, 1)
assert (1, 2) < (1, 3) and (1,) < (1, 0) and (1, 2) == (1, 2) and (1, 2) != (2, 1)


class T(tuple):
    def __new__(cls, a, b=0):
        return super().__new__(cls, (a, b))


p = T(1, b=2)
assert p == (1, 2) and type(p) is T and hash(p) == hash((1, 2)) and p.__getnewargs__() == ((1, 2),)
