# Formatting: f-strings, format specs, percent formatting, conversions, nested specs, errors.
import datetime

pi, n, s = 3.14159265, 1234567, "text"
print(f"{pi:.2f} {pi:10.3f}| {pi:<10.1f}| {pi:^+10.2f}| {pi:e} {pi:.0f} {pi:g} {1e20:g} {1e-5:g} {pi:%} {0.5:.1%}")
print(f"{n:,} {n:_} {n:x} {n:X} {n:#x} {n:b} {n:#o} {n:+d} {n: d} {-n:,} {n:012d} {n:e} {65:c}")
print(f"{s:>10}|{s:<10}|{s:^10}|{s:*^10}|{s:.2}|{s!r:>8}|{s!s}|{s!a}")
width, precision = 10, 3
print(f"{pi:{width}.{precision}f}|{s:{'>'}{width}}|{{}}|{pi=:.2f}|{s=}|{ n + 1 = }")
print(f"{True} {None} {[1, 'a']} {True:d} {True:5}| {1.0} {1e16} {1e15} {1e-4} {1e-5} {0.1 + 0.2} {100000000000000000000.0} {float('inf')} {float('nan'):f} {-0.0}")
print("%d %s %r %5.1f %-5d| %05d %x %o %e %g %% %c %c %i %+d" % (1, "a", "a", 2.55, 3, 4, 255, 8, 1.5, 1e10, "x", 65, 7.9, 5))
print("%(a)s %(b)03d" % {"a": 1, "b": 2}, "%s" % (1,), "%s %s" % ("a", [1]), "%.3s|%10s|%-4s|" % ("abcdef", "r", "l"), "%*d" % (5, 42), "%#x" % 255)
print(f"{datetime.date(2024, 2, 29):%d.%m.%Y}", format(255, "08b"), format("x", ">3"), format(1.5), "{:d}".format(3), f"{3j:.1f}", f"{1 + 2j}")
print(f"{'nested ' + f'{1 + 1}'} {'a' if n else 'b'} {(lambda x: x * 2)(3)} {[c for c in 'ab']} {{literal}} { {'k': 1}['k'] }")
print(f"""multi {
    1 +
    2
} line""", rf"\n{s}", f"\N{BULLET} \x41 \\")
for value in (0.5, 1.5, 2.5, 1e22, 1e23, 123456789.123456789, 5e-324, 1.7976931348623157e308, 0.1, 1/3, 2**53 + 0.0):
    print(repr(value), f"{value:.0f}"[:25], f"{value:.3g}", f"{value:.17g}", round(value))
for call in (lambda: f"{s:d}", lambda: f"{1:s}", lambda: f"{1.5:d}", lambda: "%d" % "x", lambda: "%s %s" % 1, lambda: "%s" % (1, 2), lambda: "{}{}".format(1),
             lambda: "{x}".format(), lambda: "{".format(), lambda: "%z" % 1, lambda: f"{1:abc}", lambda: "%(a)s" % 1, lambda: format([], "x"), lambda: "{0}{}".format(1)):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)
print(f"{1_000_000:>15,.2f}", f"{-5:=+8}", f"{5:=08}", f"{'x':08}", f"{0:.0%}", f"{12345.678:,.1f}", f"{1e6:,}", f"{255:#_b}", f"{3.0:.3}", f"{1234.5:010,.1f}")
