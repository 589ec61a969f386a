# Cycles that nobody asks the collector for: they go while others are made, with what hangs on them, each thing once.
import gc
import weakref

N = 60_000


class Node:
    pass


class Leaf:
    def __del__(self):
        counts["leaf"] += 1


def generator():
    try:
        yield
    finally:
        counts["generator"] += 1


def heard(_):
    counts["callback"] += 1


def make(kind):
    a, b = Node(), Node()
    a.other, b.other = b, a
    if kind == "leaf":
        # Made before what holds it, and after.
        a.first = Leaf()
        b.rest = [Leaf()]
    elif kind == "generator":
        a.generator = generator()
        next(a.generator)
        b.rest = [{1: a.generator}]
    elif kind == "callback":
        # The reference goes with its referent: nobody hears of it.
        a.leaf = Node()
        a.ref = weakref.ref(a.leaf, heard)
        b.refs = [weakref.ref(b, heard)]
    elif kind == "shared":
        a.shared = shared[-1]
        if len(shared) < 100:
            shared.append([a.shared])
    return weakref.ref(a)


def depth(x):
    n = 0
    while x:
        x, n = x[0], n + 1
    return n


gc.collect()
for kind in "plain", "leaf", "generator", "callback", "shared":
    counts = {"leaf": 0, "generator": 0, "callback": 0}
    shared = [[]]
    refs = [make(kind) for _ in range(N)]
    gone = sum(r() is None for r in refs)
    print(kind, "most are gone:", gone > N // 2)
    if kind in ("leaf", "generator"):
        each = 2 if kind == "leaf" else 1
        print("  finalized with them:", counts[kind] == each * gone)
    gc.collect()
    print("  all:", all(r() is None for r in refs), counts, depth(shared[-1]), len(shared))

# What a cycle in use leads to stays, whether young or old.
rows = []
for i in range(N):
    row = Node()
    row.me, row.cells, row.text = row, [[i], (i, [i])], {"n": [i]}
    rows.append(row)
print(all(r.me is r and r.cells == [[i], (i, [i])] and r.text == {"n": [i]} for i, r in enumerate(rows)))
