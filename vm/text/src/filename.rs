//! Names of files as Rust strings. A name that is not UTF-8 holds lone surrogates in Python (PEP 383), which a `String` cannot: each
//! stands here as an escape of four noncharacters, five bits in each. The noncharacters themselves are escaped too, so that
//! no two names become one.
use crate::codecs::{Codec, Handler, decode, encode};
use crate::wtf8::{code_points, is_surrogate, push};
use std::borrow::Cow;

const FIRST: u32 = 0xFDD0;
const ESCAPES: std::ops::RangeInclusive<char> = '\u{FDD0}'..='\u{FDEF}';

fn is_escaped(cp: u32) -> bool {
    is_surrogate(cp) || (FIRST..FIRST + 32).contains(&cp)
}

/// A name from WTF-8.
pub fn to_string(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for cp in code_points(name) {
        match char::from_u32(cp) {
            Some(c) if !is_escaped(cp) => out.push(c),
            _ => out.extend([15, 10, 5, 0].map(|shift| {
                char::from_u32(FIRST + (cp >> shift & 31)).unwrap_or(char::REPLACEMENT_CHARACTER)
            })),
        }
    }
    out
}

/// The WTF-8 that such a name stands for.
pub fn to_wtf8(name: &str) -> Cow<'_, [u8]> {
    if !name.contains(|c| ESCAPES.contains(&c)) {
        return name.as_bytes().into();
    }
    let mut out = Vec::with_capacity(name.len());
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let mut cp = c as u32;
        if ESCAPES.contains(&c) {
            cp -= FIRST;
            for _ in 0..3 {
                let next = chars.next_if(|c| ESCAPES.contains(c));
                cp = cp << 5 | next.map_or(0, |c| c as u32 - FIRST);
            }
        }
        push(&mut out, cp);
    }
    out.into()
}

/// A name from the bytes that the system has.
pub fn from_bytes(name: &[u8]) -> String {
    match decode(Codec::Utf8, name, Handler::SurrogateEscape) {
        Ok(text) => to_string(&text),
        Err(_) => String::from_utf8_lossy(name).into_owned(),
    }
}

/// The bytes for the system.
pub fn to_bytes(name: &str) -> Vec<u8> {
    let text = to_wtf8(name);
    encode(Codec::Utf8, &text, Handler::SurrogateEscape).unwrap_or_else(|_| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were() {
        let names: [&[u8]; 6] = [
            b"plain.py",
            b"s\xff.py",
            b"\x80\xfe",
            "é\u{FDD0}\u{FDEF}".as_bytes(),
            "\u{FDDA}\u{FDD5}\u{FDD0}\u{FDD1}x".as_bytes(),
            b"",
        ];
        for name in names {
            assert_eq!(to_bytes(&from_bytes(name)), name);
        }
        assert_eq!(*to_wtf8(&to_string(b"a\xed\xa0\x80")), *b"a\xed\xa0\x80");
        assert_ne!(from_bytes(b"s\xff"), from_bytes(b"s\xfe"));
    }
}
