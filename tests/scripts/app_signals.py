# Signals: handlers in the loop, Ctrl-C during asyncio.run and Runner, handlers that raise.
import asyncio, signal, os, sys, contextlib
async def job(name, every, stop):
    n = 0
    while not stop.is_set():
        n += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)
    return name, n > 0
async def main():
    loop = asyncio.get_running_loop(); stop = asyncio.Event()
    for s in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(s, lambda s=s: (print("got", s.name, int(s), repr(s)), stop.set()))
    loop.call_later(0.03, os.kill, os.getpid(), signal.SIGTERM)
    async with asyncio.TaskGroup() as tg:
        ts = [tg.create_task(job(f"j{i}", 0.01, stop)) for i in range(3)]
    print([t.result() for t in ts])
    print(loop.remove_signal_handler(signal.SIGTERM), loop.remove_signal_handler(signal.SIGTERM), loop.remove_signal_handler(signal.SIGHUP))
    for bad in (lambda: loop.add_signal_handler(999, print), lambda: loop.add_signal_handler("x", print), lambda: loop.add_signal_handler(signal.SIGKILL, print), lambda: loop.add_signal_handler(signal.SIGUSR1, main)):
        try: bad()
        except Exception as e: print(type(e).__name__, e)
asyncio.run(main())
async def cleanup():
    try:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        await asyncio.sleep(100)
    finally:
        await asyncio.sleep(0.001); print("cleaned")
try: asyncio.run(cleanup())
except KeyboardInterrupt: print("KI")
async def swallow():
    try:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        await asyncio.sleep(100)
    except asyncio.CancelledError: return "swallowed"
try: print(asyncio.run(swallow()))
except KeyboardInterrupt: print("KI2")
async def busy():
    asyncio.get_running_loop().call_soon(lambda: [signal.raise_signal(signal.SIGINT), signal.raise_signal(signal.SIGINT)])
    try: await asyncio.sleep(100)
    except asyncio.CancelledError: print("c"); raise
try: asyncio.run(busy())
except KeyboardInterrupt: print("KI3")
with asyncio.Runner() as r:
    try: r.run(cleanup())
    except KeyboardInterrupt: print("KI4")
    print(r.run(asyncio.sleep(0, "after")), r.get_loop().is_running())
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
def h(n, f): raise RuntimeError("from handler")
signal.signal(signal.SIGUSR1, h)
async def inside():
    asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGUSR1)
    await asyncio.sleep(0.05)
try:
    asyncio.run(inside())
except RuntimeError as e: print("out", e)
