"""Disassembler: prints CPython 3.8's text, since that is the wordcode there is."""

import collections
import sys
import types

import _lasti_dis
from opcode import *
from opcode import __all__ as _opcodes_all

__all__ = [
    "code_info", "dis", "disassemble", "distb", "disco", "findlinestarts", "findlabels", "show_code",
    "get_instructions", "Instruction", "Bytecode", "Positions",
] + _opcodes_all

COMPILER_FLAG_NAMES = {
    1: "OPTIMIZED", 2: "NEWLOCALS", 4: "VARARGS", 8: "VARKEYWORDS", 16: "NESTED", 32: "GENERATOR", 64: "NOFREE",
    128: "COROUTINE", 256: "ITERABLE_COROUTINE", 512: "ASYNC_GENERATOR",
}

FORMAT_VALUE = opmap["FORMAT_VALUE"]
MAKE_FUNCTION = opmap["MAKE_FUNCTION"]
_FUNCTION_PARTS = "defaults", "kwdefaults", "annotations", "closure", "annotate"

_Instruction = collections.namedtuple(
    "_Instruction", "opname opcode arg argval argrepr offset starts_line is_jump_target positions"
)
Positions = collections.namedtuple(
    "Positions", "lineno end_lineno col_offset end_col_offset", defaults=[None] * 4
)


class Instruction(_Instruction):
    """One instruction with its operand resolved."""

    __slots__ = ()

    @property
    def line_number(self):
        return self.positions.lineno if self.positions else self.starts_line


def _code_of(x):
    for name in ("__func__",):
        x = getattr(x, name, x)
    for name in ("__code__", "gi_code", "ag_code", "cr_code"):
        code = getattr(x, name, None)
        if code is not None:
            return code
    if isinstance(x, str):
        try:
            return compile(x, "<disassembly>", "eval")
        except SyntaxError:
            return compile(x, "<disassembly>", "exec")
    if hasattr(x, "co_code"):
        return x
    raise TypeError(f"don't know how to disassemble {type(x).__name__} objects")


def dis(x=None, *, file=None, depth=None, **ignored):
    """Disassembles classes, methods, functions, and other objects with code; with no argument the last traceback."""
    if x is None:
        distb(file=file)
        return
    for name in ("__func__", "__code__", "gi_code", "ag_code", "cr_code"):
        if getattr(x, name, None) is not None and not isinstance(x, type):
            x = getattr(x, name)
    if isinstance(x, (type, types.ModuleType)):
        for name, member in sorted(x.__dict__.items()):
            if isinstance(member, (types.FunctionType, types.MethodType, types.CodeType, classmethod, staticmethod, type)):
                print(f"Disassembly of {name}:", file=file)
                try:
                    dis(member, file=file, depth=depth)
                except TypeError as error:
                    print("Sorry:", error, file=file)
                print(file=file)
        return
    _recursive(_code_of(x), file, depth)


def _recursive(code, file, depth):
    disassemble(code, file=file)
    if depth is None or depth > 0:
        for const in code.co_consts:
            if hasattr(const, "co_code"):
                print(file=file)
                print(f"Disassembly of {const!r}:", file=file)
                _recursive(const, file, None if depth is None else depth - 1)


def disassemble(code, lasti=-1, *, file=None, **ignored):
    """Disassembles one code object; `-->` marks the instruction at `lasti`."""
    print(_lasti_dis.text(code, lasti), end="", file=file)


disco = disassemble


def distb(tb=None, *, file=None, **ignored):
    """Disassembles the code at the end of a traceback."""
    if tb is None:
        try:
            tb = sys.last_traceback
        except AttributeError:
            raise RuntimeError("no last traceback to disassemble") from None
    while tb.tb_next:
        tb = tb.tb_next
    disassemble(tb.tb_frame.f_code, tb.tb_lasti, file=file)


def findlinestarts(code):
    """Pairs of offset and line where a line begins."""
    return iter(_lasti_dis.line_starts(code))


def findlabels(code):
    """Offsets that are jumped to."""
    labels = []
    extended = 0
    for at in range(0, len(code), 2):
        op, arg = code[at], code[at + 1] | extended
        extended = arg << 8 if op == EXTENDED_ARG else 0
        target = at + 2 + arg if op in hasjrel else arg if op in hasjabs else None
        if target is not None and target not in labels:
            labels.append(target)
    return labels


def get_instructions(x, *, first_line=None, **ignored):
    """Iterates over the instructions of a function, method, string or code object."""
    code = _code_of(x)
    shift = 0 if first_line is None else first_line - code.co_firstlineno
    starts = dict(findlinestarts(code))
    labels = set(findlabels(code.co_code))
    cells = code.co_cellvars + code.co_freevars
    positions = [Positions(*row) for row in code.co_positions()]
    extended = 0
    for at in range(0, len(code.co_code), 2):
        op, raw = code.co_code[at], code.co_code[at + 1]
        arg = argval = None
        text = ""
        if op >= HAVE_ARGUMENT:
            argval = arg = raw | extended
            extended = arg << 8 if op == EXTENDED_ARG else 0
            if op in hasconst:
                argval = code.co_consts[arg]
                text = repr(argval)
            elif op in hasname:
                text = argval = code.co_names[arg]
            elif op in hasjrel:
                argval = at + 2 + arg
                text = f"to {argval}"
            elif op in haslocal:
                text = argval = code.co_varnames[arg]
            elif op in hascompare:
                text = argval = cmp_op[arg]
            elif op in hasfree:
                text = argval = cells[arg]
            elif op == FORMAT_VALUE:
                convert = (None, str, repr, ascii)[arg & 3]
                argval = convert, bool(arg & 4)
                text = ", ".join([convert.__name__] * bool(arg & 3) + ["with format"] * bool(arg & 4))
            elif op == MAKE_FUNCTION:
                text = ", ".join(name for bit, name in enumerate(_FUNCTION_PARTS) if arg & 1 << bit)
        line = starts.get(at)
        yield Instruction(
            opname[op], op, arg, argval, text, at, None if line is None else line + shift, at in labels, positions[at // 2]
        )


def pretty_flags(flags):
    """The names of a code object's flags."""
    names = []
    for bit in range(32):
        if flags & 1 << bit:
            names.append(COMPILER_FLAG_NAMES.get(1 << bit, hex(1 << bit)))
    return ", ".join(names) or "0x0"


def code_info(x):
    """Details of a function's code, one a line."""
    code = _code_of(x)
    rows = [
        f"Name:              {code.co_name}",
        f"Filename:          {code.co_filename}",
        f"Argument count:    {code.co_argcount}",
        f"Positional-only arguments: {code.co_posonlyargcount}",
        f"Kw-only arguments: {code.co_kwonlyargcount}",
        f"Number of locals:  {code.co_nlocals}",
        f"Stack size:        {code.co_stacksize}",
        f"Flags:             {pretty_flags(code.co_flags)}",
    ]
    for title, names, show in [
        ("Constants:", code.co_consts, repr),
        ("Names:", code.co_names, str),
        ("Variable names:", code.co_varnames, str),
        ("Free variables:", code.co_freevars, str),
        ("Cell variables:", code.co_cellvars, str),
    ]:
        if names:
            rows.append(title)
            rows += [f"{n:4d}: {show(name)}" for n, name in enumerate(names)]
    return "\n".join(rows)


def show_code(x, *, file=None):
    """Prints code_info."""
    print(code_info(x), file=file)


class Bytecode:
    """The instructions of something, to iterate over or to print."""

    def __init__(self, x, *, first_line=None, current_offset=None, **ignored):
        self.codeobj = _code_of(x)
        self.first_line = self.codeobj.co_firstlineno if first_line is None else first_line
        self.current_offset = current_offset
        self._original_object = x

    def __iter__(self):
        return get_instructions(self.codeobj, first_line=self.first_line)

    def __repr__(self):
        return f"{type(self).__name__}({self._original_object!r})"

    @classmethod
    def from_traceback(cls, tb, **ignored):
        while tb.tb_next:
            tb = tb.tb_next
        return cls(tb.tb_frame.f_code, current_offset=tb.tb_lasti)

    def info(self):
        return code_info(self.codeobj)

    def dis(self):
        return _lasti_dis.text(self.codeobj, -1 if self.current_offset is None else self.current_offset)
