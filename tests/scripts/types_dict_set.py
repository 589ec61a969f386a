# dict and set: order, methods, views, equality, merging, changes while iterating, key rules, set algebra.
d = {"b": 1, "a": 2}
d["c"] = 3; d["b"] = 9; del d["a"]; d["a"] = 4
print(d, list(d), list(d.values()), list(d.items()), len(d), "a" in d, d.get("z"), d.get("z", 0), d.setdefault("s", []), d.pop("s"), d.pop("q", None))
print({**d, "b": 0}, d | {"x": 1}, dict(a=1, **{"b": 2}), dict([("k", "v")]), dict(zip("ab", (1, 2))), dict.fromkeys("ab", 0), {1: "int", 1.0: "float", True: "bool"})
d |= {"y": 5}; d.update(z=6); d.update([("w", 7)])
print(d, d.popitem(), list(reversed(d)), d == dict(reversed(list(d.items()))), d != {}, {1: [1]} == {1: [1]})
keys, values, items = d.keys(), d.values(), d.items()
d["new"] = 1
print(keys, "new" in keys, len(items), ("new", 1) in items, keys & {"new", "b"} == {"new", "b"}, sorted(keys - {"new"}), type(keys).__name__, keys == set(d))
for change in ("d['more'] = 1", "del d['new']"):
    try:
        for k in d:
            exec(change)
    except RuntimeError as error:
        print(error)
for call in (lambda: d["missing"], lambda: {}.popitem(), lambda: {}.pop("x"), lambda: dict([(1, 2, 3)]), lambda: {} < {}, lambda: set().pop(), lambda: {1}.remove(2)):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)
for call in (lambda: dict([1]), lambda: {[]: 1}, lambda: {}[[]], lambda: {[]}, lambda: hash({}), lambda: set() in set() or {set()}):
    try:
        print(call())
    except TypeError as error:
        print(type(error).__name__)
big = {n: n for n in range(1000)}
for n in range(0, 1000, 2):
    del big[n]
print(len(big), list(big)[:3], sum(big), 501 in big, 500 in big)


class Key:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return self.n % 2

    def __eq__(self, other):
        return isinstance(other, Key) and self.n == other.n

    def __repr__(self):
        return f"K{self.n}"


k = {Key(n): n for n in range(5)}
print(k, k[Key(3)], Key(9) in k)


class Missing(dict):
    def __missing__(self, key):
        return f"no {key}"


m = Missing(a=1)
print(m["a"], m["b"], m.get("b"), m)
nested = {"x": {"y": [1, {"z": 2}]}}
print(nested["x"]["y"][1]["z"], nested)
s = {3, 1, 2}
s.add(4); s.discard(9); s.update([5], (6,))
print(sorted(s), len(s), 3 in s, {1, 2} | {3}, {1, 2} & {2}, {1, 2} - {2}, {1, 2} ^ {2, 3}, {1} < {1, 2}, {1, 2} <= {1, 2}, {1}.isdisjoint({2}), {1, 2}.issuperset([1]))
print(set(), {1}.union([2], [3]), frozenset([1]), {frozenset([1]): 1}[frozenset([1])], {1} == frozenset([1]), type({1} | frozenset([2])).__name__, type(frozenset() | {1}).__name__, set("aab") == {"a", "b"}, bool(set()))
s -= {1, 2}; s &= {3, 4, 5}; s ^= {5, 6}; s |= {0}
print(sorted(s), sorted({1, 2}.symmetric_difference([2, 3])), sorted({1, 2, 3}.intersection([1], {1, 2})), {1, 2}.difference([1]))
copy = s.copy(); s.clear()
print(s, len(copy), {*"ab"} == set("ab"), [*{1: "a"}], max({"a": 5, "b": 3}, key={"a": 5, "b": 3}.get))
print({"a": 1}.items() >= {("a", 1)}, {"a": 1}.keys() == {"a"}, dict(sorted({"b": 1, "a": 2}.items())), repr({"k": {1}}), repr({1: {}}))
