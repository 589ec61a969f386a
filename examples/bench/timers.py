# Timers: set, fired, and set and cancelled with what the loop does to get rid of them.
# usage: timers.py [TIMERS]
import asyncio
import sys
import time


async def measure(timers):
    """Nanoseconds for each timer: to set it, to fire it, to cancel it."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = timers

    def fire():
        nonlocal left
        left -= 1
        if left == 0:
            done.set_result(None)

    # In no order, as timers come; all are due when the loop looks.
    now = loop.time() - 1
    start = time.perf_counter()
    for i in range(timers):
        loop.call_at(now + i * 7919 % timers / timers, fire)
    set_ = time.perf_counter() - start

    start = time.perf_counter()
    await done
    fired = time.perf_counter() - start

    handles = [loop.call_later(3600 + i * 7919 % timers, fire) for i in range(timers)]
    start = time.perf_counter()
    for handle in handles:
        handle.cancel()
    await asyncio.sleep(0)
    cancelled = time.perf_counter() - start
    return set_, fired, cancelled


async def main(timers):
    await measure(min(timers, 1000))
    times = max(1, 50_000 // timers)
    sums = [0, 0, 0]
    for _ in range(times):
        sums = [a + b for a, b in zip(sums, await measure(timers))]
    for name, took in zip(("set", "fire", "cancel"), sums):
        print(f"timer_{name}/{timers} {took / (timers * times) * 1e9:.1f} ns")


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
