# Async generators: `async for`, and a loop over `asend`, neither of which ever waits.
# usage: agen.py [ITEMS]
import asyncio
import sys
import time


async def count(items):
    for i in range(items):
        yield i


async def iterate(items):
    async for _ in count(items):
        pass


async def send(items):
    counter = count(items)
    for _ in range(items):
        await counter.asend(None)
    await counter.aclose()


async def main(items):
    for name, loop in ("agen_item", iterate), ("agen_asend", send):
        await loop(1000)
        start = time.perf_counter()
        await loop(items)
        took = time.perf_counter() - start
        print(f"{name} {took / items * 1e9:.1f} ns")


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000))
