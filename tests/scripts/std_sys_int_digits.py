# sys.set_int_max_str_digits: the limit of conversions between decimal text and int, and its errors.
import sys

print(sys.get_int_max_str_digits())
for n in (639, -1, 640, 0, "x", 1.5):
    try:
        print(n, sys.set_int_max_str_digits(n), sys.get_int_max_str_digits())
    except Exception as e:
        print(n, type(e).__name__, e)
sys.set_int_max_str_digits(maxdigits=640)
for f in (lambda: int("1" * 641), lambda: str(10**640), lambda: len(str(10**639)), lambda: int("1" * 640) % 7, lambda: int("1" * 5000, 2) % 7):
    try:
        print(f())
    except ValueError as e:
        print("ValueError", e)
sys.set_int_max_str_digits(0)
print(len(str(10**5000)), int("1" * 5000) % 97)
