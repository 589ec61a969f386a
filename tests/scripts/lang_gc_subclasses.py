# Cycles through instances of classes whose base holds no references itself: the collector finds them by their attributes and their class.
import _random
import array
import csv
import gc
import io
import random
import socket
import threading
import weakref

bases = [
    (int, ()), (float, (1.5,)), (complex, ()), (str, ("text",)), (bytes, ()), (bytearray, ()), (object, ()),
    (tuple, ()), (frozenset, ()), (list, ()), (dict, ()), (Exception, ()), (range, None), (array.array, ("b",)),
    (_random.Random, ()), (random.Random, ()), (io.BytesIO, ()), (io.StringIO, ()), (io.RawIOBase, ()), (socket.socket, ()),
    (csv.Dialect, None), (property, ()), (threading.Thread, ()), (threading.local, ()),
]


class Marker:
    pass


def by_attribute(base, args):
    Derived = type("Derived", (base,), {})
    o = Derived(*args)
    o.itself = o
    o.marker = Marker()
    return weakref.ref(o.marker)


def by_class(base, args):
    Derived = type("Derived", (base,), {"__slots__": ()} if base is not socket.socket else {})
    Derived.instance = Derived(*args)
    Derived.marker = Marker()
    return weakref.ref(Derived.marker)


for base, args in bases:
    if args is None:
        continue
    found = []
    for make in by_attribute, by_class:
        r = make(base, args)
        gc.collect()
        gc.collect()
        found.append(r() is None)
    print(base.__name__, *found)

# What the collector looks at, and what it sees.
I = type("I", (int,), {})
n = I(5)
n.x = marker = Marker()
print(gc.is_tracked(n), gc.is_tracked(5), gc.is_tracked("text"), I in gc.get_referents(n), n in gc.get_referrers(I))

# Instances go when their last reference does, and young ones are found among many.
F = type("F", (float,), {})
many = [F(k) for k in range(5000)]
for k, o in enumerate(many):
    o.next = many[k - 1]
last = weakref.ref(many[-1].next.next)
del many, o
gc.collect()
print(last() is None, n, n.x is marker)
