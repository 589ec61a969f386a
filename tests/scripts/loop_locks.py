# asyncio's Lock, Semaphore, Condition and queues: what is seen of those who wait, and every way that their waiting ends.
import asyncio
import collections
import gc
import inspect
import re
import sys
import traceback
import types
import warnings
import weakref

warnings.simplefilter("ignore")


def masked(x):
    return re.sub(r" at (<frozen [^>]+>:\d+|[^ >]+)|0x[0-9a-f]+| file '.*', line [0-9]+,|(?<=Task-)[0-9]+", "", repr(x))


def state(x):
    return str(x).split(" [")[1] if " [" in str(x) else re.sub(" at [^ >]+", "", str(x))


async def ending(awaitable):
    try:
        return await awaitable
    except BaseException as e:
        return repr(e)


async def started(coroutine, **kwargs):
    task = asyncio.create_task(coroutine, **kwargs)
    await asyncio.sleep(0)
    return task


async def rounds(n=3):
    for _ in range(n):
        await asyncio.sleep(0)


async def entered(lock, log=None, name=None, times=0):
    async with lock as value:
        if log is not None:
            log.append((name, value))
        await rounds(times)
    return name


async def called(method, *args):
    return await method(*args)


def frames(e):
    return [f.name for f in traceback.extract_tb(e.__traceback__)]


def makers():
    """What waits on what: a name, an object on which it waits, the method with its arguments, what ends the wait."""
    lock, semaphore, bounded = asyncio.Lock(), asyncio.Semaphore(0), asyncio.BoundedSemaphore(1)
    lock._locked = True
    bounded._value = 0
    full, empty = asyncio.Queue(1), asyncio.Queue()
    full.put_nowait("old")
    stack, heap = asyncio.LifoQueue(), asyncio.PriorityQueue()
    condition = asyncio.Condition()
    condition._lock._locked = True
    return [
        ("lock", lock, lock.acquire, (), lock.release),
        ("lock enter", lock, lock.__aenter__, (), lock.release),
        ("semaphore", semaphore, semaphore.acquire, (), semaphore.release),
        ("semaphore enter", semaphore, semaphore.__aenter__, (), semaphore.release),
        ("bounded", bounded, bounded.acquire, (), bounded.release),
        ("condition", condition, condition.acquire, (), condition.release),
        ("condition enter", condition, condition.__aenter__, (), condition.release),
        ("get", empty, empty.get, (), lambda: empty.put_nowait("item")),
        ("put", full, full.put, ("new",), full.get_nowait),
        ("stack get", stack, stack.get, (), lambda: stack.put_nowait("item")),
        ("heap get", heap, heap.get, (), lambda: heap.put_nowait("item")),
    ]


async def looks():
    for name, lock, method, args, release in makers():
        print(f"-- {name}", state(lock))
        print(inspect.iscoroutinefunction(method), inspect.signature(method), masked(method))
        c = method(*args)
        print(type(c).__name__, inspect.iscoroutine(c), asyncio.iscoroutine(c), inspect.isawaitable(c), masked(c))
        print(isinstance(c, types.CoroutineType), inspect.getcoroutinestate(c), c.__name__, c.__qualname__, c.cr_origin)
        print(c.cr_code is method.__func__.__code__, sorted(c.cr_frame.f_locals), c.cr_await, c.cr_running, c.cr_suspended)
        try:
            c.send(1)
        except TypeError as e:
            print(e)
        c.close()
        print(inspect.getcoroutinestate(c), c.cr_frame, await ending(c))

        task = await started(called(method, *args))
        c = task.get_coro().cr_await
        print(inspect.getcoroutinestate(c), masked(c), masked(c.cr_frame), sorted(c.cr_frame.f_locals), state(lock))
        chain = []
        at = task.get_coro()
        while at is not None:
            chain.append(getattr(at, "__qualname__", type(at).__name__))
            at = getattr(at, "cr_await", None)
        print(chain, len(task.get_stack()), masked(task._fut_waiter), masked(task))
        waiters = next(w for w in (getattr(lock, n, None) for n in ("_waiters", "_getters", "_putters")) if w) if name[:3] != "con" else lock._lock._waiters
        print(type(waiters).__name__, list(waiters) == [task._fut_waiter])
        release()
        print(state(lock), masked(task._fut_waiter), await task, masked(task), state(lock))
        print(inspect.getcoroutinestate(c), c.cr_await)


async def ends():
    for how in "cancel", "cancel woken", "wake twice", "throw", "close", "drop", "result", "exception", "cancel future":
        for name, lock, method, args, release in makers():
            one, two = await started(called(method, *args)), await started(called(method, *args))
            seen = []
            if how.startswith("cancel") and how != "cancel future":
                if how == "cancel woken":
                    release()
                one.cancel("go")
                seen.append(await ending(one))
            elif how == "wake twice":
                release()
                try:
                    release()
                except Exception as e:
                    seen.append(repr(e))
                seen.append(await ending(one))
            elif how in ("throw", "close", "drop"):
                # Driven by hand.
                c = method(*args)
                if how == "throw":
                    try:
                        print(method(*args).throw(KeyError("new")))
                    except KeyError as e:
                        seen.append((repr(e), frames(e)))
                fut = c.send(None)
                fut._asyncio_future_blocking = False
                if how == "throw":
                    try:
                        c.throw(ZeroDivisionError("out"))
                    except ZeroDivisionError as e:
                        seen.append((repr(e), frames(e)))
                elif how == "close":
                    c.close()
                    seen.append(inspect.getcoroutinestate(c))
                else:
                    del c
                    gc.collect()
                seen.append(masked(fut))
                seen.append(state(lock))
                one.cancel()
                seen.append(await ending(one))
            elif how == "result":
                # Somebody else completes the future.
                one._fut_waiter.set_result("odd")
                await rounds()
                seen.append((one.done() and await ending(one), masked(one._fut_waiter) if not one.done() else None))
            elif how == "exception":
                one._fut_waiter.set_exception(OSError("theirs"))
                seen.append(await ending(one))
            else:
                one._fut_waiter.cancel()
                seen.append(await ending(one))
            seen.append(state(lock))
            await rounds()
            seen.append(("done" if two.done() else "waits", state(lock)))
            for task in one, two:
                task.cancel()
            for task in one, two:
                seen.append(await ending(task))
            seen.append(state(lock))
            print(how, "|", name, "|", *seen)


async def cancelled_text():
    for name, lock, method, args, release in makers():
        task = await started(called(method, *args))
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as e:
            print(name, frames(e))
    lock = asyncio.Lock()
    await lock.acquire()
    task = await started(entered(lock))
    task.cancel()
    try:
        await task
    except asyncio.CancelledError as e:
        print(frames(e), state(lock))


async def order():
    for make in asyncio.Lock, lambda: asyncio.Semaphore(1), lambda: asyncio.Semaphore(2), asyncio.Condition:
        lock, log = make(), []
        tasks = [asyncio.create_task(entered(lock, log, n, n % 3)) for n in range(7)]
        await rounds(2)
        tasks[2].cancel()
        tasks[4].cancel()
        print([await ending(t) for t in tasks], log, state(lock))
    # Those who come while the lock is being handed over wait their turn.
    lock, log = asyncio.Lock(), []
    await lock.acquire()
    first = await started(entered(lock, log, "first"))
    lock.release()
    print(lock.locked(), state(lock))
    late = asyncio.create_task(entered(lock, log, "late"))
    print(await asyncio.gather(first, late), log)
    # The one to whom it is being handed over is cancelled: the next gets it.
    await lock.acquire()
    tasks = [await started(entered(lock, log, n)) for n in range(3)]
    lock.release()
    tasks[0].cancel()
    print([await ending(t) for t in tasks], log, state(lock))
    # All who wait were cancelled, but did not run yet.
    await lock.acquire()
    tasks = [await started(entered(lock, log, n)) for n in range(2)]
    lock.release()
    for t in tasks:
        t.cancel()
    print(state(lock), await ending(lock.acquire()), state(lock))
    print([await ending(t) for t in tasks], state(lock))
    semaphore, log = asyncio.Semaphore(2), []
    await semaphore.acquire()
    await semaphore.acquire()
    tasks = [await started(entered(semaphore, log, n, 1)) for n in range(4)]
    semaphore.release()
    semaphore.release()
    tasks[0].cancel()
    print(state(semaphore), [await ending(t) for t in tasks], log, state(semaphore))


async def errors():
    lock, bounded, queue = asyncio.Lock(), asyncio.BoundedSemaphore(1), asyncio.Queue(1)
    for call in lock.release, bounded.release, queue.get_nowait, lambda: (queue.put_nowait(1), queue.put_nowait(2)):
        try:
            call()
        except Exception as e:
            print(repr(e), frames(e))
    for manager in lock, bounded:
        try:
            async with manager:
                manager.release()
        except Exception as e:
            print(repr(e), frames(e))
        try:
            async with manager:
                raise KeyError("inside")
        except KeyError as e:
            print(repr(e), frames(e), state(manager))
    for call in (lock.acquire, (1,)), (queue.put, ()), (queue.put, (1, 2)), (lock.__aexit__, ()):
        try:
            call[0](*call[1])
        except TypeError as e:
            print(e)
    print(await queue.get(), await queue.put(item=3), queue.put_nowait(item=4) if not queue.full() else None, await asyncio.Queue.get(queue))
    for bad in asyncio.Lock.acquire, asyncio.Queue.get, asyncio.Semaphore.acquire:
        print(await ending(bad(5)))
    print(await ending(asyncio.Lock.acquire(asyncio.Semaphore())), await ending(asyncio.Semaphore.acquire(asyncio.Lock())))
    c = lock.acquire()
    print(await c, await ending(c))
    c = lock.__aexit__(None, None, None)
    print(await c, await ending(c), state(lock))
    with warnings.catch_warnings(record=True) as got:
        warnings.simplefilter("always")
        for c in lock.acquire(), lock.__aenter__(), lock.__aexit__(None, None, None), queue.get(), queue.put(1):
            del c
            gc.collect()
        print([str(w.message) for w in got])
    print(state(lock), queue.qsize())
    w = weakref.ref(c := queue.get())
    c.close()
    print(w() is c)
    # Two tasks for one coroutine.
    await lock.acquire()
    c = lock.acquire()
    one = await started(called(lambda: c))
    two = await started(called(lambda: c))
    lock.release()
    print(sorted([str(await ending(one)), str(await ending(two))])[1])


async def shutdown():
    for immediate in False, True:
        empty, full = asyncio.Queue(), asyncio.Queue(1)
        full.put_nowait(1)
        tasks = [await started(ending(empty.get())) for _ in range(2)]
        tasks += [await started(ending(full.put(n))) for n in range(2)]
        joined = await started(full.join())
        for queue in empty, full:
            queue.shutdown(immediate)
        print([await t for t in tasks], state(empty), state(full))
        for call in empty.get_nowait, full.get_nowait, lambda: full.put_nowait(1):
            try:
                print(call())
            except Exception as e:
                print(repr(e), frames(e)[1:])
        print(await ending(full.get()), await ending(full.put(1)))
        try:
            await empty.get()
        except asyncio.QueueShutDown as e:
            print(frames(e))
        if not immediate:
            full.task_done()
        await joined


async def queues():
    for make in asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue:
        queue = make(3)
        got = []

        async def consume():
            while (item := await queue.get()) is not None:
                got.append(item)
                queue.task_done()

        task = asyncio.create_task(consume())
        for n in 5, 3, 9, 1, 7, 2:
            await queue.put(n)
        await queue.join()
        print(make.__name__, got, state(queue), queue._unfinished_tasks, queue._finished.is_set())
        task.cancel()
        print(await ending(task), queue.empty(), queue.full(), list(queue._getters), list(queue._putters))
    # A getter that was woken, and finds that another took the item, waits again.
    queue = asyncio.Queue()
    slow = await started(called(queue.get))
    queue.put_nowait("stolen")
    print(queue.get_nowait())
    await rounds()
    print(slow.done(), state(queue))
    queue.put_nowait("second")
    print(await slow)
    # A getter that was woken and is cancelled wakes the next.
    one, two = await started(called(queue.get)), await started(called(queue.get))
    queue.put_nowait("for the next")
    one.cancel()
    print(await ending(one), await two)
    # Timeouts.
    print(await ending(asyncio.wait_for(queue.get(), 0.01)), state(queue))
    full = asyncio.Queue(1)
    await full.put(0)
    print(await ending(asyncio.wait_for(full.put(1), 0.01)), state(full))
    results = asyncio.gather(queue.get(), queue.get(), queue.put("a"), queue.put("b"))
    print(await results)
    task = asyncio.create_task(queue.get(), name="getter")
    await rounds()
    print(masked(task))
    queue.put_nowait("direct")
    print(await task, masked(task))


asyncio.run(looks())
asyncio.run(ends())
asyncio.run(cancelled_text())
asyncio.run(order())
asyncio.run(errors())
asyncio.run(shutdown())
asyncio.run(queues())
