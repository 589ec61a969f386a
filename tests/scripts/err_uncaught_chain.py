# An uncaught exception with a cause and a context: the whole report on standard error, exit code 1.
import sys


def lowest():
    return {}["missing key"]


def middle(n):
    try:
        return lowest() + n
    except KeyError as error:
        raise ValueError("bad value") from error


def top():
    try:
        middle(1)
    except ValueError:
        sys.stdout.write("about to fail\n")
        raise TypeError("while handling")


try:
    top()
finally:
    print("finally ran")
