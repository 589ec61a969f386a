# throw() and close() on chains of coroutines: order of the finally blocks, resuming one in the middle from outside.
import types


@types.coroutine
def pause(value=None):
    try:
        return (yield value)
    finally:
        print("  pause done")


async def named(name, inner):
    try:
        return name, await inner
    except ValueError as error:
        print(f"  {name} caught {error}")
        return name, "recovered"
    finally:
        print(f"  {name} finally")


def chain(*names):
    inner = pause("waiting")
    made = [inner]
    for name in names:
        inner = named(name, inner)
        made.append(inner)
    return made


print("close")
*_, c = chain("c", "b", "a")
print(c.send(None))
c.close()
print("throw, caught in the innermost")
*_, c = chain("c", "b", "a")
c.send(None)
try:
    c.throw(ValueError("v"))
except StopIteration as stop:
    print(stop.value)
print("throw, not caught")
*_, c = chain("c", "b")
c.send(None)
try:
    c.throw(KeyError("k"))
except KeyError as error:
    tb, names = error.__traceback__, []
    while tb:
        names.append(tb.tb_frame.f_code.co_name)
        tb = tb.tb_next
    print(repr(error), names)
print("resume one in the middle")
p, inner, outer = chain("inner", "outer")
print(outer.send(None))
try:
    inner.send("from outside")
except StopIteration as stop:
    print(stop.value)
try:
    outer.send(None)
except RuntimeError as error:
    print(repr(error))
print("close one in the middle")
p, inner, outer = chain("inner", "outer")
outer.send(None)
inner.close()
try:
    outer.send(None)
except RuntimeError as error:
    print(repr(error))
print("never started")
*_, c = chain("c")
try:
    c.throw(ValueError("at once"))
except ValueError as error:
    print(repr(error))
for each in _:
    each.close()


async def ignores():
    while True:
        try:
            await pause()
        except GeneratorExit:
            print("  ignored")


i = ignores()
i.send(None)
try:
    i.close()
except RuntimeError as error:
    print(error)
try:
    i.throw(KeyError("end"))
except KeyError:
    pass


class Hand:
    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return "hand"

    def throw(self, error):
        print("  hand throw", repr(error))
        raise StopIteration("from throw")

    def close(self):
        print("  hand close")


print("hand-made awaitable")
c = named("h", Hand())
print(c.send(None), c.send(None))
try:
    c.throw(ValueError("x"))
except StopIteration as stop:
    print(stop.value)
c = named("h", Hand())
c.send(None)
c.close()
print("old three-argument throw")
c = named("t", pause())
c.send(None)
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        c.throw(ValueError, "text")
    except StopIteration as stop:
        print(stop.value)
print("dropped while suspended")
*_, c = chain("c", "b")
c.send(None)
_ = None
del c
print("end")
