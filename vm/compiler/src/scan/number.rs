//! Numbers.
use super::*;

impl Scanner<'_> {
    pub(super) fn number(&mut self) -> Step {
        let start = self.at;
        let radix = match (self.peek(0), self.peek(1) | 0x20) {
            (b'0', b'x') => Some(("hexadecimal", 16)),
            (b'0', b'o') => Some(("octal", 8)),
            (b'0', b'b') => Some(("binary", 2)),
            _ => None,
        };
        match radix {
            Some((word, radix)) => self.with_radix(word, radix)?,
            None => self.decimal(start)?,
        }
        self.push(TokenKind::Number, start);
        Ok(())
    }

    fn with_radix(&mut self, word: &str, radix: u32) -> Step {
        self.at += 2;
        let digit = |s: &Self| char::from(s.peek(0)).is_digit(radix);
        loop {
            self.at += usize::from(self.peek(0) == b'_');
            if !digit(self) {
                return Err(self.bad_digit(word));
            }
            while digit(self) {
                self.at += 1;
            }
            if self.peek(0) != b'_' {
                break;
            }
        }
        if self.peek(0).is_ascii_digit() {
            return Err(self.bad_digit(word));
        }
        self.ends(word)
    }

    fn bad_digit(&mut self, word: &str) -> Stop {
        let b = self.peek(0);
        if b.is_ascii_digit() {
            self.at += 1;
            let d = char::from(b);
            return self.error(format!("invalid digit '{d}' in {word} literal"));
        }
        self.error(format!("invalid {word} literal"))
    }

    fn decimal(&mut self, start: usize) -> Step {
        let mut zeros_end = None;
        if self.peek(0) == b'0' {
            while self.peek(0) == b'0' || (self.peek(0) == b'_' && self.peek(1) == b'0') {
                self.at += 1;
            }
            let more = usize::from(self.peek(0) == b'_');
            if self.peek(more).is_ascii_digit() {
                self.at += more;
                zeros_end = Some(self.at);
            }
        }
        self.digits()?;
        if self.peek(0) == b'.' {
            zeros_end = None;
            self.at += 1;
            if self.peek(0).is_ascii_digit() {
                self.digits()?;
            }
        }
        if self.peek(0) | 0x20 == b'e' {
            let signed = usize::from(matches!(self.peek(1), b'+' | b'-'));
            if self.peek(1 + signed).is_ascii_digit() {
                zeros_end = None;
                self.at += 1 + signed;
                self.digits()?;
            } else if signed == 1 {
                self.at += 2;
                return Err(self.error("invalid decimal literal"));
            } else {
                return self.ends("decimal");
            }
        }
        if self.peek(0) | 0x20 == b'j' {
            self.at += 1;
            return self.ends("imaginary");
        }
        if let Some(end) = zeros_end {
            let msg = "leading zeros in decimal integer literals are not permitted; use an 0o prefix for \
                       octal integers";
            return Err(self.error_in(msg, start, end));
        }
        self.ends("decimal")
    }

    fn digits(&mut self) -> Step {
        loop {
            while self.peek(0).is_ascii_digit() {
                self.at += 1;
            }
            if self.peek(0) != b'_' {
                return Ok(());
            }
            self.at += 1;
            if !self.peek(0).is_ascii_digit() {
                return Err(self.error("invalid decimal literal"));
            }
        }
    }

    /// `1if x else y` is allowed, `1x` is not.
    fn ends(&self, word: &str) -> Step {
        let rest = &self.source[self.at..];
        let b = self.peek(0);
        let ended = |k: &str| {
            let behind = rest.as_bytes().get(k.len());
            rest.starts_with(k) && !behind.is_some_and(|&b| words::is_name_byte(b))
        };
        let keyword = ["and", "else", "for", "not", "or"].iter().any(|k| ended(k))
            || ["if", "in", "is"].iter().any(|k| rest.starts_with(k));
        if b < 0x80 && words::is_name_byte(b) && !keyword {
            return Err(self.error(format!("invalid {word} literal")));
        }
        Ok(())
    }
}
