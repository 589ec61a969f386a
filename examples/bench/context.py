# Context variables: read, set and reset, and a function run in a copy of the context.
# usage: context.py [TIMES]
import contextvars
import sys
import time

variable = contextvars.ContextVar("variable", default=0)
others = [contextvars.ContextVar(f"other{i}") for i in range(20)]


def get(times):
    for _ in range(times):
        variable.get()


def set_reset(times):
    for i in range(times):
        variable.reset(variable.set(i))


def copy_run(times):
    for i in range(times):
        contextvars.copy_context().run(variable.set, i)


def main(times):
    for other in others:
        other.set(None)
    for name, use in ("get", get), ("set_reset", set_reset), ("copy_run", copy_run):
        use(1000)
        start = time.perf_counter()
        use(times)
        took = time.perf_counter() - start
        print(f"context_{name} {took / times * 1e9:.1f} ns")


main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
