# Code objects made by CodeType and code.replace: what is taken, what is refused, and in which words.
import types


def f(a):
    return a


def g(a, b=1):
    return [a, b, 'text']


def replaced(**changes):
    try:
        c = f.__code__.replace(**changes)
        print(sorted(changes), [getattr(c, name) == v for name, v in changes.items()])
    except SystemError:
        print(sorted(changes), 'SystemError')
    except Exception as e:
        print(sorted(changes), type(e).__name__, e)


for changes in (
    dict(co_argcount=-1), dict(co_argcount=5), dict(co_posonlyargcount=3), dict(co_posonlyargcount=1),
    dict(co_kwonlyargcount=-1), dict(co_nlocals=7), dict(co_stacksize=-1), dict(co_stacksize=10**10),
    dict(co_stacksize=40), dict(co_code=b'a'), dict(co_code='x'), dict(co_consts=[1]), dict(co_names=(1,)),
    dict(co_varnames=()), dict(co_varnames=('a', 'b')), dict(co_varnames=('a', 'b'), co_nlocals=2),
    dict(co_cellvars=(1,)), dict(co_freevars=['x']), dict(co_flags=-1), dict(co_flags=f.__code__.co_flags | 4),
    dict(co_linetable='x'), dict(co_filename=1), dict(co_filename='other'), dict(co_name=1), dict(co_name='n'),
    dict(co_firstlineno=-3), dict(co_firstlineno='a'), dict(co_firstlineno=70), dict(co_exceptiontable=1),
    dict(co_foo=1), dict(co_qualname=b'x'), dict(co_qualname='a.b'),
):
    replaced(**changes)
try:
    f.__code__.replace(1)
except TypeError as e:
    print(e)

# The code of one function in another.
c = g.__code__
h = f.__code__.replace(
    co_code=c.co_code, co_consts=c.co_consts, co_names=c.co_names, co_varnames=c.co_varnames, co_nlocals=c.co_nlocals,
    co_argcount=c.co_argcount, co_stacksize=c.co_stacksize, co_linetable=c.co_linetable)
print(h.co_name, types.FunctionType(h, {})(1, 2))

names = 'argcount posonlyargcount kwonlyargcount nlocals stacksize flags code consts names varnames filename name ' \
    'qualname firstlineno linetable exceptiontable freevars cellvars'.split()
fields = [getattr(c, 'co_' + name) for name in names]
new = types.CodeType(*fields)
print(new == c, new.co_varnames, new.co_qualname, types.FunctionType(new, {})(3, 4))


def made(changes, n=18):
    given = [changes.get(name, v) for name, v in zip(names, fields)][:n]
    try:
        print(sorted(changes), n, types.CodeType(*given).co_name)
    except SystemError:
        print(sorted(changes), n, 'SystemError')
    except Exception as e:
        print(sorted(changes), n, type(e).__name__, e)


for n in (0, 15, 16, 17):
    made({}, n)
try:
    types.CodeType(*fields, 1)
except TypeError as e:
    print(e)
try:
    types.CodeType(argcount=1)
except TypeError as e:
    print(e)
for name in ('argcount', 'posonlyargcount', 'kwonlyargcount', 'nlocals', 'stacksize', 'flags'):
    made({name: -1})
    made({name: 'a'})
for changes in (
    dict(nlocals=3), dict(code=b'a'), dict(code='a'), dict(consts=[]), dict(names=(1,)), dict(argcount=9),
    dict(posonlyargcount=9), dict(filename=1), dict(varnames=(2, 3)), dict(names=[]), dict(freevars=['x']),
    dict(cellvars=(3,)), dict(name=b''), dict(qualname=2), dict(linetable='x'), dict(exceptiontable=0),
    dict(firstlineno=None),
):
    made(changes)
