# TaskGroup and timeout: results, failures, nested groups, cancellation from outside, rescheduling, misuse.
import asyncio

log = []


async def value(x, delay=0.0):
    await asyncio.sleep(delay)
    return x


async def fail(x, delay=0.0):
    await asyncio.sleep(delay)
    raise ValueError(x)


async def forever(name):
    try:
        await asyncio.sleep(3600)
    finally:
        log.append(name)


async def main():
    async with asyncio.TaskGroup() as tg:
        a = tg.create_task(value(1, 0.005))
        b = tg.create_task(value(2), name="b")
    print(a.result(), b.result(), b.get_name())
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(fail("first"))
            tg.create_task(forever("sibling"))
            await asyncio.sleep(3600)
    except ExceptionGroup as group:
        print(repr(group), log)
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(forever("on body error"))
            await asyncio.sleep(0)
            raise KeyError("body")
    except ExceptionGroup as group:
        print(repr(group), log)
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(fail(1))
            tg.create_task(fail(2))
    except* ValueError as group:
        print(sorted(str(e) for e in group.exceptions))
    try:
        async with asyncio.TaskGroup():
            async with asyncio.TaskGroup() as inner:
                inner.create_task(fail("nested"))
    except ExceptionGroup as group:
        print(repr(group))
    async with asyncio.TaskGroup() as tg:
        async def spawns():
            tg.create_task(value(log.append("spawned later")))
        tg.create_task(spawns())
    print(log[-1])
    async with asyncio.TaskGroup() as tg:
        t = tg.create_task(forever("cancelled alone"))
        await asyncio.sleep(0)
        t.cancel()
    print(t.cancelled(), "group went on")
    c = value(1)
    try:
        tg.create_task(c)
    except RuntimeError as error:
        print(str(error).split(">")[-1])
    c.close()

    async def group():
        async with asyncio.TaskGroup() as tg:
            tg.create_task(forever("outer cancel"))
    t = asyncio.create_task(group())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    t.cancel()
    await asyncio.wait([t])
    print(t.cancelled(), log[-1])

    async with asyncio.timeout(1) as limit:
        await asyncio.sleep(0)
    print(limit.expired(), limit.when() is not None)
    try:
        async with asyncio.timeout(0.005) as limit:
            await asyncio.sleep(3600)
    except TimeoutError:
        print(limit.expired(), asyncio.current_task().cancelling())
    async with asyncio.timeout(0.005) as limit:
        limit.reschedule(None)
        await asyncio.sleep(0.01)
    print("rescheduled", limit.expired())
    try:
        async with asyncio.timeout(None) as limit:
            limit.reschedule(asyncio.get_running_loop().time() - 1)
            await asyncio.sleep(3600)
    except TimeoutError as error:
        print("past", repr(error), repr(error.__cause__))
    try:
        async with asyncio.timeout(1):
            async with asyncio.timeout(0.005):
                await asyncio.sleep(3600)
    except TimeoutError:
        print("inner timeout")
    try:
        async with asyncio.timeout(0.005):
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                print("seen as cancellation")
                raise
    except TimeoutError:
        print("as TimeoutError outside")
    try:
        async with asyncio.timeout(0.005):
            raise KeyError("own error")
    except KeyError as error:
        print(repr(error))
    try:
        await limit.__aenter__()
    except RuntimeError as error:
        print(error)
    async with asyncio.timeout_at(asyncio.get_running_loop().time() + 5):
        print("timeout_at")


asyncio.run(main())
