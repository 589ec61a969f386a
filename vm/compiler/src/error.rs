//! Compile errors: what becomes a SyntaxError (or one of its kin) in Python.
use std::fmt;

use lasti_bytecode::code::Position;

/// Which exception a compile error becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    Syntax,
    Indentation,
    Tab,
    /// ValueError.
    Value,
    /// RecursionError: nested too deeply for the compiler.
    Recursion,
    /// MemoryError.
    Memory,
    /// SyntaxError that says the input ended too early (interactive mode may ask for more).
    Incomplete,
    Overflow,
}

/// A compile error, with the fields of SyntaxError.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompileError {
    pub kind: ErrorKind,
    pub msg: String,
    pub filename: String,
    /// 1-based; 0 when unknown.
    pub lineno: u32,
    /// 1-based, in characters; 0 when unknown.
    pub offset: u32,
    pub end_lineno: u32,
    /// As `offset`; `u32::MAX` is Python's -1, and None where there is none.
    pub end_offset: Option<u32>,
    /// The source line, with its newline.
    pub text: Option<String>,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, line {})", self.msg, self.filename, self.lineno)
    }
}

impl std::error::Error for CompileError {}

/// Which part of the source goes with an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// The line of the error, with its newline.
    Line,
    /// The same without its newline.
    Bare,
    /// From the start of this line on.
    From(u32),
    /// Nothing: what has a tree knows no text.
    Nothing,
}

/// An error inside a pass: text and place; the front door adds filename and source line.
#[derive(Clone, Debug)]
pub struct Fault {
    pub kind: ErrorKind,
    pub msg: String,
    pub pos: Position,
    pub shown: Shown,
}

impl Fault {
    /// End columns that CPython reports as 0 and as -1.
    pub const NO_END: u32 = u32::MAX;
    pub const UNKNOWN_END: u32 = u32::MAX - 1;
    /// An end column that CPython reports as None.
    pub const NO_RANGE: u32 = u32::MAX - 2;
    /// The column before a line's first.
    pub const BEFORE_LINE: u32 = u32::MAX;

    pub fn syntax(msg: impl Into<String>, pos: Position) -> Box<Fault> {
        Fault::of(ErrorKind::Syntax, msg, pos)
    }

    pub fn of(kind: ErrorKind, msg: impl Into<String>, pos: Position) -> Box<Fault> {
        Box::new(Fault {
            kind,
            msg: msg.into(),
            pos,
            shown: Shown::Line,
        })
    }

    /// With the line's text but not its newline.
    pub fn bare(mut self: Box<Fault>) -> Box<Fault> {
        self.shown = Shown::Bare;
        self
    }

    /// The tree is nested too deeply.
    pub fn too_deep(pos: Position) -> Box<Fault> {
        Fault::of(
            ErrorKind::Recursion,
            "maximum recursion depth exceeded during compilation",
            pos,
        )
    }
}

/// Result of a pass.
pub type Pass<T = ()> = Result<T, Box<Fault>>;
