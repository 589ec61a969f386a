# Immediate release: __del__ order, resurrection, cycles, exceptions holding frames, address reuse, errors in __del__.
import gc
import sys
import weakref


class D:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name, end="; ")


def f():
    local = D("local")
    return "returned"


print(f())
a = D("replaced"); a = D("second"); del a
[D(n) for n in range(2)]
print()
x = [D("in list 0"), D("in list 1")]
x.pop(0); print("popped"); x = None; print()
d = {"k": D("dict value")}
d["k"] = 1
print()


def raises():
    keep = D("held by traceback")
    raise ValueError


try:
    raises()
except ValueError as error:
    print("handling", end="; ")
print("after")
saved = []


class Phoenix:
    def __del__(self):
        saved.append(self)


p = Phoenix(); del p
print(len(saved), type(saved[0]).__name__); saved.clear(); print(len(saved))
n = D("cycle"); n.me = n; del n
print("waiting for gc", end="; "); gc.collect(); print()
sys.unraisablehook = lambda u: print("unraisable", repr(u.exc_value), end="; ")


class Bad:
    def __del__(self):
        raise RuntimeError("in del")


Bad(); print()
o = object(); first = id(o); del o
print(sys.getrefcount(saved) >= 2, weakref.ref(D)() is D)


def args(x):
    return 1


print(args(D("argument")), end="\n")
t = (D("tuple"),); u = t; del t; print("still", end="; "); del u; print()
print(D("temporary").name)
g = globals(); g["made"] = D("global by name"); del made; print()
for loop in [D("loop 1"), D("loop 2")]:
    print(loop.name, end="; ")
del loop; print()


class Chain:
    def __init__(self, next):
        self.next = next


head = None
for _ in range(100_000):
    head = Chain(head)
del head
print("deep chain released")


class Order:
    def __init__(self):
        self.a, self.b = D("attr a"), D("attr b")


Order(); print()
with_callback = D("cb"); r = weakref.ref(with_callback, lambda _: print("callback", end="; ")); del with_callback; print()
try:
    raise KeyError(D("in exception args"))
except KeyError:
    print("caught", end="; ")
print("end")


def shares_a_cell():
    shared = "still here"

    def outer():
        def cyclic():
            return shared, cyclic
        cyclic.me = cyclic
    outer()
    gc.collect()
    return shared


print(shares_a_cell())
for base in (dict, list, tuple, set, str, int, float, bytes, Exception):
    class WithDel(base):
        def __del__(self):
            print("del", self.__class__.__base__.__name__, end="; ")
    WithDel()
    made = base.__new__(WithDel)
    del made
print()


def garbage_weakref():
    class Node:
        pass
    told = []
    inside, outside = Node(), Node()
    inside.me = inside
    inside.ref = weakref.ref(inside, lambda _: told.append("inside the cycle"))
    kept = weakref.ref(inside, lambda _: told.append("outside"))
    del inside
    gc.collect()
    return told, kept()


print(garbage_weakref())
