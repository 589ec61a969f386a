# Futures: states, errors, exceptions never retrieved, StopIteration refused, result of a cancelled one, __await__.
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    f = loop.create_future()
    print(f.done(), f.cancelled(), f.get_loop() is loop, asyncio.isfuture(f), repr(f))
    for call in (f.result, f.exception):
        try:
            call()
        except asyncio.InvalidStateError as error:
            print(error)
    f.set_result(1)
    print(f.result(), f.exception(), f.done(), repr(f))
    for call in (lambda: f.set_result(2), lambda: f.set_exception(ValueError())):
        try:
            call()
        except asyncio.InvalidStateError as error:
            print(error)
    print(f.cancel())
    g = loop.create_future()
    g.set_exception(ValueError("v"))
    print(repr(g.exception()), repr(g))
    try:
        await g
    except ValueError as error:
        print("raised", error)
    h = loop.create_future()
    h.set_exception(KeyError)
    print(repr(h.exception()))
    try:
        loop.create_future().set_exception(StopIteration("x"))
    except TypeError as error:
        print(error)
    odd = loop.create_future()
    try:
        odd.set_exception(StopIteration("x"))
    except TypeError:
        pass
    print(odd.done() and repr(odd.exception()))
    c = loop.create_future()
    print(c.cancel("why"), c.cancelled(), c.cancel(), repr(c))
    for call in (c.result, c.exception):
        try:
            call()
        except asyncio.CancelledError as error:
            print(repr(error))
    i = loop.create_future().__await__()
    print(type(i).__name__, i.send(None)._asyncio_future_blocking)
    stop = loop.create_future()
    stop.set_result(StopIteration("as a value"))
    print(repr(await stop))

    messages = []
    loop.set_exception_handler(lambda loop, context: messages.append((context["message"], repr(context.get("exception")))))
    lost = loop.create_future()
    lost.set_exception(ValueError("lost"))
    del lost
    await asyncio.sleep(0)

    async def fails():
        raise KeyError("task")
    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    print(messages)

    class Sub(asyncio.Future):
        def extra(self):
            return "extra"
    s = Sub()
    loop.call_soon(s.set_result, "sub")
    print(await s, s.extra())

    class Foreign:
        """Somebody else's future, by the protocol alone."""
        _asyncio_future_blocking = None

        def __init__(self):
            self.callbacks, self.value = [], None

        def get_loop(self):
            return loop

        def add_done_callback(self, fn, *, context=None):
            self.callbacks.append(fn)

        def finish(self, value):
            self.value = value
            for fn in self.callbacks:
                loop.call_soon(fn, self)

        def result(self):
            return self.value

        def __await__(self):
            self._asyncio_future_blocking = True
            yield self
            return self.value
    foreign = Foreign()
    loop.call_soon(foreign.finish, "foreign")
    print(await foreign, asyncio.isfuture(foreign))

    class Yields:
        def __init__(self, what):
            self.what = what

        def __await__(self):
            yield self.what

    for bad in (5, loop.create_future(), "text"):
        try:
            await asyncio.create_task(as_coroutine(Yields(bad)))
        except RuntimeError as error:
            print(str(error).split(" got ")[0].split(" was used")[0].split("<")[0], "...")
    await as_coroutine(Yields(None))
    from_wrap = asyncio.wrap_future
    import concurrent.futures
    cf = concurrent.futures.Future()
    loop.call_soon(cf.set_result, "wrapped")
    print(await from_wrap(cf))


async def as_coroutine(awaitable):
    return await awaitable


asyncio.run(main())
