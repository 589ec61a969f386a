//! Names, keywords and the prefixes of strings.
use super::*;

pub(super) fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

pub fn is_keyword(text: &str) -> bool {
    const WORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class",
        "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global",
        "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return",
        "try", "while", "with", "yield",
    ];
    WORDS.contains(&text)
}

/// Pairs of prefixes that CPython names as at odds, in the order it looks for them.
const AT_ODDS: [(char, char); 7] = [
    ('u', 'b'),
    ('u', 'r'),
    ('u', 'f'),
    ('u', 't'),
    ('b', 'f'),
    ('b', 't'),
    ('f', 't'),
];

impl Scanner<'_> {
    pub(super) fn name(&mut self) -> Step {
        let start = self.at;
        while !self.at_end() && is_name_byte(self.peek(0)) {
            self.at += 1;
        }
        let source = self.source;
        let text = &source[start..self.at];
        if matches!(self.peek(0), b'"' | b'\'') && self.is_prefix(text) {
            let has = |c: char| text.contains([c, c.to_ascii_uppercase()]);
            if let Some((a, b)) = AT_ODDS.iter().find(|(a, b)| has(*a) && has(*b)) {
                let msg = format!("'{a}' and '{b}' prefixes are incompatible");
                return Err(self.error_in(msg, start, self.at));
            }
            if has('f') || has('t') {
                return self.fstring_start(start, has('r'), has('t'));
            }
            return self.string(start);
        }
        for (i, c) in text.char_indices() {
            let valid = c.is_ascii()
                || if i == 0 {
                    c.is_alphabetic()
                } else {
                    c.is_alphanumeric() || is_mark(c)
                };
            if !valid {
                self.at = start + i + c.len_utf8();
                return Err(self.error(bad_character(c)));
            }
        }
        let kind = if is_keyword(text) {
            TokenKind::Keyword
        } else {
            TokenKind::Name
        };
        self.push(kind, start);
        Ok(())
    }

    /// Each letter at most once.
    fn is_prefix(&self, text: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        let once = |c: char| lower.matches(c).count() == 1;
        lower.chars().all(|c| "bruft".contains(c) && once(c))
    }
}

fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36f | 0x483..=0x487 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f
        | 0x900..=0x903 | 0x93a..=0x94f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x203f | 0x2040 | 0x20d0..=0x20ff
        | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f | 0xb7 | 0xe0100..=0xe01ef)
}

/// What CPython says of a character that begins nothing.
pub(super) fn bad_character(c: char) -> String {
    let code = u32::from(c);
    let hidden = c.is_control()
        || matches!(code, 0xa0 | 0xad | 0x2000..=0x200f | 0x2028..=0x202f | 0x205f..=0x206f | 0x3000 | 0xfeff
            | 0xe000..=0xf8ff);
    if hidden {
        format!("invalid non-printable character U+{code:04X}")
    } else {
        format!("invalid character '{c}' (U+{code:04X})")
    }
}
