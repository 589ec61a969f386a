# Generators: send, throw, close, return values, state errors, fields, re-entrance, weak references.
import inspect
import weakref


def echo():
    got = None
    while True:
        try:
            got = yield got
        except ValueError as error:
            got = f"caught {error}"
        except GeneratorExit:
            print("closing")
            raise


g = echo()
print(g.send(None), g.send(1), g.throw(ValueError("v")), g.send(2), inspect.getgeneratorstate(g))
print(g.gi_running, g.gi_suspended, g.gi_yieldfrom, g.__name__, g.__qualname__, g.gi_code.co_name)
g.close()
g.close()
print(inspect.getgeneratorstate(g), g.gi_frame, g.gi_suspended)
for call in (lambda: next(g), lambda: g.send(1), lambda: g.throw(KeyError("k"))):
    try:
        call()
    except (StopIteration, KeyError) as error:
        print(repr(error))
fresh = echo()
try:
    fresh.send(1)
except TypeError as error:
    print(error)
try:
    fresh.throw(KeyError("before start"))
except KeyError as error:
    print(repr(error), inspect.getgeneratorstate(fresh))


def stubborn():
    try:
        yield 1
    except GeneratorExit:
        yield 2


s = stubborn()
next(s)
try:
    s.close()
except RuntimeError as error:
    print(error)


def returning():
    try:
        yield 1
    except GeneratorExit:
        return "closed"


r = returning()
next(r)
print(r.close())


def itself():
    yield me.gi_running
    try:
        next(me)
    except ValueError as error:
        yield str(error)


me = itself()
print(next(me), next(me))


def value():
    yield 1
    return [1, 2]


v = value()
next(v)
try:
    next(v)
except StopIteration as stop:
    print(stop.value, stop.args)


def pep479():
    yield next(iter([]))


try:
    next(pep479())
except RuntimeError as error:
    print(error, repr(error.__cause__))
ref = weakref.ref(me)
print(ref() is me, type(me).__name__, iter(me) is me)
del me
print(ref())
g.__name__ = "renamed"
print(g.__name__, repr(g).split(" at ")[0], g.__qualname__)
try:
    g.gi_frame = 1
except AttributeError as error:
    print(type(error).__name__)
try:
    g.__name__ = 1
except TypeError as error:
    print(error)


def many():
    a = yield
    b = yield a
    c = [(yield b), (yield)]
    d = {"k": (yield c)}
    return d, a + (yield)


m = many()
next(m)
print([m.send(n) for n in (1, 2, 3, 4, 5)])
try:
    m.send(9)
except StopIteration as stop:
    print(stop.value)
for bad in (5, int, "x"):
    try:
        echo().throw(bad)
    except BaseException as error:
        print(type(error).__name__, error)
print(list(zip(range(3), (n * n for n in range(10)))), sum(n for n in range(5)), max(n for n in (1, 3, 2)))
a, *b = (n for n in range(4))
print(a, b, 2 in (n for n in range(3)), "".join(c for c in "abc"), dict((c, 1) for c in "ab"))


def locals_of():
    x = 1
    y = yield
    z = y


lo = locals_of()
next(lo)
print(dict(lo.gi_frame.f_locals), inspect.getgeneratorlocals(lo), lo.gi_frame.f_back)
