# Hooks: firstiter once for each generator, finalizer for those dropped while open, per thread settings, errors in hooks.
import sys

log = []


def first(agen):
    log.append(("first", agen.__name__))


def final(agen):
    log.append(("final", agen.__name__, agen.ag_frame is not None))


async def gen(n=3):
    try:
        for i in range(n):
            yield i
    finally:
        log.append("finally ran")


async def other():
    yield 1


def step(awaitable):
    try:
        awaitable.send(None)
    except StopIteration as stop:
        return stop.value
    except StopAsyncIteration:
        return "end"


print(sys.get_asyncgen_hooks())
old = sys.get_asyncgen_hooks()
sys.set_asyncgen_hooks(firstiter=first)
print(sys.get_asyncgen_hooks().firstiter is first, sys.get_asyncgen_hooks().finalizer)
sys.set_asyncgen_hooks(finalizer=final)
g = gen()
print(log)
a = g.asend(None)
print(log)
print(step(a), step(g.asend(None)), log)
log.clear()
del g, a
print(log)
log.clear()
g = gen(1)
print(step(g.asend(None)), step(g.asend(None)))
del g
print("exhausted:", log)
log.clear()
g = gen()
g.aclose()
del g
print("aclose made, not run:", log)
log.clear()
g = gen()
del g
print("never iterated:", log)
log.clear()
g = other()
step(g.asend(None))
sys.set_asyncgen_hooks(None, None)
del g
print("the finalizer of its first iteration:", log)
log.clear()
g = gen()
step(g.asend(None))
sys.set_asyncgen_hooks(first, final)
del g
print("no finalizer then:", log)
log.clear()


def failing(agen):
    raise ValueError("in firstiter")


sys.set_asyncgen_hooks(firstiter=failing)
g = gen()
try:
    g.asend(None)
except ValueError as error:
    print(error)
print(step(g.asend(None)), "second try goes through")
sys.set_asyncgen_hooks(finalizer=failing)
sys.unraisablehook = lambda args: print("unraisable", repr(args.exc_value))
h = other()
sys.set_asyncgen_hooks(firstiter=None)
step(h.asend(None))
del h
for bad in (dict(firstiter=1), dict(finalizer="x")):
    try:
        sys.set_asyncgen_hooks(**bad)
    except TypeError as error:
        print(error)
kept = []
sys.set_asyncgen_hooks(None, kept.append)
h = other()
step(h.asend(None))
del h
print("kept alive by its finalizer:", kept[0].__name__, step(kept[0].asend(None)))
sys.set_asyncgen_hooks(*old)
