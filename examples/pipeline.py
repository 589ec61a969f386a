# Producers and consumers over a bounded queue: a fast producer waits when the queue is full.
import asyncio


async def produce(name, queue, items):
    for item in items:
        await queue.put((name, item))


async def consume(queue, results, sizes):
    while True:
        name, item = await queue.get()
        sizes.append(queue.qsize())
        await asyncio.sleep(0.001)          # the work
        results.append((name, item, item * item))
        queue.task_done()


async def main():
    queue = asyncio.Queue(maxsize=3)
    results, sizes = [], []
    consumers = [asyncio.create_task(consume(queue, results, sizes), name=f"consumer-{n}") for n in range(2)]

    await asyncio.gather(*(produce(name, queue, range(start, start + 6))
                           for name, start in (("low", 0), ("mid", 10), ("high", 20))))
    await queue.join()
    for consumer in consumers:
        consumer.cancel()
    ends = await asyncio.gather(*consumers, return_exceptions=True)

    print(len(results), "results, queue never above", 3, "->", max(sizes) <= 3)
    for producer in ("low", "mid", "high"):
        own = [square for name, _, square in results if name == producer]
        print(f"{producer:5}", own, "in order" if own == sorted(own) else "out of order")
    print([type(end).__name__ for end in ends], [task.get_name() for task in consumers])


asyncio.run(main())
