# Makes hostile calls of built-in functions and types, in child processes, and reports crashes, hangs, and differences from
# another interpreter. Run by .ci/fuzz-calls, under lasti itself. See --help.
import argparse, fnmatch, os, shlex, subprocess, sys, time

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
    '_asyncio': 'Future Task all_tasks current_task get_running_loop',
    '_socket': 'inet_aton inet_ntoa inet_pton inet_ntop htons htonl ntohs ntohl',
    '_signal': 'strsignal valid_signals getsignal',
    '_imp': 'is_builtin is_frozen source_hash extension_suffixes',
    '_locale': 'strcoll strxfrm',
    '_thread': 'allocate_lock RLock get_ident _local',
}
SKIP = [
    'builtins.input', 'builtins.breakpoint', 'builtins.exit', 'builtins.quit', 'builtins.help', 'builtins.open',
    'builtins.copyright', 'builtins.credits', 'builtins.license',
    'sys.set*', 'sys._*', 'sys.exit', 'sys.breakpointhook', 'sys.displayhook', 'sys.excepthook', 'sys.unraisablehook',
    'sys.call_tracing', 'sys.addaudithook', 'sys.std*', 'sys.activate_stack_trampoline', 'sys.remote_exec', 'sys.monitoring*',
    'sys.settrace', 'gc.get_*', 'gc.set_*', 'gc.disable', 'gc.freeze', '_queue.*.get', '_queue.*.put', '*.acquire*', '*.__enter__',
    '_warnings.*', '_codecs.register*', '_codecs.unregister*', '_codecs._forget*', '_abc._reset*', '_contextvars.Context.run', 'sys.intern',
    '*.__setattr__', '*.__delattr__', '*.__class__',
    # Takes as long as its argument is large.
    'math.factorial', 'math.comb', 'math.perm', '_random.*', '_lsprof.*',
]

ARGS = '''
None True False 0 1 -1 2 3 7 255 256 -128 2**31 2**31-1 -2**31 2**32 2**63 2**63-1 -2**63 2**64 2**200 -10**400 10**18
0.0 -0.0 1.5 -2.5 float('nan') float('inf') float('-inf') 1e308 5e-324 1e19 1j complex('nan+infj')
'' 'a' 'abc' 'é' '\\ud800' 'a\\0b' '\\U0001f600' 'x'*1000 '%s%d%(a)s' '{0.a[b]!r:>{1}}' '1_000' '\\x2012\\x20' '0x1F' 'utf-8' 'ascii' 'strict' 'ignore' 'nosuch'
'a.b.c' 'rb' '<i' '>8q2sf' '1,2,"3"' '[1,{"a":null}]' '(?P<x>a*)+' '\\r\\n' '2020-01-01' 'NaN' 'é'*300
b'' b'a' b'abc' b'\\xff\\xfe' b'\\x00'*100 b'YWJj' b'x\\x9c\\x03\\x00\\x00\\x00\\x00\\x01' bytearray() bytearray(b'abcdef') memoryview(b'abc') exported() released() memoryview(bytearray(8)).cast('I')
[] [1,2,3] ['a','b'] [None] [[1],[2]] list(range(50)) rec_list() with_mutator(list,1,2) SubList([1,2,3]) [Raises()] [(1,2),(3,4)] ['b',1] [float('nan')]*3
() (1,) (1,2) (1,2,3) ('a','b') rec_tuple() SubTuple((1,2)) ((),) (2**70,2**70) (1,'a',None)
{} {'a':1} {1:2,'b':[]} rec_dict() with_mutator(dict) SubDict(a=1) dict.fromkeys(range(40)) {'__name__':'x'}
set() {1,2} frozenset() frozenset({1,'a'}) with_mutator(set) range(10) range(0) range(5,-5,-2) range(2**70,2**70+3) slice(None) slice(1,5,2) slice(None,None,-1) slice(2**70,None,-2**70) slice(1,2,0) slice(Raises())
Raises() Nonsense(None) Nonsense(-1) Nonsense('x') Nonsense(2**70) Nonsense([]) Nonsense(1.5) Nonsense(True) Mutates([]) Nonsense(NotImplemented) Nonsense(b'ab') Nonsense((1,2))
SubInt(3) SubStr('abc') SubBytes(b'abc') SubFloat(2.5) WithMeta Meta object() object int str list dict tuple type bytes float bool Exception KeyError Fails Descriptor() BaseException()
len print repr (lambda:1) (lambda*a,**k:a) (lambda*a:1/0) abs max gen gen() started() running() raising_iter() iter([1,2]) iter({}) iter('abc') iter(Raises,1) zip([1],[2]) map(str,[1]) enumerate('ab') reversed([1,2]) filter(None,[0,1])
NotImplemented Ellipsis sys gen.__code__ (1).__add__ 'a'.join [].append property() staticmethod(len) classmethod(len) ValueError('x') KeyError(1) ExceptionGroup('g',[ValueError(1)]) StopIteration(5) OSError(2,'x') UnicodeDecodeError('utf-8',b'a',0,1,'x')
int.__add__ type('T',(),{}) type('T',(),{'__slots__':('a',)})() type('T',(list,),{})([1]) super(SubInt) list[int] int|str
'''
ARGS = ARGS.split()

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


with open(os.path.join(HERE, 'prelude.py')) as f:
    PRELUDE = f.read()
HELPERS = {'__name__': 'prelude', '__builtins__': __builtins__}


def load_helpers():
    """`generate` and `text_of` of the prelude, without what it does to the standard files."""
    at = PRELUDE.index('def generate(')
    exec('import random\n' + PRELUDE[at:PRELUDE.index('class Expressions(')], HELPERS)


def script(calls):
    return PRELUDE + '\n' + SETUP + '\nmain([\n' + ''.join('    %r,\n' % (c,) for c in calls) + '])\n'


class Batch:
    def __init__(self, opt, number):
        self.opt = opt
        self.number = number

    def script(self, first):
        """The script that makes the calls from `first` on. The tables are one text, which takes little to compile."""
        opt = self.opt
        tables = '\n'.join('%s|%s' % (path, kind or '') for path, kind in opt.targets)
        return '%s\n%s\nTARGETS = """\n%s\n"""\nARGS = %r\nINSTANCES = %r\nKEYWORDS = %r\nmain_generated(%d, %d, %d, %d, %s, ARGS, INSTANCES, KEYWORDS, %d)\n' % (
            PRELUDE, SETUP, tables, ARGS, INSTANCES, KEYWORDS, opt.seed, self.number, opt.calls, first,
            "[tuple(t.split('|')) for t in TARGETS.split()]", opt.seconds_a_call)

    def calls(self, wanted):
        """(path, arguments as text) of the numbered calls, and the same of what makes the receiver, or None."""
        found = {}
        made = HELPERS['generate'](self.opt.seed, self.number, self.opt.calls, self.opt.targets, ARGS, INSTANCES, KEYWORDS)
        for n, call in enumerate(made):
            if n in wanted:
                maker = None
                if isinstance(call[1], tuple):
                    maker = call[0][0].rpartition('.')[0], ', '.join(ARGS[i] for i in call[1])
                found[n] = (call[0][0], HELPERS['text_of'](call, ARGS)), maker
        return found


class Process:
    """An interpreter that runs a script."""
    def __init__(self, command, text, opt, name):
        path = os.path.join(opt.work, name + '.py')
        with open(path, 'w') as f:
            f.write(text)
        self.out = os.path.join(opt.work, name + '.out')
        limited = 'ulimit -c 0; ulimit -v %d; exec %s %s >%s' % (opt.memory, command, shlex.quote(path), shlex.quote(self.out))
        self.process = subprocess.Popen(['timeout', '-s', 'KILL', str(opt.seconds_a_batch), 'sh', '-c', limited],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self):
        """The lines that it wrote; `how` says how it failed, '' where it did not."""
        self.process.wait()
        code = self.process.returncode
        with open(self.out, 'rb') as f:
            text = f.read()
        self.text = text
        lines = text.split(b'\n')
        last = lines.pop()
        ended = bool(lines) and lines[-1] == b'end'
        if ended:
            lines.pop()
        # 14 is SIGALRM: a call took too long.
        if code in (137, -9, 128 + 14, -14):
            self.how = 'hang'
        elif code == 70:
            self.how = 'panic'
        elif code < 0 or code > 128:
            self.how = 'signal %d' % (-code if code < 0 else code - 128)
        elif not ended:
            self.how = 'exit %d' % code
        else:
            self.how = ''
        self.ended = ended
        return lines


class Side:
    """What one interpreter makes of `count` calls, over as many processes as it needs. `text` gives the script from a call on."""
    def __init__(self, text, count, command, opt, name):
        self.text = text
        self.count = count
        self.command = command
        self.opt = opt
        self.name = name
        self.lines = []
        self.failed = {}
        self.start()

    def start(self):
        self.process = Process(self.command, self.text(len(self.lines)), self.opt, self.name)

    def finish(self):
        while True:
            lines = self.process.wait()
            self.lines += lines
            if not self.process.how:
                return
            if not self.lines and self.process.how.startswith('exit'):
                sys.exit('%s does not run %s.py' % (self.command, self.name))
            if self.process.ended or len(self.lines) >= self.count:
                self.failed[None] = self.process.how
                return
            # The call whose outcome is not there ended the process.
            self.failed[len(self.lines)] = self.process.how
            self.lines.append(None)
            if len(self.lines) == self.count:
                return
            self.start()


class Fuzz:
    def __init__(self, opt):
        self.opt = opt
        self.made = 0
        self.compared = 0
        self.found = {}
        self.unconfirmed = {}
        self.confirmed = set()
        self.slow = 0
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

    def alone(self, command, call):
        """(outcome, how it failed) of one call in a process of its own."""
        p = Process(command, script([call]), self.opt, 'alone')
        lines = p.wait()
        return (lines[0].decode() if lines else ''), p.how

    def failure(self, batch, n, how):
        """A call, or the end of the script, that lasti did not survive."""
        opt = self.opt
        if n is None:
            self.report(how, 'the whole script', '', how, '', batch.script(0))
            return
        call = batch.calls({n})[n][0]
        outcome, alone = self.alone(opt.lasti, call)
        if how == 'hang' and (not alone or opt.against and self.alone(opt.against, call)[1] == 'hang'):
            # Slow, or the other hangs with it.
            self.slow += 1
            return
        self.report(how, call[0], call[1], how, '', script([call]) if alone else batch.script(0))

    def differences(self, found):
        """Outcomes that differ in a batch count when they differ in another process, too, where fewer calls were made before."""
        opt = self.opt
        again = {}
        for (call, maker), mine, other in found:
            mine, other = mine.decode(), other.decode()
            if maker and 'arguments' in (mine[:9], other[:9]):
                # The receiver was not made: what differs is its class.
                call = maker
            key = (call[0], mine.split(' ')[0], other.split(' ')[0])
            if 'missing' in (mine, other) or self.is_accepted(call[0], mine, other) or self.unconfirmed.get(key, 0) >= 3:
                continue
            if key not in self.confirmed:
                again.setdefault(key, call)
        if not again:
            return
        calls = list(again.values())
        sides = [Side(lambda first: script(calls[first:]), len(calls), command, opt, name)
                 for command, name in ((opt.lasti, 'ours'), (opt.against, 'theirs'))]
        for side in sides:
            side.finish()
        for key, call, mine, other in zip(again, calls, sides[0].lines, sides[1].lines):
            if mine is None or other is None or mine == other:
                self.unconfirmed[key] = self.unconfirmed.get(key, 0) + 1
            else:
                self.confirmed.add(key)
                self.report('differs', call[0], call[1], mine.decode(), other.decode(), script([call]))

    def batch(self, number):
        opt = self.opt
        batch = Batch(opt, number)
        ours = Side(batch.script, opt.calls, opt.lasti, opt, 'ours')
        theirs = Side(batch.script, opt.calls, opt.against, opt, 'theirs') if opt.against else None
        ours.finish()
        self.made += len(ours.lines)
        for n, how in ours.failed.items():
            self.failure(batch, n, how)
        if not theirs:
            return
        theirs.finish()
        both = min(len(ours.lines), len(theirs.lines))
        self.compared += both
        if ours.lines == theirs.lines:
            return
        differ = {n for n in range(both) if ours.lines[n] != theirs.lines[n] and ours.lines[n] is not None and theirs.lines[n] is not None}
        self.differences([(calls, ours.lines[n], theirs.lines[n]) for n, calls in batch.calls(differ).items()])


def main():
    p = argparse.ArgumentParser(prog='fuzz-calls', description='Hostile calls of built-in functions and types.')
    p.add_argument('--lasti', required=True, help='the interpreter under test')
    p.add_argument('--against', help='a command that runs a script under a reference interpreter')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--batches', type=int, help='so many batches')
    p.add_argument('--seconds', type=float, default=60, help='stop after so long (default 60)')
    p.add_argument('--calls', type=int, default=5000, help='calls in a batch, which one process makes')
    p.add_argument('--first', type=int, default=0, help='number of the first batch')
    p.add_argument('--only', default='*', help='pattern of the names of what is called')
    p.add_argument('--memory', type=int, default=2 << 20, help='KiB of address space of a child')
    p.add_argument('--seconds-a-call', type=int, default=20)
    p.add_argument('--seconds-a-batch', type=int, default=300)
    p.add_argument('--out', default='target/fuzz-calls', help='where reproducers go')
    opt = p.parse_args()
    opt.work = os.path.join(opt.out, 'work-%d' % os.getpid())
    os.makedirs(opt.work, exist_ok=True)
    opt.targets = [t for t in find_targets() if fnmatch.fnmatchcase(t[0], opt.only)]
    load_helpers()
    fuzz = Fuzz(opt)
    start = time.monotonic()
    number = opt.first
    while (opt.batches is None or number - opt.first < opt.batches) and time.monotonic() - start < opt.seconds:
        fuzz.batch(number)
        number += 1
    print('fuzz-calls: %d targets, %d calls in batches %d to %d of seed %d, %d compared; %d findings; %d not seen alone, %d slow'
          % (len(opt.targets), fuzz.made, opt.first, number - 1, opt.seed, fuzz.compared, len(fuzz.found), len(fuzz.unconfirmed), fuzz.slow))
    return 1 if fuzz.found else 0


sys.exit(main())
