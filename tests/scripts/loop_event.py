# asyncio.Event: what is seen of its waiters, and every way that their waiting ends.
import asyncio
import gc
import inspect
import re
import traceback
import types
import warnings

warnings.simplefilter("ignore")


async def waiter(event):
    return await event.wait()


def state(event):
    return str(event).split(" [")[1]


def masked(x):
    return re.sub(r" at [^ >]+|0x[0-9a-f]+| file '.*', line [0-9]+,|(?<=Task-)[0-9]+", "", repr(x))


async def parked(event, **kwargs):
    task = asyncio.create_task(waiter(event), **kwargs)
    await asyncio.sleep(0)
    return task


async def ending(task):
    try:
        return await task
    except BaseException as e:
        return repr(e)


async def looks():
    event = asyncio.Event()
    print(inspect.iscoroutinefunction(event.wait), inspect.signature(asyncio.Event.wait), state(event))
    c = event.wait()
    print(type(c).__name__, inspect.iscoroutine(c), asyncio.iscoroutine(c), inspect.isawaitable(c))
    print(isinstance(c, types.CoroutineType), inspect.getcoroutinestate(c), c.__name__, c.__qualname__, c.cr_origin)
    print(c.cr_code is asyncio.Event.wait.__code__, list(c.cr_frame.f_locals), c.cr_await, masked(c))
    c.close()
    print(inspect.getcoroutinestate(c), c.cr_frame)
    print(await ending(c))

    task = await parked(event)
    c = task.get_coro().cr_await
    print(masked(task), state(event))
    print(inspect.getcoroutinestate(c), masked(c), masked(c.cr_frame), sorted(c.cr_frame.f_locals))
    print(c.cr_frame.f_locals["fut"] is task._fut_waiter, masked(task._fut_waiter), masked(c.cr_await))
    print(type(event._waiters).__name__, list(event._waiters) == [task._fut_waiter], len(task.get_stack()))
    event.set()
    print(masked(task._fut_waiter), await task, masked(task), state(event))
    event.clear()

    tasks = [await parked(event, name=name) for name in (None, "own", None)]
    print([re.sub("[0-9]+", "N", t.get_name()) for t in tasks], state(event))
    numbers = [int(t.get_name()[5:]) for t in tasks[::2]]
    print("names count:", numbers[1] - numbers[0], "all:", len(asyncio.all_tasks()))
    event.set()
    print(await asyncio.gather(*tasks), state(event))


async def ends():
    event = asyncio.Event()
    order = []

    async def noted(n):
        await event.wait()
        order.append(n)

    tasks = [asyncio.create_task(noted(n)) for n in range(6)]
    await asyncio.sleep(0)
    for n in 1, 3, 4:
        tasks[n].cancel(f"no {n}")
    print([await ending(tasks[n]) for n in (4, 1, 3)], state(event))
    event.set()
    await asyncio.gather(tasks[0], tasks[2], tasks[5])
    print(order, state(event))

    for first in "set", "cancel":
        event.clear()
        task = await parked(event)
        event.set() if first == "set" else task.cancel()
        event.set() if first != "set" else task.cancel()
        print(first, await ending(task), state(event))
    event.clear()
    try:
        await asyncio.wait_for(event.wait(), 0.001)
    except TimeoutError:
        print("timeout", state(event))
    task = asyncio.create_task(event.wait())
    await asyncio.sleep(0)
    event.set()
    event.clear()
    print("set for a moment:", await task)

    # Those that leave while one stays.
    keeper = await parked(event)
    for _ in range(300):
        task = await parked(event)
        task.cancel()
        await ending(task)
    print(state(event), len(event._waiters))
    task = await parked(event)
    event.set()
    print(await keeper, await task, state(event))
    event.clear()

    task = await parked(event)
    task.get_coro().close()
    print(masked(task), state(event))
    event.set()
    await asyncio.sleep(0)
    print(task.done(), task.cancel(), await ending(task))
    event.clear()

    task = await parked(event)
    try:
        task.get_coro().throw(ValueError("thrown"))
    except ValueError as e:
        print(repr(e), state(event), task.done())
    task.cancel()
    print(await ending(task))


async def by_hand():
    event = asyncio.Event()
    w = event.wait()
    f = w.send(None)
    print(masked(f), f._asyncio_future_blocking, state(event))
    try:
        w.send(None)
    except RuntimeError as e:
        print(e, state(event))
    w = event.wait()
    w.send(None)
    print(state(event))
    del w
    print(state(event))
    w = event.wait()
    try:
        w.send(1)
    except TypeError as e:
        print(e)
    w.send(None)
    try:
        w.throw(KeyError("k"))
    except KeyError as e:
        print(repr(e), state(event))
    w = event.wait()
    w.send(None)
    event.set()
    try:
        w.send(None)
    except StopIteration as e:
        print("value", e.value, state(event))

    class Through:
        def __await__(self):
            it = event.wait().__await__()
            while True:
                try:
                    x = next(it)
                except StopIteration as e:
                    return e.value
                print("saw", type(x).__name__)
                yield x

    async def through():
        return await Through()

    async def items():
        await event.wait()
        yield "item"

    async def first():
        async for x in items():
            return x

    for f in through, first:
        event.clear()
        task = asyncio.create_task(f())
        await asyncio.sleep(0)
        event.set()
        print(await task, state(event))

    class Counting(asyncio.Event):
        waits = 0

        async def wait(self):
            self.waits += 1
            return await super().wait()

    counting = Counting()
    task = asyncio.create_task(counting.wait())
    await asyncio.sleep(0)
    counting.set()
    print(await task, counting.waits, counting.__dict__.get("waits"))


async def lost():
    asyncio.get_running_loop().set_exception_handler(lambda loop, c: print(c["message"], sorted(c)))
    task = asyncio.create_task(waiter(asyncio.Event()))
    await asyncio.sleep(0)
    del task
    gc.collect()
    await asyncio.sleep(0)
    event = asyncio.Event()
    await parked(event)
    return event


async def elsewhere(event):
    event.clear()
    try:
        await event.wait()
    except RuntimeError as e:
        print(str(e)[-36:])


async def told():
    event = asyncio.Event()
    task = await parked(event)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError as e:
        print([f.name for f in traceback.extract_tb(e.__traceback__)])
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    task = asyncio.create_task(waiter(event))
    print(state(event))
    event.set()
    print(await task)


async def many():
    event = asyncio.Event()
    tasks = [asyncio.create_task(waiter(event)) for _ in range(20_000)]
    await asyncio.sleep(0)
    print(state(event), sum(t._fut_waiter is not None for t in tasks[::1000]))
    for t in tasks[::2]:
        t.cancel()
    await asyncio.sleep(0)
    print(state(event))
    event.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    print(results.count(True), sum(isinstance(r, asyncio.CancelledError) for r in results))


asyncio.run(looks())
asyncio.run(ends())
asyncio.run(by_hand())
event = asyncio.run(lost())
asyncio.run(elsewhere(event))
asyncio.run(told())
asyncio.run(many())
