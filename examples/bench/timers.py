# Timers: set; fired, all being due; cancelled, with what the loop does to get rid of them.
# usage: timers.py [TIMERS [TIMES]]
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

    # In no order, as timers come, and none is due while they are set.
    spread = 5e-6 * timers
    first = loop.time() + 1e-3 + spread
    start = time.perf_counter()
    for i in range(timers):
        loop.call_at(first + i * 7919 % timers / timers * spread, fire)
    set_ = time.perf_counter() - start

    # All are due when the loop looks again.
    time.sleep(max(0, first + spread - loop.time()) + 2e-3)

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


async def main(timers, times):
    await measure(min(timers, 1000))
    sums = [0, 0, 0]
    for _ in range(times):
        sums = [a + b for a, b in zip(sums, await measure(timers))]
    for name, took in zip(("set", "fire", "cancel"), sums):
        print(f"timer_{name}/{timers} {took / (timers * times) * 1e9:.1f} ns")


timers = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
times = int(sys.argv[2]) if len(sys.argv) > 2 else max(1, min(100, 50_000 // timers))
asyncio.run(main(timers, times))
