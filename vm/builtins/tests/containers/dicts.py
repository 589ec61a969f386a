d = {"a": 1, "b": 2}
assert d["a"] == 1 and len(d) == 2 and "a" in d and "z" not in d
assert repr(d) == "{'a': 1, 'b': 2}" and repr({}) == "{}"
assert dict(d) == d and dict([("a", 1), ("b", 2)]) == d and dict(a=1, b=2) == d and dict({"a": 1}, b=2) == d
assert d.get("a") == 1 and d.get("z") is None and d.get("z", 5) == 5
assert d.setdefault("a", 9) == 1 and d.setdefault("c", 3) == 3 and d["c"] == 3
assert d.pop("c") == 3 and d.pop("c", None) is None
e = raises(KeyError, "q", d.pop, "q")
assert e.args == ("q",)
raises(KeyError, "nope", lambda: d["nope"])
raises(KeyError, "popitem(): dictionary is empty", {}.popitem)
raises(TypeError, "pop expected at least 1 argument, got 0", {}.pop)
raises(TypeError, "dict expected at most 1 argument, got 2", dict, 1, 2)
raises(TypeError, "'int' object is not iterable", dict, 1)
raises(TypeError, None, dict, [1])
raises(ValueError, "dictionary update sequence element #0 has length 1; 2 is required", dict, [(1,)])
raises(TypeError, "unsupported operand type(s) for |: 'dict' and 'list'", lambda: {} | [])
raises(TypeError, None, lambda: {[]: 1})
raises(TypeError, None, lambda: [] in {})
d["z"] = 26
del d["b"]
assert list(d) == ["a", "z"] and d.popitem() == ("z", 26)
c = d.copy()
c.update(x=1)
c.update({"y": 2}, w=3)
c.update([("v", 4)])
assert c == {"a": 1, "x": 1, "y": 2, "w": 3, "v": 4} and d == {"a": 1}
assert {"a": 1} | {"a": 2, "b": 3} == {"a": 2, "b": 3}
c = {"a": 1}
k = c
c |= {"b": 2}
c |= [("c", 3)]
assert k == {"a": 1, "b": 2, "c": 3}
c.clear()
assert c == {} and not c
assert dict.fromkeys("ab") == {"a": None, "b": None} and dict.fromkeys([1], 2) == {1: 2}
assert {1: 1, 2: 2} == {2: 2, 1: 1} and {1: 1} != {1: 2} and {1: 1} != {2: 1}
assert {}.__lt__({}) is NotImplemented
r = {}
r[1] = r
assert repr(r) == "{1: {...}}"
raises(TypeError, "unhashable type: 'dict'", hash, {})

# views
d = {"a": 1, "b": 2, "c": 3}
assert repr(d.keys()) == "dict_keys(['a', 'b', 'c'])" and repr(d.items()) == "dict_items([('a', 1), ('b', 2), ('c', 3)])"
assert repr(d.values()) == "dict_values([1, 2, 3])"
assert list(d.keys()) == ["a", "b", "c"] and list(d.values()) == [1, 2, 3] and list(d.items())[0] == ("a", 1)
assert len(d.keys()) == 3 and "a" in d.keys() and ("a", 1) in d.items() and ("a", 2) not in d.items() and 2 in d.values()
assert d.keys() & {"a", "z"} == {"a"} and d.keys() | ["z"] == {"a", "b", "c", "z"} and d.keys() - ["a"] == {"b", "c"}
assert d.keys() ^ ["a", "q"] == {"b", "c", "q"} and {"a", "x"} - d.keys() == {"x"} and ["a"] & d.keys() == {"a"}
assert d.keys() == {"a", "b", "c"} and d.keys() >= {"a"} and {"a"} <= d.keys() and d.items() >= {("a", 1)} and not d.keys() < {"a"}
assert d.keys().isdisjoint(["x"]) and not d.items().isdisjoint([("a", 1)])
assert list(reversed(d)) == ["c", "b", "a"] and list(reversed(d.items())) == [("c", 3), ("b", 2), ("a", 1)]
assert list(reversed(d.values())) == [3, 2, 1] and type(reversed(d.values())).__name__ == "dict_reversevalueiterator"
raises(TypeError, "'<' not supported between instances of 'dict_keys' and 'list'", lambda: d.keys() < [1])
assert repr(d.keys().mapping) == "mappingproxy({'a': 1, 'b': 2, 'c': 3})"
v = d.keys()
d["d"] = 4
assert len(v) == 4

# changes during iteration


def walk(change):
    d = {i: i for i in range(5)}
    for k in d:
        change(d, k)


raises(RuntimeError, "dictionary changed size during iteration", walk, lambda d, k: d.update({k + 100: 1}))
raises(RuntimeError, "dictionary changed size during iteration", walk, lambda d, k: d.pop(k))


def rekey(d, k):
    d.pop(k)
    d[k + 100] = 1




def walk_two():
    d = {1: 1, 2: 2}
    for k in d:
        rekey(d, k)


raises(RuntimeError, "dictionary keys changed during iteration", walk_two)
walk(lambda d, k: d.update({k: 9}))

# holes
d = {}
for i in range(200):
    d[i] = i
for i in range(0, 200, 2):
    del d[i]
assert list(d) == list(range(1, 200, 2)) and len(d) == 100
for i in range(200, 300):
    d[i] = i
assert list(d) == list(range(1, 200, 2)) + list(range(200, 300))
assert d[299] == 299 and 2 not in d
assert next(iter(d)) == 1


class M(dict):
    def __missing__(self, k):
        return ("missing", k)


m = M(a=1)
assert m["a"] == 1 and m["b"] == ("missing", "b") and m.get("b") is None and "b" not in m
assert type(m.copy()) is dict and type(m | {}) is dict and M.fromkeys([1]) == {1: None} and type(M.fromkeys([1])) is M
assert repr(m) == "{'a': 1}" and m == {"a": 1}


class I(dict):
    def __init__(self, n):
        super().__init__(n=n)
        self.extra = 1


assert I(3) == {"n": 3} and I(3).extra == 1

# keys that compare with Python


class H:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return 7

    def __eq__(self, o):
        return isinstance(o, H) and o.n == self.n


d = {H(i): i for i in range(20)}
assert [d[H(i)] for i in range(20)] == list(range(20)) and H(20) not in d
del d[H(3)]
assert H(3) not in d and len(d) == 19
d = {1: "int", 1.0: "float", True: "bool"}
assert d == {1: "bool"} and len(d) == 1

# mappingproxy
P = type(type.__dict__)
m = P({1: 2})
assert m[1] == 2 and len(m) == 1 and 1 in m and list(m) == [1] and m.get(5) is None and m.get(5, 6) == 6
assert repr(m) == "mappingproxy({1: 2})" and str(m) == "{1: 2}" and m == {1: 2} and m | {3: 4} == {1: 2, 3: 4}
assert {0: 0} | m == {0: 0, 1: 2} and m.copy() == {1: 2} and list(m.items()) == [(1, 2)] and list(reversed(m)) == [1]
raises(TypeError, "mappingproxy() argument must be a mapping, not list", P, [1])


def assign(m, k, v):
    m[k] = v


raises(TypeError, "'mappingproxy' object does not support item assignment", assign, m, 1, 2)
assert int.__dict__["__class__"] if "__class__" in int.__dict__ else True
