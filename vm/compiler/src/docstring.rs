//! Docstrings as 3.13 and later keep them: without common indentation (Python/compile.c, _PyCompile_CleanDoc).
use std::borrow::Cow;

use lasti_bytecode::code::Wtf8;

/// The dedented text, or None when it is equal to the raw one.
pub fn clean(doc: &Wtf8) -> Option<Wtf8> {
    let expanded = expand_tabs(&doc.0);
    let mut lines = expanded.split(|&b| b == b'\n');
    let first = lines.next().unwrap_or(&[]);
    let rest: Vec<&[u8]> = lines.collect();
    let indent_of = |line: &[u8]| line.iter().take_while(|&&b| b == b' ').count();
    let margin = rest
        .iter()
        .filter(|l| indent_of(l) < l.len())
        .map(|l| indent_of(l))
        .min()
        .unwrap_or(0);
    let mut out = Vec::with_capacity(doc.0.len());
    out.extend_from_slice(&first[indent_of(first)..]);
    for line in rest {
        out.push(b'\n');
        out.extend_from_slice(&line[margin.min(indent_of(line))..]);
    }
    (out[..] != doc.0[..]).then(|| Wtf8(out.into()))
}

fn expand_tabs(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\t') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut column = 0;
    for &b in text {
        match b {
            b'\t' => {
                let pad = 8 - column % 8;
                out.resize(out.len() + pad, b' ');
                column += pad;
            }
            b'\n' | b'\r' => {
                out.push(b);
                column = 0;
            }
            _ => {
                out.push(b);
                // Continuation bytes are no columns.
                column += usize::from(b & 0xc0 != 0x80);
            }
        }
    }
    Cow::Owned(out)
}
