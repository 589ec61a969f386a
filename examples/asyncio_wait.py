# Watch two coroutines from outside while they run: where each stands (f_lasti, of CPython 3.8's bytecode) and who made it.
import sys
import time
import asyncio

sys.set_coroutine_origin_tracking_depth(100)
watched = list()


async def dive(depth=1):
    started = time.time()
    try:
        await asyncio.sleep(0.6)
        1 / 0
    except ZeroDivisionError:
        if depth > 0:
            deeper = dive(depth-1)
            watched.append(deeper)
            await deeper
    stopped = time.time()
    print("depth %d took %.2f seconds" % (depth, stopped - started))


def look():
    for number, coroutine in enumerate(watched):
        frame = coroutine.cr_frame
        place = "finished" if frame is None else "at instruction %d" % frame.f_lasti
        print("  no. %d, id: %d, %s" % (number, id(coroutine), place))
        print("  %r" % coroutine)


async def watch():
    first = dive()
    watched.append(first)
    started = time.time()
    pending = [first]
    look()
    while pending:
        # a bare coroutine: wait() makes a task of it
        done, pending = await asyncio.wait(pending, timeout=0.41)
        print("after %.2f seconds" % (time.time() - started))
        look()


if __name__ == "__main__":
    asyncio.run(watch())
    for coroutine in watched:
        print("made by", " < ".join(name for _, _, name in coroutine.cr_origin))
    print("one code object:", watched[0].cr_code is watched[1].cr_code)
