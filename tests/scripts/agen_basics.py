# Async generators without a loop: asend, athrow, aclose and __anext__ as awaitables, ag_ fields, states and errors.
import inspect
import types


@types.coroutine
def pause(value):
    return (yield value)


def run(awaitable):
    """Drives an awaitable to its end: what it paused with, and how it ended."""
    paused = []
    try:
        while True:
            paused.append(awaitable.send(None))
    except StopIteration as stop:
        return paused, stop.value
    except BaseException as error:
        return paused, repr(error)


async def gen():
    try:
        got = yield 1
        print("got", got)
        await pause("p")
        got = yield 2
        print("got", got)
    except ValueError as error:
        print("caught", error)
        yield "recovered"
    finally:
        await pause("finally")
        print("finally")


g = gen()
print(type(g).__name__, g.ag_running, g.ag_await, g.ag_suspended, g.ag_code.co_name, g.__name__, g.__qualname__, inspect.getasyncgenstate(g))
print(g.__aiter__() is g, type(g.__anext__()).__name__, type(g.asend(1)).__name__, type(g.athrow(ValueError)).__name__)
print(run(g.asend(None)), inspect.getasyncgenstate(g))
print(run(g.asend("x")))
print(run(g.athrow(ValueError("v"))))
print(run(g.__anext__()))
print(run(g.__anext__()), inspect.getasyncgenstate(g), g.ag_frame)
print(run(g.aclose()), run(g.asend(None)), run(g.athrow(KeyError("k"))))
g = gen()
run(g.__anext__())
print("aclose", run(g.aclose()), run(g.__anext__()))
g = gen()
print("aclose before the start", run(g.aclose()), run(g.__anext__()))
g = gen()
print("non-None first", end=" ")
try:
    g.asend(1).send(None)
except TypeError as error:
    print(error)
g = gen()
step = g.asend(None)
print(run(step))
try:
    step.send(None)
except RuntimeError as error:
    print(error)
step = g.asend("y")
print(step.send(None), g.ag_running, g.ag_await.__name__, type(g.ag_await).__name__)
other = g.asend("z")
try:
    other.send(None)
except RuntimeError as error:
    print(error)
close = g.aclose()
try:
    close.send(None)
except RuntimeError as error:
    print(error)
print(run(step))


async def ignores():
    try:
        yield 1
    except GeneratorExit:
        yield 2


i = ignores()
run(i.__anext__())
print(run(i.aclose()))


async def stops():
    yield 1
    raise StopAsyncIteration("inside")


s = stops()
run(s.__anext__())
print(run(s.__anext__()))


async def stops2():
    yield 1
    raise StopIteration("inside")


s = stops2()
run(s.__anext__())
print(run(s.__anext__()))


async def loop():
    out = []
    async for x in gen():
        out.append(x)
    else:
        out.append("else")
    return out


print(run(loop()))


async def comprehension():
    return [x async for x in gen() if x], {x: 1 async for x in gen()}


print(run(comprehension()))


async def with_break():
    async for x in gen():
        break
    return x


print("anext", run(anext(gen())), run(anext(stops2(), "default")))


async def empty():
    return
    yield


print(run(anext(empty(), "default")), run(empty().__anext__()))
try:
    for x in gen():
        pass
except TypeError as error:
    print(error)


class Counter:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.n:
            raise StopAsyncIteration
        self.n -= 1
        return await pause(self.n) or self.n


async def use_counter():
    return [n async for n in Counter(3)]


print(run(use_counter()))


async def bad_iter():
    async for x in [1]:
        pass


print(run(bad_iter()).__class__.__name__, run(bad_iter())[1])
expression = (x async for x in gen())
print(type(expression).__name__, expression.__name__, run(expression.__anext__()))
run(expression.aclose())
print(hasattr(g, "send"), hasattr(g, "__next__"), hasattr(g, "__await__"))
run(g.aclose())
