//! Code objects as plain data: what the compiler emits and `vm/core` wraps in a heap object.
//!
//! The fields are CPython 3.8's `co_*` (Objects/codeobject.c), followed by side data that 3.14 shows
//! and 3.8 does not have.
pub use crate::positions::{Position, Positions};
use std::sync::Arc;

/// Text as WTF-8: UTF-8 in which lone surrogates may stand (Python strings can hold them).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Wtf8(pub Box<[u8]>);

/// A constant of `co_consts`.
#[derive(Clone, Debug)]
pub enum Const {
    None,
    True,
    False,
    Ellipsis,
    Int(i64),
    /// Sign (true is negative) and little-endian magnitude, for ints outside i64.
    BigInt(bool, Box<[u8]>),
    Float(f64),
    Complex(f64, f64),
    Str(Wtf8),
    Bytes(Box<[u8]>),
    Tuple(Box<[Const]>),
    FrozenSet(Box<[Const]>),
    Code(Arc<CodeData>),
}

/// `co_flags` bits (CPython Include/code.h, 3.8).
pub mod flags {
    pub const OPTIMIZED: u32 = 0x1;
    pub const NEWLOCALS: u32 = 0x2;
    pub const VARARGS: u32 = 0x4;
    pub const VARKEYWORDS: u32 = 0x8;
    pub const NESTED: u32 = 0x10;
    pub const GENERATOR: u32 = 0x20;
    pub const NOFREE: u32 = 0x40;
    pub const COROUTINE: u32 = 0x80;
    pub const ITERABLE_COROUTINE: u32 = 0x100;
    pub const ASYNC_GENERATOR: u32 = 0x200;
}

/// One compiled code block.
#[derive(Clone, Debug, Default)]
pub struct CodeData {
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub stacksize: u32,
    pub flags: u32,
    pub firstlineno: u32,
    pub code: Box<[u8]>,
    pub consts: Box<[Const]>,
    pub names: Box<[Box<str>]>,
    pub varnames: Box<[Box<str>]>,
    pub cellvars: Box<[Box<str>]>,
    pub freevars: Box<[Box<str>]>,
    pub filename: Arc<str>,
    pub name: Box<str>,
    /// 3.8's `co_lnotab`.
    pub lnotab: Box<[u8]>,
    // ---- side data, outside the identity with 3.8 ----
    pub qualname: Box<str>,
    /// Columns of each instruction.
    pub positions: Positions,
    /// Deepest nesting of SETUP_* blocks (including the handler blocks an exception pushes).
    pub max_blocks: u32,
    /// Docstring as 3.13+ shows it (dedented), when it differs from `consts[0]`.
    pub clean_doc: Option<Wtf8>,
    /// True when the first constant is a docstring.
    pub has_docstring: bool,
    /// A comprehension or generator expression: `locals()` and `super()` look through it as in 3.14.
    pub is_comprehension: bool,
    /// Names assigned as `self.NAME = ...` in this class body's methods (`__static_attributes__`).
    pub static_attributes: Box<[Box<str>]>,
}

impl CodeData {
    /// `co_nlocals`: the number of fast locals.
    pub fn nlocals(&self) -> usize {
        self.varnames.len()
    }
}
