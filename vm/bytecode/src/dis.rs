//! `dis` text in CPython 3.8's format, and `repr` of constants.
use std::fmt::Write;

use crate::code::{CodeData, Const};
use crate::opcode::{CMP_OP, Op, Operand};

/// Whether a code point prints as itself in a repr.
fn printable(c: char) -> bool {
    match c {
        ' '..='~' => true,
        '\0'..='\u{a0}' | '\u{ad}' => false,
        '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => false,
        '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' => false,
        _ => !c.is_whitespace() && !c.is_control(),
    }
}

fn quote_for(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

/// Splits WTF-8 into code points (surrogates included).
fn code_points(bytes: &[u8]) -> Vec<u32> {
    let mut out = Vec::with_capacity(bytes.len());
    for &b in bytes {
        if b & 0xc0 == 0x80 {
            if let Some(last) = out.last_mut() {
                *last = *last << 6 | u32::from(b & 0x3f);
            }
        } else {
            out.push(u32::from(match b {
                0..=0x7f => b,
                0xc0..=0xdf => b & 0x1f,
                0xe0..=0xef => b & 0x0f,
                _ => b & 0x07,
            }));
        }
    }
    out
}

fn str_repr(bytes: &[u8]) -> String {
    let points = code_points(bytes);
    let quote = quote_for(points.contains(&0x27), points.contains(&0x22));
    let mut out = String::with_capacity(points.len() + 2);
    out.push(quote);
    for p in points {
        match char::from_u32(p) {
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some('\\') => out.push_str("\\\\"),
            Some(c) if c == quote => {
                out.push('\\');
                out.push(c);
            }
            Some(c) if printable(c) => out.push(c),
            _ => {
                let _ = match p {
                    0..=0xff => write!(out, "\\x{p:02x}"),
                    0x100..=0xffff => write!(out, "\\u{p:04x}"),
                    _ => write!(out, "\\U{p:08x}"),
                };
            }
        }
    }
    out.push(quote);
    out
}

fn bytes_repr(bytes: &[u8]) -> String {
    let quote = quote_for(bytes.contains(&b'\''), bytes.contains(&b'"'));
    let mut out = String::with_capacity(bytes.len() + 3);
    out.push('b');
    out.push(quote);
    for &b in bytes {
        match b {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            b if char::from(b) == quote => {
                out.push('\\');
                out.push(quote);
            }
            b' '..=b'~' => out.push(char::from(b)),
            _ => {
                let _ = write!(out, "\\x{b:02x}");
            }
        }
    }
    out.push(quote);
    out
}

/// Shortest decimal that reads back, in Python's notation.
pub fn float_repr(f: f64) -> String {
    if f.is_nan() {
        return "nan".to_owned();
    }
    if f.is_infinite() {
        return if f < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let text = format!("{f:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{f}");
        return if plain.contains('.') {
            plain
        } else {
            plain + ".0"
        };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn complex_part(f: f64) -> String {
    let text = float_repr(f);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn complex_repr(re: f64, im: f64) -> String {
    if re == 0.0 && re.is_sign_positive() {
        return format!("{}j", complex_part(im));
    }
    let im_text = complex_part(im);
    let sign = if im_text.starts_with('-') { "" } else { "+" };
    format!("({}{sign}{im_text}j)", complex_part(re))
}

fn big_repr(negative: bool, magnitude: &[u8]) -> String {
    // Repeated division by 10^9 over 32-bit limbs.
    let mut limbs: Vec<u32> = magnitude
        .chunks(4)
        .map(|c| c.iter().rev().fold(0u32, |n, &b| n << 8 | u32::from(b)))
        .collect();
    let mut groups = Vec::new();
    while limbs.iter().any(|&l| l != 0) {
        let mut rest = 0u64;
        for limb in limbs.iter_mut().rev() {
            let n = rest << 32 | u64::from(*limb);
            *limb = (n / 1_000_000_000) as u32;
            rest = n % 1_000_000_000;
        }
        groups.push(rest);
    }
    let mut out = String::from(if negative { "-" } else { "" });
    let _ = write!(out, "{}", groups.pop().unwrap_or(0));
    for group in groups.iter().rev() {
        let _ = write!(out, "{group:09}");
    }
    out
}

/// `repr()` of a constant, as CPython prints it.
pub fn const_repr(c: &Const) -> String {
    match c {
        Const::None => "None".to_owned(),
        Const::True => "True".to_owned(),
        Const::False => "False".to_owned(),
        Const::Ellipsis => "Ellipsis".to_owned(),
        Const::Int(i) => i.to_string(),
        Const::BigInt(negative, magnitude) => big_repr(*negative, magnitude),
        Const::Float(f) => float_repr(*f),
        Const::Complex(re, im) => complex_repr(*re, *im),
        Const::Str(s) => str_repr(&s.0),
        Const::Bytes(b) => bytes_repr(b),
        Const::Tuple(items) => {
            let inner: Vec<String> = items.iter().map(const_repr).collect();
            let comma = if items.len() == 1 { "," } else { "" };
            format!("({}{comma})", inner.join(", "))
        }
        Const::FrozenSet(items) => {
            if items.is_empty() {
                return "frozenset()".to_owned();
            }
            let inner: Vec<String> = items.iter().map(const_repr).collect();
            format!("frozenset({{{}}})", inner.join(", "))
        }
        Const::Code(code) => code_repr(code),
    }
}

fn code_repr(code: &CodeData) -> String {
    let address = std::ptr::from_ref(code) as usize;
    format!(
        "<code object {} at {address:#x}, file \"{}\", line {}>",
        code.name, code.filename, code.firstlineno
    )
}

/// `(offset, line)` of every line start, as `dis.findlinestarts` of 3.8.
pub fn line_starts(code: &CodeData) -> Vec<(usize, u32)> {
    let mut out = Vec::new();
    let (mut last, mut line, mut at) = (None, i64::from(code.firstlineno), 0usize);
    for pair in code.lnotab.chunks_exact(2) {
        if pair[0] != 0 {
            if last != Some(line) {
                out.push((at, line as u32));
                last = Some(line);
            }
            at += usize::from(pair[0]);
        }
        line += i64::from(pair[1] as i8);
    }
    if last != Some(line) {
        out.push((at, line as u32));
    }
    out
}

/// One instruction with its EXTENDED_ARGs folded in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// Byte offset of this unit.
    pub offset: usize,
    pub opcode: u8,
    /// Operand, with the bytes of the EXTENDED_ARGs before it.
    pub arg: u32,
}

/// All units, EXTENDED_ARG included (as `dis` lists them).
pub fn instructions(code: &[u8]) -> impl Iterator<Item = Instruction> + '_ {
    let mut extended = 0u32;
    code.chunks_exact(2).enumerate().map(move |(i, unit)| {
        let arg = u32::from(unit[1]) | extended;
        let is_ext = unit[0] == Op::ExtendedArg as u8;
        extended = if is_ext { arg << 8 } else { 0 };
        Instruction {
            offset: i * 2,
            opcode: unit[0],
            arg,
        }
    })
}

/// Byte offset a jump leads to.
pub fn jump_target(i: &Instruction) -> Option<usize> {
    match Op::from_u8(i.opcode)?.operand() {
        Operand::JumpRel => Some(i.offset + 2 + i.arg as usize),
        Operand::JumpAbs => Some(i.arg as usize),
        _ => None,
    }
}

/// Options of [`dis`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Offset to mark with `-->`.
    pub last_instruction: Option<usize>,
    /// Added to line numbers.
    pub line_offset: i64,
}

fn operand_text(
    code: &CodeData,
    i: &Instruction,
    repr: &dyn Fn(&Const) -> String,
) -> Option<String> {
    let op = Op::from_u8(i.opcode)?;
    let arg = i.arg as usize;
    let name = |list: &[Box<str>]| list.get(arg).map(|n| n.to_string());
    match op.operand() {
        Operand::None => None,
        Operand::Const => code.consts.get(arg).map(repr),
        Operand::Name => name(&code.names),
        Operand::Local => name(&code.varnames),
        Operand::Free => code
            .cellvars
            .iter()
            .chain(&code.freevars)
            .nth(arg)
            .map(|n| n.to_string()),
        Operand::JumpRel => jump_target(i).map(|t| format!("to {t}")),
        Operand::JumpAbs => None,
        Operand::Compare => CMP_OP.get(arg).map(|s| (*s).to_owned()),
        Operand::Arg => match op {
            Op::FormatValue => {
                let conversion = ["", "str", "repr", "ascii"][arg & 3];
                let comma = if arg & 4 != 0 && arg & 3 != 0 {
                    ", "
                } else {
                    ""
                };
                let spec = if arg & 4 != 0 { "with format" } else { "" };
                Some(format!("{conversion}{comma}{spec}"))
            }
            Op::MakeFunction => {
                let parts = [
                    (1, "defaults"),
                    (2, "kwdefaults"),
                    (4, "annotations"),
                    (8, "closure"),
                    (16, "annotate"),
                ];
                let parts = parts
                    .iter()
                    .filter(|(bit, _)| arg & bit != 0)
                    .map(|(_, name)| *name);
                Some(parts.collect::<Vec<_>>().join(", "))
            }
            _ => None,
        },
    }
}

/// The text of `dis.dis(code, depth=0)`; `repr` prints constants.
pub fn dis_with(code: &CodeData, style: Style, repr: &dyn Fn(&Const) -> String) -> String {
    let starts = line_starts(code);
    let targets: Vec<usize> = instructions(&code.code)
        .filter_map(|i| jump_target(&i))
        .collect();
    let last_line = starts
        .iter()
        .map(|&(_, l)| i64::from(l) + style.line_offset)
        .max()
        .unwrap_or(0);
    let line_width = if last_line >= 1000 {
        last_line.to_string().len()
    } else {
        3
    };
    let last_offset = code.code.len().saturating_sub(2);
    let offset_width = if last_offset >= 10_000 {
        last_offset.to_string().len()
    } else {
        4
    };
    let mut out = String::new();
    for i in instructions(&code.code) {
        let start = starts.iter().find(|&&(at, _)| at == i.offset);
        if start.is_some() && i.offset > 0 {
            out.push('\n');
        }
        let mut line = String::new();
        if !starts.is_empty() {
            let _ = match start {
                Some(&(_, l)) => write!(line, "{:>line_width$}", i64::from(l) + style.line_offset),
                None => write!(line, "{:line_width$}", ""),
            };
            line.push(' ');
        }
        line.push_str(if style.last_instruction == Some(i.offset) {
            "--> "
        } else {
            "    "
        });
        line.push_str(if targets.contains(&i.offset) {
            ">> "
        } else {
            "   "
        });
        let op = Op::from_u8(i.opcode);
        let name = op.map_or_else(|| format!("<{}>", i.opcode), |op| op.name().to_owned());
        let _ = write!(line, "{:>offset_width$} {name:<20}", i.offset);
        if i.opcode >= crate::opcode::HAVE_ARGUMENT {
            let _ = write!(line, " {:>5}", i.arg);
            if let Some(text) = operand_text(code, &i, repr).filter(|t| !t.is_empty()) {
                let _ = write!(line, " ({text})");
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// `dis.dis(code)`: this code object and, after it, those in its constants.
pub fn dis(code: &CodeData) -> String {
    let mut out = dis_with(code, Style::default(), &const_repr);
    for c in &code.consts {
        if let Const::Code(inner) = c {
            let _ = write!(
                out,
                "\nDisassembly of {}:\n{}",
                code_repr(inner),
                dis(inner)
            );
        }
    }
    out
}
