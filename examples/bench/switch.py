# The cost of a task switch: TASKS tasks, each of which gives way SWITCHES times.
# usage: switch.py [TASKS [SWITCHES]]
import asyncio
import sys
import time


async def worker(switches):
    for _ in range(switches):
        await asyncio.sleep(0)


async def run(tasks, switches):
    workers = [asyncio.create_task(worker(switches)) for _ in range(tasks)]
    # Each takes its first step; making them is no part of the figure.
    await asyncio.sleep(0)
    start = time.perf_counter()
    # They go in turn, so the last is the last to end.
    await workers[-1]
    took = time.perf_counter() - start
    for task in workers:
        await task
    return took


async def main(tasks, switches):
    await run(min(tasks, 1000), 5)
    took = await run(tasks, switches)
    print(f"switch/{tasks} {took / (tasks * switches) * 1e9:.1f} ns")


tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
switches = int(sys.argv[2]) if len(sys.argv) > 2 else max(5, 300_000 // tasks)
asyncio.run(main(tasks, switches))
