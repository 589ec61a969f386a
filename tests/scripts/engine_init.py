"""Classes called with positional arguments: `__init__` entered directly, replaced, failing, recursing."""
import sys
class A:
    def __init__(self, x, y=2):
        self.x = x; self.y = y
class B(A):
    def __init__(self, x):
        super().__init__(x, 3)
class C:
    def __init__(self, a, b, c, d):
        self.t = (a, b, c, d)
class Bad:
    def __init__(self, n):
        return n
class Cell:
    def __init__(self, n):
        self.f = lambda: n
class D:
    def __del__(self): print("del", self.n)
    def __init__(self, n):
        self.n = n
        if n == 2: raise ValueError("two")
for i in range(5):
    a = A(i); b = B(i); c = C(1, 2, 3, i)
    print(a.x, a.y, b.x, b.y, c.t, Cell(i).f())
    try: Bad(i)
    except TypeError as e: print(e)
    try: A()
    except TypeError as e: print(e)
    try: D(i)
    except ValueError as e: print(e)
    if i == 2:
        A.__init__ = lambda self, x, y=0: setattr(self, 'x', -x) or setattr(self, 'y', y)
    if i == 3:
        C.__new__ = staticmethod(lambda cls, *a: object.__new__(cls))
class Deep:
    def __init__(self, n):
        self.f = sys._getframe() if n % 50 == 0 else None
        self.inner = Deep(n - 1) if n else None
sys.setrecursionlimit(3000)
d = Deep(900); k = 0
while d: k += 1; e = d; d = d.inner
print(k, e.f.f_code.co_qualname, e.f.f_back.f_locals['n'] if e.f.f_back else None)
def f():
    def g(): return Deep(10)
    return g()
print(f().inner.f)
