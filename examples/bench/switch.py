# The cost of a task switch: TASKS tasks, each of which gives way SWITCHES times.
# usage: switch.py [TASKS [SWITCHES]]
import asyncio
import sys
import time


async def worker(switches):
    for _ in range(switches):
        await asyncio.sleep(0)


async def main(tasks, switches):
    await asyncio.gather(*[worker(2) for _ in range(min(tasks, 1000))])
    workers = [worker(switches) for _ in range(tasks)]
    start = time.perf_counter()
    await asyncio.gather(*workers)
    took = time.perf_counter() - start
    print(f"switch/{tasks} {took / (tasks * switches) * 1e9:.1f} ns")


tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
switches = int(sys.argv[2]) if len(sys.argv) > 2 else max(5, 300_000 // tasks)
asyncio.run(main(tasks, switches))
