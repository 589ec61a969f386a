# Threads and the loop: to_thread, run_in_executor, call_soon_threadsafe, run_coroutine_threadsafe, threading basics.
import asyncio
import concurrent.futures
import contextvars
import threading
import time

var = contextvars.ContextVar("var", default="none")


def work(x):
    if x < 0:
        raise ValueError(x)
    return x * 2, threading.current_thread() is threading.main_thread()


async def main():
    loop = asyncio.get_running_loop()
    print(await asyncio.to_thread(work, 4))
    var.set("carried over")
    print(await asyncio.to_thread(var.get), await loop.run_in_executor(None, var.get))
    try:
        await asyncio.to_thread(work, -1)
    except ValueError as error:
        print("raised", error)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        print(await asyncio.gather(*(loop.run_in_executor(pool, work, n) for n in range(4))))
    done = asyncio.Event()
    seen = []

    def other():
        for n in range(3):
            loop.call_soon_threadsafe(seen.append, n)
        loop.call_soon_threadsafe(done.set)
    thread = threading.Thread(target=other, name="other")
    thread.start()
    await done.wait()
    thread.join()
    print(seen, thread.is_alive(), thread.name)

    async def coroutine(x):
        await asyncio.sleep(0)
        return x + 1

    def asks():
        future = asyncio.run_coroutine_threadsafe(coroutine(41), loop)
        return future.result(5)
    print(await asyncio.to_thread(asks))
    ticks = 0

    async def ticker():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)
    task = asyncio.create_task(ticker())
    await asyncio.to_thread(time.sleep, 0.05)
    task.cancel()
    print("the loop went on meanwhile:", ticks > 3)
    sleeping = loop.run_in_executor(None, time.sleep, 0.01)
    print(sleeping.done(), await sleeping)


asyncio.run(main())
lock = threading.Lock()
total = 0


def add():
    global total
    for _ in range(1000):
        with lock:
            total += 1


threads = [threading.Thread(target=add) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(total, lock.locked(), lock.acquire(), lock.acquire(blocking=False), lock.acquire(timeout=0.005))
lock.release()
ready, result = threading.Event(), []
thread = threading.Thread(target=lambda: (ready.wait(), result.append("woken")), daemon=True)
thread.start()
print(result, ready.is_set())
ready.set()
thread.join(5)
print(result)
local = threading.local()
local.x = "main"


def sees():
    result.append(getattr(local, "x", "nothing"))


thread = threading.Thread(target=sees)
thread.start()
thread.join()
print(result[-1], local.x)


def fails():
    raise ValueError("in a thread")


threading.excepthook = lambda args: print("hook", args.exc_type.__name__, args.exc_value, args.thread.name)
thread = threading.Thread(target=fails, name="failing")
thread.start()
thread.join()
rlock = threading.RLock()
with rlock, rlock:
    print("re-entered")
print(threading.active_count(), threading.current_thread().name)
