# asyncio.wait with bare coroutines and get_event_loop without a loop: both still there, as in CPython 3.8.
import asyncio


async def value(x, delay=0):
    await asyncio.sleep(delay)
    return x


async def main():
    done, pending = await asyncio.wait([value(1), value(2)])
    print(sorted(task.result() for task in done), pending)
    done, pending = await asyncio.wait([value(1), value(2, 0.05)], timeout=0.01)
    print(len(done), len(pending), type(pending.pop()).__name__)
    same = value("once")
    done, _ = await asyncio.wait([same, same])
    print(len(done))


loop = asyncio.get_event_loop()
print(isinstance(loop, asyncio.AbstractEventLoop), loop is asyncio.get_event_loop(), loop.is_running())
loop.run_until_complete(main())
future = loop.create_future()
loop.call_later(0.01, future.set_result, "from a timer")
print(loop.run_until_complete(future))
fresh = asyncio.new_event_loop()
asyncio.set_event_loop(fresh)
print(asyncio.get_event_loop() is fresh, loop is fresh)
fresh.close()
loop.close()
