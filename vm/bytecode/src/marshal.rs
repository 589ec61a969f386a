//! Code objects to bytes and back: how the standard library is frozen.
//!
//! `MAGIC`, a table of all strings, then the code object. Numbers are LEB128, strings are indices into the
//! table, positions are runs of deltas. Reading checks everything and never panics.
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::code::{CodeData, Const, Wtf8};
use crate::positions::{self, Positions, push_number, push_signed};

/// First bytes; the last one is the version and changes with the format or the opcodes.
pub const MAGIC: [u8; 4] = *b"lst\x02";

/// Deepest nesting of constants that is read.
const MAX_DEPTH: u32 = 500;

/// Why bytes could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoadError {
    /// Not our format, or another version of it.
    BadMagic,
    /// Ends too early.
    Truncated,
    /// Holds something no writer writes.
    Malformed,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LoadError::BadMagic => "not a code object of this version",
            LoadError::Truncated => "code object ends too early",
            LoadError::Malformed => "malformed code object",
        })
    }
}

impl std::error::Error for LoadError {}

// ---- writing ----

#[derive(Default)]
struct Writer<'a> {
    out: Vec<u8>,
    strings: Vec<&'a [u8]>,
    index: HashMap<&'a [u8], usize>,
}

/// Bytes of a code object. The filename is not kept: the reader is told it.
pub fn dump(code: &CodeData) -> Vec<u8> {
    let mut w = Writer::default();
    w.code(code);
    let body = std::mem::take(&mut w.out);
    let mut out = Writer::default();
    out.out.extend(MAGIC);
    out.number(w.strings.len() as u64);
    for s in &w.strings {
        out.bytes(s);
    }
    out.out.extend(body);
    out.out
}

impl<'a> Writer<'a> {
    fn number(&mut self, n: u64) {
        push_number(&mut self.out, n);
    }

    fn signed(&mut self, n: i64) {
        push_signed(&mut self.out, n);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn string(&mut self, s: &'a [u8]) {
        let next = self.strings.len();
        let i = *self.index.entry(s).or_insert(next);
        if i == next {
            self.strings.push(s);
        }
        self.number(i as u64);
    }

    fn names(&mut self, names: &'a [Box<str>]) {
        self.number(names.len() as u64);
        names.iter().for_each(|n| self.string(n.as_bytes()));
    }

    fn consts(&mut self, items: &'a [Const]) {
        self.number(items.len() as u64);
        items.iter().for_each(|c| self.constant(c));
    }

    fn constant(&mut self, c: &'a Const) {
        let tag = |w: &mut Self, b: u8| w.out.push(b);
        match c {
            Const::None => tag(self, b'N'),
            Const::True => tag(self, b'T'),
            Const::False => tag(self, b'F'),
            Const::Ellipsis => tag(self, b'.'),
            Const::Int(i) => {
                tag(self, b'i');
                self.signed(*i);
            }
            Const::BigInt(negative, magnitude) => {
                tag(self, if *negative { b'm' } else { b'p' });
                self.bytes(magnitude);
            }
            Const::Float(f) => {
                tag(self, b'f');
                self.out.extend(f.to_bits().to_le_bytes());
            }
            Const::Complex(re, im) => {
                tag(self, b'c');
                self.out.extend(re.to_bits().to_le_bytes());
                self.out.extend(im.to_bits().to_le_bytes());
            }
            Const::Str(s) => {
                tag(self, b's');
                self.string(&s.0);
            }
            Const::Bytes(b) => {
                tag(self, b'b');
                self.bytes(b);
            }
            Const::Tuple(items) => {
                tag(self, b'(');
                self.consts(items);
            }
            Const::FrozenSet(items) => {
                tag(self, b'<');
                self.consts(items);
            }
            Const::Code(code) => {
                tag(self, b'C');
                self.code(code);
            }
        }
    }

    fn code(&mut self, code: &'a CodeData) {
        let numbers = [
            code.argcount,
            code.posonlyargcount,
            code.kwonlyargcount,
            code.stacksize,
            code.flags,
            code.firstlineno,
            code.max_blocks,
        ];
        numbers.iter().for_each(|&n| self.number(u64::from(n)));
        let bits = u8::from(code.has_docstring)
            | u8::from(code.is_comprehension) << 1
            | u8::from(code.clean_doc.is_some()) << 2;
        self.out.push(bits);
        self.string(code.name.as_bytes());
        self.string(code.qualname.as_bytes());
        if let Some(doc) = &code.clean_doc {
            self.string(&doc.0);
        }
        for names in [
            &code.names,
            &code.varnames,
            &code.cellvars,
            &code.freevars,
            &code.static_attributes,
        ] {
            self.names(names);
        }
        self.bytes(&code.code);
        self.bytes(&code.lnotab);
        self.bytes(code.positions.packed());
        self.consts(&code.consts);
    }
}

// ---- reading ----

struct Reader<'a> {
    rest: &'a [u8],
    strings: Vec<&'a [u8]>,
    filename: Arc<str>,
    depth: u32,
}

type Load<T> = Result<T, LoadError>;

/// Reads what [`dump`] wrote; the code objects get `filename`.
pub fn load(bytes: &[u8], filename: &str) -> Load<Arc<CodeData>> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(LoadError::BadMagic)?;
    let mut r = Reader {
        rest,
        strings: Vec::new(),
        filename: Arc::from(filename),
        depth: 0,
    };
    let count = r.length()?;
    for _ in 0..count {
        let s = r.bytes()?;
        r.strings.push(s);
    }
    let code = r.code()?;
    if r.rest.is_empty() {
        Ok(Arc::new(code))
    } else {
        Err(LoadError::Malformed)
    }
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Load<u8> {
        let (&first, rest) = self.rest.split_first().ok_or(LoadError::Truncated)?;
        self.rest = rest;
        Ok(first)
    }

    fn number(&mut self) -> Load<u64> {
        positions::number(&mut self.rest).ok_or(LoadError::Truncated)
    }

    fn u32(&mut self) -> Load<u32> {
        u32::try_from(self.number()?).map_err(|_| LoadError::Malformed)
    }

    fn signed(&mut self) -> Load<i64> {
        positions::signed(&mut self.rest).ok_or(LoadError::Truncated)
    }

    /// A count of things that take a byte or more each.
    fn length(&mut self) -> Load<usize> {
        let n = usize::try_from(self.number()?).map_err(|_| LoadError::Malformed)?;
        if n > self.rest.len() {
            Err(LoadError::Truncated)
        } else {
            Ok(n)
        }
    }

    fn take(&mut self, n: usize) -> Load<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(LoadError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes(&mut self) -> Load<&'a [u8]> {
        let n = self.length()?;
        self.take(n)
    }

    fn string(&mut self) -> Load<&'a [u8]> {
        let i = usize::try_from(self.number()?).map_err(|_| LoadError::Malformed)?;
        self.strings.get(i).copied().ok_or(LoadError::Malformed)
    }

    fn text(&mut self) -> Load<Box<str>> {
        std::str::from_utf8(self.string()?)
            .map(Box::from)
            .map_err(|_| LoadError::Malformed)
    }

    fn names(&mut self) -> Load<Box<[Box<str>]>> {
        (0..self.length()?).map(|_| self.text()).collect()
    }

    fn consts(&mut self) -> Load<Box<[Const]>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(LoadError::Malformed);
        }
        let items = (0..self.length()?).map(|_| self.constant()).collect();
        self.depth -= 1;
        items
    }

    fn float(&mut self) -> Load<f64> {
        let bytes = self.take(8)?.try_into().map_err(|_| LoadError::Truncated)?;
        Ok(f64::from_bits(u64::from_le_bytes(bytes)))
    }

    fn constant(&mut self) -> Load<Const> {
        Ok(match self.byte()? {
            b'N' => Const::None,
            b'T' => Const::True,
            b'F' => Const::False,
            b'.' => Const::Ellipsis,
            b'i' => Const::Int(self.signed()?),
            b'm' => Const::BigInt(true, self.bytes()?.into()),
            b'p' => Const::BigInt(false, self.bytes()?.into()),
            b'f' => Const::Float(self.float()?),
            b'c' => Const::Complex(self.float()?, self.float()?),
            b's' => Const::Str(Wtf8(self.string()?.into())),
            b'b' => Const::Bytes(self.bytes()?.into()),
            b'(' => Const::Tuple(self.consts()?),
            b'<' => Const::FrozenSet(self.consts()?),
            b'C' => Const::Code(Arc::new(self.code()?)),
            _ => return Err(LoadError::Malformed),
        })
    }

    fn code(&mut self) -> Load<CodeData> {
        let mut code = CodeData {
            argcount: self.u32()?,
            posonlyargcount: self.u32()?,
            kwonlyargcount: self.u32()?,
            stacksize: self.u32()?,
            flags: self.u32()?,
            firstlineno: self.u32()?,
            max_blocks: self.u32()?,
            filename: self.filename.clone(),
            ..CodeData::default()
        };
        let bits = self.byte()?;
        code.has_docstring = bits & 1 != 0;
        code.is_comprehension = bits & 2 != 0;
        code.name = self.text()?;
        code.qualname = self.text()?;
        if bits & 4 != 0 {
            code.clean_doc = Some(Wtf8(self.string()?.into()));
        }
        code.names = self.names()?;
        code.varnames = self.names()?;
        code.cellvars = self.names()?;
        code.freevars = self.names()?;
        code.static_attributes = self.names()?;
        code.code = self.bytes()?.into();
        code.lnotab = self.bytes()?.into();
        code.positions = Positions::from_packed(self.bytes()?);
        code.consts = self.consts()?;
        Ok(code)
    }
}
