# Operator methods: binary, reflected, in-place, comparison, unary, container and conversion protocols.
class V:
    def __init__(self, n):
        self.n = n

    def __repr__(self):
        return f"V({self.n})"

    def __add__(self, o):
        return V(self.n + o.n) if isinstance(o, V) else NotImplemented

    def __radd__(self, o):
        return f"radd {o}"

    def __iadd__(self, o):
        self.n += 100
        return self

    def __mul__(self, o):
        return V(self.n * o)

    __rmul__ = __mul__

    def __matmul__(self, o):
        return "matmul"

    def __neg__(self):
        return V(-self.n)

    def __invert__(self):
        return "invert"

    def __abs__(self):
        return V(abs(self.n))

    def __eq__(self, o):
        return isinstance(o, V) and self.n == o.n

    def __lt__(self, o):
        return self.n < o.n

    def __hash__(self):
        return hash(self.n)

    def __bool__(self):
        return self.n != 0

    def __index__(self):
        return self.n

    def __divmod__(self, o):
        return "divmod", o

    def __pow__(self, o, mod=None):
        return "pow", o, mod

    def __round__(self, digits=None):
        return "round", digits

    def __getitem__(self, key):
        return key

    def __contains__(self, x):
        return x == self.n

    def __format__(self, spec):
        return f"<{spec}>"


a, b = V(1), V(2)
print(a + b, 5 + a, a * 3, 3 * a, a @ b, -a, ~a, abs(V(-4)), a == V(1), a != b, a < b, a > b, bool(V(0)))
alias = a
a += 1
print(a, alias is a, divmod(a, 3), pow(a, 2), pow(a, 2, 5), round(a), round(a, 2), 101 in a)
print(a[1], a[1:2], a[1:2, ...], a[::-1], f"{a:spec}", "abc"[b], [10, 20, 30][b], hex(b), {V(1): "x"}[V(1)])
for make in (lambda: a + 1, lambda: a - 1, lambda: 1 < object(), lambda: -object(), lambda: {} | 1, lambda: a <= b):
    try:
        print(make())
    except TypeError as error:
        print(error)


class Sub(V):
    def __radd__(self, o):
        return "subclass first"


print(a + Sub(1))


class NoHash:
    def __eq__(self, o):
        return True


try:
    hash(NoHash())
except TypeError as error:
    print(error)


class Weird:
    def __eq__(self, o):
        return "truthy"

    def __len__(self):
        return 0


print(Weird() == 1, not Weird(), Weird() != 1)


class BadLen:
    def __len__(self):
        return -1


try:
    len(BadLen())
except ValueError as error:
    print(error)


class Conv:
    def __int__(self):
        return 7

    def __float__(self):
        return 1.5

    def __complex__(self):
        return 2j

    def __str__(self):
        return "str"

    def __bytes__(self):
        return b"bytes"


print(int(Conv()), float(Conv()), complex(Conv()), str(Conv()), bytes(Conv()))
x = [1]
y = x
x += [2]
x = x + [3]
print(y, x)
t = ([],)
try:
    t[0] += [1]
except TypeError as error:
    print(error, t)
print(1 < 2 < 3, 1 < 3 < 2, 1 == 1.0 == True, not 1 == 2, 1 or 2, 0 or "", 1 and 2, None is None, 3 if 0 else 4)
