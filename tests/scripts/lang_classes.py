# Classes: attributes, inheritance, MRO, super, properties, class and static methods, __init_subclass__, __set_name__.
class A:
    "Docs of A"
    kind = "a"

    def __init__(self, x):
        self.x = x

    def who(self):
        return ["A"]

    def __repr__(self):
        return f"{type(self).__name__}({self.x})"


class B(A):
    def who(self):
        return ["B"] + super().who()


class C(A):
    def who(self):
        return ["C"] + super(C, self).who()


class D(B, C):
    def who(self):
        return ["D"] + super().who()


d = D(1)
print(d, d.who(), [c.__name__ for c in D.__mro__], D.__bases__ == (B, C), D.__base__.__name__)
print(A.__doc__, A.__module__, D.__qualname__, d.kind, isinstance(d, A), issubclass(B, C))
d.kind = "own"
print(d.kind, A.kind, d.__dict__, "kind" in vars(A))
del d.kind
print(d.kind)
try:
    d.missing
except AttributeError as error:
    print(error, error.name, error.obj is d)
try:
    del d.kind
except AttributeError as error:
    print(type(error).__name__)
try:
    class Bad(A, B):
        pass
except TypeError as error:
    print(str(error).splitlines()[0])


class Temperature:
    def __init__(self):
        self._c = 0.0

    @property
    def f(self):
        "degrees"
        return self._c * 9 / 5 + 32

    @f.setter
    def f(self, value):
        self._c = (value - 32) * 5 / 9

    @f.deleter
    def f(self):
        print("deleted")

    @classmethod
    def make(cls, c):
        self = cls()
        self._c = c
        return self

    @staticmethod
    def unit():
        return "K"


t = Temperature.make(100)
print(t.f, Temperature.unit(), t.unit(), Temperature.f.__doc__)
t.f = 212
del t.f
print(t._c, Temperature.make.__self__ is Temperature, t.make.__func__ is Temperature.make.__func__)
try:
    type("P", (), {"p": property(lambda self: 1)})().p = 2
except AttributeError as error:
    print(type(error).__name__)


class Plugin:
    registry = []

    def __init_subclass__(cls, /, tag=None, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.registry.append((cls.__name__, tag))


class One(Plugin, tag="x"):
    pass


class Two(One):
    pass


print(Plugin.registry)


class Named:
    def __set_name__(self, owner, name):
        self.name = owner.__name__ + "." + name


class Owner:
    field = Named()
    other = Named()


print(Owner.field.name, Owner.other.name)


class Dynamic:
    def __getattr__(self, name):
        if name.startswith("x"):
            return name.upper()
        raise AttributeError(name)

    def __setattr__(self, name, value):
        object.__setattr__(self, name, ("set", value))

    def __delattr__(self, name):
        print("del", name)
        object.__delattr__(self, name)


y = Dynamic()
y.a = 1
print(y.a, y.xyz, hasattr(y, "b"), getattr(y, "b", "default"))
del y.a
print(y.__dict__)


class Always:
    def __getattribute__(self, name):
        return "always " + name


print(Always().anything, Always().__dict__)

E = type("E", (A,), {"extra": lambda self: self.x * 2})
print(E(21).extra(), E.__name__, type(E), E.__mro__[1] is A)
print(sorted(n for n in dir(E(1)) if not n.startswith("__")))


class Private:
    __secret = 1

    def get(self):
        return self.__secret


print(Private().get(), [n for n in vars(Private) if "secret" in n])
d.__class__ = B
print(d, d.who())
print([c.__name__ for c in A.__subclasses__()], callable(A), callable(d))


class Counted:
    made = 0

    def __new__(cls, *args):
        cls.made += 1
        return super().__new__(cls)

    def __init__(self, *args):
        self.args = args

    def __call__(self, *more):
        return self.args + more


print(Counted(1)(2), Counted.made)
try:
    object(1)
except TypeError as error:
    print(error)
try:
    Counted.__init__()
except TypeError as error:
    print(error)
