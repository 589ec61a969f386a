# Generators that are dropped: finally runs at once, in order; errors go to the unraisable hook; frames keep locals alive.
import sys
import weakref


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)


def gen(name):
    keep = Noisy(name)
    try:
        yield name
        print("never")
    finally:
        print("finally", name)


g = gen("a")
next(g)
print("dropping")
g = None
print("dropped")
unstarted = gen("b")
del unstarted
print("an unstarted one runs nothing")
for name in gen("c"):
    break
print("after the loop")


def function():
    local = gen("d")
    next(local)
    return "returned"


print(function())
holder = [gen("e"), gen("f")]
[next(each) for each in holder]
holder.clear()


def failing():
    try:
        yield
    finally:
        raise ValueError("in finally")


sys.unraisablehook = lambda args: print("unraisable", repr(args.exc_value), args.object.__name__ if args.object else None)
f = failing()
next(f)
del f


def ignoring():
    try:
        yield
    except GeneratorExit:
        yield


f = ignoring()
next(f)
del f


def resurrect():
    try:
        yield
    finally:
        saved.append("saved something")


saved = []
r = resurrect()
next(r)
ref = weakref.ref(r)
del r
print(saved, ref())


def chain():
    yield from gen("inner")


c = chain()
next(c)
print("dropping the outer")
del c
frame = None


def with_frame():
    global frame
    frame = sys._getframe()
    value = Noisy("in frame")
    yield


w = with_frame()
next(w)
print(sorted(frame.f_locals))
del w
print("generator gone, frame cleared:", frame.f_locals)
frame = None
print("loop variable", [x for x in gen("g")])


class Del:
    def __del__(self):
        print("Del ran")


def cyc():
    d = Del()
    me = yield
    yield me


import gc
y = cyc()
next(y)
y.send(y)
del y
print("in a cycle, alive")
gc.collect()
print("collected")
print("end")
at_exit = gen("module level, at exit")
next(at_exit)
del at_exit
