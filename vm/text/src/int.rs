//! int: from and to text, from and to bytes, conversions to float. Follows CPython's `longobject.c`. Arithmetic stands
//! in `int_arith`.

use crate::float::scale;
use crate::int_arith::{div_parts, ladder, mul_parts};
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
    parse_in_steps(text, base, max_digits, &mut || Ok(()), |e| e)
}

/// [`parse`], with `check` called now and then, which may end it; `raise` makes its error of ours.
pub fn parse_in_steps<E>(
    text: &[u8],
    base: u32,
    max_digits: usize,
    check: &mut impl FnMut() -> Result<(), E>,
    raise: impl Fn(TextError) -> E,
) -> Result<Int, E> {
    check_base(base).map_err(&raise)?;
    let ascii = crate::float::to_ascii_number(text);
    let found = parse_ascii(&ascii, base, max_digits, check, &raise)?;
    found.ok_or_else(|| raise(invalid(&str_repr(text), base)))
}

/// `int(bytes, base)`.
pub fn parse_bytes(data: &[u8], base: u32, max_digits: usize) -> Result<Int, TextError> {
    parse_bytes_in_steps(data, base, max_digits, &mut || Ok(()), |e| e)
}

/// [`parse_bytes`], as [`parse_in_steps`].
pub fn parse_bytes_in_steps<E>(
    data: &[u8],
    base: u32,
    max_digits: usize,
    check: &mut impl FnMut() -> Result<(), E>,
    raise: impl Fn(TextError) -> E,
) -> Result<Int, E> {
    check_base(base).map_err(&raise)?;
    let found = if data.is_ascii() {
        let number = crate::float::to_ascii_number(data);
        parse_ascii(&number, base, max_digits, check, &raise)?
    } else {
        None
    };
    found.ok_or_else(|| raise(invalid(&bytes_repr(data), base)))
}

/// Whether there is such a base.
pub fn check_base(base: u32) -> Result<(), TextError> {
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
fn parse_ascii<E>(
    s: &[u8],
    base: u32,
    max_digits: usize,
    check: &mut impl FnMut() -> Result<(), E>,
    raise: &impl Fn(TextError) -> E,
) -> Result<Option<Int>, E> {
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
        return Err(raise(TextError::value(format!(
            "Exceeds the limit ({max_digits} digits) for integer string conversion: value has {} digits; use sys.set_int_max_str_digits() to increase the limit",
            digits.len()
        ))));
    }
    from_digits(&digits, base, negative, check)
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

fn from_digits<E>(
    digits: &[u8],
    base: u32,
    negative: bool,
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<Option<Int>, E> {
    let Ok(text) = std::str::from_utf8(digits) else {
        return Ok(None);
    };
    if let Ok(n) = i64::from_str_radix(text, base) {
        return Ok(Some(Int::Small(if negative { -n } else { n })));
    }
    let n = if text.len() <= 2 * STEP_DIGITS || base.is_power_of_two() {
        UBig::from_str_radix(text, base).ok()
    } else {
        // No digit of ours is worth more than six bits.
        let ladder = ladder(base, STEP_DIGITS, text.len() * 6, check)?;
        join_digits(text, base, &ladder, check)?
    };
    let Some(n) = n.map(IBig::from) else {
        return Ok(None);
    };
    Ok(Some(Int::from(if negative { -n } else { n })))
}

/// The value of digits, cut where the ladder has a power.
fn join_digits<E>(
    text: &str,
    base: u32,
    ladder: &[UBig],
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<Option<UBig>, E> {
    check()?;
    let Some((power, below)) = ladder.split_last() else {
        return Ok(UBig::from_str_radix(text, base).ok());
    };
    let low = STEP_DIGITS << below.len();
    if text.len() <= low {
        return join_digits(text, base, below, check);
    }
    let (high, low) = text.split_at(text.len() - low);
    // What is left above may be longer than the ladder's square.
    let high = join_digits(high, base, ladder, check)?;
    let low = join_digits(low, base, below, check)?;
    let (Some(high), Some(low)) = (high, low) else {
        return Ok(None);
    };
    Ok(Some(mul_parts(&high, power, check)? + low))
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
    to_decimal_in_steps(n, max_digits, &mut || Ok(()), |e| e)
}

/// Decimal digits that the library converts in one step.
const STEP_DIGITS: usize = 1 << 18;

fn decimal_in_steps<E>(n: &UBig, check: &mut impl FnMut() -> Result<(), E>) -> Result<String, E> {
    let bits = n.bit_len();
    if bits <= STEP_DIGITS * 3 {
        return Ok(n.to_string());
    }
    let ladder = ladder(10, STEP_DIGITS, bits, check)?;
    let mut out = String::new();
    push_decimal(n, &ladder, &mut out, check)?;
    Ok(out)
}

/// Appends the digits of a number below the square of the ladder's last rung; where some stand already, with zeros in front.
fn push_decimal<E>(
    n: &UBig,
    ladder: &[UBig],
    out: &mut String,
    check: &mut impl FnMut() -> Result<(), E>,
) -> Result<(), E> {
    check()?;
    let Some((power, below)) = ladder.split_last() else {
        let digits = n.to_string();
        if !out.is_empty() {
            out.extend(std::iter::repeat_n('0', STEP_DIGITS - digits.len()));
        } else if n.is_zero() {
            return Ok(());
        }
        out.push_str(&digits);
        return Ok(());
    };
    let (high, low) = if n < power {
        (UBig::ZERO, n.clone())
    } else {
        div_parts(n, power, check)?
    };
    push_decimal(&high, below, out, check)?;
    push_decimal(&low, below, out, check)
}

/// [`to_decimal`], with `check` called now and then, which may end it; `raise` makes its error of ours.
pub fn to_decimal_in_steps<E>(
    n: &IBig,
    max_digits: usize,
    check: &mut impl FnMut() -> Result<(), E>,
    raise: impl Fn(TextError) -> E,
) -> Result<String, E> {
    let too_long = || {
        TextError::value(format!(
            "Exceeds the limit ({max_digits} digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit"
        ))
    };
    let magnitude = n.unsigned_abs();
    // log10(2) > 0.3: a number clearly past the limit is not converted first.
    if max_digits != 0 && (magnitude.bit_len() as f64) * 0.3 > max_digits as f64 + 1.0 {
        return Err(raise(too_long()));
    }
    let digits = decimal_in_steps(&magnitude, check)?;
    if max_digits != 0 && digits.len() > max_digits {
        return Err(raise(too_long()));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(r: Result<Int, TextError>) -> String {
        r.map(|n| IBig::from(n).to_string())
            .unwrap_or_else(|e| e.to_string())
    }

    /// Digits beyond those of one step, in both directions.
    #[test]
    fn long_texts() {
        let n = 5 * STEP_DIGITS + 3;
        let (nines, zeros) = ("9".repeat(n), format!("-1{}", "0".repeat(n)));
        for digits in [nines, zeros, format!("{}7", "12".repeat(n / 2))] {
            let Int::Big(value) = parse(digits.as_bytes(), 10, 0).unwrap() else {
                panic!("it is long");
            };
            assert!(to_decimal(&value, 0).unwrap() == digits);
        }
        let threes = "102".repeat(STEP_DIGITS);
        let value = IBig::from(parse(threes.as_bytes(), 3, 0).unwrap());
        assert!(value == IBig::from(UBig::from_str_radix(&threes, 3).unwrap()));
    }

    #[test]
    fn parsing() {
        let table = [
            ("12", 10, "12"),
            (" -1_000\n", 10, "-1000"),
            ("0x1F", 16, "31"),
            ("0x1f", 0, "31"),
            ("0b_101", 0, "5"),
            ("0o17", 0, "15"),
            (
                "017",
                0,
                "ValueError: invalid literal for int() with base 0: '017'",
            ),
            ("00", 0, "0"),
            ("0_0", 0, "0"),
            (
                "1__0",
                10,
                "ValueError: invalid literal for int() with base 10: '1__0'",
            ),
            (
                "_1",
                10,
                "ValueError: invalid literal for int() with base 10: '_1'",
            ),
            (
                "1_",
                10,
                "ValueError: invalid literal for int() with base 10: '1_'",
            ),
            (
                "",
                10,
                "ValueError: invalid literal for int() with base 10: ''",
            ),
            (
                "-",
                10,
                "ValueError: invalid literal for int() with base 10: '-'",
            ),
            (
                "0x",
                16,
                "ValueError: invalid literal for int() with base 16: '0x'",
            ),
            (
                "0b12",
                0,
                "ValueError: invalid literal for int() with base 0: '0b12'",
            ),
            ("zZ", 36, "1295"),
            ("\u{663}", 10, "3"),
            (
                "1\u{e9}",
                10,
                "ValueError: invalid literal for int() with base 10: '1\u{e9}'",
            ),
            ("9223372036854775807", 10, "9223372036854775807"),
            ("9223372036854775808", 10, "9223372036854775808"),
            ("-9223372036854775808", 10, "-9223372036854775808"),
            ("-9223372036854775809", 10, "-9223372036854775809"),
            (
                "12",
                2,
                "ValueError: invalid literal for int() with base 2: '12'",
            ),
            (
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                10,
                "ValueError: invalid literal for int() with base 10: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ),
            ("0b1", 16, "177"),
            (
                "1",
                1,
                "ValueError: int() base must be >= 2 and <= 36, or 0",
            ),
            (
                "1",
                37,
                "ValueError: int() base must be >= 2 and <= 36, or 0",
            ),
            (
                "+-1",
                10,
                "ValueError: invalid literal for int() with base 10: '+-1'",
            ),
            (
                "1 2",
                10,
                "ValueError: invalid literal for int() with base 10: '1 2'",
            ),
        ];
        for (s, base, want) in table {
            assert_eq!(text(parse(s.as_bytes(), base, 4300)), want);
        }
        assert_eq!(
            text(parse_bytes(b"\xff1", 10, 0)),
            "ValueError: invalid literal for int() with base 10: b'\\xff1'"
        );
        let long = "1".repeat(4301);
        assert_eq!(
            text(parse(long.as_bytes(), 10, 4300)),
            "ValueError: Exceeds the limit (4300 digits) for integer string conversion: value has 4301 digits; use sys.set_int_max_str_digits() to increase the limit"
        );
        assert!(parse(long.as_bytes(), 16, 4300).is_ok() && parse(long.as_bytes(), 10, 0).is_ok());
        assert!(parse(&long.as_bytes()[1..], 10, 4300).is_ok());
    }

    #[test]
    fn to_text() {
        let table = [
            (0i64, "0b0", "0o0", "0x0"),
            (1i64, "0b1", "0o1", "0x1"),
            (-10i64, "-0b1010", "-0o12", "-0xa"),
            (255i64, "0b11111111", "0o377", "0xff"),
            (
                -9223372036854775808i64,
                "-0b1000000000000000000000000000000000000000000000000000000000000000",
                "-0o1000000000000000000000",
                "-0x8000000000000000",
            ),
            (
                9223372036854775807i64,
                "0b111111111111111111111111111111111111111111111111111111111111111",
                "0o777777777777777777777",
                "0x7fffffffffffffff",
            ),
        ];
        for (n, b, o, h) in table {
            for n in [Int::Small(n), Int::Big(IBig::from(n))] {
                assert_eq!(
                    [with_prefix(&n, 2), with_prefix(&n, 8), with_prefix(&n, 16)],
                    [b, o, h]
                );
            }
        }
        let ten = |e: usize| IBig::from(10).pow(e);
        assert_eq!(to_decimal(&ten(4299), 4300).map(|s| s.len()), Ok(4300));
        let error = "ValueError: Exceeds the limit (4300 digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit";
        assert_eq!(to_decimal(&ten(4300), 4300).unwrap_err().to_string(), error);
        assert_eq!(
            to_decimal(&-ten(9000), 4300).unwrap_err().to_string(),
            error
        );
        assert_eq!(to_decimal(&ten(4300), 0).map(|s| s.len()), Ok(4301));
    }

    #[test]
    fn to_float() {
        let big = |s: &str| IBig::from_str_radix(s, 16).unwrap();
        let show =
            |r: Result<f64, TextError>| r.map(crate::float::repr).unwrap_or_else(|e| e.to_string());
        let table = [
            ("0", "0.0"),
            ("1", "1.0"),
            ("-1", "-1.0"),
            ("20000000000001", "9007199254740992.0"),
            ("20000000000003", "9007199254740996.0"),
            ("-10000000000000000", "-1.8446744073709552e+19"),
            (
                "fffffffffffffc00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "OverflowError: int too large to convert to float",
            ),
            (
                "fffffffffffffbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "1.7976931348623157e+308",
            ),
            (
                "10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "OverflowError: int too large to convert to float",
            ),
            ("c9f2c9cd04674edea40000000", "1e+30"),
        ];
        for (n, want) in table {
            assert_eq!(show(to_f64(&big(n))), want);
        }
        let quotients = [
            ("1", "3", "0.3333333333333333"),
            ("-1", "3", "-0.3333333333333333"),
            (
                "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "80000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "2.0",
            ),
            (
                "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
                "80000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "2.0",
            ),
            (
                "1",
                "40000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "5e-324",
            ),
            (
                "1",
                "80000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "0.0",
            ),
            (
                "3",
                "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "5e-324",
            ),
            (
                "1",
                "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "0.0",
            ),
            (
                "20000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "2",
                "OverflowError: integer division result too large for a float",
            ),
            (
                "40000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "2",
                "OverflowError: integer division result too large for a float",
            ),
            ("5", "0", "ZeroDivisionError: division by zero"),
            ("0", "-5", "-0.0"),
            (
                "1b4ec7f91973ff3cb1ccf26fbc177c38db6e54582de258ff5190b8bc150afadb38030e5d0b7bf50120e5c0e6ad18e629853ce9946a0b2eccf6cfde0af8634bf8dc5a427fe4236ce5959baa0e776cdb47c4813e1e0c75ca271e1d059e08e4996aa4193a48ad3a24633ebdb32e9f0b824377e2fa9c10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "-8313bfdee0932f89bbd7bee52070baaa83ab2e740f71ab2fede9dd20650180e90cdb782503ec98056ab5378672111d941924612ec9cf470b0718f69b0ea96caa8817a59913dd3de79aeb30457070e9587c05f6f6a23563eef6f1b4902aafad3313ac4af672b0aea92d2828dfc8373e10a5db19538000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                "-3.3333333333333335",
            ),
            ("20000000000001", "1", "9007199254740992.0"),
            ("ffffffffffffffff", "10000000000000000", "1.0"),
        ];
        for (x, y, want) in quotients {
            assert_eq!(show(true_div(&big(x), &big(y))), want);
        }
        assert_eq!(true_div_i64(7, 2), Ok(3.5));
    }

    #[test]
    fn bytes() {
        let show = |r: Result<Vec<u8>, TextError>| match r {
            Ok(b) => crate::repr::bytes_repr(&b),
            Err(e) => e.to_string(),
        };
        let table = [
            (0, 0, false, "b''"),
            (0, 1, true, "b'\\x00'"),
            (1, 0, false, "OverflowError: int too big to convert"),
            (255, 1, false, "b'\\xff'"),
            (255, 1, true, "OverflowError: int too big to convert"),
            (256, 1, false, "OverflowError: int too big to convert"),
            (127, 1, true, "b'\\x7f'"),
            (128, 1, true, "OverflowError: int too big to convert"),
            (-128, 1, true, "b'\\x80'"),
            (-129, 1, true, "OverflowError: int too big to convert"),
            (-1, 4, true, "b'\\xff\\xff\\xff\\xff'"),
            (
                -1,
                1,
                false,
                "OverflowError: can't convert negative int to unsigned",
            ),
            (1000, 2, true, "b'\\x03\\xe8'"),
            (-1, 0, true, "b''"),
        ];
        for (n, length, signed, want) in table {
            let big = to_bytes(&IBig::from(n), length, false, signed);
            assert_eq!(show(big.clone()), want);
            if let Ok(mut b) = big {
                if length > 0 {
                    assert_eq!(from_bytes(&b, false, signed), Int::Small(n));
                }
                b.reverse();
                assert_eq!(to_bytes(&IBig::from(n), length, true, signed), Ok(b));
            }
        }
        assert_eq!(from_bytes(&[0xFF; 9], true, true), Int::Small(-1));
        assert_eq!(from_bytes(b"", true, true), Int::Small(0));
    }
}
