//! Literal values: strings with lone surrogates, numbers of any size.
use lasti_bytecode::code::{Const, Wtf8};
use ruff_python_ast as ruff;

/// Decimal digits a literal may have (CPython's `int_max_str_digits`).
const MAX_STR_DIGITS: usize = 4300;

pub fn wtf8(bytes: Vec<u8>) -> Wtf8 {
    Wtf8(bytes.into())
}

/// Appends one code point (surrogates included); a high surrogate just before a low one is not joined,
/// since Python keeps both.
fn push_code_point(out: &mut Vec<u8>, c: u32) {
    match char::from_u32(c) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            let byte = |shift: u32| 0x80 | ((c >> shift) & 0x3f) as u8;
            out.extend_from_slice(&[0xe0 | (c >> 12) as u8, byte(6), byte(0)]);
        }
    }
}

/// Whether a body (between the quotes) may spell a surrogate.
fn may_hold_surrogate(text: &str) -> bool {
    text.match_indices('\\').any(|(i, _)| {
        let rest = &text.as_bytes()[i + 1..];
        match rest.first() {
            Some(b'u') => matches!(rest.get(1), Some(b'd' | b'D')),
            Some(b'U') => {
                rest.len() > 5 && &rest[1..5] == b"0000" && matches!(rest[5], b'd' | b'D')
            }
            _ => false,
        }
    })
}

/// Appends the value of one string literal.
pub fn string_part(source: &str, part: &ruff::StringLiteral, out: &mut Vec<u8>) {
    let (start, end) = (part.range.start().to_usize(), part.range.end().to_usize());
    let text = source.get(start..end).unwrap_or("");
    if !part.flags.prefix().is_raw() && may_hold_surrogate(text) {
        let quote = text.find(['"', '\'']).unwrap_or(0);
        let body = &text[quote..];
        let width = if body.len() >= 6 && (body.starts_with("\"\"\"") || body.starts_with("'''")) {
            3
        } else {
            1
        };
        if body.len() >= 2 * width {
            decode(&body[width..body.len() - width], false, out);
            return;
        }
    }
    out.extend_from_slice(part.value.as_bytes());
}

/// Appends the value of a literal stretch of an f-string.
pub fn fstring_part(text: &str, value: &str, raw: bool, out: &mut Vec<u8>) {
    if !raw && may_hold_surrogate(text) {
        decode(text, true, out);
    } else {
        out.extend_from_slice(value.as_bytes());
    }
}

/// Decodes escapes; `braces` joins doubled braces as in f-strings.
fn decode(text: &str, braces: bool, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut i = 0;
    let hex = |from: usize, digits: usize| -> Option<u32> {
        u32::from_str_radix(text.get(from..from + digits)?, 16).ok()
    };
    while i < bytes.len() {
        let b = bytes[i];
        i += 1;
        if b != b'\\' || i >= bytes.len() {
            if braces && (b == b'{' || b == b'}') && bytes.get(i) == Some(&b) {
                i += 1;
            }
            out.push(b);
            continue;
        }
        let e = bytes[i];
        i += 1;
        let digits = match e {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            if let Some(c) = hex(i, digits) {
                push_code_point(out, c);
                i += digits;
            }
            continue;
        }
        match e {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(e),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'0'..=b'7' => {
                let mut c = u32::from(e - b'0');
                let stop = (i + 2).min(bytes.len());
                while i < stop && (b'0'..=b'7').contains(&bytes[i]) {
                    c = c * 8 + u32::from(bytes[i] - b'0');
                    i += 1;
                }
                push_code_point(out, c);
            }
            b'N' if bytes.get(i) == Some(&b'{') => {
                let end = text[i..].find('}').map_or(bytes.len(), |n| i + n);
                if let Some(c) = text.get(i + 1..end).and_then(unicode_names2::character) {
                    push_code_point(out, c as u32);
                }
                i = end + 1;
            }
            _ => {
                out.push(b'\\');
                out.push(e);
            }
        }
    }
}

/// The value of a number literal.
pub fn number(text: &str, value: &ruff::Number) -> Result<Const, String> {
    match value {
        ruff::Number::Float(f) => Ok(Const::Float(*f)),
        ruff::Number::Complex { real, imag } => Ok(Const::Complex(*real, *imag)),
        ruff::Number::Int(i) => match i.as_i64() {
            Some(i) => Ok(Const::Int(i)),
            None => big_int(text),
        },
    }
}

fn big_int(text: &str) -> Result<Const, String> {
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    let (radix, digits) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ => (10, &digits[..]),
    };
    if radix == 10 && digits.len() > MAX_STR_DIGITS {
        return Err(format!(
            "Exceeds the limit ({MAX_STR_DIGITS} digits) for integer string conversion: value has {} digits; \
             use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge \
             integer literals to avoid decimal conversion limits.",
            digits.len()
        ));
    }
    let big =
        dashu_int::UBig::from_str_radix(digits, radix).map_err(|_| "invalid syntax".to_owned())?;
    Ok(Const::BigInt(false, big.to_le_bytes()))
}
