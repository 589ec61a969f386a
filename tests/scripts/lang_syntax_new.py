# Each construct of the newer grammar is run: match, except*, parenthesized with, type parameters, nested f-strings, stars.
import asyncio
import contextlib
import types
import typing


class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


class Color:
    RED = 1


def kind(value):
    match value:
        case None | True | False:
            return f"singleton {value}"
        case -1 | 2.5 | 1 + 2j:
            return "number"
        case "text" | b"bytes":
            return "literal"
        case Color.RED:
            return "dotted name"
        case Point(0, y=0):
            return "origin"
        case Point(x, y) as p if x == y:
            return f"diagonal {x} {p.y}"
        case Point(x=x):
            return f"point {x}"
        case []:
            return "empty"
        case [1, *_, 9]:
            return "from 1 to 9"
        case (first, [inner, *rest]):
            return f"nested {first} {inner} {rest}"
        case [only]:
            return f"one {only}"
        case {"kind": "a" | "b" as letter, **rest}:
            return f"mapping {letter} {rest}"
        case {1: str(), 2: int() as n}:
            return f"keys {n}"
        case {}:
            return "some mapping"
        case str(s) | (bytes() as s):
            return f"text {s!r}"
        case _:
            return "other"


for value in [None, True, -1, 2.5, 1 + 2j, "text", b"bytes", 1, Point(0, 0), Point(3, 3), Point(4, 5), [], [1, 2, 9], (1, [2, 3, 4]),
              [7], {"kind": "b", "x": 1}, {1: "a", 2: 5}, {3: 4}, "z", b"z", 99, {1, 2}]:
    print(kind(value))


def groups():
    try:
        raise ExceptionGroup("all", [ValueError(1), TypeError(2), ExceptionGroup("in", [KeyError(3), ValueError(4)])])
    except* ValueError as e:
        print("values", [repr(x) for x in e.exceptions])
    except* (TypeError, KeyError) as e:
        print("others", [repr(x) for x in e.exceptions])
    else:
        print("never")
    finally:
        print("finally")
    try:
        try:
            raise ExceptionGroup("rest", [OSError(1), ValueError(2)])
        except* ValueError:
            raise KeyError("new")
    except BaseExceptionGroup as e:
        print(sorted(type(x).__name__ for x in e.exceptions))
    try:
        raise ValueError("bare")
    except* ValueError as e:
        print(repr(e))


groups()


def positional(a, /, b, *, c=3, **rest):
    return a, b, c, rest


print(positional(1, 2, a=5), positional(1, b=2, c=4))
try:
    positional(a=1, b=2)
except TypeError as e:
    print(e)


@contextlib.contextmanager
def named(name):
    print("enter", name)
    yield name
    print("exit", name)


with (named("a") as a, named("b") as b,):
    print(a, b)
with (named("c"), named("d")):
    pass


def first[T](items: list[T]) -> T:
    return items[0]


class Box[T: (int, str), *Ts, **P]:
    item: T

    def get[U = T](self, other: U) -> T | U:
        return other


type Pair[A, B = int] = tuple[A, B] | Pair[B, A]
type Lazy = undefined_name
print(first([5]), first.__type_params__, Box.__type_params__, Box.get.__type_params__[0].__default__)
print(Box.__type_params__[0].__constraints__, Box.__orig_bases__, Pair.__name__, Pair.__type_params__[1].__default__)
print(Pair[str, int], Pair.__value__.__args__[1])
try:
    Lazy.__value__
except NameError as e:
    print(e)

width, name = 8, "x'y"
print(f"{name!r:>{width}}|{f'{f"{width:0{width}}"}'}|{ {'a': 1}['a'] }|{'\n'.join(['p', 'q'])!r}|{width=}|{name = !s}|{width:{'>'}{4}}")
print(f"{'''multi
line'''!r} {(lambda x: x * 2)(3)} {{}} {width!r:^{width}} {f'{1}' f'{2}'}")
print(f"{
    width  # a comment
    + 1
}")


class Index:
    def __getitem__(self, key):
        return key


items = [1, 2]
print(Index()[*items], Index()[0, *items, 3], Index()[*items, 1:2])


def variadic[*Ts](*args: *tuple[*Ts]) -> None: ...


print(variadic.__annotations__["args"])


def leave(n):
    for i in range(3):
        try:
            if n == 0:
                return "try"
            if n == 1:
                raise ValueError
        finally:
            if n == 0:
                continue
            if n == 1:
                break
            if n == 2:
                return "finally"
    else:
        return "loop ended"
    return "after"


print(leave(0), leave(1), leave(2), leave(3))

handlers = {"double": lambda f: lambda x: 2 * f(x)}


@handlers["double"]
@(lambda f: f)
def decorated(x):
    return x + 1


@(d := handlers["double"])
def again(x):
    return x


print(decorated(4), again(5), [y := 3, y**2], (z := 4) + z)


async def numbers(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


async def comprehensions():
    print([i async for i in numbers(3)], {i: i async for i in numbers(2)}, {i async for i in numbers(2)})
    print([[j async for j in numbers(i)] for i in range(3)])
    print([await asyncio.sleep(0, i) for i in range(3)], [x async for x in (i async for i in numbers(4) if i % 2)])
    print([x for x in [await asyncio.sleep(0, 1)] if await asyncio.sleep(0, True)])
    f = [i async for i in numbers(2)]
    print(f, await anext(aiter(numbers(1))), await anext(numbers(0), "default"))


asyncio.run(comprehensions())
print([*range(2), *"ab"], {**{"a": 1}, "b": 2}, *[1, 2])


def unpacked():
    rest = 2, 3
    return 1, *rest


for x in *items, 3:
    print(x, end=" ")
print(unpacked(), dict(a=1) | dict(b=2))
print(isinstance(3, int | str), types.GenericAlias(list, int), typing.get_type_hints(first)["return"])
