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
    last: Cell<Line>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Line {
    line: u32,
    start: u32,
    /// With its newline; 0 before any was asked for.
    len: u32,
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

/// A newline or a bracket. Without a branch, so that a whole chunk is looked at in one go.
#[inline]
fn is_special(b: u8) -> bool {
    (b == b'\n') | (b == b'(') | (b == b')') | (b == b'[') | (b == b']') | (b == b'{') | (b == b'}')
}

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
        let mut visit = |at: usize| match bytes[at] {
            b'(' | b'[' | b'{' => {
                open += 1;
                brackets = brackets.max(open);
            }
            b'\n' => {
                starts.push(at as u32 + 1);
                indented |= indented_at(at + 1);
                if open == 0 && (at == 0 || bytes[at - 1] != b'\\') {
                    longest = longest.max(at + 1 - statement);
                    statement = at + 1;
                }
            }
            _ => open = open.saturating_sub(1),
        };
        let (chunks, rest) = bytes.as_chunks::<16>();
        for (i, chunk) in chunks.iter().enumerate() {
            let mut found = u128::from_le_bytes(chunk.map(|b| u8::from(is_special(b))));
            while found != 0 {
                visit(i * 16 + found.trailing_zeros() as usize / 8);
                found &= found - 1;
            }
        }
        let behind = bytes.len() - rest.len();
        let rest = rest.iter().enumerate().filter(|&(_, &b)| is_special(b));
        rest.for_each(|(i, _)| visit(behind + i));
        Survey {
            lines: LineIndex {
                starts,
                size: bytes.len() as u32,
                last: Cell::default(),
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
        self.line_col(offset).0
    }

    /// 1-based line, 0-based byte column.
    #[inline]
    pub fn line_col(&self, offset: u32) -> (u32, u32) {
        let last = self.last.get();
        match offset.checked_sub(last.start) {
            Some(col) if col < last.len => (last.line, col),
            _ => self.search(offset),
        }
    }

    fn search(&self, offset: u32) -> (u32, u32) {
        let behind = self.last.get().line as usize;
        let holds = |at: usize| {
            self.starts.get(at).is_some_and(|&s| s <= offset)
                && self.starts.get(at + 1).is_none_or(|&s| offset < s)
        };
        let at = if holds(behind) {
            behind
        } else {
            self.starts.partition_point(|&start| start <= offset) - 1
        };
        let start = self.starts[at];
        let end = self.starts.get(at + 1).copied().unwrap_or(u32::MAX);
        let line = at as u32 + 1;
        self.last.set(Line {
            line,
            start,
            len: end - start,
        });
        (line, offset - start)
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
