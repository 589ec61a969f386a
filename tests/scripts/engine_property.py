# Properties at one place in the code: getters that change, hide, fail, and are not plain functions.
class P:
    def __init__(self):
        self.n = 0

    @property
    def v(self):
        self.n += 1
        return self.n

    @property
    def two(self, extra="default"):
        return extra

    @property
    def cell(self):
        return [self.n + i for i in range(2)]

    @property
    def fails(self):
        raise AttributeError("not here")

    @property
    def deep(self):
        return self.deep


class Slot:
    def __init__(self):
        self.v = "slot"


class Sub(P):
    v = property(lambda self: "sub")


class Hooked(P):
    def __getattr__(self, name):
        return "hooked " + name


class NoGetter:
    v = property()


def get(o):
    return o.v


def attempt(f, o):
    try:
        return f(o)
    except Exception as e:
        return f"{type(e).__name__}: {str(e)[:60]}"


p = P()
print([get(p) for _ in range(5)])
# Different classes in turns, at one instruction.
objects = [p, Slot(), Sub(), Hooked(), NoGetter(), p]
for _ in range(400):
    last = [attempt(get, o) for o in objects]
print(last)

# Another getter in the same property; another property in the same class; none.
prop = P.__dict__["v"]
prop.__init__(lambda self: "other getter")
print(get(p))
prop.__init__(len)
print(attempt(get, p))
P.v = property(lambda self: "other property")
print(get(p), get(Sub()))
P.v.fget.__code__ = (lambda self: "other code").__code__
print(get(p))
P.v = 5
print(get(p))
p.__dict__["v"] = "own"
print(get(p))
P.v = property(lambda self: "a property is first")
print(get(p))
del P.v
print(get(p))

for name in "two", "cell":
    print([getattr(p, name) for _ in range(2)], eval(f"[p.{name} for _ in range(3)]"))


def fails(o):
    return o.fails


print([attempt(fails, o) for o in (p, p, p, Hooked())])
print([attempt(lambda o: o.deep, p)[:15] for _ in range(3)])


class Gen:
    @property
    def v(self):
        yield 1

    @property
    async def w(self):
        return 2


print([list(get(Gen())) for _ in range(3)])


async def main():
    print([await Gen().w for _ in range(3)])


import asyncio
import sys
import traceback

asyncio.run(main())


class Where:
    @property
    def v(self):
        return [f.name for f in traceback.extract_stack(sys._getframe())][-2:]


print([get(Where()) for _ in range(3)][-1])
