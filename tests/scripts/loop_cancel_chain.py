# Cancelling reaches the end of a chain of tasks of any length; a chain that closes raises RecursionError.
import asyncio


async def wait_for(t):
    await t


async def chain(n):
    first = t = asyncio.ensure_future(asyncio.sleep(1000))
    for _ in range(n):
        t = asyncio.ensure_future(wait_for(t))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    t.cancel()
    try:
        await t
    except asyncio.CancelledError:
        print("cancelled", first.cancelled(), t.cancelled())


async def ring(n):
    tasks = []

    async def one(i):
        await tasks[(i + 1) % n]

    tasks.extend(asyncio.ensure_future(one(i)) for i in range(n))
    await asyncio.sleep(0)
    before = asyncio.ensure_future(wait_for(tasks[0]))
    await asyncio.sleep(0)
    for t in before, tasks[n // 2]:
        try:
            t.cancel()
        except RecursionError:
            print(n, "RecursionError")
    for t in tasks + [before]:
        t._log_destroy_pending = False


async def main():
    await chain(500)
    for n in 2, 3, 7:
        await ring(n)


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
