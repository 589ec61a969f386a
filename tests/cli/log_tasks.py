# What LASTI_LOG shows of two tasks, a cancelled one, and one that fails.
import asyncio


async def child(event):
    await event.wait()
    return 1


async def bad():
    raise ValueError


async def main():
    event = asyncio.Event()
    kid = asyncio.create_task(child(event), name="kid")
    await asyncio.sleep(0)
    event.set()
    await kid
    sleeper = asyncio.create_task(asyncio.sleep(5), name="sleeper")
    await asyncio.sleep(0)
    sleeper.cancel()
    await asyncio.wait([sleeper])
    try:
        await asyncio.create_task(bad(), name="bad")
    except ValueError:
        print("done")


asyncio.run(main())
