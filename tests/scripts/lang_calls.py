# Calls: every kind of parameter, defaults, unpacking, and the messages of wrong calls.
def f(a, b=2, /, c=3, *args, d, e=5, **kw):
    return a, b, c, args, d, e, kw


print(f(1, d=4), f(1, 9, 8, 7, 6, d=0, z=1, a="kw"), f(*[1, 2], **{"d": 3, "c": 4}))
print(f(*"ab", *"cd", d=1, **{"x": 1}, **{"y": 2}))


def two(a, b):
    return a, b


def kwonly(*, a, b=1):
    return a, b


def posonly(a, /):
    return a


def none():
    pass


five = 5
calls = [
    lambda: two(), lambda: two(1), lambda: two(1, 2, 3), lambda: two(1, b=2, c=3), lambda: two(1, a=1),
    lambda: none(1), lambda: none(x=1), lambda: kwonly(), lambda: kwonly(1), lambda: kwonly(1, a=1), lambda: kwonly(a=1, c=2),
    lambda: posonly(a=1), lambda: posonly(), lambda: f(), lambda: f(1, 2, 3), lambda: two(*1), lambda: two(**1),
    lambda: two(**{1: 2}), lambda: two(b=1, **{"b": 2}), lambda: five(), lambda: len(), lambda: len(1, 2), lambda: int("1", bad=1),
    lambda: (lambda x, y=1: 0)(), lambda: [].append(), lambda: [].append(1, 2), lambda: "".join(1), lambda: None.x,
    lambda: print(sep=1), lambda: two(1, 2, 3, 4), lambda: kwonly(1, 2), lambda: f.missing,
]
for call in calls:
    try:
        print(call())
    except (TypeError, AttributeError) as error:
        print(type(error).__name__, error)


class M:
    def m(self, x):
        pass

    @classmethod
    def c(cls):
        pass


for call in (lambda: M().m(), lambda: M().m(1, 2), lambda: M.m(), lambda: M.c(1), lambda: M(1)):
    try:
        call()
    except TypeError as error:
        print(error)


def defaults(item, seen=[]):
    seen.append(item)
    return seen


print(defaults(1), defaults(2), defaults.__defaults__)
print(f.__defaults__, f.__kwdefaults__, f.__code__.co_argcount, f.__code__.co_posonlyargcount, f.__code__.co_kwonlyargcount)
f.__kwdefaults__["d"] = "new"
print(f(0))
two.__defaults__ = (8, 9)
print(two())
order = []


def note(x):
    order.append(x)
    return x


def evaluated(a=note("default"), *, b=note("kwdefault")):
    pass


dict(x=note(1), **{"y": note(2)}, z=note(3))
print(order)


@(lambda g: lambda *a: ("outer", g(*a)))
@(lambda g: lambda *a: ("inner", g(*a)))
def decorated(x):
    return x


print(decorated(1))
f.attribute = 1
print(f.__dict__, f.__name__, f.__qualname__, (lambda: 0).__name__, M.m.__qualname__)
