# The cost of a resume through DEPTH coroutines that await one another.
# usage: depth.py [DEPTH [RESUMES]]
import asyncio
import sys
import time


async def await_down(depth, resumes):
    if depth > 1:
        await await_down(depth - 1, resumes)
    else:
        for _ in range(resumes):
            await asyncio.sleep(0)


async def main(depth, resumes):
    await await_down(depth, 1000)
    start = time.perf_counter()
    await await_down(depth, resumes)
    took = time.perf_counter() - start
    print(f"depth/{depth} {took / resumes * 1e9:.1f} ns")


depth = int(sys.argv[1]) if len(sys.argv) > 1 else 50
asyncio.run(main(depth, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000))
