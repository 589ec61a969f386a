# The scopes of a source as `symtable` shows them. Where 3.12 and later inline comprehensions, lasti's wordcode does not:
# none is asked for here. CPython 3.13 made the expectation; 3.14 has scopes for annotations beside, which are left out.
import symtable

SOURCE = """
import a.b as c, d
from e import f as g
x = 1
def outer(p, /, q, *r, k=1, **kw):
    global declared
    y = p + x
    def inner():
        nonlocal y
        y = q
        return y, missing
    class C(object):
        m = y
        __private = 1
        def n(self):
            return __class__
    (w := 3)
    return lambda u: u + k
async def coro():
    await x
class Plain:
    a = b = 1
    def method(self): return super().method
    del a
for i in x: pass
with x as z: pass
try: pass
except E as err: pass
match x:
    case {"k": v, **rest} | [v, *rest]: pass
gen = (j for j in x if k)
"""


def show(table, depth=0):
    print("    " * depth + f"{table.get_type()} {table.get_name()!r} line {table.get_lineno()}", end=" ")
    print(f"nested={table.is_nested()} optimized={table.is_optimized()} children={table.has_children()}")
    for symbol in sorted(table.get_symbols(), key=lambda s: s.get_name()):
        asked = [name for name in dir(symbol) if name.startswith("is_") and name not in ("is_comp_iter", "is_comp_cell", "is_free_class", "is_type_parameter")]
        print("    " * depth, symbol.get_name(), *(name for name in asked if getattr(symbol, name)()))
    if isinstance(table, symtable.Function):
        print("    " * depth, table.get_parameters(), sorted(table.get_locals()), sorted(table.get_globals()), end=" ")
        print(sorted(table.get_nonlocals()), sorted(table.get_frees()))
    for child in table.get_children():
        show(child, depth + 1)


show(symtable.symtable(SOURCE, "file", "exec"))
top = symtable.symtable(SOURCE, "file", "exec")
print(top, top.lookup("outer").get_namespace(), top.lookup("outer").is_namespace(), top.lookup("x").get_namespaces())
print(symtable.symtable("x + y", "?", "eval").get_symbols())
for source, mode in (("def f(x): global x", "exec"), ("x +", "eval"), ("x", "other")):
    try:
        symtable.symtable(source, "?", mode)
    except (SyntaxError, ValueError) as error:
        print(type(error).__name__, error)
