assert list(enumerate("ab")) == [(0, "a"), (1, "b")] and list(enumerate("ab", 5)) == [(5, "a"), (6, "b")]
assert list(enumerate(iterable="a", start=2)) == [(2, "a")] and list(enumerate("ab", 2 ** 70))[1][0] == 2 ** 70 + 1
raises(TypeError, "enumerate() missing required argument 'iterable'", enumerate)
raises(TypeError, "'int' object is not iterable", enumerate, 1)
raises(TypeError, "enumerate() takes at most 2 arguments (3 given)", enumerate, [], 1, 2)
assert list(zip("ab", [1, 2, 3])) == [("a", 1), ("b", 2)] and list(zip()) == [] and list(zip("a")) == [("a",)]
assert list(zip([1, 2], [3, 4], strict=True)) == [(1, 3), (2, 4)]
raises(ValueError, "zip() argument 2 is longer than argument 1", lambda: list(zip([1], [1, 2], strict=True)))
raises(ValueError, "zip() argument 2 is shorter than argument 1", lambda: list(zip([1, 2], [1], strict=True)))
raises(ValueError, "zip() argument 3 is shorter than arguments 1-2", lambda: list(zip([1, 2], [1, 2], [1], strict=True)))
raises(ValueError, "zip() argument 3 is longer than arguments 1-2", lambda: list(zip([1], [1], [1, 2], strict=True)))
raises(TypeError, "zip() got an unexpected keyword argument 'a'", zip, a=1)
assert list(map(lambda x: x + 1, [1, 2])) == [2, 3] and list(map(lambda x, y: x * y, [1, 2, 3], [4, 5])) == [4, 10]
raises(TypeError, "map() must have at least two arguments.", map, len)
raises(TypeError, "'int' object is not iterable", map, len, 1)
assert list(filter(None, [0, 1, "", 2])) == [1, 2] and list(filter(lambda x: x > 1, [1, 2, 3])) == [2, 3]
raises(TypeError, "filter expected 2 arguments, got 1", filter, 1)
assert list(reversed((1, 2, 3))) == [3, 2, 1] and list(reversed("abc")) == ["c", "b", "a"]
raises(TypeError, "'int' object is not reversible", reversed, 1)
raises(TypeError, "'set' object is not reversible", reversed, {1})
raises(TypeError, "reversed expected 1 argument, got 0", reversed)


class Seq:
    def __getitem__(self, i):
        if i > 2:
            raise IndexError
        return i * 10

    def __len__(self):
        return 3


assert list(Seq()) == [0, 10, 20] and list(reversed(Seq())) == [20, 10, 0] and 10 in Seq() and 11 not in Seq()
it = iter(Seq())
assert it.__length_hint__() == 3 and next(it) == 0 and it.__length_hint__() == 2
n = [0]


def count():
    n[0] += 1
    return n[0]


it = iter(count, 4)
assert list(it) == [1, 2, 3] and list(it) == [] and type(it).__name__ == "callable_iterator"
raises(TypeError, "iter(v, w): v must be callable", iter, 1, 2)
raises(TypeError, "'int' object is not iterable", iter, 1)
assert next(iter([]), 5) == 5
raises(StopIteration, None, next, iter([]))
raises(TypeError, "'int' object is not an iterator", next, 1)
raises(TypeError, "'list' object is not an iterator", next, [])


def gen():
    x = yield 1
    assert x is None
    yield 2
    return 3


g = gen()
assert next(g) == 1 and next(g) == 2
e = raises(StopIteration, 3, next, g)
assert e.value == 3
raises(StopIteration, None, next, g)
assert next(g, "end") == "end"
g = gen()
assert next(g, 0) == 1 and list(g) == [2] and sum(gen()) == 3 and list(zip(gen(), gen())) == [(1, 1), (2, 2)]


class It:
    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration(42)


assert raises(StopIteration, 42, next, It()).value == 42 and next(It(), 1) == 1 and list(It()) == []


class Broken:
    def __iter__(self):
        return 5


raises(TypeError, "iter() returned non-iterator of type 'int'", iter, Broken())


class MyMap(map):
    def __init__(self, f, *its):
        self.tag = 1


m = MyMap(lambda x: -x, [1, 2])
assert m.tag == 1 and list(m) == [-1, -2] and isinstance(m, map)
e = enumerate("ab")
assert iter(e) is e and next(e) == (0, "a") and e.__reduce__()[1][1] == 1
assert iter([1]).__reduce__() == (iter, ([1],), 0) and iter((1,)).__reduce__() == (iter, ((1,),), 0)
it = iter([1, 2, 3])
it.__setstate__(2)
assert list(it) == [3]
a, *b = map(str, range(3))
assert a == "0" and b == ["1", "2"]


def stop(x):
    raise StopIteration(x)


assert list(map(stop, [1])) == [] and [x for x in filter(stop, [1])] == [] and next(map(stop, [1]), 7) == 7
assert raises(StopIteration, 5, next, map(stop, [5])).value == 5
assert list(zip(gen(), [1, 2, 3])) == [(1, 1), (2, 2)] and tuple(gen()) == (1, 2) and set(gen()) == {1, 2} and dict(zip(gen(), gen())) == {1: 1, 2: 2}
assert [*gen()] == [1, 2] and max(gen()) == 2 and sorted(gen()) == [1, 2] and ",".join(str(x) for x in gen()) == "1,2"
l = []
l.extend(gen())
l += gen()
l[0:0] = gen()
assert l == [1, 2] * 3
