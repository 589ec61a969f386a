# TimerHandle: what it shows, how it compares, what becomes of cancelled ones, order among many.
import asyncio
import gc
import weakref


async def attributes():
    loop = asyncio.get_running_loop()
    h = loop.call_later(5, print, 1)
    print(isinstance(h, asyncio.Handle), issubclass(asyncio.TimerHandle, asyncio.Handle), h._scheduled)
    print(4.9 < h.when() - loop.time() <= 5, h.when() == h._when, h._args, h._callback is print, h._loop is loop)
    print(h in loop._scheduled, len(loop._scheduled))
    h.cancel()
    h.cancel()
    print(h.cancelled(), h._args, h._callback, h._scheduled, len(loop._scheduled))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print(h._scheduled, len(loop._scheduled))
    h = loop.call_later(0.001, lambda: print("fired", h._scheduled, h.cancelled()))
    await asyncio.sleep(0.01)
    h.cancel()
    print(h._scheduled, h.cancelled())


async def comparing():
    loop = asyncio.get_running_loop()
    make = lambda when, *args: asyncio.TimerHandle(when, print, args, loop)
    a, b, c = make(3.0, 1), make(3.0, 1), make(4.0, 1)
    print(a == b, a != b, a <= b, a >= b, a < b, a > b, hash(a) == hash(b) == hash(3.0))
    print(a == c, a < c, c > a, a <= c, c >= a, a > c, a == make(3.0, 2), a <= make(3.0, 2))
    print(a == 1, a != 1, a == asyncio.Handle(print, (1,), loop))
    try:
        a < 1
    except TypeError as e:
        print(e)
    print(sorted([c, a])[0] is a, a._scheduled, a.when(), a)
    a.cancel()
    print(a == b, a.cancelled(), a)
    for bad in (), (1,), (1, print), (1, print, ()):
        try:
            asyncio.TimerHandle(*bad)
        except TypeError:
            print("TypeError")
    b._run()

    class Mine(asyncio.TimerHandle):
        pass

    mine = Mine(1.5, print, ("mine", "ran"), loop)
    mine.note = "kept"
    mine._run()
    print(mine.note, mine.when(), type(mine).__name__)


async def past_and_ties():
    loop = asyncio.get_running_loop()
    log = []
    now = loop.time()
    for name, when in ("c", now - 1), ("a", now - 3), ("b1", now - 2), ("d", now - 4), ("b2", now - 2), ("e", now - 5):
        loop.call_at(when, log.append, name)
    loop.call_soon(log.append, "soon")
    await asyncio.sleep(0.001)
    print(log)


async def many():
    loop = asyncio.get_running_loop()
    for spread in 0.0, 0.001, 0.05:
        log = []
        start = loop.time() + 0.01
        handles = [loop.call_at(start + i * 7919 % 1009 / 1009 * spread, log.append, i) for i in range(1009)]
        for h in handles[::5]:
            h.cancel()
        print(len(loop._scheduled), all(h._scheduled for h in handles), sum(h.cancelled() for h in handles))
        await asyncio.sleep(0.03 + spread)
        want = sorted((i for i in range(1009) if i % 5), key=lambda i: (handles[i].when(), i))
        # CPython's heap does not keep the order of ties.
        print(log == want if spread else sorted(log) == want, len(log), any(h._scheduled for h in handles))


async def cancelled_do_not_pile_up():
    loop = asyncio.get_running_loop()
    kept = loop.call_later(3600, print)
    most = 0
    for i in range(2000):
        loop.call_later(1800 + i % 70, print).cancel()
        most = max(most, len(loop._scheduled))
        if i % 100 == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    print(most <= 250, len(loop._scheduled) <= 150, kept in loop._scheduled)
    # Setting and cancelling a thousand, in three orders; callback and arguments go at once.
    for order in lambda h: h, lambda h: h[::-1], lambda h: h[::2] + h[1::2]:
        class Thing:
            pass

        things = [Thing() for _ in range(1000)]
        refs = [weakref.ref(t) for t in things]
        handles = [loop.call_later(1 + i % 7, print, t) for i, t in enumerate(things)]
        del things
        for h in order(handles):
            h.cancel()
        gc.collect()
        print(sum(r() is not None for r in refs))
        del handles, h
        await asyncio.sleep(0)
        print(len(loop._scheduled) <= 100)
    kept.cancel()


async def sleeps():
    loop = asyncio.get_running_loop()
    log = []

    async def one(n):
        try:
            log.append(await asyncio.sleep(0.01 + n % 5 / 1000, n))
        except asyncio.CancelledError:
            log.append(-n)

    tasks = [asyncio.create_task(one(n)) for n in range(1, 101)]
    await asyncio.sleep(0)
    timers = [h for h in loop._scheduled if not h.cancelled()]
    print(len(timers), {h._callback.__name__ for h in timers}, sorted(h._args[1] for h in timers)[:3])
    for t in tasks[::10]:
        t.cancel()
    await asyncio.gather(*tasks)
    print(sorted(log) == sorted(-n if n % 10 == 1 else n for n in range(1, 101)))
    done = [n for n in log if n > 0]
    print([n % 5 for n in done] == sorted(n % 5 for n in done))


async def cancelled_by_another():
    # A callback cancels one that is due in the same round.
    loop = asyncio.get_running_loop()
    log = []
    when = loop.time() + 0.005
    first = loop.call_at(when, lambda: (log.append("first"), second.cancel(), print(second._scheduled)))
    second = loop.call_at(when, log.append, "second")
    third = loop.call_at(when, log.append, "third")
    await asyncio.sleep(0.02)
    print(log, second.cancelled(), len(loop._scheduled))


def closed():
    loop = asyncio.new_event_loop()
    h = loop.call_later(10, print)
    loop.close()
    h.cancel()
    print(h.cancelled(), loop.is_closed())


for test in attributes, comparing, past_and_ties, many, cancelled_do_not_pile_up, sleeps, cancelled_by_another:
    print(test.__name__)
    asyncio.run(test())
closed()
