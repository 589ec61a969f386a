"""What `symtable` is made from: the compiler's scopes as objects (CPython's Python/symtable.c, Modules/symtablemodule.c)."""

import _lasti_ast

USE = 2 << 3
DEF_GLOBAL = 1
DEF_LOCAL = 2
DEF_PARAM = 2 << 1
DEF_NONLOCAL = 2 << 2
DEF_FREE_CLASS = 2 << 5
DEF_IMPORT = 2 << 6
DEF_ANNOT = 2 << 7
DEF_COMP_ITER = 2 << 8
DEF_TYPE_PARAM = 2 << 9
DEF_COMP_CELL = 2 << 10
DEF_BOUND = DEF_LOCAL | DEF_PARAM | DEF_IMPORT | DEF_TYPE_PARAM

SCOPE_OFF = 12
SCOPE_MASK = DEF_GLOBAL | DEF_LOCAL | DEF_PARAM | DEF_NONLOCAL

LOCAL = 1
GLOBAL_EXPLICIT = 2
GLOBAL_IMPLICIT = 3
FREE = 4
CELL = 5

TYPE_FUNCTION = 0
TYPE_CLASS = 1
TYPE_MODULE = 2
TYPE_ANNOTATION = 3
TYPE_TYPE_ALIAS = 4
TYPE_TYPE_PARAMETERS = 5
TYPE_TYPE_VARIABLE = 6


class _Entry:
    __slots__ = "id", "name", "symbols", "varnames", "children", "nested", "type", "lineno", "__weakref__"

    def __repr__(self):
        return f"<symtable entry {self.name}({self.id}), line {self.lineno}>"


_Entry.__name__ = _Entry.__qualname__ = "symtable entry"


def symtable(source, filename, startstr, /):
    """Return symbol and scope dictionaries used internally by compiler."""
    if startstr not in ("exec", "eval", "single"):
        raise ValueError("symtable() arg 3 must be 'exec' or 'eval' or 'single'")
    if isinstance(source, str):
        source = source.encode("utf-8", "surrogatepass")
    if isinstance(filename, bytes):
        import os

        filename = os.fsdecode(filename)
    entries = []
    rows = _lasti_ast.scopes(source, filename, startstr)
    for name, kind, line, nested, symbols, varnames, _ in rows:
        entry = _Entry()
        entry.id = id(entry)
        entry.name = name
        entry.type = kind
        entry.lineno = line
        entry.nested = nested
        entry.symbols = dict(symbols)
        entry.varnames = varnames
        entries.append(entry)
    for entry, row in zip(entries, rows):
        entry.children = [entries[at] for at in row[6]]
    return entries[0]
