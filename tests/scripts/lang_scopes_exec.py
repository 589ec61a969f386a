# global, nonlocal, class scopes, exec, eval, compile, locals(), globals(), __import__, builtins, del, __name__, docstrings.
"""The module's docstring."""
import builtins

x = 1


def f():
    global x, new
    x += 1
    new = "made global"
    import math as local_math
    return sorted(locals())


print(f(), x, new, __name__, __doc__)


class C:
    x = "class"
    y = x + "!"

    def m(self):
        return x

    for i in range(2):
        pass


print(C.y, C().m(), C.i, sorted(n for n in vars(C) if not n.startswith("_")))
print(eval("1 + x"), eval("a * b", {"a": 2}, {"b": 3}), eval(compile("x", "<s>", "eval")), exec("y = 5\ndef g(): return y"), y, g())
space = {}
exec("import math\nz = math.pi > 3\nclass K: v = 1", space)
print(space["z"], space["K"].v, "__builtins__" in space)
for code in ("1 +", "def f(:", "x = = 1", "return 5", "yield 1", "await x", "break", "continue", "1 = x", "f() = 1", "nonlocal q", "'abc", "(1", "if 1:\nx", "def f(a, a): pass", "a b", "x +", "for", "class", "lambda: (yield)", "import", "from x import *\n", "print 1", "\tx\n  y", "f(a=1, 2)", "f(**k, *a)", "del f()", "x: int = 5", "global x\nx = 1"):
    try:
        compile(code, "<test>", "exec")
        print("ok:", repr(code))
    except SyntaxError as error:
        print(type(error).__name__, repr(code), error.lineno)
for call in (lambda: eval("1; 2"), lambda: undefined, lambda: exec("raise KeyError('k')"), lambda: eval(""), lambda: __import__("no.such"), lambda: eval("x", {}, {})):
    try:
        call()
    except Exception as error:
        print(type(error).__name__)
print(builtins.len is len, hasattr(builtins, "print"), __builtins__ is builtins or True, dir() == sorted(dir()), "x" in globals(), vars() is globals())
del x
try:
    x
except NameError as error:
    print(error)
x = "back"


def documented():
    """First line.

        indented
    """


print(repr(documented.__doc__), f.__doc__, C.__doc__, documented.__module__, type(documented.__code__).__name__)


def snapshot():
    a = 1
    first = locals()
    b = 2
    return sorted(first), sorted(locals())[:3]


print(snapshot())
print((lambda: [k for k in locals()])(), eval("[x for _ in range(2)]"), [eval("n") for n in range(2)])
code = compile("a = 1\nb = a + 1", "<code>", "exec")
ns = {}
exec(code, ns)
print(ns["b"], code.co_filename, code.co_name, code.co_names, type(compile("1", "", "single")).__name__)
print(int.__name__, type(int).__name__, type(print).__name__, id(x) == id(x), callable(f), isinstance(1, (str, int)), issubclass(bool, int), hash(None) == hash(None), repr(...), NotImplemented)
