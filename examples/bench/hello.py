# The smallest async script. Its figure is taken from outside: from the start of the process to its exit.
import asyncio


async def main():
    await asyncio.sleep(0)
    print("hello")


asyncio.run(main())
