//! Bytes to text: byte order mark, coding cookie, UTF-8 errors (PEP 263; CPython's tokenizer helpers).
use std::borrow::Cow;

use lasti_bytecode::code::Position;

use crate::error::{Fault, Pass};

/// Decodes a source file.
pub fn decode(bytes: &[u8]) -> Pass<Cow<'_, str>> {
    let (bytes, mark) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let cookie = cookie(bytes);
    match cookie.as_deref().map(normal_name) {
        None | Some("utf-8") => utf8(bytes, cookie.is_some()),
        Some(_) if mark => {
            let msg = format!("encoding problem: {} with BOM", cookie.unwrap_or_default());
            Err(Fault::syntax(msg, Position::default()))
        }
        Some("iso-8859-1") => Ok(bytes
            .iter()
            .map(|&b| char::from(b))
            .collect::<String>()
            .into()),
        Some("ascii") => utf8(bytes, true),
        Some("iso-8859-15") => Ok(bytes.iter().map(|&b| latin9(b)).collect::<String>().into()),
        Some("cp1252") => Ok(bytes.iter().map(|&b| cp1252(b)).collect::<String>().into()),
        Some(other) => match single_byte(other) {
            Some(table) => Ok(bytes.iter().map(|&b| table(b)).collect::<String>().into()),
            None => {
                let msg = format!("unknown encoding: {}", cookie.as_deref().unwrap_or(""));
                Err(Fault::syntax(msg, Position::default()))
            }
        },
    }
}

fn utf8(bytes: &[u8], declared: bool) -> Pass<Cow<'_, str>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            let at = error.valid_up_to();
            let line = bytes[..at].iter().filter(|&&b| b == b'\n').count() as u32 + 1;
            let col = bytes[..at]
                .iter()
                .rev()
                .take_while(|&&b| b != b'\n')
                .count() as u32;
            let msg = if declared {
                format!(
                    "(unicode error) 'utf-8' codec can't decode byte {:#04x} in position {at}: invalid start byte",
                    bytes[at]
                )
            } else {
                format!(
                    "Non-UTF-8 code starting with '\\x{:02x}' on line {line}, but no encoding declared; see \
                     https://peps.python.org/pep-0263/ for details",
                    bytes[at]
                )
            };
            let pos = Position {
                line,
                end_line: line,
                col,
                end_col: col,
            };
            Err(Fault::syntax(msg, pos))
        }
    }
}

/// The coding cookie in the first two lines.
fn cookie(bytes: &[u8]) -> Option<String> {
    for line in bytes.split(|&b| b == b'\n').take(2) {
        let text = String::from_utf8_lossy(line);
        let trimmed = text.trim_start_matches([' ', '\t', '\x0c']);
        if !trimmed.starts_with('#') {
            if trimmed.trim_end_matches('\r').is_empty() {
                continue;
            }
            return None;
        }
        let mut rest = trimmed;
        while let Some(at) = rest.find("coding") {
            rest = &rest[at + 6..];
            if let Some(value) = rest.strip_prefix([':', '=']) {
                let value = value.trim_start_matches([' ', '\t']);
                let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                let end = value.find(|c| !is_name(c)).unwrap_or(value.len());
                if end > 0 {
                    return Some(value[..end].to_owned());
                }
            }
        }
    }
    None
}

fn normal_name(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let is = |list: &[&str]| {
        list.iter()
            .any(|n| name == *n || name.starts_with(&format!("{n}-")))
    };
    if is(&["utf-8"]) || name == "utf8" {
        "utf-8"
    } else if is(&["latin-1", "iso-8859-1", "iso-latin-1"])
        || name == "latin1"
        || name == "iso8859-1"
    {
        "iso-8859-1"
    } else if name == "ascii" || name == "us-ascii" {
        "ascii"
    } else if ["iso-8859-15", "iso8859-15", "latin-9", "latin9"].contains(&&*name) {
        "iso-8859-15"
    } else if ["cp1252", "windows-1252"].contains(&&*name) {
        "cp1252"
    } else if ["koi8-r", "koi8r"].contains(&&*name) {
        "koi8-r"
    } else if ["cp1251", "windows-1251"].contains(&&*name) {
        "cp1251"
    } else if ["iso-8859-5", "iso8859-5"].contains(&&*name) {
        "iso-8859-5"
    } else {
        "unknown"
    }
}

fn single_byte(name: &str) -> Option<fn(u8) -> char> {
    match name {
        "koi8-r" => Some(koi8_r),
        "cp1251" => Some(cp1251),
        "iso-8859-5" => Some(iso8859_5),
        _ => None,
    }
}

fn pick(table: &str, index: u8) -> char {
    table.chars().nth(usize::from(index)).unwrap_or('\u{fffd}')
}

fn latin9(b: u8) -> char {
    match b {
        0xa4 => '€',
        0xa6 => 'Š',
        0xa8 => 'š',
        0xb4 => 'Ž',
        0xb8 => 'ž',
        0xbc => 'Œ',
        0xbd => 'œ',
        0xbe => 'Ÿ',
        _ => char::from(b),
    }
}

fn cp1252(b: u8) -> char {
    const HIGH: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    if (0x80..0xa0).contains(&b) {
        pick(HIGH, b - 0x80)
    } else {
        char::from(b)
    }
}

fn koi8_r(b: u8) -> char {
    const HIGH: &str = "─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓⌠■∙√≈≤≥\u{a0}⌡°²·÷═║╒ё╓╔╕╖╗╘╙╚╛╜╝╞╟╠╡Ё╢╣╤╥╦╧╨╩╪╫╬©\
                        юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ";
    if b < 0x80 {
        char::from(b)
    } else {
        pick(HIGH, b - 0x80)
    }
}

fn cp1251(b: u8) -> char {
    const HIGH: &str =
        "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{98}™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕї";
    match b {
        0..0x80 => char::from(b),
        0x80..0xc0 => pick(HIGH, b - 0x80),
        _ => char::from_u32(u32::from(b) - 0xc0 + 0x410).unwrap_or('\u{fffd}'),
    }
}

fn iso8859_5(b: u8) -> char {
    match b {
        0xa1..=0xac | 0xae..=0xef => {
            char::from_u32(u32::from(b) - 0xa0 + 0x400).unwrap_or('\u{fffd}')
        }
        0xf0 => '№',
        0xfd => '§',
        0xf1..=0xff => char::from_u32(u32::from(b) - 0xa0 + 0x400).unwrap_or('\u{fffd}'),
        _ => char::from(b),
    }
}
