# with: enter and exit order, swallowing, several managers, exits that raise, contextlib helpers, missing methods.
import contextlib


class Manager:
    def __init__(self, name, swallow=False):
        self.name, self.swallow = name, swallow

    def __enter__(self):
        print("enter", self.name)
        return self.name

    def __exit__(self, kind, value, tb):
        print("exit", self.name, kind and kind.__name__, value, tb is not None)
        return self.swallow


with Manager("a") as a, Manager("b") as b:
    print(a, b)
with (Manager("c", swallow=True) as c, Manager("d")):
    raise ValueError("inside")
print("after")
try:
    with Manager("e"):
        raise KeyError("out")
except KeyError as error:
    print("got", error)


def through():
    for n in range(3):
        with Manager(f"loop{n}"):
            if n == 0:
                continue
            return n


print(through())


class Raises(Manager):
    def __exit__(self, *args):
        raise TypeError("from exit")


try:
    with Raises("r"):
        raise ValueError("first")
except TypeError as error:
    print(error, repr(error.__context__))


@contextlib.contextmanager
def managed(x):
    print("begin", x)
    try:
        yield x * 2
    except ValueError as error:
        print("seen", error)
    finally:
        print("end", x)


with managed(4) as doubled:
    print(doubled)
with managed(5):
    raise ValueError("given to the generator")
try:
    with managed(6):
        raise KeyError("not seen")
except KeyError:
    print("passed on")


@contextlib.contextmanager
def broken():
    if False:
        yield


try:
    with broken():
        pass
except RuntimeError as error:
    print(error)
with contextlib.suppress(ZeroDivisionError):
    1 / 0
with contextlib.ExitStack() as stack:
    stack.enter_context(Manager("s1"))
    stack.callback(print, "callback", 1)
    stack.push(lambda *exc: print("pushed", exc[0]))
with contextlib.closing(open(__file__)) as file:
    print(file.closed)
print(file.closed)
with contextlib.nullcontext(3) as three:
    print(three)
for thing in (5, type("OnlyEnter", (), {"__enter__": lambda self: self})()):
    try:
        with thing:
            pass
    except TypeError as error:
        print(type(error).__name__)
targets = {}
with Manager("t") as targets["key"]:
    pass
with contextlib.nullcontext((1, [2, 3])) as (p, (q, r)):
    print(targets, p, q, r)


class Async:
    async def __aenter__(self):
        print("aenter")
        return self

    async def __aexit__(self, *exc):
        print("aexit", exc[0] and exc[0].__name__)
        return True


async def use():
    async with Async():
        raise ValueError
    async with Async() as one, Async():
        return type(one).__name__


try:
    use().send(None)
except StopIteration as stop:
    print(stop.value)
