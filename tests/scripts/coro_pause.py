# A coroutine that waits in `await asyncio.sleep(0)`, looked at from outside: by its fields, throw, close, another sender.
import asyncio
import gc
import inspect


async def twice():
    first = await asyncio.sleep(0)
    second = await asyncio.sleep(0)
    return first, second


async def guarded(log):
    try:
        await asyncio.sleep(0)
    except ValueError as error:
        log.append(repr(error))
        await asyncio.sleep(0)
    finally:
        log.append("finally")
    return "end"


def fields(coro):
    awaited = coro.cr_await
    return type(awaited).__name__, getattr(awaited, "__name__", None), inspect.getcoroutinestate(coro)


def run_out(coro, *sent):
    out = []
    try:
        for value in sent:
            out.append(coro.send(value))
    except StopIteration as stop:
        out.append(("returned", stop.value))
    return out


# Twice over each: the second time the call is specialized.
for _ in range(2):
    print(run_out(twice(), None, None, None))
    # What is sent to a pause is dropped.
    print(run_out(twice(), None, 5, "x"))

    coro = twice()
    coro.send(None)
    print(fields(coro), coro.cr_await is coro.cr_await)
    print(run_out(coro, None, None))
    print(fields(coro))

    coro = twice()
    coro.send(None)
    try:
        coro.throw(KeyError("k"))
    except KeyError as error:
        names = []
        tb = error.__traceback__
        while tb:
            names.append(tb.tb_frame.f_code.co_name)
            tb = tb.tb_next
        print(repr(error), names[:2], fields(coro))

    log = []
    coro = guarded(log)
    coro.send(None)
    print(coro.throw(ValueError("v")), log, fields(coro))
    print(run_out(coro, None), log)

    log = []
    coro = guarded(log)
    coro.send(None)
    coro.close()
    print(log, fields(coro))

    log = []
    coro = guarded(log)
    coro.send(None)
    del coro
    gc.collect()
    print(log)


class Slow:
    """Not the module's function, but called like it."""

    def __init__(self):
        self.calls = 0

    def sleep(self, delay):
        self.calls += 1
        return asyncio.sleep(delay, "slow")


async def through(module, times):
    out = []
    for _ in range(times):
        out.append(await module.sleep(0))
    return out


async def delays(*values):
    out = []
    for value in values:
        try:
            out.append(await asyncio.sleep(value))
        except (TypeError, ValueError) as error:
            out.append(type(error).__name__)
    return out


async def arguments():
    sleep = asyncio.sleep
    return [await sleep(0), await sleep(0, "r"), await sleep(delay=0, result=2), await sleep(-1), await sleep(0.0), await sleep(False)]


async def order():
    log = []

    async def worker(name):
        for step in range(3):
            log.append(f"{name}{step}")
            await asyncio.sleep(0)

    await asyncio.gather(*(worker(name) for name in "abc"))
    return " ".join(log)


async def cancelled_in_pause():
    log = []

    async def worker():
        try:
            while True:
                await asyncio.sleep(0)
        except asyncio.CancelledError as error:
            log.append(error.args)
            raise

    task = asyncio.create_task(worker())
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel("enough")
    try:
        await task
    except asyncio.CancelledError as error:
        log.append(error.args)
    log.append(task.cancelled())
    return log


async def stack_of_pause():
    async def inner():
        await asyncio.sleep(0)

    async def outer():
        await inner()

    task = asyncio.create_task(outer())
    await asyncio.sleep(0)
    coro = task.get_coro()
    chain = []
    while inspect.iscoroutine(coro):
        chain.append(coro.__name__)
        coro = coro.cr_await
    frames = [frame.f_code.co_name for frame in task.get_stack()]
    await task
    return chain[:3], frames


async def made_and_awaited_later():
    coro = asyncio.sleep(0)
    state = inspect.iscoroutine(coro)
    return state, await coro


async def main():
    slow = Slow()
    print(await through(asyncio, 3), await through(slow, 2), await through(asyncio, 2), slow.calls)
    print(await delays(0, 0, "x", 0, None, float("nan"), 0))
    print(await arguments())
    print(await order())
    print(await cancelled_in_pause())
    print(await stack_of_pause())
    print(await made_and_awaited_later())


asyncio.run(main())
