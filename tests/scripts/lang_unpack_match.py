# match statements of every pattern kind, walrus, star targets, chained assignment, conditional and augmented targets.
import dataclasses


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Named:
    __match_args__ = ("first",)

    def __init__(self, first):
        self.first = first


def kind(value):
    match value:
        case 0 | 1:
            return "zero or one"
        case -3 | 2.5 | 1 + 2j:
            return "number literals"
        case None | True:
            return "singleton"
        case "a" | b"b":
            return "text"
        case int(n) if n > 100:
            return f"large {n}"
        case int() | float():
            return "number"
        case []:
            return "empty"
        case [x]:
            return f"one {x}"
        case [x, [y, *_]]:
            return f"nested {x} {y}"
        case [first, *rest, last] if first == last:
            return f"same ends {rest}"
        case (first, *rest):
            return f"sequence {first} {rest}"
        case {"type": "point", "at": [x, y], **rest}:
            return f"mapping {x} {y} {rest}"
        case {"k": (1 | 2) as v}:
            return f"k {v}"
        case {}:
            return "a mapping"
        case Point(0, y=0):
            return "origin"
        case Point(x, y) if x == y:
            return f"diagonal {x}"
        case Point(x=px):
            return f"point {px}"
        case Named(str() as s):
            return f"named {s}"
        case str():
            return "other text"
        case _:
            return f"other {type(value).__name__}"


for value in (0, 1, True, -3, 2.5, 1 + 2j, None, "a", b"b", 200, 7, 1.5, [], [9], (1, [2, 3, 4]), [1, 2, 3, 1], [1, 2], "zz", {}, {"k": 2}, {"k": 5},
              {"type": "point", "at": (1, 2), "z": 3}, Point(0), Point(2, 2), Point(1, 2), Named("n"), Named(5), object, range(3), {1}):
    print(kind(value), end="; ")
print()


class Color:
    RED = "red"


def dotted(x):
    match x:
        case Color.RED:
            return "red"
        case other:
            return other


print(dotted("red"), dotted("blue"))
match 5:
    case 6:
        pass
match (1, 2):
    case a, b:
        print(a, b)
try:
    match Named(1):
        case Named(1, 2):
            pass
except TypeError as error:
    print(error)
if (n := len("walrus")) > 5 and (m := n * 2):
    print(n, m)
while (n := n - 2) > 0:
    print(n, end=" ")
print([last := x for x in range(3)], last)
a = b = c = []
a.append(1)
print(b, c is a)
a, (b, *c), d = 1, "xyz", 4
print(a, b, c, d)
[a, b], c = (1, 2), 3
for i, (x, *y) in enumerate([(1, 2, 3), "ab"]):
    print(i, x, y)
obj = type("O", (), {})()
obj.a, lst = 1, [0, 0]
lst[0], lst[1] = lst[1] + 5, obj.a
obj.a += 1
i = 0
i, lst[i] = 1, 9
print(obj.a, lst)
del obj.a, lst[0]
print(vars(obj), lst, (*range(2), *"a"), [*{1: 2}], {**{"a": 1}, **{"a": 2}})


def star():
    return *[1, 2], 3


def gen():
    x = yield *[1], 2
    print(x)


print(star(), next(gen()))
print(not_a_name if (not_a_name := 0) else "falsy", 1 if 0 else 2 if 0 else 3, (lambda *a, **k: (a, k))(1, *[2], k=3, **{"z": 4}))
x = [1, 2, 3]
x[1:2], y = [7, 8], "after"
print(x, y)
