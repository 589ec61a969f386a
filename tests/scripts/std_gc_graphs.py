# The collector on random graphs: what is left is what the roots lead to; with old and young objects mixed, and finalizers.
import gc
import random
import weakref


class Node:
    def __init__(self):
        self.edges = []


class Loud(Node):
    def __del__(self):
        saved.append(self)


def reachable(roots):
    seen, grey = set(), list(roots)
    while grey:
        n = grey.pop()
        if id(n) not in seen:
            seen.add(id(n))
            grey.extend(n.edges)
    return seen


def link(nodes, r, much):
    for _ in range(int(len(nodes) * much)):
        kind = r.randrange(4)
        a, b = r.choice(nodes), r.choice(nodes)
        # A chain of containers in between, of one kind or another.
        a.edges.append(b if kind else a)


saved = []
r = random.Random(7)
for much in 0.3, 0.8, 1.5:
    ok = True
    roots, refs = [], []
    for wave in range(12):
        nodes = [Node() for _ in range(300)] + roots
        link(nodes, r, much)
        roots = r.sample(nodes, 10)
        refs += [weakref.ref(n) for n in nodes]
        want = reachable(roots)
        del nodes
        gc.collect(0 if wave % 3 else 1)
        ok &= want <= {id(n()) for n in refs if n() is not None}
        if wave % 2:
            gc.collect()
            ok &= want == {id(n()) for n in refs if n() is not None}
    print(much, ok)

# Those with a finalizer are kept by it, with all they lead to, and go at the next time.
for much in 0.5, 1.2:
    nodes = [(Loud if i % 10 == 0 else Node)() for i in range(400)]
    link(nodes, r, much)
    for n in nodes:
        n.edges.append(n)
    loud = [n for n in nodes if type(n) is Loud]
    want = reachable(loud)
    refs = [weakref.ref(n) for n in nodes]
    del nodes, loud, n
    gc.collect()
    print(len(saved), len(want) == sum(type(n).__name__ == "Node" for n in gc.get_objects() if id(n) in want) + 40)
    saved.clear()
    gc.collect()
    gc.collect()
    print(len(saved), sum(n() is not None for n in refs))

# Wide and deep ones, through tuples, dicts, cells, generators.
def around():
    here = []
    def inner():
        yield here
    g = inner()
    next(g)
    here.append((g, {"here": here}))
    return weakref.ref(g)

refs = [around() for _ in range(5000)]
gc.collect()
print(sum(w() is not None for w in refs))
ring = first = [None]
for _ in range(100_000):
    ring = [ring]
first[0] = ring
tail = Node()
tail.edges.append(ring)
w = weakref.ref(tail)
del ring, first
gc.collect()
print(w() is tail, gc.is_tracked(tail))
tail.edges.append(tail)
del tail
gc.collect()
print(w())
