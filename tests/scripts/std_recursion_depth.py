# Values inside each other, far deeper than any native stack: RecursionError for each way to go through them.
import collections
import functools
import json
import marshal
import types

DEEP = 100_000


def nest(f, x=0):
    for _ in range(DEEP):
        x = f(x)
    return x


kinds = {
    'list': lambda x: [x],
    'tuple': lambda x: (x,),
    'dict': lambda x: {1: x},
    'namespace': lambda x: types.SimpleNamespace(a=x),
    'exception': lambda x: ValueError(x),
    'slice': lambda x: slice(x),
    'method': lambda x: types.MethodType(len, x),
    'classmethod': classmethod,
    'staticmethod': staticmethod,
    'mappingproxy': lambda x: types.MappingProxyType({1: x}),
    'partial': lambda x: functools.partial(len, x),
    'deque': lambda x: collections.deque([x]),
    'OrderedDict': lambda x: collections.OrderedDict(a=x),
    'defaultdict': lambda x: collections.defaultdict(None, {1: x}),
    'frozenset': lambda x: frozenset([x]),
    'dict view': lambda x: {1: x}.values(),
    'alias': lambda x: list[x],
}


def attempt(f, *args):
    try:
        f(*args)
        return 'done'
    except Exception as e:
        return type(e).__name__


# How deep these may go depends on the native stack.
def ends(f, *args):
    return attempt(f, *args) in ('done', 'RecursionError')


for name, f in kinds.items():
    print(name, 'repr', attempt(repr, nest(f)))
print('compare lists', ends(lambda: nest(kinds['list']) == nest(kinds['list'])))
print('compare tuples', ends(lambda: nest(kinds['tuple']) == nest(kinds['tuple'])))
print('compare dicts', ends(lambda: nest(kinds['dict']) == nest(kinds['dict'])))
print('hash', ends(hash, nest(kinds['tuple'])))
print('isinstance', ends(isinstance, 1, nest(kinds['tuple'], str)))
print('issubclass', ends(issubclass, int, nest(kinds['tuple'], str)))
print('json.loads', attempt(json.loads, '[' * DEEP))
print('json.loads', attempt(json.loads, '{"a":' * DEEP))
print('json.dumps', attempt(json.dumps, nest(kinds['list'])))
print('json.dumps', attempt(json.dumps, nest(kinds['dict'])))
print('json default', attempt(lambda: json.dumps(object(), default=lambda o: object())))
print('json default', attempt(lambda: json.dumps(object(), default=lambda o: [object()])))
print('marshal.dumps', attempt(marshal.dumps, nest(kinds['list'])))
loop = collections.deque(maxlen=1)
loop.append(loop)
print(loop, len(repr([loop])))
