# sys and dis as CPython 3.8 shows them: code objects of several shapes, line tables, flags, nested code, Bytecode.
import dis
import sys
import types


def branches(a, b=1, *args, c, **kw):
    """doc"""
    if a and b:
        return a
    for x in args:
        try:
            yield x
        except (ValueError, KeyError) as error:
            print(error)
        finally:
            del c
    with open(kw) as f, f:
        a += b[c]
    return lambda q: (q, a)


async def coro(x):
    async with x as y:
        await y
    async for z in y:
        print(z)
    return [w async for w in z if w]


class K:
    attr = 1

    def m(self):
        return super().m(), __class__


def show(code, depth=0):
    print("  " * depth + code.co_name, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_nlocals, code.co_stacksize, code.co_flags, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    print("  " * depth, code.co_code.hex(), code.co_lnotab.hex(), [c for c in code.co_consts if not isinstance(c, types.CodeType)])
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            show(const, depth + 1)


show(branches.__code__)
show(coro.__code__)
show(K.m.__code__)
dis.dis(coro)
print([(i.opname, i.arg, i.argrepr, i.offset, i.starts_line, i.is_jump_target) for i in dis.get_instructions(branches)][:8])
print(dis.stack_effect(dis.opmap["LOAD_CONST"], 0), dis.opname[100], dis.HAVE_ARGUMENT, list(dis.findlinestarts(K.m.__code__)))
dis.dis("x = [1, 2, 3]\nif x:\n    y = {**x}\nprint(*x, sep=f'{x!r:>{y}}')")
show(compile("a = b = 1; c = a if b else (1, 2, 'x'); del a\nassert c, 'msg'\nfrom m import (n as o, p)\nimport q.r as s\nwhile True:\n    break\n", "<m>", "exec"))
show(compile("[x for x in y if x for z in x]", "<e>", "eval"))
print(dis.code_info(K.m).splitlines()[0])


def gen():
    x = 1
    while x < 4:
        x = (yield x) or x + 1
    return x


g = gen()
trail = []
for value in g:
    trail.append((value, g.gi_frame.f_lasti, g.gi_frame.f_lineno - gen.__code__.co_firstlineno))
print(trail)


def lasti_of(fn):
    frame = fn()
    return frame.f_lasti, frame.f_back and frame.f_back.f_code.co_name


print(lasti_of(lambda: sys._getframe()), lasti_of(lambda: (0, sys._getframe())[1]))
