# "was never awaited": the warning, when it comes, its category, with the origin when that is tracked.
import sys
import warnings


async def co():
    pass


async def waits(x):
    await x


def show(message, category, filename, lineno, file=None, line=None):
    print(f"{category.__name__}: {message}")


warnings.showwarning = show
warnings.simplefilter("always")
co()
print("after the first")
c = co()
c.close()
del c
print("closed ones do not warn")
c = co()
try:
    c.send(None)
except StopIteration:
    pass
del c
print("finished ones do not warn")
c = co()
try:
    c.throw(ValueError)
except ValueError:
    pass
del c
print("nor do those that were thrown into")


class Box:
    async def method(self):
        pass


Box().method()


def nested():
    async def local():
        pass
    return local()


nested()
inner = waits(co())
del inner
print("origins")
sys.set_coroutine_origin_tracking_depth(2)
print(sys.get_coroutine_origin_tracking_depth())


def maker():
    return co()


def outer():
    return maker()


c = outer()
print([(line, name) for _, line, name in c.cr_origin])
del c
sys.set_coroutine_origin_tracking_depth(0)
c = co()
print(c.cr_origin)
c.close()
try:
    sys.set_coroutine_origin_tracking_depth(-1)
except ValueError as error:
    print(error)
warnings.simplefilter("error")
sys.unraisablehook = lambda args: print("unraisable", repr(args.exc_value))
co()
print("end")
