# Constructors of built-in types check what they are given.
import types


def attempt(text):
    try:
        print(text, '->', repr(eval(text)))
    except Exception as e:
        print(text, '->', type(e).__name__, e)


for text in ('StopIteration(a=1)', 'SystemExit(a=1)', 'SyntaxError(a=1)', 'KeyError(a=1)', 'type("T", (StopIteration,), {})(x=1)',
             'BlockingIOError(1, "x", 3).characters_written', 'BlockingIOError(1, "x", 3)', 'BlockingIOError(1, "x", None)', 'BlockingIOError(1, "x", "y").filename',
             'BlockingIOError(1, "x", 2**70)', 'OSError(1, 2, 3, 4, 5, 6)', 'OSError(2, "x", "f")', 'OSError(2, "x", "f").args',
             'UnicodeDecodeError(1, b"x", 1, 3, "x")', 'UnicodeDecodeError("a", 1, 2, 3, "x")', 'UnicodeDecodeError("a", b"x", 1.5, 3, "x")',
             'UnicodeEncodeError("a", b"x", 1, 3, "x")', 'UnicodeTranslateError("a", 1, 3, 5)', 'UnicodeTranslateError("a", 0, 1, "why")',
             'types.ModuleType(1)', 'types.MethodType(1, 2)', 'types.MethodType(len, None)', 'type(...)(1)', 'type(NotImplemented)(1)', 'type(None)(1)',
             'type(None)()'):
    attempt(text)
# A type with items and no length is no sequence.
for make in (lambda: map(len, int | str), lambda: iter(int | str)):
    try:
        print(make())
    except TypeError:
        print('not iterable')
