//! int: from and to text, from and to bytes, conversions to float. Follows CPython's `longobject.c`. Arithmetic stands
//! in `int_arith`.

use crate::float::scale;
use crate::repr::{bytes_repr, str_repr, truncated};
use crate::{IBig, TextError, UBig};
use dashu_int::Sign;
use dashu_int::ops::{BitTest, UnsignedAbs};

/// `sys.int_info.default_max_str_digits`.
pub const DEFAULT_MAX_STR_DIGITS: usize = 4300;

/// An int: small when it fits i64, always.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Int {
    Small(i64),
    Big(IBig),
}

impl From<IBig> for Int {
    fn from(n: IBig) -> Int {
        match i64::try_from(&n) {
            Ok(small) => Int::Small(small),
            Err(_) => Int::Big(n),
        }
    }
}

impl From<i64> for Int {
    fn from(n: i64) -> Int {
        Int::Small(n)
    }
}

impl From<Int> for IBig {
    fn from(n: Int) -> IBig {
        match n {
            Int::Small(small) => IBig::from(small),
            Int::Big(big) => big,
        }
    }
}

/// `int(str, base)`. `max_digits` is the limit of `sys.set_int_max_str_digits`, 0 for none.
pub fn parse(text: &[u8], base: u32, max_digits: usize) -> Result<Int, TextError> {
    check_base(base)?;
    let ascii = crate::float::to_ascii_number(text);
    parse_ascii(&ascii, base, max_digits)?.ok_or_else(|| invalid(&str_repr(text), base))
}

/// `int(bytes, base)`.
pub fn parse_bytes(data: &[u8], base: u32, max_digits: usize) -> Result<Int, TextError> {
    check_base(base)?;
    let found = if data.is_ascii() {
        parse_ascii(&crate::float::to_ascii_number(data), base, max_digits)?
    } else {
        None
    };
    found.ok_or_else(|| invalid(&bytes_repr(data), base))
}

fn check_base(base: u32) -> Result<(), TextError> {
    match base {
        0 | 2..=36 => Ok(()),
        _ => Err(TextError::value("int() base must be >= 2 and <= 36, or 0")),
    }
}

fn invalid(repr: &str, base: u32) -> TextError {
    TextError::value(format!(
        "invalid literal for int() with base {base}: {}",
        truncated(repr, 200)
    ))
}

/// `Ok(None)` for text that is no int.
fn parse_ascii(s: &[u8], base: u32, max_digits: usize) -> Result<Option<Int>, TextError> {
    let (negative, s) = match s.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, s),
    };
    let prefix = match s {
        [b'0', letter, ..] => match letter.to_ascii_lowercase() {
            b'x' => 16,
            b'o' => 8,
            b'b' => 2,
            _ => 0,
        },
        _ => 0,
    };
    let guessed = base == 0;
    let base = match (base, prefix) {
        (0, 0) => 10,
        (0, p) => p,
        (b, _) => b,
    };
    let mut digits = s;
    if prefix == base {
        digits = &s[2..];
        // One underscore may follow the prefix.
        digits = digits.strip_prefix(b"_").unwrap_or(digits);
    }
    let Some(digits) = clean_digits(digits, base) else {
        return Ok(None);
    };
    // Base 0 takes no leading zeros, as in source.
    if guessed && prefix == 0 && digits[0] == b'0' && digits.iter().any(|&b| b != b'0') {
        return Ok(None);
    }
    if max_digits != 0 && !base.is_power_of_two() && digits.len() > max_digits {
        return Err(TextError::value(format!(
            "Exceeds the limit ({max_digits} digits) for integer string conversion: value has {} digits; use sys.set_int_max_str_digits() to increase the limit",
            digits.len()
        )));
    }
    Ok(from_digits(&digits, base, negative))
}

/// The digits without underscores; `None` unless all are digits of the base and each underscore is between two.
fn clean_digits(s: &[u8], base: u32) -> Option<Vec<u8>> {
    if s.is_empty() || s.first() == Some(&b'_') || s.last() == Some(&b'_') {
        return None;
    }
    let mut out = Vec::with_capacity(s.len());
    let mut previous = 0;
    for &b in s {
        if b == b'_' {
            if previous == b'_' {
                return None;
            }
        } else {
            (b as char).to_digit(base)?;
            out.push(b);
        }
        previous = b;
    }
    Some(out)
}

fn from_digits(digits: &[u8], base: u32, negative: bool) -> Option<Int> {
    let text = std::str::from_utf8(digits).ok()?;
    if let Ok(n) = i64::from_str_radix(text, base) {
        return Some(Int::Small(if negative { -n } else { n }));
    }
    let n = IBig::from(UBig::from_str_radix(text, base).ok()?);
    Some(Int::from(if negative { -n } else { n }))
}

/// Digits of a magnitude in base 2 to 36, lower case, no prefix.
fn magnitude_text(n: &UBig, base: u32) -> String {
    n.in_radix(base as u8).to_string()
}

/// `n` in base 2, 8, 10, 16 (2 to 36), lower case, without prefix.
pub fn to_base(n: &IBig, base: u32) -> String {
    let digits = magnitude_text(&n.unsigned_abs(), base.clamp(2, 36));
    if n.sign() == Sign::Negative {
        format!("-{digits}")
    } else {
        digits
    }
}

/// As `to_base`, for i64.
pub fn i64_to_base(n: i64, base: u32) -> String {
    let m = n.unsigned_abs();
    let digits = match base {
        2 => format!("{m:b}"),
        8 => format!("{m:o}"),
        10 => m.to_string(),
        16 => format!("{m:x}"),
        _ => magnitude_text(&UBig::from(m), base.clamp(2, 36)),
    };
    if n < 0 { format!("-{digits}") } else { digits }
}

/// `bin()`, `oct()`, `hex()`: with prefix after the sign.
pub fn with_prefix(n: &Int, base: u32) -> String {
    let text = match n {
        Int::Small(n) => i64_to_base(*n, base),
        Int::Big(n) => to_base(n, base),
    };
    let prefix = prefix_of(base);
    match text.strip_prefix('-') {
        Some(digits) => format!("-{prefix}{digits}"),
        None => format!("{prefix}{text}"),
    }
}

/// "0b", "0o", "0x", or nothing.
pub fn prefix_of(base: u32) -> &'static str {
    match base {
        2 => "0b",
        8 => "0o",
        16 => "0x",
        _ => "",
    }
}

/// `str(n)` under the digit limit (0 for none).
pub fn to_decimal(n: &IBig, max_digits: usize) -> Result<String, TextError> {
    let too_long = || {
        TextError::value(format!(
            "Exceeds the limit ({max_digits} digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit"
        ))
    };
    let magnitude = n.unsigned_abs();
    // log10(2) > 0.3: a number clearly past the limit is not converted first.
    if max_digits != 0 && (magnitude.bit_len() as f64) * 0.3 > max_digits as f64 + 1.0 {
        return Err(too_long());
    }
    let digits = magnitude.to_string();
    if max_digits != 0 && digits.len() > max_digits {
        return Err(too_long());
    }
    Ok(if n.sign() == Sign::Negative {
        format!("-{digits}")
    } else {
        digits
    })
}

/// The top 64 bits of `n`, whether bits below are set, and the exponent of the last kept bit.
fn top_bits(n: &UBig) -> (u64, bool, i64) {
    let len = n.bit_len();
    let drop = len.saturating_sub(64);
    let top = u64::try_from(n >> drop).unwrap_or(u64::MAX);
    let sticky = n.trailing_zeros().is_some_and(|z| z < drop);
    (top, sticky, drop as i64)
}

fn magnitude_to_f64(n: &UBig) -> Option<f64> {
    let (top, sticky, exponent) = top_bits(n);
    scale(top as u128, sticky, exponent)
}

/// `float(n)`: nearest, ties to even; OverflowError "int too large to convert to float".
pub fn to_f64(n: &IBig) -> Result<f64, TextError> {
    let x = magnitude_to_f64(&n.unsigned_abs())
        .ok_or_else(|| TextError::overflow("int too large to convert to float"))?;
    Ok(if n.sign() == Sign::Negative { -x } else { x })
}

/// `a / b` of ints, correctly rounded.
pub fn true_div(a: &IBig, b: &IBig) -> Result<f64, TextError> {
    if b.is_zero() {
        return Err(TextError::zero_division("division by zero"));
    }
    let (num, den) = (a.unsigned_abs(), b.unsigned_abs());
    if num.is_zero() {
        return Ok(if b.sign() == Sign::Negative {
            -0.0
        } else {
            0.0
        });
    }
    // A quotient of at least 65 bits, the rest as sticky.
    let shift = 66 - (num.bit_len() as i64 - den.bit_len() as i64);
    let (q, sticky) = if shift > 1200 {
        // Below half of the smallest subnormal, whatever the digits.
        (UBig::ONE, true)
    } else {
        let (num, den) = if shift >= 0 {
            (num << shift as usize, den)
        } else {
            (num, den << shift.unsigned_abs() as usize)
        };
        let (q, r) = dashu_int::ops::DivRem::div_rem(num, den);
        (q, !r.is_zero())
    };
    let q = u128::try_from(q).unwrap_or(u128::MAX);
    let x = scale(q, sticky, -shift)
        .ok_or_else(|| TextError::overflow("integer division result too large for a float"))?;
    Ok(if a.sign() == b.sign() { x } else { -x })
}

/// `a / b` of small ints.
pub fn true_div_i64(a: i64, b: i64) -> Result<f64, TextError> {
    const EXACT: u64 = 1 << 53;
    if b != 0 && a.unsigned_abs() <= EXACT && b.unsigned_abs() <= EXACT {
        return Ok(a as f64 / b as f64);
    }
    true_div(&IBig::from(a), &IBig::from(b))
}

/// `n.to_bytes(length, byteorder, signed=signed)`.
pub fn to_bytes(n: &IBig, length: usize, little: bool, signed: bool) -> Result<Vec<u8>, TextError> {
    let negative = n.sign() == Sign::Negative;
    if negative && !signed {
        return Err(TextError::overflow(
            "can't convert negative int to unsigned",
        ));
    }
    let too_big = || TextError::overflow("int too big to convert");
    // ~n has the bits of a negative number turned around.
    let magnitude = if negative {
        (!n).unsigned_abs()
    } else {
        n.unsigned_abs()
    };
    let room = length.saturating_mul(8);
    if magnitude.bit_len()
        + usize::from(signed && !(n.is_zero() || length == 0 && *n == IBig::NEG_ONE))
        > room
    {
        return Err(too_big());
    }
    let bytes = if magnitude.is_zero() {
        Box::default()
    } else {
        magnitude.to_le_bytes()
    };
    let mut out = Vec::new();
    out.try_reserve_exact(length)
        .map_err(|_| TextError::memory())?;
    out.extend_from_slice(&bytes[..bytes.len().min(length)]);
    out.resize(length, 0);
    if negative {
        out.iter_mut().for_each(|b| *b = !*b);
    }
    if !little {
        out.reverse();
    }
    Ok(out)
}

/// `int.from_bytes(data, byteorder, signed=signed)`.
pub fn from_bytes(data: &[u8], little: bool, signed: bool) -> Int {
    let top = if little { data.last() } else { data.first() };
    let negative = signed && top.is_some_and(|b| b & 0x80 != 0);
    let read = |bytes: &[u8]| {
        if little {
            UBig::from_le_bytes(bytes)
        } else {
            UBig::from_be_bytes(bytes)
        }
    };
    if negative {
        let inverted: Vec<u8> = data.iter().map(|b| !b).collect();
        Int::from(!IBig::from(read(&inverted)))
    } else {
        Int::from(IBig::from(read(data)))
    }
}
