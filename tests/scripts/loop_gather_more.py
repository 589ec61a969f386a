# gather: results, failures, cancellation from either side, the same awaitable twice.
import asyncio
async def ok(x, d=0):
    await asyncio.sleep(d); return x
async def bad():
    raise ValueError("no")
class Aw:
    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return "aw"
async def main():
    print(await asyncio.gather())
    print(await asyncio.gather(ok(1), ok(2, 0.01), Aw()))
    c = ok(3); print(await asyncio.gather(c, c))
    print(await asyncio.gather(ok(1), bad(), return_exceptions=True))
    try: await asyncio.gather(ok(1), bad())
    except ValueError as e: print("caught", e)
    g = asyncio.gather(ok(1, 10), ok(2, 10)); await asyncio.sleep(0)
    print(g, g.cancel(), g.cancelled())
    try: await g
    except asyncio.CancelledError as e: print("cancelled", e.args, g.cancelled())
    t = asyncio.create_task(ok(1, 10)); g = asyncio.gather(t, return_exceptions=True); await asyncio.sleep(0); t.cancel("why")
    print(await g)
    t = asyncio.create_task(ok(1, 10)); 
    g = asyncio.gather(t, return_exceptions=True); await asyncio.sleep(0); g.cancel("outer")
    try: print(await g)
    except asyncio.CancelledError as e: print("cancelled", e.args)
    async def waiter():
        await asyncio.gather(ok(1,10), ok(2,10))
    w = asyncio.create_task(waiter()); await asyncio.sleep(0.01); w.cancel()
    try: await w
    except asyncio.CancelledError: print("waiter cancelled", len(asyncio.all_tasks()))
    try: asyncio.gather(1)
    except TypeError as e: print(e)
    f = asyncio.get_running_loop().create_future(); f.set_result(5)
    print(await asyncio.gather(f, ok(6)))
    print(await asyncio.gather(asyncio.gather(ok(1), ok(2)), asyncio.gather(ok(3))))
    try: asyncio.gather(ok, x=1)
    except TypeError as e: print(e)
asyncio.run(main())
