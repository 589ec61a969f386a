# Event, Lock, Condition, Semaphore, Barrier, Queue kinds: order of waiters, cancellation of waiters, misuse.
import asyncio

log = []


async def main():
    event = asyncio.Event()

    async def waits(n):
        await event.wait()
        log.append(n)
    tasks = [asyncio.create_task(waits(n)) for n in range(3)]
    await asyncio.sleep(0)
    print(event.is_set(), log)
    event.set()
    await asyncio.gather(*tasks)
    print(event.is_set(), log, await event.wait())
    event.clear()
    print(event.is_set())
    log.clear()

    lock = asyncio.Lock()

    async def locked(n):
        async with lock:
            log.append(f"in{n}")
            await asyncio.sleep(0)
            log.append(f"out{n}")
    tasks = [asyncio.create_task(locked(n)) for n in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.wait(tasks)
    print(log, lock.locked())
    try:
        lock.release()
    except RuntimeError as error:
        print(error)
    log.clear()

    semaphore = asyncio.Semaphore(2)

    async def limited(n):
        async with semaphore:
            log.append(n)
            await asyncio.sleep(0.001)
    await asyncio.gather(*(limited(n) for n in range(5)))
    print(log, semaphore.locked())
    bounded = asyncio.BoundedSemaphore(1)
    await bounded.acquire()
    print(bounded.locked())
    bounded.release()
    try:
        bounded.release()
    except ValueError as error:
        print(error)
    try:
        asyncio.Semaphore(-1)
    except ValueError as error:
        print(error)
    log.clear()

    condition = asyncio.Condition()
    items = []

    async def consumer(n):
        async with condition:
            await condition.wait_for(lambda: items)
            log.append((n, items.pop()))
    tasks = [asyncio.create_task(consumer(n)) for n in range(2)]
    await asyncio.sleep(0)
    for item in "xy":
        async with condition:
            items.append(item)
            condition.notify()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    print(log)
    try:
        condition.notify()
    except RuntimeError as error:
        print(error)
    log.clear()

    barrier = asyncio.Barrier(3)

    async def meets(n):
        await asyncio.sleep(0.001 * n)
        position = await barrier.wait()
        log.append(position)
    await asyncio.gather(*(meets(n) for n in range(3)))
    print(sorted(log), barrier.parties, barrier.n_waiting)
    log.clear()

    queue = asyncio.Queue(2)
    print(queue.maxsize, queue.empty(), queue.full(), queue.qsize())
    queue.put_nowait(1)
    await queue.put(2)
    try:
        queue.put_nowait(3)
    except asyncio.QueueFull as error:
        print(repr(error))
    putter = asyncio.create_task(queue.put(3))
    await asyncio.sleep(0)
    print(queue.qsize(), putter.done(), await queue.get(), queue.get_nowait())
    await putter
    print(await queue.get(), queue.empty())
    try:
        queue.get_nowait()
    except asyncio.QueueEmpty as error:
        print(repr(error))
    getters = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    getters[0].cancel()
    queue.put_nowait("a")
    queue.put_nowait("b")
    print(await asyncio.gather(*getters, return_exceptions=True))
    for _ in range(5):
        queue.task_done()
    await queue.join()
    try:
        queue.task_done()
    except ValueError as error:
        print(error)
    priority, stack = asyncio.PriorityQueue(), asyncio.LifoQueue()
    for n in (3, 1, 2):
        priority.put_nowait((n, str(n)))
        stack.put_nowait(n)
    print([priority.get_nowait()[0] for _ in range(3)], [stack.get_nowait() for _ in range(3)])
    q = asyncio.Queue()
    q.put_nowait(1)
    q.shutdown()
    print(await q.get())
    try:
        await q.get()
    except asyncio.QueueShutDown as error:
        print(repr(error))


asyncio.run(main())
