# Comprehensions and generator expressions: scopes, conditions, nesting, evaluation of the first iterable, walrus.
x = "outer"
print([x for x in range(3)], x, {x: -x for x in range(3)}, {x % 2 for x in range(5)})
print([(a, b) for a in range(3) if a != 1 for b in "xy" if (a, b) != (0, "y")])
print([[r * c for c in range(3)] for r in range(3)])
g = (print("evaluated", n) or n for n in [1, 2])
print("not yet")
print(list(g), list(g))
try:
    (n for n in 5)
except TypeError as error:
    print(error)
lazy = (undefined_name for _ in [1])
try:
    next(lazy)
except NameError as error:
    print(error)


class C:
    n = 3
    items = [n for n in range(n)]
    try:
        bad = [n for _ in range(1) for _ in range(items2)]
    except NameError as error:
        print(error)


print(C.items, C.n)
print([y := n * 2 for n in range(3)], y)
print(any((hit := n) > 2 for n in range(10)), hit)
print([f() for f in [lambda: i for i in range(3)]])
print(sum(n for n in range(10) if n % 2), max((len(w), w) for w in "a bbb cc".split()))
print({k: v for k, v in zip("abc", range(3))} | {"z": 26}, [*range(3), *"ab"], {*[1, 2], *[2, 3]}, (*[], 1))
print([(a, b) for a, (b, *_) in [(1, (2, 3)), (4, (5,))]])


def locals_inside():
    z = 1
    return [z + n for n in range(3)], sorted(locals())


print(locals_inside())


class D:
    def names(self):
        return [__class__.__name__ for _ in range(1)], [super(D, self).__repr__ is not None for _ in range(1)]


print(D().names())
gen = (n for n in range(2))
print(type(gen).__name__, gen.__name__, gen.__qualname__)


async def agen():
    for n in range(3):
        yield n


async def main():
    return [n async for n in agen() if n], {n: await one(n) async for n in agen()}, [await one(n) for n in range(2)]


async def one(n):
    return n + 1

try:
    main().send(None)
except StopIteration as stop:
    print(stop.value)
matrix = [[1, 2], [3, 4]]
print([list(row) for row in zip(*matrix)], [v for row in matrix for v in row])
