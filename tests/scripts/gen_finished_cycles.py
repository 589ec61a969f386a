# A finished generator or coroutine does not keep the namespace of its function from being collected.
import gc, warnings, weakref

warnings.simplefilter('ignore')


class Watched:
    pass


def collected(source):
    namespace = {'watched': Watched()}
    exec(source, namespace)
    w = weakref.ref(namespace['watched'])
    del namespace
    for _ in range(4):
        gc.collect()
    return w() is None


print('suspended', collected('def g():\n  try: yield 1\n  finally: pass\nx = g(); next(x)'))
print('exhausted', collected('def g(): yield 1\nx = g(); list(x)'))
print('closed', collected('def g(): yield 1\nx = g(); x.close()'))
print('failed', collected('def g():\n  yield 1\n  1/0\nx = g(); next(x)\ntry: next(x)\nexcept ZeroDivisionError: pass'))
print('coroutine', collected('async def c(): pass\nx = c(); x.close()'))
print('never awaited', collected('async def c(): pass\nx = c()'))
print('async generator', collected('async def a(): yield 1\nx = a()\ny = x.asend(None)\ntry: y.send(None)\nexcept StopIteration: pass'))
