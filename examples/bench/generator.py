# Items of a generator, summed by a for loop.
# usage: generator.py [ITEMS]
import sys
import time


def count(items):
    i = 0
    while i < items:
        yield i
        i += 1


def add(items):
    total = 0
    for i in count(items):
        total += i
    return total


items = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
add(1000)
start = time.perf_counter()
add(items)
took = time.perf_counter() - start
print(f"generator {took / items * 1e9:.1f} ns")
