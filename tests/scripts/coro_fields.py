# Coroutines: cr_ fields, states, cr_await chains, types.coroutine, __await__ objects and the errors around them.
import inspect
import types


@types.coroutine
def pause(value=None):
    return (yield value)


async def leaf(x):
    got = await pause(x)
    return got * 2


async def middle(x):
    return await leaf(x) + 1


async def top(x):
    return await middle(x)


c = top(5)
print(type(c).__name__, c.cr_running, c.cr_await, c.cr_origin, c.cr_suspended, c.__name__, c.__qualname__, inspect.getcoroutinestate(c))
print(c.send(None), inspect.getcoroutinestate(c), c.cr_suspended)
chain, each = [], c
while each is not None and hasattr(each, "cr_await"):
    chain.append(each.cr_code.co_name)
    each = each.cr_await
print(chain, type(each).__name__, each.gi_code.co_name)
try:
    c.send(10)
except StopIteration as stop:
    print(stop.value, inspect.getcoroutinestate(c), c.cr_frame, c.cr_await)
for call in (lambda: c.send(None), lambda: c.throw(ValueError("late"))):
    try:
        call()
    except (RuntimeError, ValueError) as error:
        print(repr(error))
c.close()


class Awaitable:
    def __await__(self):
        print("__await__")
        got = yield "from awaitable"
        return ("result", got)


class Bad:
    def __await__(self):
        return 5


class BadCoroutine:
    def __await__(self):
        return leaf(1)


async def use(x):
    return await x


u = use(Awaitable())
print(u.send(None))
try:
    u.send("sent")
except StopIteration as stop:
    print(stop.value)
unused = BadCoroutine()
for thing in (5, None, [1], Bad(), (n for n in [1]), lambda: 0):
    try:
        use(thing).send(None)
    except TypeError as error:
        print(type(error).__name__, type(thing).__name__)


class Iterator:
    def __await__(self):
        return iter([1, 2])


u = use(Iterator())
print(u.send(None), u.send(None))
try:
    u.send(None)
except StopIteration as stop:
    print(repr(stop.value))
wrapper = leaf(1).__await__()
print(type(wrapper).__name__, next(wrapper))
try:
    wrapper.send(21)
except StopIteration as stop:
    print(stop.value)
try:
    iter(use(1))
except TypeError as error:
    print(error)
try:
    for _ in use(1):
        pass
except TypeError as error:
    print(error)
new = leaf(0)
try:
    new.send(1)
except TypeError as error:
    print(error)
new.close()
shared = leaf(3)


async def second(x):
    await x


one, two = second(shared), second(shared)
one.send(None)
try:
    two.send(None)
except RuntimeError as error:
    print(error)
one.close()


@types.coroutine
def decorated():
    yield 1


print(type(decorated()).__name__, inspect.isawaitable(decorated()), inspect.iscoroutine(decorated()),
      inspect.iscoroutinefunction(top), inspect.isawaitable(Awaitable()))
c1 = use(Awaitable())
print(c1.send(None), type(c1.cr_await).__name__, c1.cr_frame.f_locals["x"].__class__.__name__)
c1.close()
print(top.__code__.co_flags & inspect.CO_COROUTINE == inspect.CO_COROUTINE, bool(pause.__code__.co_flags & inspect.CO_ITERABLE_COROUTINE))


async def me_running():
    print(self_.cr_running, self_.cr_await)
    try:
        self_.send(None)
    except ValueError as error:
        print(error)


self_ = me_running()
try:
    self_.send(None)
except StopIteration:
    pass


async def stops():
    raise StopIteration("inside")


try:
    stops().send(None)
except RuntimeError as error:
    print(error, repr(error.__cause__))
