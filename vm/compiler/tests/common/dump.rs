//! Code objects as text, one line each: the Rust twin of `tests/golden/dump.py`.
use std::fmt::Write;

use lasti_bytecode::code::{CodeData, Const};
use lasti_compiler::{Mode, Options, compile_bytes};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

fn show(c: &Const) -> String {
    let list = |items: &[Const]| items.iter().map(show).collect::<Vec<_>>();
    match c {
        Const::None => "None".into(),
        Const::True => "True".into(),
        Const::False => "False".into(),
        Const::Ellipsis => "Ellipsis".into(),
        Const::Int(i) if *i < 0 => format!("i-{:x}", i.unsigned_abs()),
        Const::Int(i) => format!("i{i:x}"),
        Const::BigInt(negative, magnitude) => {
            let digits: Vec<u8> = magnitude.iter().rev().copied().collect();
            let digits = hex(&digits);
            format!(
                "i{}{}",
                if *negative { "-" } else { "" },
                digits.trim_start_matches('0')
            )
        }
        Const::Float(f) => format!("f{}", hex(&f.to_be_bytes())),
        Const::Complex(re, im) => format!("c{}{}", hex(&re.to_be_bytes()), hex(&im.to_be_bytes())),
        Const::Str(s) => format!("s{}", hex(&s.0)),
        Const::Bytes(b) => format!("b{}", hex(b)),
        Const::Tuple(items) => format!("({})", list(items).join(",")),
        Const::FrozenSet(items) => {
            let mut items = list(items);
            items.sort();
            format!("{{{}}}", items.join(","))
        }
        Const::Code(_) => "code".into(),
    }
}

fn walk(code: &CodeData, place: &str, out: &mut String) {
    let names = |list: &[Box<str>]| list.join(",");
    let _ = writeln!(
        out,
        "{place}\t{}\t{}\t{}\t{}\t{}\t{}\t{:x}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
        code.name,
        hex(&code.code),
        names(&code.names),
        names(&code.varnames),
        names(&code.cellvars),
        names(&code.freevars),
        code.flags,
        code.stacksize,
        code.firstlineno,
        hex(&code.lnotab),
        code.argcount,
        code.posonlyargcount,
        code.kwonlyargcount,
        show(&Const::Tuple(code.consts.clone())),
    );
    assert!(
        code.positions.unpack(usize::MAX).len() * 2 == code.code.len(),
        "positions follow the code"
    );
    let inner = code.consts.iter().filter_map(|c| match c {
        Const::Code(code) => Some(code),
        _ => None,
    });
    for (n, code) in inner.enumerate() {
        walk(code, &format!("{place}/{n}"), out);
    }
}

/// All code objects of a source file.
pub fn dump_source(source: &[u8], place: &str) -> String {
    let filename = place.rsplit('/').next().unwrap_or(place);
    match compile_bytes(source, filename, Mode::Exec, &Options::default()) {
        Ok(code) => {
            let mut out = String::new();
            walk(&code, place, &mut out);
            out
        }
        Err(error) => format!("{place}\tFAILED\t{error}\n"),
    }
}
