# Arguments are converted before the object is looked at, and to the widths of C that CPython uses.
import array, io, re


class Fails:
    def __index__(self):
        raise LookupError('index')


def attempt(text):
    try:
        print(text, '->', repr(eval(text)))
    except Exception as e:
        print(text, '->', type(e).__name__, e)


for text in ('[].pop(-2**100)', '[1].pop(2**100)', '[].pop("a")', 'array.array("i").pop("a")', 'array.array("i").pop(2**100)', 'array.array("i").pop()',
             '(5).__reduce_ex__(2**31)', 'object().__reduce_ex__(-2**63)', '"a".expandtabs(2**31)', 'b"a".expandtabs(-2**63)',
             'b"a".find(2**40, "x")', 'b"a".count(-1, 0, Fails())', 'b"a".rfind(Fails())', 'bytearray(b"a").index(Fails())', '"a".find("a", Fails())',
             'io.BufferedReader(None, "x")', 'io.BufferedWriter(None, 2**100)', 'b"a".__buffer__(1)', 'b"a".__buffer__(2**40)', 'bytes(b"a".__buffer__(0))',
             'memoryview(b"a").__buffer__(1)', 'memoryview(b"abc").tobytes("x")', 'memoryview(b"abc").tobytes(1)', 'memoryview(b"abc").tobytes(None)',
             're.match("(a)", "a").group([])', 're.match("(?P<n>a)", "a").group([])', 're.match("(?P<n>a)", "a").span({})', 're.match("(a)", "a").group("b")', 're.match("(a)", "a").start(5)'):
    attempt(text)
