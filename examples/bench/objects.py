# A method call that makes an object of the same class.
# usage: objects.py [TIMES]
import sys
import time


class Number:
    def __init__(self, value):
        self.value = value

    def add(self, other):
        return Number(self.value + other.value)


def add(times):
    total, one = Number(0), Number(1)
    for _ in range(times):
        total = total.add(one)
    return total


times = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
add(1000)
start = time.perf_counter()
add(times)
took = time.perf_counter() - start
print(f"object {took / times * 1e9:.1f} ns")
