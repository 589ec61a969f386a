# Locks and queues that programs changed: subclasses, replaced methods and attributes, other loops, tracked origins, cycles.
import asyncio
import collections
import copy
import gc
import re
import sys
import traceback
import weakref
from unittest import mock


async def ending(awaitable):
    try:
        return await awaitable
    except BaseException as e:
        return repr(e)


async def called(method, *args):
    return await method(*args)


async def entered(lock, value=None):
    async with lock:
        await asyncio.sleep(0)
    return value


async def started(coroutine):
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task


def state(x):
    return str(x).split(" [")[1] if " [" in str(x) else re.sub(" at [^ >]+", "", str(x))


class Loud:
    """Methods that say that they were called."""

    log = []

    def __init_subclass__(cls):
        for name in cls.__dict__.get("loud", ()):
            cls.add(name)

    @classmethod
    def add(cls, name):
        def method(self, *args):
            Loud.log.append(name)
            return getattr(super(cls, self), name)(*args)

        setattr(cls, name, method)

    @classmethod
    def said(cls):
        said, Loud.log[:] = list(Loud.log), []
        return said


async def subclasses():
    for name in "acquire", "release", "_wake_up_first", "_get_loop", "__aenter__", "__aexit__", "locked":
        kind = type("Own", (Loud, asyncio.Lock), {"loud": [name]})
        lock = kind()
        tasks = [asyncio.create_task(entered(lock, n)) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        print(name, [await ending(t) for t in tasks], Loud.said(), state(lock))
    for base in asyncio.Semaphore, asyncio.BoundedSemaphore:
        for name in "acquire", "release", "_wake_up_next", "_get_loop", "__aenter__", "__aexit__", "locked":
            lock = type("Own", (Loud, base), {"loud": [name]})(1)
            tasks = [asyncio.create_task(entered(lock, n)) for n in range(3)]
            await asyncio.sleep(0)
            tasks[1].cancel()
            print(name, [await ending(t) for t in tasks], Loud.said(), state(lock))
    for base in asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue:
        for name in "_init", "_get", "_put", "_wakeup_next", "get_nowait", "put_nowait", "empty", "full", "qsize", "get", "put", "_get_loop":
            queue = type("Own", (Loud, base), {"loud": [name]})(1)
            tasks = [asyncio.create_task(called(queue.put, n)) for n in range(3)]
            await asyncio.sleep(0)
            tasks[1].cancel()
            got = [await called(queue.get), await called(queue.get)]
            print(name, [await ending(t) for t in tasks], got, Loud.said(), state(queue))

    class Between(asyncio.Semaphore):
        def release(self):
            print("between", end=" ")
            super().release()

    class Diamond(asyncio.BoundedSemaphore, Between):
        pass

    semaphore = Diamond(1)
    print(await asyncio.gather(*(entered(semaphore, n) for n in range(2))), state(semaphore))

    class Quiet(asyncio.Lock):
        """Overrides nothing that matters, and has attributes."""

        def __init__(self, label):
            super().__init__()
            self.label = label

        async def twice(self):
            await self.acquire()
            self.release()
            async with self:
                return self.label

    lock = Quiet("quiet")
    print(await asyncio.gather(lock.twice(), lock.twice(), entered(lock)), vars(lock)["label"], state(lock))

    class Described(asyncio.Lock):
        @property
        def _locked(self):
            return self.__dict__["_locked"]

        @_locked.setter
        def _locked(self, value):
            Loud.log.append(value)
            self.__dict__["_locked"] = value

    lock = Described()
    print(await asyncio.gather(entered(lock, 1), entered(lock, 2)), Loud.said())

    class Watched(asyncio.Lock):
        def __setattr__(self, name, value):
            Loud.log.append(name)
            super().__setattr__(name, value)

    lock = Watched()
    print(await asyncio.gather(entered(lock, 1), entered(lock, 2)), Loud.said())

    class Slots(asyncio.Queue):
        __slots__ = ("_is_shutdown",)

    queue = Slots(1)
    task = asyncio.create_task(called(queue.get))
    await queue.put("slots")
    print(await task, Slots._is_shutdown.__get__(queue))


async def replaced():
    # On the instance.
    lock = asyncio.Lock()
    lock.release = lambda: print("own release", asyncio.Lock.release(lock))
    print(await entered(lock, "instance"), state(lock))
    queue = asyncio.Queue()
    queue._get = lambda: "own item"
    queue.put_nowait(1)
    print(queue.get_nowait(), await queue.get())
    # On the class, while somebody waits.
    lock = asyncio.Lock()
    await lock.acquire()
    task = await started(called(lock.acquire))
    with mock.patch.object(asyncio.Lock, "release", autospec=True) as release:
        lock.release()
        print(release.call_count, state(lock))
    with mock.patch.object(asyncio.Lock, "_wake_up_first") as wake:
        lock.release()
        print(wake.call_count, state(lock), task.done())
    lock._wake_up_first()
    print(await task, state(lock))
    lock.release()
    print(await entered(lock, "back"), state(lock))
    queue = asyncio.Queue(1)
    queue._finished = mock.Mock()
    await queue.put(1)
    queue.get_nowait()
    queue.task_done()
    print([c[0] for c in queue._finished.method_calls])
    # The attributes live in a dict from here on.
    for lock, wait, wake in (
        (asyncio.Lock(), "acquire", "release"),
        (asyncio.Semaphore(1), "acquire", "release"),
    ):
        await lock.acquire()
        tasks = [await started(called(getattr(lock, wait))) for _ in range(4)]
        shown = vars(lock)
        print(sorted(shown), len(shown["_waiters"]))
        tasks[1].cancel()
        getattr(lock, wake)()
        tasks[0].cancel()
        print(await ending(tasks[0]), await ending(tasks[1]), await tasks[2], state(lock))
        getattr(lock, wake)()
        print(await tasks[3], state(lock))
        lock.extra = shown["more"] = 1
        getattr(lock, wake)()
        print(await entered(lock, "dict"), state(lock), lock.more)
    queue = asyncio.Queue(1)
    getters = [await started(called(queue.get)) for _ in range(3)]
    vars(queue)["_maxsize"] = 2
    await queue.put("a")
    await queue.put("b")
    getters[0].cancel()
    print(await ending(getters[0]), await getters[1], await getters[2], state(queue))
    await queue.put("c")
    await queue.put("d")
    putters = [await started(called(queue.put, n)) for n in range(2)]
    queue.get_nowait()
    putters[0].cancel()
    print(await ending(putters[0]), await putters[1], state(queue))
    # Other values.
    semaphore = asyncio.Semaphore(2)
    semaphore._value = 1.5
    print(await semaphore.acquire(), semaphore._value, semaphore.release(), semaphore._value)
    queue = asyncio.Queue(1.5)
    print(await queue.put(1), await queue.put(2), queue.full(), queue._maxsize)
    queue._queue = collections.deque("xy", 2)
    print(await queue.get(), state(queue))
    queue = asyncio.Queue()
    queue._unfinished_tasks = True
    print(await queue.put(1), queue._unfinished_tasks)
    lock = asyncio.Lock()
    lock._locked = 0
    print(await lock.acquire(), lock._locked)
    # Futures of somebody else in the queue.
    lock = asyncio.Lock()
    await lock.acquire()
    lock._waiters = collections.deque([other := asyncio.get_running_loop().create_future()])
    task = await started(called(lock.acquire))
    lock.release()
    print(other, task.done(), state(lock))
    lock._waiters.remove(other)
    lock._wake_up_first()
    print(await task, state(lock))

    class Double:
        def __init__(self):
            self.calls = []

        def done(self):
            self.calls.append("done")
            return False

        def cancelled(self):
            self.calls.append("cancelled")
            return True

        def set_result(self, value):
            self.calls.append(value)

    for lock in asyncio.Lock(), asyncio.Semaphore(1):
        lock._waiters = collections.deque([double := Double()])
        print(await lock.acquire(), lock.release(), double.calls)
    queue = asyncio.Queue()
    queue._getters.append(double := Double())
    queue.put_nowait(1)
    print(double.calls, queue._getters)
    # A waiter that somebody took out.
    lock = asyncio.Lock()
    await lock.acquire()
    task = await started(called(lock.acquire))
    fut = lock._waiters.popleft()
    fut.set_result(True)
    print(await ending(task))
    semaphore = asyncio.Semaphore(0)
    task = await started(called(semaphore.acquire))
    semaphore._waiters.clear()
    task.cancel()
    print(await ending(task))


async def bind(lock, queue):
    await lock.acquire()
    task = await started(called(lock.acquire))
    getter = await started(called(queue.get))
    lock.release()
    queue.put_nowait(1)
    print(await task, await getter, lock._loop is queue._loop is asyncio.get_running_loop())


async def elsewhere(lock, queue):
    for c in lock.acquire(), entered(lock), queue.get(), started(queue.get()):
        r = await c if c.__name__ == "started" else None
        text = await ending(r or c)
        print(text[:13], text[-41:])
    lock.release()
    print(await entered(lock, "free"), await queue.put(1), await queue.get())


def by_hand():
    """Without a loop."""
    lock, queue, semaphore = asyncio.Lock(), asyncio.Queue(1), asyncio.Semaphore(1)
    for c in lock.acquire(), queue.put(1), semaphore.acquire(), queue.get(), semaphore.__aexit__(1, 2, 3), entered(lock):
        try:
            print(c.send(None))
        except StopIteration as e:
            print("value", e.value)
        except Exception as e:
            print(repr(e))
    c = queue.get()
    try:
        c.send(None)
    except Exception as e:
        print(repr(e), [f.name for f in traceback.extract_tb(e.__traceback__)])


class OtherLoop(asyncio.SelectorEventLoop):
    def create_future(self):
        future = super().create_future()
        Loud.log.append("future")
        return future


async def other_loop():
    lock, queue = asyncio.Lock(), asyncio.Queue(1)
    got = asyncio.gather(*(called(queue.get) for _ in range(2)))
    print(await asyncio.gather(entered(lock, 1), entered(lock, 2), queue.put(1), queue.put(2)), await got)
    print(Loud.said().count("future") >= 3)


async def origins():
    lock = asyncio.Lock()
    sys.set_coroutine_origin_tracking_depth(1)
    c, d = lock.acquire(), asyncio.Queue().get()
    sys.set_coroutine_origin_tracking_depth(0)
    print([(o[0][2]) for o in (c.cr_origin, d.cr_origin)], await c, state(lock))
    d.close()
    task = await started(called(lock.acquire))
    print(task.get_coro().cr_await.cr_origin)
    lock.release()
    await task


async def conditions():
    condition, log = asyncio.Condition(), []

    async def wait(n):
        async with condition:
            log.append(("in", n, condition.locked()))
            try:
                log.append((n, await condition.wait(), condition.locked()))
            except asyncio.CancelledError:
                log.append((n, "cancelled", condition.locked()))
                raise

    tasks = [await started(wait(n)) for n in range(6)]
    print(state(condition), len(condition._waiters), state(condition._lock))
    async with condition:
        condition.notify(2)
        tasks[0].cancel()
        tasks[4].cancel()
    print([await ending(t) for t in (tasks[0], tasks[1], tasks[2], tasks[4])], state(condition))
    async with condition:
        condition.notify_all()
    print([await ending(t) for t in tasks], log, state(condition))
    for call in condition.notify, condition.notify_all, condition.release:
        try:
            call()
        except RuntimeError as e:
            print(e)
    print(await ending(condition.wait()))
    lock = asyncio.Lock()
    shared = asyncio.Condition(lock), asyncio.Condition(lock)
    async with shared[0]:
        print(shared[1].locked(), lock.locked(), [await ending(asyncio.wait_for(c.acquire(), 0.001)) for c in shared])
    semaphored = asyncio.Condition(asyncio.Semaphore(1))
    print(await asyncio.gather(entered(semaphored, 1), entered(semaphored, 2)))
    condition.acquire = lock.acquire
    async with condition:
        print(lock.locked(), condition.locked(), end=" ")
        await condition._lock.acquire()
    print(lock.locked(), condition.locked())
    items = []

    async def consume():
        async with condition:
            await condition.wait_for(lambda: items)
            return items.pop()

    condition = asyncio.Condition()
    task = await started(consume())
    for n in range(2):
        async with condition:
            items.extend(n * "x")
            condition.notify()
        await asyncio.sleep(0)
    print(await task)
    barrier = asyncio.Barrier(3)
    print(sorted(await asyncio.gather(*(barrier.wait() for _ in range(3)))))


async def places():
    """Locks that are free, taken at every kind of place."""
    a, b, queue = asyncio.Lock(), asyncio.BoundedSemaphore(2), asyncio.Queue()

    async def early(how):
        for n in range(3):
            async with a, b as got:
                if how == "return":
                    return how, got, n, state(a), state(b)
                if how == "break":
                    break
                if how == "continue":
                    continue
                if how == "raise":
                    raise LookupError(how)
        return how, n, state(a), state(b)

    async def items():
        for n in range(2):
            async with a:
                await queue.put(n)
                yield await queue.get(), state(a)
        yield [await queue.get() for n in range(2) if await queue.put(n) is None], state(a)

    for how in "return", "break", "continue", "raise", "end":
        print(await ending(early(how)), state(a), state(b))
    print([x async for x in items()], state(a))
    async for x in items():
        print(x, state(a))
        break
    await asyncio.sleep(0)
    print(await (a.acquire() if x else b.acquire()), a.release(), await (None or b.acquire()), b.release())
    taken = [await a.acquire(), a.release(), (await b.acquire(), b._value), b.release()]
    print(taken, await asyncio.wait_for(a.acquire(), 1), a.release())
    try:
        async with a:
            async with a if not a.locked() else b:
                async with b:
                    print(state(a), state(b))
                    1 / 0
    except ZeroDivisionError as e:
        print(repr(e), e.__context__, state(a), state(b))
    try:
        async with b:
            b.release()
            raise KeyError("first")
    except ValueError as e:
        print(repr(e), repr(e.__context__), [f.name for f in traceback.extract_tb(e.__traceback__)], state(b))
    exec("""
async def far():
    %s
    async with a as x:
        return x, await q.put(70000), await q.get(), state(a)
""" % "; ".join(f"x = {n}" for n in range(300)), scope := {"a": a, "q": queue, "state": state})
    print(await scope["far"](), state(a))
    event = asyncio.Event()
    event.set()
    print(await event.wait(), [await event.wait() for _ in range(2)])
    event.clear()
    task = await started(called(event.wait))
    c = task.get_coro().cr_await
    print(await ending(called(lambda: c)), task.done())
    event.set()
    print(await task)


async def cycles():
    class Item:
        pass

    queue = asyncio.Queue()
    item = Item()
    item.coroutine = queue.put(item)
    item.coroutine.close()
    ref = weakref.ref(item)
    del item
    gc.collect()
    print(ref())
    lock = asyncio.Lock()
    await lock.acquire()
    lock.me = lock
    waiter = lock.acquire()
    waiter.send(None)
    lock.waiter = waiter
    ref = weakref.ref(lock)
    del lock, waiter
    gc.collect()
    print(ref())
    queue, item = asyncio.Queue(2), Item()
    count = sys.getrefcount(item)
    for n in range(100):
        await queue.put(item)
        await queue.get()
    print(sys.getrefcount(item) - count)
    for n in range(100):
        c = queue.put(item)
        c.close()
    del c
    print(sys.getrefcount(item) - count)
    task = asyncio.create_task(called(queue.get))
    await asyncio.sleep(0)
    await queue.put(item)
    del task
    await asyncio.sleep(0)
    gc.collect()
    print(sys.getrefcount(item) - count)
    # Many who wait; every second gives up.
    for lock in asyncio.Lock(), asyncio.Semaphore(1):
        await lock.acquire()
        tasks = [asyncio.create_task(entered(lock)) for _ in range(2000)]
        await asyncio.sleep(0)
        for t in tasks[::2]:
            t.cancel()
        await asyncio.sleep(0)
        print(state(lock))
        lock.release()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        print(results.count(None), state(lock))


async def dropped():
    """A task that nobody holds goes with the lock it waits for."""
    asyncio.get_running_loop().set_exception_handler(lambda loop, c: print(c["message"]))
    lock = asyncio.Lock()
    await lock.acquire()
    task = await started(entered(lock))
    other = await started(entered(lock))
    del task
    task = None
    other.cancel()
    print(await ending(other))
    ref = weakref.ref(lock)
    del lock, other
    gc.collect()
    await asyncio.sleep(0)
    print(ref() is None)


asyncio.run(subclasses())
asyncio.run(replaced())
lock, queue = asyncio.Lock(), asyncio.Queue()
asyncio.run(bind(lock, queue))
asyncio.run(elsewhere(lock, queue))
by_hand()
asyncio.run(other_loop(), loop_factory=OtherLoop)
asyncio.run(origins())
asyncio.run(conditions())
asyncio.run(places())
asyncio.run(cycles())
asyncio.run(dropped())
