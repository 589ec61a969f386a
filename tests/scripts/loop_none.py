# What asks for an event loop where none runs and none is set.
import asyncio
import concurrent.futures
import threading


async def c():
    return 1


def attempt(name, f):
    x = c()
    try:
        print(name, type(f(x)).__name__)
    except Exception as e:
        print(name, type(e).__name__, e)
    x.close()


def all_of_them():
    attempt('Task', asyncio.Task)
    attempt('Future', lambda x: asyncio.Future())
    attempt('gather', asyncio.gather)
    attempt('gather of nothing', lambda x: asyncio.gather())
    attempt('shield', asyncio.shield)
    attempt('ensure_future', asyncio.ensure_future)
    attempt('wrap_future', lambda x: asyncio.wrap_future(concurrent.futures.Future()))
    attempt('as_completed', lambda x: list(asyncio.as_completed([x])))
    attempt('StreamReader', lambda x: asyncio.StreamReader())
    attempt('events.get_event_loop', lambda x: asyncio.events.get_event_loop())
    attempt('get_running_loop', lambda x: asyncio.get_running_loop())
    attempt('current_task', lambda x: asyncio.current_task())
    attempt('all_tasks', lambda x: asyncio.all_tasks())
    attempt('Queue', lambda x: asyncio.Queue())
    attempt('Lock', lambda x: asyncio.Lock())


all_of_them()
t = threading.Thread(target=all_of_them, name="it's another")
t.start()
t.join()
print(asyncio.run(c()))
attempt('after run', asyncio.ensure_future)
# One that is set is found, running or not.
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
f = asyncio.Future()
print(f.get_loop() is loop, asyncio.events.get_event_loop() is loop)
print(loop.run_until_complete(asyncio.gather(c(), c())))
asyncio.set_event_loop(None)
attempt('taken away', lambda x: asyncio.Future())
print(asyncio.Future(loop=loop).get_loop() is loop)
loop.close()
