//! When two constants are one: CPython's `_PyCode_ConstantKey`, as bytes that can be compared.
use std::hash::{Hash, Hasher};

use lasti_bytecode::code::{CodeData, Const};
use rustc_hash::FxHasher;

/// One entry in `co_consts` for both: their keys are equal. Most constants are compared without making the keys.
pub fn same_const(a: &Const, b: &Const) -> bool {
    match (a, b) {
        (Const::None, Const::None) => true,
        (Const::Int(a), Const::Int(b)) => a == b,
        (Const::Str(a), Const::Str(b)) => a == b,
        _ => std::mem::discriminant(a) == std::mem::discriminant(b) && const_key(a) == const_key(b),
    }
}

/// Equal for constants that are the same.
pub fn const_hash(value: &Const) -> u32 {
    let mut hasher = FxHasher::default();
    write_hash(value, &mut hasher);
    let hash = hasher.finish();
    (hash ^ hash >> 32) as u32
}

fn write_hash(value: &Const, out: &mut FxHasher) {
    std::mem::discriminant(value).hash(out);
    match value {
        Const::None | Const::True | Const::False | Const::Ellipsis => {}
        Const::Int(i) => i.hash(out),
        Const::BigInt(_, magnitude) => magnitude.hash(out),
        Const::Float(f) => f.to_bits().hash(out),
        Const::Complex(re, im) => (re.to_bits(), im.to_bits()).hash(out),
        Const::Str(s) => s.hash(out),
        Const::Bytes(b) => b.hash(out),
        Const::Tuple(items) => items.iter().for_each(|item| write_hash(item, out)),
        // In no order: sets of the same members are the same.
        Const::FrozenSet(items) => {
            let sum = |sum: u32, item| sum.wrapping_add(const_hash(item));
            items.iter().fold(0, sum).hash(out);
        }
        Const::Code(code) => (&code.name, code.firstlineno, code.code.len()).hash(out),
    }
}

/// Equal keys mean one entry in `co_consts` (type, value and the sign of zeros count).
pub fn const_key(value: &Const) -> Box<[u8]> {
    let mut out = Vec::with_capacity(16);
    write(value, &mut out);
    out.into()
}

fn write(value: &Const, out: &mut Vec<u8>) {
    match value {
        Const::None => out.push(b'N'),
        Const::True => out.push(b'T'),
        Const::False => out.push(b'F'),
        Const::Ellipsis => out.push(b'.'),
        Const::Int(i) => {
            out.push(b'i');
            out.extend(i.to_le_bytes());
        }
        Const::BigInt(negative, magnitude) => {
            out.extend([b'I', u8::from(*negative)]);
            sized(magnitude, out);
        }
        Const::Float(f) => {
            out.push(b'f');
            out.extend(f.to_bits().to_le_bytes());
        }
        Const::Complex(re, im) => {
            out.push(b'c');
            out.extend(re.to_bits().to_le_bytes());
            out.extend(im.to_bits().to_le_bytes());
        }
        Const::Str(s) => {
            out.push(b's');
            sized(&s.0, out);
        }
        Const::Bytes(b) => {
            out.push(b'b');
            sized(b, out);
        }
        Const::Tuple(items) => {
            out.push(b'(');
            out.extend((items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| write(item, out));
        }
        Const::FrozenSet(items) => {
            let mut keys: Vec<Box<[u8]>> = items.iter().map(const_key).collect();
            keys.sort_unstable();
            out.push(b'<');
            out.extend((keys.len() as u64).to_le_bytes());
            keys.iter().for_each(|key| sized(key, out));
        }
        Const::Code(code) => {
            out.push(b'C');
            write_code(code, out);
        }
    }
}

/// Two code objects are equal when everything but the line table is (code_richcompare): two
/// `lambda: None` on one line are one constant.
fn write_code(code: &CodeData, out: &mut Vec<u8>) {
    let numbers = [
        code.argcount,
        code.posonlyargcount,
        code.kwonlyargcount,
        code.flags,
        code.firstlineno,
        code.consts.len() as u32,
    ];
    numbers.iter().for_each(|n| out.extend(n.to_le_bytes()));
    sized(code.name.as_bytes(), out);
    sized(&code.code, out);
    for list in [&code.names, &code.varnames, &code.freevars, &code.cellvars] {
        out.extend((list.len() as u64).to_le_bytes());
        list.iter().for_each(|name| sized(name.as_bytes(), out));
    }
    code.consts.iter().for_each(|c| write(c, out));
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend((bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}
