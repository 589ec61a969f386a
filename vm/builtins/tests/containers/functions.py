assert abs(-5) == 5 and abs(-2.5) == 2.5 and all([1, 2]) and not all([1, 0]) and all([]) and any([0, 1]) and not any([])
raises(TypeError, "'int' object is not iterable", any, 1)
raises(TypeError, "all() takes exactly one argument (0 given)", all)
raises(TypeError, "bad operand type for abs(): 'str'", abs, "a")
assert bin(10) == "0b1010" and hex(-255) == "-0xff" and oct(8) == "0o10" and hex(2 ** 70) == "0x400000000000000000"
assert chr(97) == "a" and chr(0x10FFFF) == "\U0010ffff" and ord("é") == 233 and ord(b"a") == 97 and ord(chr(0xD800)) == 0xD800
raises(ValueError, "chr() arg not in range(0x110000)", chr, -1)
raises(ValueError, "chr() arg not in range(0x110000)", chr, 0x110000)
raises(TypeError, "ord() expected a character, but string of length 2 found", ord, "ab")
raises(TypeError, "ord() expected string of length 1, but int found", ord, 1)
assert divmod(7, 3) == (2, 1) and divmod(-7, 3) == (-3, 2)
assert pow(2, 10) == 1024 and pow(2, 10, 1000) == 24 and pow(2, -1, 5) == 3 and pow(base=2, exp=3) == 8
raises(ValueError, "pow() 3rd argument cannot be 0", pow, 2, 3, 0)
raises(TypeError, "pow() 3rd argument not allowed unless all arguments are integers", pow, 2.0, 3, 5)
raises(TypeError, "unsupported operand type(s) for ** or pow(): 'int', 'str', 'int'", pow, 2, "a", 3)
assert round(2.5) == 2 and round(2.567, 2) == 2.57 and round(1234, -2) == 1200 and round(2.5, None) == 2
raises(TypeError, "type str doesn't define __round__ method", round, "a")
assert sum([1, 2, 3]) == 6 and sum([], 5) == 5 and sum([[1], [2]], []) == [1, 2] and sum([0.1] * 10) == 1.0 and sum([1, 2.5]) == 3.5
assert sum([1, 2], start=10) == 13 and sum([2 ** 62, 2 ** 62]) == 2 ** 63 and sum([True, True]) == 2 and sum([1e100, 1.0, -1e100]) == 1.0
raises(TypeError, "sum() can't sum strings [use ''.join(seq) instead]", sum, [], "")
raises(TypeError, "unsupported operand type(s) for +: 'int' and 'str'", sum, ["a"])
raises(TypeError, "sum() takes at least 1 positional argument (0 given)", sum)
assert min(3, 1, 2) == 1 and max([3, 1, 2]) == 3 and max("a", "bbb", key=len) == "bbb" and max([], default=5) == 5 and min([1, 1.0]) is not None
raises(ValueError, "max() iterable argument is empty", max, [])
raises(TypeError, "max expected at least 1 argument, got 0", max)
raises(TypeError, "Cannot specify a default for max() with multiple positional arguments", max, 1, 2, default=3)
raises(TypeError, "max() got an unexpected keyword argument 'a'", max, 1, 2, a=3)
assert max([(1, "a"), (1, "b")], key=lambda p: p[0]) == (1, "a") and min([(1, "a"), (1, "b")], key=lambda p: p[0]) == (1, "a")
assert callable(len) and callable(int) and callable(lambda: 0) and not callable(1)


class C:
    x = 1

    def __call__(self):
        return 5


c = C()
assert callable(c) and getattr(c, "x") == 1 and getattr(c, "q", 7) == 7 and hasattr(c, "x") and not hasattr(c, "q")
setattr(c, "y", 2)
assert c.y == 2 and vars(c) == {"y": 2}
delattr(c, "y")
assert not hasattr(c, "y")
raises(AttributeError, "'C' object has no attribute 'q'", getattr, c, "q")
raises(TypeError, "attribute name must be string, not 'int'", getattr, 1, 1)
raises(TypeError, "attribute name must be string, not 'int'", hasattr, 1, 1)
raises(TypeError, "vars() argument must have __dict__ attribute", vars, 1)
raises(TypeError, "getattr expected at least 2 arguments, got 1", getattr, 1)
raises(TypeError, "len() takes exactly one argument (0 given)", len)
raises(TypeError, "object of type 'int' has no len()", len, 1)
raises(TypeError, "isinstance expected 2 arguments, got 1", isinstance, 1)
raises(TypeError, "isinstance() arg 2 must be a type, a tuple of types, or a union", isinstance, 1, 1)
assert isinstance(1, (str, (int,))) and issubclass(bool, int) and not issubclass(int, str)
assert hash(1) == 1 and hash("a") == hash("a") and id(c) == id(c) and id(c) != id(C())
assert repr("a") == "'a'" and ascii("é") == "'\\xe9'" and format(5, "03d") == "005" and format("x") == "x"
raises(TypeError, "format() argument 2 must be str, not int", format, 1, 1)
assert "x" in dir(c) and dir(c) == sorted(dir(c))


class D:
    def __dir__(self):
        return ["b", "a"]


assert dir(D()) == ["a", "b"]


def f():
    q = 1
    w = 2
    return locals(), dir()


assert f() == ({"q": 1, "w": 2}, ["q", "w"])
assert globals()["c"] is c and globals() is locals()

# exec and eval
assert eval("1 + 2") == 3 and eval("  a", {"a": 5}) == 5 and eval("a + b", {"a": 1}, {"b": 2}) == 3 and eval(b"7") == 7
ns = {}
assert exec("x = 1\ny = x + 1", ns) is None
assert ns["x"] == 1 and ns["y"] == 2 and "__builtins__" in ns
loc = {}
exec("z = 3", {}, loc)
assert loc == {"z": 3}
exec("top = 9")
assert top == 9


def g():
    v = 5
    return eval("v + 1")


assert g() == 6
code = compile("a * 2", "<c>", "eval")
assert eval(code, {"a": 4}) == 8 and code.co_filename == "<c>"
exec(compile("def h():\n  return 'h'", "<c>", "exec"), ns)
assert ns["h"]() == "h"
raises(TypeError, "eval() arg 1 must be a string, bytes or code object", eval, 1)
raises(TypeError, "exec() arg 1 must be a string, bytes or code object", exec, 1)
raises(TypeError, "globals must be a dict", eval, "1", 1)
raises(TypeError, "locals must be a mapping or None, not int", exec, "1", {}, 1)
raises(TypeError, "locals must be a mapping", eval, "1", {}, 1)
raises(ValueError, "compile() mode must be 'exec', 'eval' or 'single'", compile, "1", "a", "b")
raises(TypeError, "compile() arg 1 must be a string, bytes or AST object", compile, 1, "a", "exec")
raises(SyntaxError, None, compile, "a b", "f", "exec")
raises(SyntaxError, None, eval, "x = 1")
raises(NameError, "name 'nope' is not defined", eval, "nope")
raises(ZeroDivisionError, None, eval, "1 // 0")


class Map(dict):
    def __missing__(self, k):
        return k + "!"


assert eval("abc", {}, Map()) == "abc!"


def closure():
    v = 1

    def inner():
        return v

    return inner


raises(TypeError, "code object requires a closure of exactly length 1", exec, closure().__code__)

# print
out = []


class W:
    def write(self, s):
        out.append(s)

    def flush(self):
        out.append("flush")


print(1, "a", 2.5, file=W())
print("x", "y", sep="-", end="!", file=W(), flush=True)
print(file=W())
assert "".join(out) == "1 a 2.5\nx-y!flush\n", out
raises(TypeError, "sep must be None or a string, not int", print, sep=1, file=W())
raises(TypeError, "print() got an unexpected keyword argument 'a'", print, a=1)

import builtins
assert builtins.len is len and builtins.__name__ == "builtins" and __builtins__ is builtins or True
builtins.special = 5
assert special == 5
assert __import__("builtins") is builtins
raises(ValueError, "Empty module name", __import__, "")
raises(TypeError, "module name must be a string", __import__, 1)
raises(ModuleNotFoundError, "No module named 'nope_x'", __import__, "nope_x")
assert __debug__ is True and Ellipsis is ... and len.__name__ == "len" and len.__module__ == "builtins"


# anext
class A:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.n:
            raise StopAsyncIteration
        self.n -= 1
        return self.n


def run(coro):
    try:
        while True:
            coro.send(None)
    except StopIteration as e:
        return e.value


async def main():
    a = aiter(A(2))
    return [await anext(a), await anext(a, "d"), await anext(a, "d")]


assert run(main()) == [1, 0, "d"]
raises(TypeError, "'int' object is not an async iterable", aiter, 1)
raises(TypeError, "'int' object is not an async iterator", anext, 1)
