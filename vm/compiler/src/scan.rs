//! A tokenizer in CPython's manner, for error messages and limits only (Parser/lexer/lexer.c).
//!
//! It runs once the parser has found an error: it says what CPython's tokenizer would have said, and gives the error
//! parser (`syntax`) the tokens that CPython's grammar speaks of.
use crate::error::{ErrorKind, Fault, Shown};
use crate::lines::LineIndex;
use lasti_bytecode::code::Position;

mod fstring;
mod number;
mod words;

use fstring::Mode;

const MAX_INDENT: usize = 100;
const MAX_LEVEL: usize = 200;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    Name,
    Keyword,
    Number,
    String,
    /// Of f-strings (false) and t-strings (true): prefix and quote, text, quote.
    FStart(bool),
    FMiddle(bool),
    FEnd(bool),
    Op,
    Newline,
    Indent,
    Dedent,
    End,
}

#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
    /// Open brackets behind it.
    pub level: usize,
    /// How far the text was read when it was made.
    pub read: usize,
}

/// Where and why the tokens end before the text does.
#[derive(Debug)]
pub struct Stop {
    pub fault: Box<Fault>,
    /// CPython's tokenizer raises these itself. The others count only once the parser gets there.
    pub raised: bool,
    /// Inside an f-string.
    pub inside: bool,
}

#[derive(Debug, Default)]
pub struct Scan {
    pub tokens: Vec<Token>,
    pub stop: Option<Stop>,
    /// Bracket and offset of the innermost bracket still open at the end.
    pub unclosed: Option<(char, usize)>,
}

struct Scanner<'a> {
    source: &'a str,
    bytes: &'a [u8],
    lines: &'a LineIndex,
    at: usize,
    open: Vec<(u8, usize)>,
    indents: Vec<(usize, usize)>,
    modes: Vec<Mode>,
    out: Vec<Token>,
}

type Step = Result<(), Stop>;

/// Tokenizes as far as there is no error. With `interactive`, a line is ended at the end of the text.
pub fn scan(source: &str, lines: &LineIndex, interactive: bool) -> Scan {
    let mut s = Scanner {
        source,
        bytes: source.as_bytes(),
        lines,
        at: 0,
        open: Vec::new(),
        indents: vec![(0, 0)],
        modes: Vec::new(),
        out: Vec::new(),
    };
    let stop = s.run(interactive).err();
    Scan {
        unclosed: s.open.last().map(|&(b, at)| (char::from(b), at)),
        tokens: s.out,
        stop,
    }
}

/// A place of which CPython knows only the start.
pub fn open_end(pos: Position) -> Position {
    Position {
        end_col: Fault::NO_END,
        ..pos
    }
}

pub fn never_closed(lines: &LineIndex, bracket: char, at: usize) -> Box<Fault> {
    let (line, col) = lines.line_col(at as u32);
    let pos = Position {
        line,
        end_line: line,
        col,
        end_col: Fault::NO_END,
    };
    let mut fault = Fault::syntax(format!("'{bracket}' was never closed"), pos);
    if line < lines.last() {
        fault.shown = Shown::Bare;
    }
    fault
}

impl Scanner<'_> {
    fn peek(&self, n: usize) -> u8 {
        self.bytes.get(self.at + n).copied().unwrap_or(0)
    }

    fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn line(&self, at: usize) -> u32 {
        self.lines.line(at.min(self.bytes.len()) as u32)
    }

    /// The start of the last character before `end`, of the same line.
    fn before(&self, end: usize) -> Position {
        let end = end.min(self.bytes.len());
        let start = self.source.floor_char_boundary(end.saturating_sub(1));
        let (line, col) = self.lines.line_col(start as u32);
        Position {
            line,
            end_line: line,
            col,
            end_col: col,
        }
    }

    /// An error of the tokenizer, which points at the last character read.
    fn error_at(&self, msg: impl Into<String>, end: usize) -> Stop {
        Stop {
            fault: Fault::syntax(msg, self.before(end)).bare(),
            raised: true,
            inside: !self.modes.is_empty(),
        }
    }

    fn error(&self, msg: impl Into<String>) -> Stop {
        self.error_at(msg, self.at)
    }

    fn error_in(&self, msg: impl Into<String>, start: usize, end: usize) -> Stop {
        let mut stop = self.error_at(msg, start + 1);
        stop.fault.pos.end_col = stop.fault.pos.col + (end - start) as u32;
        stop
    }

    /// A state in which the tokenizer can only say that it cannot go on.
    fn stuck(&self, kind: ErrorKind, msg: &str, pos: Position) -> Stop {
        Stop {
            fault: Fault::of(kind, msg, pos),
            raised: false,
            inside: !self.modes.is_empty(),
        }
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        self.push_to(kind, start, self.at);
    }

    fn push_to(&mut self, kind: TokenKind, start: usize, end: usize) {
        self.out.push(Token {
            kind,
            start,
            end,
            level: self.open.len(),
            read: self.at,
        });
    }

    fn run(&mut self, interactive: bool) -> Step {
        let mut line_start = true;
        let mut comment = None;
        loop {
            if self.in_fstring_text() {
                self.fstring_text()?;
                continue;
            }
            if line_start && self.open.is_empty() && self.indentation()? {
                continue;
            }
            line_start = false;
            while matches!(self.peek(0), b' ' | b'\t' | b'\x0c') {
                self.at += 1;
            }
            if self.at_end() {
                break;
            }
            let start = self.at;
            match self.peek(0) {
                b'#' => {
                    comment = Some(start);
                    while !self.at_end() && self.peek(0) != b'\n' {
                        self.at += 1;
                    }
                }
                b'\n' => {
                    self.at += 1;
                    // A newline begins with the comment before it.
                    let start = comment.take().unwrap_or(start);
                    if self.open.is_empty() {
                        self.push(TokenKind::Newline, start);
                        line_start = true;
                    }
                }
                b'\\' => self.continued_line()?,
                b'"' | b'\'' => self.string(start)?,
                b'0'..=b'9' => self.number()?,
                b'.' if self.peek(1).is_ascii_digit() => self.number()?,
                b if words::is_name_byte(b) => self.name()?,
                _ => self.operator()?,
            }
        }
        self.finish(interactive)
    }

    fn finish(&mut self, interactive: bool) -> Step {
        if let Some(&(bracket, at)) = self.open.last() {
            return Err(Stop {
                fault: never_closed(self.lines, char::from(bracket), at),
                raised: false,
                inside: !self.modes.is_empty(),
            });
        }
        let end = self.at;
        let ended = self.out.last().is_none_or(|t| t.kind == TokenKind::Newline);
        if interactive && !ended {
            self.push(TokenKind::Newline, end);
        }
        while self.indents.len() > 1 {
            self.indents.pop();
            self.push(TokenKind::Dedent, end);
        }
        // Interactive input gets a newline of its own.
        if interactive && ended && !self.out.is_empty() {
            self.push(TokenKind::Newline, end);
        }
        self.push(TokenKind::End, end);
        Ok(())
    }

    fn continued_line(&mut self) -> Step {
        let here = self.at;
        self.at += 1;
        let mut ended = false;
        if self.peek(0) == b'\n' {
            self.at += 1;
            ended = self.at_end();
            if !ended {
                return Ok(());
            }
        }
        if ended {
            return Err(match self.open.last() {
                Some(&(bracket, at)) => Stop {
                    fault: never_closed(self.lines, char::from(bracket), at),
                    raised: false,
                    inside: !self.modes.is_empty(),
                },
                None => {
                    let mut pos = self.before(self.at);
                    pos.end_col = Fault::UNKNOWN_END;
                    self.stuck(ErrorKind::Syntax, "unexpected EOF while parsing", pos)
                }
            });
        }
        let place = here + usize::from(!self.at_end());
        let (line, col) = self.lines.line_col(place as u32);
        let pos = open_end(Position {
            line,
            end_line: line,
            col,
            end_col: 0,
        });
        let msg = "unexpected character after line continuation character";
        Err(self.stuck(ErrorKind::Syntax, msg, pos))
    }

    /// At a line's start. True when the line was blank and is skipped.
    fn indentation(&mut self) -> Result<bool, Stop> {
        let start = self.at;
        let (mut col, mut alt) = (0, 0);
        let mut continued = None;
        loop {
            match self.peek(0) {
                b' ' => (col, alt) = (col + 1, alt + 1),
                b'\t' => (col, alt) = ((col / 8 + 1) * 8, alt + 1),
                b'\x0c' => (col, alt) = (0, 0),
                b'\\' => {
                    // The indentation of the first of the joined lines counts.
                    continued = continued.or(Some((col, alt)));
                    self.continued_line()?;
                    continue;
                }
                _ => break,
            }
            self.at += 1;
        }
        let (col, alt) = continued.unwrap_or((col, alt));
        match self.peek(0) {
            b'#' => {
                while !self.at_end() && self.peek(0) != b'\n' {
                    self.at += 1;
                }
                self.at += usize::from(!self.at_end());
                return Ok(!self.at_end());
            }
            b'\n' => {
                self.at += 1;
                return Ok(true);
            }
            0 if self.at_end() => return Ok(false),
            _ => {}
        }
        let line = self.line(self.at);
        let line_end = self.source[self.at..]
            .find('\n')
            .map_or(self.source.len(), |n| self.at + n);
        let place = |at: u32| Position {
            line,
            end_line: line,
            col: at,
            end_col: Fault::NO_END,
        };
        let tab = "inconsistent use of tabs and spaces in indentation";
        let (top, top_alt) = *self.indents.last().expect("the first indentation stays");
        if col == top {
            if alt != top_alt {
                return Err(self.stuck(ErrorKind::Tab, tab, place(0)));
            }
        } else if col > top {
            if self.indents.len() >= MAX_INDENT {
                let msg = "too many levels of indentation";
                return Err(self.stuck(ErrorKind::Indentation, msg, place(0)));
            }
            if alt <= top_alt {
                return Err(self.stuck(ErrorKind::Tab, tab, place(0)));
            }
            self.indents.push((col, alt));
            self.push(TokenKind::Indent, start);
        } else {
            let before = self.indents.len();
            while self.indents.len() > 1 && col < self.indents.last().map_or(0, |i| i.0) {
                self.indents.pop();
            }
            let (top, top_alt) = *self.indents.last().expect("the first indentation stays");
            if col != top {
                let msg = "unindent does not match any outer indentation level";
                let mut pos = place((line_end as u32) - self.lines.start(line));
                pos.end_col = Fault::UNKNOWN_END;
                return Err(self.stuck(ErrorKind::Indentation, msg, pos));
            }
            if alt != top_alt {
                return Err(self.stuck(ErrorKind::Tab, tab, place(0)));
            }
            for _ in self.indents.len()..before {
                self.push(TokenKind::Dedent, self.at);
            }
        }
        Ok(false)
    }

    /// A plain string, from its quote on; `start` is where its prefix begins.
    fn string(&mut self, start: usize) -> Step {
        let quote_at = self.at;
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        let width = if triple { 3 } else { 1 };
        self.at += width;
        let mut escaped_quote = false;
        loop {
            if self.at_end() || (!triple && self.peek(0) == b'\n') {
                return Err(self.unterminated(start, quote_at, width, escaped_quote));
            }
            let b = self.peek(0);
            if b == b'\\' {
                escaped_quote |= self.peek(1) == quote;
                self.at = (self.at + 2).min(self.bytes.len());
            } else if b == quote && (!triple || (self.peek(1) == quote && self.peek(2) == quote)) {
                self.at += width;
                break;
            } else {
                self.at += 1;
            }
        }
        self.push(TokenKind::String, start);
        Ok(())
    }

    fn unterminated(&self, start: usize, quote: usize, width: usize, escaped: bool) -> Stop {
        if let Some(mode) = self.modes.last()
            && mode.quote == self.bytes[quote]
            && mode.width == width
        {
            return self.error_at(format!("{}: expecting '}}'", mode.word()), start + 1);
        }
        let line = self.last_line();
        if width == 3 {
            let msg =
                format!("unterminated triple-quoted string literal (detected at line {line})");
            return self.error_at(msg, start + 1);
        }
        let hint = if escaped {
            "; perhaps you escaped the end quote?"
        } else {
            ""
        };
        let msg = format!("unterminated string literal (detected at line {line}){hint}");
        self.error_at(msg, start + 1)
    }

    /// The line the tokenizer has come to; the end of the text is on its last line.
    fn last_line(&self) -> u32 {
        if self.at_end() && self.source.ends_with('\n') {
            return self.line(self.bytes.len() - 1);
        }
        self.line(self.at)
    }

    fn operator(&mut self) -> Step {
        const LONG: [&str; 25] = [
            "**=", "//=", ">>=", "<<=", "...", "!=", "==", "<=", ">=", "->", ":=", "+=", "-=",
            "*=", "/=", "%=", "@=", "&=", "|=", "^=", "**", "//", "<<", ">>", "<>",
        ];
        let start = self.at;
        let b = self.peek(0);
        if b == b':' && self.begins_format_spec() {
            self.at += 1;
            self.push(TokenKind::Op, start);
            return Ok(());
        }
        let rest = &self.source[start..];
        if let Some(op) = LONG.iter().find(|op| rest.starts_with(**op)) {
            self.at += op.len();
            self.push(TokenKind::Op, start);
            return Ok(());
        }
        match b {
            b'(' | b'[' | b'{' => {
                self.at += 1;
                if self.open.len() >= MAX_LEVEL {
                    return Err(self.error("too many nested parentheses"));
                }
                self.open.push((b, start));
                if let Some(mode) = self.modes.last_mut() {
                    mode.depth += 1;
                }
                self.push(TokenKind::Op, start);
            }
            b')' | b']' | b'}' => {
                self.at += 1;
                self.closing(b, start)?;
                self.push(TokenKind::Op, start);
            }
            _ => {
                let c = rest.chars().next().unwrap_or('\0');
                self.at += c.len_utf8();
                if c.is_control() {
                    return Err(self.error(words::bad_character(c)));
                }
                self.push(TokenKind::Op, start);
            }
        }
        Ok(())
    }

    fn closing(&mut self, b: u8, start: usize) -> Step {
        let close = char::from(b);
        let mode = self.modes.last().copied();
        if let Some(mode) = mode
            && mode.depth == 0
            && b == b'}'
        {
            let msg = format!("{}: single '}}' is not allowed", mode.word());
            return Err(self.error(msg));
        }
        let Some((open, at)) = self.open.pop() else {
            return Err(self.error(format!("unmatched '{close}'")));
        };
        if !matches!((open, b), (b'(', b')') | (b'[', b']') | (b'{', b'}')) {
            if let Some(mode) = mode
                && open == b'{'
                && mode.depth == mode.expressions
            {
                let msg = format!("{}: unmatched '{close}'", mode.word());
                return Err(self.error(msg));
            }
            let (there, here) = (self.line(at), self.line(start));
            let on = if there == here {
                String::new()
            } else {
                format!(" on line {there}")
            };
            let open = char::from(open);
            let msg = format!(
                "closing parenthesis '{close}' does not match opening parenthesis '{open}'{on}"
            );
            return Err(self.error(msg));
        }
        if let Some(mode) = self.modes.last_mut() {
            if mode.depth == 0 {
                let msg = format!("{}: unmatched '{close}'", mode.word());
                return Err(self.error(msg));
            }
            mode.depth -= 1;
            if b == b'}' && mode.depth + 1 == mode.expressions {
                mode.expressions -= 1;
                mode.text = true;
                mode.spec = false;
            }
        }
        Ok(())
    }
}
