# The coroutine of asyncio.sleep: looked at, driven by hand, thrown into, dropped, and cancelled in a task.
import asyncio
import gc
import inspect
import re
import sys
import traceback
import types
import warnings

print(inspect.iscoroutinefunction(asyncio.sleep), inspect.signature(asyncio.sleep), asyncio.sleep.__name__, asyncio.sleep.__module__)


def fields(coro):
    frame = coro.cr_frame
    return (
        coro.__name__,
        coro.__qualname__,
        coro.cr_code.co_name,
        coro.cr_code.co_varnames[:2],
        frame and (frame.f_code is coro.cr_code, frame.f_locals["delay"], frame.f_locals["result"]),
        type(coro.cr_await).__name__,
        coro.cr_running,
        coro.cr_suspended,
        coro.cr_origin,
        inspect.getcoroutinestate(coro),
        isinstance(coro, types.CoroutineType),
    )


def attempt(f, *args):
    try:
        return f(*args)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def unawaited():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.sleep(3)
        gc.collect()
    return [str(w.message) for w in caught]


def by_hand():
    coro = asyncio.sleep(0, "given")
    print(fields(coro), re.sub("0x[0-9a-f]+", "0x", repr(coro)))
    print(attempt(coro.send, 1))
    print(attempt(coro.send, None), fields(coro))
    print(attempt(coro.send, None), fields(coro))
    print(attempt(coro.send, None))

    coro = asyncio.sleep(5)
    print(attempt(coro.throw, KeyError("early")), fields(coro))
    coro = asyncio.sleep(5)
    coro.close()
    print(fields(coro), attempt(coro.send, None))
    coro = asyncio.sleep(1)
    print(attempt(coro.send, None))  # no loop runs
    print(fields(coro))
    # What cannot be a delay is told when awaited.
    for delay in "soon", None, float("nan"), [1]:
        coro = asyncio.sleep(delay)
        print(attempt(coro.send, None))
    print(attempt(asyncio.sleep), attempt(asyncio.sleep, 1, 2, 3))


async def in_tasks():
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(asyncio.sleep(3600, "late"), name="sleeper")
    print(re.sub(r" at .*?:\d+>", " at PLACE>", repr(task)))
    await asyncio.sleep(0)
    print(re.sub(r" at .*?:\d+>", " at PLACE>", repr(task)))
    print([frame.f_code.co_name for frame in task.get_stack()], fields(task.get_coro()))
    task.cancel("enough")
    try:
        await task
    except asyncio.CancelledError as error:
        print(error.args, [f.name for f in traceback.extract_tb(error.__traceback__)])
    print(task.cancelled(), fields(task.get_coro()))

    async def nap(delay):
        return await asyncio.sleep(delay, result=("slept", delay))

    print(await asyncio.gather(nap(0.02), nap(0.01), nap(0), asyncio.sleep(0.001, "bare"), asyncio.sleep(True, 1)))

    # Its timer goes with it.
    coro = nap(3600)
    waiter = coro.send(None)
    print(type(waiter).__name__, waiter.done(), fields(coro.cr_await))
    print(attempt(coro.cr_await.send, None))
    coro.close()
    print(waiter.cancelled(), waiter.done())

    coro = nap(3600)
    coro.send(None)
    inner = coro.cr_await
    print(attempt(coro.throw, ValueError("woken")), inspect.getcoroutinestate(inner))

    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(3600)
    except TimeoutError as error:
        print("timeout", [f.name for f in traceback.extract_tb(error.__cause__.__traceback__)])

    # Awaited by two.
    coro = asyncio.sleep(0.01)

    async def share():
        return await coro

    print([re.sub("0x[0-9a-f]+", "0x", str(r)) for r in await asyncio.gather(share(), share(), return_exceptions=True)])


async def with_origins():
    sys.set_coroutine_origin_tracking_depth(2)
    try:
        coro = asyncio.sleep(0)
        print([name for _, _, name in coro.cr_origin])
        await coro
        await asyncio.sleep(0)
        print(await asyncio.sleep(0.001, "tracked"))
    finally:
        sys.set_coroutine_origin_tracking_depth(0)


print(unawaited())
by_hand()
asyncio.run(in_tasks())
asyncio.run(with_origins())
