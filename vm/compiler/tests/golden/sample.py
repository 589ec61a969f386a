"""A sample of everything 3.8 can say.

    Its dump beside it comes from CPython 3.8.
"""
from __future__ import division
import os, sys as system, os.path as path, xml.dom.minidom as dom
from . import sibling
from collections import (OrderedDict as Ordered, deque)

CONSTANTS = (1, -2, 3.5, 2j, "s", b"b", None, True, ..., (1, (2, "x")), 10 ** 20, 1 << 100, "\ud800", -0.0)
FOLDED = ("a" + "b", "x" * 3, 7 // 2, 7 % -3, 2 ** 10, not 1, ~5, (1, 2)[0], "abc"[-1], 1 / 3, 1e308 * 10)

if 0:
    never = global_name
elif __debug__:
    always = 1
else:
    other = 2

while 1:
    break
else:
    pass


def parameters(a, b=1, /, c=2, *args, d, e=3, **kwargs):
    "Docstring."
    return a, b, c, args, d, e, kwargs


def closures(x):
    y = x
    def inner():
        nonlocal y
        y += x
        return lambda z=y: (x, y, z)
    del y
    return inner


@decorator
@decorator.with_arguments(1,
                          key=2)
class Class(Base, metaclass=Meta):
    """Doc of the class."""
    attribute = 1
    __private = 2

    def method(self):
        super().method()
        self.__private = __class__
        return [self.attribute for _ in range(3)]

    @property
    def value(self): return self.__private


def control(items):
    for i, (a, *b) in enumerate(items):
        if i in [1, 2, 3] or i not in {4, 5} and not a:
            continue
        try:
            if a: break
            return b
        except (ValueError, TypeError) as error:
            print(error)
            continue
        except KeyError:
            raise RuntimeError("x") from None
        except:
            raise
        else:
            b[0], b[1] = b[1], b[0]
        finally:
            print("done")
    else:
        return None
    while a < b < c != d:
        a += 1
        b[a] -= 2
        c.x **= 3
    try:
        for x in items:
            try:
                return x
            finally:
                break
    finally:
        del a, b[0], c.d, (e, [f])
    return 1 if a else 2 if b else 3


def with_statements():
    with open("f") as f, lock, other() as (a, b):
        return f
    with a:
        with b as c.d[0]:
            pass
    for x in y:
        with z:
            if x: continue
            break


def calls():
    f(); f(1, 2); f(*a); f(1, *a, 2, **k); f(a=1, b=2); f(*a, b=1, **k, c=2, d=3); f(**{'x': 1})
    o.m(1)(2).n(*x); f(x for x in y); f(
        x
        for x in
        y)
    print(f"{a}{b!r:>{width}} {{}} {c=} {d:%Y}" "tail", f"", f"x", f'''
    {multi} {
    line}''')
    [*a, 1]; (*a, *b); {*a, 1}; {**a, 'b': 1, 'c': 2}; {'a': 1, 'b': 2}; {a: 1}
    x[1:2, ::3, ...]; x[1, 2]; x[a:b]; x[()]
    (y := f(x)) + [last := i for i in x][0]
    assert x, "message"
    assert (y and
            z)


def comprehensions(data):
    return ([x for x in data if x if not x.y for z in x],
            {k: v for k, v in data}, {a for a in data}, (b for b in data if b > 1),
            [[c + d for c in data] for d in data])


def generator():
    x = yield
    y = yield x
    z = yield from generator()
    return z


async def coroutine(items):
    async with a as b, c:
        await b
    async for x in items:
        if x: break
        else: continue
    else:
        await y
    try:
        return await z
    finally:
        await w
    return [i async for i in items if await i], {j: k async for j in items for k in j}, (await l for l in items)


async def async_generator():
    async for x in y:
        yield x
    yield


def long_jumps(x):
    while x:
        if x == 1: a = b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w + x + y + z
        if x == 2: a = b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w + x + y + z
        if x == 3: a = b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w + x + y + z
        if x == 4: a = b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w + x + y + z
        if x == 5: a = b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w + x + y + z
        if x == 6 or (x and y) or (not x and z if y else w): return x



























































































































































def far_away(): return lambda: far_away, lambda: far_away
