# The collector takes tasks that nobody can wake any more, also where they wait for futures of a class of its own.
import asyncio
import gc
import weakref


class Counting(asyncio.Future):
    def add_done_callback(self, fn, *, context=None):
        super().add_done_callback(fn, context=context)


class Foreign:
    _asyncio_future_blocking = False

    def __init__(self, loop):
        self.loop = loop
        self.callbacks = []

    def get_loop(self):
        return self.loop

    def done(self):
        return False

    def add_done_callback(self, fn, *, context=None):
        self.callbacks.append(fn)

    def __await__(self):
        self._asyncio_future_blocking = True
        yield self


async def wait_for(make, seen):
    f = make()
    seen.append(weakref.ref(f))
    await f


async def gather_of(make, seen):
    f = make()
    seen.append(weakref.ref(f))
    await asyncio.gather(f)


async def main():
    loop = asyncio.get_running_loop()
    kinds = [
        ("plain", lambda: asyncio.Future(), wait_for),
        ("subclass", lambda: Counting(), wait_for),
        ("foreign", lambda: Foreign(loop), wait_for),
        ("gather of plain", lambda: asyncio.Future(), gather_of),
        ("gather of subclass", lambda: Counting(), gather_of),
    ]
    loop.set_exception_handler(lambda loop, context: None)
    for name, make, run in kinds:
        seen = []
        for _ in range(10):
            t = asyncio.ensure_future(run(make, seen))
            seen.append(weakref.ref(t))
        del t
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()
        await asyncio.sleep(0)
        gc.collect()
        print(name, len(seen), sum(r() is not None for r in seen))


asyncio.run(main())
