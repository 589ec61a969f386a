# Iteration: __iter__, __getitem__ fallback, iter with a sentinel, exhausted iterators, length hints, reversed, builtins over them.
class Up:
    def __init__(self, n):
        self.n, self.i = n, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.i == self.n:
            raise StopIteration
        self.i += 1
        return self.i


class Old:
    def __getitem__(self, i):
        if i > 2:
            raise IndexError
        return i * 10

    def __len__(self):
        return 3


print(list(Up(3)), sum(Up(4)), 3 in Up(5), list(Old()), 20 in Old(), list(reversed(Old())), [*Old()], max(Old()), tuple(zip(Up(2), Old())))
u = Up(2)
print(list(u), list(u), next(u, "default"))
calls = iter([1, 2, 0, 3])
print(list(iter(lambda: next(calls), 0)), next(calls))
for call in (lambda: iter(5), lambda: next(iter([])), lambda: next([]), lambda: list(type("X", (), {"__iter__": lambda s: 5})()), lambda: reversed({1}), lambda: iter(5, 0), lambda: [*5], lambda: dict(5), lambda: sum(["a"])):
    try:
        print(call())
    except (TypeError, StopIteration) as error:
        print(type(error).__name__, error)
for x in Up(3):
    if x == 2:
        continue
else:
    print("else after the end")
for x in Up(3):
    if x == 2:
        break
else:
    print("not reached")
for x in []:
    pass
else:
    print("else of an empty loop", x)
m = map(lambda a, b: (a, b), Up(2), "xyz")
f = filter(lambda n: n % 2, range(6))
e = enumerate(Up(2), start=5)
z = zip(range(2), "ab", [True, False])
print(next(m), list(m), list(f), list(e), list(z), list(zip()), list(map(str, [])))
try:
    list(zip([1], [1, 2], strict=True))
except ValueError as error:
    print(error)
print(all(n < 5 for n in Up(3)), any(n > 5 for n in Up(3)), min(Up(3), key=lambda n: -n), max([], default="none"), sorted(Up(3), reverse=True), min("b", "a"))
it = iter([1, 2, 3, 4])
print(list(zip(it, it)), it.__length_hint__(), iter(it) is it, list(it))
d = {"a": 1}
di = iter(d)
print(next(di), next(di, "end"), type(di).__name__, type(iter([])).__name__, type(iter(())).__name__, type(iter("")).__name__, type(iter(range(0))).__name__, type(iter(set())).__name__)


def early():
    for n in range(3):
        for m in range(3):
            if m == 1:
                break
            yield n, m


print(list(early()))
n = 0
while True:
    n += 1
    if n < 3:
        continue
    break
else:
    n = "no"
print(n)
raising = (1 // x for x in (1, 0, 2))
try:
    for value in raising:
        print(value)
except ZeroDivisionError:
    print("stopped", list(raising))
print(isinstance([], __import__("collections.abc").abc.Iterable), isinstance(Up(1), __import__("collections.abc").abc.Iterator), callable(iter))
print(slice(1, 5, 2).indices(4), [0, 1, 2, 3][slice(None, None, -1)], slice(3), slice(1, 2) == slice(1, 2), list(range(10))[-3:None:2])
