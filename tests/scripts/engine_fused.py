"""Loads, arithmetic, orderings and jumps that the engine does in one go, on operands of every kind, and calls across the
chunks that frames lie on."""
import sys


def add(x):
    return x + 1


def subtract(x):
    x -= 1
    return x


def below(x):
    if x < 10:
        return "below"
    return "not below"


def not_above(x, y):
    return "no" if not x <= y else "yes"


def loop(n):
    i = total = 0
    while i < n:
        i += 1
        if i > 3 and i != 6:
            total += i
    return i, total


def both(x, y):
    if x is y:
        return "same"
    if x in y:
        return "in"
    if x == y:
        return "equal"
    return "other"


class Odd:
    def __lt__(self, other):
        return []

    def __add__(self, other):
        return ("added", other)

    def __sub__(self, other):
        raise ArithmeticError("not from me")


for x in (1, 2.5, True, 2**50 - 1, 2**50, 2**70, -(2**50), 1j, float("inf"), Odd()):
    for f in (add, subtract, below):
        try:
            print(f.__name__, f(x))
        except (TypeError, ArithmeticError) as e:
            print(f.__name__, type(e).__name__, e)
for x, y in ((1, 2), (2, 1), (1, 1), (1.5, 1), (2**60, 2**60), ("a", "b"), ((2,), (1, 5)), (1, "a")):
    try:
        print(not_above(x, y))
    except TypeError as e:
        print(e)
print(loop(0), loop(1), loop(10), loop(5.5))
print(both(1, [1]), both("a", "cab"), both((), ()), both((1,), [(2,)]), both([], [1]))


def unbound(flag):
    if flag:
        x = 1
    return x + 1


def unbound_second(a, flag):
    if flag:
        b = 1
    if a < b:
        return True


print(unbound(True), unbound_second(0, True))
for f in (lambda: unbound(False), lambda: unbound_second(0, False)):
    try:
        f()
    except UnboundLocalError as e:
        print(e)


def deep(n, look):
    if n == 0:
        return 0
    if look and n % 97 == 0:
        frames.append(sys._getframe())
    return deep(n - 1, look) + 1


def deep_cells(n):
    def inner():
        return n

    return 0 if n == 0 else deep_cells(n - 1) + (inner() > 0)


frames = []
sys.setrecursionlimit(5000)
for look in (False, True, False):
    print(deep(4000, look), deep(10, look), deep_cells(1500))
print(len(frames), [f.f_locals["n"] for f in frames][:3], frames[-1].f_lineno == frames[0].f_lineno)
