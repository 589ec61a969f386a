# Debug mode: slow callbacks, calls from other threads, origin tracking only while the loop runs.
import asyncio, logging, sys, time, threading, os
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message).29s")
async def slow(): time.sleep(0.05)
async def main():
    loop = asyncio.get_running_loop(); loop.slow_callback_duration = 0.02
    print(loop.get_debug(), sys.get_coroutine_origin_tracking_depth())
    await slow()
    await asyncio.sleep(0)
    loop.call_soon(time.sleep, 0.03); await asyncio.sleep(0); await asyncio.sleep(0)
    err = []
    def other():
        for f in (loop.call_soon, lambda c: loop.call_later(1, c)):
            try: f(print)
            except RuntimeError as e: err.append(str(e))
        loop.call_soon_threadsafe(lambda: err.append("ok"))
    t = threading.Thread(target=other); t.start(); t.join(); await asyncio.sleep(0.01); print(err)
asyncio.run(main(), debug=True)
print(sys.get_coroutine_origin_tracking_depth(), asyncio.new_event_loop().get_debug())
