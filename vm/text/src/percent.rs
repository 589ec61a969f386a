//! printf-style `%` formatting of str and bytes: a lazy parser and one helper for each kind of conversion. Follows
//! CPython's `unicode_format.c` and `_PyBytes_FormatEx`. The caller fetches the arguments and raises "not enough
//! arguments for format string", "format requires a mapping" and "not all arguments converted during string formatting".

use crate::float_format::{FloatStyle, format_double};
use crate::int::{Int, i64_to_base, prefix_of, to_base, to_decimal};
use crate::{TextError, wtf8};

/// A width or precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    Number(usize),
    /// `*`: the next argument.
    Star,
}

/// One conversion, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec<'a> {
    /// The text between the parentheses of `%(key)s`.
    pub key: Option<&'a [u8]>,
    pub flags: Flags,
    pub width: Option<Amount>,
    pub precision: Option<Amount>,
    /// Code point (str) or byte (bytes) of the conversion. A bare `%%` comes out as a literal `%`.
    pub conversion: u32,
    /// Index of the conversion in the format, in code points or bytes, for messages.
    pub index: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub left: bool,
    pub plus: bool,
    pub space: bool,
    pub alternate: bool,
    pub zero: bool,
}

/// A part of the format string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Literal(&'a [u8]),
    Spec(Spec<'a>),
}

/// Iterator over the pieces of a format string. Stops after an error.
#[derive(Clone, Debug)]
pub struct Parser<'a> {
    text: &'a [u8],
    pos: usize,
    bytes: bool,
}

impl<'a> Parser<'a> {
    /// For `str % args`.
    pub fn of_str(text: &'a [u8]) -> Self {
        Parser {
            text,
            pos: 0,
            bytes: false,
        }
    }

    /// For `bytes % args`.
    pub fn of_bytes(text: &'a [u8]) -> Self {
        Parser {
            text,
            pos: 0,
            bytes: true,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.pos).copied()
    }

    fn eat(&mut self, b: u8) -> bool {
        let found = self.peek() == Some(b);
        self.pos += usize::from(found);
        found
    }

    fn key(&mut self) -> Result<Option<&'a [u8]>, TextError> {
        if !self.eat(b'(') {
            return Ok(None);
        }
        let start = self.pos;
        let mut depth = 1;
        while let Some(b) = self.peek() {
            self.pos += 1;
            match b {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(Some(&self.text[start..self.pos - 1]));
            }
        }
        Err(TextError::value("incomplete format key"))
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(b) = self.peek() {
            match b {
                b'-' => flags.left = true,
                b'+' => flags.plus = true,
                b' ' => flags.space = true,
                b'#' => flags.alternate = true,
                b'0' => flags.zero = true,
                _ => break,
            }
            self.pos += 1;
        }
        flags
    }

    fn amount(&mut self, limit: usize, too_big: &str) -> Result<Option<Amount>, TextError> {
        if self.eat(b'*') {
            return Ok(Some(Amount::Star));
        }
        let mut value = None;
        while let Some(b @ b'0'..=b'9') = self.peek() {
            let next = value
                .unwrap_or(0usize)
                .saturating_mul(10)
                .saturating_add((b - b'0') as usize);
            if next > limit {
                return Err(TextError::value(too_big));
            }
            value = Some(next);
            self.pos += 1;
        }
        Ok(value.map(Amount::Number))
    }

    fn spec(&mut self) -> Result<Spec<'a>, TextError> {
        let key = self.key()?;
        let flags = self.flags();
        let width = self.amount(isize::MAX as usize, "width too big")?;
        let precision = if self.eat(b'.') {
            let too_big = if self.bytes {
                "prec too big"
            } else {
                "precision too big"
            };
            Some(
                self.amount(i32::MAX as usize, too_big)?
                    .unwrap_or(Amount::Number(0)),
            )
        } else {
            None
        };
        if matches!(self.peek(), Some(b'h' | b'l' | b'L')) {
            self.pos += 1;
        }
        let found = if self.bytes {
            self.peek().map(|b| (b as u32, 1))
        } else {
            wtf8::decode_at(self.text, self.pos)
        };
        let (conversion, n) = found.ok_or_else(|| TextError::value("incomplete format"))?;
        let at = self.pos;
        self.pos += n;
        Ok(Spec {
            key,
            flags,
            width,
            precision,
            conversion,
            index: at,
        })
    }
}

impl<'a> Iterator for Parser<'a> {
    type Item = Result<Piece<'a>, TextError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.pos..).filter(|r| !r.is_empty())?;
        let literal = memchr::memchr(b'%', rest).unwrap_or(rest.len());
        if literal > 0 {
            self.pos += literal;
            return Some(Ok(Piece::Literal(&rest[..literal])));
        }
        self.pos += 1;
        if self.peek() == Some(b'%') {
            self.pos += 1;
            return Some(Ok(Piece::Literal(&rest[..1])));
        }
        let spec = self.spec();
        if spec.is_err() {
            self.pos = self.text.len();
        }
        Some(spec.map(Piece::Spec))
    }
}

/// A conversion whose stars are filled in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conversion {
    pub flags: Flags,
    pub width: usize,
    pub precision: Option<usize>,
    pub code: u32,
}

impl Conversion {
    /// Starts from the numbers written in the format; stars are then set by the two methods below.
    pub fn new(spec: &Spec<'_>) -> Conversion {
        let number = |a: Amount| match a {
            Amount::Number(n) => n,
            Amount::Star => 0,
        };
        Conversion {
            flags: spec.flags,
            width: spec.width.map_or(0, number),
            precision: spec.precision.map(number),
            code: spec.conversion,
        }
    }

    /// A negative `*` width means left-justified.
    pub fn set_star_width(&mut self, n: i64) {
        self.flags.left |= n < 0;
        self.width = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
    }

    /// A negative `*` precision counts as 0.
    pub fn set_star_precision(&mut self, n: i64) {
        self.precision = Some(usize::try_from(n.max(0)).unwrap_or(usize::MAX));
    }

    /// Sign, prefix, zeros or blanks, body.
    fn pad_number(&self, sign: &str, prefix: &str, body: &str) -> Result<String, TextError> {
        let len = sign.len() + prefix.len() + body.len();
        let pad = self.width.saturating_sub(len);
        let mut out = String::new();
        out.try_reserve(len.saturating_add(pad))
            .map_err(|_| TextError::memory())?;
        let fill = |out: &mut String, c: char| out.extend(std::iter::repeat_n(c, pad));
        let zeros = self.flags.zero && !self.flags.left;
        if !zeros && !self.flags.left {
            fill(&mut out, ' ');
        }
        out.push_str(sign);
        out.push_str(prefix);
        if zeros {
            fill(&mut out, '0');
        }
        out.push_str(body);
        if self.flags.left {
            fill(&mut out, ' ');
        }
        Ok(out)
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.flags.plus, self.flags.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }
}

/// `%s %r %a` of str: the precision cuts, the width pads, both in code points.
pub fn format_text(conversion: &Conversion, text: &[u8]) -> Result<Vec<u8>, TextError> {
    let body = conversion
        .precision
        .map_or(text, |n| wtf8::slice(text, 0, n));
    pad(conversion, body, wtf8::count(body))
}

/// `%b %s %r %a` of bytes.
pub fn format_bytes(conversion: &Conversion, data: &[u8]) -> Result<Vec<u8>, TextError> {
    let n = conversion
        .precision
        .map_or(data.len(), |p| p.min(data.len()));
    pad(conversion, &data[..n], n)
}

/// `%c` of str from a code point. OverflowError "%c arg not in range(0x110000)".
pub fn format_char(conversion: &Conversion, cp: i64) -> Result<Vec<u8>, TextError> {
    match u32::try_from(cp) {
        Ok(cp) if cp < 0x11_0000 => pad(conversion, &wtf8::encode(cp), 1),
        _ => Err(TextError::overflow("%c arg not in range(0x110000)")),
    }
}

/// `%c` of bytes. OverflowError "%c arg not in range(256)".
pub fn format_byte(conversion: &Conversion, byte: i64) -> Result<Vec<u8>, TextError> {
    match u8::try_from(byte) {
        Ok(b) => pad(conversion, &[b], 1),
        Err(_) => Err(TextError::overflow("%c arg not in range(256)")),
    }
}

fn pad(conversion: &Conversion, body: &[u8], len: usize) -> Result<Vec<u8>, TextError> {
    let blanks = conversion.width.saturating_sub(len);
    let mut out = Vec::new();
    out.try_reserve(body.len().saturating_add(blanks))
        .map_err(|_| TextError::memory())?;
    if !conversion.flags.left {
        out.resize(blanks, b' ');
    }
    out.extend_from_slice(body);
    if conversion.flags.left {
        out.resize(out.len() + blanks, b' ');
    }
    Ok(out)
}

/// `%d %i %u %o %x %X`. `max_digits` limits decimal text, 0 for none.
pub fn format_int(
    conversion: &Conversion,
    n: &Int,
    max_digits: usize,
) -> Result<String, TextError> {
    if conversion
        .precision
        .is_some_and(|p| p > (i32::MAX - 3) as usize)
    {
        return Err(TextError::overflow("precision too large"));
    }
    let base = match u8::try_from(conversion.code) {
        Ok(b'o') => 8,
        Ok(b'x' | b'X') => 16,
        _ => 10,
    };
    let text = match (base, n) {
        (_, Int::Small(n)) => i64_to_base(*n, base),
        (10, Int::Big(n)) => to_decimal(n, max_digits)?,
        (_, Int::Big(n)) => to_base(n, base),
    };
    let magnitude = text.trim_start_matches('-');
    let zeros = conversion
        .precision
        .unwrap_or(0)
        .saturating_sub(magnitude.len());
    let mut body = "0".repeat(zeros);
    body.push_str(magnitude);
    let mut prefix = if conversion.flags.alternate {
        prefix_of(base).to_owned()
    } else {
        String::new()
    };
    if conversion.code == b'X' as u32 {
        body.make_ascii_uppercase();
        prefix.make_ascii_uppercase();
    }
    conversion.pad_number(conversion.sign(text.starts_with('-')), &prefix, &body)
}

/// `%e %E %f %F %g %G`.
pub fn format_float(conversion: &Conversion, x: f64) -> Result<String, TextError> {
    let code = u8::try_from(conversion.code).unwrap_or(b'g');
    let style = FloatStyle {
        alternate: conversion.flags.alternate,
        ..FloatStyle::default()
    };
    let precision = conversion.precision.unwrap_or(6);
    if precision > i32::MAX as usize {
        return Err(TextError::value("precision too big"));
    }
    // The digits, and copies with sign and width.
    crate::error::room(precision.saturating_mul(4))?;
    let text = format_double(x, code, precision, style);
    let body = text.trim_start_matches('-');
    conversion.pad_number(conversion.sign(text.starts_with('-')), "", body)
}

/// Whether the conversion is one that CPython has. `a b c d e E f F g G i o r s u x X`; `b` only for bytes.
pub fn is_supported(conversion: u32, bytes: bool) -> bool {
    u8::try_from(conversion).is_ok_and(|b| b"acdeEfFgGiorsuxX".contains(&b) || bytes && b == b'b')
}

/// "unsupported format character 'y' (0x79) at index 1", raised after the argument was fetched. `format` is the whole
/// format string.
pub fn unsupported(spec: &Spec<'_>, format: &[u8], bytes: bool) -> TextError {
    let index = if bytes {
        spec.index
    } else {
        wtf8::index_of(format, spec.index)
    };
    let shown = match spec.conversion {
        c @ 31..=127 => c as u8 as char,
        _ => '?',
    };
    TextError::value(format!(
        "unsupported format character '{shown}' (0x{:x}) at index {index}",
        spec.conversion
    ))
}

/// TypeError for an argument that is no number: "%d format: a real number is required, not str".
pub fn wants_number(conversion: u32, type_name: &str, bytes: bool) -> TextError {
    let c = char::from_u32(conversion).unwrap_or('?');
    TextError::type_(match (c, bytes) {
        ('o' | 'x' | 'X', _) => format!("%{c} format: an integer is required, not {type_name}"),
        ('d' | 'i' | 'u', _) => format!("%{c} format: a real number is required, not {type_name}"),
        (_, true) => format!("float argument required, not {type_name}"),
        _ => format!("must be real number, not {type_name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(format: &str, n: i64) -> Result<String, TextError> {
        let mut out = String::new();
        for piece in Parser::of_str(format.as_bytes()) {
            match piece? {
                Piece::Literal(text) => out.push_str(&String::from_utf8_lossy(text)),
                Piece::Spec(spec) => {
                    let c = Conversion::new(&spec);
                    match u8::try_from(spec.conversion) {
                        Ok(b'd' | b'i' | b'u' | b'o' | b'x' | b'X') => {
                            out.push_str(&format_int(&c, &Int::Small(n), 0)?)
                        }
                        Ok(b'e' | b'f' | b'g' | b'E' | b'F' | b'G') => {
                            out.push_str(&format_float(&c, n as f64)?)
                        }
                        Ok(b's') => out.push_str(&String::from_utf8_lossy(&format_text(
                            &c,
                            n.to_string().as_bytes(),
                        )?)),
                        Ok(b'c') => out.push_str(&String::from_utf8_lossy(&format_char(&c, n)?)),
                        _ => return Err(unsupported(&spec, format.as_bytes(), false)),
                    }
                }
            }
        }
        Ok(out)
    }

    #[test]
    fn formats() {
        let table = [
            ("%d", 5, "5"),
            ("a%%b%d", 5, "a%b5"),
            ("%5d|", -5, "   -5|"),
            ("%-5d|", 5, "5    |"),
            ("%05d", -5, "-0005"),
            ("%+d", 5, "+5"),
            ("% d", 5, " 5"),
            ("%x", 255, "ff"),
            ("%#X", 255, "0XFF"),
            ("%#o", 8, "0o10"),
            ("%#.3o", 8, "0o010"),
            ("%.5d", -42, "-00042"),
            ("%08.5d", -42, "-0000042"),
            ("%#010x", 255, "0x000000ff"),
            ("%-#10x|", -255, "-0xff     |"),
            ("%hd", 1, "1"),
            ("%ld", 1, "1"),
            ("%s", 5, "5"),
            ("%5s|", 5, "    5|"),
            ("%-5s|", 5, "5    |"),
            ("%.1s", 55, "5"),
            ("%05s", 5, "    5"),
            ("%c", 65, "A"),
            ("%3c|", 233, "  \u{e9}|"),
            ("%.3c", 65, "A"),
            ("%c", -1, "OverflowError: %c arg not in range(0x110000)"),
            ("%e", 1500, "1.500000e+03"),
            ("%.2f", 3, "3.00"),
            ("%010.2f", -3, "-000003.00"),
            ("%g", 1000000, "1e+06"),
            ("%#g", 1, "1.00000"),
            ("%+.0e", 7, "+7e+00"),
            (
                "%y",
                1,
                "ValueError: unsupported format character 'y' (0x79) at index 1",
            ),
            (
                "\u{e9}%\u{e9}",
                1,
                "ValueError: unsupported format character '?' (0xe9) at index 2",
            ),
            ("%", 1, "ValueError: incomplete format"),
            (
                "%5%",
                1,
                "ValueError: unsupported format character '%' (0x25) at index 2",
            ),
            ("%.", 1, "ValueError: incomplete format"),
            (
                "%hld",
                1,
                "ValueError: unsupported format character 'l' (0x6c) at index 2",
            ),
            ("%.99999999999d", 1, "ValueError: precision too big"),
            ("%99999999999999999999d", 1, "ValueError: width too big"),
            ("%.2147483646d", 1, "OverflowError: precision too large"),
            ("% +d", 5, "+5"),
        ];
        for (format, n, want) in table {
            assert_eq!(
                run(format, n).unwrap_or_else(|e| e.to_string()),
                want,
                "{format}"
            );
        }
    }

    #[test]
    fn keys_and_stars() {
        let mut pieces = Parser::of_bytes(b"%(a(b))-*.*y");
        let Some(Ok(Piece::Spec(spec))) = pieces.next() else {
            panic!("no spec")
        };
        assert_eq!(spec.key, Some(&b"a(b)"[..]));
        assert_eq!(
            (spec.width, spec.precision),
            (Some(Amount::Star), Some(Amount::Star))
        );
        assert_eq!(
            unsupported(&spec, b"%(a(b))-*.*y", true).msg,
            "unsupported format character 'y' (0x79) at index 11"
        );
        let mut c = Conversion::new(&spec);
        c.flags.left = false;
        c.set_star_width(-4);
        c.set_star_precision(-1);
        assert_eq!((c.flags.left, c.width, c.precision), (true, 4, Some(0)));
        assert_eq!(
            Parser::of_bytes(b"%.99999999999d")
                .next()
                .unwrap()
                .unwrap_err()
                .msg,
            "prec too big"
        );
        assert_eq!(
            format_byte(&Conversion::default(), 256).unwrap_err().msg,
            "%c arg not in range(256)"
        );
        assert_eq!(
            wants_number(b'd' as u32, "str", false).msg,
            "%d format: a real number is required, not str"
        );
        assert_eq!(
            wants_number(b'x' as u32, "float", true).msg,
            "%x format: an integer is required, not float"
        );
        assert_eq!(
            wants_number(b'f' as u32, "str", false).msg,
            "must be real number, not str"
        );
    }
}
