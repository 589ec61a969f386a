# The methods behind `+` and `*` of sequences raise instead of NotImplemented, and numbers know a third argument of pow.
import array, collections


class Eager:
    def __index__(self):
        return 2

    def __radd__(self, other):
        return 'radd'

    def __rmul__(self, other):
        return 'rmul'


def attempt(text):
    try:
        print(text, '->', repr(eval(text)))
    except Exception as e:
        print(text, '->', type(e).__name__, e)


for text in ('list.__add__([], 1)', 'str.__add__("a", 1)', 'bytes.__add__(b"", 1)', 'tuple.__add__((), [])', 'bytearray.__iadd__(bytearray(), 1)',
             'list.__mul__([1], "a")', 'bytes.__mul__(b"a", 1.5)', 'bytes.__mul__(b"a", 2**100)', 'list.__imul__([1], None)', 'tuple.__rmul__((1,), None)',
             'bytearray.__imul__(bytearray(b"a"), None)', 'str.__rmul__("a", 3)', 'list.__add__([1], Eager())', 'list.__mul__([1], Eager())',
             '[1] + Eager()', '[1] * Eager()', 'array.array("i", [1]).__imul__("a")', 'array.array("i", [1]).__mul__(Eager())',
             'collections.deque([1]).__mul__("a")', 'list.__iadd__([], 1)', 'list.__iadd__([], (1,))'):
    attempt(text)
for text in ('(1).__pow__(2, "a")', '(1).__rpow__(2, 3)', '(1).__rpow__("a", 3)', '(3).__pow__(4, 5)', '(1.0).__pow__(2, 1)', '(1.0).__rpow__(2, 1)',
             '(1j).__pow__(2, 1)', '(1j).__pow__("a", 1)', '(1j).__rpow__(2, 1)', '(2).__rpow__(3, None)'):
    attempt(text)
for text in ('None.__or__', 'None.__or__(int)', 'None | int', 'int | None', 'None | None', 'None | list[int]', 'type(None).__or__(None, int)'):
    attempt(text)
