//! Byte offsets to lines and columns.
use std::cell::Cell;

use lasti_bytecode::code::Position;
use ruff_text_size::TextRange;

/// Start offsets of all lines of a source text.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// Length of the text.
    size: u32,
    /// The line asked for last: the next question is mostly about it or the one behind it.
    last: Cell<usize>,
}

/// What one walk over the bytes tells about a source text.
pub struct Survey {
    pub lines: LineIndex,
    /// Deepest nesting of brackets, those in strings and comments counted too.
    pub brackets: usize,
    /// Some line starts with 100 blanks or more.
    pub indented: bool,
    /// Bytes of the longest run of lines that brackets or backslashes hold together. Brackets in strings may make it
    /// longer than it is.
    pub longest_statement: usize,
}

const PLAIN: u8 = 0;
const OPEN: u8 = 1;
const CLOSE: u8 = 2;
const NEWLINE: u8 = 3;

static CLASSES: [u8; 256] = {
    let mut classes = [PLAIN; 256];
    classes[b'(' as usize] = OPEN;
    classes[b'[' as usize] = OPEN;
    classes[b'{' as usize] = OPEN;
    classes[b')' as usize] = CLOSE;
    classes[b']' as usize] = CLOSE;
    classes[b'}' as usize] = CLOSE;
    classes[b'\n' as usize] = NEWLINE;
    classes
};

/// As many blanks as CPython allows levels of indentation.
const BLANKS: usize = 100;

impl Survey {
    pub fn new(source: &str) -> Survey {
        let bytes = source.as_bytes();
        let indented_at = |at: usize| {
            let line = bytes.get(at..at + BLANKS);
            // The last one first: it is rarely there.
            line.is_some_and(|l| {
                matches!(l[BLANKS - 1], b' ' | b'\t') && l.iter().all(|b| matches!(b, b' ' | b'\t'))
            })
        };
        let mut starts = Vec::with_capacity(bytes.len() / 24 + 1);
        starts.push(0);
        let mut indented = indented_at(0);
        let (mut open, mut brackets, mut longest, mut statement) = (0usize, 0, 0, 0);
        for (at, &b) in bytes.iter().enumerate() {
            match CLASSES[usize::from(b)] {
                OPEN => {
                    open += 1;
                    brackets = brackets.max(open);
                }
                CLOSE => open = open.saturating_sub(1),
                NEWLINE => {
                    starts.push(at as u32 + 1);
                    indented |= indented_at(at + 1);
                    if open == 0 && (at == 0 || bytes[at - 1] != b'\\') {
                        longest = longest.max(at + 1 - statement);
                        statement = at + 1;
                    }
                }
                _ => {}
            }
        }
        Survey {
            lines: LineIndex {
                starts,
                size: bytes.len() as u32,
                last: Cell::new(0),
            },
            brackets,
            indented,
            longest_statement: longest.max(bytes.len() - statement),
        }
    }
}

impl LineIndex {
    /// 1-based line of an offset.
    pub fn line(&self, offset: u32) -> u32 {
        let holds = |at: usize| {
            self.starts.get(at).is_some_and(|&s| s <= offset)
                && self.starts.get(at + 1).is_none_or(|&s| offset < s)
        };
        let last = self.last.get();
        let at = if holds(last) {
            last
        } else if holds(last + 1) {
            last + 1
        } else {
            self.starts.partition_point(|&start| start <= offset) - 1
        };
        self.last.set(at);
        at as u32 + 1
    }

    /// The line of the last character.
    pub fn last(&self) -> u32 {
        let ended = self.starts.len() > 1 && self.starts.last() == Some(&self.size);
        self.starts.len() as u32 - u32::from(ended)
    }

    /// Offset at which a 1-based line starts.
    pub fn start(&self, line: u32) -> u32 {
        self.starts[(line.max(1) as usize - 1).min(self.starts.len() - 1)]
    }

    /// 1-based line, 0-based byte column.
    pub fn line_col(&self, offset: u32) -> (u32, u32) {
        let line = self.line(offset);
        (line, offset - self.start(line))
    }

    pub fn position(&self, range: TextRange) -> Position {
        let (line, col) = self.line_col(range.start().to_u32());
        let (end_line, end_col) = self.line_col(range.end().to_u32());
        Position {
            line,
            end_line,
            col,
            end_col,
        }
    }
}

/// The text of a 1-based line, with its newline.
pub fn line_text(source: &str, line: u32) -> Option<&str> {
    source
        .split_inclusive('\n')
        .nth(line.checked_sub(1)? as usize)
}
