# sys.exc_info() around yields: each generator has a state of its own, linked to that of whoever resumes it.
import sys


def now():
    kind = sys.exc_info()[0]
    return kind and kind.__name__


def gen():
    yield now()
    try:
        raise KeyError
    except KeyError:
        yield now()
        yield now()
    yield now()


g = gen()
print(next(g))
try:
    raise ValueError
except ValueError:
    print(next(g), now())
    print(next(g), now())
    print(next(g), now())
print(now())


def inherits():
    while True:
        yield now()


i = inherits()
print(next(i))
try:
    1 / 0
except ZeroDivisionError:
    print(next(i))
    try:
        raise OSError
    except OSError:
        print(next(i), now())
    print(next(i))
print(next(i))


def reraiser():
    try:
        yield
    except ValueError:
        yield
        raise


r = reraiser()
next(r)
r.throw(ValueError("kept across a yield"))
try:
    try:
        raise TypeError("other")
    except TypeError:
        next(r)
except ValueError as error:
    print(repr(error), repr(error.__context__))


def context():
    try:
        yield
    finally:
        raise KeyError("second")


c = context()
next(c)
try:
    c.throw(ValueError("first"))
except KeyError as error:
    print(repr(error.__context__))


def outer():
    try:
        raise ValueError
    except ValueError:
        yield from inherits()


o = outer()
print(next(o), next(o), now())
o.close()


async def co():
    try:
        raise KeyError
    except KeyError:
        return now(), await other()


async def other():
    return now()


try:
    co().send(None)
except StopIteration as stop:
    print(stop.value)
