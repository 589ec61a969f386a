# Tasks that all wait for one Event: making and parking them, waking and awaiting them, and what each takes of memory.
# usage: park.py [TASKS [TIMES]]
import asyncio
import os
import sys
import time


def resident():
    """The bytes of this process that are in memory."""
    try:
        file = os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    pages = os.read(file, 100).split()[1]
    os.close(file)
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def waiter(event):
    await event.wait()


async def park(tasks):
    """Seconds, and bytes while they are parked."""
    event = asyncio.Event()
    before = resident()
    start = time.perf_counter()
    waiters = [asyncio.create_task(waiter(event)) for _ in range(tasks)]
    await asyncio.sleep(0)
    took = time.perf_counter() - start
    parked = resident() - before
    start = time.perf_counter()
    event.set()
    for task in waiters:
        await task
    return took + time.perf_counter() - start, parked


async def main(tasks, times):
    await park(10)
    # The first of them finds no memory that an earlier one left.
    took, parked = await park(tasks)
    for _ in range(times - 1):
        took += (await park(tasks))[0]
    print(f"park/{tasks} {took / (tasks * times) * 1e9:.1f} ns")
    # Pages are too coarse to tell what a few tasks take.
    if tasks >= 10_000:
        print(f"park_memory/{tasks} {parked / tasks:.1f} B")


tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
times = int(sys.argv[2]) if len(sys.argv) > 2 else max(1, 20_000 // tasks)
asyncio.run(main(tasks, times))
