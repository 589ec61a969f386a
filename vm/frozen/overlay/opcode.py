"""The opcode tables: CPython 3.8's, and lasti's own opcodes in numbers that 3.8 leaves free."""

import _lasti_dis

__all__ = [
    "cmp_op", "stack_effect", "hascompare", "opname", "opmap", "HAVE_ARGUMENT", "EXTENDED_ARG", "hasarg", "hasconst",
    "hasname", "hasjump", "hasjrel", "hasjabs", "hasfree", "haslocal", "hasexc",
]

cmp_op = ("<", "<=", "==", "!=", ">", ">=", "in", "not in", "is", "is not", "exception match", "BAD")
opmap = {}
opname = [f"<{n}>" for n in range(256)]
hasconst, hasname, hasjrel, hasjabs, hasfree, haslocal, hascompare, hasarg, hasexc = ([] for _ in range(9))
for _number, _name, _operand in _lasti_dis.opcodes():
    opmap[_name] = _number
    opname[_number] = _name
    if _number >= 90:
        hasarg.append(_number)
    _home = {
        "Const": hasconst,
        "Name": hasname,
        "Local": haslocal,
        "Free": hasfree,
        "JumpRel": hasjrel,
        "JumpAbs": hasjabs,
        "Compare": hascompare,
    }.get(_operand)
    if _home is not None:
        _home.append(_number)
hasjump = hasjrel + hasjabs
HAVE_ARGUMENT = 90
EXTENDED_ARG = opmap["EXTENDED_ARG"]
stack_effect = _lasti_dis.stack_effect
