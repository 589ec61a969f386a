# gather, wait, wait_for, shield, as_completed: results, errors, cancellation, timeouts.
import asyncio


async def value(x, delay=0.0):
    await asyncio.sleep(delay)
    return x


async def fail(x, delay=0.0):
    await asyncio.sleep(delay)
    raise ValueError(x)


async def main():
    print(await asyncio.gather(value(1, 0.01), value(2), value(3)), await asyncio.gather())
    print([repr(r) for r in await asyncio.gather(value(1), fail(2), return_exceptions=True)])
    slow = asyncio.create_task(value("slow", 0.01))
    try:
        await asyncio.gather(slow, fail("first"), fail("second"))
    except ValueError as error:
        print("gather raised", error, slow.done())
    print(await slow)
    g = asyncio.gather(value(1, 3600), value(2, 3600))
    await asyncio.sleep(0)
    g.cancel()
    try:
        await g
    except asyncio.CancelledError:
        print("gather cancelled", g.cancelled())

    def names(tasks):
        return sorted(task.get_name() for task in tasks)

    def three():
        return [asyncio.create_task(value(1), name="a"), asyncio.create_task(fail(2, 0.005), name="b"),
                asyncio.create_task(value(3, 0.02), name="c")]
    for when in (asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED):
        done, pending = await asyncio.wait(three(), return_when=when)
        print(when, names(done), names(pending))
        await asyncio.gather(*done, *pending, return_exceptions=True)
    done, pending = await asyncio.wait(three(), timeout=0.001)
    print("timeout", names(done), names(pending))
    await asyncio.gather(*done, *pending, return_exceptions=True)
    for bad in (lambda: asyncio.wait([]), lambda: asyncio.wait([asyncio.current_task()], return_when="odd"), lambda: asyncio.wait(value(1))):
        try:
            await bad()
        except (ValueError, TypeError) as error:
            print(type(error).__name__)

    print(await asyncio.wait_for(value("in time"), 1), await asyncio.wait_for(value("no limit"), None))
    try:
        await asyncio.wait_for(value("late", 3600), 0.005)
    except TimeoutError as error:
        print("timeout", repr(error), asyncio.TimeoutError is TimeoutError)
    try:
        await asyncio.wait_for(fail("inner"), 1)
    except ValueError as error:
        print("through wait_for", error)
    task = asyncio.create_task(value("never", 3600))
    try:
        await asyncio.wait_for(task, 0)
    except TimeoutError:
        print("zero", task.cancelled())
    print(await asyncio.wait_for(asyncio.ensure_future(value("done")), 0.5))

    inner = asyncio.create_task(value("shielded", 0.01))
    outer = asyncio.ensure_future(asyncio.shield(inner))
    await asyncio.sleep(0)
    outer.cancel()
    try:
        await outer
    except asyncio.CancelledError:
        print("outer cancelled", inner.cancelled(), await inner)
    try:
        await asyncio.shield(fail("s"))
    except ValueError as error:
        print("shield raised", error)
    print(await asyncio.shield(value("plain")))

    print([await first for first in asyncio.as_completed([value("c", 0.02), value("a"), value("b", 0.01)])])
    try:
        for first in asyncio.as_completed([value(1, 3600)], timeout=0.005):
            await first
    except TimeoutError:
        print("as_completed timeout")
    async for task in asyncio.as_completed([value("x", 0.005), value("y")]):
        print(await task, end=" ")
    print()
    try:
        await asyncio.gather(value(1), 5)
    except TypeError as error:
        print(error)


asyncio.run(main())
