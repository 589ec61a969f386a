# Metaclasses: __prepare__, __new__, __call__, conflicts, __instancecheck__, __mro_entries__, __class_getitem__.
class Meta(type):
    @classmethod
    def __prepare__(mcs, name, bases, **kw):
        print("prepare", name, [b.__name__ for b in bases], kw)
        return {"prepared": True}

    def __new__(mcs, name, bases, namespace, **kw):
        namespace["added"] = name.lower()
        return super().__new__(mcs, name, bases, namespace)

    def __init__(cls, name, bases, namespace, **kw):
        super().__init__(name, bases, namespace)
        cls.keys = [k for k in namespace if not k.startswith("__")]

    def __call__(cls, *args, **kw):
        print("calling", cls.__name__, args)
        return super().__call__(*args, **kw)

    def __len__(cls):
        return len(cls.keys)

    def __contains__(cls, key):
        return key in cls.keys

    @property
    def shout(cls):
        return cls.__name__.upper()


class Base(metaclass=Meta, flag=1):
    x = 1

    def __init__(self, a):
        self.a = a


class Derived(Base):
    y = 2


print(type(Derived) is Meta, Derived.added, Derived.prepared, Derived.keys, len(Derived), "y" in Derived, Derived.shout)
print(Derived(5).a)
try:
    Derived(1).shout
except AttributeError as error:
    print(error)


class Other(type):
    pass


try:
    class Clash(Base, metaclass=Other):
        pass
except TypeError as error:
    print(type(error).__name__)


class Even(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, int) and instance % 2 == 0

    def __subclasscheck__(cls, sub):
        return sub is int


class EvenNumber(metaclass=Even):
    pass


print(isinstance(4, EvenNumber), isinstance(3, EvenNumber), issubclass(int, EvenNumber), issubclass(str, EvenNumber))


class Alias:
    def __mro_entries__(self, bases):
        return (dict,)


class FromAlias(Alias()):
    pass


print(FromAlias.__mro__[1], type(FromAlias.__orig_bases__[0]).__name__)


class Generic:
    def __class_getitem__(cls, item):
        return f"{cls.__name__}[{item}]"


print(Generic[3], Generic["a"])


def function_as_meta(name, bases, namespace):
    return name, bases, sorted(k for k in namespace if not k.startswith("__"))


class NotAClass(metaclass=function_as_meta):
    a = b = 1


print(NotAClass)


class Single(type):
    made = {}

    def __call__(cls, *args):
        if cls not in cls.made:
            cls.made[cls] = super().__call__(*args)
        return cls.made[cls]


class Only(metaclass=Single):
    pass


print(Only() is Only())
