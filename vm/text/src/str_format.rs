//! Parser of `str.format` and `format_map`: replacement fields, field names, automatic numbering. Follows CPython's
//! `Objects/stringlib/unicode_format.h`. The caller looks the values up and expands nested format specs (two levels).

use crate::repr::push_hex_escape;
use crate::unicode::decimal_value;
use crate::{TextError, wtf8};

/// `{name!conversion:spec}`, all parts as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    pub name: &'a [u8],
    /// Code point after '!'.
    pub conversion: Option<u32>,
    pub spec: &'a [u8],
    /// Whether the spec holds replacement fields of its own.
    pub nested: bool,
}

/// A part of a format string. `string.Formatter.parse` and `_string.formatter_parser` want them paired: see [`Parser::next_pair`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Literal(&'a [u8]),
    Field(Field<'a>),
}

/// A literal and the field behind it.
pub type Pair<'a> = (&'a [u8], Option<Field<'a>>);

/// Lazy parser. Errors come when the parser gets there, after the fields before were formatted.
#[derive(Clone, Debug)]
pub struct Parser<'a> {
    text: &'a [u8],
    pos: usize,
    pending: Option<Field<'a>>,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Parser {
            text,
            pos: 0,
            pending: None,
        }
    }

    fn take(&mut self) -> Option<u8> {
        let b = *self.text.get(self.pos)?;
        self.pos += 1;
        Some(b)
    }

    /// One literal (maybe empty) and the field after it, as `_string.formatter_parser` yields them. `{{` and `}}` end a
    /// literal with one brace and have no field.
    pub fn next_pair(&mut self) -> Option<Result<Pair<'a>, TextError>> {
        if self.pos >= self.text.len() {
            return None;
        }
        let pair = self.pair();
        if pair.is_err() {
            self.pos = self.text.len();
        }
        Some(pair)
    }

    fn pair(&mut self) -> Result<Pair<'a>, TextError> {
        let start = self.pos;
        let Some(len) = memchr::memchr2(b'{', b'}', &self.text[start..]) else {
            self.pos = self.text.len();
            return Ok((&self.text[start..], None));
        };
        let brace = self.text[start + len];
        let next = self.text.get(start + len + 1).copied();
        if next == Some(brace) {
            self.pos = start + len + 2;
            return Ok((&self.text[start..start + len + 1], None));
        }
        if brace == b'}' {
            return Err(TextError::value("Single '}' encountered in format string"));
        }
        if next.is_none() {
            return Err(TextError::value("Single '{' encountered in format string"));
        }
        self.pos = start + len + 1;
        let field = self.field()?;
        Ok((&self.text[start..start + len], Some(field)))
    }

    fn field(&mut self) -> Result<Field<'a>, TextError> {
        let start = self.pos;
        let mut last = 0;
        while let Some(b) = self.take() {
            last = b;
            match b {
                b'{' => return Err(TextError::value("unexpected '{' in field name")),
                b'[' => self.skip_index(),
                b'}' | b':' | b'!' => break,
                _ => {}
            }
        }
        let name = &self.text[start..self.pos - 1];
        match last {
            b'}' => Ok(Field {
                name,
                conversion: None,
                spec: &[],
                nested: false,
            }),
            b':' => self.spec(name, None),
            b'!' => self.conversion(name),
            _ => Err(TextError::value("expected '}' before end of string")),
        }
    }

    /// To the ']', where any character may stand.
    fn skip_index(&mut self) {
        let rest = &self.text[self.pos..];
        self.pos += memchr::memchr(b']', rest).unwrap_or(rest.len());
    }

    fn conversion(&mut self, name: &'a [u8]) -> Result<Field<'a>, TextError> {
        let Some((cp, n)) = wtf8::decode_at(self.text, self.pos) else {
            return Err(TextError::value(
                "end of string while looking for conversion specifier",
            ));
        };
        self.pos += n;
        match self.take() {
            Some(b'}') => Ok(Field {
                name,
                conversion: Some(cp),
                spec: &[],
                nested: false,
            }),
            Some(b':') | None => self.spec(name, Some(cp)),
            Some(_) => Err(TextError::value("expected ':' after conversion specifier")),
        }
    }

    fn spec(&mut self, name: &'a [u8], conversion: Option<u32>) -> Result<Field<'a>, TextError> {
        let start = self.pos;
        let (mut depth, mut nested) = (1usize, false);
        while let Some(b) = self.take() {
            match b {
                b'{' => (depth, nested) = (depth + 1, true),
                b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(Field {
                    name,
                    conversion,
                    spec: &self.text[start..self.pos - 1],
                    nested,
                });
            }
        }
        Err(TextError::value("unmatched '{' in format spec"))
    }
}

impl<'a> Iterator for Parser<'a> {
    type Item = Result<Piece<'a>, TextError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(field) = self.pending.take() {
            return Some(Ok(Piece::Field(field)));
        }
        loop {
            match self.next_pair()? {
                Err(e) => return Some(Err(e)),
                Ok((literal, field)) if !literal.is_empty() => {
                    self.pending = field;
                    return Some(Ok(Piece::Literal(literal)));
                }
                Ok((_, Some(field))) => return Some(Ok(Piece::Field(field))),
                Ok(_) => {}
            }
        }
    }
}

/// The first part of a field name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First<'a> {
    /// Empty: takes the next number.
    Auto,
    Index(usize),
    Name(&'a [u8]),
}

/// What follows: `.attr`, `[3]`, `[key]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access<'a> {
    Attribute(&'a [u8]),
    Index(usize),
    Key(&'a [u8]),
}

/// Splits a field name; the accesses come lazily.
pub fn split_name(name: &[u8]) -> Result<(First<'_>, Accesses<'_>), TextError> {
    let end = memchr::memchr2(b'.', b'[', name).unwrap_or(name.len());
    let first = match (&name[..end], integer(&name[..end])?) {
        ([], _) => First::Auto,
        (_, Some(i)) => First::Index(i),
        (text, None) => First::Name(text),
    };
    Ok((first, Accesses { rest: &name[end..] }))
}

/// Decimal digits (of any script) as an index; `None` for other text.
fn integer(text: &[u8]) -> Result<Option<usize>, TextError> {
    let mut value = 0usize;
    if text.is_empty() {
        return Ok(None);
    }
    for cp in wtf8::code_points(text) {
        let Some(d) = decimal_value(cp) else {
            return Ok(None);
        };
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(d as usize))
            .filter(|&v| v <= isize::MAX as usize)
            .ok_or_else(|| TextError::value("Too many decimal digits in format string"))?;
    }
    Ok(Some(value))
}

/// Iterator over the accesses of a field name.
#[derive(Clone, Debug)]
pub struct Accesses<'a> {
    rest: &'a [u8],
}

impl<'a> Accesses<'a> {
    fn step(&mut self) -> Result<Access<'a>, TextError> {
        let rest = self.rest;
        let (access, used) = match rest[0] {
            b'.' => {
                let end = memchr::memchr2(b'.', b'[', &rest[1..]).map_or(rest.len(), |n| n + 1);
                (Access::Attribute(&rest[1..end]), end)
            }
            b'[' => {
                let end = memchr::memchr(b']', rest)
                    .ok_or_else(|| TextError::value("Missing ']' in format string"))?;
                let key = &rest[1..end];
                (
                    integer(key)?.map_or(Access::Key(key), Access::Index),
                    end + 1,
                )
            }
            _ => {
                return Err(TextError::value(
                    "Only '.' or '[' may follow ']' in format field specifier",
                ));
            }
        };
        if matches!(access, Access::Attribute([]) | Access::Key([])) {
            return Err(TextError::value("Empty attribute in format string"));
        }
        self.rest = &rest[used..];
        Ok(access)
    }
}

impl<'a> Iterator for Accesses<'a> {
    type Item = Result<Access<'a>, TextError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let step = self.step();
        if step.is_err() {
            self.rest = &[];
        }
        Some(step)
    }
}

/// Numbers empty fields, and refuses a mix with written numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoNumber {
    #[default]
    Unused,
    Automatic(usize),
    Manual,
}

impl AutoNumber {
    /// The index that `first` stands for; `None` for a name.
    pub fn resolve(&mut self, first: First<'_>) -> Result<Option<usize>, TextError> {
        let mixed = |from: &str, to: &str| {
            Err(TextError::value(format!(
                "cannot switch from {from} to {to}"
            )))
        };
        const MANUAL: &str = "manual field specification";
        const AUTOMATIC: &str = "automatic field numbering";
        match (*self, first) {
            (_, First::Name(_)) => Ok(None),
            (AutoNumber::Manual, First::Auto) => mixed(MANUAL, AUTOMATIC),
            (AutoNumber::Automatic(_), First::Index(_)) => mixed(AUTOMATIC, MANUAL),
            (_, First::Index(i)) => {
                *self = AutoNumber::Manual;
                Ok(Some(i))
            }
            (state, First::Auto) => {
                let n = if let AutoNumber::Automatic(n) = state {
                    n
                } else {
                    0
                };
                *self = AutoNumber::Automatic(n + 1);
                Ok(Some(n))
            }
        }
    }
}

/// ValueError for a conversion other than `r`, `s`, `a`.
pub fn unknown_conversion(cp: u32) -> TextError {
    let mut shown = String::new();
    match cp {
        33..=126 => shown.push(cp as u8 as char),
        0..=0xFF => push_hex_escape(&mut shown, cp),
        _ => shown = format!("\\x{cp:x}"),
    }
    TextError::value(format!("Unknown conversion specifier {shown}"))
}

/// ValueError for fields nested more than two deep.
pub fn too_deep() -> TextError {
    TextError::value("Max string recursion exceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(format: &str) -> Result<String, TextError> {
        let mut parser = Parser::new(format.as_bytes());
        let mut out = Vec::new();
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        while let Some(pair) = parser.next_pair() {
            let (literal, field) = pair?;
            let field = field.map(|f| {
                let conversion = f
                    .conversion
                    .and_then(char::from_u32)
                    .map(String::from)
                    .unwrap_or_default();
                format!("{}|{conversion}|{}", text(f.name), text(f.spec))
            });
            out.push(format!("{}|{}", text(literal), field.unwrap_or("-".into())));
        }
        Ok(out.join(";"))
    }

    #[test]
    fn fields() {
        let table = [
            ("", ""),
            ("abc", "abc|-"),
            ("{}", "|||"),
            ("a{0}b", "a|0||;b|-"),
            ("{{}}", "{|-;}|-"),
            ("a{{b", "a{|-;b|-"),
            ("{a.b[0]!r:>{w}}x", "|a.b[0]|r|>{w};x|-"),
            ("{", "ValueError: Single '{' encountered in format string"),
            ("}", "ValueError: Single '}' encountered in format string"),
            ("{a", "ValueError: expected '}' before end of string"),
            (
                "{a!",
                "ValueError: end of string while looking for conversion specifier",
            ),
            ("{a!r", "ValueError: unmatched '{' in format spec"),
            (
                "{a!rr}",
                "ValueError: expected ':' after conversion specifier",
            ),
            ("{a!}", "ValueError: unmatched '{' in format spec"),
            ("{a[}", "ValueError: expected '}' before end of string"),
            ("{a[}]}", "|a[}]||"),
            ("{a{b}}", "ValueError: unexpected '{' in field name"),
            (
                "{:}}",
                "ValueError: Single '}' encountered in format string",
            ),
            ("{:{", "ValueError: unmatched '{' in format spec"),
            ("{0:", "ValueError: unmatched '{' in format spec"),
            ("{!s}", "||s|"),
            ("{:a{{}", "ValueError: unmatched '{' in format spec"),
            (
                "\u{e9}{\u{e9}!\u{e9}:\u{e9}}",
                "\u{e9}|\u{e9}|\u{e9}|\u{e9}",
            ),
            ("a}", "ValueError: Single '}' encountered in format string"),
            ("}}}", "ValueError: Single '}' encountered in format string"),
            ("{a[", "ValueError: expected '}' before end of string"),
            ("{a[]:!}", "|a[]||!"),
            ("{a:!r}", "|a||!r"),
        ];
        for (format, want) in table {
            assert_eq!(
                dump(format).unwrap_or_else(|e| e.to_string()),
                want,
                "{format}"
            );
        }
        let pieces: Vec<_> = Parser::new(b"a{{{0:{w}}")
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(pieces.len(), 2);
        assert!(matches!(
            pieces[1],
            Piece::Field(Field { nested: true, .. })
        ));
    }

    fn names(name: &str) -> Result<String, TextError> {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        let (first, rest) = split_name(name.as_bytes())?;
        let mut out = match first {
            First::Auto => String::new(),
            First::Index(i) => i.to_string(),
            First::Name(n) => text(n),
        };
        for access in rest {
            match access? {
                Access::Attribute(n) => out += &format!(".{}", text(n)),
                Access::Index(i) => out += &format!("[{i}]"),
                Access::Key(n) => out += &format!("[{}]", text(n)),
            }
        }
        Ok(out)
    }

    #[test]
    fn field_names() {
        let table = [
            ("", ""),
            ("a", "a"),
            ("007", "7"),
            ("a.b", "a.b"),
            ("a[0].c[x y]", "a[0].c[x y]"),
            ("0[-1]", "0[-1]"),
            ("a[]", "ValueError: Empty attribute in format string"),
            ("a.", "ValueError: Empty attribute in format string"),
            (
                "a[0]b",
                "ValueError: Only '.' or '[' may follow ']' in format field specifier",
            ),
            ("a[0", "ValueError: Missing ']' in format string"),
            (".b", ".b"),
            ("[3]", "[3]"),
            ("\u{663}", "3"),
            ("a..b", "ValueError: Empty attribute in format string"),
            (
                "99999999999999999999",
                "ValueError: Too many decimal digits in format string",
            ),
            (
                "0[99999999999999999999]",
                "ValueError: Too many decimal digits in format string",
            ),
            ("a]", "a]"),
        ];
        for (name, want) in table {
            assert_eq!(
                names(name).unwrap_or_else(|e| e.to_string()),
                want,
                "{name}"
            );
        }
        let mut auto = AutoNumber::default();
        assert_eq!(auto.resolve(First::Auto), Ok(Some(0)));
        assert_eq!(auto.resolve(First::Name(b"x")), Ok(None));
        assert_eq!(auto.resolve(First::Auto), Ok(Some(1)));
        let error = auto.resolve(First::Index(0)).unwrap_err();
        assert_eq!(
            error.msg,
            "cannot switch from automatic field numbering to manual field specification"
        );
        let mut manual = AutoNumber::Manual;
        let error = manual.resolve(First::Auto).unwrap_err();
        assert_eq!(
            error.msg,
            "cannot switch from manual field specification to automatic field numbering"
        );
    }
}
