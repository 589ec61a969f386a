//! The text of f-strings and t-strings, between their expressions.
use super::*;

/// Deepest nesting of expressions in format specs.
const MAX_NESTING: usize = 3;

/// An f-string or t-string that is being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    pub quote: u8,
    pub width: usize,
    start: usize,
    raw: bool,
    pub template: bool,
    /// Brackets open since its start.
    pub depth: usize,
    /// Expressions that the place is inside of.
    pub expressions: usize,
    /// Text comes next, not code.
    pub text: bool,
    pub spec: bool,
}

impl Mode {
    pub fn word(&self) -> &'static str {
        if self.template {
            "t-string"
        } else {
            "f-string"
        }
    }
}

impl Scanner<'_> {
    pub(super) fn in_fstring_text(&self) -> bool {
        self.modes.last().is_some_and(|m| m.text)
    }

    /// At the quote; the prefix began at `start`.
    pub(super) fn fstring_start(&mut self, start: usize, raw: bool, template: bool) -> Step {
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        let width = if triple { 3 } else { 1 };
        self.at += width;
        if self.modes.len() + 1 >= 150 {
            return Err(self.error("too many nested f-strings"));
        }
        self.modes.push(Mode {
            quote,
            width,
            start,
            raw,
            template,
            depth: 0,
            expressions: 0,
            text: true,
            spec: false,
        });
        self.push(TokenKind::FStart(template), start);
        Ok(())
    }

    /// Whether the colon here ends an expression.
    pub(super) fn begins_format_spec(&mut self) -> bool {
        match self.modes.last_mut() {
            Some(mode) if mode.expressions > 0 && mode.depth == mode.expressions => {
                mode.text = true;
                mode.spec = true;
                true
            }
            _ => false,
        }
    }

    fn mode(&mut self) -> &mut Mode {
        self.modes.last_mut().expect("inside an f-string")
    }

    /// Reads one token in the text of an f-string, or turns to the code of an expression.
    pub(super) fn fstring_text(&mut self) -> Step {
        let mode = *self.mode();
        let template = mode.template;
        let start = self.at;
        if self.peek(0) == b'{' && self.peek(1) != b'{' {
            return self.expression_starts();
        }
        let quotes =
            |s: &Self, at: usize| (0..mode.width).all(|i| s.bytes.get(at + i) == Some(&mode.quote));
        if quotes(self, self.at) {
            self.at += mode.width;
            self.modes.pop();
            self.push(TokenKind::FEnd(template), start);
            return Ok(());
        }
        let in_spec = mode.spec && mode.expressions > 0;
        let mut named = false;
        loop {
            let b = self.peek(0);
            if self.at_end() || (mode.width == 1 && b == b'\n') {
                if in_spec && b == b'\n' {
                    let mode = self.mode();
                    mode.text = false;
                    mode.spec = false;
                    self.push(TokenKind::FMiddle(template), start);
                    return Ok(());
                }
                let line = self.last_line();
                let triple = if mode.width == 3 {
                    "triple-quoted "
                } else {
                    ""
                };
                let word = mode.word();
                let msg = format!("unterminated {triple}{word} literal (detected at line {line})");
                return Err(self.error_at(msg, mode.start + 1));
            }
            match b {
                _ if quotes(self, self.at) => {
                    self.push(TokenKind::FMiddle(template), start);
                    return Ok(());
                }
                b'{' if self.peek(1) == b'{' && !in_spec => {
                    self.at += 1;
                    self.push(TokenKind::FMiddle(template), start);
                    self.at += 1;
                    return Ok(());
                }
                b'{' => {
                    self.push(TokenKind::FMiddle(template), start);
                    return self.expression_starts();
                }
                b'}' if named => {
                    self.at += 1;
                    self.push(TokenKind::FMiddle(template), start);
                    return Ok(());
                }
                b'}' if self.peek(1) == b'}' && !in_spec && mode.depth == 0 => {
                    self.at += 1;
                    self.push(TokenKind::FMiddle(template), start);
                    self.at += 1;
                    return Ok(());
                }
                b'}' => {
                    self.mode().text = false;
                    self.push(TokenKind::FMiddle(template), start);
                    return Ok(());
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek(0) {
                        b'{' | b'}' => {}
                        b'N' if !mode.raw && self.peek(1) == b'{' => {
                            self.at += 2;
                            named = true;
                        }
                        _ if self.at_end() => {}
                        _ => self.at += 1,
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    fn expression_starts(&mut self) -> Step {
        let mode = self.mode();
        mode.expressions += 1;
        mode.text = false;
        mode.spec = false;
        let (nested, word) = (mode.expressions, mode.word());
        if nested > MAX_NESTING {
            return Err(self.error(format!("{word}: expressions nested too deeply")));
        }
        Ok(())
    }
}
