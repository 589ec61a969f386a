# Writes a few small inputs for each fuzz target, from which the fuzzer finds the rest sooner: seeds.py FOLDER
import gzip, json, marshal, os, pickle, struct, sys, zlib

folder = sys.argv[1]


def write(target, items):
    os.makedirs(os.path.join(folder, target), exist_ok=True)
    for n, item in enumerate(items):
        with open(os.path.join(folder, target, f"seed{n}"), "wb") as f:
            f.write(item)


def code(source):
    return compile(source, "seed.py", "exec")


values = [
    None, True, ..., 0, -1, 2**31, -2**70, 1.5, float("inf"), 2j, "", "text", "é\ud800\U0001f600", "x" * 300, b"", b"bytes", (), (1, "a", None),
    [1, [2, [3]]], {"a": 1, 2: [None]}, {1, "b"}, frozenset({(1, 2)}), "same", ["same", "same"],
]
sources = [
    "x = 1", "def f(a, *b, c=2, **d): return [i for i in a if i]", "class C:\n  x: int = 3\n  def m(self): return super().m()",
    "async def g():\n  async with a as b: yield await c",
    "try:\n  raise E from e\nexcept* (A, B) as g:\n  pass\nfinally:\n  del x", "match a:\n  case {'k': [1, *r]} if C(y=2): print(f'{r!r:>{w}}')",
]
write("marshal", [marshal.dumps(v) for v in values] + [marshal.dumps(code(s)) for s in sources])
plain = [v for v in values if isinstance(v, (int, float, str, list, dict, type(None))) and "\ud800" not in str(v)]
write("json", [json.dumps(v).encode() for v in plain] + [b'{"a": [1, 2.5e-3, "\\u00e9\\ud83d\\ude00", null, NaN, -Infinity], "b": {}}', b'\xef\xbb\xbf[]', "[1]".encode("utf-16")])
formats = [b"<i", b">hHlLqQ", b"@bBc?xxp", b"=4s0i", b"!efd", b"2P3n", b"10s", b"7?", b"<e3x"]
write("struct", [bytes([len(f)]) + f + bytes(range(64)) for f in formats])
patterns = [
    (b"(a|b)+?c", b"ababc"), (rb"(?P<n>\w+)\s(?P=n)", b"one one"), (rb"(?<=x)(?!y)[^a-f\d]{2,3}?$", b"xzzz"), (rb"(?i:\bA)(?>b*+)(?(1)c|d)()", b"abd"),
    (rb"(?#comment)^.*?[]-]\Z", b"a\n]"), ("[é-ÿ]|\\N{DIGIT ONE}|ſ".encode(), "éſ".encode()), (rb"(?smx) a # b" + b"\n|(?:c)", b"c"), (rb"((a)|b)*\2", b"aba"),
]
write("re", [p + b"\0" + s for p, s in patterns])
text = b"the quick brown fox " * 40
streams = [zlib.compress(text, n) for n in (0, 1, 9)] + [gzip.compress(text), zlib.compress(bytes(range(256))), b""]
for wbits in -15, 15, 31:
    c = zlib.compressobj(9, zlib.DEFLATED, wbits)
    streams.append(c.compress(text) + c.flush())
write("zlib", streams)
more = values + [bytearray(b"ab"), complex(1, 2), range(3), slice(1, None), object, [[]] * 3]
write("pickle", [pickle.dumps(v, protocol) for v in more for protocol in (0, 2, 5)])
