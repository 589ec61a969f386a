# Frames that are held when their generator, coroutine or async generator ends keep their variables.
import sys
def w():
    global frame
    frame = sys._getframe()
    value = "v"
    yield
g=w(); next(g); g.close(); print("close", frame.f_locals)
g=w(); next(g); del g; print("del", frame.f_locals)
g=w(); next(g); 
try: g.throw(ValueError)
except ValueError: pass
print("throw", frame.f_locals)
async def c():
    global frame
    frame = sys._getframe()
    value = "v"
    await a()
class a:
    def __await__(self): yield
k=c(); k.send(None); k.close(); print("coro close", frame.f_locals)
k=c(); k.send(None); del k; print("coro del", frame.f_locals)
async def ag():
    global frame
    frame = sys._getframe()
    value = "v"
    yield 1
k=ag()
try: k.asend(None).send(None)
except StopIteration: pass
del k; print("agen del", frame.f_locals)
