# yield from: values, send, throw and close passed on, return value, iterators without send, who is running, chains.
import inspect


def inner():
    try:
        got = yield 1
        print("inner got", got)
        got = yield 2
        print("inner got", got)
    except ValueError as error:
        print("inner caught", error)
        yield "recovered"
    finally:
        print("inner finally")
    return "inner result"


def outer():
    result = yield from inner()
    print("outer got", result)
    yield "last"


print(list(outer()))
o = outer()
print(next(o), o.send("a"), o.gi_yieldfrom.gi_code.co_name, o.gi_yieldfrom.gi_frame.f_back)
print(o.throw(ValueError("thrown")))
print(next(o), list(o), o.gi_yieldfrom)
o = outer()
next(o)
o.close()
o = outer()
next(o)
try:
    o.throw(KeyError("through"))
except KeyError as error:
    print("out", repr(error), [f.function for f in inspect.getinnerframes(error.__traceback__)])


def over(iterable):
    return (yield from iterable)


print(list(over([1, 2])), list(over("ab")), list(over(range(2))), list(over({"k": 1})))
it = over([1, 2])
next(it)
try:
    it.send("x")
except AttributeError as error:
    print(error)
it = over([1, 2])
next(it)
try:
    it.throw(ValueError("list iterator has no throw"))
except ValueError as error:
    print(error)
try:
    next(over(5))
except TypeError as error:
    print(error)


class Manual:
    def __init__(self):
        self.n = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.n += 1
        if self.n > 2:
            raise StopIteration("manual result")
        return self.n

    def send(self, value):
        return f"sent {value}"

    def throw(self, *args):
        print("manual throw", type(args[0]).__name__)
        return "thrown"

    def close(self):
        print("manual close")


def use():
    return (yield from Manual())


u = use()
print(next(u), u.send("x"), u.throw(ValueError()), next(u))
try:
    next(u)
except StopIteration as stop:
    print(stop.value)
u = use()
next(u)
u.close()


def depth(n):
    if n:
        return (yield from depth(n - 1)) + 1
    return (yield "bottom")


d = depth(50)
print(next(d))
try:
    d.send(100)
except StopIteration as stop:
    print(stop.value)


def resumed_inside():
    shared = inner()

    def one():
        yield from shared

    def two():
        yield from shared
    return one(), two(), shared


a, b, shared = resumed_inside()
print(next(a), next(b), a.gi_yieldfrom is b.gi_yieldfrom)
for g in (shared, a, b):
    try:
        print(next(g))
    except StopIteration as stop:
        print("stop", stop.value)


def running():
    print(top.gi_running, top.gi_yieldfrom)
    yield
    print(top.gi_running)


def over_running():
    yield from running()


top = over_running()
list(top)


def reenter():
    yield from again


again = reenter()
try:
    next(again)
except ValueError as error:
    print(error)


def tree(node):
    if node:
        left, value, right = node
        yield from tree(left)
        yield value
        yield from tree(right)


print(list(tree((((None, 1, None), 2, None), 3, (None, 4, None)))))


def throw_into_new():
    yield from inner()


t = throw_into_new()
try:
    t.throw(ValueError("never started"))
except ValueError as error:
    print(error)


def close_error():
    try:
        yield 1
    finally:
        raise KeyError("while closing")


def outer_close():
    yield from close_error()


c = outer_close()
next(c)
try:
    c.close()
except KeyError as error:
    print(repr(error), repr(error.__context__))
