# cr_origin and f_back inside an event loop: which functions of the loop (named as in CPython 3.8) stand under a task.
import asyncio
import sys


async def probe():
    names, frame = [], sys._getframe()
    while frame:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names


async def through():
    return await probe()


async def main():
    print(await through())
    print(await asyncio.create_task(probe()))
    sys.set_coroutine_origin_tracking_depth(20)
    c = probe()
    print([name for _, _, name in c.cr_origin])
    c.close()
    sys.set_coroutine_origin_tracking_depth(1)
    c = probe()
    print([name for _, _, name in c.cr_origin])
    c.close()
    sys.set_coroutine_origin_tracking_depth(0)
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def callback():
        names, frame = [], sys._getframe()
        while frame:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        done.set_result(names)

    loop.call_soon(callback)
    print(await done)


runner = asyncio.run
runner(main())
