# What goes wrong in a loop: the exception handler, errors in callbacks, nested runs, debug names, SystemExit, closed loops.
import asyncio


def handler(loop, context):
    print("handler:", context["message"].split("<")[0].strip(), repr(context.get("exception")), sorted(context))


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(handler)
    print(loop.get_exception_handler() is handler)
    loop.call_soon(lambda: 1 / 0)
    loop.call_soon(print, "the next callback still runs")
    await asyncio.sleep(0)
    future = loop.create_future()
    future.add_done_callback(lambda f: {}["key"])
    future.set_result(1)
    await asyncio.sleep(0)
    loop.call_exception_handler({"message": "by hand"})

    async def lost():
        raise ValueError("nobody looked")
    task = asyncio.create_task(lost())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    for call in (lambda: asyncio.run(lost()), lambda: loop.run_until_complete(future), loop.close):
        try:
            call()
        except RuntimeError as error:
            print(error)
    try:
        loop.set_exception_handler(5)
    except TypeError as error:
        print(error)
    loop.set_exception_handler(lambda loop, context: 1 / 0)
    loop.set_exception_handler(None)


import warnings
warnings.simplefilter("ignore")
asyncio.run(main())


async def exits():
    async def inner():
        raise SystemExit(3)
    try:
        await asyncio.create_task(inner())
    finally:
        print("main was cancelled, as the loop closes")


try:
    asyncio.run(exits())
except SystemExit as error:
    print("SystemExit", error.code)


async def plain():
    raise KeyError("from main")


try:
    asyncio.run(plain())
except KeyError as error:
    print(repr(error))
for bad in (5, plain):
    try:
        asyncio.run(bad)
    except (TypeError, ValueError):
        # ValueError up to 3.13, TypeError from 3.14 on.
        print("refused")
try:
    asyncio.get_running_loop()
except RuntimeError as error:
    print(error)


async def stops(loop):
    loop.stop()
    await asyncio.sleep(3600)

loop = asyncio.new_event_loop()
try:
    loop.run_until_complete(stops(loop))
except RuntimeError as error:
    print(error)
tasks = asyncio.all_tasks(loop)
for task in tasks:
    task.cancel()
loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
print(loop.get_debug(), loop.time() > 0)
loop.close()
loop.close()
print(loop.is_closed())
with asyncio.Runner() as runner:
    async def first():
        return asyncio.get_running_loop()
    one, two = runner.run(first()), runner.run(first())
    print(one is two, one is runner.get_loop(), one.is_closed())
print(one.is_closed())
try:
    runner.run(first())
except RuntimeError as error:
    print(error)
for task in ():
    pass


async def cancels_itself():
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


try:
    asyncio.run(cancels_itself())
except asyncio.CancelledError as error:
    print(repr(error))
