//! Code points of WTF-8 text: iterate, count, index, validate, encode, search. The str type is built on these.

use memchr::memmem;

/// How many bytes the sequence that starts with `lead` has (1 for a stray continuation byte).
#[inline]
pub fn width_of_lead(lead: u8) -> usize {
    match lead {
        0..=0xBF => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        _ => 4,
    }
}

/// The code point at byte `pos` and its width in bytes. `None` at or past the end. Malformed input gives some code
/// point and moves on.
#[inline]
pub fn decode_at(text: &[u8], pos: usize) -> Option<(u32, usize)> {
    let lead = *text.get(pos)?;
    if lead < 0x80 {
        return Some((lead as u32, 1));
    }
    let width = width_of_lead(lead).min(text.len() - pos);
    let mut cp = match width {
        1 => lead as u32,
        2 => (lead & 0x1F) as u32,
        3 => (lead & 0x0F) as u32,
        _ => (lead & 0x07) as u32,
    };
    for &b in &text[pos + 1..pos + width] {
        cp = cp << 6 | (b & 0x3F) as u32;
    }
    Some((cp, width))
}

/// Iterator over the code points of WTF-8 text, from both ends.
#[derive(Clone, Debug)]
pub struct CodePoints<'a> {
    text: &'a [u8],
    pos: usize,
}

impl<'a> CodePoints<'a> {
    /// The bytes not yet read.
    pub fn rest(&self) -> &'a [u8] {
        &self.text[self.pos..]
    }

    /// Byte position of the next code point from the front.
    pub fn offset(&self) -> usize {
        self.pos
    }
}

impl Iterator for CodePoints<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let (cp, width) = decode_at(self.text, self.pos)?;
        self.pos += width;
        Some(cp)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.text.len() - self.pos;
        (left.div_ceil(4), Some(left))
    }
}

impl DoubleEndedIterator for CodePoints<'_> {
    fn next_back(&mut self) -> Option<u32> {
        if self.pos >= self.text.len() {
            return None;
        }
        let start = prev_boundary(self.text, self.text.len()).max(self.pos);
        let cp = decode_at(self.text, start).map(|(cp, _)| cp);
        self.text = &self.text[..start];
        cp
    }
}

/// The code points of `text`.
pub fn code_points(text: &[u8]) -> CodePoints<'_> {
    CodePoints { text, pos: 0 }
}

/// `(byte offset, code point)` pairs of `text`.
pub fn code_point_indices(text: &[u8]) -> impl Iterator<Item = (usize, u32)> + '_ {
    let mut iter = code_points(text);
    std::iter::from_fn(move || {
        let at = iter.offset();
        iter.next().map(|cp| (at, cp))
    })
}

/// Start of the sequence that ends right before byte `pos`.
pub fn prev_boundary(text: &[u8], pos: usize) -> usize {
    let mut at = pos.min(text.len()).saturating_sub(1);
    let stop = at.saturating_sub(3);
    while at > stop && text[at] & 0xC0 == 0x80 {
        at -= 1;
    }
    at
}

#[inline]
pub fn is_ascii(text: &[u8]) -> bool {
    text.is_ascii()
}

/// The number of code points (`len()` of a str).
pub fn count(text: &[u8]) -> usize {
    text.iter().filter(|&&b| b & 0xC0 != 0x80).count()
}

/// Byte offset of code point number `index`; `text.len()` for the one past the last, `None` beyond.
pub fn offset_of(text: &[u8], index: usize) -> Option<usize> {
    if index > text.len() {
        return None;
    }
    let mut left = index;
    let mut pos = 0;
    // Whole words of eight bytes first: count the lead bytes in each.
    while left > 8 && pos + 8 <= text.len() {
        left -= count(&text[pos..pos + 8]);
        pos += 8;
    }
    while pos < text.len() && text[pos] & 0xC0 == 0x80 {
        pos += 1;
    }
    for _ in 0..left {
        pos += width_of_lead(*text.get(pos)?);
    }
    (pos <= text.len()).then_some(pos)
}

/// Number of code points before byte `offset`.
pub fn index_of(text: &[u8], offset: usize) -> usize {
    count(&text[..offset.min(text.len())])
}

/// The bytes of code points `start..end`, both clamped to the text.
pub fn slice(text: &[u8], start: usize, end: usize) -> &[u8] {
    let Some(from) = offset_of(text, start) else {
        return &[];
    };
    let tail = &text[from..];
    let to = offset_of(tail, end.saturating_sub(start)).unwrap_or(tail.len());
    &tail[..to]
}

/// Appends one code point. Surrogates become three bytes; values past U+10FFFF become U+FFFD.
#[inline]
pub fn push(out: &mut Vec<u8>, cp: u32) {
    match cp {
        0..=0x7F => out.push(cp as u8),
        0x80..=0x7FF => out.extend_from_slice(&[0xC0 | (cp >> 6) as u8, 0x80 | (cp & 0x3F) as u8]),
        0x800..=0xFFFF => out.extend_from_slice(&[
            0xE0 | (cp >> 12) as u8,
            0x80 | (cp >> 6 & 0x3F) as u8,
            0x80 | (cp & 0x3F) as u8,
        ]),
        0x1_0000..=0x10_FFFF => out.extend_from_slice(&[
            0xF0 | (cp >> 18) as u8,
            0x80 | (cp >> 12 & 0x3F) as u8,
            0x80 | (cp >> 6 & 0x3F) as u8,
            0x80 | (cp & 0x3F) as u8,
        ]),
        _ => push(out, 0xFFFD),
    }
}

/// One code point as WTF-8.
pub fn encode(cp: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(4);
    push(&mut out, cp);
    out
}

/// Text from code points.
pub fn from_code_points(points: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut out = Vec::new();
    points.into_iter().for_each(|cp| push(&mut out, cp));
    out
}

#[inline]
pub fn is_surrogate(cp: u32) -> bool {
    (0xD800..0xE000).contains(&cp)
}

/// Whether any surrogate stands in the text.
pub fn has_surrogate(text: &[u8]) -> bool {
    memchr::memchr_iter(0xED, text).any(|i| text.get(i + 1).is_some_and(|&b| b >= 0xA0))
}

/// The text as `str`, when it has no surrogates and is well formed.
pub fn as_utf8(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

/// The text as `String`, with U+FFFD for each surrogate or malformed sequence.
pub fn to_string_lossy(text: &[u8]) -> String {
    match as_utf8(text) {
        Some(s) => s.to_owned(),
        None => code_points(text)
            .map(|cp| char::from_u32(cp).unwrap_or('\u{FFFD}'))
            .collect(),
    }
}

/// Checks that `bytes` is WTF-8; the error is the offset of the first bad byte.
pub fn validate(bytes: &[u8]) -> Result<(), usize> {
    let mut base = 0;
    while let Err(e) = std::str::from_utf8(&bytes[base..]) {
        let at = base + e.valid_up_to();
        match bytes.get(at..at + 3) {
            Some([0xED, 0xA0..=0xBF, 0x80..=0xBF]) => base = at + 3,
            _ => return Err(at),
        }
    }
    Ok(())
}

/// What `from_utf8` found wrong: `start..end` is the maximal bad part, `truncated` when the input only ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utf8Error {
    pub start: usize,
    pub end: usize,
    pub truncated: bool,
}

/// Checks strict UTF-8 from byte `pos` on: the end of the input, or the first bad part.
pub fn from_utf8(bytes: &[u8], pos: usize) -> Result<usize, Utf8Error> {
    let pos = pos.min(bytes.len());
    std::str::from_utf8(&bytes[pos..])
        .map(|_| bytes.len())
        .map_err(|e| {
            let start = pos + e.valid_up_to();
            let end = e.error_len().map_or(bytes.len(), |n| start + n);
            Utf8Error {
                start,
                end,
                truncated: e.error_len().is_none(),
            }
        })
}

/// Byte offset of the first `needle` in `text`. Sequences are self-synchronizing, so a byte search suffices.
pub fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [b] => memchr::memchr(*b, text),
        _ => memmem::find(text, needle),
    }
}

/// Byte offset of the last `needle` in `text`.
pub fn rfind(text: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [b] => memchr::memrchr(*b, text),
        _ => memmem::rfind(text, needle),
    }
}

/// `text.count(needle)`: without overlap; an empty needle counts the gaps between code points.
pub fn count_of(text: &[u8], needle: &[u8]) -> usize {
    match needle {
        [] => count(text) + 1,
        _ => Needle::new(needle, text).count(text, usize::MAX),
    }
}

/// Something to look for, made once for any number of looks. A search on a text too short to pay for a searcher makes none.
#[expect(
    clippy::large_enum_variant,
    reason = "stands on the stack for one call"
)]
pub enum Needle<'n> {
    Byte(u8),
    Short(&'n [u8]),
    Long(memmem::Finder<'n>),
}

/// From this length on a text is worth a searcher; `memmem::find` draws its own line there.
const WORTH_A_FINDER: usize = 64;

impl<'n> Needle<'n> {
    /// `needle` must not be empty.
    #[inline]
    pub fn new(needle: &'n [u8], text: &[u8]) -> Needle<'n> {
        match needle {
            [b] => Needle::Byte(*b),
            _ if text.len() < WORTH_A_FINDER => Needle::Short(needle),
            _ => Needle::Long(memmem::Finder::new(needle)),
        }
    }
    #[inline]
    fn width(&self) -> usize {
        match self {
            Needle::Byte(_) => 1,
            Needle::Short(n) => n.len().max(1),
            Needle::Long(f) => f.needle().len().max(1),
        }
    }
    #[inline]
    fn find(&self, text: &[u8]) -> Option<usize> {
        match self {
            Needle::Byte(b) => memchr::memchr(*b, text),
            Needle::Short(n) => memmem::find(text, n),
            Needle::Long(f) => f.find(text),
        }
    }
    /// Byte offsets where it stands, without overlap.
    #[inline]
    pub fn matches<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let at = from + self.find(text.get(from..)?)?;
            from = at + self.width();
            Some(at)
        })
    }
    /// How many [`Needle::matches`] has, at most `max`.
    #[inline]
    pub fn count(&self, text: &[u8], max: usize) -> usize {
        match self {
            Needle::Byte(b) => memchr::memchr_iter(*b, text).count().min(max),
            _ => self.matches(text).take(max).count(),
        }
    }
}

/// `text.replace(from, to, max)`, `None` for no limit. The second value tells how many were replaced.
pub fn replace(text: &[u8], from: &[u8], to: &[u8], max: Option<usize>) -> (Vec<u8>, usize) {
    let max = max.unwrap_or(usize::MAX);
    let mut out = Vec::with_capacity(text.len());
    let (mut done, mut last) = (0, 0);
    let mut put = |at: usize, skip: usize| {
        out.extend_from_slice(&text[last..at]);
        out.extend_from_slice(to);
        last = at + skip;
        done += 1;
    };
    if from.is_empty() {
        let gaps = code_point_indices(text)
            .map(|(at, _)| at)
            .chain([text.len()]);
        gaps.take(max).for_each(|at| put(at, 0));
    } else {
        Needle::new(from, text)
            .matches(text)
            .take(max)
            .for_each(|at| put(at, from.len()));
    }
    out.extend_from_slice(&text[last..]);
    (out, done)
}

/// Bytes that come to `replace` on bytes objects: every byte is a gap for an empty `from`.
pub fn replace_bytes(data: &[u8], from: &[u8], to: &[u8], max: Option<usize>) -> (Vec<u8>, usize) {
    if !from.is_empty() {
        return replace(data, from, to, max);
    }
    let n = max.unwrap_or(usize::MAX).min(data.len() + 1);
    let mut out = Vec::with_capacity(data.len());
    for at in 0..=data.len() {
        if at < n {
            out.extend_from_slice(to);
        }
        out.extend(data.get(at));
    }
    (out, n)
}

/// The code points in reverse order.
pub fn reversed(text: &[u8]) -> Vec<u8> {
    from_code_points(code_points(text).rev())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        from_code_points([0x61, 0xE9, 0xD800, 0xDC00, 0x1F600, 0x7A])
    }

    #[test]
    fn walks_both_ways() {
        let s = sample();
        let all: Vec<u32> = code_points(&s).collect();
        assert_eq!(all, [0x61, 0xE9, 0xD800, 0xDC00, 0x1F600, 0x7A]);
        let mut back: Vec<u32> = code_points(&s).rev().collect();
        back.reverse();
        assert_eq!(all, back);
        assert_eq!(count(&s), 6);
        assert_eq!(validate(&s), Ok(()));
        assert!(has_surrogate(&s) && as_utf8(&s).is_none());
        assert_eq!(reversed(b"abc"), b"cba");
    }

    #[test]
    fn offsets() {
        let s = sample();
        let offsets: Vec<usize> = code_point_indices(&s)
            .map(|(at, _)| at)
            .chain([s.len()])
            .collect();
        for (i, &at) in offsets.iter().enumerate() {
            assert_eq!(offset_of(&s, i), Some(at));
            assert_eq!(index_of(&s, at), i);
        }
        assert_eq!(offset_of(&s, 7), None);
        let long = "aé😀".repeat(50);
        for (i, (at, _)) in long.char_indices().enumerate() {
            assert_eq!(offset_of(long.as_bytes(), i), Some(at));
        }
        assert_eq!(slice(long.as_bytes(), 1, 3), "é😀".as_bytes());
        assert_eq!(slice(b"abc", 2, 99), b"c");
        assert_eq!(slice(b"abc", 3, 1), b"");
        assert_eq!(slice(b"abc", 9, 10), b"");
    }

    #[test]
    fn bad_bytes() {
        assert_eq!(validate(b"ab\xff"), Err(2));
        assert_eq!(validate(b"\xed\xa0\x80\xed\xa0"), Err(3));
        assert_eq!(
            from_utf8(b"a\xe2\x82", 0),
            Err(Utf8Error {
                start: 1,
                end: 3,
                truncated: true
            })
        );
        for bytes in [
            &b"\xf0\x9f"[..],
            b"\x80\x80",
            b"\xff\xff\xff\xff\xff",
            b"\xe2",
        ] {
            let n = code_points(bytes).count();
            assert!(n <= bytes.len() && code_points(bytes).rev().count() <= bytes.len());
        }
    }

    #[test]
    fn search() {
        assert_eq!(find(b"hello", b"l"), Some(2));
        assert_eq!(rfind(b"hello", b"l"), Some(3));
        assert_eq!(find(b"hello", b""), Some(0));
        assert_eq!(rfind(b"hello", b""), Some(5));
        assert_eq!(count_of("aé".as_bytes(), b""), 3);
        assert_eq!(count_of(b"aaaa", b"aa"), 2);
        assert_eq!(
            replace("aé".as_bytes(), b"", b"-", None),
            ("-a-é-".as_bytes().to_vec(), 3)
        );
        assert_eq!(replace(b"aaa", b"a", b"b", Some(2)), (b"bba".to_vec(), 2));
        assert_eq!(replace(b"ab", b"", b"-", Some(2)).0, b"-a-b");
        assert_eq!(
            replace_bytes(b"\xc3\xa9", b"", b"-", None).0,
            b"-\xc3-\xa9-"
        );
        assert_eq!(replace_bytes(b"ab", b"", b"-", Some(0)).0, b"ab");
    }
}
