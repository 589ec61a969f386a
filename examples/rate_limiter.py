# A token bucket on the loop's own clock: bursts pass at once, and then a steady rate. Callbacks refill it, tasks wait for it.
import asyncio
import collections


class Bucket:
    def __init__(self, size, every):
        self.size = self.tokens = size
        self.every = every
        self.waiting = collections.deque()
        self.loop = asyncio.get_running_loop()
        self.timer = self.loop.call_later(every, self.refill)

    def refill(self):
        self.timer = self.loop.call_later(self.every, self.refill)
        while self.waiting:
            future = self.waiting.popleft()
            if not future.done():           # a waiter that was cancelled costs nothing
                future.set_result("waited")
                return
        self.tokens = min(self.size, self.tokens + 1)

    async def take(self):
        if self.tokens:
            self.tokens -= 1
            return "at once"
        future = self.loop.create_future()
        self.waiting.append(future)
        return await future

    def close(self):
        self.timer.cancel()


async def call(name, bucket, log):
    how = await bucket.take()
    log.append((name, how))


async def main():
    loop = asyncio.get_running_loop()
    bucket = Bucket(size=3, every=0.02)
    log = []
    started = loop.time()
    tasks = [asyncio.create_task(call(n, bucket, log)) for n in range(7)]
    await asyncio.sleep(0)
    tasks[4].cancel()
    await asyncio.wait(tasks)
    took = loop.time() - started
    bucket.close()
    for name, how in log:
        print("call", name, how)
    print("cancelled:", [n for n, task in enumerate(tasks) if task.cancelled()])
    print("three refills, no less:", took >= 3 * 0.02)
    print("timer cancelled:", bucket.timer.cancelled())


asyncio.run(main())
