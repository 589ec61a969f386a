# Constructs of Python 3.14's grammar (lasti only: expectations are reasoned from the PEPs named at each).
import annotationlib
import string.templatelib


# PEP 758: several exceptions without parentheses, where there is no `as`.
def caught(error):
    try:
        raise error
    except ValueError, TypeError:
        return "value or type"
    except KeyError, IndexError,:
        return "look-up"
    except OSError:
        return "os"


print(caught(ValueError()), caught(TypeError()), caught(IndexError()), caught(OSError()))


def grouped():
    try:
        raise ExceptionGroup("g", [ValueError(1), KeyError(2)])
    except* ValueError, KeyError:
        print("both in one group")


grouped()
for bad in ["try: pass\nexcept A, B as e: pass\n", "try: pass\nexcept* A, B as e: pass\n"]:
    try:
        compile(bad, "x", "exec")
    except SyntaxError as e:
        print(e.msg)

# PEP 750: a template keeps its parts; values are evaluated, conversions and specs are not applied.
name, width = "world", 5
t = t"hello {name!r:>{width}} and {1 + 1}{name=}"
print(type(t) is string.templatelib.Template, t.strings)
for i in t.interpolations:
    print(repr(i.value), repr(i.expression), i.conversion, repr(i.format_spec))
print(t.values, [x if isinstance(x, str) else x.value for x in t])
both = t"a{1}" + t"{2}b"
print(both.strings, both.values, t"".strings, list(t""))
nested = t"{f'{name}!'} {t'{name}'}"
print(nested.values[0], nested.values[1].values, rt"\d{name}".strings, (t"x{1}" t"y{2}").strings)
match t"{name}":
    case string.templatelib.Template(strings=("", ""), interpolations=[string.templatelib.Interpolation(value=v)]):
        print("matched", v)


# PEP 649 and 749: annotations are evaluated when asked for.
def later(a: Unknown, b: list[Unknown] = 0, *args: int) -> Missing: ...


class Node:
    next: Node
    value: Value
    if True:
        conditional: int
    if False:
        never: Wrong


for format in annotationlib.Format.FORWARDREF, annotationlib.Format.STRING:
    found = annotationlib.get_annotations(later, format=format)
    print({k: v if isinstance(v, str) else type(v).__name__ for k, v in found.items()})
try:
    later.__annotations__
except NameError as e:
    print(e)
text = annotationlib.get_annotations(Node, format=annotationlib.Format.STRING)
print(text["next"], text["value"], text["conditional"])
Unknown = Missing = Value = str
print(later.__annotations__, Node.__annotations__["next"] is Node, list(Node.__annotations__))
print(later.__annotate__(1)["return"], callable(Node.__annotate__))
module_level: Unknown = 1
print(__annotate__(1))


def scoped():
    local = int

    def inner(x: local) -> "text": ...

    return inner.__annotations__


print(scoped())
for bad in ["def f(x: (y := 1)): pass", "def f() -> (yield): pass", "x: (await z)"]:
    try:
        compile(bad, "x", "exec")
    except SyntaxError as e:
        print(e.msg)


# PEP 765 leaves it at warnings: leaving a finally block still works.
def leave():
    for _ in range(2):
        try:
            raise ValueError
        finally:
            break
    while True:
        try:
            1 / 0
        finally:
            return "left"


print(leave())
