# A loop of integer arithmetic over a dict of a thousand keys, at module level as scripts have it and in a function.
# usage: dict_loop.py [PASSES]
import sys
import time


def loop(passes):
    counts = {}
    for i in range(passes):
        counts[i % 1000] = counts.get(i % 1000, 0) + i * 2


passes = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
loop(1000)
start = time.perf_counter()
loop(passes)
took = time.perf_counter() - start
print(f"dict_loop {took / passes * 1e9:.1f} ns")

counts = {}
start = time.perf_counter()
for i in range(passes):
    counts[i % 1000] = counts.get(i % 1000, 0) + i * 2
took = time.perf_counter() - start
print(f"dict_loop_global {took / passes * 1e9:.1f} ns")
