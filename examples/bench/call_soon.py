# Plain callbacks: a chain in which each schedules the next (one a round), and many in one round.
# usage: call_soon.py [CALLBACKS]
import asyncio
import sys
import time


async def chain(callbacks):
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def step(left):
        if left:
            loop.call_soon(step, left - 1)
        else:
            done.set_result(None)

    step(callbacks)
    await done


async def batch(callbacks):
    loop = asyncio.get_running_loop()

    def nothing(_):
        pass

    for i in range(callbacks):
        loop.call_soon(nothing, i)
    await asyncio.sleep(0)


async def main(callbacks):
    for schedule in chain, batch:
        await schedule(1000)
        start = time.perf_counter()
        await schedule(callbacks)
        took = time.perf_counter() - start
        print(f"call_soon_{schedule.__name__} {took / callbacks * 1e9:.1f} ns")


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
