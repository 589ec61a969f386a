# What a script sees of its command line.
import os
import sys

print(sys.argv[1:], os.path.basename(sys.argv[0]), os.path.basename(sys.path[0]), __name__, os.path.basename(__file__), __spec__)
print(sys.version_info >= (3, 12), type(sys.version).__name__, sys.flags.optimize, sys.byteorder in ("little", "big"), sys.maxsize > 2 ** 31, sys.platform != "")
