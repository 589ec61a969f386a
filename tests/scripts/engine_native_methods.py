# Methods of built-in objects that may have a __dict__, at one place: hidden by an attribute, changed, of subclasses.
import asyncio
import collections
import functools
import io


class Sub(io.StringIO):
    def write(self, s):
        return "sub"


class Plain(io.StringIO):
    pass


def write(s):
    return s.write("ab")


a, b, c, d = io.StringIO(), io.StringIO(), Sub(), Plain()
print([write(a) for _ in range(4)])
b.write = lambda s: "own"
print([write(x) for x in (a, b, c, d, a, b, c, d)])
d.write = lambda s: "own of a subclass"
print([write(x) for x in (a, b, c, d)])
del b.write
print(write(b), b.getvalue(), a.getvalue())
b.other = 1
print(write(b), write(a), b.getvalue())
Plain.write = lambda self, s: "of the class"
del d.write
print(write(d), write(a))


def done(f):
    return f.done()


async def main():
    loop = asyncio.get_running_loop()
    f = loop.create_future()
    t = asyncio.ensure_future(f)
    task = asyncio.create_task(asyncio.sleep(0))
    print([done(x) for x in (f, t, task, f)])
    f.set_result(1)
    await task
    print([done(x) for x in (f, t, task, f)])
    try:
        f.done = lambda: "own"
    except AttributeError as e:
        print("no such attribute")
    print(done(task))


asyncio.run(main())


def call(p):
    return p.copy()


for o in [], {}, set(), collections.deque(), collections.OrderedDict(), collections.Counter(), [], {}:
    print(call(o))


class D(dict):
    pass


e = D()
print(call(e))
e.copy = lambda: "own"
print(call(e), call({}), call(D()))


def reduce(e):
    return e.with_traceback(None)


x, y = ValueError(1), ValueError(2)
print(repr(reduce(x)), repr(reduce(y)))
y.with_traceback = lambda tb: "own"
print(repr(reduce(x)), reduce(y))
p = functools.partial(print, "partial")
p.__dict__["__reduce__"] = lambda: "own"
print([q.__reduce__()[0] for q in (functools.partial(int), functools.partial(str))], p.__reduce__())
