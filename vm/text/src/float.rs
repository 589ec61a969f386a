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
