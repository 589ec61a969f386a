//! Code objects to bytes and back: how the standard library is frozen.
//!
//! `MAGIC`, a table of all strings, then the code object. Numbers are LEB128, strings are indices into the
//! table, positions are runs of deltas. Reading checks everything and never panics. A code object begins with what making
//! a function of it needs and a nested one has its length in front, so that an [`Image`] reads the rest on first use.
//!
//! Reading says nothing of whether the code can be run. An [`Image`] stands in the program itself, written by the compiler of the
//! same build, and is run as it is. Whatever else [`load`] reads has to pass [`verify_all`](crate::verify::verify_all) first.
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::code::{CodeData, Const, Wtf8};
use crate::positions::{self, Positions, push_number, push_signed};

/// First bytes; the last one is the version and changes with the format or the opcodes.
pub const MAGIC: [u8; 4] = *b"lst\x03";

/// Deepest nesting of constants that is read.
const MAX_DEPTH: u32 = 500;

// The flags of a code object.
const HAS_DOCSTRING: u8 = 1;
const COMPREHENSION: u8 = 2;
const CLEAN_DOC: u8 = 4;
const DOC: u8 = 8;

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
                let outer = std::mem::take(&mut self.out);
                self.code(code);
                let inner = std::mem::replace(&mut self.out, outer);
                self.bytes(&inner);
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
        let variables = [&code.varnames, &code.cellvars, &code.freevars];
        variables.iter().for_each(|l| self.number(l.len() as u64));
        // The docstring is told even where it is the first constant, so that nobody has to read that for it.
        let first = match code.consts.first() {
            Some(Const::Str(doc)) if code.has_docstring => Some(doc),
            _ => None,
        };
        let doc = code.clean_doc.as_ref().or(first);
        let bits = [
            (code.has_docstring, HAS_DOCSTRING),
            (code.is_comprehension, COMPREHENSION),
            (code.clean_doc.is_some(), CLEAN_DOC),
            (doc.is_some(), DOC),
        ];
        let bits = bits.into_iter().filter(|b| b.0).fold(0, |all, b| all | b.1);
        self.out.push(bits);
        self.string(code.name.as_bytes());
        self.string(code.qualname.as_bytes());
        if let Some(doc) = doc {
            self.string(&doc.0);
        }
        for name in variables.into_iter().flatten() {
            self.string(name.as_bytes());
        }
        self.names(&code.names);
        self.names(&code.static_attributes);
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

/// A reader behind the table of strings.
fn reader<'a>(bytes: &'a [u8], filename: &str) -> Load<Reader<'a>> {
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
    Ok(r)
}

/// Reads what [`dump`] wrote; the code objects get `filename`.
pub fn load(bytes: &[u8], filename: &str) -> Load<Arc<CodeData>> {
    let mut r = reader(bytes, filename)?;
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

    fn at(&self, i: u32) -> Load<&'a [u8]> {
        self.strings
            .get(i as usize)
            .copied()
            .ok_or(LoadError::Malformed)
    }

    fn string(&mut self) -> Load<&'a [u8]> {
        let i = self.u32()?;
        self.at(i)
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
            b's' => Const::Str(wtf8(self.string()?)?),
            b'b' => Const::Bytes(self.bytes()?.into()),
            b'(' => Const::Tuple(self.consts()?),
            b'<' => Const::FrozenSet(self.consts()?),
            b'C' => {
                let inner = self.bytes()?;
                let outer = std::mem::replace(&mut self.rest, inner);
                let code = self.code()?;
                if !self.rest.is_empty() {
                    return Err(LoadError::Malformed);
                }
                self.rest = outer;
                Const::Code(Arc::new(code))
            }
            _ => return Err(LoadError::Malformed),
        })
    }

    fn head(&mut self) -> Load<(Head, u8)> {
        let mut head = Head {
            argcount: self.u32()?,
            posonlyargcount: self.u32()?,
            kwonlyargcount: self.u32()?,
            stacksize: self.u32()?,
            flags: self.u32()?,
            firstlineno: self.u32()?,
            max_blocks: self.u32()?,
            nlocals: self.u32()?,
            ncells: self.u32()?,
            nfree: self.u32()?,
            ..Head::default()
        };
        let bits = self.byte()?;
        head.is_comprehension = bits & COMPREHENSION != 0;
        head.name = self.u32()?;
        head.qualname = self.u32()?;
        if bits & DOC != 0 {
            head.doc = Some(self.u32()?);
        }
        Ok((head, bits))
    }

    fn code(&mut self) -> Load<CodeData> {
        let (head, bits) = self.head()?;
        let text = |r: &Self, i: u32| -> Load<Box<str>> {
            std::str::from_utf8(r.at(i)?)
                .map(Box::from)
                .map_err(|_| LoadError::Malformed)
        };
        let mut code = CodeData {
            argcount: head.argcount,
            posonlyargcount: head.posonlyargcount,
            kwonlyargcount: head.kwonlyargcount,
            stacksize: head.stacksize,
            flags: head.flags,
            firstlineno: head.firstlineno,
            max_blocks: head.max_blocks,
            filename: self.filename.clone(),
            has_docstring: bits & HAS_DOCSTRING != 0,
            is_comprehension: head.is_comprehension,
            name: text(self, head.name)?,
            qualname: text(self, head.qualname)?,
            ..CodeData::default()
        };
        if let Some(doc) = head.doc
            && bits & CLEAN_DOC != 0
        {
            code.clean_doc = Some(wtf8(self.at(doc)?)?);
        }
        code.varnames = (0..head.nlocals)
            .map(|_| self.text())
            .collect::<Load<_>>()?;
        code.cellvars = (0..head.ncells).map(|_| self.text()).collect::<Load<_>>()?;
        code.freevars = (0..head.nfree).map(|_| self.text()).collect::<Load<_>>()?;
        code.names = self.names()?;
        code.static_attributes = self.names()?;
        code.code = self.bytes()?.into();
        code.lnotab = self.bytes()?.into();
        code.positions = Positions::from_packed(self.bytes()?);
        code.consts = self.consts()?;
        Ok(code)
    }

    fn indices(&mut self, n: usize) -> Load<Vec<u32>> {
        (0..n).map(|_| self.u32()).collect()
    }

    fn items(&mut self, whole: usize) -> Load<Vec<Item>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(LoadError::Malformed);
        }
        let mut items = Vec::new();
        for _ in 0..self.length()? {
            let (&tag, rest) = self.rest.split_first().ok_or(LoadError::Truncated)?;
            items.push(match tag {
                b's' | b'(' | b'<' | b'C' => {
                    self.rest = rest;
                    match tag {
                        b's' => Item::Str(self.u32()?),
                        b'(' => Item::Tuple(self.items(whole)?),
                        b'<' => Item::FrozenSet(self.items(whole)?),
                        _ => {
                            let n = self.length()?;
                            let at = whole - self.rest.len();
                            self.take(n)?;
                            Item::Code(at)
                        }
                    }
                }
                _ => Item::Plain(self.constant()?),
            });
        }
        self.depth -= 1;
        Ok(items)
    }
}

/// Text in which lone surrogates may stand, and nothing else that UTF-8 has not.
fn wtf8(text: &[u8]) -> Load<Wtf8> {
    let mut rest = text;
    while let Err(e) = std::str::from_utf8(rest) {
        match &rest[e.valid_up_to()..] {
            [0xED, 0xA0..=0xBF, 0x80..=0xBF, tail @ ..] => rest = tail,
            _ => return Err(LoadError::Malformed),
        }
    }
    Ok(Wtf8(text.into()))
}

// ---- reading in parts ----

/// A dumped code object of the program itself, whose parts are read when they are asked for. Strings are numbers of
/// [`Image::string`].
#[derive(Debug)]
pub struct Image {
    strings: Vec<&'static [u8]>,
    bytes: &'static [u8],
    filename: Arc<str>,
}

/// What making a function needs.
#[derive(Clone, Copy, Default, Debug)]
pub struct Head {
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub stacksize: u32,
    pub flags: u32,
    pub firstlineno: u32,
    pub max_blocks: u32,
    pub nlocals: u32,
    pub ncells: u32,
    pub nfree: u32,
    pub is_comprehension: bool,
    pub name: u32,
    pub qualname: u32,
    /// The docstring that is shown.
    pub doc: Option<u32>,
}

/// What running needs.
#[derive(Debug)]
pub struct Body {
    /// Locals, then cells, then free variables.
    pub varnames: Vec<u32>,
    pub names: Vec<u32>,
    pub code: &'static [u8],
    pub lnotab: &'static [u8],
    pub consts: Vec<Item>,
}

/// A constant.
#[derive(Debug)]
pub enum Item {
    Plain(Const),
    Str(u32),
    Tuple(Vec<Item>),
    FrozenSet(Vec<Item>),
    /// Where a nested code object stands in the image.
    Code(usize),
}

impl Image {
    pub fn open(bytes: &'static [u8], filename: &str) -> Load<Image> {
        let mut r = reader(bytes, filename)?;
        Ok(Image {
            strings: std::mem::take(&mut r.strings),
            bytes: r.rest,
            filename: r.filename,
        })
    }
    pub fn filename(&self) -> &str {
        &self.filename
    }
    /// How many strings there are.
    pub fn count(&self) -> usize {
        self.strings.len()
    }
    pub fn string(&self, i: u32) -> Load<&'static [u8]> {
        self.strings
            .get(i as usize)
            .copied()
            .ok_or(LoadError::Malformed)
    }
    fn reader(&self, at: usize) -> Load<Reader<'static>> {
        Ok(Reader {
            rest: self.bytes.get(at..).ok_or(LoadError::Truncated)?,
            strings: Vec::new(),
            filename: self.filename.clone(),
            depth: 0,
        })
    }
    /// The code object at a place: the outermost is at 0.
    pub fn head(&self, at: usize) -> Load<Head> {
        Ok(self.reader(at)?.head()?.0)
    }
    pub fn body(&self, at: usize) -> Load<Body> {
        let mut r = self.reader(at)?;
        let (head, _) = r.head()?;
        let n = [head.nlocals, head.ncells, head.nfree].map(|n| n as usize);
        Ok(Body {
            varnames: r.indices(n.iter().sum())?,
            names: {
                let n = r.length()?;
                r.indices(n)?
            },
            code: {
                // Attributes that methods set.
                let n = r.length()?;
                r.indices(n)?;
                r.bytes()?
            },
            lnotab: r.bytes()?,
            consts: {
                // Columns.
                r.bytes()?;
                r.items(self.bytes.len())?
            },
        })
    }
    /// The whole code object at a place.
    pub fn code(&self, at: usize) -> Load<CodeData> {
        let mut r = self.reader(at)?;
        r.strings = self.strings.clone();
        r.code()
    }
}

#[cfg(test)]
mod tests;
