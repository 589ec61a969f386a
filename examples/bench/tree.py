# Trees of tasks, six children each: gather, and a TaskGroup.
# usage: tree.py [LEVELS]
import asyncio
import sys
import time


async def gather(levels):
    if levels:
        await asyncio.gather(*[gather(levels - 1) for _ in range(6)])


async def group(levels):
    if levels:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(6):
                tasks.create_task(group(levels - 1))


async def main(levels):
    for name, tree in ("gather_tree", gather), ("taskgroup_tree", group):
        await tree(2)
        start = time.perf_counter()
        await tree(levels)
        took = time.perf_counter() - start
        print(f"{name}/{levels} {took * 1e3:.3f} ms")


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 6))
