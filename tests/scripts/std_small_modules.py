# math, random, string, struct, weakref, gc, types, warnings, copy, textwrap: a few typical uses of each.
import copy
import gc
import math
import random
import string
import struct
import textwrap
import types
import warnings
import weakref

print(math.pi, math.e, math.tau, math.inf, math.sqrt(2), math.floor(-1.5), math.ceil(1.2), math.trunc(-1.7), math.factorial(20), math.gcd(12, 18), math.lcm(4, 6), math.comb(5, 2), math.perm(5, 2), math.isclose(0.1 + 0.2, 0.3), math.hypot(3, 4), math.log(8, 2), math.log2(8), math.log10(1000), math.exp(1), math.pow(2, 3), math.fmod(-7, 3), math.copysign(1, -0.0), math.isnan(math.nan), math.prod([2, 3]), math.fsum([0.1] * 10), math.dist([0, 0], [3, 4]), math.isqrt(17), math.degrees(math.pi), math.radians(180), math.sin(0), math.atan2(1, 1), math.modf(1.25), math.frexp(8.0), math.ldexp(0.5, 4), math.floor(1e20), round(math.cbrt(27), 9))
for bad in (lambda: math.sqrt(-1), lambda: math.log(0), lambda: math.factorial(-1), lambda: math.exp(1000), lambda: math.floor(math.inf), lambda: math.gcd(1.5)):
    try:
        bad()
    except Exception as error:
        print(type(error).__name__)
random.seed(42)
print(random.random(), random.randint(1, 100), random.choice("abcdef"), random.sample(range(100), 3), random.uniform(1, 2), random.randrange(0, 100, 5), random.getrandbits(70))
x = list(range(6)); random.shuffle(x)
r = random.Random("text seed")
print(x, r.random(), r.gauss(0, 1), random.choices("ab", weights=[1, 3], k=5), r.expovariate(1), r.betavariate(1, 2), random.Random(1).random() == random.Random(1).random())
print(string.ascii_letters, string.digits, string.hexdigits, repr(string.whitespace), string.punctuation, string.Template("$a ${b} $$").substitute(a=1, b=2), string.Template("$x").safe_substitute(), string.capwords("a bc"), string.Formatter().format("{0}-{k}", 1, k=2))
packed = struct.pack(">IhB?4sd", 1, -2, 3, True, b"ab", 1.5)
print(packed, struct.unpack(">IhB?4sd", packed), struct.calcsize("<iq"), struct.calcsize("@bi"), struct.unpack_from("<H", b"\x00\x01\x02", 1), list(struct.iter_unpack("B", b"ab")), struct.Struct("!H").pack(258), struct.pack("<f", 0.1), struct.pack("<e", 1.0), struct.pack("3x2H", 1, 2), struct.pack("<Q", 2 ** 64 - 1))
for bad in (lambda: struct.pack("B", 256), lambda: struct.unpack("I", b"x"), lambda: struct.pack("z", 1), lambda: struct.pack("I")):
    try:
        bad()
    except struct.error as error:
        print("struct.error")


class Node:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)


n = Node("weak")
ref = weakref.ref(n, lambda r: print("callback", r() is None))
proxy = weakref.proxy(n)
values, keys, ws = weakref.WeakValueDictionary(k=n), weakref.WeakKeyDictionary({n: 1}), weakref.WeakSet([n])
weakref.finalize(n, print, "finalize")
print(ref() is n, proxy.name, len(values), len(keys), len(ws), weakref.getweakrefcount(n) > 2, ref == weakref.ref(n), weakref.WeakMethod(n.__init__)() is not None)
del n
print(ref(), len(values), len(keys), len(ws))
try:
    proxy.name
except ReferenceError as error:
    print(error)
try:
    weakref.ref(5)
except TypeError as error:
    print(error)
# Which of the two goes first is not said anywhere.
a, b = Node("cycle"), Node("cycle")
a.other, b.other = b, a
gc.collect()
del a, b
print("unreachable", gc.collect() >= 2, gc.isenabled(), gc.garbage, gc.is_tracked([]), gc.is_tracked(5))
gc.disable(); print(gc.isenabled()); gc.enable()
holder = []
print(holder in gc.get_referrers(holder) or True, gc.get_count()[0] >= 0, len(gc.get_threshold()))
ns = types.SimpleNamespace(a=1, b=[2])
print(ns, ns == types.SimpleNamespace(a=1, b=[2]), types.MappingProxyType({"k": 1})["k"], types.new_class("N", (), {}, lambda d: d.update(x=1)).x, types.MethodType(lambda s: s, 5)(), isinstance(len, types.BuiltinFunctionType), types.FunctionType((lambda q: q + 1).__code__, {})(1), types.ModuleType("m", "doc").__doc__, types.DynamicClassAttribute is not None)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    warnings.warn("careful")
    warnings.warn("old", DeprecationWarning, stacklevel=2)
print([(w.category.__name__, str(w.message)) for w in seen])
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        warnings.warn("as an error", ResourceWarning)
    except ResourceWarning as error:
        print(repr(error))
    warnings.filterwarnings("ignore", message="quiet.*")
    warnings.warn("quiet one")
deep = {"a": [1, {2}], "t": (1, [2])}
shallow, full = copy.copy(deep), copy.deepcopy(deep)
deep["a"].append(9)
loop = []; loop.append(loop); twin = copy.deepcopy(loop)
print(shallow["a"], full["a"], twin[0] is twin, copy.copy(ns), copy.deepcopy(ns).b is not ns.b)
print(textwrap.fill("the quick brown fox jumps", 12), textwrap.dedent("  a\n    b\n"), textwrap.indent("x\ny", "> "), textwrap.shorten("a long line of words", 12), sep="\n")
