# Callbacks handed to the loop by another thread: one at a time with an answer, and as many as it can.
# usage: threads.py [TIMES]
import asyncio
import sys
import threading
import time


def ask(loop, times):
    """Each call waits until the loop has answered the one before."""
    answered = threading.Semaphore(0)
    for _ in range(times):
        loop.call_soon_threadsafe(answered.release)
        answered.acquire()


def flood(loop, times):
    def nothing():
        pass

    for _ in range(times):
        loop.call_soon_threadsafe(nothing)
    # It comes after all the others.
    answered = threading.Semaphore(0)
    loop.call_soon_threadsafe(answered.release)
    answered.acquire()


async def in_thread(work, times):
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def run():
        start = time.perf_counter()
        work(loop, times)
        took = time.perf_counter() - start
        loop.call_soon_threadsafe(done.set_result, took)

    thread = threading.Thread(target=run)
    thread.start()
    took = await done
    thread.join()
    return took


async def main(times):
    for name, work, times in ("round_trip", ask, times // 10), ("flood", flood, times):
        await in_thread(work, 100)
        took = await in_thread(work, times)
        print(f"thread_{name} {took / times * 1e6:.3f} us")


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))
