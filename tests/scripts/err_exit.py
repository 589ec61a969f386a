# sys.exit with a number: atexit and finally run, standard output is flushed, the exit code is the number.
import atexit
import sys

atexit.register(print, "registered first, runs last")


@atexit.register
def last():
    print("at exit", end="")
    print()


class AtEnd:
    def __del__(self):
        print("module global released")


keep = AtEnd()
try:
    sys.exit(7)
finally:
    print("finally", end=" ")
    sys.stdout.write("no newline yet\n")
