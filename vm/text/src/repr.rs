//! `repr()` of str, bytes and bytearray, and `ascii()`. Follows CPython's `unicode_repr` and `PyBytes_Repr`.

use crate::unicode::is_printable;
use crate::wtf8::code_points;
use std::fmt::Write;

/// Single quotes, unless the text holds single quotes and no double ones.
fn quote_for(text: &[u8]) -> u8 {
    let single = memchr::memchr(b'\'', text).is_some();
    if single && memchr::memchr(b'"', text).is_none() {
        b'"'
    } else {
        b'\''
    }
}

/// Appends `\xNN`, `\uNNNN` or `\UNNNNNNNN`, whichever is the shortest.
pub fn push_hex_escape(out: &mut String, cp: u32) {
    // Writing to a String cannot fail.
    let _ = match cp {
        0..=0xFF => write!(out, "\\x{cp:02x}"),
        0x100..=0xFFFF => write!(out, "\\u{cp:04x}"),
        _ => write!(out, "\\U{cp:08x}"),
    };
}

fn push_escaped(out: &mut String, cp: u32, quote: u8, ascii: bool) {
    match cp {
        0x09 => out.push_str("\\t"),
        0x0A => out.push_str("\\n"),
        0x0D => out.push_str("\\r"),
        0x5C => out.push_str("\\\\"),
        _ if cp == quote as u32 => {
            out.push('\\');
            out.push(quote as char);
        }
        0x20..=0x7E => out.push(cp as u8 as char),
        _ => match char::from_u32(cp) {
            Some(c) if !ascii && is_printable(cp) => out.push(c),
            _ => push_hex_escape(out, cp),
        },
    }
}

fn quoted(text: &[u8], ascii: bool) -> String {
    let quote = quote_for(text);
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote as char);
    code_points(text).for_each(|cp| push_escaped(&mut out, cp, quote, ascii));
    out.push(quote as char);
    out
}

/// `repr()` of a str. Surrogates come out escaped, so the result is plain UTF-8.
pub fn str_repr(text: &[u8]) -> String {
    quoted(text, false)
}

/// `ascii()` of a str.
pub fn str_ascii(text: &[u8]) -> String {
    quoted(text, true)
}

/// What `ascii()` makes of the `repr()` of any object: all beyond ASCII is escaped, nothing else changes.
pub fn ascii_escape(repr: &[u8]) -> String {
    let mut out = String::with_capacity(repr.len());
    for cp in code_points(repr) {
        if cp < 0x80 {
            out.push(cp as u8 as char);
        } else {
            push_hex_escape(&mut out, cp);
        }
    }
    out
}

/// `repr()` of bytes, with the `b` in front.
pub fn bytes_repr(data: &[u8]) -> String {
    let quote = quote_for(data);
    let mut out = String::with_capacity(data.len() + 3);
    out.push('b');
    out.push(quote as char);
    data.iter()
        .for_each(|&b| push_escaped(&mut out, b as u32, quote, true));
    out.push(quote as char);
    out
}

/// `repr()` of an object of class `class` (bytearray or a subclass) with these bytes.
pub fn bytearray_repr(class: &str, data: &[u8]) -> String {
    format!("{class}({})", bytes_repr(data))
}

/// `repr()` cut to `max` code points, as `%.200R` in CPython's messages.
pub fn truncated(repr: &str, max: usize) -> &str {
    repr.char_indices()
        .nth(max)
        .map_or(repr, |(at, _)| &repr[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wtf8::from_code_points;

    #[test]
    fn of_str() {
        let table = [
            ("", "''", "''"),
            ("it's", "\"it's\"", "\"it's\""),
            ("a'b\"c", r#"'a\'b"c'"#, r#"'a\'b"c'"#),
            (
                "\t\n\r\\\x0b\x7f",
                r"'\t\n\r\\\x0b\x7f'",
                r"'\t\n\r\\\x0b\x7f'",
            ),
            ("é\u{a0}\u{ad}", r"'é\xa0\xad'", r"'\xe9\xa0\xad'"),
            (
                "\u{2028}\u{feff}😀\u{378}",
                r"'\u2028\ufeff😀\u0378'",
                r"'\u2028\ufeff\U0001f600\u0378'",
            ),
            (
                "\u{e000}\u{10ffff}\u{3000}",
                r"'\ue000\U0010ffff\u3000'",
                r"'\ue000\U0010ffff\u3000'",
            ),
        ];
        for (text, repr, ascii) in table {
            assert_eq!(str_repr(text.as_bytes()), repr);
            assert_eq!(str_ascii(text.as_bytes()), ascii);
        }
        assert_eq!(
            str_repr(&from_code_points([0xD83D, 0xDE00])),
            r"'\ud83d\ude00'"
        );
        assert_eq!(ascii_escape("['é']".as_bytes()), r"['\xe9']");
    }

    #[test]
    fn of_bytes() {
        assert_eq!(bytes_repr(b"a'\x00\xff\n\\"), r#"b"a'\x00\xff\n\\""#);
        assert_eq!(bytes_repr(b"'\""), r#"b'\'"'"#);
        assert_eq!(bytearray_repr("bytearray", b"x"), "bytearray(b'x')");
        assert_eq!(truncated("aéb", 2), "aé");
    }
}
