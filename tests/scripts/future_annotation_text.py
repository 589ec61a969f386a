# What `from __future__ import annotations` keeps of an annotation.
from __future__ import annotations


def shown(f):
    for name, text in f.__annotations__.items():
        print(name, text)


def operators(
    a: x + y * z - (x + y) * z, b: x ** y ** z, c: (x ** y) ** z, d: -x ** -y, e: (-x) ** y, f: not x and (y or z),
    g: (x and y) or z, h: x < y <= (z < w), i: (x if y else z) if w else v, j: ~x | y & z ^ w, k: x << y >> z,
    l: x // (y % z), m: (x @ y) @ z, n: x @ (y @ z), o: not (not x), p: x is not y, q: x not in y, r: + +x,
    s: x - (y - z), t: (x, y), u: (x,), v: (), w: (x == y) == z, y: await_(x)[0].z,
): pass


def displays(
    a: [1, 2, (3, 4)], b: {1: 2, **x}, c: {1, 2}, d: [], e: {}, f: [*x, *y], g: x[1:2], h: x[1:2, ::3], i: x[:],
    j: x[(1, 2)], k: x[1,], l: x[()], m: Callable[[int], str], n: x[*y], o: x[*y, z], p: (x)[(y)],
    q: tuple[int, ...], r: "text", s: 'it"s', t: "it's", u: b'by\x00tes', v: 1.0, w: 1e400, x: 1e400j, y: 3j, z: 0x10,
): pass


def calls(
    a: f(), b: f(x, *y, z=1, **w), c: f(x for x in y), d: f((x for x in y), 1), e: (lambda: 0)(), f: lambda: x,
    g: lambda x, y=1, /, z=2, *a, k, l=3, **kw: x, h: lambda *, k: k, i: lambda *a: a, j: (1).real, k: (1.5).real,
    l: x.y.z, m: (x + y).z, n: -x.y, o: (-x).y, p: f(lambda: 0, x if y else z), q: f(a=lambda: 0),
    r: "a" "b", s: ("a"
       # between
       "b"), t: None, u: True, v: ..., w: 10 ** 100, x: 1_000,
): pass


def comprehensions(
    a: [x for x in y], b: {x for x in y if x if not x}, c: {x: y for x, y in z}, d: (x for x in y for y in z),
    e: [x for x, in y], f: [x for (x, y) in z], g: [(x, y) for x in (y if z else w)], h: [lambda: x for x in y],
    i: [x for x in y if (lambda: z)], j: [[x for x in y] for y in z], k: [x async for x in y],
): pass


def strings(
    a: f"{x}", b: f"{x!r}", c: f"{x:>{y}}", d: f"a{x}b{{c}}", e: f"{x=}", f: f"{ {1: 2} }", g: f"{x + y:d}",
    h: f'{x["k"]}', i: f"{(lambda: 1)}", j: f"{x}" "text" f"{y}", k: f"", l: f"{x:%H:%M}", m: f"{x if y else z}",
    n: "\n\t\\", o: "é€😀", p: "\ud800",
): pass


for f in (operators, displays, calls, comprehensions, strings):
    shown(f)


class C:
    a: int = 0
    b: list[
        int
    ]
    c: (int)
    d: "quoted"


shown(C)


def starred(*args: *Ts, **kwargs: "x") -> (y, z): pass


shown(starred)
