# Descriptors: data and non-data, precedence over the instance dict, binding of functions, __slots__.
class Data:
    def __get__(self, obj, owner=None):
        return ("get", obj is not None, owner.__name__)

    def __set__(self, obj, value):
        print("set", value)

    def __delete__(self, obj):
        print("delete")


class NonData:
    def __get__(self, obj, owner=None):
        return "non-data"


class Host:
    data = Data()
    plain = NonData()


h = Host()
h.__dict__.update(data="shadow", plain="shadow")
print(h.data, h.plain, Host.data, Host.plain)
h.data = 1
del h.data
h.plain = "replaced"
print(h.plain, h.__dict__)


def f(self, x):
    return self, x


bound = f.__get__(42)
print(bound(1), bound.__self__, bound.__func__ is f, f.__get__(None, int) is f)
Host.method = f
print(h.method is h.method, h.method == h.method, h.method(2)[1])


class Lazy:
    def __init__(self, fn):
        self.fn, self.name = fn, fn.__name__

    def __get__(self, obj, owner):
        value = obj.__dict__[self.name] = self.fn(obj)
        return value


class Page:
    @Lazy
    def text(self):
        print("computed")
        return "text"


page = Page()
print(page.text, page.text)


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


p = Point(1, 2)
print(p.x, p.y, hasattr(p, "__dict__"), type(Point.x).__name__)
try:
    p.z = 3
except AttributeError as error:
    print(type(error).__name__)
del p.x
try:
    p.x
except AttributeError as error:
    print(type(error).__name__)


class Point3(Point):
    __slots__ = "z"


class Loose(Point):
    pass


q = Point3(1, 2)
q.z = 3
print(q.z, hasattr(q, "__dict__"), hasattr(Loose(1, 2), "__dict__"))
try:
    class Clash:
        __slots__ = ("a",)
        a = 1
except ValueError as error:
    print(error)
try:
    class Both(Point, type("S", (), {"__slots__": ("w",)})):
        pass
except TypeError as error:
    print(error)
print(str.__dict__["upper"].__get__("abc")(), int.__dict__["real"].__get__(7))
print(type(str.upper).__name__, type("".upper).__name__, type(f).__name__, type(h.method).__name__, type(len).__name__)
