# Endless recursion of every kind ends in RecursionError and leaves the interpreter usable.
import sys


def plain(n=0):
    return plain(n + 1)


def through_natives(n=0):
    return sorted([1, 2], key=lambda x: through_natives(n + 1))


class Repr:
    def __repr__(self):
        return repr([self])


class Attr:
    def __getattr__(self, name):
        return getattr(self, name + "x")


class Eq:
    def __eq__(self, other):
        return [self] == [other]


def gen():
    yield from gen()


async def co():
    await co()


def deep_list():
    x = []
    for _ in range(200_000):
        x = [x]
    return x


for name, call in (("plain", plain), ("sort key", through_natives), ("repr", lambda: repr(Repr())), ("getattr", lambda: Attr().x),
                   ("eq", lambda: Eq() == Eq()), ("generator", lambda: next(gen())), ("coroutine", lambda: co().send(None)),
                   ("repr of a deep list", lambda: repr(deep_list())), ("call", lambda: type("C", (), {"__call__": lambda self: self()})()())):
    try:
        call()
    except RecursionError as error:
        print(name, type(error).__name__)
print(sys.getrecursionlimit())
sys.setrecursionlimit(200)
depth = 0


def count():
    global depth
    depth += 1
    count()


try:
    count()
except RecursionError as error:
    print(150 < depth < 201, str(error).startswith("maximum recursion depth exceeded"))
sys.setrecursionlimit(1000)
x = deep_list()
del x
print("released")
