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
    /// As `offset`; `u32::MAX` is Python's -1.
    pub end_offset: u32,
    /// The source line, with its newline.
    pub text: Option<String>,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, line {})", self.msg, self.filename, self.lineno)
    }
}

impl std::error::Error for CompileError {}

/// An error inside a pass: text and place; the front door adds filename and source line.
#[derive(Clone, Debug)]
pub struct Fault {
    pub kind: ErrorKind,
    pub msg: String,
    pub pos: Position,
}

impl Fault {
    pub fn syntax(msg: impl Into<String>, pos: Position) -> Box<Fault> {
        Box::new(Fault {
            kind: ErrorKind::Syntax,
            msg: msg.into(),
            pos,
        })
    }

    pub fn of(kind: ErrorKind, msg: impl Into<String>, pos: Position) -> Box<Fault> {
        Box::new(Fault {
            kind,
            msg: msg.into(),
            pos,
        })
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
