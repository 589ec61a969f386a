assert list(range(5)) == [0, 1, 2, 3, 4] and list(range(2, 5)) == [2, 3, 4] and list(range(5, 0, -2)) == [5, 3, 1] and list(range(0)) == []
assert len(range(10)) == 10 and len(range(0, 10, 3)) == 4 and len(range(10, 0)) == 0 and not range(0) and range(1)
assert repr(range(5)) == "range(0, 5)" and repr(range(1, 5, 2)) == "range(1, 5, 2)"
r = range(0, 20, 3)
assert r[0] == 0 and r[-1] == 18 and r[2] == 6 and r[1:3] == range(3, 9, 3) and r[::-1] == range(18, -3, -3) and r.start == 0 and r.stop == 20 and r.step == 3
assert 3 in r and 4 not in r and 21 not in r and -3 not in r and 3.0 in r and "a" not in r
assert r.index(6) == 2 and r.count(6) == 1 and r.count(7) == 0
assert range(0) == range(2, 1) and range(0, 3, 2) == range(0, 4, 2) and range(3) != range(4) and hash(range(3)) == hash((3, 0, 1))
assert list(reversed(range(5))) == [4, 3, 2, 1, 0] and list(reversed(range(0, 10, 3))) == [9, 6, 3, 0] and list(reversed(range(0))) == []
raises(IndexError, "range object index out of range", lambda: range(3)[3])
raises(IndexError, "range object index out of range", lambda: range(3)[-4])
raises(TypeError, "range indices must be integers or slices, not str", lambda: range(3)['a'])
raises(ValueError, "9 is not in range", range(3).index, 9)
raises(ValueError, "range() arg 3 must not be zero", range, 1, 2, 0)
raises(TypeError, "range expected at least 1 argument, got 0", range)
raises(TypeError, "range expected at most 3 arguments, got 4", range, 1, 2, 3, 4)
raises(TypeError, "'float' object cannot be interpreted as an integer", range, 1.5)
raises(TypeError, "'<' not supported between instances of 'range' and 'range'", lambda: range(3) < range(4))
big = 10 ** 30
r = range(big, big + 5)
assert list(r) == [big, big + 1, big + 2, big + 3, big + 4] and r[1] == big + 1 and len(r) == 5 and big + 2 in r and r.index(big + 2) == 2
assert r[-1] == big + 4 and r[1:3] == range(big + 1, big + 3) and list(reversed(r))[0] == big + 4
assert range(-big, big)[big] == 0 and -big - 1 not in range(-big, big)
raises(OverflowError, "Python int too large to convert to C ssize_t", len, range(big))
m = range(-9223372036854775808, 9223372036854775807)
assert m[0] == -9223372036854775808 and m[-1] == 9223372036854775806 and 0 in m and bool(m)
raises(OverflowError, "Python int too large to convert to C ssize_t", len, m)
assert list(range(9223372036854775806, 9223372036854775807)) == [9223372036854775806]
assert list(reversed(range(-9223372036854775808, -9223372036854775806))) == [-9223372036854775807, -9223372036854775808]
it = iter(range(3))
assert it.__length_hint__() == 3 and next(it) == 0 and it.__length_hint__() == 2 and it.__reduce__()[1] == (range(1, 3),)
assert type(iter(range(big))).__name__ == "longrange_iterator" and type(it).__name__ == "range_iterator"

s = slice(1, 5, 2)
assert (s.start, s.stop, s.step) == (1, 5, 2) and repr(s) == "slice(1, 5, 2)" and repr(slice(3)) == "slice(None, 3, None)"
assert s.indices(3) == (1, 3, 2) and slice(None, None, -1).indices(4) == (3, -1, -1) and slice(-2, None).indices(10) == (8, 10, 1)
assert slice(big).indices(big * 2) == (0, big, 1) and slice(-100, 100).indices(5) == (0, 5, 1)
assert s == slice(1, 5, 2) and s != slice(1) and slice(1, 2) < slice(1, 3) and hash(s) == hash(slice(1, 5, 2))
raises(ValueError, "length should not be negative", slice(1).indices, -1)
raises(ValueError, "slice step cannot be zero", slice(None, None, 0).indices, 5)
raises(TypeError, "slice expected at least 1 argument, got 0", slice)
raises(TypeError, "slice indices must be integers or None or have an __index__ method", slice("a").indices, 5)
