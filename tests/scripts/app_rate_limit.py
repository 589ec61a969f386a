# Token bucket, circuit breaker, periodic job, shared loads, first of many, timers, exception handler, cancel messages.
import asyncio, time, functools, heapq, random
class Bucket:
    def __init__(self, rate, cap): self.rate, self.cap, self.tokens, self.t = rate, cap, cap, None; self.lock = asyncio.Lock()
    async def take(self, n=1):
        loop = asyncio.get_running_loop()
        async with self.lock:
            while True:
                now = loop.time(); self.t = self.t or now
                self.tokens = min(self.cap, self.tokens + (now - self.t) * self.rate); self.t = now
                if self.tokens >= n: self.tokens -= n; return
                await asyncio.sleep((n - self.tokens) / self.rate)
class Breaker:
    def __init__(self): self.n = 0; self.open = False
    def __call__(self, f):
        @functools.wraps(f)
        async def w(*a):
            if self.open: raise RuntimeError("circuit open")
            try: r = await f(*a)
            except ConnectionError:
                self.n += 1
                if self.n >= 2: self.open = True
                raise
            self.n = 0; return r
        return w
br = Breaker()
@br
async def call(x):
    "doc"
    if x > 2: raise ConnectionRefusedError(111, "Connection refused")
    return x
class Periodic:
    def __init__(self, f, every): self.f, self.every, self.task = f, every, None
    async def _run(self):
        while True:
            r = self.f()
            if asyncio.iscoroutine(r): await r
            await asyncio.sleep(self.every)
    def __enter__(self): self.task = asyncio.create_task(self._run(), name="periodic"); return self
    def __exit__(self, *e): self.task.cancel()
async def cached():
    cache = {}
    async def get(k):
        if k not in cache: cache[k] = asyncio.ensure_future(load(k))
        return await cache[k]
    n = 0
    async def load(k):
        nonlocal n; n += 1; await asyncio.sleep(0); return k.upper()
    return await asyncio.gather(*(get(k) for k in "abab")), n
async def main():
    b = Bucket(1000, 3); t = time.monotonic()
    await asyncio.gather(*(b.take() for _ in range(10)))
    print(time.monotonic() - t >= 0.006)
    for i in range(6):
        try: print(await call(i))
        except (ConnectionError, RuntimeError) as e: print(type(e).__name__, e)
    print(call.__doc__, call.__name__)
    ticks = []; done = asyncio.Event()
    def tick():
        ticks.append(1)
        if len(ticks) == 5: done.set()
    with Periodic(tick, 0.001) as p: await done.wait()
    await asyncio.sleep(0); print(len(ticks), p.task)
    print(await cached())
    async def first(*cs):
        ts = [asyncio.create_task(c) for c in cs]
        d, pend = await asyncio.wait(ts, return_when=asyncio.FIRST_COMPLETED)
        for t in pend: t.cancel()
        await asyncio.gather(*pend, return_exceptions=True)
        return d.pop().result(), [t.cancelled() for t in pend]
    print(await first(asyncio.sleep(5, 1), asyncio.sleep(0.001, 2), asyncio.sleep(7, 3)))
    loop = asyncio.get_running_loop()
    log = []; hs = [loop.call_later(d, log.append, d) for d in (0.004, 0.002, 0.003)]; hs[2].cancel(); await asyncio.sleep(0.02); print(log, hs[2].cancelled())
    loop.set_exception_handler(lambda l, c: print("handler:", c["message"], repr(c.get("exception"))))
    loop.call_soon(lambda: 1 / 0); await asyncio.sleep(0)
    async def boom(): raise KeyError("k")
    t = asyncio.create_task(boom()); await asyncio.sleep(0); await asyncio.sleep(0); del t
    import gc; gc.collect()
    async def dead():
        try: await asyncio.sleep(10)
        except asyncio.CancelledError as e: print("cm", e.args); raise
    t = asyncio.create_task(dead()); await asyncio.sleep(0); t.cancel("why")
    try: await t
    except asyncio.CancelledError as e: print(e.args, t.cancelled(), t.cancelling())
    t = asyncio.current_task(); print(t.get_name(), t.get_coro().__qualname__, t.uncancel())
    t.set_name("renamed"); print(t.get_name())
    c = main()
    try: asyncio.run(c)
    except RuntimeError as e: print(e)
    c.close()
    try:
        async with asyncio.timeout(0.001) as tm: await asyncio.sleep(1)
    except TimeoutError as e: print(tm.expired(), tm, repr(e.__cause__))
    async with asyncio.timeout(None) as tm: tm.reschedule(loop.time() + 10)
    print(tm.expired())
asyncio.run(main(), debug=False)
