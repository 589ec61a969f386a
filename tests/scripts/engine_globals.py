# LOAD_GLOBAL goes on at the place of the value while the keys of the globals are the same: whatever changes them must be seen.
import gc
import types
import weakref

value = 1


def read():
    return value


def many(times=4):
    return [read() for _ in range(times)]


print(many())
value = [2]
print(many())

# The same code with other globals, in turns.
others = [{"value": n} for n in range(3)]
readers = [types.FunctionType(read.__code__, g) for g in others]
for _ in range(3):
    print([f() for f in readers], read())

# New keys move the entries; a removed one falls back to builtins, or is missing.
for n in range(200):
    globals()[f"more_{n}"] = n
    assert read() == [2]
for n in range(200):
    del globals()[f"more_{n}"]
    assert read() == [2]
del value
try:
    read()
except NameError as e:
    print(e)
import builtins

builtins.value = "builtin"
print(many(2))
value = "own again"
print(many(2))
del builtins.value, value
try:
    read()
except NameError as e:
    print(e)

# Emptied under a running function.
space = {"__builtins__": builtins}
exec("""
x = object()
def f(n):
    for i in range(n):
        x
        if i == n - 1:
            keep = globals
            g = keep()
            g.clear()
            x
""", space)
f = space["f"]
try:
    f(10)
except NameError as e:
    print(e)
f.__globals__.update(x=5, keep=6)
print(types.FunctionType((lambda: x).__code__, f.__globals__)())

# Read while the last reference to the value goes.
class Loud:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        print("gone", self.n, type(current).__name__, current.n)


current = Loud(0)


def replace(n):
    global current
    for i in range(1, n):
        current = Loud(i)
        current.n


replace(4)

# A namespace collected with its functions, whose finalizer reads it.
space = {"__builtins__": builtins, "weakref": weakref, "answer": 42}
exec("""
class C:
    def __del__(self):
        print("answer", globals().get("answer"))
def f():
    return answer
c = C()
c.f = f
c.c = c
for _ in range(5): f()
""", space)
g = space["f"]
space.clear()
del space
try:
    g()
except NameError as e:
    print(e)
del g
gc.collect()
