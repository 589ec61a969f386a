# An async generator driven one asend at a time, each in a run of the loop of its own. f_lasti as in CPython 3.8.
import asyncio
import weakref


async def numbers(count):
    turn = 0
    low = 1
    high = 1
    total = 0
    answer = None
    while turn <= count:
        print("received", repr(answer))
        await asyncio.sleep(0.02)
        if turn < 2:
            answer = yield low
        else:
            total = low + high
            answer = yield total
            low = high
            high = total
        turn += 1


class Driver:
    def __init__(self, count):
        self.numbers = numbers(count)
        self.loop = asyncio.get_event_loop()

    async def step(self, word):
        print("yields", repr(await self.numbers.asend(word)))

    def __call__(self, word):
        self.loop.run_until_complete(self.step(word))


drive = Driver(3)
agen = drive.numbers
print(type(agen), "lasti", agen.ag_frame.f_lasti, "weak references", weakref.getweakrefcount(agen))
for word in (None, "ant", "bee", "cat"):
    drive(word)
    print("lasti", agen.ag_frame.f_lasti)
# the loop keeps a weak reference, so that shutdown_asyncgens() finds what is still open
print("weak references", weakref.getweakrefcount(agen))
try:
    drive("dog")
except StopAsyncIteration as stop:
    print(repr(stop))
print(agen.ag_frame, agen.ag_running)
drive.loop.close()
