# Which message a wrong operand gets: of in-place operators, sequences times sequences, deletions, unpacking, and int with a base.
def attempt(source, **names):
    try:
        exec(source, names)
        print(source, "ok")
    except Exception as e:
        print(source, type(e).__name__, e)


values = [5, 2**70, True, 1.5, "s", b"b", bytearray(b"a"), [1], (2,), {}, None]
for a in values:
    for b in values:
        for operator in "&", "*", "@", "<<":
            if operator == "*" and (type(a) in (int, bool, dict) or type(b) in (int, bool)):
                continue
            attempt(f"a {operator}= b", a=a, b=b)
            attempt(f"a {operator} b", a=a, b=b)


class Sets:
    def __setitem__(self, key, value): pass


class Deletes:
    def __delitem__(self, key): pass


class Plain:
    pass


for x in "a", b"a", (1,), range(3), 5, None, frozenset(), iter([]), type, object(), 1.5, Plain(), Sets(), len:
    print(type(x).__name__)
    attempt("del x[0]", x=x)
    attempt("del x['k']", x=x)
    attempt("del x[0:1]", x=x)
attempt("x[0] = 1", x=Deletes())


def f(*args, **named):
    pass


for source in (
    "f(*1)", "f(1, *2)", "f(*[1], *2)", "f(*2, 1)", "f(*2, k=1)", "f(**1)", "f(**1, k=2)", "f(k=2, **{'k': 1})", "[*1]", "(*1,)", "{*1}", "[1, *2]",
    "{1, *2}", "{**1}", "{'a': 1, **2}", "f(*[1], **1)", "f(1, *2, **{})", "len(1, *2)",
):
    attempt(source, f=f)
for args in (5, "x"), ("5", "x"), (5, 1), (5, 10), ("5", 1), (None, 10), (5.5, 10), ([], -5), (5, -1), (5, 2**70), ("5", 2**70), (b"5", 99), ("5", None):
    attempt(f"int({args[0]!r}, {args[1]!r})")
for source in (
    "enumerate(1, 'x')", "b'a'.count([], 1.5)", "b'a'.find([], 'x')", "b'a'.count([], 1)", "b'ab'.index(None, 'a')", "bytearray(b'a').rfind([], 1.5)",
    "'a'.count([], 1.5)", "'a'.find(1, 'x')", "b'a'.startswith(1, 'x')", "'a'.startswith(1, 'x')", "b'a'.count(300, 'x')",
):
    attempt(source)

# Setting a cause, even none, suppresses the context: so do parts of a group.
g = ExceptionGroup("g", [ValueError(1), KeyError("k")])
print(g.__suppress_context__, [x.__suppress_context__ for x in (*g.split(ValueError), g.subgroup(KeyError))], g.derive([ValueError()]).__suppress_context__)
try:
    raise g
except* ValueError as e:
    print(repr(e), e.__suppress_context__, e.__context__)
except* KeyError as e:
    print(repr(e), e.__suppress_context__, e.__context__)
