# Classes changed by hand: __bases__ and mro() written in Python, and a __new__ that belongs to another layout.
class WrongNew:
    __new__ = list.__new__


class ListWithObjectNew(list):
    __new__ = object.__new__


for call in (WrongNew, ListWithObjectNew, lambda: object.__new__(list), lambda: list.__new__(object), lambda: object.__new__()):
    try:
        print(call())
    except TypeError as error:
        print("TypeError", error)


class A:
    where = "A"


class B:
    where = "B"


class C(A):
    pass


class D(C):
    pass


C.__bases__ = (B,)
print(C.where, D.where, [c.__name__ for c in D.__mro__], A.__subclasses__(), [c.__name__ for c in B.__subclasses__()], C.__base__.__name__)
for bases in ((list,), (D,), (), (1,)):
    try:
        C.__bases__ = bases
    except TypeError as error:
        print("TypeError", str(error).split(",")[0])
print(C.__bases__[0].__name__, D.where)


class Meta(type):
    def mro(cls):
        if cls.__name__ == "Strange":
            return [cls, 5]
        if cls.__name__ == "Foreign":
            return [cls, dict, object]
        return super().mro()


for name in ("Strange", "Foreign", "Fine"):
    try:
        print(Meta(name, (), {}).__name__)
    except TypeError as error:
        print("TypeError", error)


class Again(type):
    def mro(cls):
        if ready and cls.__name__ == "Target":
            ready.clear()
            Target.__bases__ = (Second,)
        return type.mro(cls)


ready = []


class First(metaclass=Again):
    pass


class Second(First):
    pass


class Target(First):
    pass


ready.append(1)
Target.__bases__ = (First, )
print([c.__name__ for c in Target.__mro__], [c.__name__ for c in Second.__subclasses__()])
