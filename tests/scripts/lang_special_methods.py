# Comparisons that a class turned off, and numbers made of objects that are text and say what number they are.
class A:
    __eq__ = None
try: print(A() == 5)
except TypeError as e: print(e)
class L(A):
    __lt__ = None
for f in (lambda: A() != 5, lambda: 5 == A(), lambda: L() < 3, lambda: 3 > L(), lambda: A() in [1], lambda: A() == A()):
    try: print(f())
    except TypeError as e: print(e)
class B(float):
    __eq__ = None
try: print(B() == 5)
except TypeError as e: print(e)
class S(str):
    def __index__(self): return 7
print(int(S("12")))
class S2(str):
    def __int__(self): return 8
print(int(S2("12")))
class S3(bytes):
    def __index__(self): return 9
print(int(S3(b"12")), float(S2("1.5")))
class S4(str):
    def __float__(self): return 2.5
print(float(S4("1.5")), complex(S4("1")))
try: print(int(S("12"), 10))
except TypeError as e: print(e)
class I:
    def __index__(self): return 3
print(int("11", I()), float(I()), complex(I()))


# Slots of classes with several bases, and after changes to one of them.
class Sized:
    def __len__(self):
        return 3


class Plain:
    pass


class Text(Plain, str):
    pass


class Both(Plain, Sized, dict):
    pass


class Below(Both):
    pass


print(len(Text("abcd")), len(Both(a=1)), len(Below()), bool(Both()), Text("a") + "b", hash(Text("a")) == hash("a"))
Plain.__len__ = lambda self: 7
print(len(Text("abcd")), len(Both(a=1)), len(Below()))
del Plain.__len__
print(len(Text("abcd")), len(Both(a=1)), len(Below()))
Plain.__repr__ = lambda self: "plain"
print(repr(Text("a")), Both(), [Below()])
Below.__repr__ = dict.__repr__
print([Below(b=2)], [Both(b=2)])
Plain.__eq__ = lambda self, other: "equal"
print(Text("a") == 5, Both() == {}, Below() != {})
try:
    hash(Text("a"))
except TypeError as e:
    print(e)


class Late(Exception, Plain):
    pass


print(Late("x"), [Late("x")], Late() == 1)
Plain.__str__ = lambda self: "late"
print(Late("x"), str(Text("q")))
