//! int, float, complex, str, bytes, bytearray and memoryview as scripts see them. Expectations are CPython's; where
//! 3.14 words an error differently from 3.13, 3.14's words.
use lasti_core::host::BareHost;
use lasti_core::{VmFlags, VmOptions};

/// Runs a script of asserts; `raises(kind, message, f)` checks an error.
fn check(source: &str) {
    let vm = lasti_builtins::new_vm(VmOptions {
        host: Box::new(BareHost),
        flags: VmFlags::default(),
        hash_seed: (1, 2),
    });
    let prelude = "
def raises(kind, message, f):
    try:
        r = f()
    except kind as e:
        assert str(e) == message, (str(e), message)
    else:
        assert False, r
";
    let globals = vm.new_dict();
    let source = format!("{prelude}{source}");
    if let Err(e) = vm.exec_source(source.as_bytes(), "scalars", &globals) {
        let kind = vm.type_name(&e.0);
        panic!("{kind}: {}", vm.display(&e.0));
    }
}

#[test]
fn ints() {
    check(
        "
assert 2**50 - 1 + 1 == 1125899906842624 and -2**63 - 1 < -2**63
assert (2**64) // -7 == -2635249153387078803 and (2**64) % -7 == -5
assert divmod(-7, 2) == (-4, 1) and -7 >> 1 == -4 and ~2**70 == -2**70 - 1
assert 10**30 / 10**29 == 10.0 and 1 << 70 >> 69 == 2
assert int('0x_1F', 16) == 31 and int(' -12 ') == -12 and int(b'7') == 7 and int('1010', 2) == 10
assert int(2.9) == 2 and int(True) == 1 and round(25, -1) == 20 and round(-15, -1) == -20
assert (255).to_bytes(2, 'little') == b'\\xff\\x00' and (-1).to_bytes(2, signed=True) == b'\\xff\\xff'
assert int.from_bytes(b'\\xff\\xfe', signed=True) == -2 and int.from_bytes([1, 2]) == 258
assert (2**70).bit_length() == 71 and (-255).bit_count() == 8 and (5).as_integer_ratio() == (5, 1)
assert hash(2**61 - 1) == 0 and hash(-1) == -2 and hash(3) == hash(3.0) == hash(3 + 0j) == 3
assert True + True == 2 and (True & False) is False and (True | 1) == 1 and type(True | 1) is int
assert f'{1234567:,}|{255:#x}|{-5:05d}|{65:c}|{3:>4}|{3:e}' == '1,234,567|0xff|-0005|A|   3|3.000000e+00'
assert (2).__pow__(3, 5) == 3 and pow(3, -1, 7) == 5
class I(int):
    pass
assert type(I(5)) is I and type(I(5) + 1) is int and I(2**80) == 2**80 and {5: 'x'}[I(5)] == 'x'
assert type(I.from_bytes(b'a')) is I and type(int(I(3))) is int
raises(ZeroDivisionError, 'division by zero', lambda: 1 % 0)
raises(ValueError, \"invalid literal for int() with base 10: 'x'\", lambda: int('x'))
raises(TypeError, \"unsupported operand type(s) for +: 'int' and 'str'\", lambda: 1 + 'a')
raises(OverflowError, 'int too large to convert to float', lambda: 10**400 * 1.0)
raises(ValueError, 'negative shift count', lambda: 1 << -1)
raises(OverflowError, 'int too big to convert', lambda: (256).to_bytes(1))
",
    );
}

#[test]
fn floats_and_complex() {
    check(
        "
assert repr(0.1 + 0.2) == '0.30000000000000004' and str(1e16) == '1e+16' and repr(-0.0) == '-0.0'
assert divmod(-5.5, 2) == (-3.0, 0.5) and -5.5 % 2 == 0.5 and 5.5 // -2 == -3.0
assert round(2.5) == 2 and round(2.675, 2) == 2.67 and round(1234.5, -2) == 1200.0
assert (0.5).hex() == '0x1.0000000000000p-1' and float.fromhex('0x1p-1') == 0.5
assert 2**53 + 1 != float(2**53) and float('1_0.5') == 10.5 and float('-inf') < -10**400
nan = float('nan')
assert nan != nan and not nan < nan and nan == nan or True
assert (1.5).as_integer_ratio() == (3, 2) and (2.0).is_integer() and 7.0.__floor__() == 7
assert f'{3.14159:.2f}|{1e10:g}|{0.25:%}|{-1.5:+09.2f}|{1234567.5:,.1f}' == '3.14|1e+10|25.000000%|-00001.50|1,234,567.5'
assert (1 + 2j) * (3 - 1j) == 5 + 5j and abs(3 + 4j) == 5.0 and (1j)**2 == -1 and complex('1-2j').imag == -2.0
zero = 0j
assert repr(1 - zero) == '(1-0j)' and repr(1 - 0j) == '(1+0j)' and repr(complex(0, -0.0)) == '-0j' and (-8) ** 0.5 == (-8 + 0j) ** 0.5
class F(float):
    pass
assert type(F('1.5')) is F and type(F(1) * 2) is float
raises(ZeroDivisionError, 'division by zero', lambda: 1.0 / 0)
raises(ZeroDivisionError, 'zero to a negative power', lambda: 0.0 ** -1)
raises(OverflowError, \"(34, 'Numerical result out of range')\", lambda: 1e300 ** 2)
raises(ValueError, \"could not convert string to float: 'x'\", lambda: float('x'))
raises(OverflowError, 'cannot convert float infinity to integer', lambda: int(float('inf')))
raises(TypeError, 'complex() argument must be a string or a number, not list', lambda: complex([]))
",
    );
}

#[test]
fn strings() {
    check(
        "
s = 'aé😀z'
assert len(s) == 4 and s[2] == '😀' and s[1:3] == 'é😀' and s[::-1] == 'z😀éa' and s.find('z') == 3
assert list(s) == ['a', 'é', '😀', 'z'] and s.rindex('a') == 0 and '😀' in s
assert 'ß'.upper() == 'SS' and 'ΑΣ'.lower() == 'ας' and 'ǆ'.title() == 'ǅ'
assert ' a  b '.split() == ['a', 'b'] and '  x y  '.split(maxsplit=1) == ['x', 'y  ']
assert 'a,b,,c'.rsplit(',', 1) == ['a,b,', 'c'] and 'a\\u2028b\\r\\nc'.splitlines() == ['a', 'b', 'c']
assert 'aaa'.replace('a', 'bb', 2) == 'bbbba' and 'abc'.replace('', '-') == '-a-b-c-'
assert 'abc'.translate(str.maketrans('ab', 'xy', 'c')) == 'xy' and '-5'.zfill(4) == '-005'
assert 'x'.center(4, '*') == '*x**' and 'a'.join(['1', '2']) == '1a2' and 'ab' * 3 == 'ababab'
assert 'abc'.startswith(('x', 'b'), 1) and 'abc'.removeprefix('a') == 'bc' and 'abc'.partition('b') == ('a', 'b', 'c')
assert '{0[k].real:>{w}}|{!r}'.format is not None
assert '{0[k].real:>{w}}'.format({'k': 5}, w=3) == '  5' and '{} {a!r}'.format(1, a='x') == \"1 'x'\"
assert '%s %r %5.1f %(a)s' % {'a': 1} if False else '%-4d|%+.2e|%c' % (5, 1234.5, 'x') == '5   |+1.23e+03|x'
assert '%(a)s-%(b)03d' % {'a': 'x', 'b': 7} == 'x-007' and '%s' % ((1,),) == '(1,)'
assert 'é'.encode('ascii', 'xmlcharrefreplace') == b'&#233;' and '\\udcff'.encode('utf-8', 'surrogateescape') == b'\\xff'
assert b'\\xff\\xfea\\x00'.decode('utf-16') == 'a' and repr('\\ud800\\n') == \"'\\\\ud800\\\\n'\"
class S(str):
    pass
assert type(S('a')) is S and type(S('a') + 'b') is str and {'a': 1}[S('a')] == 1
it = iter('ab')
assert next(it) == 'a' and it.__length_hint__() == 1 and list(it) == ['b']
raises(TypeError, 'can only concatenate str (not \"int\") to str', lambda: 'a' + 1)
raises(TypeError, \"can't multiply sequence by non-int of type 'str'\", lambda: 'a' * 'b')
raises(IndexError, 'string index out of range', lambda: 'a'[1])
raises(TypeError, \"string indices must be integers, not 'str'\", lambda: 'a'['x'])
raises(TypeError, 'sequence item 1: expected str instance, int found', lambda: ','.join(['a', 1]))
raises(ValueError, 'empty separator', lambda: 'a'.split(''))
raises(IndexError, 'Replacement index 0 out of range for positional args tuple', lambda: '{}'.format())
raises(TypeError, 'not all arguments converted during string formatting', lambda: 'a' % 1)
raises(UnicodeEncodeError, \"'ascii' codec can't encode character '\\\\xe9' in position 1: ordinal not in range(128)\", lambda: 'aé'.encode('ascii'))
raises(LookupError, 'unknown encoding: x', lambda: 'a'.encode('x'))
",
    );
}

#[test]
fn bytes_and_buffers() {
    check(
        "
assert bytes(3) == b'\\0\\0\\0' and bytes([1, 2]) == b'\\x01\\x02' and bytes('é', 'utf-8') == b'\\xc3\\xa9'
assert b'abc'[1] == 98 and b'abc'[::-1] == b'cba' and 97 in b'abc' and b'bc' in b'abc' and b'a' != 'a'
assert b'a,b'.split(b',') == [b'a', b'b'] and b'abc'.hex('-', 2) == '61-6263' and bytes.fromhex('61 62') == b'ab'
assert b'%s %d %x %r' % (b'a', 5, 255, 'x') == b\"a 5 ff 'x'\" and b'%(k)b' % {b'k': b'v'} == b'v'
assert b'abc'.translate(None, b'b') == b'ac' and b'Ab'.swapcase() == b'aB' and hash(b'a') == hash(b'a')
b = bytearray(b'abcdef')
b[1:3] = b'XYZ'
assert b == b'aXYZdef'
del b[::2]
assert b == b'XZe'
b += b'!'
b.insert(0, 65)
b.extend([66])
assert b == b'AXZe!B' and b.pop() == 66 and b.find(b'Z') == 2 and repr(b) == \"bytearray(b'AXZe!')\"
m = memoryview(b)
m[0] = 97
m[1:3] = b'bc'
assert m.tolist() == [97, 98, 99, 101, 33] and m[::-2].tobytes() == b'!ca' and m == b'abce!'
raises(BufferError, 'Existing exports of data: object cannot be re-sized', lambda: b.append(1))
m.release()
b.append(1)
w = memoryview(bytearray(8)).cast('i')
w[1] = -2
assert w.tolist() == [0, -2] and w.nbytes == 8 and w.format == 'i' and w.itemsize == 4
raises(ValueError, 'byte must be in range(0, 256)', lambda: b.append(256))
raises(TypeError, \"a bytes-like object is required, not 'str'\", lambda: b'a'.split('a'))
raises(TypeError, \"can't concat str to bytes\", lambda: b'a' + 'a')
raises(ValueError, 'bytes must be in range(0, 256)', lambda: bytes([256]))
raises(UnicodeDecodeError, \"'utf-8' codec can't decode byte 0xff in position 0: invalid start byte\", lambda: b'\\xff'.decode())
raises(TypeError, 'cannot modify read-only memory', lambda: memoryview(b'a').__setitem__(0, 1))
",
    );
}
