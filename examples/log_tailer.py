# An async generator follows a log file, like `tail -f`, while another task appends to it.
import asyncio
import contextlib
import os
import re
import tempfile

LINE = re.compile(r"(?P<level>[A-Z]+)\s+(?P<where>\w+):\s+(?P<text>.*)")

WRITES = [
    "INFO  web: started\n",
    "INFO  db: connec",                     # a line written in two halves
    "ted\nWARN  db: slow query (1.2 s)\n",
    "",
    "ERROR web: no such page /favicon.ico\nERROR db: gone\n",
    "INFO  web: stopped\n",
]


async def tail(path, pause=0.005):
    """Yields whole lines as they appear, for ever."""
    with open(path) as file:
        print("tail: opened")
        try:
            line = ""
            while True:
                line += file.readline()
                if line.endswith("\n"):
                    yield line.rstrip("\n")
                    line = ""
                else:
                    await asyncio.sleep(pause)
        finally:
            print("tail: closed")


async def parsed(lines):
    async for line in lines:
        if match := LINE.fullmatch(line):
            yield match.groupdict()


async def append(path):
    for text in WRITES:
        with open(path, "a") as file:
            file.write(text)
        await asyncio.sleep(0.01)


async def main():
    handle, path = tempfile.mkstemp(suffix=".log")
    os.close(handle)
    writer = asyncio.create_task(append(path))
    counts = {}
    async with contextlib.aclosing(tail(path)) as lines:
        async for entry in parsed(lines):
            counts[entry["level"]] = counts.get(entry["level"], 0) + 1
            print("{level:<5} | {where:>4} | {text}".format(**entry))
            if entry["text"] == "stopped":
                break
    await writer
    os.remove(path)
    print(counts, "file removed:", not os.path.exists(path))


asyncio.run(main())
