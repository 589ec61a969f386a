//! The struct module's format strings, and packing of single values. Follows CPython's `Modules/_struct.c` on a
//! 64-bit little-endian machine with C's usual alignment.

use crate::float::scale;
use crate::int::Int;
use crate::{IBig, TextError};

/// The first character of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteOrder {
    pub little: bool,
    /// '@': native sizes and alignment.
    pub native: bool,
}

/// What a format code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `x`: no value.
    Pad,
    /// `c`: bytes of length 1.
    Char,
    /// `?`
    Bool,
    Signed,
    Unsigned,
    /// `P`: unsigned, takes negative numbers too.
    Pointer,
    /// `e f d`
    Float,
    /// `F D`: two floats.
    Complex,
    /// `s`: one bytes value of `size` bytes.
    Bytes,
    /// `p`: length byte and bytes, `size` in all.
    Pascal,
}

/// A run of equal values, one behind the other. `s` and `p` have `count` 1 and the count as `size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub code: u8,
    pub kind: Kind,
    pub offset: usize,
    /// Bytes of one value.
    pub size: usize,
    /// Values in this run, each from and to one Python object.
    pub count: usize,
}

/// A parsed format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub order: ByteOrder,
    pub fields: Vec<Field>,
    /// `calcsize`.
    pub size: usize,
    /// How many Python values it packs.
    pub values: usize,
}

fn code_info(code: u8, native: bool) -> Option<(Kind, usize)> {
    let long = if native { 8 } else { 4 };
    Some(match code {
        b'x' => (Kind::Pad, 1),
        b'c' => (Kind::Char, 1),
        b'?' => (Kind::Bool, 1),
        b'b' => (Kind::Signed, 1),
        b'B' => (Kind::Unsigned, 1),
        b'h' => (Kind::Signed, 2),
        b'H' => (Kind::Unsigned, 2),
        b'i' => (Kind::Signed, 4),
        b'I' => (Kind::Unsigned, 4),
        b'l' => (Kind::Signed, long),
        b'L' => (Kind::Unsigned, long),
        b'q' => (Kind::Signed, 8),
        b'Q' => (Kind::Unsigned, 8),
        b'n' if native => (Kind::Signed, 8),
        b'N' if native => (Kind::Unsigned, 8),
        b'P' if native => (Kind::Pointer, 8),
        b'e' => (Kind::Float, 2),
        b'f' => (Kind::Float, 4),
        b'd' => (Kind::Float, 8),
        b'F' => (Kind::Complex, 8),
        b'D' => (Kind::Complex, 16),
        b's' => (Kind::Bytes, 1),
        b'p' => (Kind::Pascal, 1),
        _ => return None,
    })
}

fn alignment(kind: Kind, size: usize) -> usize {
    match kind {
        Kind::Complex => size / 2,
        _ => size,
    }
}

/// Parses a format (ASCII bytes).
pub fn parse(format: &[u8]) -> Result<Layout, TextError> {
    let (order, mut rest) = match format.split_first() {
        Some((b'@', rest)) => (
            ByteOrder {
                little: true,
                native: true,
            },
            rest,
        ),
        Some((b'=' | b'<', rest)) => (
            ByteOrder {
                little: true,
                native: false,
            },
            rest,
        ),
        Some((b'>' | b'!', rest)) => (
            ByteOrder {
                little: false,
                native: false,
            },
            rest,
        ),
        _ => (
            ByteOrder {
                little: true,
                native: true,
            },
            format,
        ),
    };
    let too_long = || TextError::struct_("total struct size too long");
    if format.contains(&0) {
        return Err(TextError::struct_("embedded null character"));
    }
    let mut layout = Layout {
        order,
        fields: Vec::new(),
        size: 0,
        values: 0,
    };
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if crate::split::is_byte_space(first) {
            continue;
        }
        let (mut code, mut count) = (first, 1usize);
        if first.is_ascii_digit() {
            count = (first - b'0') as usize;
            loop {
                let Some((&b, after)) = rest.split_first() else {
                    return Err(TextError::struct_(
                        "repeat count given without format specifier",
                    ));
                };
                rest = after;
                code = b;
                if !b.is_ascii_digit() {
                    break;
                }
                count = count
                    .checked_mul(10)
                    .and_then(|c| c.checked_add((b - b'0') as usize))
                    .ok_or_else(too_long)?;
            }
        }
        layout.add(code, count).ok_or_else(too_long)??;
    }
    Ok(layout)
}

impl Layout {
    /// `None` when the size overflows.
    fn add(&mut self, code: u8, count: usize) -> Option<Result<(), TextError>> {
        let Some((kind, unit)) = code_info(code, self.order.native) else {
            return Some(Err(TextError::struct_("bad char in struct format")));
        };
        let mut offset = self.size;
        if self.order.native {
            offset = offset.checked_next_multiple_of(alignment(kind, unit))?;
        }
        let total = count.checked_mul(unit)?;
        self.size = offset
            .checked_add(total)
            .filter(|&s| s <= isize::MAX as usize)?;
        let (size, count) = if matches!(kind, Kind::Bytes | Kind::Pascal) {
            (total, 1)
        } else {
            (unit, count)
        };
        if kind == Kind::Pad || count == 0 {
            return Some(Ok(()));
        }
        self.values = self.values.checked_add(count)?;
        self.fields.push(Field {
            code,
            kind,
            offset,
            size,
            count,
        });
        Some(Ok(()))
    }
}

/// Copies the `N` low bytes of a little-endian value in the wanted order.
fn put(out: &mut [u8], little_bytes: &[u8], little: bool) {
    for (slot, &b) in out.iter_mut().zip(little_bytes) {
        *slot = b;
    }
    if !little {
        out.reverse();
    }
}

fn range_error(code: u8, kind: Kind, size: usize) -> TextError {
    let bits = (size * 8).min(64) as u32;
    let code = code as char;
    TextError::struct_(match kind {
        Kind::Signed => {
            let top = (1i128 << (bits - 1)) - 1;
            format!("'{code}' format requires {} <= number <= {top}", -top - 1)
        }
        Kind::Unsigned => format!(
            "'{code}' format requires 0 <= number <= {}",
            (1u128 << bits) - 1
        ),
        _ => "int too large to convert".into(),
    })
}

/// Packs an int into `out`, whose length is the field's size (1 to 8). For `Signed`, `Unsigned` and `Pointer`.
pub fn pack_int(out: &mut [u8], field: &Field, order: ByteOrder, n: &Int) -> Result<(), TextError> {
    let error = || range_error(field.code, field.kind, field.size);
    let bits = (field.size.min(8) * 8) as u32;
    let wide = match n {
        Int::Small(n) => *n as i128,
        Int::Big(n) => u64::try_from(n).map_err(|_| error())? as i128,
    };
    let (low, high) = match field.kind {
        Kind::Signed => (
            -(1i128 << bits.saturating_sub(1)),
            (1i128 << bits.saturating_sub(1)) - 1,
        ),
        Kind::Pointer => (i64::MIN as i128, u64::MAX as i128),
        _ => (0, (1i128 << bits) - 1),
    };
    if wide < low || wide > high {
        return Err(error());
    }
    put(out, &wide.to_le_bytes(), order.little);
    Ok(())
}

/// Reads an int of 1 to 8 bytes.
pub fn unpack_int(data: &[u8], kind: Kind, order: ByteOrder) -> Int {
    let data = &data[..data.len().min(8)];
    let mut bytes = [0u8; 16];
    put(&mut bytes[..data.len()], data, order.little);
    let value = u128::from_le_bytes(bytes) as u64;
    let shift = 64 - 8 * data.len() as u32;
    match kind {
        Kind::Signed => Int::Small(
            (value.checked_shl(shift).unwrap_or(0) as i64)
                .checked_shr(shift)
                .unwrap_or(0),
        ),
        _ => i64::try_from(value).map_or_else(|_| Int::Big(IBig::from(value)), Int::Small),
    }
}

/// Packs a float of 2, 4 or 8 bytes. OverflowError "float too large to pack with f format".
pub fn pack_float(out: &mut [u8], order: ByteOrder, x: f64) -> Result<(), TextError> {
    let too_large =
        |c: char| TextError::overflow(format!("float too large to pack with {c} format"));
    match out.len() {
        2 => put(
            out,
            &half_from_f64(x)
                .ok_or_else(|| too_large('e'))?
                .to_le_bytes(),
            order.little,
        ),
        4 => {
            let y = x as f32;
            // The native form converts as C does, silently to infinity.
            if y.is_infinite() && x.is_finite() && !order.native {
                return Err(too_large('f'));
            }
            put(out, &y.to_le_bytes(), order.little);
        }
        _ => put(out, &x.to_le_bytes(), order.little),
    }
    Ok(())
}

/// Reads a float of 2, 4 or 8 bytes.
pub fn unpack_float(data: &[u8], order: ByteOrder) -> f64 {
    let mut bytes = [0u8; 8];
    let n = data.len().min(8);
    put(&mut bytes[..n], &data[..n], order.little);
    let value = u64::from_le_bytes(bytes);
    match n {
        2 => half_to_f64(value as u16),
        4 => f32::from_bits(value as u32) as f64,
        _ => f64::from_bits(value),
    }
}

/// IEEE half precision, ties to even; `None` when it is too large.
pub fn half_from_f64(x: f64) -> Option<u16> {
    let sign = if x.is_sign_negative() { 0x8000 } else { 0 };
    if x.is_nan() {
        return Some(sign | 0x7E00);
    }
    if x.is_infinite() {
        return Some(sign | 0x7C00);
    }
    let (_, mantissa, exponent) = crate::float::decompose(x);
    if mantissa == 0 {
        return Some(sign);
    }
    let top = exponent + 64 - mantissa.leading_zeros() as i32;
    if top > 16 {
        return None;
    }
    // Weight of the last bit of the half: 11 bits, at least 2**-24.
    let last = (top - 11).max(-24);
    let drop = (last - exponent) as u32;
    let rounded = match drop {
        0..=63 => {
            let kept = mantissa >> drop;
            let rest = mantissa & ((1 << drop) - 1);
            let half = (1u64 << drop) >> 1;
            kept + u64::from(drop > 0 && (rest > half || rest == half && kept & 1 == 1))
        }
        _ => 0,
    };
    // A carry out of the mantissa counts the exponent up by itself.
    let exponent_field = (last + 24) as u64;
    let bits = if rounded < 1024 {
        rounded
    } else {
        (exponent_field << 10) + rounded
    };
    (bits < 0x7C00).then_some(sign | bits as u16)
}

/// The value of an IEEE half.
pub fn half_to_f64(h: u16) -> f64 {
    let fraction = (h & 0x3FF) as u128;
    let magnitude = match h >> 10 & 0x1F {
        0x1F if fraction == 0 => f64::INFINITY,
        0x1F => f64::NAN,
        0 => scale(fraction, false, -24).unwrap_or(0.0),
        e => scale(fraction | 0x400, false, e as i64 - 25).unwrap_or(0.0),
    };
    if h & 0x8000 != 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// Packs bytes into an `s` field: cut or filled with zeros.
pub fn pack_bytes(out: &mut [u8], data: &[u8]) {
    let n = data.len().min(out.len());
    out[..n].copy_from_slice(&data[..n]);
    out[n..].fill(0);
}

/// Packs bytes into a `p` field: length byte (at most 255), bytes, zeros.
pub fn pack_pascal(out: &mut [u8], data: &[u8]) {
    if let Some((length, body)) = out.split_first_mut() {
        let n = data.len().min(body.len());
        *length = n.min(255) as u8;
        pack_bytes(body, &data[..n]);
    }
}

/// The bytes that a `p` field holds.
pub fn unpack_pascal(data: &[u8]) -> &[u8] {
    match data.split_first() {
        Some((&n, body)) => &body[..(n as usize).min(body.len())],
        None => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(format: &str, n: &str) -> Result<Vec<u8>, TextError> {
        let layout = parse(format.as_bytes())?;
        let field = layout.fields[0];
        let mut out = vec![0; field.size];
        let n = Int::from(IBig::from_str_radix(n, 10).unwrap());
        pack_int(&mut out, &field, layout.order, &n)?;
        if field.kind != Kind::Pointer {
            assert_eq!(unpack_int(&out, field.kind, layout.order), n);
        }
        Ok(out)
    }

    #[test]
    fn sizes() {
        let table = [
            ("", "0"),
            ("i", "4"),
            ("bi", "8"),
            ("bq", "16"),
            ("<bq", "9"),
            ("bi0q", "8"),
            ("5si", "12"),
            ("xxh", "4"),
            ("  b\tb", "2"),
            ("3x", "3"),
            ("0s", "0"),
            ("10p2H", "14"),
            ("@nNP", "24"),
            ("<n", "struct.error: bad char in struct format"),
            ("y", "struct.error: bad char in struct format"),
            (
                "5",
                "struct.error: repeat count given without format specifier",
            ),
            (
                "i5",
                "struct.error: repeat count given without format specifier",
            ),
            (
                "99999999999999999999i",
                "struct.error: total struct size too long",
            ),
            (
                "9223372036854775807i",
                "struct.error: total struct size too long",
            ),
            ("<<i", "struct.error: bad char in struct format"),
            ("\0i", "struct.error: embedded null character"),
            ("?c2d", "24"),
            ("e", "2"),
            (">2e3f", "16"),
        ];
        for (format, want) in table {
            let got = parse(format.as_bytes()).map(|l| l.size.to_string());
            assert_eq!(got.unwrap_or_else(|e| e.to_string()), want, "{format}");
        }
        let layout = parse(b"x2h3sF").unwrap();
        let offsets: Vec<_> = layout
            .fields
            .iter()
            .map(|f| (f.offset, f.size, f.count))
            .collect();
        assert_eq!(offsets, [(2, 2, 2), (6, 3, 1), (12, 8, 1)]);
        assert_eq!((layout.size, layout.values), (20, 4));
    }

    #[test]
    fn ints() {
        let table: &[(&str, &str, &str)] = &[
            ("b", "-128", "b'\\x80'"),
            (
                "b",
                "128",
                "struct.error: 'b' format requires -128 <= number <= 127",
            ),
            (
                "B",
                "-1",
                "struct.error: 'B' format requires 0 <= number <= 255",
            ),
            ("H", "65535", "b'\\xff\\xff'"),
            ("<h", "-2", "b'\\xfe\\xff'"),
            (">I", "4294967295", "b'\\xff\\xff\\xff\\xff'"),
            (
                ">I",
                "4294967296",
                "struct.error: 'I' format requires 0 <= number <= 4294967295",
            ),
            (
                "q",
                "-9223372036854775808",
                "b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80'",
            ),
            (
                "Q",
                "18446744073709551615",
                "b'\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff'",
            ),
            (
                "Q",
                "18446744073709551616",
                "struct.error: 'Q' format requires 0 <= number <= 18446744073709551615",
            ),
            (
                "q",
                "9223372036854775808",
                "struct.error: 'q' format requires -9223372036854775808 <= number <= 9223372036854775807",
            ),
            (
                "<l",
                "2147483648",
                "struct.error: 'l' format requires -2147483648 <= number <= 2147483647",
            ),
            ("P", "-1", "b'\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff'"),
            (
                "P",
                "1180591620717411303424",
                "struct.error: int too large to convert",
            ),
        ];
        for &(format, n, want) in table {
            let got = pack(format, n).map(|b| crate::repr::bytes_repr(&b));
            assert_eq!(got.unwrap_or_else(|e| e.to_string()), want);
        }
    }

    #[test]
    fn floats() {
        let order = ByteOrder {
            little: false,
            native: false,
        };
        let show = |x: f64, size: usize| {
            let mut out = vec![0; size];
            let done = pack_float(&mut out, order, x).map(|()| crate::repr::bytes_repr(&out));
            done.unwrap_or_else(|e| e.to_string())
        };
        let table = [
            (
                0.0,
                "b'\\x00\\x00'",
                "b'\\x00\\x00\\x00\\x00'",
                "b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00'",
            ),
            (
                -0.0,
                "b'\\x80\\x00'",
                "b'\\x80\\x00\\x00\\x00'",
                "b'\\x80\\x00\\x00\\x00\\x00\\x00\\x00\\x00'",
            ),
            (
                1.0,
                "b'<\\x00'",
                "b'?\\x80\\x00\\x00'",
                "b'?\\xf0\\x00\\x00\\x00\\x00\\x00\\x00'",
            ),
            (
                1.5,
                "b'>\\x00'",
                "b'?\\xc0\\x00\\x00'",
                "b'?\\xf8\\x00\\x00\\x00\\x00\\x00\\x00'",
            ),
            (
                -2.0,
                "b'\\xc0\\x00'",
                "b'\\xc0\\x00\\x00\\x00'",
                "b'\\xc0\\x00\\x00\\x00\\x00\\x00\\x00\\x00'",
            ),
            (
                65504.0,
                "b'{\\xff'",
                "b'G\\x7f\\xe0\\x00'",
                "b'@\\xef\\xfc\\x00\\x00\\x00\\x00\\x00'",
            ),
            (
                65519.9,
                "b'{\\xff'",
                "b'G\\x7f\\xef\\xe6'",
                "b'@\\xef\\xfd\\xfc\\xcc\\xcc\\xcc\\xcd'",
            ),
            (
                65520.0,
                "OverflowError: float too large to pack with e format",
                "b'G\\x7f\\xf0\\x00'",
                "b'@\\xef\\xfe\\x00\\x00\\x00\\x00\\x00'",
            ),
            (
                6e-08,
                "b'\\x00\\x01'",
                "b'3\\x80\\xd9Y'",
                "b'>p\\x1b+)\\xa4i+'",
            ),
            (
                2.9e-08,
                "b'\\x00\\x00'",
                "b'2\\xf9\\x1b\\xad'",
                "b'>_#u\\x94\\xc6d\\xee'",
            ),
            (
                2.9802322387695312e-08,
                "b'\\x00\\x00'",
                "b'3\\x00\\x00\\x00'",
                "b'>`\\x00\\x00\\x00\\x00\\x00\\x00'",
            ),
            (
                3e-08,
                "b'\\x00\\x01'",
                "b'3\\x00\\xd9Y'",
                "b'>`\\x1b+)\\xa4i+'",
            ),
            (
                0.0001,
                "b'\\x06\\x8e'",
                "b'8\\xd1\\xb7\\x17'",
                "b'?\\x1a6\\xe2\\xeb\\x1cC-'",
            ),
            (
                1e+39,
                "OverflowError: float too large to pack with e format",
                "OverflowError: float too large to pack with f format",
                "b'H\\x07\\x82\\x87\\xf4\\x9cJ\\x1d'",
            ),
            (
                f64::INFINITY,
                "b'|\\x00'",
                "b'\\x7f\\x80\\x00\\x00'",
                "b'\\x7f\\xf0\\x00\\x00\\x00\\x00\\x00\\x00'",
            ),
            (
                f64::NEG_INFINITY,
                "b'\\xfc\\x00'",
                "b'\\xff\\x80\\x00\\x00'",
                "b'\\xff\\xf0\\x00\\x00\\x00\\x00\\x00\\x00'",
            ),
            (
                0.1,
                "b'.f'",
                "b'=\\xcc\\xcc\\xcd'",
                "b'?\\xb9\\x99\\x99\\x99\\x99\\x99\\x9a'",
            ),
        ];
        for (x, e, f, d) in table {
            assert_eq!([show(x, 2), show(x, 4), show(x, 8)], [e, f, d]);
            let mut out = [0; 8];
            pack_float(&mut out, order, x).unwrap();
            assert_eq!(unpack_float(&out, order), x);
        }
        for h in 0..=u16::MAX {
            let x = half_to_f64(h);
            assert!(x.is_nan() || half_from_f64(x) == Some(h));
        }
        let native = ByteOrder {
            little: true,
            native: true,
        };
        assert_eq!(pack_float(&mut [0; 4], native, 1e300), Ok(()));
    }

    #[test]
    fn bytes() {
        let mut out = [1; 4];
        pack_pascal(&mut out, b"abcdef");
        assert_eq!(&out, b"\x03abc");
        assert_eq!(unpack_pascal(&out), b"abc");
        pack_bytes(&mut out, b"x");
        assert_eq!(&out, b"x\0\0\0");
        pack_pascal(&mut [], b"a");
    }
}
