# Makes hostile calls of built-in functions and types, in child processes, and reports crashes, hangs, and differences from
# another interpreter. Run by .ci/fuzz-calls, under lasti itself. See --help.
import argparse, builtins, fnmatch, os, random, shlex, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))

# No process-global harm, nothing outside of the process, nothing that waits.
SKIP_MODULES = {
    'posix', '_posixsubprocess', '_socket', '_select', '_signal', '_thread', 'fcntl', 'termios', 'resource', 'pwd', 'grp',
    'atexit', '_imp', '_tracemalloc', 'lasti', '_lasti_loop', '_lasti_ast', '_lasti_dis', '_io', 'time', '_asyncio', '_locale',
}
# Of modules left out, what can be called.
KEEP = {
    '_io': 'BytesIO StringIO BufferedReader BufferedWriter BufferedRandom BufferedRWPair TextIOWrapper IncrementalNewlineDecoder text_encoding',
    'time': 'localtime gmtime mktime strftime strptime asctime ctime time monotonic perf_counter',
    'posix': 'fspath fsencode fsdecode strerror WEXITSTATUS WIFEXITED WIFSIGNALED',
    '_asyncio': 'Future',
    '_thread': 'allocate_lock RLock get_ident _local',
}
SKIP = [
    'builtins.input', 'builtins.breakpoint', 'builtins.exit', 'builtins.quit', 'builtins.help', 'builtins.open',
    'builtins.copyright', 'builtins.credits', 'builtins.license',
    'sys.set*', 'sys._*', 'sys.exit', 'sys.breakpointhook', 'sys.displayhook', 'sys.excepthook', 'sys.unraisablehook',
    'sys.call_tracing', 'sys.addaudithook', 'sys.std*', 'sys.activate_stack_trampoline', 'sys.remote_exec', 'sys.monitoring*',
    'sys.settrace', 'gc.get_*', 'gc.set_*', 'gc.disable', 'gc.freeze', '_queue.*.get', '_queue.*.put', '*.acquire*', '*.__enter__',
    '_warnings.*', '_codecs.register*', '_codecs.unregister*', '_codecs._forget*', '_abc._reset*', '_contextvars.Context.run', 'sys.intern',
    '*.__init_subclass__', '*.__subclasshook__', '*.__getattribute__', '*.__setattr__', '*.__delattr__', '*.__class__',
    '*.__reduce__', '*.__reduce_ex__', '*.__sizeof__', '*.__getstate__', '*.__dir__',
    # Takes as long as its argument is large.
    'math.factorial', 'math.comb', 'math.perm', '_random.*', '_lsprof.*',
]

ARGS = '''
None True False 0 1 -1 2 3 7 255 256 -128 2**31 2**31-1 -2**31 2**32 2**63 2**63-1 -2**63 2**64 2**200 -10**400 10**18
0.0 -0.0 1.5 -2.5 float('nan') float('inf') float('-inf') 1e308 5e-324 1e19 1j complex('nan+infj')
'' 'a' 'abc' 'é' '\\ud800' 'a\\0b' '\\U0001f600' 'x'*1000 '%s%d%(a)s' '{0.a[b]!r:>{1}}' '1_000' ' 12 ' '0x1F' 'utf-8' 'ascii' 'strict' 'ignore' 'nosuch'
'a.b.c' 'rb' '<i' '>8q2sf' '1,2,"3"' '[1, {"a": null}]' '(?P<x>a*)+' '\\r\\n' '2020-01-01' 'NaN' 'é'*300
b'' b'a' b'abc' b'\\xff\\xfe' b'\\x00'*100 b'YWJj' b'x\\x9c\\x03\\x00\\x00\\x00\\x00\\x01' bytearray() bytearray(b'abcdef') memoryview(b'abc') exported() released() memoryview(bytearray(8)).cast('I')
[] [1,2,3] ['a','b'] [None] [[1],[2]] list(range(50)) rec_list() with_mutator(list,1,2) SubList([1,2,3]) [Raises()] [(1,2),(3,4)] ['b',1] [float('nan')]*3
() (1,) (1,2) (1,2,3) ('a','b') rec_tuple() SubTuple((1,2)) ((),) (2**70,2**70) (1,'a',None)
{} {'a':1} {1:2,'b':[]} rec_dict() with_mutator(dict) SubDict(a=1) {i:i for i in range(40)} {'__name__':'x'}
set() {1,2} frozenset() frozenset({1,'a'}) with_mutator(set) range(10) range(0) range(5,-5,-2) range(2**70,2**70+3) slice(None) slice(1,5,2) slice(None,None,-1) slice(2**70,None,-2**70) slice(1,2,0) slice(Raises())
Raises() Nonsense(None) Nonsense(-1) Nonsense('x') Nonsense(2**70) Nonsense([]) Nonsense(1.5) Nonsense(True) Mutates([]) Nonsense(NotImplemented) Nonsense(b'ab') Nonsense((1,2))
SubInt(3) SubStr('abc') SubBytes(b'abc') SubFloat(2.5) WithMeta Meta object() object int str list dict tuple type bytes float bool Exception KeyError Fails Descriptor() BaseException()
len print repr (lambda:1) (lambda*a,**k:a) (lambda*a:1/0) abs max gen gen() started() running() raising_iter() iter([1,2]) iter({}) iter('abc') iter(Raises,1) zip([1],[2]) map(str,[1]) enumerate('ab') reversed([1,2]) filter(None,[0,1])
NotImplemented Ellipsis sys gen.__code__ (1).__add__ 'a'.join [].append property() staticmethod(len) classmethod(len) ValueError('x') KeyError(1) ExceptionGroup('g',[ValueError(1)]) StopIteration(5) OSError(2,'x') UnicodeDecodeError('utf-8',b'a',0,1,'x')
int.__add__ type('T',(),{}) type('T',(),{'__slots__':('a',)})() type('T',(list,),{})([1]) super(SubInt) list[int] int|str
'''
ARGS = [a for a in ARGS.split()]

# Expressions for an object of a type, where its constructor needs something else than what the pool has.
INSTANCES = {
    'generator': ['gen()', 'started()', 'running()'], 'coroutine': ['coro()'], 'async_generator': ['agen()'],
    'function': ['gen', '(lambda:1)'], 'builtin_function_or_method': ['len'], 'code': ['gen.__code__'],
    'memoryview': ['exported()', 'released()', "memoryview(b'abcdef')", "memoryview(bytearray(8)).cast('I')"],
    'module': ['type(sys)("m")'], 'mappingproxy': ['type.__dict__["__dict__"].__get__(int)'], 'cell': [], 'frame': [], 'NoneType': ['None'],
    'list': ['[1,2,3]', '[]', 'rec_list()', 'with_mutator(list,1,2)', 'SubList([1,2])', "['b','a']", 'list(range(100))', '[Mutates([])]*3'],
    'dict': ["{'a':1}", '{}', 'rec_dict()', 'with_mutator(dict)', 'SubDict(a=1)', '{i:i for i in range(20)}'],
    'set': ['{1,2}', 'set()', 'with_mutator(set)', '{i for i in range(20)}'], 'frozenset': ['frozenset({1,2})'],
    'tuple': ['(1,2,3)', '()', 'rec_tuple()', 'SubTuple((1,2))', "('a',1)"],
    'str': ["'abc'", "''", "'é\\ud800'", "SubStr('abc')", "'a b c'*50", "'{a.b[0]:>{w}} {}'", "'%s %r %(x)d %*.*f'", "'Σσς'"],
    'bytes': ["b'abc'", "b''", "SubBytes(b'abc')", "b'a b,c'*30"],
    'bytearray': ["bytearray(b'abcdef')", 'bytearray()', "bytearray(b'a b c'*20)"],
    'int': ['5', '0', '-1', '2**70', 'SubInt(3)', 'True', '-2**31'], 'float': ['1.5', "float('nan')", '-0.0', '1e300', 'SubFloat(1.5)', "float('inf')"],
    'complex': ['1j', "complex('nan')"], 'bool': ['True'], 'range': ['range(10)', 'range(0,-9,-2)'],
    'slice': ['slice(1,5)', 'slice(None,None,-1)', 'slice(Raises())'], 'object': ['object()'], 'type': ['int', 'WithMeta', 'type("T",(),{})'],
    'property': ['property(lambda s:1)', 'property()'], 'super': ['super(SubInt,SubInt(1))'],
    'staticmethod': ['staticmethod(len)'], 'classmethod': ['classmethod(len)'],
    'BytesIO': ["_io.BytesIO(b'ab\\ncd\\r\\n')", '_io.BytesIO()'], 'StringIO': ["_io.StringIO('ab\\ncd\\r\\n')"],
    'BufferedReader': ["_io.BufferedReader(_io.BytesIO(b'abc\\ndef'*9),4)", '_io.BufferedReader(Raises())'],
    'BufferedWriter': ['_io.BufferedWriter(_io.BytesIO(),4)'], 'BufferedRandom': ["_io.BufferedRandom(_io.BytesIO(b'abcdef'),3)"],
    'TextIOWrapper': ["_io.TextIOWrapper(_io.BytesIO('é\\nab\\r\\n'.encode()),'utf-8')", "_io.TextIOWrapper(_io.BufferedReader(_io.BytesIO(b'a\\xff')),'utf-8')"],
    'IncrementalNewlineDecoder': ['_io.IncrementalNewlineDecoder(None,True)'],
    'array': ["array.array('i',[1,2,3])", "array.array('d')", "array.array('u','abc')", "array.array('B',b'abc')"],
    'deque': ['_collections.deque([1,2,3])', '_collections.deque([1],2)', 'with_mutator(_collections.deque,1)'],
    'defaultdict': ['_collections.defaultdict(list,a=1)', '_collections.defaultdict(Raises())'], 'OrderedDict': ["_collections.OrderedDict(a=1,b=2)", 'with_mutator(_collections.OrderedDict)'],
    'Pattern': ["_re.compile('a(b)?|(?P<n>c*)')", "_re.compile(b'[a-z]+')", "_re.compile('(a|b)*?x')"], 'Match': ["_re.match('(a)(?P<n>b)?','ac')"],
    'Struct': ["_struct.Struct('<i2sd')", "_struct.Struct('')"], 'partial': ['_functools.partial(max,1)', '_functools.partial(Raises())'],
    'Context': ['_contextvars.Context()'], 'ContextVar': ["_contextvars.ContextVar('x')"], 'SimpleQueue': ['_queue.SimpleQueue()'],
    'Compress': ['zlib.compressobj()'], 'Decompress': ['zlib.decompressobj()'], 'ReferenceType': ['_weakref.ref(gen)', '_weakref.ref(SubInt)'],
    'reader': ["_csv.reader(['a,b','\"c'])", '_csv.reader(Raises())'], 'writer': ['_csv.writer(_io.StringIO())'], 'lru_cache': [],
}
SETUP = 'import re as _re, _io, _collections, array, _struct, _functools, _contextvars, _queue, zlib, _weakref, _csv\n'
KEYWORDS = 'key default start end sep encoding errors reverse strict maxsplit repeat initial flags step obj name func fill byteorder signed'.split()


def skipped(name):
    return any(fnmatch.fnmatchcase(name, p) for p in SKIP)


def find_targets():
    """(expression, type of the first argument or None) for all that can be called."""
    found = {}
    for module in sorted(set(sys.builtin_module_names) | {'builtins'}):
        try:
            m = __import__(module)
        except ImportError:
            continue
        keep = KEEP.get(module, '').split()
        if module in SKIP_MODULES and not keep:
            continue
        for name in sorted(dir(m)):
            f = getattr(m, name, None)
            path = module + '.' + name
            if not callable(f) or skipped(path) or (keep and name not in keep) or not name.isidentifier():
                continue
            found.setdefault(path, None)
            if isinstance(f, type) and not issubclass(f, BaseException):
                for method in sorted(dir(f)):
                    if callable(getattr(f, method, None)) and not skipped(path + '.' + method):
                        found.setdefault(path + '.' + method, f.__name__)
    import types
    for name in ('generator coroutine async_generator function builtin_function_or_method code module mappingproxy').split():
        for t in (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FunctionType, types.BuiltinFunctionType,
                  types.CodeType, types.ModuleType, types.MappingProxyType):
            if t.__name__ == name and INSTANCES.get(name):
                for method in sorted(dir(t)):
                    path = 'type(%s).%s' % (INSTANCES[name][0], method)
                    if callable(getattr(t, method, None)) and not skipped('x.' + method):
                        found.setdefault(path, name)
    import re
    for t in (re.Pattern, re.Match):
        for method in sorted(dir(t)):
            if callable(getattr(t, method, None)) and not skipped('x.' + method):
                found.setdefault('_re.%s.%s' % (t.__name__, method), t.__name__)
    return sorted(found.items())


def make_call(rng, targets):
    path, kind = rng.choice(targets)
    n = rng.choice((0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 6))
    args = [rng.choice(ARGS) for _ in range(n)]
    if kind is not None and rng.random() < 0.93:
        own = INSTANCES.get(kind)
        if own:
            args.insert(0, rng.choice(own))
        elif not path.startswith('type('):
            inner = ', '.join(rng.choice(ARGS) for _ in range(rng.choice((0, 1, 1, 2))))
            args.insert(0, '%s(%s)' % (path.rpartition('.')[0], inner))
    if rng.random() < 0.08:
        args.append('%s=%s' % (rng.choice(KEYWORDS), rng.choice(ARGS)))
    return path, ', '.join(args)


def script(calls, first=0):
    with open(os.path.join(HERE, 'prelude.py')) as f:
        prelude = f.read()
    return prelude + '\n' + SETUP + '\nmain([\n' + ''.join('    %r,\n' % (c,) for c in calls) + '], %d)\n' % first


class Run:
    """What an interpreter made of a script: the outcomes by number, and how it ended."""
    def __init__(self, command, text, opt, name):
        path = os.path.join(opt.work, name)
        with open(path, 'w') as f:
            f.write(text)
        limited = 'ulimit -c 0; ulimit -v %d; exec timeout -s KILL %d %s %s' % (opt.memory, opt.seconds_a_batch, command, shlex.quote(path))
        p = subprocess.run(['sh', '-c', limited], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = {}
        self.last = -1
        self.ended = False
        for line in p.stdout.decode('ascii', 'replace').split('\n'):
            number, _, outcome = line.partition(' ')
            if line == 'end':
                self.ended = True
            elif number.isdigit():
                self.last = int(number)
                self.lines[self.last] = outcome
        code = p.returncode
        self.code = code
        self.stderr = p.stderr.decode('utf-8', 'replace')
        if code in (137, -9):
            self.how = 'hang'
        elif code == 70:
            self.how = 'panic'
        elif code < 0 or code > 128:
            self.how = 'signal %d' % (-code if code < 0 else code - 128)
        elif not self.ended:
            self.how = 'exit %d' % code
        else:
            self.how = ''


class Fuzz:
    def __init__(self, opt):
        self.opt = opt
        self.made = 0
        self.compared = 0
        self.found = {}
        self.accepted = []
        with open(os.path.join(HERE, 'accepted.txt')) as f:
            for line in f:
                line = line.split('#')[0].strip()
                if line:
                    parts = [p.strip() for p in line.split('|')]
                    self.accepted.append((parts + ['*', '*', ''])[:4])

    def is_accepted(self, target, ours, theirs):
        return any(fnmatch.fnmatchcase(target, t) and fnmatch.fnmatchcase(ours, a) and fnmatch.fnmatchcase(theirs, b)
                   for t, a, b, _ in self.accepted)

    def report(self, what, target, args, ours, theirs, text):
        if self.is_accepted(target, ours, theirs):
            return
        key = (what, target, ours.split(' ')[0], theirs.split(' ')[0])
        if key in self.found:
            self.found[key] += 1
            return
        self.found[key] = 1
        name = '%s-%03d.py' % (what.replace(' ', '-'), len(self.found))
        with open(os.path.join(self.opt.out, name), 'w') as f:
            f.write(text)
        print('%s: %s(%s): %s%s   [%s]' % (what, target, args, ours, '; the other: ' + theirs if theirs else '', name), flush=True)

    def batch(self, number):
        opt = self.opt
        rng = random.Random('%d-%d' % (opt.seed, number))
        calls = [make_call(rng, opt.targets) for _ in range(opt.calls)]
        first = 0
        ours = {}
        hangs = set()
        while True:
            run = Run(opt.lasti, script(calls, first), opt, 'ours.py')
            ours.update(run.lines)
            if not run.how:
                break
            n = run.last
            if n < 0 or n < first or run.ended:
                # It died at its start or at its end.
                self.report(run.how, 'the whole script', '', run.how, '', script(calls, first))
                break
            target, args = calls[n]
            alone = Run(opt.lasti, script([calls[n]]), opt, 'alone.py')
            text = script([calls[n]]) if alone.how else script(calls[:n + 1], first)
            theirs = ''
            if run.how == 'hang' and opt.against and alone.how:
                theirs = Run(opt.against, script([calls[n]]), opt, 'theirs.py').how
            if not (run.how == 'hang' and theirs == 'hang'):
                self.report(run.how, target, args, run.how, theirs, text)
            hangs.add(n)
            ours.pop(n, None)
            first = n + 1
            if first >= len(calls):
                break
        self.made += len(calls)
        if opt.against:
            kept = [c for i, c in enumerate(calls) if i not in hangs]
            numbers = [i for i in range(len(calls)) if i not in hangs]
            first = 0
            while first < len(kept):
                other = Run(opt.against, script(kept, first), opt, 'theirs.py')
                for k, outcome in other.lines.items():
                    if k == other.last and other.how:
                        continue
                    mine = ours.get(numbers[k])
                    if mine is None:
                        continue
                    self.compared += 1
                    if mine != outcome and 'missing' not in (mine, outcome):
                        target, args = kept[k]
                        self.report('differs', target, args, mine, outcome, script([kept[k]]))
                if not other.how or other.last < first:
                    break
                first = other.last + 1


def main():
    p = argparse.ArgumentParser(prog='fuzz-calls', description='Hostile calls of built-in functions and types.')
    p.add_argument('--lasti', required=True, help='the interpreter under test')
    p.add_argument('--against', help='a command that runs a script under a reference interpreter')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--batches', type=int, help='so many batches')
    p.add_argument('--seconds', type=float, default=60, help='stop after so long (default 60)')
    p.add_argument('--calls', type=int, default=400, help='calls in a batch')
    p.add_argument('--first', type=int, default=0, help='number of the first batch')
    p.add_argument('--only', default='*', help='pattern of the names of what is called')
    p.add_argument('--memory', type=int, default=2 << 20, help='KiB of address space of a child')
    p.add_argument('--seconds-a-batch', type=int, default=10)
    p.add_argument('--out', default='target/fuzz-calls', help='where reproducers go')
    opt = p.parse_args()
    opt.work = os.path.join(opt.out, 'work-%d' % os.getpid())
    os.makedirs(opt.work, exist_ok=True)
    opt.targets = [t for t in find_targets() if fnmatch.fnmatchcase(t[0], opt.only)]
    fuzz = Fuzz(opt)
    start = time.monotonic()
    number = opt.first
    while (opt.batches is None or number - opt.first < opt.batches) and time.monotonic() - start < opt.seconds:
        fuzz.batch(number)
        number += 1
    print('fuzz-calls: %d targets, %d calls in batches %d to %d of seed %d, %d compared; %d findings'
          % (len(opt.targets), fuzz.made, opt.first, number - 1, opt.seed, fuzz.compared, len(fuzz.found)))
    return 1 if fuzz.found else 0


sys.exit(main())
