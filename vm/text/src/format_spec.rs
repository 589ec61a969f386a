//! The format-spec mini-language and the `__format__` of str, int, float and complex. Follows CPython's
//! `Python/formatter_unicode.c` (3.14, with grouping of the fraction). 'n' formats as in the C locale.

use crate::float_format::{FloatStyle, format_double};
use crate::int::{Int, i64_to_base, prefix_of, to_base, to_decimal};
use crate::{TextError, int, wtf8};

/// A thousands separator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    #[default]
    None,
    Comma,
    Underscore,
}

impl Grouping {
    fn sign(self) -> char {
        match self {
            Grouping::None => ' ',
            Grouping::Comma => ',',
            Grouping::Underscore => '_',
        }
    }
}

/// `[[fill]align][sign]["z"]["#"]["0"][width][grouping]["." precision [grouping]][type]`, with the type's defaults filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatSpec {
    /// Code point to pad with.
    pub fill: u32,
    /// One of `< > ^ =`.
    pub align: u8,
    /// 0 or one of `+ -` and space.
    pub sign: u8,
    pub no_neg_0: bool,
    pub alternate: bool,
    pub width: Option<usize>,
    pub grouping: Grouping,
    pub precision: Option<usize>,
    pub fraction_grouping: Grouping,
    /// Code point of the type, 0 when none is given and the object has no default.
    pub kind: u32,
}

struct Cursor<'a> {
    text: &'a [u8],
    pos: usize,
}

impl Cursor<'_> {
    fn eat(&mut self, b: u8) -> bool {
        let found = self.text.get(self.pos) == Some(&b);
        self.pos += usize::from(found);
        found
    }

    fn eat_any(&mut self, set: &[u8]) -> Option<u8> {
        let b = *self.text.get(self.pos)?;
        set.contains(&b).then(|| {
            self.pos += 1;
            b
        })
    }

    /// Digits of any script, as CPython reads them.
    fn number(&mut self) -> Result<Option<usize>, TextError> {
        let mut value = None;
        while let Some((cp, n)) = wtf8::decode_at(self.text, self.pos) {
            let Some(digit) = crate::unicode::decimal_value(cp) else {
                break;
            };
            let next = value
                .unwrap_or(0usize)
                .checked_mul(10)
                .and_then(|v| v.checked_add(digit as usize));
            value = match next {
                Some(v) if v <= isize::MAX as usize => Some(v),
                _ => return Err(TextError::value("Too many decimal digits in format string")),
            };
            self.pos += n;
        }
        Ok(value)
    }

    fn grouping(&mut self) -> Result<Grouping, TextError> {
        let both = || TextError::value("Cannot specify both ',' and '_'.");
        let comma = self.eat(b',');
        let underscore = self.eat(b'_');
        if underscore && (comma || self.eat(b',')) {
            return Err(both());
        }
        Ok(match (comma, underscore) {
            (true, _) => Grouping::Comma,
            (_, true) => Grouping::Underscore,
            _ => Grouping::None,
        })
    }
}

fn is_align(cp: u32) -> bool {
    matches!(cp, 0x3C..=0x3E | 0x5E)
}

impl FormatSpec {
    /// Parses `spec` for an object whose type is called `type_name`.
    pub fn parse(
        spec: &[u8],
        type_name: &str,
        default_kind: u8,
        default_align: u8,
    ) -> Result<FormatSpec, TextError> {
        let mut out = FormatSpec {
            fill: 0x20,
            align: default_align,
            sign: 0,
            no_neg_0: false,
            alternate: false,
            width: None,
            grouping: Grouping::None,
            precision: None,
            fraction_grouping: Grouping::None,
            kind: default_kind as u32,
        };
        let mut at = Cursor { text: spec, pos: 0 };
        let (fill_given, align_given) = out.fill_and_align(&mut at);
        out.sign = at.eat_any(b" +-").unwrap_or(0);
        out.no_neg_0 = at.eat(b'z');
        out.alternate = at.eat(b'#');
        if !fill_given && at.eat(b'0') {
            out.fill = b'0' as u32;
            if !align_given && default_align == b'>' {
                out.align = b'=';
            }
        }
        out.width = at.number()?;
        out.grouping = at.grouping()?;
        if at.eat(b'.') {
            out.precision = at.number()?;
            out.fraction_grouping = at.grouping()?;
            if out.precision.is_none() && out.fraction_grouping == Grouping::None {
                return Err(TextError::value("Format specifier missing precision"));
            }
        }
        if let Some((cp, n)) = wtf8::decode_at(spec, at.pos) {
            if at.pos + n < spec.len() {
                return Err(TextError::value(format!(
                    "Invalid format specifier '{}' for object of type '{type_name}'",
                    wtf8::to_string_lossy(spec)
                )));
            }
            out.kind = cp;
        }
        out.check_grouping()?;
        Ok(out)
    }

    fn fill_and_align(&mut self, at: &mut Cursor<'_>) -> (bool, bool) {
        let Some((first, n)) = wtf8::decode_at(at.text, 0) else {
            return (false, false);
        };
        match wtf8::decode_at(at.text, n) {
            Some((align, m)) if is_align(align) => {
                (self.fill, self.align) = (first, align as u8);
                at.pos = n + m;
                (true, true)
            }
            _ if is_align(first) => {
                self.align = first as u8;
                at.pos = n;
                (false, true)
            }
            _ => (false, false),
        }
    }

    fn check_grouping(&self) -> Result<(), TextError> {
        let kind = u8::try_from(self.kind).unwrap_or(0xFF);
        let float_kind = matches!(kind, b'e' | b'f' | b'g' | b'E' | b'G' | b'%' | b'F' | 0);
        let base_kind =
            matches!(kind, b'b' | b'o' | b'x' | b'X') && self.grouping == Grouping::Underscore;
        if self.grouping != Grouping::None && !(float_kind || kind == b'd' || base_kind) {
            return Err(self.bad_grouping(self.grouping));
        }
        if self.fraction_grouping != Grouping::None && !float_kind {
            return Err(self.bad_grouping(self.fraction_grouping));
        }
        Ok(())
    }

    fn bad_grouping(&self, grouping: Grouping) -> TextError {
        TextError::value(format!(
            "Cannot specify '{}' with '{}'.",
            grouping.sign(),
            show_kind(self.kind)
        ))
    }

    fn unknown(&self, type_name: &str) -> TextError {
        TextError::value(format!(
            "Unknown format code '{}' for object of type '{type_name}'",
            show_kind(self.kind)
        ))
    }

    fn sign_text(&self, negative: bool) -> &'static str {
        match (negative, self.sign) {
            (true, _) => "-",
            (_, b'+') => "+",
            (_, b' ') => " ",
            _ => "",
        }
    }
}

fn show_kind(kind: u32) -> String {
    match kind {
        33..=127 => (kind as u8 as char).to_string(),
        _ => format!("\\x{kind:x}"),
    }
}

/// Padding left and right of a body of `len` code points.
fn paddings(spec: &FormatSpec, len: usize) -> (usize, usize) {
    let pad = spec.width.unwrap_or(0).saturating_sub(len);
    match spec.align {
        b'<' => (0, pad),
        b'^' => (pad / 2, pad - pad / 2),
        _ => (pad, 0),
    }
}

fn push_fill(out: &mut Vec<u8>, fill: u32, n: usize) -> Result<(), TextError> {
    if fill < 0x80 {
        out.try_reserve(n).map_err(|_| TextError::memory())?;
        out.resize(out.len() + n, fill as u8);
    } else {
        let unit = wtf8::encode(fill);
        let total = n.checked_mul(unit.len()).ok_or_else(TextError::memory)?;
        out.try_reserve(total).map_err(|_| TextError::memory())?;
        (0..n).for_each(|_| out.extend_from_slice(&unit));
    }
    Ok(())
}

fn padded(spec: &FormatSpec, body: &[u8]) -> Result<Vec<u8>, TextError> {
    let (left, right) = paddings(spec, wtf8::count(body));
    let mut out = Vec::with_capacity(body.len());
    push_fill(&mut out, spec.fill, left)?;
    out.extend_from_slice(body);
    push_fill(&mut out, spec.fill, right)?;
    Ok(out)
}

/// `str.__format__`.
pub fn format_str(text: &[u8], spec: &[u8]) -> Result<Vec<u8>, TextError> {
    if spec.is_empty() {
        return Ok(text.to_vec());
    }
    let spec = FormatSpec::parse(spec, "str", b's', b'<')?;
    if spec.kind != b's' as u32 {
        return Err(spec.unknown("str"));
    }
    let not_allowed = |what: &str| {
        Err(TextError::value(format!(
            "{what} not allowed in string format specifier"
        )))
    };
    match spec.sign {
        0 => {}
        b' ' => return not_allowed("Space"),
        _ => return not_allowed("Sign"),
    }
    if spec.no_neg_0 {
        return not_allowed("Negative zero coercion (z)");
    }
    if spec.alternate {
        return not_allowed("Alternate form (#)");
    }
    if spec.align == b'=' {
        return not_allowed("'=' alignment");
    }
    let body = spec.precision.map_or(text, |n| wtf8::slice(text, 0, n));
    padded(&spec, body)
}

/// The parts of a number before padding.
#[derive(Default)]
struct Number<'a> {
    sign: &'a str,
    prefix: &'a str,
    /// Whole digits, which get grouped.
    digits: &'a str,
    /// All that follows: point, fraction, exponent, '%'; or a character, "inf", "nan".
    rest: &'a str,
    group: usize,
}

/// `digits` in groups from the right, with zeros in front up to `min_width` characters.
fn group_digits(
    digits: &str,
    separator: Grouping,
    group: usize,
    min_width: usize,
) -> Result<String, TextError> {
    if separator == Grouping::None {
        let mut out = String::new();
        let zeros = min_width.saturating_sub(digits.len());
        out.try_reserve(zeros).map_err(|_| TextError::memory())?;
        out.extend(std::iter::repeat_n('0', zeros));
        out.push_str(digits);
        return Ok(out);
    }
    let mut reversed = Vec::new();
    reversed
        .try_reserve(min_width.max(digits.len()))
        .map_err(|_| TextError::memory())?;
    let mut source = digits.bytes().rev();
    let mut left = digits.len();
    let mut wanted = min_width as isize;
    loop {
        let n = group.min(left.max(wanted.max(1) as usize));
        (0..n).for_each(|_| reversed.push(source.next().unwrap_or(b'0')));
        left = left.saturating_sub(n);
        wanted -= n as isize;
        if left == 0 && wanted <= 0 {
            break;
        }
        reversed.push(separator.sign() as u8);
        wanted -= 1;
    }
    Ok(reversed.iter().rev().map(|&b| b as char).collect())
}

/// The digits right after the point in groups from the left.
fn group_fraction(rest: &str, separator: Grouping) -> String {
    let Some(fraction) = rest.strip_prefix('.') else {
        return rest.to_owned();
    };
    let len = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let mut out = String::from(".");
    for (i, c) in fraction[..len].chars().enumerate() {
        if i > 0 && i % 3 == 0 {
            out.push(separator.sign());
        }
        out.push(c);
    }
    out.push_str(&fraction[len..]);
    out
}

impl Number<'_> {
    fn layout(&self, spec: &FormatSpec) -> Result<Vec<u8>, TextError> {
        let rest = match spec.fraction_grouping {
            Grouping::None => self.rest.to_owned(),
            separator => group_fraction(self.rest, separator),
        };
        let fixed = self.sign.len() + self.prefix.len() + wtf8::count(rest.as_bytes());
        let zero_fill = spec.fill == b'0' as u32 && spec.align == b'=';
        let min_width = if zero_fill {
            spec.width.unwrap_or(0).saturating_sub(fixed)
        } else {
            0
        };
        let digits = if self.digits.is_empty() {
            String::new()
        } else {
            group_digits(self.digits, spec.grouping, self.group, min_width)?
        };
        let len = fixed + digits.len();
        let mut out = Vec::new();
        let (left, right) = if spec.align == b'=' {
            (0, 0)
        } else {
            paddings(spec, len)
        };
        push_fill(&mut out, spec.fill, left)?;
        out.extend_from_slice(self.sign.as_bytes());
        out.extend_from_slice(self.prefix.as_bytes());
        if spec.align == b'=' {
            push_fill(
                &mut out,
                spec.fill,
                spec.width.unwrap_or(0).saturating_sub(len),
            )?;
        }
        out.extend_from_slice(digits.as_bytes());
        out.extend_from_slice(rest.as_bytes());
        push_fill(&mut out, spec.fill, right)?;
        Ok(out)
    }
}

/// `int.__format__`. `type_name` is "int" or "bool"; `max_digits` the limit for decimal text, 0 for none.
pub fn format_int(
    n: &Int,
    spec: &[u8],
    type_name: &str,
    max_digits: usize,
) -> Result<Vec<u8>, TextError> {
    let decimal = || match n {
        Int::Small(n) => Ok(i64_to_base(*n, 10)),
        Int::Big(n) => to_decimal(n, max_digits),
    };
    if spec.is_empty() {
        return decimal().map(String::into_bytes);
    }
    let spec = FormatSpec::parse(spec, type_name, b'd', b'>')?;
    let kind = u8::try_from(spec.kind).unwrap_or(0xFF);
    let base = match kind {
        b'b' => 2,
        b'o' => 8,
        b'x' | b'X' => 16,
        b'd' | b'n' | b'c' => 10,
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%' => {
            let x = match n {
                Int::Small(n) => *n as f64,
                Int::Big(n) => int::to_f64(n)?,
            };
            return format_f64(x, &spec);
        }
        _ => return Err(spec.unknown(type_name)),
    };
    if spec.precision.is_some() {
        return Err(TextError::value(
            "Precision not allowed in integer format specifier",
        ));
    }
    if spec.no_neg_0 {
        return Err(TextError::value(
            "Negative zero coercion (z) not allowed in integer format specifier",
        ));
    }
    if kind == b'c' {
        return format_char(n, &spec);
    }
    let text = match (base, n) {
        (10, _) => decimal()?,
        (_, Int::Small(n)) => i64_to_base(*n, base),
        (_, Int::Big(n)) => to_base(n, base),
    };
    let mut digits = text.trim_start_matches('-').to_owned();
    let mut prefix = if spec.alternate {
        prefix_of(base).to_owned()
    } else {
        String::new()
    };
    if kind == b'X' {
        digits.make_ascii_uppercase();
        prefix.make_ascii_uppercase();
    }
    let group = if base == 10 { 3 } else { 4 };
    let sign = spec.sign_text(text.starts_with('-'));
    Number {
        sign,
        prefix: &prefix,
        digits: &digits,
        rest: "",
        group,
    }
    .layout(&spec)
}

fn format_char(n: &Int, spec: &FormatSpec) -> Result<Vec<u8>, TextError> {
    if spec.sign != 0 {
        return Err(TextError::value(
            "Sign not allowed with integer format specifier 'c'",
        ));
    }
    if spec.alternate {
        return Err(TextError::value(
            "Alternate form (#) not allowed with integer format specifier 'c'",
        ));
    }
    let cp = match n {
        Int::Small(n) => u32::try_from(*n).ok().filter(|&cp| cp < 0x11_0000),
        Int::Big(_) => {
            return Err(TextError::overflow(
                "Python int too large to convert to C long",
            ));
        }
    };
    let cp = cp.ok_or_else(|| TextError::overflow("%c arg not in range(0x110000)"))?;
    // '=' pads on the left here; there is no sign.
    let align = if spec.align == b'=' { b'>' } else { spec.align };
    padded(&FormatSpec { align, ..*spec }, &wtf8::encode(cp))
}

/// `float.__format__`.
pub fn format_float(x: f64, spec: &[u8]) -> Result<Vec<u8>, TextError> {
    if spec.is_empty() {
        return Ok(crate::float::repr(x).into_bytes());
    }
    format_f64(x, &FormatSpec::parse(spec, "float", 0, b'>')?)
}

/// The code and precision for `format_double`.
fn float_code(spec: &FormatSpec, kind: u8) -> Result<(u8, usize), TextError> {
    if spec.precision.is_some_and(|p| p > i32::MAX as usize) {
        return Err(TextError::value("precision too big"));
    }
    crate::error::room(spec.precision.unwrap_or(0).saturating_mul(4))?;
    Ok(match (kind, spec.precision) {
        (0, Some(p)) => (b'g', p),
        (0, None) => (b'r', 0),
        (b'n', p) => (b'g', p.unwrap_or(6)),
        (b'%', p) => (b'f', p.unwrap_or(6)),
        (k, p) => (k, p.unwrap_or(6)),
    })
}

/// Digits of `x` with 'z' applied, and whether a '-' belongs before them.
fn float_digits(
    x: f64,
    code: u8,
    precision: usize,
    style: FloatStyle,
    no_neg_0: bool,
) -> (bool, String) {
    let text = format_double(x, code, precision, style);
    let Some(digits) = text.strip_prefix('-') else {
        return (false, text);
    };
    let zero = || {
        digits
            .bytes()
            .take_while(|b| !b.eq_ignore_ascii_case(&b'e'))
            .all(|b| matches!(b, b'0' | b'.'))
    };
    (!(no_neg_0 && zero()), digits.to_owned())
}

fn format_f64(x: f64, spec: &FormatSpec) -> Result<Vec<u8>, TextError> {
    let kind = match u8::try_from(spec.kind) {
        Ok(k @ (0 | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'n' | b'%')) => k,
        _ => return Err(spec.unknown("float")),
    };
    let (code, precision) = float_code(spec, kind)?;
    let style = FloatStyle {
        alternate: spec.alternate,
        add_dot_0: kind == 0,
        upper: false,
    };
    let x = if kind == b'%' { x * 100.0 } else { x };
    let (negative, mut text) = float_digits(x, code, precision, style, spec.no_neg_0);
    if kind == b'%' {
        text.push('%');
    }
    let (digits, rest) = split_number(&text);
    Number {
        sign: spec.sign_text(negative),
        prefix: "",
        digits,
        rest,
        group: 3,
    }
    .layout(spec)
}

fn split_number(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// `complex.__format__`.
pub fn format_complex(re: f64, im: f64, spec: &[u8]) -> Result<Vec<u8>, TextError> {
    if spec.is_empty() {
        return Ok(crate::float::complex_repr(re, im).into_bytes());
    }
    let spec = FormatSpec::parse(spec, "complex", 0, b'>')?;
    let kind = match u8::try_from(spec.kind) {
        Ok(k @ (0 | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'n')) => k,
        _ => return Err(spec.unknown("complex")),
    };
    if spec.fill == b'0' as u32 {
        return Err(TextError::value(
            "Zero padding is not allowed in complex format specifier",
        ));
    }
    if spec.align == b'=' {
        return Err(TextError::value(
            "'=' alignment flag is not allowed in complex format specifier",
        ));
    }
    let (code, precision) = float_code(&spec, kind)?;
    let style = FloatStyle {
        alternate: spec.alternate,
        ..FloatStyle::default()
    };
    let part = |x: f64, spec: &FormatSpec| {
        let (negative, text) = float_digits(x, code, precision, style, spec.no_neg_0);
        let (digits, rest) = split_number(&text);
        let bare = FormatSpec {
            width: None,
            align: b'<',
            ..*spec
        };
        Number {
            sign: spec.sign_text(negative),
            prefix: "",
            digits,
            rest,
            group: 3,
        }
        .layout(&bare)
    };
    let skip_real = kind == 0 && re == 0.0 && re.is_sign_positive();
    let mut body = Vec::new();
    if kind == 0 && !skip_real {
        body.push(b'(');
    }
    if skip_real {
        body.extend(part(im, &spec)?);
    } else {
        body.extend(part(re, &spec)?);
        body.extend(part(im, &FormatSpec { sign: b'+', ..spec })?);
    }
    body.push(b'j');
    if kind == 0 && !skip_real {
        body.push(b')');
    }
    padded(&spec, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(r: Result<Vec<u8>, TextError>) -> String {
        r.map(|b| String::from_utf8(b).unwrap())
            .unwrap_or_else(|e| e.to_string())
    }

    #[test]
    fn strings() {
        let table = [
            ("abc", "", "abc"),
            ("abc", "5", "abc  "),
            ("abc", ">5", "  abc"),
            ("abc", "^6", " abc  "),
            ("\u{e9}", "\u{1f600}^4", "\u{1f600}\u{e9}\u{1f600}\u{1f600}"),
            ("abc", ".2", "ab"),
            ("abc", "*<6.2s", "ab****"),
            ("a", "05", "a0000"),
            (
                "a",
                "=5",
                "ValueError: '=' alignment not allowed in string format specifier",
            ),
            (
                "a",
                "+",
                "ValueError: Sign not allowed in string format specifier",
            ),
            (
                "a",
                " ",
                "ValueError: Space not allowed in string format specifier",
            ),
            (
                "a",
                "z",
                "ValueError: Negative zero coercion (z) not allowed in string format specifier",
            ),
            (
                "a",
                "#",
                "ValueError: Alternate form (#) not allowed in string format specifier",
            ),
            ("a", ",", "ValueError: Cannot specify ',' with 's'."),
            (
                "a",
                "d",
                "ValueError: Unknown format code 'd' for object of type 'str'",
            ),
            (
                "a",
                "\u{e9}",
                "ValueError: Unknown format code '\\xe9' for object of type 'str'",
            ),
            (
                "a",
                "5.2ss",
                "ValueError: Invalid format specifier '5.2ss' for object of type 'str'",
            ),
            ("a", ".", "ValueError: Format specifier missing precision"),
            (
                "a",
                "99999999999999999999",
                "ValueError: Too many decimal digits in format string",
            ),
            ("a", "<<3", "a<<"),
            ("a", "\n<3", "a\n\n"),
            (
                "a",
                "\n",
                "ValueError: Unknown format code '\\xa' for object of type 'str'",
            ),
        ];
        for (text, spec, want) in table {
            assert_eq!(show(format_str(text.as_bytes(), spec.as_bytes())), want);
        }
    }

    #[test]
    fn ints() {
        let table = [
            (42i64, "", "42"),
            (42i64, "d", "42"),
            (-42i64, "5", "  -42"),
            (42i64, "05", "00042"),
            (-42i64, "05", "-0042"),
            (42i64, "+", "+42"),
            (42i64, " ", " 42"),
            (42i64, "x", "2a"),
            (42i64, "#X", "0X2A"),
            (42i64, "#o", "0o52"),
            (42i64, "#010b", "0b00101010"),
            (1234567i64, ",", "1,234,567"),
            (1234567i64, "_", "1_234_567"),
            (-1234567i64, "015,", "-00,001,234,567"),
            (1234i64, "08,", "0,001,234"),
            (1234i64, "09,", "0,001,234"),
            (2882400018i64, "_x", "abcd_ef12"),
            (2882400018i64, "#020_x", "0x000_0000_abcd_ef12"),
            (65i64, "c", "A"),
            (65i64, "5c", "    A"),
            (65i64, "05c", "0000A"),
            (65i64, "^5c", "  A  "),
            (128512i64, "c", "\u{1f600}"),
            (-1i64, "c", "OverflowError: %c arg not in range(0x110000)"),
            (
                65i64,
                "+c",
                "ValueError: Sign not allowed with integer format specifier 'c'",
            ),
            (
                65i64,
                "#c",
                "ValueError: Alternate form (#) not allowed with integer format specifier 'c'",
            ),
            (42i64, "e", "4.200000e+01"),
            (42i64, ".1f", "42.0"),
            (42i64, "%", "4200.000000%"),
            (42i64, "g", "42"),
            (42i64, "n", "42"),
            (
                42i64,
                ".3d",
                "ValueError: Precision not allowed in integer format specifier",
            ),
            (
                42i64,
                "zd",
                "ValueError: Negative zero coercion (z) not allowed in integer format specifier",
            ),
            (42i64, ",x", "ValueError: Cannot specify ',' with 'x'."),
            (42i64, ",n", "ValueError: Cannot specify ',' with 'n'."),
            (42i64, "_c", "ValueError: Cannot specify '_' with 'c'."),
            (42i64, ",_", "ValueError: Cannot specify both ',' and '_'."),
            (42i64, "_,", "ValueError: Cannot specify both ',' and '_'."),
            (42i64, ",,", "ValueError: Cannot specify ',' with ','."),
            (
                42i64,
                "s",
                "ValueError: Unknown format code 's' for object of type 'int'",
            ),
            (42i64, "*^9", "***42****"),
            (-42i64, "*=9", "-******42"),
            (-42i64, "<9", "-42      "),
            (0i64, "010,", "00,000,000"),
        ];
        for (n, spec, want) in table {
            assert_eq!(
                show(format_int(&Int::Small(n), spec.as_bytes(), "int", 4300)),
                want
            );
            if !spec.ends_with('c') {
                assert_eq!(
                    show(format_int(
                        &Int::Big(n.into()),
                        spec.as_bytes(),
                        "int",
                        4300
                    )),
                    want
                );
            }
        }
        assert_eq!(
            show(format_int(&Int::Small(1), b"q", "bool", 0)),
            "ValueError: Unknown format code 'q' for object of type 'bool'"
        );
    }

    #[test]
    fn floats() {
        let table = [
            (1.5, "", "1.5"),
            (1.0, "5", "  1.0"),
            (1.5, ".0f", "2"),
            (2.5, ".0f", "2"),
            (1234.5, ",.2f", "1,234.50"),
            (1234567.891, "_", "1_234_567.891"),
            (1e+20, ",", "1e+20"),
            (0.000123, "g", "0.000123"),
            (1.0, ".3", "1.0"),
            (12345.0, ".5", "1.2345e+04"),
            (12345.0, ".6", "12345.0"),
            (100.0, "#g", "100.000"),
            (1.5, "e", "1.500000e+00"),
            (1.5, "+010.2E", "+01.50E+00"),
            (-0.0, "z", "0.0"),
            (-0.001, "z.1f", "0.0"),
            (-0.001, ".1f", "-0.0"),
            (0.25, "%", "25.000000%"),
            (0.125, ".0%", "12%"),
            (f64::INFINITY, "f", "inf"),
            (f64::INFINITY, "F", "INF"),
            (f64::NAN, "+", "+nan"),
            (f64::NEG_INFINITY, "010", "-000000inf"),
            (f64::INFINITY, "010,", "0000000inf"),
            (1.5, "n", "1.5"),
            (
                1.5,
                "d",
                "ValueError: Unknown format code 'd' for object of type 'float'",
            ),
            (1.5, ".", "ValueError: Format specifier missing precision"),
            (
                1.5,
                ",d",
                "ValueError: Unknown format code 'd' for object of type 'float'",
            ),
            (1.0, ".99999999999f", "ValueError: precision too big"),
            (
                1e+16,
                "r",
                "ValueError: Unknown format code 'r' for object of type 'float'",
            ),
            (3.0, "#.0f", "3."),
            (1234.5, "012,.1f", "00,001,234.5"),
            (1e+300, ".3", "1e+300"),
        ];
        for (x, spec, want) in table {
            assert_eq!(show(format_float(x, spec.as_bytes())), want);
        }
        // Grouping of the fraction came with 3.14.
        assert_eq!(
            show(format_float(123456.1234567, b"_.7_f")),
            "123_456.123_456_7"
        );
        assert_eq!(show(format_float(1234.5, b".,f")), "1234.500,000");
        assert_eq!(
            show(format_float(1.5, b".,_f")),
            "ValueError: Cannot specify both ',' and '_'."
        );
    }

    #[test]
    fn complexes() {
        let table = [
            (1.0, 2.0, "", "(1+2j)"),
            (1.0, 2.0, "10", "    (1+2j)"),
            (1.0, 2.0, "<10", "(1+2j)    "),
            (1.0, 2.0, ".2f", "1.00+2.00j"),
            (0.0, 2.0, ".3", "2j"),
            (-1.0, -2.0, "+.1e", "-1.0e+00-2.0e+00j"),
            (1234.0, 5678.0, ",.1f", "1,234.0+5,678.0j"),
            (
                0.0,
                1.0,
                "05",
                "ValueError: Zero padding is not allowed in complex format specifier",
            ),
            (
                0.0,
                1.0,
                "=5",
                "ValueError: '=' alignment flag is not allowed in complex format specifier",
            ),
            (
                0.0,
                1.0,
                "%",
                "ValueError: Unknown format code '%' for object of type 'complex'",
            ),
            (1.0, 1.0, "*^12", "***(1+1j)***"),
            (-0.0, 1.0, "g", "-0+1j"),
            (1.0, 2.0, "n", "1+2j"),
        ];
        for (x, y, spec, want) in table {
            assert_eq!(show(format_complex(x, y, spec.as_bytes())), want);
        }
    }
}
