//! unicode-escape and raw-unicode-escape. Follows `_PyUnicode_DecodeUnicodeEscapeInternal` and its relatives. Resumable
//! like the codecs of `codecs`.

use crate::codecs::{Codec, DecodeError, Handler, handle_decode};
use crate::repr::push_hex_escape;
use crate::wtf8::{code_points, push};

const ENCODING: &str = "unicodeescape";
const RAW: &str = "rawunicodeescape";

/// Looks up `\N{name}`: appends the text and says whether the name is known.
pub type NameLookup<'a> = &'a dyn Fn(&[u8], &mut Vec<u8>) -> bool;

/// What is worth a DeprecationWarning: the first unknown or too large escape (position of the backslash).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warned {
    /// `invalid escape sequence '\q'`
    pub unknown: Option<usize>,
    /// `invalid octal escape sequence '\777'`
    pub octal: Option<usize>,
}

fn fail(
    encoding: &'static str,
    start: usize,
    end: usize,
    reason: &'static str,
    incomplete: bool,
) -> DecodeError {
    DecodeError {
        encoding,
        start,
        end,
        reason,
        incomplete,
    }
}

/// Up to `n` hex digits at `at`: value and how many there were.
fn hex_digits(input: &[u8], at: usize, n: usize) -> (u32, usize) {
    let (mut value, mut found) = (0u32, 0);
    for &b in input.iter().skip(at).take(n) {
        let Some(d) = (b as char).to_digit(16) else {
            break;
        };
        value = value << 4 | d;
        found += 1;
    }
    (value, found)
}

/// Decodes from byte `pos` on, to the end or the first error.
pub fn decode_step(
    input: &[u8],
    mut pos: usize,
    out: &mut Vec<u8>,
    names: NameLookup<'_>,
    warned: &mut Warned,
) -> Result<(), DecodeError> {
    while let Some(&b) = input.get(pos) {
        if b != b'\\' {
            push(out, b as u32);
            pos += 1;
            continue;
        }
        let Some(&c) = input.get(pos + 1) else {
            return Err(fail(ENCODING, pos, pos + 1, "\\ at end of string", true));
        };
        let start = pos;
        pos += 2;
        match c {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(c),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(10),
            b'r' => out.push(13),
            b't' => out.push(9),
            b'v' => out.push(11),
            b'0'..=b'7' => {
                let mut value = (c - b'0') as u32;
                for _ in 0..2 {
                    let Some(&d @ b'0'..=b'7') = input.get(pos) else {
                        break;
                    };
                    value = value << 3 | (d - b'0') as u32;
                    pos += 1;
                }
                if value > 0o377 {
                    warned.octal.get_or_insert(start);
                }
                push(out, value);
            }
            b'x' => pos = hex_escape(input, start, 2, "truncated \\xXX escape", out)?,
            b'u' => pos = hex_escape(input, start, 4, "truncated \\uXXXX escape", out)?,
            b'U' => pos = hex_escape(input, start, 8, "truncated \\UXXXXXXXX escape", out)?,
            b'N' => pos = named_escape(input, start, out, names)?,
            _ => {
                warned.unknown.get_or_insert(start);
                out.push(b'\\');
                push(out, c as u32);
            }
        }
    }
    Ok(())
}

fn hex_escape(
    input: &[u8],
    start: usize,
    n: usize,
    truncated: &'static str,
    out: &mut Vec<u8>,
) -> Result<usize, DecodeError> {
    let (value, found) = hex_digits(input, start + 2, n);
    let end = start + 2 + found;
    if found < n {
        return Err(fail(ENCODING, start, end, truncated, end == input.len()));
    }
    if value > 0x10_FFFF {
        return Err(fail(
            ENCODING,
            start,
            end,
            "illegal Unicode character",
            false,
        ));
    }
    push(out, value);
    Ok(end)
}

fn named_escape(
    input: &[u8],
    start: usize,
    out: &mut Vec<u8>,
    names: NameLookup<'_>,
) -> Result<usize, DecodeError> {
    const MALFORMED: &str = "malformed \\N character escape";
    let rest = input.get(start + 2..).unwrap_or(&[]);
    let Some(b'{') = rest.first() else {
        return Err(fail(ENCODING, start, start + 2, MALFORMED, rest.is_empty()));
    };
    let Some(close) = memchr::memchr(b'}', rest) else {
        return Err(fail(ENCODING, start, input.len(), MALFORMED, true));
    };
    let end = start + 2 + close + 1;
    if close == 1 {
        return Err(fail(ENCODING, start, end - 1, MALFORMED, false));
    }
    if !names(&rest[1..close], out) {
        return Err(fail(
            ENCODING,
            start,
            end,
            "unknown Unicode character name",
            false,
        ));
    }
    Ok(end)
}

/// raw-unicode-escape: only `\u` and `\U` behind an odd number of backslashes.
pub fn decode_raw_step(input: &[u8], mut pos: usize, out: &mut Vec<u8>) -> Result<(), DecodeError> {
    while let Some(&b) = input.get(pos) {
        if b != b'\\' {
            push(out, b as u32);
            pos += 1;
            continue;
        }
        let (start, c) = (pos, input.get(pos + 1).copied());
        let (n, truncated) = match c {
            Some(b'u') => (4, "truncated \\uXXXX escape"),
            Some(b'U') => (8, "truncated \\UXXXXXXXX escape"),
            _ => {
                out.push(b'\\');
                c.into_iter().for_each(|c| push(out, c as u32));
                pos += 2;
                continue;
            }
        };
        let (value, found) = hex_digits(input, start + 2, n);
        pos = start + 2 + found;
        if found < n {
            return Err(fail(RAW, start, pos, truncated, pos == input.len()));
        }
        if value > 0x10_FFFF {
            return Err(fail(RAW, start, pos, "\\Uxxxxxxxx out of range", false));
        }
        push(out, value);
    }
    Ok(())
}

/// All of `input` with a built-in handler.
pub fn decode(
    input: &[u8],
    handler: Handler,
    names: NameLookup<'_>,
) -> Result<(Vec<u8>, Warned), DecodeError> {
    let mut out = Vec::with_capacity(input.len());
    let (mut pos, mut warned) = (0, Warned::default());
    while let Err(e) = decode_step(input, pos, &mut out, names, &mut warned) {
        pos = handle_decode(handler, Codec::Ascii, &e, input, &mut out).ok_or(e)?;
    }
    Ok((out, warned))
}

/// All of `input` with a built-in handler.
pub fn decode_raw(input: &[u8], handler: Handler) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::with_capacity(input.len());
    let mut pos = 0;
    while let Err(e) = decode_raw_step(input, pos, &mut out) {
        pos = handle_decode(handler, Codec::Ascii, &e, input, &mut out).ok_or(e)?;
    }
    Ok(out)
}

/// `text.encode("unicode-escape")`, which never fails.
pub fn encode(text: &[u8]) -> Vec<u8> {
    let mut out = String::with_capacity(text.len());
    for cp in code_points(text) {
        match cp {
            0x09 => out.push_str("\\t"),
            0x0A => out.push_str("\\n"),
            0x0D => out.push_str("\\r"),
            0x5C => out.push_str("\\\\"),
            0x20..=0x7E => out.push(cp as u8 as char),
            _ => push_hex_escape(&mut out, cp),
        }
    }
    out.into_bytes()
}

/// `text.encode("raw-unicode-escape")`, which never fails.
pub fn encode_raw(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for cp in code_points(text) {
        if cp < 0x100 {
            out.push(cp as u8);
        } else {
            let mut escape = String::new();
            push_hex_escape(&mut escape, cp);
            out.extend_from_slice(escape.as_bytes());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding() {
        let table: &[(&[u8], &[u8])] = &[
            (b"\\x4", b"'unicodeescape' codec can't decode bytes in position 0-2: truncated \\xXX escape"),
            (b"a\\u12", b"'unicodeescape' codec can't decode bytes in position 1-4: truncated \\uXXXX escape"),
            (b"\\U00110000", b"'unicodeescape' codec can't decode bytes in position 0-9: illegal Unicode character"),
            (b"\\U0011", b"'unicodeescape' codec can't decode bytes in position 0-5: truncated \\UXXXXXXXX escape"),
            (b"\\", b"'unicodeescape' codec can't decode byte 0x5c in position 0: \\ at end of string"),
            (b"\\N{foo}", b"'unicodeescape' codec can't decode bytes in position 0-6: unknown Unicode character name"),
            (b"\\N{}", b"'unicodeescape' codec can't decode bytes in position 0-2: malformed \\N character escape"),
            (b"\\Nfoo", b"'unicodeescape' codec can't decode bytes in position 0-1: malformed \\N character escape"),
            (b"\\N{foo", b"'unicodeescape' codec can't decode bytes in position 0-5: malformed \\N character escape"),
            (b"\\777\\8\\q\\a\\\x0a!\xe9", b"\xc7\xbf\\8\\q\x07!\xc3\xa9"),
            (b"\\\\\\'\\\"\\t\\0\\12\\x41\\u00e9\\ud800", b"\\'\"\x09\x00\x0aA\xc3\xa9\xed\xa0\x80"),
        ];
        for &(input, want) in table {
            let got = decode(input, Handler::Strict, &|_, _| false);
            assert_eq!(
                got.map(|g| g.0)
                    .unwrap_or_else(|e| e.message(input).into_bytes()),
                want,
                "{input:?}"
            );
        }
        let raw: &[(&[u8], &[u8])] = &[
            (b"\\u12", b"'rawunicodeescape' codec can't decode bytes in position 0-3: truncated \\uXXXX escape"),
            (b"\\\\u0041\\\\\\u0041", b"\\\\u0041\\\\A"),
            (b"\\U00110000", b"'rawunicodeescape' codec can't decode bytes in position 0-9: \\Uxxxxxxxx out of range"),
            (b"\\U0011zz", b"'rawunicodeescape' codec can't decode bytes in position 0-5: truncated \\UXXXXXXXX escape"),
            (b"a\\n\xe9\\", b"a\\n\xc3\xa9\\"),
            (b"\\ud800", b"\xed\xa0\x80"),
        ];
        for &(input, want) in raw {
            let got = decode_raw(input, Handler::Strict)
                .unwrap_or_else(|e| e.message(input).into_bytes());
            assert_eq!(got, want, "{input:?}");
        }
        let named = decode(b"\\N{DOT}", Handler::Strict, &|name, out| {
            out.push(b'.');
            name == b"DOT"
        });
        assert_eq!(named.map(|n| n.0), Ok(b".".to_vec()));
        let warned = decode(b"ab\\q\\400", Handler::Strict, &|_, _| false)
            .unwrap()
            .1;
        assert_eq!(
            warned,
            Warned {
                unknown: Some(2),
                octal: Some(4)
            }
        );
        assert_eq!(
            decode(b"\\x4z", Handler::Replace, &|_, _| false).unwrap().0,
            "\u{fffd}z".as_bytes()
        );
    }

    #[test]
    fn encoding() {
        let text = b"\xc4\x80\xc3\xa9\xf0\x9f\x98\x80\\a\x0a\x7f\xed\xa0\x80'\"\x09";
        assert_eq!(
            encode(text),
            b"\\u0100\\xe9\\U0001f600\\\\a\\n\\x7f\\ud800'\"\\t"
        );
        assert_eq!(
            encode_raw(text),
            b"\\u0100\xe9\\U0001f600\\a\x0a\x7f\\ud800'\"\x09"
        );
    }
}
