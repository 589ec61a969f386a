# Async syntax without a loop: async for/with/comprehensions in every mix, await in odd places, return in async finally.
import types


@types.coroutine
def tick(x):
    yield x
    return x


def run(co):
    out = []
    try:
        while True:
            out.append(co.send(None))
    except StopIteration as stop:
        return out, stop.value


class Ctx:
    def __init__(self, name):
        self.name = name

    async def __aenter__(self):
        await tick(f"+{self.name}")
        return self.name

    async def __aexit__(self, *exc):
        await tick(f"-{self.name}")


async def agen(n):
    for i in range(n):
        await tick(f"g{i}")
        yield i


async def a():
    return [await tick(1), (await tick(2)) + await tick(3), {await tick("k"): await tick("v")}, f"{await tick('f')}", await tick(0) or await tick(4)]


async def b():
    async with Ctx("a") as x, Ctx("b") as y:
        return x + y


async def c():
    out = []
    async for i in agen(3):
        if i == 1:
            continue
        out.append(i)
    else:
        out.append("else")
    async for i in agen(3):
        break
    else:
        out.append("no")
    return out


async def d():
    return [i async for i in agen(2)], {i: j async for i in agen(2) for j in [await tick(i)]}, {x for x in [await tick(5)]}, [[j async for j in agen(i)] for i in range(3)]


async def e():
    try:
        await tick("try")
        return "try"
    finally:
        await tick("finally")


async def f():
    for i in range(3):
        try:
            await tick(i)
            if i == 1:
                break
        finally:
            await tick("f")
    return i


async def g():
    g1 = (i * 2 async for i in agen(3))
    return [x async for x in g1 if await tick(x)]


async def h(x=1, *a, k=2, **kw):
    l = lambda: x + k
    return l(), a, kw, await (lambda: tick(9))()


async def i():
    async with Ctx("a"):
        try:
            async with Ctx("b"):
                raise ValueError
        except ValueError:
            return await tick("handled")


async def j():
    if (y := await tick(3)) > 2:
        return y, await tick(1) if y else None, -await tick(2), await tick(2) ** 2, not await tick(0), [*await tick((1, 2))]


for fn in (a, b, c, d, e, f, g, lambda: h(1, 2, z=3), i, j):
    print(*run(fn()))
