# Calls of a Python function: the N-th Fibonacci number by plain recursion.
# usage: fib.py [N]
import sys
import time


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


n = int(sys.argv[1]) if len(sys.argv) > 1 else 27
fib(min(n, 15))
start = time.perf_counter()
fib(n)
took = time.perf_counter() - start
print(f"fib/{n} {took * 1e3:.3f} ms")
