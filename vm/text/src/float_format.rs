//! Decimal forms of floats: 'e', 'f', 'g', 'r'. Follows CPython's `PyOS_double_to_string`; the digits come from Rust's
//! exact and shortest formatters.

/// How [`format_double`] dresses the digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FloatStyle {
    /// '#': always a point, and 'g' keeps trailing zeros.
    pub alternate: bool,
    /// A result that looks like an integer gets ".0".
    pub add_dot_0: bool,
    /// 'E', 'INF', 'NAN'.
    pub upper: bool,
}

/// No double has more digits than this, on either side of the point. (Rust's own limit is 65,535.)
const MAX_EXACT: usize = 1100;

/// Formats like C's printf with `code` one of `e f g` (any case) or like `repr` for `r`. Negative numbers get '-', NaN no
/// sign. Any precision is exact.
pub fn format_double(x: f64, code: u8, precision: usize, mut style: FloatStyle) -> String {
    style.upper |= code.is_ascii_uppercase();
    if !x.is_finite() {
        return non_finite(x, style.upper);
    }
    match code.to_ascii_lowercase() {
        b'e' => exponent_form(x, precision, style),
        b'f' => {
            let mut out = format!("{x:.*}", precision.min(MAX_EXACT));
            out.extend(std::iter::repeat_n(
                '0',
                precision.saturating_sub(MAX_EXACT),
            ));
            if precision == 0 {
                point(&mut out, style);
            }
            out
        }
        b'g' => general(x, precision, style),
        _ => repr_digits(x, style),
    }
}

fn non_finite(x: f64, upper: bool) -> String {
    let s = match (x.is_nan(), x < 0.0) {
        (true, _) => "nan",
        (_, true) => "-inf",
        _ => "inf",
    };
    if upper { s.to_uppercase() } else { s.into() }
}

fn point(out: &mut String, style: FloatStyle) {
    if style.add_dot_0 {
        out.push_str(".0");
    } else if style.alternate {
        out.push('.');
    }
}

fn exponent_form(x: f64, precision: usize, style: FloatStyle) -> String {
    let (sign, mut digits, exponent) = split(&format!("{x:.*e}", precision.min(MAX_EXACT)));
    digits.extend(std::iter::repeat_n(
        '0',
        precision.saturating_sub(MAX_EXACT),
    ));
    with_exponent(sign, &digits, exponent, style)
}

/// Sign, digits without point, and exponent of Rust's `{:e}`.
fn split(text: &str) -> (&'static str, String, i32) {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    (sign, digits.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn with_exponent(sign: &str, digits: &str, exponent: i32, style: FloatStyle) -> String {
    let (first, rest) = digits.split_at(1);
    let e = if style.upper { 'E' } else { 'e' };
    let point = if rest.is_empty() && !style.alternate {
        ""
    } else {
        "."
    };
    let exp_sign = if exponent < 0 { '-' } else { '+' };
    format!(
        "{sign}{first}{point}{rest}{e}{exp_sign}{:02}",
        exponent.unsigned_abs()
    )
}

fn general(x: f64, precision: usize, style: FloatStyle) -> String {
    let precision = precision.max(1);
    let (sign, mut digits, exponent) = split(&format!("{x:.*e}", (precision - 1).min(MAX_EXACT)));
    if style.alternate {
        digits.extend(std::iter::repeat_n(
            '0',
            precision.saturating_sub(MAX_EXACT + 1),
        ));
    } else {
        strip_zeros(&mut digits);
    }
    // decpt is where the point stands in the digits; ".0" must still fit into the precision.
    let decpt = exponent as i64 + 1;
    let limit = i64::try_from(precision).unwrap_or(i64::MAX) - i64::from(style.add_dot_0);
    if decpt <= -4 || decpt > limit {
        with_exponent(sign, &digits, exponent, style)
    } else {
        plain(sign, &digits, decpt, style)
    }
}

fn strip_zeros(digits: &mut String) {
    let kept = digits.trim_end_matches('0').len().max(1);
    digits.truncate(kept);
}

/// The digits with a point after `decpt` of them, filled up with zeros.
fn plain(sign: &str, digits: &str, decpt: i64, style: FloatStyle) -> String {
    let mut out = String::from(sign);
    if decpt <= 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', decpt.unsigned_abs() as usize));
        out.push_str(digits);
        return out;
    }
    let decpt = decpt as usize;
    if digits.len() <= decpt {
        out.push_str(digits);
        out.extend(std::iter::repeat_n('0', decpt - digits.len()));
        point(&mut out, style);
    } else {
        out.push_str(&digits[..decpt]);
        out.push('.');
        out.push_str(&digits[decpt..]);
    }
    out
}

/// Rust's shortest digits, but with the even one of two that are equally near, as CPython has it.
fn shortest(x: f64) -> String {
    let text = format!("{x:e}");
    let digits = text
        .bytes()
        .take_while(|&b| b != b'e')
        .filter(u8::is_ascii_digit)
        .count();
    // A tie needs an exact value of 17 or 18 digits: an integer, or one with few places.
    let few_places = x.abs() < 1e19 && (x * 33_554_432.0).fract() == 0.0;
    if digits >= 16 && few_places {
        let even = format!("{x:.*e}", digits - 1);
        if even.parse() == Ok(x) {
            return even;
        }
    }
    text
}

/// The shortest digits that read back as `x`, in `repr`'s layout.
pub fn repr_digits(x: f64, style: FloatStyle) -> String {
    if !x.is_finite() {
        return non_finite(x, style.upper);
    }
    let (sign, mut digits, exponent) = split(&shortest(x));
    strip_zeros(&mut digits);
    let decpt = exponent as i64 + 1;
    if decpt <= -4 || decpt > 16 {
        with_exponent(sign, &digits, exponent, style)
    } else {
        plain(sign, &digits, decpt, style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_printf() {
        let table = [
            (1.5, b'e', 0, false, "2e+00"),
            (2.5, b'e', 0, false, "2e+00"),
            (1.5, b'e', 0, true, "2.e+00"),
            (1234.5678, b'e', 2, false, "1.23e+03"),
            (0.5, b'f', 0, false, "0"),
            (2.5, b'f', 0, true, "2."),
            (1e+22, b'f', 3, false, "10000000000000000000000.000"),
            (0.1, b'f', 30, false, "0.100000000000000005551115123126"),
            (1e-07, b'g', 6, false, "1e-07"),
            (123456.0, b'g', 6, false, "123456"),
            (1234567.0, b'g', 6, false, "1.23457e+06"),
            (100.0, b'g', 6, true, "100.000"),
            (0.0, b'g', 0, false, "0"),
            (0.0, b'e', 3, false, "0.000e+00"),
            (-0.0, b'f', 1, false, "-0.0"),
            (1e+100, b'g', 3, false, "1e+100"),
            (9.9999995, b'g', 6, false, "10"),
            (f64::INFINITY, b'f', 2, false, "inf"),
            (f64::NAN, b'E', 2, false, "NAN"),
            (100000.0, b'G', 2, false, "1E+05"),
        ];
        for (x, code, precision, alternate, want) in table {
            let style = FloatStyle {
                alternate,
                ..FloatStyle::default()
            };
            assert_eq!(format_double(x, code, precision, style), want);
        }
        let long = format_double(1.0, b'f', 70_000, FloatStyle::default());
        assert_eq!(long.len(), 70_002);
        assert_eq!(
            format_double(1.0, b'e', 70_000, FloatStyle::default()).len(),
            70_006
        );
    }
}
