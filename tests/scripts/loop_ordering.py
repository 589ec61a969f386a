# The order of things: call_soon, timers, tasks, done callbacks, futures, stop, and snapshots of the ready queue.
import asyncio

log = []


async def named(name, rounds):
    for n in range(rounds):
        log.append(f"{name}{n}")
        await asyncio.sleep(0)
    return name


def show(title):
    print(title, *log)
    log.clear()


async def main():
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(named(name, 3)) for name in "abc"]
    log.append("main")
    await asyncio.gather(*tasks)
    show("round robin:")

    loop.call_soon(log.append, 1)
    loop.call_soon(lambda: loop.call_soon(log.append, "nested"))
    loop.call_soon(log.append, 2)
    await asyncio.sleep(0)
    show("first round:")
    await asyncio.sleep(0)
    show("second round:")

    for delay, name in ((0.03, "late"), (0.01, "soon"), (0.02, "middle"), (0, "zero"), (-1, "past")):
        loop.call_later(delay, log.append, name)
    cancelled = loop.call_later(0.01, log.append, "never")
    cancelled.cancel()
    when = loop.time() + 0.015
    loop.call_at(when, log.append, "tie 1")
    loop.call_at(when, log.append, "tie 2")
    loop.call_at(when, log.append, "tie 3")
    await asyncio.sleep(0.05)
    show("timers:")
    print(cancelled.cancelled(), cancelled.when() > 0)

    future = loop.create_future()
    future.add_done_callback(lambda f: log.append(("callback 1", f.result())))
    waiter = asyncio.create_task(wait_for(future, "waiter 1"))
    await asyncio.sleep(0)
    future.add_done_callback(lambda f: log.append("callback 2"))
    drop = lambda f: log.append("removed")
    future.add_done_callback(drop)
    print(future.remove_done_callback(drop), future.done())
    future.set_result("r")
    log.append("set")
    await waiter
    show("future:")
    print(await future, await future)

    task = asyncio.create_task(named("t", 1))
    task.add_done_callback(lambda t: log.append("task done"))
    log.append("created")
    await task
    log.append("awaited")
    await asyncio.sleep(0)
    show("task:")

    async def immediate():
        log.append("immediate")

    log.append("before")
    await immediate()
    log.append("after")
    show("await does not yield:")

    gathered = asyncio.gather(named("g", 2), named("h", 1))
    log.append("gather called")
    await gathered
    show("gather:")
    shared = asyncio.create_task(named("s", 2))
    print(await asyncio.gather(shared, shared, shared))
    show("shared:")


async def wait_for(future, name):
    log.append((name, await future))


asyncio.run(main())
loop = asyncio.new_event_loop()
loop.call_soon(log.append, "one")
loop.call_soon(loop.stop)
loop.call_soon(log.append, "still in this round")
loop.call_soon(lambda: loop.call_soon(log.append, "next run"))
loop.run_forever()
show("stopped:")
loop.stop()
loop.run_forever()
show("stop before the run: one round")
print(loop.is_running(), loop.is_closed())
print(loop.run_until_complete(named("u", 2)))
show("run_until_complete:")
loop.close()
for call in (lambda: loop.call_soon(print), lambda: loop.run_forever(), lambda: loop.call_later(1, print)):
    try:
        call()
    except RuntimeError as error:
        print(error)
