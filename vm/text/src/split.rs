//! split, rsplit, partition, strip and splitlines on text (code points) and bytes. Every result is a slice of the input.

use crate::unicode::{is_line_break, is_space};
use crate::{TextError, wtf8};
use memchr::memmem;

/// Pieces of `text` between `sep`, at most `max` cuts from the left. The caller rejects an empty `sep` ("empty separator").
pub fn split<'a>(text: &'a [u8], sep: &[u8], max: Option<usize>) -> Vec<&'a [u8]> {
    let mut out = Vec::new();
    let mut last = 0;
    if !sep.is_empty() {
        for at in memmem::find_iter(text, sep).take(max.unwrap_or(usize::MAX)) {
            out.push(&text[last..at]);
            last = at + sep.len();
        }
    }
    out.push(&text[last..]);
    out
}

/// Pieces of `text` between `sep`, at most `max` cuts from the right, in the order of the text.
pub fn rsplit<'a>(text: &'a [u8], sep: &[u8], max: Option<usize>) -> Vec<&'a [u8]> {
    let mut out = Vec::new();
    let mut end = text.len();
    if !sep.is_empty() {
        for at in memmem::rfind_iter(text, sep).take(max.unwrap_or(usize::MAX)) {
            out.push(&text[at + sep.len()..end]);
            end = at;
        }
    }
    out.push(&text[..end]);
    out.reverse();
    out
}

/// Which bytes or code points are white space or line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Code points of WTF-8 text, Unicode rules.
    Text,
    /// Single bytes, ASCII rules.
    Bytes,
}

/// White space of `bytes.split()`.
pub fn is_byte_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}

impl Unit {
    fn next(self, text: &[u8], pos: usize) -> Option<(u32, usize)> {
        match self {
            Unit::Text => wtf8::decode_at(text, pos),
            Unit::Bytes => text.get(pos).map(|&b| (b as u32, 1)),
        }
    }

    fn prev(self, text: &[u8], pos: usize) -> Option<(u32, usize)> {
        if pos == 0 {
            return None;
        }
        let start = match self {
            Unit::Text => wtf8::prev_boundary(text, pos),
            Unit::Bytes => pos - 1,
        };
        self.next(&text[..pos], start)
            .map(|(cp, _)| (cp, pos - start))
    }

    fn space(self, cp: u32) -> bool {
        match self {
            Unit::Text => is_space(cp),
            Unit::Bytes => cp < 256 && is_byte_space(cp as u8),
        }
    }

    fn line_end(self, cp: u32) -> bool {
        match self {
            Unit::Text => is_line_break(cp),
            Unit::Bytes => cp == 10 || cp == 13,
        }
    }
}

/// First position at or after `pos` whose unit fails (`stop_at` false) or satisfies (true) `test`.
fn skip(text: &[u8], unit: Unit, mut pos: usize, test: impl Fn(u32) -> bool) -> usize {
    while let Some((cp, n)) = unit.next(text, pos) {
        if !test(cp) {
            break;
        }
        pos += n;
    }
    pos
}

fn skip_back(text: &[u8], unit: Unit, mut pos: usize, test: impl Fn(u32) -> bool) -> usize {
    while let Some((cp, n)) = unit.prev(text, pos) {
        if !test(cp) {
            break;
        }
        pos -= n;
    }
    pos
}

/// `text.split(None, max)`.
pub fn split_whitespace(text: &[u8], unit: Unit, max: Option<usize>) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut pos = skip(text, unit, 0, |c| unit.space(c));
    while pos < text.len() {
        if max.is_some_and(|m| out.len() >= m) {
            // The rest keeps the white space at its end.
            out.push(&text[pos..]);
            break;
        }
        let end = skip(text, unit, pos, |c| !unit.space(c));
        out.push(&text[pos..end]);
        pos = skip(text, unit, end, |c| unit.space(c));
    }
    out
}

/// `text.rsplit(None, max)`.
pub fn rsplit_whitespace(text: &[u8], unit: Unit, max: Option<usize>) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut end = skip_back(text, unit, text.len(), |c| unit.space(c));
    while end > 0 {
        if max.is_some_and(|m| out.len() >= m) {
            out.push(&text[..end]);
            break;
        }
        let start = skip_back(text, unit, end, |c| !unit.space(c));
        out.push(&text[start..end]);
        end = skip_back(text, unit, start, |c| unit.space(c));
    }
    out.reverse();
    out
}

/// Which ends `strip` works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    Left,
    Right,
    Both,
}

/// `strip`, `lstrip`, `rstrip`; `chars` is the set to remove, `None` for white space.
pub fn strip<'a>(text: &'a [u8], unit: Unit, chars: Option<&[u8]>, ends: Ends) -> &'a [u8] {
    let set: Option<Vec<u32>> = chars.map(|c| {
        let mut set: Vec<u32> = match unit {
            Unit::Text => wtf8::code_points(c).collect(),
            Unit::Bytes => c.iter().map(|&b| b as u32).collect(),
        };
        set.sort_unstable();
        set
    });
    let drop = |cp: u32| match &set {
        Some(set) => set.binary_search(&cp).is_ok(),
        None => unit.space(cp),
    };
    let start = if ends == Ends::Right {
        0
    } else {
        skip(text, unit, 0, drop)
    };
    let end = if ends == Ends::Left {
        text.len()
    } else {
        skip_back(&text[start..], unit, text.len() - start, drop) + start
    };
    &text[start..end]
}

/// `text.splitlines(keepends)`.
pub fn splitlines(text: &[u8], unit: Unit, keepends: bool) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = skip(text, unit, start, |c| !unit.line_end(c));
        let mut next = end + unit.next(text, end).map_or(0, |(_, n)| n);
        if text[end..].starts_with(b"\r\n") {
            next = end + 2;
        }
        out.push(&text[start..if keepends { next } else { end }]);
        start = next;
    }
    out
}

/// `text.partition(sep)`, `None` when `sep` is not there.
pub fn partition<'a>(text: &'a [u8], sep: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    wtf8::find(text, sep).map(|at| (&text[..at], &text[at + sep.len()..]))
}

/// `text.rpartition(sep)`, `None` when `sep` is not there.
pub fn rpartition<'a>(text: &'a [u8], sep: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    wtf8::rfind(text, sep).map(|at| (&text[..at], &text[at + sep.len()..]))
}

/// `text.expandtabs(tabsize)`; columns are counted in units. OverflowError "result too long".
pub fn expandtabs(text: &[u8], unit: Unit, tabsize: usize) -> Result<Vec<u8>, TextError> {
    let mut out = Vec::with_capacity(text.len());
    let (mut pos, mut column) = (0, 0usize);
    while let Some((cp, n)) = unit.next(text, pos) {
        if cp == 9 {
            if tabsize > 0 {
                let pad = tabsize - column % tabsize;
                out.try_reserve(pad)
                    .map_err(|_| TextError::overflow("result too long"))?;
                out.resize(out.len() + pad, b' ');
                column = column.saturating_add(pad);
            }
        } else {
            out.extend_from_slice(&text[pos..pos + n]);
            column = if cp == 10 || cp == 13 { 0 } else { column + 1 };
        }
        pos += n;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(pieces: Vec<&[u8]>) -> Vec<String> {
        pieces
            .into_iter()
            .map(|p| String::from_utf8_lossy(p).into_owned())
            .collect()
    }

    #[test]
    fn by_separator() {
        assert_eq!(show(split(b"a,b,,c", b",", None)), ["a", "b", "", "c"]);
        assert_eq!(show(split(b"a,b,,c", b",", Some(1))), ["a", "b,,c"]);
        assert_eq!(show(rsplit(b"a,b,,c", b",", Some(1))), ["a,b,", "c"]);
        assert_eq!(show(rsplit(b"aaa", b"aa", None)), ["a", ""]);
        assert_eq!(show(split(b"", b",", None)), [""]);
        assert_eq!(partition(b"a=b=c", b"="), Some((&b"a"[..], &b"b=c"[..])));
        assert_eq!(rpartition(b"a=b=c", b"="), Some((&b"a=b"[..], &b"c"[..])));
    }

    #[test]
    fn by_whitespace() {
        let s = " a\u{3000}b  c ".as_bytes();
        assert_eq!(show(split_whitespace(s, Unit::Text, None)), ["a", "b", "c"]);
        assert_eq!(
            show(split_whitespace(s, Unit::Text, Some(1))),
            ["a", "b  c "]
        );
        assert_eq!(
            show(rsplit_whitespace(s, Unit::Text, Some(1))),
            [" a\u{3000}b", "c"]
        );
        assert_eq!(
            show(split_whitespace(s, Unit::Text, Some(0))),
            ["a\u{3000}b  c "]
        );
        assert_eq!(
            show(split_whitespace(b"a\x1cb c", Unit::Bytes, None)),
            ["a\x1cb", "c"]
        );
        assert!(split_whitespace(b"  ", Unit::Text, None).is_empty());
        assert!(rsplit_whitespace(b"  ", Unit::Bytes, Some(0)).is_empty());
    }

    #[test]
    fn lines_and_strip() {
        let s = "a\nb\r\nc\rd\u{2028}e\x1c\n".as_bytes();
        assert_eq!(
            show(splitlines(s, Unit::Text, false)),
            ["a", "b", "c", "d", "e", ""]
        );
        assert_eq!(
            show(splitlines(b"a\n\nb", Unit::Text, true)),
            ["a\n", "\n", "b"]
        );
        assert_eq!(
            show(splitlines(b"a\x0bb\r\n", Unit::Bytes, true)),
            ["a\x0bb\r\n"]
        );
        assert_eq!(
            strip(
                "éxé".as_bytes(),
                Unit::Text,
                Some("é".as_bytes()),
                Ends::Both
            ),
            b"x"
        );
        assert_eq!(strip(b"  x ", Unit::Text, None, Ends::Left), b"x ");
        assert_eq!(strip(b"  x ", Unit::Bytes, None, Ends::Right), b"  x");
        assert_eq!(strip(b"   ", Unit::Text, None, Ends::Both), b"");
        assert_eq!(
            expandtabs(b"a\tb\n\tc", Unit::Text, 4),
            Ok(b"a   b\n    c".to_vec())
        );
        assert_eq!(expandtabs(b"a\tb", Unit::Text, 0), Ok(b"ab".to_vec()));
    }
}
