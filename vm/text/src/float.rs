//! float: parsing, hex form, rounding, exact ratio; complex: repr and parsing. Follows CPython's `floatobject.c`,
//! `pystrtod.c` and `complexobject.c`. `float_format` makes the decimal forms.

use crate::float_format::{FloatStyle, repr_digits};
use crate::repr::{bytes_repr, str_repr};
use crate::unicode::{decimal_value, is_space};
use crate::wtf8::code_points;
use crate::{IBig, TextError, UBig};
use std::cmp::Ordering;

/// `repr(x)`.
pub fn repr(x: f64) -> String {
    let style = FloatStyle {
        add_dot_0: true,
        ..FloatStyle::default()
    };
    repr_digits(x, style)
}

/// Text with white space cut off, digits of every script turned to ASCII; ends with '?' at
/// anything else beyond ASCII.
pub(crate) fn to_ascii_number(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        let space = |b: &u8| is_space(*b as u32);
        let start = text.iter().position(|b| !space(b)).unwrap_or(text.len());
        let end = text
            .iter()
            .rposition(|b| !space(b))
            .map_or(start, |i| i + 1);
        return text[start..end].to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    for cp in code_points(text) {
        match (cp, decimal_value(cp)) {
            _ if is_space(cp) => out.push(b' '),
            (0..=0x7F, _) => out.push(cp as u8),
            (_, Some(d)) => out.push(b'0' + d),
            _ => {
                out.push(b'?');
                break;
            }
        }
    }
    let end = out.iter().rposition(|&b| b != b' ').map_or(0, |i| i + 1);
    out.truncate(end);
    let start = out.iter().position(|&b| b != b' ').unwrap_or(0);
    out.drain(..start);
    out
}

/// Takes out underscores, each of which must stand between digits.
fn without_underscores(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    for (i, &b) in text.iter().enumerate() {
        if b != b'_' {
            out.push(b);
            continue;
        }
        let digit = |j: Option<usize>| j.and_then(|j| text.get(j)).is_some_and(u8::is_ascii_digit);
        if !digit(i.checked_sub(1)) || !digit(Some(i + 1)) {
            return None;
        }
    }
    Some(out)
}

/// Length of the longest prefix that is a decimal number, infinity or nan; 0 when there is none.
fn number_prefix(s: &[u8]) -> usize {
    let sign = usize::from(matches!(s.first(), Some(b'+' | b'-')));
    let rest = &s[sign..];
    for word in [&b"infinity"[..], b"inf", b"nan"] {
        if rest
            .get(..word.len())
            .is_some_and(|w| w.eq_ignore_ascii_case(word))
        {
            return sign + word.len();
        }
    }
    let digits = |s: &[u8]| s.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(rest);
    let mut at = whole;
    let mut fraction = 0;
    if rest.get(at) == Some(&b'.') {
        fraction = digits(&rest[at + 1..]);
        at += 1 + fraction;
    }
    if whole + fraction == 0 {
        return 0;
    }
    if matches!(rest.get(at), Some(b'e' | b'E')) {
        let exp_sign = usize::from(matches!(rest.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(&rest[at + 1 + exp_sign..]);
        if exponent > 0 {
            at += 1 + exp_sign + exponent;
        }
    }
    sign + at
}

/// Reads a number from the front: value and length. Correctly rounded.
fn read_number(s: &[u8]) -> Option<(f64, usize)> {
    let n = number_prefix(s);
    let value = std::str::from_utf8(&s[..n]).ok()?.parse().ok()?;
    Some((value, n))
}

fn parse_ascii(s: &[u8]) -> Option<f64> {
    let plain;
    let s = if s.contains(&b'_') {
        plain = without_underscores(s)?;
        &plain
    } else {
        s
    };
    read_number(s)
        .filter(|&(_, n)| n == s.len())
        .map(|(x, _)| x)
}

/// `float(str)`. ValueError "could not convert string to float: '...'".
pub fn parse(text: &[u8]) -> Result<f64, TextError> {
    parse_ascii(&to_ascii_number(text)).ok_or_else(|| {
        TextError::value(format!(
            "could not convert string to float: {}",
            str_repr(text)
        ))
    })
}

/// `float(bytes)`.
pub fn parse_bytes(data: &[u8]) -> Result<f64, TextError> {
    let number = if data.is_ascii() {
        parse_ascii(&to_ascii_number(data))
    } else {
        None
    };
    number.ok_or_else(|| {
        TextError::value(format!(
            "could not convert string to float: {}",
            bytes_repr(data)
        ))
    })
}

/// Splits a finite float: `x == mantissa * 2**exponent` with an integer mantissa below 2**53.
pub fn decompose(x: f64) -> (bool, u64, i32) {
    let bits = x.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match (bits >> 52 & 0x7FF) as i32 {
        0 => (x.is_sign_negative(), fraction, -1074),
        e => (x.is_sign_negative(), fraction | 1 << 52, e - 1075),
    }
}

/// `x.as_integer_ratio()`, in lowest terms.
pub fn as_integer_ratio(x: f64) -> Result<(IBig, IBig), TextError> {
    if x.is_nan() {
        return Err(TextError::value("cannot convert NaN to integer ratio"));
    }
    if x.is_infinite() {
        return Err(TextError::overflow(
            "cannot convert Infinity to integer ratio",
        ));
    }
    let (negative, mut mantissa, mut exponent) = decompose(x);
    if mantissa == 0 {
        return Ok((IBig::ZERO, IBig::ONE));
    }
    let spare = mantissa.trailing_zeros() as i32;
    mantissa >>= spare;
    exponent += spare;
    let mut top = IBig::from(mantissa);
    if negative {
        top = -top;
    }
    Ok(if exponent >= 0 {
        (top << exponent as usize, IBig::ONE)
    } else {
        (top, IBig::ONE << exponent.unsigned_abs() as usize)
    })
}

/// `x.is_integer()`.
pub fn is_integer(x: f64) -> bool {
    x.is_finite() && x.trunc() == x
}

/// `x.hex()`.
pub fn hex(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    let sign = if x.is_sign_negative() { "-" } else { "" };
    if x.is_infinite() {
        return format!("{sign}inf");
    }
    if x == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let bits = x.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let (lead, exponent) = match (bits >> 52 & 0x7FF) as i32 {
        0 => (0, -1022),
        e => (1, e - 1023),
    };
    format!("{sign}0x{lead}.{fraction:013x}p{exponent:+}")
}

/// `float.fromhex(text)`: correctly rounded, ties to even.
pub fn from_hex(text: &[u8]) -> Result<f64, TextError> {
    let invalid = || TextError::value("invalid hexadecimal floating-point string");
    if !text.is_ascii() {
        return Err(invalid());
    }
    let s = to_ascii_number(text);
    let (negative, mut s) = match s.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, &s[..]),
    };
    let signed = |x: f64| if negative { -x } else { x };
    if s.eq_ignore_ascii_case(b"inf") || s.eq_ignore_ascii_case(b"infinity") {
        return Ok(signed(f64::INFINITY));
    }
    if s.eq_ignore_ascii_case(b"nan") {
        return Ok(signed(f64::NAN));
    }
    if s.len() >= 2 && s[..2].eq_ignore_ascii_case(b"0x") {
        s = &s[2..];
    }
    let parts = HexParts::read(s).ok_or_else(invalid)?;
    parts
        .value()
        .map(signed)
        .ok_or_else(|| TextError::overflow("hexadecimal value too large to represent as a float"))
}

/// The significant bits of a hexadecimal float.
struct HexParts {
    /// Up to 60 leading bits, then whether anything nonzero follows.
    mantissa: u64,
    sticky: bool,
    /// Power of two of the last mantissa bit.
    exponent: i64,
}

impl HexParts {
    fn read(s: &[u8]) -> Option<HexParts> {
        let mut parts = HexParts {
            mantissa: 0,
            sticky: false,
            exponent: 0,
        };
        let (mut at, mut digits, mut point) = (0, 0usize, false);
        while let Some(&b) = s.get(at) {
            if b == b'.' && !point {
                point = true;
            } else if let Some(d) = (b as char).to_digit(16) {
                digits += 1;
                parts.push(d as u64, point);
            } else {
                break;
            }
            at += 1;
        }
        if digits == 0 {
            return None;
        }
        if matches!(s.get(at), Some(b'p' | b'P')) {
            let text = std::str::from_utf8(&s[at + 1..]).ok()?;
            let number = text.strip_prefix(['+', '-']).unwrap_or(text);
            if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            // An exponent past any use saturates.
            let value = number.parse::<i64>().unwrap_or(i64::MAX).min(1 << 60);
            parts.exponent += if text.starts_with('-') { -value } else { value };
            at = s.len();
        }
        (at == s.len()).then_some(parts)
    }

    fn push(&mut self, digit: u64, after_point: bool) {
        if self.mantissa >> 56 == 0 {
            self.mantissa = self.mantissa << 4 | digit;
            self.exponent -= if after_point { 4 } else { 0 };
        } else {
            self.sticky |= digit != 0;
            self.exponent += if after_point { 0 } else { 4 };
        }
    }

    fn value(&self) -> Option<f64> {
        scale(self.mantissa as u128, self.sticky, self.exponent)
    }
}

/// `mantissa * 2**exponent` rounded to nearest, ties to even; `sticky` tells that a little more follows the mantissa.
/// `None` on overflow.
pub(crate) fn scale(mantissa: u128, sticky: bool, exponent: i64) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let len = 128 - mantissa.leading_zeros() as i64;
    let top = exponent.saturating_add(len);
    if top > 1024 {
        return None;
    }
    // Weight of the last bit that the result can hold.
    let last = (top - 53).max(-1074);
    let drop = last - exponent;
    let rounded = if drop <= 0 {
        mantissa << (-drop).min(127)
    } else if drop > 127 {
        0
    } else {
        let kept = mantissa >> drop;
        let rest = mantissa & ((1u128 << drop) - 1);
        let half = 1u128 << (drop - 1);
        let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
        kept + u128::from(up)
    };
    let last = if drop <= 0 { exponent + drop } else { last };
    let value = rounded as f64 * pow2(last / 2) * pow2(last - last / 2);
    value.is_finite().then_some(value)
}

/// `2**e` for |e| within the normal range.
fn pow2(e: i64) -> f64 {
    f64::from_bits(((e.clamp(-1022, 1023) + 1023) as u64) << 52)
}

/// `round(x, ndigits)`: correctly rounded on the exact value, ties to even.
pub fn round_digits(x: f64, ndigits: i64) -> Result<f64, TextError> {
    if !x.is_finite() || x == 0.0 || ndigits > 323 {
        return Ok(x);
    }
    if ndigits < -308 {
        return Ok(0.0 * x);
    }
    let text = if ndigits >= 0 {
        format!("{x:.*}", ndigits as usize)
    } else {
        round_left(x, ndigits.unsigned_abs() as usize)
    };
    match text.parse::<f64>() {
        Ok(r) if r.is_finite() => Ok(r),
        _ => Err(TextError::overflow("rounded value too large to represent")),
    }
}

/// The decimal form of `x` rounded to a multiple of `10**places`.
fn round_left(x: f64, places: usize) -> String {
    let sign = if x < 0.0 { "-" } else { "" };
    let whole = format!("{:.0}", x.abs().trunc());
    let (kept, rest) = whole.split_at(whole.len().saturating_sub(places));
    if whole.len() < places {
        return format!("{sign}0");
    }
    let fraction = x.fract() != 0.0;
    let beyond = rest.get(1..).is_some_and(|r| r.bytes().any(|b| b != b'0')) || fraction;
    let odd = kept.bytes().last().is_some_and(|b| b % 2 == 1);
    let up = match rest.as_bytes().first() {
        Some(b'6'..=b'9') => true,
        Some(b'5') => beyond || odd,
        _ => false,
    };
    let mut digits: Vec<u8> = std::iter::once(b'0').chain(kept.bytes()).collect();
    if up {
        let mut i = digits.len() - 1;
        while digits[i] == b'9' && i > 0 {
            digits[i] = b'0';
            i -= 1;
        }
        digits[i] += 1;
    }
    format!("{sign}{}e{places}", String::from_utf8_lossy(&digits))
}

/// `round(x)`: the nearest integer, ties to even.
pub fn round_to_int(x: f64) -> Result<IBig, TextError> {
    to_int(x.round_ties_even())
}

/// `int(x)`: towards zero. OverflowError or ValueError for infinity and NaN.
pub fn to_int(x: f64) -> Result<IBig, TextError> {
    if x.is_nan() {
        return Err(TextError::value("cannot convert float NaN to integer"));
    }
    if x.is_infinite() {
        return Err(TextError::overflow(
            "cannot convert float infinity to integer",
        ));
    }
    let (negative, mantissa, exponent) = decompose(x);
    let magnitude = if exponent >= 0 {
        UBig::from(mantissa) << exponent as usize
    } else {
        UBig::from(mantissa.checked_shr(exponent.unsigned_abs()).unwrap_or(0))
    };
    Ok(if negative {
        -IBig::from(magnitude)
    } else {
        IBig::from(magnitude)
    })
}

/// `(x // y, x % y)` for `y != 0`, with Python's sign rules.
pub fn divmod(x: f64, y: f64) -> (f64, f64) {
    let mut m = x % y;
    let mut div = (x - m) / y;
    if m != 0.0 {
        if (y < 0.0) != (m < 0.0) {
            m += y;
            div -= 1.0;
        }
    } else {
        m = 0f64.copysign(y);
    }
    let floor = if div != 0.0 {
        let f = div.floor();
        if div - f > 0.5 { f + 1.0 } else { f }
    } else {
        0f64.copysign(x / y)
    };
    (floor, m)
}

/// `repr()` of a complex.
pub fn complex_repr(re: f64, im: f64) -> String {
    let part = |x: f64, sign: bool| {
        let s = repr_digits(x, FloatStyle::default());
        if sign && !s.starts_with('-') {
            format!("+{s}")
        } else {
            s
        }
    };
    if re == 0.0 && re.is_sign_positive() {
        format!("{}j", part(im, false))
    } else {
        format!("({}{}j)", part(re, false), part(im, true))
    }
}

/// `complex(str)`. ValueError "complex() arg is a malformed string".
pub fn parse_complex(text: &[u8]) -> Result<(f64, f64), TextError> {
    let s = to_ascii_number(text);
    let malformed = || TextError::value("complex() arg is a malformed string");
    let s = if s.contains(&b'_') {
        without_underscores(&s).ok_or_else(|| {
            TextError::value(format!(
                "could not convert string to complex: {}",
                str_repr(text)
            ))
        })?
    } else {
        s
    };
    read_complex(&s).ok_or_else(malformed)
}

fn read_complex(s: &[u8]) -> Option<(f64, f64)> {
    let trim = |s: &[u8]| to_ascii_number(s);
    let inner;
    let s = match s {
        [b'(', body @ .., b')'] => {
            inner = trim(body);
            &inner
        }
        _ => s,
    };
    let imaginary_end = |s: &[u8]| matches!(s, [b'j' | b'J']);
    // A sign alone counts as one: "+j", "1-j".
    let unit = |s: &[u8]| match s {
        [b'+', ..] => (1.0, 1),
        [b'-', ..] => (-1.0, 1),
        _ => (1.0, 0),
    };
    let (first, n) = read_number(s).unwrap_or_else(|| unit(s));
    let had_number = number_prefix(s) > 0;
    let rest = &s[n..];
    if rest.is_empty() {
        return had_number.then_some((first, 0.0));
    }
    if imaginary_end(rest) {
        return Some((0.0, first));
    }
    if !had_number || !matches!(rest[0], b'+' | b'-') {
        return None;
    }
    let (second, n) = read_number(rest).unwrap_or_else(|| unit(rest));
    imaginary_end(&rest[n..]).then_some((first, second))
}

/// Exact order of a float and an int; `None` for NaN.
pub fn cmp_int(x: f64, n: &IBig) -> Option<Ordering> {
    if x.is_nan() {
        return None;
    }
    if x.is_infinite() {
        return Some(if x > 0.0 {
            Ordering::Greater
        } else {
            Ordering::Less
        });
    }
    let whole = to_int(x).ok()?;
    Some(
        whole
            .cmp(n)
            .then_with(|| x.fract().partial_cmp(&0.0).unwrap_or(Ordering::Equal)),
    )
}

/// As `cmp_int`, for a small int.
pub fn cmp_i64(x: f64, n: i64) -> Option<Ordering> {
    if n.unsigned_abs() <= 1 << 53 {
        return x.partial_cmp(&(n as f64));
    }
    if x.is_nan() {
        return None;
    }
    if x >= 9.3e18 {
        return Some(Ordering::Greater);
    }
    if x <= -9.3e18 {
        return Some(Ordering::Less);
    }
    let whole = x.trunc();
    Some(
        (whole as i128)
            .cmp(&(n as i128))
            .then_with(|| x.fract().partial_cmp(&0.0).unwrap_or(Ordering::Equal)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(r: Result<f64, TextError>) -> String {
        r.map(repr).unwrap_or_else(|e| e.to_string())
    }

    #[test]
    fn repr_and_hex() {
        let table = [
            (0.0, "0.0", "0x0.0p+0"),
            (-0.0, "-0.0", "-0x0.0p+0"),
            (1.0, "1.0", "0x1.0000000000000p+0"),
            (1e+16, "1e+16", "0x1.1c37937e08000p+53"),
            (
                1000000000000000.0,
                "1000000000000000.0",
                "0x1.c6bf526340000p+49",
            ),
            (
                1.2345678901234568e+17,
                "1.2345678901234568e+17",
                "0x1.b69b4ba630f35p+56",
            ),
            (0.0001, "0.0001", "0x1.a36e2eb1c432dp-14"),
            (1e-05, "1e-05", "0x1.4f8b588e368f1p-17"),
            (5e-324, "5e-324", "0x0.0000000000001p-1022"),
            (
                1.7976931348623157e+308,
                "1.7976931348623157e+308",
                "0x1.fffffffffffffp+1023",
            ),
            (0.1, "0.1", "0x1.999999999999ap-4"),
            (
                2.9802322387695312e-08,
                "2.9802322387695312e-08",
                "0x1.0000000000000p-25",
            ),
            (
                5.684341886080802e-14,
                "5.684341886080802e-14",
                "0x1.0000000000000p-44",
            ),
            (1e+22, "1e+22", "0x1.0f0cf064dd592p+73"),
            (1e+23, "1e+23", "0x1.52d02c7e14af6p+76"),
            (f64::INFINITY, "inf", "inf"),
            (f64::NEG_INFINITY, "-inf", "-inf"),
            (f64::NAN, "nan", "nan"),
            (-1.5, "-1.5", "-0x1.8000000000000p+0"),
        ];
        for (x, r, h) in table {
            assert_eq!(repr(x), r);
            assert_eq!(hex(x), h);
            assert_eq!(text(from_hex(h.as_bytes())), r);
        }
    }

    #[test]
    fn parsing() {
        let table = [
            ("1", "1.0"),
            (" \t-1.5e3\n", "-1500.0"),
            ("1_000.5", "1000.5"),
            (
                "1__0",
                "ValueError: could not convert string to float: '1__0'",
            ),
            ("_1", "ValueError: could not convert string to float: '_1'"),
            ("1_", "ValueError: could not convert string to float: '1_'"),
            (
                "1_.5",
                "ValueError: could not convert string to float: '1_.5'",
            ),
            ("inf", "inf"),
            ("-INFINITY", "-inf"),
            ("+nan", "nan"),
            ("", "ValueError: could not convert string to float: ''"),
            (".", "ValueError: could not convert string to float: '.'"),
            (".5", "0.5"),
            ("5.", "5.0"),
            ("1e", "ValueError: could not convert string to float: '1e'"),
            ("1e5", "100000.0"),
            (
                "0x10",
                "ValueError: could not convert string to float: '0x10'",
            ),
            ("\u{663}.\u{664}", "3.4"),
            (
                "1\u{e9}",
                "ValueError: could not convert string to float: '1\u{e9}'",
            ),
            ("1e400", "inf"),
            ("1e-400", "0.0"),
            (
                "nanx",
                "ValueError: could not convert string to float: 'nanx'",
            ),
            (
                "--1",
                "ValueError: could not convert string to float: '--1'",
            ),
        ];
        for (s, want) in table {
            assert_eq!(text(parse(s.as_bytes())), want);
        }
        assert_eq!(
            text(parse_bytes(b"1\xff")),
            "ValueError: could not convert string to float: b'1\\xff'"
        );
        let hex_table = [
            ("0x1p0", "1.0"),
            ("1.8", "1.5"),
            ("-0x.8p1", "-1.0"),
            (
                "0x1.fffffffffffff8p1023",
                "OverflowError: hexadecimal value too large to represent as a float",
            ),
            ("0x1p-1075", "0.0"),
            ("0x1.8p-1075", "5e-324"),
            (
                "0x1p99999999999999999999",
                "OverflowError: hexadecimal value too large to represent as a float",
            ),
            (
                "0x",
                "ValueError: invalid hexadecimal floating-point string",
            ),
            ("", "ValueError: invalid hexadecimal floating-point string"),
            (
                "p1",
                "ValueError: invalid hexadecimal floating-point string",
            ),
            (
                "0x1p",
                "ValueError: invalid hexadecimal floating-point string",
            ),
            ("inf", "inf"),
            ("-nan", "nan"),
            (" 0x1 ", "1.0"),
            ("0x1.0000000000000800000000001p0", "1.0000000000000002"),
        ];
        for (s, want) in hex_table {
            assert_eq!(text(from_hex(s.as_bytes())), want);
        }
    }

    #[test]
    fn rounding() {
        let table = [
            (2.675, 2, "2.67"),
            (0.5, 0, "0.0"),
            (1.5, 0, "2.0"),
            (2.5, 0, "2.0"),
            (1234.5, -2, "1200.0"),
            (1250.0, -2, "1200.0"),
            (1350.0, -2, "1400.0"),
            (5e+22, -23, "0.0"),
            (5.1, -1, "10.0"),
            (4.9, -1, "0.0"),
            (-5.0, -1, "-0.0"),
            (-15.0, -1, "-20.0"),
            (
                1.7976931348623157e+308,
                -308,
                "OverflowError: rounded value too large to represent",
            ),
            (1e-300, 400, "1e-300"),
            (9.5, -400, "0.0"),
            (0.15, 1, "0.1"),
            (99.5, -1, "100.0"),
            (1.005, 2, "1.0"),
        ];
        for (x, n, want) in table {
            assert_eq!(text(round_digits(x, n)), want);
        }
        let ints = [
            (0.5, "0", "0"),
            (1.5, "1", "2"),
            (-2.5, "-2", "-2"),
            (1e+22, "10000000000000000000000", "10000000000000000000000"),
            (-0.9, "0", "-1"),
            (
                1.2089258196146292e+24,
                "1208925819614629174706176",
                "1208925819614629174706176",
            ),
            (
                f64::INFINITY,
                "OverflowError: cannot convert float infinity to integer",
                "OverflowError: cannot convert float infinity to integer",
            ),
            (
                f64::NAN,
                "ValueError: cannot convert float NaN to integer",
                "ValueError: cannot convert float NaN to integer",
            ),
        ];
        for (x, whole, rounded) in ints {
            let show = |r: Result<IBig, TextError>| {
                r.map(|n| n.to_string()).unwrap_or_else(|e| e.to_string())
            };
            assert_eq!(show(to_int(x)), whole);
            assert_eq!(show(round_to_int(x)), rounded);
        }
        let ratios = [
            (0.0, "(0, 1)"),
            (0.1, "(3602879701896397, 36028797018963968)"),
            (-2.5, "(-5, 2)"),
            (1e+20, "(100000000000000000000, 1)"),
            (
                f64::INFINITY,
                "OverflowError: cannot convert Infinity to integer ratio",
            ),
            (f64::NAN, "ValueError: cannot convert NaN to integer ratio"),
        ];
        for (x, want) in ratios {
            let got = as_integer_ratio(x).map(|(a, b)| format!("({a}, {b})"));
            assert_eq!(got.unwrap_or_else(|e| e.to_string()), want);
        }
    }

    #[test]
    fn division() {
        let table = [
            (7.0, 2.0, "(3.0, 1.0)"),
            (-7.0, 2.0, "(-4.0, 1.0)"),
            (7.0, -2.0, "(-4.0, -1.0)"),
            (-0.0, 3.0, "(-0.0, 0.0)"),
            (1.0, 0.1, "(9.0, 0.09999999999999995)"),
            (f64::INFINITY, 2.0, "(nan, nan)"),
            (3.0, f64::INFINITY, "(0.0, 3.0)"),
            (-3.0, f64::INFINITY, "(-1.0, inf)"),
        ];
        for (x, y, want) in table {
            let (q, r) = divmod(x, y);
            assert_eq!(format!("({}, {})", repr(q), repr(r)), want);
        }
    }

    #[test]
    fn complex() {
        let table = [
            (0.0, 1.0, "1j"),
            (-0.0, 1.0, "(-0+1j)"),
            (1.0, -0.0, "(1-0j)"),
            (1.5, 2.0, "(1.5+2j)"),
            (f64::NAN, f64::INFINITY, "(nan+infj)"),
            (1.0, f64::NEG_INFINITY, "(1-infj)"),
            (0.0, -1e+16, "-1e+16j"),
        ];
        for (x, y, want) in table {
            assert_eq!(complex_repr(x, y), want);
        }
        let parsed = [
            ("1+2j", "(1+2j)"),
            ("1", "(1+0j)"),
            ("j", "1j"),
            ("-j", "-1j"),
            ("+1.5e3-j", "(1500-1j)"),
            (" ( 1-2J ) ", "(1-2j)"),
            ("1 + 2j", "ValueError: complex() arg is a malformed string"),
            ("", "ValueError: complex() arg is a malformed string"),
            ("(1", "ValueError: complex() arg is a malformed string"),
            ("1j+2", "ValueError: complex() arg is a malformed string"),
            ("1+2", "ValueError: complex() arg is a malformed string"),
            ("infj", "infj"),
            ("nan+nanj", "(nan+nanj)"),
            ("1_0+2_0j", "(10+20j)"),
            (
                "1__0",
                "ValueError: could not convert string to complex: '1__0'",
            ),
            ("j1", "ValueError: complex() arg is a malformed string"),
        ];
        for (s, want) in parsed {
            let got = parse_complex(s.as_bytes()).map(|(x, y)| complex_repr(x, y));
            assert_eq!(got.unwrap_or_else(|e| e.to_string()), want);
        }
    }

    #[test]
    fn compares_with_ints() {
        let n = IBig::from(1) << 53;
        assert_eq!(
            cmp_int(9007199254740992.0, &(&n + IBig::ONE)),
            Some(Ordering::Less)
        );
        assert_eq!(
            cmp_i64(9007199254740992.0, 9007199254740993),
            Some(Ordering::Less)
        );
        assert_eq!(
            cmp_i64(9223372036854775808.0, i64::MAX),
            Some(Ordering::Greater)
        );
        assert_eq!(
            cmp_i64(-9223372036854775808.0, i64::MIN),
            Some(Ordering::Equal)
        );
        assert_eq!(cmp_int(f64::NAN, &n), None);
        assert_eq!(cmp_int(f64::NEG_INFINITY, &n), Some(Ordering::Less));
        assert_eq!(cmp_i64(1.5, 1), Some(Ordering::Greater));
    }
}
