# collections, itertools, functools: the usual tools.
import collections
import functools
import itertools as it
import operator

c = collections.Counter("mississippi")
print(c.most_common(2), c["z"], sorted(c.elements())[:3], c + collections.Counter("ms"), c - collections.Counter("sss"), c.total(), c)
dd = collections.defaultdict(list)
dd["a"].append(1); dd["a"].append(2)
print(dd, dict(dd), dd.get("q"), collections.defaultdict(int, {"x": 1})["y"])
Point = collections.namedtuple("Point", "x y", defaults=[5])
p = Point(1)
print(p, p.x, p._replace(x=9), p._asdict(), Point._fields, p == (1, 5), Point._make([3, 4]), *p)
q = collections.deque([1, 2, 3], maxlen=3)
q.append(4); q.appendleft(0); q.rotate(1)
print(q, q.pop(), q.popleft(), len(q), q.maxlen, list(q), 2 in q, q.count(0))
od = collections.OrderedDict(a=1, b=2); od.move_to_end("a")
print(od, od.popitem(last=False), collections.ChainMap({"a": 1}, {"a": 2, "b": 3})["b"], sorted(collections.ChainMap({"a": 1}, {"b": 3})))
print(list(it.chain([1], "ab", (2,))), list(it.islice(it.count(5, 2), 3)), list(it.islice(it.cycle("ab"), 5)), list(it.repeat("x", 2)), list(it.accumulate([1, 2, 3])), list(it.accumulate([1, 2, 3], operator.mul, initial=10)))
print(list(it.combinations("abc", 2)), list(it.permutations("abc", 2))[:3], list(it.product("ab", [1, 2])), list(it.product([0, 1], repeat=2)), list(it.combinations_with_replacement("ab", 2)))
print([(k, list(g)) for k, g in it.groupby("aabbca")], list(it.takewhile(lambda x: x < 3, range(9))), list(it.dropwhile(lambda x: x < 3, range(5))), list(it.filterfalse(None, [0, 1])), list(it.starmap(pow, [(2, 3)])), list(it.zip_longest("ab", [1], fillvalue="-")), list(it.compress("abc", [1, 0, 1])), list(it.pairwise("abc")), list(it.batched("abcde", 2)))
a, b = it.tee(iter([1, 2]))
print(list(a), list(b), list(it.chain.from_iterable(["ab", "c"])), list(it.islice("abcdef", 1, None, 2)))


@functools.lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(50), fib.cache_info())
fib.cache_clear()
part = functools.partial(int, base=2)
print(part("101"), part.func is int, part.keywords, functools.reduce(operator.add, [1, 2, 3], 10), functools.reduce(lambda a, b: a * b, [2, 3]))


def logged(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        "wrapper doc"
        return fn(*args)
    return wrapper


@logged
def named():
    "own doc"


print(named.__name__, named.__doc__, named.__wrapped__ is not named)


@functools.total_ordering
class V:
    def __init__(self, n):
        self.n = n

    def __eq__(self, o):
        return self.n == o.n

    def __lt__(self, o):
        return self.n < o.n


print(V(1) <= V(1), V(2) >= V(3), V(2) > V(1))


@functools.singledispatch
def show(x):
    return "object"


@show.register
def _(x: int):
    return "int"


@show.register(list)
def _(x):
    return "list"


print(show(1), show([]), show("s"), show(True))


class Cached:
    @functools.cached_property
    def value(self):
        print("computed")
        return 42


cached = Cached()
print(cached.value, cached.value)
print(operator.itemgetter(1, 0)("ab"), operator.attrgetter("real")(5), operator.methodcaller("upper")("x"), operator.mul(2, 3), sorted([(2, "a"), (1, "b")], key=operator.itemgetter(1)), operator.contains([1], 1))
try:
    Point()
except TypeError as error:
    print(type(error).__name__)
print(functools.cache(lambda x: x * 2)(4), collections.Counter(a=1) == collections.Counter({"a": 1, "b": 0}), isinstance(p, tuple), collections.UserDict(a=1)["a"])
import heapq, bisect
h = [5, 1, 4]; heapq.heapify(h); heapq.heappush(h, 0)
print([heapq.heappop(h) for _ in range(4)], heapq.nsmallest(2, [3, 1, 2]), bisect.bisect([1, 3, 5], 3), list(heapq.merge([1, 3], [2])))
