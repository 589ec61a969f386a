s = {1, 2, 3}
assert len(s) == 3 and 1 in s and 5 not in s and s == {3, 2, 1} and s != {1}
assert repr(set()) == "set()" and repr({1}) == "{1}" and repr(frozenset()) == "frozenset()" and repr(frozenset([1])) == "frozenset({1})"
assert s | {4} == {1, 2, 3, 4} and s & {1, 9} == {1} and s - {1} == {2, 3} and s ^ {1, 9} == {2, 3, 9}
assert s.union([4], (5,)) == {1, 2, 3, 4, 5} and s.intersection([1, 2], {2}) == {2} and s.difference([1], [2]) == {3}
assert s.symmetric_difference([1, 1, 7]) == {2, 3, 7} and s.union() == s and s.union() is not s
assert s <= {1, 2, 3} and s < {1, 2, 3, 4} and not s < s and s >= {1} and s > {1} and not s > s
assert s.issubset([1, 2, 3, 4]) and s.issuperset([1]) and s.isdisjoint([9]) and not s.isdisjoint({1})
raises(TypeError, "unsupported operand type(s) for |: 'set' and 'list'", lambda: s | [1])
raises(TypeError, "'<' not supported between instances of 'set' and 'int'", lambda: s < 1)
raises(KeyError, 9, s.remove, 9)
raises(KeyError, "pop from an empty set", set().pop)
raises(TypeError, "set expected at most 1 argument, got 2", set, 1, 2)
raises(TypeError, "set() takes no keyword arguments", set, a=1)
raises(TypeError, "frozenset() takes no keyword arguments", frozenset, a=1)
raises(TypeError, None, s.add, [])
raises(TypeError, "unhashable type: 'set'", hash, s)
t = s.copy()
t.add(4)
t.discard(1)
t.discard(99)
t.remove(2)
assert t == {3, 4} and s == {1, 2, 3}
t.update([5], {6})
assert t == {3, 4, 5, 6}
x = t
t |= {7}
t &= {3, 7, 8}
t -= {8}
t ^= {9}
assert t == {3, 7, 9} and x is t
t.intersection_update([3, 7])
t.difference_update([7])
t.symmetric_difference_update([3, 4])
assert t == {4}
v = t.pop()
assert v == 4 and not t
t.update([1, 2])
t.clear()
assert t == set()
f = frozenset([1, 2, 3])
assert f == s and s == f and hash(f) == hash(frozenset([3, 2, 1])) == -272375401224217160 and hash(frozenset()) == 133146708735736
assert frozenset(f) is f and f.copy() is f and type(f | s) is frozenset and type(s | f) is set
assert {f: 1}[frozenset([3, 1, 2])] == 1 and {1} in {frozenset([1])} and {2} not in {frozenset([1])}
assert not hasattr(f, "add") and {frozenset([1])} == {frozenset([1])}


class S(set):
    pass


class F(frozenset):
    def __new__(cls, v, extra=None):
        self = super().__new__(cls, v)
        self.extra = extra
        return self


a = S([1])
assert type(a | a) is set and type(a.copy()) is set and repr(a) == "S({1})" and repr(S()) == "S()"
b = F([1], extra=5)
assert type(b & b) is frozenset and b.extra == 5 and repr(b) == "F({1})" and hash(b) == hash(frozenset([1]))


def walk():
    s = {1, 2, 3}
    for v in s:
        s.add(v + 10)


raises(RuntimeError, "Set changed size during iteration", walk)
it = iter({1, 2})
assert it.__length_hint__() == 2 and len(list(it)) == 2 and list(it) == []
assert a.__reduce__() == (S, ([1],), None) or a.__reduce__()[:2] == (S, ([1],))
assert {1, 1.0, True} == {1} and len({1, 1.0, True}) == 1
c = {1}
c -= c
assert c == set()
n = set(range(1000))
n -= set(range(0, 1000, 2))
assert len(n) == 500 and 1 in n and 2 not in n and sum(n) == 250000
assert set("hello") == {"h", "e", "l", "o"}
