# What it costs to import a module of the library, each in a fresh process. Some load many others, as in any first import.
# usage: imports.py [ROUNDS [MODULE...]]
import os
import subprocess
import sys

MODULES = (
    "argparse ast asyncio base64 collections concurrent.futures contextlib copy csv dataclasses datetime decimal dis email "
    "email.message enum fractions functools hashlib heapq html http.client inspect io json logging logging.handlers pathlib "
    "pickle queue random re secrets selectors shutil signal socket statistics string struct subprocess tempfile textwrap "
    "threading traceback typing unittest unittest.mock urllib.parse urllib.request uuid weakref xml.etree.ElementTree zipfile"
)
# An interpreter has some modules before any script runs, each its own: they are forgotten, so that all read what they import.
TIMED = """
import sys, time
for name, module in list(sys.modules.items()):
    spec = getattr(module, "__spec__", None)
    if spec is not None and spec.origin != "built-in" and not name.startswith("_frozen"):
        del sys.modules[name]
clock = time.perf_counter_ns
start = clock()
import {name}
took = clock() - start
sys.stdout.write(str(took))
"""


def main(rounds, modules):
    # Compiled files are read, not made: the first import of each is thrown away.
    took = {name: [] for name in modules}
    for one in range(rounds + 1):
        for name in modules:
            # -S keeps what `site` happens to import out of the picture.
            script = TIMED.format(name=name)
            done = subprocess.run([sys.executable, "-S", "-c", script], stdout=subprocess.PIPE, check=True)
            if one:
                took[name].append(int(done.stdout))
    for name, times in took.items():
        times.sort()
        middle = times[len(times) // 2]
        print(f"import/{name} {middle / 1e3:.1f} us")


main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2:] or MODULES.split())
