//! Byte offsets to lines and columns.
use lasti_bytecode::code::Position;
use ruff_text_size::TextRange;

/// Start offsets of all lines of a source text.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    pub fn new(source: &str) -> LineIndex {
        let mut starts = vec![0];
        let newlines = source.bytes().enumerate().filter(|&(_, b)| b == b'\n');
        starts.extend(newlines.map(|(i, _)| i as u32 + 1));
        LineIndex { starts }
    }

    /// 1-based line of an offset.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|&start| start <= offset) as u32
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
