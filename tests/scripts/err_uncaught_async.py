# An exception that leaves asyncio.run: cleanup runs first, and the awaits show as frames of the traceback.
import asyncio
import sys


async def leaf():
    await asyncio.sleep(0)
    raise LookupError("deep inside")


async def main():
    try:
        await leaf()
    finally:
        print("main's finally")


def hook(kind, error, tb):
    names = []
    while tb:
        names.append(tb.tb_frame.f_code.co_name)
        tb = tb.tb_next
    print("hook", kind.__name__, error, [names[0]] + names[-2:])


sys.excepthook = hook
asyncio.run(main())
