# The head of every generated script: hostile objects, and the loop that makes the calls.
# Each call gives a line with its outcome on the first standard output; what the calls print goes nowhere.
import os, random, signal, sys

_out = os.dup(1)
_null = os.open(os.devnull, os.O_RDWR)
for _fd in (0, 1, 2):
    os.dup2(_null, _fd)


class Raises:
    """Every special method raises."""
    def _raise(self, *args, **kw):
        raise LookupError('hostile')
    __len__ = __iter__ = __next__ = __index__ = __int__ = __float__ = __bool__ = __hash__ = __eq__ = __lt__ = _raise
    __getitem__ = __setitem__ = __delitem__ = __contains__ = __call__ = __repr__ = __str__ = __bytes__ = _raise
    __add__ = __radd__ = __mul__ = __rmul__ = __get__ = __set__ = __fspath__ = __format__ = __length_hint__ = _raise
    __enter__ = __exit__ = __await__ = __reversed__ = __complex__ = __reduce_ex__ = __copy__ = __trunc__ = _raise
    keys = write = read = readline = _raise


class Nonsense:
    """Every special method returns what it must not."""
    def __init__(self, what):
        self.what = what
    def _give(self, *args, **kw):
        return self.what
    __len__ = __iter__ = __index__ = __int__ = __float__ = __bool__ = __hash__ = __eq__ = __lt__ = _give
    __getitem__ = __contains__ = __call__ = __repr__ = __str__ = __bytes__ = __add__ = __radd__ = _give
    __mul__ = __rmul__ = __get__ = __fspath__ = __format__ = __length_hint__ = __await__ = __complex__ = _give
    __reversed__ = __reduce_ex__ = __copy__ = __trunc__ = __round__ = __floor__ = __divmod__ = __buffer__ = _give
    keys = items = write = read = readline = _give
    def __next__(self):
        self.left = getattr(self, 'left', 3) - 1
        if self.left < 0:
            raise StopIteration
        return self.what


class Mutates:
    """Special methods change the container that it was given with."""
    def __init__(self, *targets):
        self.targets = targets
        self.n = 0
    def _mutate(self):
        self.n += 1
        if self.n > 50:
            return
        for t in self.targets:
            if isinstance(t, (list, set, dict, bytearray)) or hasattr(t, 'clear'):
                try:
                    t.clear()
                    if hasattr(t, 'append'):
                        t.append(self.n % 250)
                except BufferError:
                    pass
    def __eq__(self, other):
        self._mutate()
        return self is other
    def __hash__(self):
        self._mutate()
        return 1
    def __lt__(self, other):
        self._mutate()
        return True
    def __index__(self):
        self._mutate()
        return 1
    def __len__(self):
        self._mutate()
        return 2
    def __bool__(self):
        self._mutate()
        return True
    def __iter__(self):
        for i in range(3):
            self._mutate()
            yield i
    def __getitem__(self, i):
        self._mutate()
        if isinstance(i, int) and i < 3:
            return i
        raise IndexError(i)
    def __call__(self, *args, **kw):
        self._mutate()
        return self.n
    def __repr__(self):
        self._mutate()
        return 'Mutates()'
    def __float__(self):
        self._mutate()
        return 1.5
    def __del__(self):
        self._mutate()


def with_mutator(make, *items):
    """A container that holds what changes it."""
    c = make(items)
    m = Mutates(c)
    if hasattr(c, 'append'):
        c.append(m)
        c.append(m)
    elif hasattr(c, 'add'):
        c.add(m)
    else:
        c[m] = m
    return c


class SubInt(int):
    def __index__(self): return -7
    def __eq__(self, other): return NotImplemented
    __hash__ = None
class SubStr(str):
    def __eq__(self, other): raise LookupError('eq')
    def __hash__(self): return 5
    def __str__(self): return 7
class SubList(list):
    def __len__(self): return 2 ** 40
    def __iter__(self): return iter([1, 2])
class SubDict(dict):
    def __missing__(self, key): self.clear(); return key
    def keys(self): return ['a', 'b']
class SubTuple(tuple):
    def __iter__(self): raise LookupError('iter')
    def __len__(self): return -1
class SubBytes(bytes):
    def __bytes__(self): return self
    def __len__(self): return 1000
class SubFloat(float):
    def __float__(self): return 1
class Meta(type):
    def __instancecheck__(cls, o): raise LookupError('isinstance')
    def __subclasscheck__(cls, o): return Nonsense(None)
    def __call__(cls, *a): return a
class WithMeta(metaclass=Meta):
    __slots__ = ('a', '__dict__')
class Descriptor:
    def __get__(self, o, t): raise AttributeError('get')
    def __set__(self, o, v): pass
class Fails(Exception):
    def __init__(self, *a): raise LookupError('init')
    def __str__(self): return 3


def rec_list():
    l = [1]; l.append(l)
    return l
def rec_dict():
    d = {}; d['d'] = d; d[1] = [d]
    return d
def rec_tuple():
    l = []; t = (l, 1); l.append(t)
    return t
def gen():
    x = yield 1
    yield x
def running():
    def g():
        yield list(it)
    it = g()
    return it
async def coro():
    return 1
async def agen():
    yield 1
def raising_iter():
    yield 1
    raise LookupError('iter')
def started():
    g = gen(); next(g)
    return g
def exported():
    b = bytearray(b'abcdef')
    return memoryview(b)
def released():
    m = memoryview(b'abc'); m.release()
    return m


PLAIN = (int, str, bytes, float, bool, type(None), complex)

def shown(v):
    t = type(v)
    if t in PLAIN:
        if t is int and (v > 2 ** 70 or v < -2 ** 70):
            return 'large'
        try:
            s = ascii(v)
        except BaseException as e:
            return type(e).__name__
        return s if len(s) < 80 and ' at 0x' not in s else 'long'
    if t in (tuple, list) and len(v) < 5:
        return t.__name__ + '(' + ','.join(shown(x) for x in v) + ')' if not any(x is v for x in v) and all(type(x) in PLAIN for x in v) else t.__name__
    return t.__name__


def poke(v):
    """Looks at a result as a program would. What that gives is not compared."""
    if type(v) in PLAIN:
        return
    for look in (repr, lambda v: [x for _, x in zip(range(3), v)], hash, lambda v: v == v, bool):
        try:
            look(v)
        except BaseException:
            pass


def generate(seed, number, count, targets, arguments, instances, keywords):
    """The calls of a batch: (target, receiver, arguments, keyword). A receiver is the text of an expression, or a tuple of
    arguments for the target's class. Other arguments are numbers of the pool."""
    draw = random.Random('%d-%d' % (seed, number)).random
    n_targets, n_args, n_keywords = len(targets), len(arguments), len(keywords)
    counts = (0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 6)
    few = (0, 1, 1, 2)
    for _ in range(count):
        target = targets[int(draw() * n_targets)]
        args = [int(draw() * n_args) for _ in range(counts[int(draw() * 11)])]
        receiver = None
        kind = target[1]
        if kind and draw() < 0.93:
            own = instances.get(kind)
            if own:
                receiver = own[int(draw() * len(own))]
            elif not target[0].startswith('type('):
                receiver = tuple([int(draw() * n_args) for _ in range(few[int(draw() * 4)])])
        keyword = None
        if draw() < 0.08:
            keyword = keywords[int(draw() * n_keywords)], int(draw() * n_args)
        yield target, receiver, args, keyword


def text_of(call, arguments):
    """The arguments of a generated call as source."""
    (path, _), receiver, args, keyword = call
    parts = [arguments[i] for i in args]
    if isinstance(receiver, tuple):
        parts.insert(0, '%s(%s)' % (path.rpartition('.')[0], ', '.join(arguments[i] for i in receiver)))
    elif receiver is not None:
        parts.insert(0, receiver)
    if keyword:
        parts.append('%s=%s' % (keyword[0], arguments[keyword[1]]))
    return ', '.join(parts)


class Expressions(dict):
    """Functions that evaluate an expression, by its text; None for what is not there."""
    def __missing__(self, text):
        self[text] = f = eval('lambda: ' + text, globals())
        return f


class Callables(dict):
    """What a target's path stands for; None where this interpreter has it not."""
    def __missing__(self, path):
        try:
            f = eval(path, globals())
        except (AttributeError, NameError, ImportError):
            f = None
        self[path] = f
        return f


def attempt(f, a, k):
    try:
        v = f(*a, **k)
        outcome = 'ok ' + shown(v)
    except BaseException as e:
        v = e
        outcome = type(e).__name__
    return v, outcome.encode('ascii', 'replace').replace(b'\n', b' ') + b'\n'


def call(target, args):
    """One call given as text."""
    signal.alarm(20)
    f = Callables()[target]
    if f is None:
        os.write(_out, b'missing\n')
        return
    try:
        a, k = eval('(lambda *a, **k: (a, k))(' + args + ')', globals())
    except BaseException as e:
        os.write(_out, ('arguments %s\n' % type(e).__name__).encode())
        return
    v, line = attempt(f, a, k)
    os.write(_out, line)
    poke(v)


def import_all(names):
    for name in names:
        if not hasattr(__builtins__, name):
            try:
                globals()[name] = __import__(name, None, None, ['*'])
            except ImportError:
                pass


def main(calls):
    """Makes calls given as text."""
    import_all(sorted({c[0].split('.')[0] for c in calls}))
    for target, args in calls:
        call(target, args)
    os.write(_out, b'end\n')
    # Finalizers of hostile objects are the business of this script, the end of the process with them too.


def main_generated(seed, number, count, first, targets, arguments, instances, keywords, seconds):
    """Makes a batch of generated calls, from the one numbered `first`. A call that takes longer ends the process."""
    import_all(sorted({t[0].split('.')[0] for t in targets}))
    write, alarm, out = os.write, signal.alarm, _out
    callables, expressions = Callables(), Expressions()
    pool = [expressions[a] for a in arguments]
    calls = generate(seed, number, count, targets, arguments, instances, keywords)
    for n, ((path, _), receiver, args, keyword) in enumerate(calls):
        if n < first:
            continue
        if n % 16 == 0 or n == first:
            alarm(seconds)
        f = callables[path]
        if f is None:
            write(out, b'missing\n')
            continue
        try:
            a = [pool[i]() for i in args]
            if receiver is not None:
                if type(receiver) is tuple:
                    a.insert(0, callables[path.rpartition('.')[0]](*[pool[i]() for i in receiver]))
                else:
                    a.insert(0, expressions[receiver]())
            k = {keyword[0]: pool[keyword[1]]()} if keyword else {}
        except BaseException as e:
            write(out, ('arguments %s\n' % type(e).__name__).encode())
            continue
        v, line = attempt(f, a, k)
        write(out, line)
        poke(v)
        f = a = k = v = None
    write(out, b'end\n')
