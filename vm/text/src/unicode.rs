//! Character classes and case mappings of the str type. Follows CPython's `Objects/unicodectype.c` and `unicodeobject.c`.
//!
//! Categories come from a crate (Unicode 16), upper and lower case from `std`, the rest from `unicode_tables`.

use crate::unicode_tables::*;
use crate::wtf8::{code_point_indices, code_points, decode_at, prev_boundary, push};
use std::cmp::Ordering;
use unicode_general_category::{GeneralCategory as Cat, get_general_category};

fn category(cp: u32) -> Cat {
    match char::from_u32(cp) {
        Some(c) => get_general_category(c),
        None => Cat::Surrogate,
    }
}

/// The two-letter category (`unicodedata.category`).
pub fn category_name(cp: u32) -> &'static str {
    match category(cp) {
        Cat::UppercaseLetter => "Lu",
        Cat::LowercaseLetter => "Ll",
        Cat::TitlecaseLetter => "Lt",
        Cat::ModifierLetter => "Lm",
        Cat::OtherLetter => "Lo",
        Cat::NonspacingMark => "Mn",
        Cat::SpacingMark => "Mc",
        Cat::EnclosingMark => "Me",
        Cat::DecimalNumber => "Nd",
        Cat::LetterNumber => "Nl",
        Cat::OtherNumber => "No",
        Cat::ConnectorPunctuation => "Pc",
        Cat::DashPunctuation => "Pd",
        Cat::OpenPunctuation => "Ps",
        Cat::ClosePunctuation => "Pe",
        Cat::InitialPunctuation => "Pi",
        Cat::FinalPunctuation => "Pf",
        Cat::OtherPunctuation => "Po",
        Cat::MathSymbol => "Sm",
        Cat::CurrencySymbol => "Sc",
        Cat::ModifierSymbol => "Sk",
        Cat::OtherSymbol => "So",
        Cat::SpaceSeparator => "Zs",
        Cat::LineSeparator => "Zl",
        Cat::ParagraphSeparator => "Zp",
        Cat::Control => "Cc",
        Cat::Format => "Cf",
        Cat::Surrogate => "Cs",
        Cat::PrivateUse => "Co",
        _ => "Cn",
    }
}

fn in_ranges(table: &[(u32, u32)], cp: u32) -> bool {
    table
        .binary_search_by(|&(a, b)| range_cmp(a, b, cp))
        .is_ok()
}

fn range_cmp(first: u32, last: u32, cp: u32) -> Ordering {
    if last < cp {
        Ordering::Less
    } else if first > cp {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// Letters: categories Lm, Lt, Lu, Ll, Lo.
pub fn is_alpha(cp: u32) -> bool {
    if cp < 0x80 {
        return (cp as u8).is_ascii_alphabetic();
    }
    matches!(
        category(cp),
        Cat::UppercaseLetter
            | Cat::LowercaseLetter
            | Cat::TitlecaseLetter
            | Cat::ModifierLetter
            | Cat::OtherLetter
    )
}

/// Value of a decimal digit of any script.
pub fn decimal_value(cp: u32) -> Option<u8> {
    let i = DECIMAL_ZEROS
        .partition_point(|&zero| zero <= cp)
        .checked_sub(1)?;
    let value = cp - DECIMAL_ZEROS[i];
    (value < 10).then_some(value as u8)
}

/// Value of a digit, decimal or other (superscripts, circled digits, ...).
pub fn digit_value(cp: u32) -> Option<u8> {
    decimal_value(cp).or_else(|| {
        let i = OTHER_DIGITS
            .binary_search_by(|&(a, b, _)| range_cmp(a, b, cp))
            .ok()?;
        let (first, _, value) = OTHER_DIGITS[i];
        Some(value + (cp - first) as u8)
    })
}

pub fn is_decimal(cp: u32) -> bool {
    decimal_value(cp).is_some()
}

pub fn is_digit(cp: u32) -> bool {
    digit_value(cp).is_some()
}

pub fn is_numeric(cp: u32) -> bool {
    if cp < 0x80 {
        return (cp as u8).is_ascii_digit();
    }
    matches!(
        category(cp),
        Cat::DecimalNumber | Cat::LetterNumber | Cat::OtherNumber
    ) || in_ranges(NUMERIC_LETTERS, cp)
}

pub fn is_alnum(cp: u32) -> bool {
    is_alpha(cp) || is_numeric(cp)
}

/// White space of `str.isspace`, `split` and `strip`: bidirectional class WS, B or S, or category Zs.
pub fn is_space(cp: u32) -> bool {
    matches!(
        cp,
        0x09..=0x0D | 0x1C..=0x20 | 0x85 | 0xA0 | 0x1680 | 0x2000..=0x200A | 0x2028 | 0x2029 | 0x202F | 0x205F | 0x3000
    )
}

/// Line boundaries of `str.splitlines`.
pub fn is_line_break(cp: u32) -> bool {
    matches!(cp, 0x0A..=0x0D | 0x1C..=0x1E | 0x85 | 0x2028 | 0x2029)
}

/// Whether `repr` shows the code point as it is.
pub fn is_printable(cp: u32) -> bool {
    if cp < 0x7F {
        return cp >= 0x20;
    }
    !matches!(
        category(cp),
        Cat::Control
            | Cat::Format
            | Cat::Surrogate
            | Cat::PrivateUse
            | Cat::Unassigned
            | Cat::LineSeparator
            | Cat::ParagraphSeparator
            | Cat::SpaceSeparator
    )
}

pub fn is_upper(cp: u32) -> bool {
    char::from_u32(cp).is_some_and(char::is_uppercase)
}

pub fn is_lower(cp: u32) -> bool {
    char::from_u32(cp).is_some_and(char::is_lowercase)
}

pub fn is_title(cp: u32) -> bool {
    cp >= 0x80 && category(cp) == Cat::TitlecaseLetter
}

/// Has the derived property Cased.
pub fn is_cased(cp: u32) -> bool {
    is_upper(cp) || is_lower(cp) || is_title(cp)
}

/// Has the derived property Case_Ignorable.
pub fn is_case_ignorable(cp: u32) -> bool {
    // Word_Break MidLetter, MidNumLet and Single_Quote.
    let word_break = matches!(
        cp,
        0x27 | 0x2E
            | 0x3A
            | 0xB7
            | 0x387
            | 0x55F
            | 0x5F4
            | 0x2018
            | 0x2019
            | 0x2024
            | 0x2027
            | 0xFE13
            | 0xFE52
            | 0xFE55
            | 0xFF07
            | 0xFF0E
            | 0xFF1A
    );
    word_break
        || matches!(
            category(cp),
            Cat::NonspacingMark
                | Cat::EnclosingMark
                | Cat::Format
                | Cat::ModifierLetter
                | Cat::ModifierSymbol
        )
}

pub fn is_id_start(cp: u32) -> bool {
    cp == 0x5F || char::from_u32(cp).is_some_and(unicode_ident::is_xid_start)
}

pub fn is_id_continue(cp: u32) -> bool {
    char::from_u32(cp).is_some_and(unicode_ident::is_xid_continue)
}

fn all(text: &[u8], test: fn(u32) -> bool) -> bool {
    !text.is_empty() && code_points(text).all(test)
}

pub fn str_isalpha(text: &[u8]) -> bool {
    all(text, is_alpha)
}

pub fn str_isdecimal(text: &[u8]) -> bool {
    all(text, is_decimal)
}

pub fn str_isdigit(text: &[u8]) -> bool {
    all(text, is_digit)
}

pub fn str_isnumeric(text: &[u8]) -> bool {
    all(text, is_numeric)
}

pub fn str_isalnum(text: &[u8]) -> bool {
    all(text, is_alnum)
}

pub fn str_isspace(text: &[u8]) -> bool {
    all(text, is_space)
}

/// True for the empty string, too.
pub fn str_isprintable(text: &[u8]) -> bool {
    code_points(text).all(is_printable)
}

pub fn str_isidentifier(text: &[u8]) -> bool {
    let mut points = code_points(text);
    points.next().is_some_and(is_id_start) && points.all(is_id_continue)
}

pub fn str_isupper(text: &[u8]) -> bool {
    code_points(text).any(is_upper) && !code_points(text).any(|c| is_lower(c) || is_title(c))
}

pub fn str_islower(text: &[u8]) -> bool {
    code_points(text).any(is_lower) && !code_points(text).any(|c| is_upper(c) || is_title(c))
}

pub fn str_istitle(text: &[u8]) -> bool {
    let (mut cased, mut previous) = (false, false);
    for cp in code_points(text) {
        if is_upper(cp) || is_title(cp) {
            if previous {
                return false;
            }
            (cased, previous) = (true, true);
        } else if is_lower(cp) {
            if !previous {
                return false;
            }
            (cased, previous) = (true, true);
        } else {
            previous = false;
        }
    }
    cased
}

fn push_upper(out: &mut Vec<u8>, cp: u32) {
    match char::from_u32(cp) {
        Some(c) => c.to_uppercase().for_each(|c| push(out, c as u32)),
        None => push(out, cp),
    }
}

fn push_lower_plain(out: &mut Vec<u8>, cp: u32) {
    match char::from_u32(cp) {
        Some(c) => c.to_lowercase().for_each(|c| push(out, c as u32)),
        None => push(out, cp),
    }
}

/// Lower case of the code point at `at`, with the rule for a sigma at the end of a word.
fn push_lower(out: &mut Vec<u8>, text: &[u8], at: usize, cp: u32) {
    if cp == 0x3A3 {
        push(
            out,
            if is_final_sigma(text, at) {
                0x3C2
            } else {
                0x3C3
            },
        );
    } else {
        push_lower_plain(out, cp);
    }
}

/// A cased letter before (over ignorables), none after. A sigma is cased itself and stops both looks, so all looks of one
/// text together are linear.
fn is_final_sigma(text: &[u8], at: usize) -> bool {
    let mut back = at;
    let before = loop {
        if back == 0 {
            break false;
        }
        let start = prev_boundary(text, back);
        match decode_at(text, start) {
            Some((cp, _)) if is_case_ignorable(cp) => back = start,
            Some((cp, _)) => break is_cased(cp),
            None => break false,
        }
    };
    before && {
        let after = text.get(at + 2..).unwrap_or(&[]);
        !code_points(after)
            .find(|&cp| !is_case_ignorable(cp))
            .is_some_and(is_cased)
    }
}

fn push_title(out: &mut Vec<u8>, cp: u32) {
    if in_ranges(TITLE_IDENTITY, cp) {
        push(out, cp);
    } else if let Ok(i) = TITLE_SINGLE.binary_search_by_key(&cp, |e| e.0) {
        push(out, TITLE_SINGLE[i].1);
    } else if let Ok(i) = TITLE_MULTI.binary_search_by_key(&cp, |e| e.0) {
        TITLE_MULTI[i].1.iter().for_each(|&c| push(out, c));
    } else {
        push_upper(out, cp);
    }
}

fn push_fold(out: &mut Vec<u8>, cp: u32) {
    if in_ranges(FOLD_IDENTITY, cp) {
        push(out, cp);
    } else if let Ok(i) = FOLD_RUNS.binary_search_by(|&(a, b, _)| range_cmp(a, b, cp)) {
        push(out, cp.wrapping_add_signed(FOLD_RUNS[i].2));
    } else if let Ok(i) = FOLD_MULTI.binary_search_by_key(&cp, |e| e.0) {
        FOLD_MULTI[i].1.iter().for_each(|&c| push(out, c));
    } else {
        push_lower_plain(out, cp);
    }
}

pub fn upper(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    let mut out = Vec::with_capacity(text.len());
    code_points(text).for_each(|cp| push_upper(&mut out, cp));
    out
}

pub fn lower(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = Vec::with_capacity(text.len());
    for (at, cp) in code_point_indices(text) {
        push_lower(&mut out, text, at, cp);
    }
    out
}

pub fn casefold(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = Vec::with_capacity(text.len());
    code_points(text).for_each(|cp| push_fold(&mut out, cp));
    out
}

/// Title case of the first code point, lower case of the rest.
pub fn capitalize(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (at, cp) in code_point_indices(text) {
        if at == 0 {
            push_title(&mut out, cp);
        } else {
            push_lower(&mut out, text, at, cp);
        }
    }
    out
}

pub fn title(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut previous = false;
    for (at, cp) in code_point_indices(text) {
        if previous {
            push_lower(&mut out, text, at, cp);
        } else {
            push_title(&mut out, cp);
        }
        previous = is_cased(cp);
    }
    out
}

pub fn swapcase(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (at, cp) in code_point_indices(text) {
        if is_upper(cp) {
            push_lower(&mut out, text, at, cp);
        } else if is_lower(cp) {
            push_upper(&mut out, cp);
        } else {
            push(&mut out, cp);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(f: fn(&[u8]) -> Vec<u8>, text: &str) -> String {
        String::from_utf8(f(text.as_bytes())).unwrap()
    }

    #[test]
    fn case_mappings() {
        let table = [
            // text, upper, lower, casefold, title, capitalize, swapcase
            ("ß ﬁ", "SS FI", "ß ﬁ", "ss fi", "Ss Fi", "Ss ﬁ", "SS FI"),
            (
                "ΑΣ ΣΑ Σ",
                "ΑΣ ΣΑ Σ",
                "ας σα σ",
                "ασ σα σ",
                "Ας Σα Σ",
                "Ας σα σ",
                "ας σα σ",
            ),
            (
                "İıſ",
                "İIS",
                "i\u{307}ıſ",
                "i\u{307}ıs",
                "İıſ",
                "İıſ",
                "i\u{307}IS",
            ),
            (
                "ǆ Ǆ ǅ", "Ǆ Ǆ Ǆ", "ǆ ǆ ǆ", "ǆ ǆ ǆ", "ǅ ǅ ǅ", "ǅ ǆ ǆ", "Ǆ ǆ ǅ",
            ),
            (
                "they're 1st",
                "THEY'RE 1ST",
                "they're 1st",
                "they're 1st",
                "They'Re 1St",
                "They're 1st",
                "THEY'RE 1ST",
            ),
            ("Ꭰꭰ", "ᎠᎠ", "ꭰꭰ", "ᎠᎠ", "Ꭰꭰ", "Ꭰꭰ", "ꭰᎠ"),
            ("ა Ა", "Ა Ა", "ა ა", "ა ა", "ა Ა", "ა ა", "Ა ა"),
        ];
        for (text, u, l, f, t, c, w) in table {
            assert_eq!(s(upper, text), u);
            assert_eq!(s(lower, text), l);
            assert_eq!(s(casefold, text), f);
            assert_eq!(s(title, text), t);
            assert_eq!(s(capitalize, text), c);
            assert_eq!(s(swapcase, text), w);
        }
        let lone = [0xED, 0xA0, 0x80, b'a'];
        assert_eq!(upper(&lone), [0xED, 0xA0, 0x80, b'A']);
    }

    #[test]
    fn classes() {
        assert_eq!(
            "٣²①½五Ⅷ"
                .chars()
                .map(|c| (decimal_value(c as u32), digit_value(c as u32)))
                .collect::<Vec<_>>(),
            [
                (Some(3), Some(3)),
                (None, Some(2)),
                (None, Some(1)),
                (None, None),
                (None, None),
                (None, None)
            ]
        );
        assert!(str_isnumeric("٣²①½五Ⅷ".as_bytes()));
        assert!(str_isalpha("aéλ五".as_bytes()) && !str_isalpha(b"") && !str_isalpha(b"a1"));
        assert!(str_isspace(" \u{1c}\u{3000}".as_bytes()) && !str_isspace("\u{200b}".as_bytes()));
        assert!(
            str_isidentifier("_é1".as_bytes())
                && !str_isidentifier(b"1a")
                && !str_isidentifier(b"")
        );
        assert!(str_istitle(b"Ab Cd 1E") && !str_istitle(b"AB") && str_istitle("ǅa".as_bytes()));
        assert!(str_isupper(b"A1") && !str_isupper(b"1") && !str_isupper("ǅ".as_bytes()));
        assert!(str_islower("ªa".as_bytes()) && !str_islower(b"aB"));
        assert!(
            str_isprintable(b"")
                && !str_isprintable("\u{a0}".as_bytes())
                && !str_isprintable(&[0xED, 0xA0, 0x80])
        );
        assert_eq!(category_name(0xD800), "Cs");
    }
}
