//! A plain tokenizer in CPython's manner, for error messages and limits only (Parser/tokenizer.c).
//!
//! It runs when the parser has found an error, to say what CPython's tokenizer would have said first, and
//! to give the classifier tokens with bracket levels.
use crate::error::ErrorKind;

const MAX_INDENT: usize = 100;
const MAX_LEVEL: usize = 200;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Name,
    Number,
    String,
    Op,
    Newline,
    Indent,
    Dedent,
    End,
}

#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    /// Open brackets around it (an opening bracket counts from the next token on).
    pub level: usize,
}

/// An error of the tokenizer: kind, text, byte range.
#[derive(Clone, Debug)]
pub struct ScanError {
    pub kind: ErrorKind,
    pub msg: String,
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Default)]
pub struct Scan {
    pub tokens: Vec<Token>,
    pub error: Option<ScanError>,
    /// Bracket and offset of the innermost bracket still open at the end.
    pub unclosed: Option<(char, usize)>,
}

struct Scanner<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    open: Vec<(u8, usize)>,
    indents: Vec<(usize, usize)>,
    out: Vec<Token>,
}

type Step = Result<(), ScanError>;

fn error(msg: impl Into<String>, start: usize, end: usize) -> ScanError {
    ScanError {
        kind: ErrorKind::Syntax,
        msg: msg.into(),
        start,
        end,
    }
}

/// Tokenizes as far as there is no error.
pub fn scan(source: &str) -> Scan {
    let mut s = Scanner {
        source,
        bytes: source.as_bytes(),
        at: 0,
        open: Vec::new(),
        indents: vec![(0, 0)],
        out: Vec::new(),
    };
    let error = s.run().err();
    let unclosed = s.open.last().map(|&(b, at)| (char::from(b), at));
    Scan {
        tokens: s.out,
        error,
        unclosed,
    }
}

fn line_of(source: &str, at: usize) -> usize {
    source.as_bytes()[..at.min(source.len())]
        .iter()
        .filter(|&&b| b == b'\n')
        .count()
        + 1
}

fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

impl Scanner<'_> {
    fn peek(&self, n: usize) -> u8 {
        self.bytes.get(self.at + n).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.out.push(Token {
            kind,
            start,
            end: self.at,
            level: self.open.len(),
        });
    }

    fn run(&mut self) -> Step {
        let mut line_start = true;
        loop {
            if line_start && self.open.is_empty() && self.indentation()? {
                continue;
            }
            line_start = false;
            while matches!(self.peek(0), b' ' | b'\t' | b'\x0c') {
                self.at += 1;
            }
            if self.at >= self.bytes.len() {
                break;
            }
            let start = self.at;
            match self.peek(0) {
                b'#' => {
                    while self.at < self.bytes.len() && self.peek(0) != b'\n' {
                        self.at += 1;
                    }
                }
                b'\n' => {
                    self.at += 1;
                    if self.open.is_empty() {
                        self.push(Kind::Newline, start);
                        line_start = true;
                    }
                }
                b'\\' => {
                    if self.peek(1) == b'\n' {
                        self.at += 2;
                        if self.at >= self.bytes.len() {
                            return Err(error("unexpected EOF while parsing", start, start + 1));
                        }
                    } else if self.at + 1 >= self.bytes.len() {
                        return Err(error("unexpected EOF while parsing", start, start + 1));
                    } else {
                        let msg = "unexpected character after line continuation character";
                        return Err(error(msg, start + 1, start + 1));
                    }
                }
                b'"' | b'\'' => self.string(start, false, false)?,
                b'0'..=b'9' => self.number()?,
                b'.' if self.peek(1).is_ascii_digit() => self.number()?,
                b if is_name_byte(b) => self.name()?,
                _ => self.operator()?,
            }
        }
        let end = self.at;
        if self.open.is_empty() && self.out.last().is_some_and(|t| t.kind != Kind::Newline) {
            self.push(Kind::Newline, end);
        }
        if self.open.is_empty() {
            while self.indents.len() > 1 {
                self.indents.pop();
                self.push(Kind::Dedent, end);
            }
        }
        self.push(Kind::End, end);
        Ok(())
    }

    /// At a line's start. True when the line was blank and is skipped.
    fn indentation(&mut self) -> Result<bool, ScanError> {
        let start = self.at;
        let (mut col, mut alt) = (0, 0);
        loop {
            match self.peek(0) {
                b' ' => (col, alt) = (col + 1, alt + 1),
                b'\t' => (col, alt) = ((col / 8 + 1) * 8, alt + 1),
                b'\x0c' => (col, alt) = (0, 0),
                _ => break,
            }
            self.at += 1;
        }
        match self.peek(0) {
            b'#' => {
                while self.at < self.bytes.len() && self.peek(0) != b'\n' {
                    self.at += 1;
                }
                self.at += usize::from(self.at < self.bytes.len());
                return Ok(self.at < self.bytes.len());
            }
            b'\n' => {
                self.at += 1;
                return Ok(true);
            }
            0 if self.at >= self.bytes.len() => return Ok(false),
            b'\\' => return Ok(false),
            _ => {}
        }
        let line_end = self.source[self.at..]
            .find('\n')
            .map_or(self.source.len(), |n| self.at + n);
        let tab = |start| ScanError {
            kind: ErrorKind::Tab,
            msg: "inconsistent use of tabs and spaces in indentation".into(),
            start,
            end: line_end,
        };
        let (top, top_alt) = *self.indents.last().expect("the first indentation stays");
        if col == top {
            if alt != top_alt {
                return Err(tab(line_end));
            }
        } else if col > top {
            if alt <= top_alt {
                return Err(tab(line_end));
            }
            if self.indents.len() >= MAX_INDENT {
                return Err(ScanError {
                    kind: ErrorKind::Indentation,
                    msg: "too many levels of indentation".into(),
                    start: self.at,
                    end: self.at,
                });
            }
            self.indents.push((col, alt));
            self.push(Kind::Indent, start);
        } else {
            while self.indents.len() > 1 && col < self.indents.last().map_or(0, |i| i.0) {
                self.indents.pop();
                let at = self.at;
                self.out.push(Token {
                    kind: Kind::Dedent,
                    start: at,
                    end: at,
                    level: 0,
                });
            }
            let (top, top_alt) = *self.indents.last().expect("the first indentation stays");
            if col != top {
                return Err(ScanError {
                    kind: ErrorKind::Indentation,
                    msg: "unindent does not match any outer indentation level".into(),
                    start: line_end,
                    end: line_end,
                });
            }
            if alt != top_alt {
                return Err(tab(line_end));
            }
        }
        Ok(false)
    }

    fn name(&mut self) -> Step {
        let start = self.at;
        while self.at < self.bytes.len() && is_name_byte(self.peek(0)) {
            self.at += 1;
        }
        let text = &self.source[start..self.at];
        if matches!(self.peek(0), b'"' | b'\'') && text.len() <= 2 {
            let lower = text.to_ascii_lowercase();
            if matches!(
                &*lower,
                "r" | "u" | "b" | "f" | "t" | "br" | "rb" | "fr" | "rf" | "tr" | "rt"
            ) {
                let formatted = lower.contains(['f', 't']);
                return self.string(start, formatted, lower.contains('t'));
            }
        }
        for (i, c) in text.char_indices() {
            let valid = c.is_ascii()
                || if i == 0 {
                    c.is_alphabetic()
                } else {
                    c.is_alphanumeric() || is_mark(c)
                };
            if !valid {
                return Err(invalid_character(c, start + i));
            }
        }
        self.push(Kind::Name, start);
        Ok(())
    }

    fn number(&mut self) -> Step {
        let start = self.at;
        let radix = match (self.peek(0), self.peek(1) | 0x20) {
            (b'0', b'x') => Some(("hexadecimal", 16)),
            (b'0', b'o') => Some(("octal", 8)),
            (b'0', b'b') => Some(("binary", 2)),
            _ => None,
        };
        let bad = |s: &Self, msg: String| Err(error(msg, s.at.saturating_sub(1).max(start), s.at));
        if let Some((word, radix)) = radix {
            self.at += 2;
            let digits = self.at;
            while char::from(self.peek(0)).is_digit(radix) || self.peek(0) == b'_' {
                self.at += 1;
            }
            if self.peek(0).is_ascii_digit() {
                let d = char::from(self.peek(0));
                self.at += 1;
                return bad(self, format!("invalid digit '{d}' in {word} literal"));
            }
            if self.at == digits || self.bytes[self.at - 1] == b'_' || is_name_byte(self.peek(0)) {
                return bad(self, format!("invalid {word} literal"));
            }
            self.push(Kind::Number, start);
            return Ok(());
        }
        let mut float = false;
        self.digits()?;
        let whole = self.at;
        if self.peek(0) == b'.' {
            float = true;
            self.at += 1;
            self.digits()?;
        }
        if self.peek(0) | 0x20 == b'e' {
            let signed = usize::from(matches!(self.peek(1), b'+' | b'-'));
            if self.peek(1 + signed).is_ascii_digit() {
                float = true;
                self.at += 1 + signed;
                self.digits()?;
            }
        }
        let imaginary = self.peek(0) | 0x20 == b'j';
        self.at += usize::from(imaginary);
        let text = &self.source[start..whole];
        if !float
            && !imaginary
            && text.starts_with('0')
            && text.bytes().any(|b| (b'1'..=b'9').contains(&b))
        {
            let msg = "leading zeros in decimal integer literals are not permitted; use an 0o prefix for \
                       octal integers";
            let zeros = text.bytes().take_while(|&b| b == b'0' || b == b'_').count();
            return Err(error(msg, start, start + zeros));
        }
        if is_name_byte(self.peek(0)) && !self.keyword_follows() {
            self.at += usize::from(self.peek(0) < 0x80);
            self.at = self.at.max(start + 1);
            let word = if imaginary { "imaginary" } else { "decimal" };
            let from = self.at.saturating_sub(2).max(start);
            return Err(error(format!("invalid {word} literal"), from, from + 1));
        }
        self.push(Kind::Number, start);
        Ok(())
    }

    fn digits(&mut self) -> Step {
        while self.peek(0).is_ascii_digit()
            || (self.peek(0) == b'_' && self.peek(1).is_ascii_digit())
        {
            self.at += 1;
        }
        if self.peek(0) == b'_' {
            return Err(error("invalid decimal literal", self.at, self.at + 1));
        }
        Ok(())
    }

    /// `1if x else y` is allowed.
    fn keyword_follows(&self) -> bool {
        let rest = &self.source[self.at..];
        ["and", "else", "for", "if", "in", "is", "not", "or"]
            .iter()
            .any(|k| rest.starts_with(k))
    }

    fn string(&mut self, start: usize, formatted: bool, template: bool) -> Step {
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        let width = if triple { 3 } else { 1 };
        self.at += width;
        let prefix = match (formatted, template) {
            (true, true) => "t-string ",
            (true, false) => "f-string ",
            (false, _) => "string ",
        };
        loop {
            if self.at >= self.bytes.len() || (!triple && self.peek(0) == b'\n') {
                let line = line_of(self.source, self.at);
                let (kind, end) = if triple {
                    (format!("unterminated triple-quoted {prefix}literal"), start)
                } else {
                    (format!("unterminated {prefix}literal"), start)
                };
                let line = if triple && self.source.ends_with('\n') && self.at >= self.bytes.len() {
                    line - 1
                } else {
                    line
                };
                return Err(error(format!("{kind} (detected at line {line})"), end, end));
            }
            let b = self.peek(0);
            if b == b'\\' {
                self.at += 2;
            } else if b == quote && (!triple || (self.peek(1) == quote && self.peek(2) == quote)) {
                self.at += width;
                break;
            } else if formatted && b == b'{' {
                if self.peek(1) == b'{' {
                    self.at += 2;
                } else {
                    self.replacement_field(prefix, quote, triple)?;
                }
            } else {
                self.at += 1;
            }
        }
        self.at = self.at.min(self.bytes.len());
        self.push(Kind::String, start);
        Ok(())
    }

    /// Skips `{...}` in an f-string; strings in it may use any quote.
    fn replacement_field(&mut self, prefix: &str, outer: u8, triple: bool) -> Step {
        let start = self.at;
        let mut depth = 0usize;
        let mut spec = false;
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b'{' | b'(' | b'[' => depth += 1,
                b'}' | b')' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        self.at += 1;
                        return Ok(());
                    }
                }
                b':' if depth == 1 => spec = true,
                b if spec && depth == 1 && b == outer && !triple => {
                    let word = prefix.trim_end();
                    let msg = format!("{word}: expecting '}}', or format specs");
                    return Err(error(msg, self.at, self.at + 1));
                }
                b'"' | b'\'' => {
                    let at = self.at;
                    let before = self.out.len();
                    self.string(at, false, false)?;
                    self.out.truncate(before);
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        Err(error("'{' was never closed", start, start))
    }

    fn operator(&mut self) -> Step {
        const LONG: [&str; 25] = [
            "**=", "//=", ">>=", "<<=", "...", "!=", "==", "<=", ">=", "->", ":=", "+=", "-=",
            "*=", "/=", "%=", "@=", "&=", "|=", "^=", "**", "//", "<<", ">>", "<>",
        ];
        let start = self.at;
        let rest = &self.source[start..];
        if let Some(op) = LONG.iter().find(|op| rest.starts_with(**op)) {
            self.at += op.len();
            self.push(Kind::Op, start);
            return Ok(());
        }
        let b = self.peek(0);
        match b {
            b'(' | b'[' | b'{' => {
                if self.open.len() >= MAX_LEVEL {
                    return Err(error("too many nested parentheses", start, start + 1));
                }
                self.at += 1;
                self.push(Kind::Op, start);
                self.open.push((b, start));
            }
            b')' | b']' | b'}' => {
                let close = char::from(b);
                match self.open.pop() {
                    None => return Err(error(format!("unmatched '{close}'"), start, start + 1)),
                    Some((open, at)) => {
                        let pair = matches!((open, b), (b'(', b')') | (b'[', b']') | (b'{', b'}'));
                        if !pair {
                            let open = char::from(open);
                            let (there, here) =
                                (line_of(self.source, at), line_of(self.source, start));
                            let on = if there == here {
                                String::new()
                            } else {
                                format!(" on line {there}")
                            };
                            let msg = format!(
                                "closing parenthesis '{close}' does not match opening parenthesis '{open}'{on}"
                            );
                            return Err(error(msg, start, start + 1));
                        }
                    }
                }
                self.at += 1;
                self.push(Kind::Op, start);
            }
            b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<' | b'>'
            | b'=' | b'.' | b',' | b':' | b';' | b'!' => {
                self.at += 1;
                self.push(Kind::Op, start);
            }
            _ => {
                let c = rest.chars().next().unwrap_or('\0');
                if matches!(c, '$' | '?' | '`') {
                    // CPython's tokenizer passes these on; the parser then refuses them.
                    self.at += 1;
                    self.push(Kind::Op, start);
                    return Ok(());
                }
                return Err(invalid_character(c, start));
            }
        }
        Ok(())
    }
}

fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36f | 0x483..=0x487 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f
        | 0x900..=0x903 | 0x93a..=0x94f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x203f | 0x2040 | 0x20d0..=0x20ff
        | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f | 0xb7 | 0xe0100..=0xe01ef)
}

fn invalid_character(c: char, at: usize) -> ScanError {
    let end = at + c.len_utf8();
    let code = u32::from(c);
    let hidden = c.is_control()
        || matches!(code, 0xa0 | 0xad | 0x2000..=0x200f | 0x2028..=0x202f | 0x205f..=0x206f | 0x3000 | 0xfeff);
    if hidden {
        error(
            format!("invalid non-printable character U+{code:04X}"),
            at,
            end,
        )
    } else {
        error(format!("invalid character '{c}' (U+{code:04X})"), at, end)
    }
}
