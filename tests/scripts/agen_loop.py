# Async generators in a loop: closing on break, by garbage, at shutdown; aclosing; concurrent use; cancellation inside.
import asyncio
import contextlib


async def ticks(name, n=100):
    print(name, "start")
    try:
        for i in range(n):
            yield i
            await asyncio.sleep(0)
    finally:
        await asyncio.sleep(0)
        print(name, "cleaned up")


async def main():
    async for i in ticks("broken off"):
        break
    print("after break")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    async with contextlib.aclosing(ticks("aclosing")) as source:
        async for i in source:
            if i == 2:
                break
    print("after aclosing")
    print([i async for i in ticks("whole", 3)])
    g = ticks("shared")

    async def pull():
        return await g.__anext__()
    results = await asyncio.gather(pull(), pull(), return_exceptions=True)
    print([repr(r) for r in results])
    await g.aclose()

    async def consume():
        async for _ in ticks("cancelled"):
            await asyncio.sleep(3600)

    task = asyncio.create_task(consume())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    print(task.cancelled())
    await asyncio.sleep(0.005)
    global left
    left = ticks("left open")
    print(await anext(left))


asyncio.run(main())
print("loop closed", left.ag_frame)


async def merge(*sources):
    queue = asyncio.Queue()

    async def feed(source):
        async for item in source:
            await queue.put(item)
        await queue.put(None)
    async with asyncio.TaskGroup() as group:
        for source in sources:
            group.create_task(feed(source))
        open_ = len(sources)
        while open_:
            item = await queue.get()
            if item is None:
                open_ -= 1
            else:
                yield item


async def squares(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i * i


async def main2():
    print(sorted([x async for x in merge(squares(3), squares(5))]))

asyncio.run(main2())
