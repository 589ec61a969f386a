# Exception objects: chaining, suppression, notes, arguments, custom classes, groups and except*.
import sys

try:
    try:
        1 / 0
    except ZeroDivisionError:
        {}["key"]
except KeyError as error:
    print(repr(error), repr(error.__context__), error.__cause__, error.__suppress_context__)
try:
    try:
        1 / 0
    except ZeroDivisionError as first:
        raise ValueError("wrapped") from first
except ValueError as error:
    print(repr(error.__cause__), error.__cause__ is error.__context__, error.__suppress_context__)
try:
    try:
        1 / 0
    except ZeroDivisionError:
        raise ValueError("alone") from None
except ValueError as error:
    print(error.__cause__, repr(error.__context__), error.__suppress_context__)
error = ValueError("a", 1)
error.add_note("note one")
error.add_note("note two")
print(error.args, str(error), repr(error), error.__notes__)
print(repr(KeyError("x")), str(KeyError("x")), str(KeyError()), str(ValueError()), str(ValueError(1)), repr(ValueError("it's")))
stop = StopIteration(5)
print(stop.value, StopIteration().value, SystemExit(3).code, OSError(2, "No such", "file").filename)
print(repr(OSError(2, "msg")), type(OSError(2, "m")).__name__, type(OSError(13, "m")).__name__, str(OSError(2, "m", "f")))
print(ImportError("m", name="n", path="p").name, UnicodeDecodeError("utf-8", b"\xff", 0, 1, "why"))


class Custom(Exception):
    def __init__(self, code, **extra):
        super().__init__(f"code {code}")
        self.code = code
        self.extra = extra


try:
    raise Custom(7, a=1)
except Custom as error:
    print(error, error.code, error.extra, error.args)
print([c.__name__ for c in ModuleNotFoundError.__mro__], issubclass(TimeoutError, OSError), issubclass(GeneratorExit, Exception))


def handled():
    try:
        raise ValueError("v")
    except ValueError:
        before = sys.exc_info()[0]
        try:
            raise KeyError("k")
        except KeyError:
            inside = sys.exc_info()[0]
        after = sys.exception()
    return before.__name__, inside.__name__, repr(after), sys.exc_info()


print(handled())
group = ExceptionGroup("many", [ValueError(1), KeyError("k"), ExceptionGroup("inner", [ValueError(2), TypeError(3)])])
print(repr(group), group.message, len(group.exceptions))
match, rest = group.split(ValueError)
print(repr(match), repr(rest), repr(group.subgroup(OSError)))
try:
    raise group
except* ValueError as errors:
    print("values", errors.exceptions)
except* (KeyError, TypeError) as errors:
    print("others", errors.exceptions)
try:
    try:
        raise group
    except* ValueError:
        pass
except ExceptionGroup as left:
    print("left", repr(left))
try:
    raise ValueError("plain")
except* ValueError as errors:
    print(repr(errors))
try:
    try:
        raise ExceptionGroup("g", [ValueError(1)])
    except* ValueError:
        raise TypeError("new")
except ExceptionGroup as error:
    print(repr(error))
except TypeError as error:
    print(repr(error), repr(error.__context__))
try:
    BaseExceptionGroup("x", [])
except ValueError as error:
    print(error)
try:
    ExceptionGroup("x", [KeyboardInterrupt()])
except TypeError as error:
    print(error)
print(type(BaseExceptionGroup("x", [ValueError()])).__name__)
try:
    assert 1 == 2, "message"
except AssertionError as error:
    print(repr(error))
try:
    raise ValueError("with tb").with_traceback(None)
except ValueError as error:
    print(error.__traceback__.tb_lineno > 0, error.__traceback__.tb_next)
loop = ValueError("loop")
try:
    try:
        raise loop
    except ValueError:
        raise loop
except ValueError as error:
    print(error.__context__)
