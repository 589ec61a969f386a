# dataclasses, enum, typing, abc: declarations as scripts use them.
import abc
import dataclasses
import enum
import typing
from dataclasses import dataclass, field


@dataclass(order=True)
class Item:
    name: str
    price: float = 0.0
    tags: list[str] = field(default_factory=list, compare=False)

    def total(self, n: int = 1) -> float:
        return self.price * n


a, b = Item("a", 2.5), Item("b")
print(a, a == Item("a", 2.5, ["x"]), a < b, a.total(2), dataclasses.asdict(a), dataclasses.astuple(b), dataclasses.replace(a, price=1.0), [f.name for f in dataclasses.fields(a)], a.tags is not b.tags)


@dataclass(frozen=True, slots=True)
class Frozen:
    x: int
    y: int = field(default=5, repr=False)
    z: int = field(init=False, default=7)

    def __post_init__(self):
        if self.x < 0:
            raise ValueError("negative")


f = Frozen(1)
print(f, hash(f) == hash(Frozen(1)), f.y, hasattr(f, "__dict__"))
try:
    f.x = 2
except dataclasses.FrozenInstanceError as error:
    print(error)
for bad in (lambda: Frozen(-1), lambda: Frozen(), lambda: Item()):
    try:
        bad()
    except (ValueError, TypeError) as error:
        print(error)


@dataclass(kw_only=True)
class Base:
    a: int
    b: typing.ClassVar[int] = 9


@dataclass
class Child(Base):
    c: int = 0


print(Child(1, a=2), Child.b, Child.__match_args__)


class Color(enum.Enum):
    RED = 1
    GREEN = enum.auto()
    ALIAS = 1

    @property
    def low(self):
        return self.name.lower()


print(Color.RED, repr(Color.GREEN), Color(1), Color["RED"], Color.ALIAS is Color.RED, list(Color), Color.RED.low, Color.RED.value, len(Color), Color.RED in Color, Color.RED == 1)
try:
    Color(9)
except ValueError as error:
    print(error)


class Number(enum.IntEnum):
    ONE = 1
    TWO = 2


class Perm(enum.Flag):
    R = enum.auto()
    W = enum.auto()
    X = enum.auto()


class Name(enum.StrEnum):
    A = "a"
    B = enum.auto()


print(Number.ONE + 1, Number.ONE < Number.TWO, f"{Number.ONE}", Perm.R | Perm.X, Perm.R in (Perm.R | Perm.W), ~Perm.R, Perm(0), Name.A == "a", f"{Name.B}", str(Name.A), Name.B.value, (Perm.R | Perm.W).value, [p.name for p in Perm.R | Perm.X])
Made = enum.Enum("Made", "ONE TWO")
print(Made.TWO.value, {Color.RED: "r"}[Color.RED])
try:
    Color.RED = 5
except AttributeError as error:
    print(type(error).__name__)


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

    @property
    @abc.abstractmethod
    def name(self): ...


class Square(Shape):
    name = "square"

    def area(self):
        return 4


try:
    Shape()
except TypeError as error:
    print(error)
print(Square().area(), isinstance(Square(), Shape), Shape.__abstractmethods__ == {"area", "name"})


@Shape.register
class Virtual:
    pass


print(issubclass(Virtual, Shape))
T = typing.TypeVar("T")


class Stack(typing.Generic[T]):
    def __init__(self) -> None:
        self.items: list[T] = []

    def push(self, item: T) -> "Stack[T]":
        self.items.append(item)
        return self


def annotated(x: int, y: "str" = "", *args: float, **kw: dict[str, int]) -> typing.Optional[int]:
    z: int = 1
    return z


print(Stack[int]().push(1).items, annotated.__annotations__["x"], annotated.__annotations__["y"], typing.get_type_hints(annotated)["y"], typing.List[int], typing.Union[int, str].__args__, list[int], dict[str, int].__origin__, (int | None).__args__)


@typing.runtime_checkable
class Closable(typing.Protocol):
    def close(self): ...


class NT(typing.NamedTuple):
    a: int
    b: str = "d"


class TD(typing.TypedDict):
    k: int


def generic[T](x: T) -> T:
    return x


class G[T]:
    def get(self) -> T: ...


type Alias = list[int]
print(isinstance(open, Closable), isinstance(type("C", (), {"close": 1})(), Closable), NT(1), NT(1).b, TD(k=1), generic(5), G[int], Alias.__value__, typing.cast(int, "x"), typing.get_origin(list[int]), typing.get_args(dict[str, int]), typing.TYPE_CHECKING, typing.Literal["a"].__args__, G.__type_params__)


@typing.overload
def over(x: int) -> int: ...
def over(x):
    return x


print(over("x"), typing.final(over) is over, typing.NewType("ID", int)(5), typing.Any is not None, typing.get_type_hints(Item)["price"])
