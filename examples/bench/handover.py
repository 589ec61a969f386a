# One task makes another go on: by an Event, a Queue, a Lock, a Semaphore.
# usage: handover.py [TIMES]
import asyncio
import sys
import time


async def event(times):
    """Two tasks wake each other in turn."""
    ping, pong = asyncio.Event(), asyncio.Event()

    async def answer():
        for _ in range(times // 2):
            await ping.wait()
            ping.clear()
            pong.set()

    task = asyncio.create_task(answer())
    for _ in range(times // 2):
        ping.set()
        await pong.wait()
        pong.clear()
    await task


async def queue(times):
    """A producer and a consumer with room for one item, so that they alternate."""
    items = asyncio.Queue(1)

    async def produce():
        for i in range(times):
            await items.put(i)

    task = asyncio.create_task(produce())
    for _ in range(times):
        await items.get()
    await task


async def contend(times, make):
    """Ten tasks pass one permit around; each gives way while it has it, so the others always have to wait."""
    permit = make()

    async def work():
        for _ in range(times // 10):
            async with permit:
                await asyncio.sleep(0)

    await asyncio.gather(*[work() for _ in range(10)])


async def lock(times):
    await contend(times, asyncio.Lock)


async def semaphore(times):
    await contend(times, lambda: asyncio.Semaphore(1))


async def main(times):
    for handover in event, queue, lock, semaphore:
        await handover(100)
        start = time.perf_counter()
        await handover(times)
        took = time.perf_counter() - start
        print(f"{handover.__name__} {took / times * 1e9:.1f} ns")


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))
