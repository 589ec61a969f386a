"""`async for` over generators that yield at once, wait in between, fail, end, nest, are looked at and are left."""
import asyncio
import gc
import inspect
import sys
import types


@types.coroutine
def pause(x):
    return (yield x)


def drive(coro):
    """Runs a coroutine to its end by hand; what it waited with."""
    seen = []
    try:
        while True:
            seen.append(coro.send(None))
    except StopIteration as stop:
        return seen, stop.value
    except Exception as e:
        return seen, f"{type(e).__name__}: {e}"


async def mixed(n):
    for i in range(n):
        if i % 3 == 2:
            await pause(f"waits {i}")
        yield i


async def consume(agen):
    out = []
    async for x in agen:
        out.append(x)
    else:
        out.append("end")
    return out


print(drive(consume(mixed(7))))


async def looks_back():
    """What can be seen from inside while the loop goes on with it."""
    for _ in range(3):
        f = sys._getframe().f_back
        names = []
        while f is not None and f.f_code.co_name != "drive":
            names.append(f.f_code.co_name)
            f = f.f_back
        yield names, outer.cr_running, outer.cr_await, own.ag_running, own.ag_await


own = looks_back()
outer = consume(own)
for item in drive(outer)[1]:
    print(item)


async def waiting():
    yield 1
    yield 2
    await pause("look")
    yield 3


own = waiting()
outer = consume(own)
print(outer.send(None), type(outer.cr_await).__name__, own.ag_running, own.ag_await is not None, inspect.getcoroutinestate(outer))
print(type(outer.cr_await) is type(own.asend(None)), outer.cr_await is outer.cr_await)
try:
    own.asend(None).send(None)
except RuntimeError as e:
    print(e)
print(drive(outer), own.ag_running)


async def fails(at):
    for i in range(5):
        if i == at:
            raise LookupError(i)
        yield i


for at in (0, 1, 3):
    print(drive(consume(fails(at))))


async def stops_wrongly():
    yield 1
    raise StopAsyncIteration("mine")


print(drive(consume(stops_wrongly())))


async def thrown_in():
    try:
        yield 1
        yield 2
        await pause("throw here")
    except KeyError as e:
        yield f"caught {e}"
    finally:
        await pause("cleaning")


async def outer_catches(agen):
    out = []
    try:
        async for x in agen:
            out.append(x)
    except ValueError as e:
        out.append(f"outer {e}")
    return out


c = outer_catches(thrown_in())
print(c.send(None), c.throw(KeyError("k")))
print(drive(c))
c = outer_catches(thrown_in())
c.send(None)
print(c.throw(ValueError("v")))
print(drive(c))
c = outer_catches(thrown_in())
c.send(None)
try:
    c.close()
except RuntimeError as e:
    print(e)


async def nested(n):
    async for x in mixed(n):
        async for y in mixed(x):
            yield x, y


print(drive(consume(nested(4))))


async def leaves(agen):
    async for x in agen:
        if x == 2:
            break
    rest = [x async for x in agen]
    return rest, agen.ag_running


print(drive(leaves(mixed(6))))


async def twice():
    agen = mixed(100)

    async def part():
        return [x async for x in agen if x < 5 or x % 10 == 0]

    return await asyncio.gather(part(), part(), return_exceptions=True)


async def sleepy(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


async def two_at_once():
    agen = sleepy(5)
    return await asyncio.gather(consume(agen), consume(agen), return_exceptions=True)


print(asyncio.run(consume(sleepy(3))))
print([repr(x) for x in asyncio.run(two_at_once())])


async def re_entered():
    yield 1
    try:
        async for x in me:
            pass
    except RuntimeError as e:
        yield str(e)


me = re_entered()
print(drive(consume(me)))


def handled():
    e = sys.exception()
    return e and str(e)


async def handles():
    yield handled()
    try:
        raise ValueError("inner")
    except ValueError:
        yield handled()
    yield handled()


async def in_handler():
    out = []
    try:
        raise KeyError("outer")
    except KeyError:
        async for x in handles():
            out.append((x, handled()))
    return out, handled()


print(drive(in_handler()))


async def deep(n):
    if n:
        async for x in deep(n - 1):
            yield x
            yield -x
    else:
        yield 0
        yield 1


print(len(drive(consume(deep(8)))[1]))


async def endless(n):
    yield n
    async for x in endless(n + 1):
        yield x


async def until_too_deep():
    n = 0
    async for n in endless(0):
        pass
    return n


print(drive(until_too_deep())[1].split(":")[0])


class Held:
    def __del__(self):
        print("dropped")


async def keeps():
    held = Held()
    yield 1
    yield 2
    yield 3


async def drops():
    async for x in keeps():
        if x == 2:
            break
    print("left")


sys.set_asyncgen_hooks(finalizer=lambda agen: print("finalizer", agen.ag_code.co_name))
print(drive(drops()))
gc.collect()
