# Closures: cells shared between functions, late binding, nonlocal, cells in class bodies, __closure__.
def counter(start):
    count = start

    def up(by=1):
        nonlocal count
        count += by
        return count

    def look():
        return count

    return up, look


up, look = counter(10)
print(up(), up(5), look())
print(up.__closure__[0] is look.__closure__[0], up.__closure__[0].cell_contents, up.__code__.co_freevars)

late = [lambda: n for n in range(3)]
early = [lambda n=n: n for n in range(3)]
print([f() for f in late], [f() for f in early])


def three():
    a = 1

    def two():
        b = 2

        def one():
            nonlocal a
            a += 1
            return a + b
        return one
    return two()


one = three()
print(one(), one())


def unbound():
    def inner():
        return later
    try:
        inner()
    except NameError as error:
        print(type(error).__name__, error)
    later = 1
    print(inner())
    del later
    try:
        inner()
    except NameError as error:
        print(type(error).__name__, error)


unbound()


def local_before():
    try:
        print(x)
    except UnboundLocalError as error:
        print(error)
    x = 1


local_before()


def in_class(value):
    class Box:
        inside = value

        def get(self):
            return value, self.inside, __class__.__name__
    return Box


print(in_class("outer")().get(), in_class("outer").inside)
value = "module"


def class_scope(value):
    try:
        class Assigned:
            kept = value        # assigned below, so it is looked up in the class and then among the globals
            value = "own"
    except NameError as error:
        return str(error)
    return Assigned.kept, Assigned.value


print(class_scope("parameter"))


def parameter_cell(a, *args, b=2, **kw):
    def get():
        return a, args, b, kw
    a = "changed"
    return get


print(parameter_cell(1, 2, 3, b=4, c=5)())

x = "global"


def reads_global():
    global x, made
    x, made = "changed", "made"


reads_global()
print(x, made)

cell = (lambda: up).__closure__
print(cell, type(up.__closure__[0]).__name__)
exec_scope = {"y": 1}
exec("def f(): return y\ny = 2\nz = f()", exec_scope)
print(exec_scope["z"])
