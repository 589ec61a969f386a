# asend and wrapped-value objects come from free lists of 80 slots each (lasti only: lasti.freelists).
import asyncio
import lasti

ASEND, WRAPPED = "async_generator_asend", "async_generator_wrapped_value"


def counted(name, work):
    """What a piece of work adds to the counters of each list."""
    before = lasti.freelists()
    work()
    after = lasti.freelists()
    for kind in (ASEND, WRAPPED):
        row = {key: after[kind][key] - before[kind][key] for key in ("reused", "made", "returned")}
        print(name, kind, row, "free", after[kind]["free"])


async def count(n):
    for i in range(n):
        yield i


# An `async for` makes an asend for its first step only: it goes on with a generator that rests at a yield, and nobody
# can see that there is none.
async def consume(n):
    total = 0
    async for i in count(n):
        total += i
    return total


async def ask(n):
    agen = count(n)
    for _ in range(n):
        await agen.asend(None)
    await agen.aclose()


def drive(coro):
    try:
        while True:
            coro.send(None)
    except StopIteration as stop:
        return stop.value


counted("first", lambda: drive(consume(1)))
counted("async for", lambda: drive(consume(100)))
counted("asend", lambda: drive(ask(100)))
counted("loop", lambda: asyncio.run(consume(50)))


def by_hand():
    agen = count(3)
    for _ in range(3):
        try:
            agen.asend(None).send(None)
        except StopIteration as stop:
            print("got", stop.value)


counted("by hand", by_hand)

agen = count(5)
many = []
counted("200 at once", lambda: many.extend(agen.asend(None) for _ in range(200)))
counted("let go", many.clear)
counted("200 again", lambda: many.extend(agen.asend(None) for _ in range(200)))
many.clear()
# athrow and aclose have no list, as in 3.8.
counted("athrow", lambda: many.append(agen.athrow(ValueError)))
