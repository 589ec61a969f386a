# Tasks: names, current and all tasks, cancel and uncancel, what a cancelled task may do, coroutine access, stacks.
import asyncio


async def sleeper(log=None, seconds=3600):
    try:
        await asyncio.sleep(seconds)
        return "slept"
    except asyncio.CancelledError as error:
        if log is not None:
            log.append(("cancelled", error.args))
        raise


async def main():
    loop = asyncio.get_running_loop()
    me = asyncio.current_task()
    print(me is asyncio.current_task(loop), me.get_name().startswith("Task-"), len(asyncio.all_tasks()), me in asyncio.all_tasks())
    log = []
    t = asyncio.create_task(sleeper(log), name="my task")
    print(t.get_name(), t.get_coro().__name__, t.done(), len(asyncio.all_tasks()))
    t.set_name("renamed")
    print(t.get_name())
    await asyncio.sleep(0)
    print([frame.f_code.co_name for frame in t.get_stack()])
    print(t.cancel("reason"), t.cancelling(), t.done())
    print(t.cancel("again"), t.cancelling())
    try:
        await t
    except asyncio.CancelledError as error:
        print(repr(error), t.cancelled(), log)
    print(t.cancel(), len(asyncio.all_tasks()))

    t = asyncio.create_task(sleeper(log))
    t.cancel()
    await asyncio.wait([t])
    print("cancelled before its first step:", t.cancelled(), log[1:])

    async def refuses():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            asyncio.current_task().uncancel()
            return asyncio.current_task().cancelling(), "refused"
    t = asyncio.create_task(refuses())
    await asyncio.sleep(0)
    t.cancel()
    print(await t, t.cancelled())

    async def own():
        asyncio.current_task().cancel()
        log.append("runs on")
        await asyncio.sleep(0)
        log.append("never")
    t = asyncio.create_task(own())
    await asyncio.wait([t])
    print(t.cancelled(), log[-1])

    async def outer():
        try:
            await inner
        except asyncio.CancelledError:
            return "outer saw it", inner.cancelled()
    inner = asyncio.create_task(sleeper())
    t = asyncio.create_task(outer())
    await asyncio.sleep(0)
    t.cancel()
    print(await t)

    async def fails():
        raise ValueError("v")
    t = asyncio.create_task(fails())
    print((await asyncio.gather(t, return_exceptions=True))[0] is t.exception())
    try:
        t.result()
    except ValueError as error:
        print(error)
    t = asyncio.create_task(sleeper(seconds=0))
    try:
        t.result()
    except asyncio.InvalidStateError as error:
        print(error)
    print(await t, repr(t).startswith("<Task finished name='Task-"))
    for call in (lambda: t.set_result(1), lambda: t.set_exception(ValueError())):
        try:
            call()
        except RuntimeError as error:
            print(error)
    try:
        asyncio.create_task(5)
    except TypeError as error:
        print(error)
    print(asyncio.ensure_future(t) is t)
    try:
        asyncio.ensure_future(5)
    except TypeError as error:
        print(error)

    async def exits():
        raise SystemExit(3)

    async def suppressing():
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            log.append("cleanup awaited")
    t = asyncio.create_task(suppressing())
    await asyncio.sleep(0)
    t.cancel()
    await asyncio.wait([t])
    print(t.cancelled(), log[-1])
    waiting = [asyncio.create_task(sleeper(), name=f"w{n}") for n in range(3)]
    await asyncio.sleep(0)
    print(sorted(task.get_name() for task in asyncio.all_tasks() - {me}))
    for task in waiting:
        task.cancel()
    return "main's result"


print(asyncio.run(main()))


async def leaves_tasks():
    async def left():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            print("cancelled by run()")
            raise
    global kept
    kept = asyncio.create_task(left())
    await asyncio.sleep(0)


asyncio.run(leaves_tasks())
print(kept.cancelled())
try:
    asyncio.current_task()
except RuntimeError as error:
    print(error)
c = leaves_tasks()
try:
    asyncio.create_task(c)
except RuntimeError as error:
    print(error)
c.close()
