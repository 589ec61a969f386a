//! Text codecs: UTF-8, ASCII, Latin-1, UTF-16 and UTF-32, with error positions and reasons in CPython's words, and the
//! named error handlers. Follows `Objects/unicodeobject.c` and `Python/codecs.c`.
//!
//! [`decode_step`] and [`encode_step`] run up to the first error and can be resumed behind it, so that a caller can ask a
//! handler written in Python; [`decode`] and [`encode`] do the loop with a built-in [`Handler`].

use crate::repr::push_hex_escape;
use crate::wtf8::{self, decode_at, is_surrogate, push};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Utf8,
    Ascii,
    Latin1,
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
}

impl Codec {
    /// The name that errors carry.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Utf8 => "utf-8",
            Codec::Ascii => "ascii",
            Codec::Latin1 => "latin-1",
            Codec::Utf16Le => "utf-16-le",
            Codec::Utf16Be => "utf-16-be",
            Codec::Utf32Le => "utf-32-le",
            Codec::Utf32Be => "utf-32-be",
        }
    }
}

/// The error handlers that need no Python. `namereplace` needs the names of the Unicode database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    Strict,
    Ignore,
    Replace,
    BackslashReplace,
    /// Encoding only.
    XmlCharRefReplace,
    SurrogateEscape,
    SurrogatePass,
}

impl Handler {
    /// `None` for a name that is registered from Python, `namereplace`, or unknown.
    pub fn from_name(name: &str) -> Option<Handler> {
        Some(match name {
            "strict" => Handler::Strict,
            "ignore" => Handler::Ignore,
            "replace" => Handler::Replace,
            "backslashreplace" => Handler::BackslashReplace,
            "xmlcharrefreplace" => Handler::XmlCharRefReplace,
            "surrogateescape" => Handler::SurrogateEscape,
            "surrogatepass" => Handler::SurrogatePass,
            _ => return None,
        })
    }
}

/// A UnicodeDecodeError without its object: byte positions `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    pub encoding: &'static str,
    pub start: usize,
    pub end: usize,
    pub reason: &'static str,
    /// The input only ended early: an incremental decoder keeps `start..` for later.
    pub incomplete: bool,
}

impl DecodeError {
    /// `str()` of the UnicodeDecodeError.
    pub fn message(&self, input: &[u8]) -> String {
        let DecodeError {
            encoding,
            start,
            end,
            reason,
            ..
        } = self;
        match input.get(*start) {
            Some(b) if end - start == 1 => {
                format!(
                    "'{encoding}' codec can't decode byte 0x{b:02x} in position {start}: {reason}"
                )
            }
            _ => format!(
                "'{encoding}' codec can't decode bytes in position {start}-{}: {reason}",
                end.saturating_sub(1)
            ),
        }
    }
}

/// A UnicodeEncodeError without its object. Byte offsets in the WTF-8 text; [`EncodeError::positions`] turns them into
/// code point positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError {
    pub encoding: &'static str,
    pub start: usize,
    pub end: usize,
    pub reason: &'static str,
}

impl EncodeError {
    /// `start` and `end` in code points, as the exception shows them.
    pub fn positions(&self, text: &[u8]) -> (usize, usize) {
        let start = wtf8::index_of(text, self.start);
        let bad = text.get(self.start..self.end).unwrap_or(&[]);
        (start, start + wtf8::count(bad))
    }

    /// `str()` of the UnicodeEncodeError.
    pub fn message(&self, text: &[u8]) -> String {
        let (start, end) = self.positions(text);
        let EncodeError {
            encoding, reason, ..
        } = self;
        if end - start == 1 {
            let mut shown = String::new();
            push_hex_escape(
                &mut shown,
                decode_at(text, self.start).map_or(0, |(cp, _)| cp),
            );
            format!(
                "'{encoding}' codec can't encode character '{shown}' in position {start}: {reason}"
            )
        } else {
            let last = end.saturating_sub(1);
            format!(
                "'{encoding}' codec can't encode characters in position {start}-{last}: {reason}"
            )
        }
    }
}

/// Decodes `input` from byte `pos` on, appends WTF-8 to `out`, and stops at the end or the first error. Go on behind an
/// error with its `end` (or wherever a handler says).
pub fn decode_step(
    codec: Codec,
    input: &[u8],
    pos: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let pos = pos.min(input.len());
    match codec {
        Codec::Utf8 => decode_utf8(input, pos, out),
        Codec::Ascii => {
            let rest = &input[pos..];
            let good = rest.iter().position(|b| *b >= 0x80).unwrap_or(rest.len());
            out.extend_from_slice(&rest[..good]);
            if good == rest.len() {
                return Ok(());
            }
            let start = pos + good;
            Err(DecodeError {
                encoding: "ascii",
                start,
                end: start + 1,
                reason: "ordinal not in range(128)",
                incomplete: false,
            })
        }
        Codec::Latin1 => {
            input[pos..].iter().for_each(|&b| push(out, b as u32));
            Ok(())
        }
        Codec::Utf16Le | Codec::Utf16Be => decode_utf16(codec, input, pos, out),
        Codec::Utf32Le | Codec::Utf32Be => decode_utf32(codec, input, pos, out),
    }
}

fn decode_utf8(input: &[u8], pos: usize, out: &mut Vec<u8>) -> Result<(), DecodeError> {
    match wtf8::from_utf8(input, pos) {
        Ok(end) => {
            out.extend_from_slice(&input[pos..end]);
            Ok(())
        }
        Err(e) => {
            out.extend_from_slice(&input[pos..e.start]);
            let reason = match input[e.start] {
                _ if e.truncated => "unexpected end of data",
                0x80..=0xC1 | 0xF5.. => "invalid start byte",
                _ => "invalid continuation byte",
            };
            Err(DecodeError {
                encoding: "utf-8",
                start: e.start,
                end: e.end,
                reason,
                incomplete: e.truncated,
            })
        }
    }
}

fn decode_utf16(
    codec: Codec,
    input: &[u8],
    mut pos: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let little = codec == Codec::Utf16Le;
    let unit = |at: usize| match input.get(at..at + 2) {
        Some(&[a, b]) => Some(if little {
            u16::from_le_bytes([a, b])
        } else {
            u16::from_be_bytes([a, b])
        } as u32),
        _ => None,
    };
    let error = |start: usize, end: usize, reason, incomplete| {
        Err(DecodeError {
            encoding: codec.name(),
            start,
            end,
            reason,
            incomplete,
        })
    };
    while let Some(first) = unit(pos) {
        match first {
            0xD800..=0xDBFF => match unit(pos + 2) {
                Some(second @ 0xDC00..=0xDFFF) => {
                    push(out, 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00));
                    pos += 2;
                }
                Some(_) => return error(pos, pos + 2, "illegal UTF-16 surrogate", false),
                None => return error(pos, input.len(), "unexpected end of data", true),
            },
            0xDC00..=0xDFFF => return error(pos, pos + 2, "illegal encoding", false),
            _ => push(out, first),
        }
        pos += 2;
    }
    if pos < input.len() {
        return error(pos, input.len(), "truncated data", true);
    }
    Ok(())
}

fn decode_utf32(
    codec: Codec,
    input: &[u8],
    mut pos: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let little = codec == Codec::Utf32Le;
    let error = |start: usize, end: usize, reason, incomplete| {
        Err(DecodeError {
            encoding: codec.name(),
            start,
            end,
            reason,
            incomplete,
        })
    };
    while let Some(&[a, b, c, d]) = input.get(pos..pos + 4) {
        let bytes = [a, b, c, d];
        let cp = if little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        };
        if is_surrogate(cp) {
            let reason = "code point in surrogate code point range(0xd800, 0xe000)";
            return error(pos, pos + 4, reason, false);
        }
        if cp >= 0x11_0000 {
            return error(pos, pos + 4, "code point not in range(0x110000)", false);
        }
        push(out, cp);
        pos += 4;
    }
    if pos < input.len() {
        return error(pos, input.len(), "truncated data", true);
    }
    Ok(())
}

/// The codec that a byte order mark chooses for "utf-16", and the length of the mark. Little-endian without a mark.
pub fn utf16_bom(input: &[u8]) -> (Codec, usize) {
    match input {
        [0xFF, 0xFE, ..] => (Codec::Utf16Le, 2),
        [0xFE, 0xFF, ..] => (Codec::Utf16Be, 2),
        _ => (Codec::Utf16Le, 0),
    }
}

/// As [`utf16_bom`], for "utf-32".
pub fn utf32_bom(input: &[u8]) -> (Codec, usize) {
    match input {
        [0xFF, 0xFE, 0, 0, ..] => (Codec::Utf32Le, 4),
        [0, 0, 0xFE, 0xFF, ..] => (Codec::Utf32Be, 4),
        _ => (Codec::Utf32Le, 0),
    }
}

/// What `handler` makes of a decoding error: appends to `out` and gives the position to go on at, or `None` to raise.
pub fn handle_decode(
    handler: Handler,
    codec: Codec,
    error: &DecodeError,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Option<usize> {
    let bad = input.get(error.start..error.end)?;
    match handler {
        Handler::Strict | Handler::XmlCharRefReplace => return None,
        Handler::Ignore => {}
        Handler::Replace => push(out, 0xFFFD),
        Handler::BackslashReplace => {
            let mut text = String::new();
            bad.iter()
                .for_each(|&b| push_hex_escape(&mut text, b as u32));
            out.extend_from_slice(text.as_bytes());
        }
        Handler::SurrogateEscape => {
            // At most four bytes, and none of them ASCII.
            let n = bad.iter().take(4).take_while(|&&b| b >= 0x80).count();
            if n == 0 {
                return None;
            }
            bad[..n].iter().for_each(|&b| push(out, 0xDC00 + b as u32));
            return Some(error.start + n);
        }
        Handler::SurrogatePass => {
            let (cp, n) = surrogate_at(codec, input.get(error.start..)?)?;
            push(out, cp);
            return Some(error.start + n);
        }
    }
    Some(error.end)
}

/// A surrogate written out in a UTF encoding, and its length.
fn surrogate_at(codec: Codec, data: &[u8]) -> Option<(u32, usize)> {
    let (cp, n) = match (codec, data) {
        (Codec::Utf8, &[0xED, b @ 0xA0..=0xBF, c @ 0x80..=0xBF, ..]) => {
            (0xD000 | (b as u32 & 0x3F) << 6 | c as u32 & 0x3F, 3)
        }
        (Codec::Utf16Le, &[a, b, ..]) => (u16::from_le_bytes([a, b]) as u32, 2),
        (Codec::Utf16Be, &[a, b, ..]) => (u16::from_be_bytes([a, b]) as u32, 2),
        (Codec::Utf32Le, &[a, b, c, d, ..]) => (u32::from_le_bytes([a, b, c, d]), 4),
        (Codec::Utf32Be, &[a, b, c, d, ..]) => (u32::from_be_bytes([a, b, c, d]), 4),
        _ => return None,
    };
    is_surrogate(cp).then_some((cp, n))
}

/// Decodes all of `input` with a built-in handler.
pub fn decode(codec: Codec, input: &[u8], handler: Handler) -> Result<Vec<u8>, DecodeError> {
    decode_from(codec, input, 0, handler)
}

/// As [`decode`], from byte `pos` on (behind a byte order mark); error positions count from the start of `input`.
pub fn decode_from(
    codec: Codec,
    input: &[u8],
    mut pos: usize,
    handler: Handler,
) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::with_capacity(input.len());
    while let Err(e) = decode_step(codec, input, pos, &mut out) {
        pos = handle_decode(handler, codec, &e, input, &mut out).ok_or(e)?;
    }
    Ok(out)
}

/// For incremental decoders: decodes what is complete and tells how many bytes were used.
pub fn decode_partial(
    codec: Codec,
    input: &[u8],
    handler: Handler,
) -> Result<(Vec<u8>, usize), DecodeError> {
    let mut out = Vec::with_capacity(input.len());
    let mut pos = 0;
    while let Err(e) = decode_step(codec, input, pos, &mut out) {
        if e.incomplete {
            return Ok((out, e.start));
        }
        pos = handle_decode(handler, codec, &e, input, &mut out).ok_or(e)?;
    }
    Ok((out, input.len()))
}

/// Appends one code point that the codec can hold.
fn put(codec: Codec, cp: u32, out: &mut Vec<u8>) {
    match codec {
        Codec::Utf8 => push(out, cp),
        Codec::Ascii | Codec::Latin1 => out.push(cp as u8),
        Codec::Utf16Le | Codec::Utf16Be => {
            let mut unit = |u: u32| {
                let u = u as u16;
                out.extend(if codec == Codec::Utf16Le {
                    u.to_le_bytes()
                } else {
                    u.to_be_bytes()
                });
            };
            if cp >= 0x1_0000 {
                unit(0xD800 + ((cp - 0x1_0000) >> 10));
                unit(0xDC00 + (cp & 0x3FF));
            } else {
                unit(cp);
            }
        }
        Codec::Utf32Le => out.extend(cp.to_le_bytes()),
        Codec::Utf32Be => out.extend(cp.to_be_bytes()),
    }
}

fn can_encode(codec: Codec, cp: u32) -> bool {
    match codec {
        Codec::Ascii => cp < 0x80,
        Codec::Latin1 => cp < 0x100,
        _ => !is_surrogate(cp),
    }
}

/// Encodes `text` from byte offset `pos` on, appends to `out`, and stops at the end or at the first run of code points
/// that the codec cannot hold.
pub fn encode_step(
    codec: Codec,
    text: &[u8],
    mut pos: usize,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let narrow = matches!(codec, Codec::Utf8 | Codec::Ascii | Codec::Latin1);
    while let Some((cp, n)) = decode_at(text, pos) {
        if narrow && cp < 0x80 {
            let rest = &text[pos..];
            let run = rest.iter().position(|b| *b >= 0x80).unwrap_or(rest.len());
            out.extend_from_slice(&rest[..run]);
            pos += run;
        } else if can_encode(codec, cp) {
            put(codec, cp, out);
            pos += n;
        } else {
            let reason = match codec {
                Codec::Ascii => "ordinal not in range(128)",
                Codec::Latin1 => "ordinal not in range(256)",
                _ => "surrogates not allowed",
            };
            let mut end = pos + n;
            // The narrow codecs report a whole run, the wide ones each surrogate.
            while narrow && let Some((cp, n)) = decode_at(text, end) {
                if can_encode(codec, cp) {
                    break;
                }
                end += n;
            }
            return Err(EncodeError {
                encoding: codec.name(),
                start: pos,
                end,
                reason,
            });
        }
    }
    Ok(())
}

/// What `handler` makes of an encoding error: appends bytes to `out` and gives the offset to go on at. `Err` is the error
/// to raise, which may have moved.
pub fn handle_encode(
    handler: Handler,
    codec: Codec,
    error: &EncodeError,
    text: &[u8],
    out: &mut Vec<u8>,
) -> Result<usize, EncodeError> {
    let bad = text.get(error.start..error.end).ok_or(*error)?;
    match handler {
        Handler::Strict => return Err(*error),
        Handler::Ignore => {}
        Handler::Replace => wtf8::code_points(bad).for_each(|_| put(codec, b'?' as u32, out)),
        Handler::BackslashReplace => {
            let mut shown = String::new();
            wtf8::code_points(bad).for_each(|cp| push_hex_escape(&mut shown, cp));
            shown.bytes().for_each(|b| put(codec, b as u32, out));
        }
        Handler::XmlCharRefReplace => {
            for cp in wtf8::code_points(bad) {
                format!("&#{cp};")
                    .bytes()
                    .for_each(|b| put(codec, b as u32, out));
            }
        }
        Handler::SurrogateEscape | Handler::SurrogatePass => {
            let (mut at, mark) = (error.start, out.len());
            for cp in wtf8::code_points(bad) {
                match handler {
                    // One byte is no unit of the wide encodings.
                    Handler::SurrogateEscape
                        if (0xDC80..=0xDCFF).contains(&cp)
                            && matches!(codec, Codec::Utf8 | Codec::Ascii | Codec::Latin1) =>
                    {
                        out.push((cp - 0xDC00) as u8);
                    }
                    Handler::SurrogatePass
                        if is_surrogate(cp) && !matches!(codec, Codec::Ascii | Codec::Latin1) =>
                    {
                        put(codec, cp, out);
                    }
                    _ => {
                        let single = EncodeError {
                            start: at,
                            ..*error
                        };
                        // UTF-8 takes what could be escaped before the one that cannot; the others raise for the whole run.
                        let moved = handler == Handler::SurrogateEscape && at > error.start;
                        if !moved {
                            out.truncate(mark);
                            return Err(*error);
                        }
                        return Err(single);
                    }
                }
                at += wtf8::encode(cp).len();
            }
        }
    }
    Ok(error.end)
}

/// Encodes all of `text` with a built-in handler.
pub fn encode(codec: Codec, text: &[u8], handler: Handler) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::with_capacity(text.len());
    let mut pos = 0;
    while let Err(e) = encode_step(codec, text, pos, &mut out) {
        pos = handle_encode(handler, codec, &e, text, &mut out)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding() {
        use Codec::*;
        use Handler::*;
        let table: &[(&[u8], Codec, Handler, &[u8])] = &[
            (b"a\xff", Utf8, Strict, b"'utf-8' codec can't decode byte 0xff in position 1: invalid start byte"),
            (b"\xe2\x82", Utf8, Strict, b"'utf-8' codec can't decode bytes in position 0-1: unexpected end of data"),
            (b"\xe2(\xa1", Utf8, Strict, b"'utf-8' codec can't decode byte 0xe2 in position 0: invalid continuation byte"),
            (b"\xf0\x9f\x98a", Utf8, Strict, b"'utf-8' codec can't decode bytes in position 0-2: invalid continuation byte"),
            (b"\xed\xa0\x80", Utf8, Strict, b"'utf-8' codec can't decode byte 0xed in position 0: invalid continuation byte"),
            (b"\xed\xa0\x80", Utf8, SurrogatePass, b"\xed\xa0\x80"),
            (b"\xed\xa0", Utf8, SurrogatePass, b"'utf-8' codec can't decode byte 0xed in position 0: invalid continuation byte"),
            (b"\xc0\x80", Utf8, Replace, b"\xef\xbf\xbd\xef\xbf\xbd"),
            (b"\xff\xfe\xe2\x82", Utf8, SurrogateEscape, b"\xed\xb3\xbf\xed\xb3\xbe\xed\xb3\xa2\xed\xb2\x82"),
            (b"a\xe2\x82b", Utf8, BackslashReplace, b"a\\xe2\\x82b"),
            (b"\xf0\x80\x80", Utf8, Replace, b"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"),
            (b"a\xffb", Utf8, Ignore, b"ab"),
            (b"a\x80", Ascii, Strict, b"'ascii' codec can't decode byte 0x80 in position 1: ordinal not in range(128)"),
            (b"a\x80\x81", Ascii, Replace, b"a\xef\xbf\xbd\xef\xbf\xbd"),
            (b"\xe9", Latin1, Strict, b"\xc3\xa9"),
            (b"a", Utf16Le, Strict, b"'utf-16-le' codec can't decode byte 0x61 in position 0: truncated data"),
            (b"\x00\xd8", Utf16Le, Strict, b"'utf-16-le' codec can't decode bytes in position 0-1: unexpected end of data"),
            (b"\x00\xd8a\x00", Utf16Le, Strict, b"'utf-16-le' codec can't decode bytes in position 0-1: illegal UTF-16 surrogate"),
            (b"\x00\xdca\x00", Utf16Le, Strict, b"'utf-16-le' codec can't decode bytes in position 0-1: illegal encoding"),
            (b"\x00\xd8a", Utf16Le, Strict, b"'utf-16-le' codec can't decode bytes in position 0-2: unexpected end of data"),
            (b"=\xd8\x00\xde", Utf16Le, Strict, b"\xf0\x9f\x98\x80"),
            (b"\xd8\x00\x00a", Utf16Be, SurrogatePass, b"\xed\xa0\x80a"),
            (b"abc", Utf32Le, Strict, b"'utf-32-le' codec can't decode bytes in position 0-2: truncated data"),
            (b"\x00\x00\x11\x00", Utf32Le, Strict, b"'utf-32-le' codec can't decode bytes in position 0-3: code point not in range(0x110000)"),
            (b"\x00\xd8\x00\x00", Utf32Le, Strict, b"'utf-32-le' codec can't decode bytes in position 0-3: code point in surrogate code point range(0xd800, 0xe000)"),
            (b"\x00\xd8\x00\x00", Utf32Le, SurrogatePass, b"\xed\xa0\x80"),
            (b"\x00\x01\xf6\x00", Utf32Be, Strict, b"\xf0\x9f\x98\x80"),
        ];
        for &(input, codec, handler, want) in table {
            let got =
                decode(codec, input, handler).unwrap_or_else(|e| e.message(input).into_bytes());
            assert_eq!(got, want, "{input:?} {codec:?} {handler:?}");
        }
        assert_eq!(utf16_bom(b"\xfe\xffa"), (Utf16Be, 2));
        assert_eq!(
            decode_from(Utf16Be, b"\xfe\xffa", 2, Strict)
                .unwrap_err()
                .start,
            2
        );
        assert_eq!(utf32_bom(b"\xff\xfe\0\0"), (Utf32Le, 4));
        assert_eq!(
            decode_partial(Utf8, b"a\xe2\x82", Strict),
            Ok((b"a".to_vec(), 1))
        );
        assert!(decode_partial(Utf8, b"a\xe2(", Strict).is_err());
    }

    #[test]
    fn encoding() {
        use Codec::*;
        use Handler::*;
        let table: &[(&[u8], Codec, Handler, &[u8])] = &[
            (b"a\xed\xa0\x80\xed\xb0\x80", Utf8, Strict, b"'utf-8' codec can't encode characters in position 1-2: surrogates not allowed"),
            (b"a\xed\xa0\x80\xed\xb0\x80", Utf8, SurrogatePass, b"a\xed\xa0\x80\xed\xb0\x80"),
            (b"a\xed\xa0\x80\xed\xb0\x80", Utf8, BackslashReplace, b"a\\ud800\\udc00"),
            (b"a\xed\xa0\x80\xed\xb0\x80", Utf8, Replace, b"a??"),
            (b"a\xed\xa0\x80\xed\xb0\x80", Ascii, SurrogateEscape, b"'ascii' codec can't encode characters in position 1-2: ordinal not in range(128)"),
            (b"a\xed\xa0\x80\xed\xb0\x80", Ascii, Replace, b"a??"),
            (b"a\xed\xa0\x80\xed\xb0\x80", Utf16Le, Strict, b"'utf-16-le' codec can't encode character '\\ud800' in position 1: surrogates not allowed"),
            (b"a\xed\xa0\x80\xed\xb0\x80", Utf16Le, BackslashReplace, b"a\x00\\\x00u\x00d\x008\x000\x000\x00\\\x00u\x00d\x00c\x000\x000\x00"),
            (b"a\xed\xa0\x80\xed\xb0\x80", Utf16Le, Replace, b"a\x00?\x00?\x00"),
            (b"a\xed\xa0\x80\xed\xb0\x80", Utf32Be, Strict, b"'utf-32-be' codec can't encode character '\\ud800' in position 1: surrogates not allowed"),
            (b"a\xed\xa0\x80\xed\xb0\x80", Utf32Be, Replace, b"\x00\x00\x00a\x00\x00\x00?\x00\x00\x00?"),
            (b"\xed\xa0\x80", Utf8, BackslashReplace, b"\\ud800"),
            (b"\xed\xa0\x80", Utf8, XmlCharRefReplace, b"&#55296;"),
            (b"\xed\xa0\x80", Ascii, SurrogatePass, b"'ascii' codec can't encode character '\\ud800' in position 0: ordinal not in range(128)"),
            (b"\xed\xa0\x80", Ascii, BackslashReplace, b"\\ud800"),
            (b"\xed\xa0\x80", Ascii, XmlCharRefReplace, b"&#55296;"),
            (b"\xed\xa0\x80", Ascii, Replace, b"?"),
            (b"\xed\xa0\x80", Latin1, Strict, b"'latin-1' codec can't encode character '\\ud800' in position 0: ordinal not in range(256)"),
            (b"\xed\xa0\x80", Latin1, XmlCharRefReplace, b"&#55296;"),
            (b"\xed\xa0\x80", Latin1, Replace, b"?"),
            (b"\xed\xa0\x80", Utf16Le, Strict, b"'utf-16-le' codec can't encode character '\\ud800' in position 0: surrogates not allowed"),
            (b"\xed\xa0\x80", Utf16Le, SurrogateEscape, b"'utf-16-le' codec can't encode character '\\ud800' in position 0: surrogates not allowed"),
            (b"\xed\xa0\x80", Utf32Be, XmlCharRefReplace, b"\x00\x00\x00&\x00\x00\x00#\x00\x00\x005\x00\x00\x005\x00\x00\x002\x00\x00\x009\x00\x00\x006\x00\x00\x00;"),
            (b"\xed\xa0\x80", Utf32Be, Replace, b"\x00\x00\x00?"),
            (b"\xc4\x80", Utf8, SurrogateEscape, b"\xc4\x80"),
            (b"\xc4\x80", Ascii, SurrogateEscape, b"'ascii' codec can't encode character '\\u0100' in position 0: ordinal not in range(128)"),
            (b"\xc4\x80", Utf16Le, SurrogatePass, b"\x00\x01"),
            (b"\xc4\x80", Utf16Le, BackslashReplace, b"\x00\x01"),
            (b"\xc4\x80", Utf16Le, Replace, b"\x00\x01"),
            (b"\xc4\x80", Utf32Be, Strict, b"\x00\x00\x01\x00"),
            (b"a\xc4\x80\xc4\x81b", Utf8, Strict, b"a\xc4\x80\xc4\x81b"),
            (b"a\xc4\x80\xc4\x81b", Utf8, BackslashReplace, b"a\xc4\x80\xc4\x81b"),
            (b"a\xc4\x80\xc4\x81b", Ascii, XmlCharRefReplace, b"a&#256;&#257;b"),
            (b"a\xc4\x80\xc4\x81b", Latin1, Strict, b"'latin-1' codec can't encode characters in position 1-2: ordinal not in range(256)"),
            (b"a\xc4\x80\xc4\x81b", Utf16Le, SurrogateEscape, b"a\x00\x00\x01\x01\x01b\x00"),
            (b"a\xc4\x80\xc4\x81b", Utf16Le, BackslashReplace, b"a\x00\x00\x01\x01\x01b\x00"),
            (b"a\xc4\x80\xc4\x81b", Utf32Be, SurrogateEscape, b"\x00\x00\x00a\x00\x00\x01\x00\x00\x00\x01\x01\x00\x00\x00b"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Utf8, Strict, b"'utf-8' codec can't encode characters in position 0-1: surrogates not allowed"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Ascii, Strict, b"'ascii' codec can't encode characters in position 0-1: ordinal not in range(128)"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Ascii, Replace, b"??"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Latin1, XmlCharRefReplace, b"&#56575;&#55296;"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Latin1, Replace, b"??"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Utf16Le, SurrogateEscape, b"'utf-16-le' codec can't encode character '\\udcff' in position 0: surrogates not allowed"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Utf16Le, BackslashReplace, b"\\\x00u\x00d\x00c\x00f\x00f\x00\\\x00u\x00d\x008\x000\x000\x00"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Utf16Le, XmlCharRefReplace, b"&\x00#\x005\x006\x005\x007\x005\x00;\x00&\x00#\x005\x005\x002\x009\x006\x00;\x00"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Utf32Be, SurrogateEscape, b"'utf-32-be' codec can't encode character '\\udcff' in position 0: surrogates not allowed"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Utf32Be, SurrogatePass, b"\x00\x00\xdc\xff\x00\x00\xd8\x00"),
            (b"\xed\xb3\xbf\xed\xa0\x80", Utf32Be, Replace, b"\x00\x00\x00?\x00\x00\x00?"),
            (b"\xed\xa0\x80a", Utf8, SurrogateEscape, b"'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed"),
            (b"\xed\xa0\x80a", Utf8, SurrogatePass, b"\xed\xa0\x80a"),
            (b"\xed\xa0\x80a", Utf8, XmlCharRefReplace, b"&#55296;a"),
            (b"\xed\xa0\x80a", Ascii, BackslashReplace, b"\\ud800a"),
            (b"\xed\xa0\x80a", Ascii, XmlCharRefReplace, b"&#55296;a"),
            (b"\xed\xa0\x80a", Latin1, Strict, b"'latin-1' codec can't encode character '\\ud800' in position 0: ordinal not in range(256)"),
            (b"\xed\xa0\x80a", Latin1, BackslashReplace, b"\\ud800a"),
            (b"\xed\xa0\x80a", Utf16Le, SurrogateEscape, b"'utf-16-le' codec can't encode character '\\ud800' in position 0: surrogates not allowed"),
            (b"\xf0\x9f\x98\x80\xc3\xa9", Utf8, Strict, b"\xf0\x9f\x98\x80\xc3\xa9"),
            (b"\xf0\x9f\x98\x80\xc3\xa9", Utf8, Replace, b"\xf0\x9f\x98\x80\xc3\xa9"),
            (b"\xf0\x9f\x98\x80\xc3\xa9", Ascii, SurrogateEscape, b"'ascii' codec can't encode characters in position 0-1: ordinal not in range(128)"),
            (b"\xf0\x9f\x98\x80\xc3\xa9", Ascii, SurrogatePass, b"'ascii' codec can't encode characters in position 0-1: ordinal not in range(128)"),
            (b"\xf0\x9f\x98\x80\xc3\xa9", Ascii, BackslashReplace, b"\\U0001f600\\xe9"),
            (b"\xf0\x9f\x98\x80\xc3\xa9", Ascii, XmlCharRefReplace, b"&#128512;&#233;"),
            (b"\xf0\x9f\x98\x80\xc3\xa9", Ascii, Replace, b"??"),
            (b"\xf0\x9f\x98\x80\xc3\xa9", Latin1, SurrogatePass, b"'latin-1' codec can't encode character '\\U0001f600' in position 0: ordinal not in range(256)"),
            (b"\xf0\x9f\x98\x80\xc3\xa9", Latin1, XmlCharRefReplace, b"&#128512;\xe9"),
            (b"\xf0\x9f\x98\x80\xc3\xa9", Latin1, Replace, b"?\xe9"),
        ];
        for &(text, codec, handler, want) in table {
            let got = encode(codec, text, handler).unwrap_or_else(|e| e.message(text).into_bytes());
            assert_eq!(got, want, "{text:?} {codec:?} {handler:?}");
        }
    }
}
