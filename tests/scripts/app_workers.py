# Worker pool with retries and logging, queues, semaphores, executors, as_completed, barriers, groups, shields.
import asyncio, random, logging, sys, time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, format="%(levelname)s:%(name)s:%(taskName)s:%(message)s")
log = logging.getLogger("pool")
logging.getLogger("asyncio").setLevel(logging.WARNING)
class Retry(Exception): pass
def retry(times, *kinds, base=0.001):
    def deco(f):
        async def inner(*a, **k):
            for n in range(times):
                try: return await f(*a, **k)
                except kinds as e:
                    log.warning("attempt %d failed: %r", n + 1, e)
                    if n == times - 1: raise
                    await asyncio.sleep(base * 2 ** n)
        inner.__name__ = f.__name__
        return inner
    return deco
fails = Counter()
@retry(3, Retry)
async def flaky(i):
    fails[i] += 1
    if i % 3 == 0 and fails[i] < 3: raise Retry(i)
    if i == 7: raise ValueError("seven")
    return i * i
async def worker(name, q, results):
    while True:
        try: i = await q.get()
        except asyncio.QueueShutDown: return name
        try: results[i] = await flaky(i)
        except Exception: log.exception("lost %s", i)
        finally: q.task_done()
async def main():
    q = asyncio.Queue(5); results = {}
    ws = [asyncio.create_task(worker(f"w{n}", q, results), name=f"w{n}") for n in range(1)]
    for i in range(10): await q.put(i)
    await q.join()
    q.shutdown()
    print(await asyncio.gather(*ws), sorted(results.items()))
    pq = asyncio.PriorityQueue()
    for p in [(3, "c"), (1, "a"), (2, "b")]: pq.put_nowait(p)
    print([pq.get_nowait() for _ in range(3)])
    sem = asyncio.Semaphore(2); active = peak = 0
    async def limited(i):
        nonlocal active, peak
        async with sem:
            active += 1; peak = max(peak, active)
            await asyncio.sleep(0.001); active -= 1
            return i
    print(await asyncio.gather(*map(limited, range(6))), peak)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(3, thread_name_prefix="ex") as ex:
        print(await asyncio.gather(*(loop.run_in_executor(ex, pow, 2, n) for n in range(5))))
    print(await asyncio.to_thread(sum, range(100)))
    try: await asyncio.to_thread(int, "x")
    except ValueError as e: print(e)
    done = []
    for c in asyncio.as_completed([asyncio.sleep(d, d) for d in (0.03, 0.01, 0.02)]): done.append(await c)
    print(done); done = []
    async for t in asyncio.as_completed([asyncio.create_task(asyncio.sleep(d, d)) for d in (0.03, 0.01, 0.02)]): done.append(t.result())
    print(done)
    b = asyncio.Barrier(3); order = []
    async def part(n):
        i = await b.wait(); order.append(i); return i
    print(sorted(await asyncio.gather(*map(part, range(3)))))
    cond = asyncio.Condition(); items = deque()
    async def consume():
        async with cond:
            await cond.wait_for(lambda: items)
            return items.popleft()
    t = [asyncio.create_task(consume()) for _ in range(3)]
    await asyncio.sleep(0)
    async with cond: items.extend("xyz"); cond.notify_all()
    print(await asyncio.gather(*t))
    e = asyncio.Event(); loop.call_later(0.001, e.set); print(await e.wait())
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(asyncio.sleep(10)); tg.create_task(flaky(7))
    except* ValueError as eg: print(eg.exceptions)
    s = asyncio.shield(x := asyncio.create_task(asyncio.sleep(0.01, "kept")))
    s.cancel()
    try: await s
    except asyncio.CancelledError: print("cancelled", await x)
    print(await asyncio.wait_for(asyncio.sleep(0, "ok"), 1))
    try: await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except TimeoutError: print("too late")
    fut = asyncio.run_coroutine_threadsafe(asyncio.sleep(0, 5), loop)
    print(await asyncio.wrap_future(fut))
asyncio.run(main())
