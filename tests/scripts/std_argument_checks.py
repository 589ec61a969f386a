# Native modules check formats, widths and order of their arguments as CPython does.
import array, bisect, collections, io, itertools, marshal, math, re, struct, sys, types, zlib

gone = memoryview(b'a')
gone.release()


class SubList(list):
    pass


class Lines(io.IOBase):
    def __init__(self):
        self.left = [b'a\n', b'b\n', b'c\n']

    def readline(self, size=-1):
        return self.left.pop(0) if self.left else b''


def attempt(text):
    try:
        print(text, '->', repr(eval(text)))
    except Exception as e:
        print(text, '->', type(e).__name__, e)


for text in ('struct.calcsize("é")', 'struct.calcsize(1)', 'struct.calcsize(b"i")', 'struct.pack_into()', 'struct.pack_into("b")',
             'zlib.crc32(b"a", 2**64)', 'zlib.crc32(b"a", -1)', 'zlib.adler32(b"", 2**63)', 'zlib.crc32("a", 2**70)', 'zlib.compress(b"", 2**31)',
             'zlib.decompressobj(2**31)', 'zlib.crc32(gone)', 'bytearray() == gone', 'bytearray().__eq__(gone)', 'enumerate(gone, "x")',
             'marshal.dumps(SubList())', 'marshal.dumps(1, "x")', 'marshal.dumps(1, 2**40)', 'math.degrees(1e308)', 'math.radians(-0.0)',
             'collections.deque([1], 2).insert(-10**400, 1)', 'array.array("i", [1])[2**100]', 'array.array("i").tofile(None)', 'array.array("i").fromunicode(1)',
             'array.array("i").fromunicode("a")', 're.compile("a").match(1, 2**64)', 're.compile("a").search("ba", 1)', 'sys.audit(1)', 'sys.audit("event", 1)',
             'sys.getsizeof(1, 2, 3)', 'type(sys.getsizeof(int)).__name__', 'io.text_encoding("a", "b")', 'io.text_encoding("a", 1)', 'bisect.bisect.__name__',
             'type.__prepare__()', 'sys.get_asyncgen_hooks(1)', 'Lines().readlines(1)', 'Lines().readlines(2)', 'Lines().readlines(4)',
             'io.BufferedReader(io.BytesIO(b"abc")).peek("a")', 'io.BufferedReader(io.BytesIO(b"abc")).peek(1)'):
    attempt(text)
