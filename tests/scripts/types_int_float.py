# int, float, complex, bool: arithmetic, big numbers, division rules, bit operations, conversions, rounding, errors.
print(7 // 2, -7 // 2, 7 // -2, 7 % 3, -7 % 3, 7 % -3, divmod(-7, 3), 7 / 2, 6 / 2, 2 ** 10, 2 ** -1, (-2) ** 3, 0 ** 0, -2 ** 2)
print(2 ** 200, 3 ** 100 % 10 ** 20, 10 ** 30 // 7, -10 ** 30 // 7, -10 ** 30 % 7, (1 << 100) >> 90, -1 >> 5, -5 & 3, -5 | 3, -5 ^ 3, ~10 ** 20)
f = 1
for i in range(1, 40):
    f *= i
print(f, f // (f // 7), len(str(f ** 20)), (f ** 3).bit_length(), hash(f) == hash(f + 0), f == float(f), int(float(f)) == f)
print(9223372036854775807 + 1, -9223372036854775808 - 1, 4611686018427387904 * 2, 2251799813685247 + 1, -2251799813685248 - 1, 9007199254740993 * 3, (2**63 - 1) * (2**63 - 1))
print(int("ff", 16), int("0b101", 0), int(" 12_000 "), int(-3.9), int("-5"), int(1e25), 0o17, 0xFF, 0b11, 1_000, int("z", 36), int(b"12"), int(True))
print(pow(3, 100, 7), pow(3, -1, 7), abs(-5), (5).bit_length(), (255).to_bytes(2, "big"), int.from_bytes(b"\x01\x00", "little"), (-2).to_bytes(2, "little", signed=True), (6).bit_count(), (10).as_integer_ratio())
print(0.1 + 0.2, 1e308 * 10, -1e308 * 10, 1e-320, 3.0 // 2, -3.5 // 2, -3.5 % 2, 5.5 % -2, 2.5 ** 2, 2 ** 0.5, (-8) ** (1 / 3), 1e16 + 1, 7.0 == 7, 0.5 == 1 / 2)
print(round(0.5), round(1.5), round(2.675, 2), round(1234, -2), round(-0.5), round(1e20), round(2.5, 0), round(15, -1), round(25, -1), type(round(1.0)).__name__, round(1.25, 1))
print(float("1e3"), float(" -.5 "), float("inf"), float("nan") != float("nan"), float("1_0.0"), (0.1).hex(), float.fromhex("0x1.8p1"), (0.75).as_integer_ratio(), (3.0).is_integer(), float("-0"), float("infinity"))
nan = float("nan")
print(nan in [nan], [nan] == [nan], nan == nan, len({nan, nan}), len({float("nan"), float("nan")}), min(1, nan), max(nan, 1), nan is nan)
print(1 == 1.0 == True, hash(1) == hash(1.0) == hash(True), True + True, True & False, not 0, isinstance(True, int), 2 ** 53 == 2.0 ** 53, 2 ** 53 + 1 == 2.0 ** 53, 10 ** 400 > 1e308)
print((1 + 2j) * (3 - 1j), abs(3 + 4j), (1 + 2j).conjugate(), complex("1+2j"), 1j ** 2, (2 + 0j) == 2, complex(1, -0.0), (3 + 4j).real, -1j)
for call in (lambda: 1 // 0, lambda: 1 % 0, lambda: 1 / 0, lambda: 1.0 // 0, lambda: 0 ** -1, lambda: int("x"), lambda: int("12", 99), lambda: float("x"), lambda: int(float("inf")), lambda: int(nan),
             lambda: 1 << -1, lambda: float(10 ** 400), lambda: 2.0 ** 10000, lambda: pow(2, -1, 4), lambda: "1" + 1, lambda: 1 + "1", lambda: int([]), lambda: 1.5 & 1, lambda: (300).to_bytes(1, "big"), lambda: int("1" * 5000)):
    try:
        print(call())
    except ZeroDivisionError as error:
        print(type(error).__name__)
    except Exception as error:
        print(type(error).__name__, str(error)[:70])
x = 10
x += 5; x -= 1; x *= 2; x //= 3; x **= 2; x %= 50; x <<= 3; x >>= 1; x |= 1; x &= 0xF; x ^= 3
print(x, (5).__add__(3), (5).__add__("x"), int.__mro__[1].__name__, (1).real, (1.5).imag, (7).denominator, -(-5), +True, ~False)
print(sum([0.1] * 10), sum([1, 2.5]), sum([10 ** 20, 1]), max(3, 1.5, 2), min([2, 1]), divmod(7.5, 2), 5 .bit_length(), 1 if 1 else 2)
print(*(str(v) for v in (1e15, 1e16, 123456789012345680.0, 1e-4, 1e-5, 1.0, 1e100, 1.5e-7, 4.35, 0.1 + 0.7)))
