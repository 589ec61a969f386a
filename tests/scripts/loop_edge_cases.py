# Contexts of thrown exceptions, awaiting twice, lost tasks, futures with own callbacks, async generators left open.
def g():
    try: raise KeyError(3)
    except KeyError:
        try: yield
        except ValueError as e: print(repr(e.__context__))
it=g(); next(it)
try: it.throw(ValueError())
except StopIteration: pass
import asyncio,gc
async def raise_error():
    raise ValueError
async def run():
    try:
        raise KeyError(3)
    except Exception as exc:
        task=asyncio.create_task(raise_error())
        try: await task
        except Exception as e: print(repr(e.__context__))
        try: await raise_error()
        except Exception as e: print(repr(e.__context__))
asyncio.run(run())
async def dbl():
    async def a(): await asyncio.sleep(0.01)
    c=a(); t=asyncio.create_task(c)
    await asyncio.sleep(0)
    try: await c
    except RuntimeError as e: print(repr(e))
    async def b():
        await asyncio.get_running_loop().create_future()
    c=b(); t=asyncio.create_task(c)
    await asyncio.sleep(0)
    try: await c
    except RuntimeError as e: print(repr(e))
    t.cancel()
import logging
logging.disable()  # the wording of what is left over differs
asyncio.run(dbl())
async def lost():
    loop=asyncio.get_running_loop()
    loop.set_exception_handler(lambda l,c: print(c['message']))
    async def kill():
        f=loop.create_future()
        await f
    t=asyncio.create_task(kill())
    await asyncio.sleep(0)
    del t
    gc.collect()
    print(len(asyncio.all_tasks()))
    class F(asyncio.Future):
        def add_done_callback(self,*a,**k):
            print("adc"); return super().add_done_callback(*a,**k)
    f=F(); loop.call_soon(f.set_result,1)
    print(await f)
    async def ag():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            print("ag closed")
    async for x in ag(): break
    gc.collect()
    await asyncio.sleep(0.01)
    print("end")
asyncio.run(lost())
print('é.com'.encode('idna'))
