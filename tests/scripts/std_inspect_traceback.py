# inspect and traceback: signatures, kinds, states, sources of frames, formatted tracebacks, stack summaries.
import inspect
import sys
import traceback


def f(a, b: int = 2, /, c=3, *args, d, e="x", **kw) -> str:
    "doc"


sig = inspect.signature(f)
print(sig, list(sig.parameters), sig.parameters["d"].kind.name, sig.return_annotation, sig.parameters["b"].default, sig.bind(1, d=2).arguments)
try:
    sig.bind()
except TypeError as error:
    print(error)
print(inspect.signature(lambda x, *, y=1: 0), inspect.signature(type("C", (), {"__init__": lambda self, q: None})), inspect.getdoc(f), inspect.getfullargspec(f).kwonlyargs, inspect.signature(f.__call__) is not None)


class K:
    def m(self): ...

    @classmethod
    def c(cls): ...

    @staticmethod
    def s(x): ...


async def co(): ...


def gen():
    yield


async def agen():
    yield


print(inspect.isfunction(f), inspect.ismethod(K().m), inspect.isclass(K), inspect.ismodule(inspect), inspect.isgeneratorfunction(gen), inspect.iscoroutinefunction(co), inspect.isasyncgenfunction(agen), inspect.isbuiltin(len), inspect.isgenerator(gen()), [n for n, _ in inspect.getmembers(K, inspect.isfunction)], inspect.signature(K().m), inspect.signature(K.c), inspect.getmro(K)[1].__name__)


def where():
    frame = inspect.currentframe()
    return frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, [info.function for info in inspect.stack()], sys._getframe(1).f_code.co_name


print(where())
print(inspect.getsource(gen), inspect.getsourcelines(co)[1] > 0, inspect.getmodule(f).__name__, inspect.unwrap(f) is f)


def outer():
    try:
        inner()
    except KeyError as error:
        raise ValueError("outer") from error


def inner():
    {}["k"]


try:
    outer()
except ValueError as error:
    print(traceback.format_exc())
    print(traceback.format_exception_only(error), [s.name for s in traceback.extract_tb(error.__traceback__)], len(traceback.format_exception(error)) > 3)
    tb = error.__traceback__
    print(tb.tb_frame.f_code.co_name, tb.tb_next.tb_frame.f_code.co_name, tb.tb_lineno > 0, tb.tb_next.tb_next)
    te = traceback.TracebackException.from_exception(error)
    print(te.exc_type_str, str(te), te.__cause__.exc_type_str, [s.line for s in te.stack])
print([s.name for s in traceback.extract_stack()])


def recurse(n):
    return recurse(n - 1) if n else 1 / 0


try:
    recurse(10)
except ZeroDivisionError:
    traceback.print_exc(file=sys.stdout)
try:
    raise ExceptionGroup("group", [ValueError(1), TypeError("t")])
except ExceptionGroup:
    traceback.print_exc(file=sys.stdout)
try:
    compile("a = (1 +", "<text>", "exec")
except SyntaxError as error:
    print(error.filename, error.lineno, traceback.format_exception_only(error)[0].strip())
error = ValueError("noted")
error.add_note("the note")
print("".join(traceback.format_exception(error)))
