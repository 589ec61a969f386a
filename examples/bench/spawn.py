# The cost of a short task: made, run to its end, awaited.
# usage: spawn.py [TASKS [TIMES]]
import asyncio
import sys
import time


async def child():
    pass


async def spawn_and_join(tasks):
    for task in [asyncio.create_task(child()) for _ in range(tasks)]:
        await task


async def main(tasks, times):
    await spawn_and_join(min(tasks, 1000))
    start = time.perf_counter()
    for _ in range(times):
        await spawn_and_join(tasks)
    took = time.perf_counter() - start
    print(f"spawn/{tasks} {took / (tasks * times) * 1e9:.1f} ns")


tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
# Few tasks are over too soon for the clock.
times = int(sys.argv[2]) if len(sys.argv) > 2 else max(1, 50_000 // tasks)
asyncio.run(main(tasks, times))
