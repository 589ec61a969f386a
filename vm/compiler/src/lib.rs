//! Source to AST to symbol table to CPython 3.8 wordcode. Knows no heap.
//!
//! The way of a module: `source` decodes bytes, the parser reads them, `lower` makes our tree, `fold` folds
//! constants, `symtable` decides scopes, `codegen` emits blocks, `assemble` and `peephole` finish code objects.
#![forbid(unsafe_code)]

use std::sync::Arc;

use lasti_bytecode::code::CodeData;

mod assemble;
pub mod ast;
mod codegen;
mod constkey;
mod docstring;
mod error;
mod fold;
mod front;
mod future;
mod lines;
mod literal;
mod lower;
mod peephole;
mod scan;
mod source;
mod symtable;
mod syntax;
mod unparse;

pub use codegen::FUTURE_ANNOTATIONS;
pub use error::{CompileError, ErrorKind};
pub use symtable::{BlockType, ScopeInfo};

/// What a source text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A module.
    Exec,
    /// One expression.
    Eval,
    /// One interactive statement; expression statements are printed.
    Single,
}

/// What `compile()` can be told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `-O` level: 0 keeps asserts, 2 drops docstrings.
    pub optimize: u8,
    /// Future flags (`co_flags` bits) inherited from the calling code.
    pub future_flags: u32,
    /// `ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`.
    pub allow_top_level_await: bool,
    /// `codeop.PyCF_ALLOW_INCOMPLETE_INPUT`: an early end is an error of its own kind.
    pub allow_incomplete_input: bool,
    /// The bytes are those of the script itself: an error about them names the file in its text too.
    pub is_script: bool,
}

/// Compiles a text.
pub fn compile(
    source: &str,
    filename: &str,
    mode: Mode,
    options: &Options,
) -> Result<Arc<CodeData>, CompileError> {
    front::compile_text(source, filename, mode, options)
}

/// Compiles bytes: a UTF-8 mark or a coding cookie says how they are decoded, UTF-8 is the default.
pub fn compile_bytes(
    source: &[u8],
    filename: &str,
    mode: Mode,
    options: &Options,
) -> Result<Arc<CodeData>, CompileError> {
    let text = source::decode(source)
        .map_err(|fault| front::undecodable(&fault, filename, source, options))?;
    front::compile_text(&text, filename, mode, options)
}

/// Parses bytes (decoded as in [`compile_bytes`]) and shows the tree and the decoded text to `look`; with `folded`,
/// constants are folded first. Nothing but the grammar is checked.
pub fn with_tree<R>(
    source: &[u8],
    filename: &str,
    mode: Mode,
    options: &Options,
    folded: bool,
    look: impl FnOnce(&ast::Module, &str) -> R,
) -> Result<R, CompileError> {
    let text = source::decode(source)
        .map_err(|fault| front::undecodable(&fault, filename, source, options))?;
    front::with_tree(&text, filename, mode, options, folded, look)
}

/// The scopes of a text, the module's first, as Python's `symtable` shows them.
pub fn scopes(source: &[u8], filename: &str, mode: Mode) -> Result<Vec<ScopeInfo>, CompileError> {
    let text = source::decode(source)
        .map_err(|fault| front::undecodable(&fault, filename, source, &Options::default()))?;
    front::scopes(&text, filename, mode)
}

/// Compiles a tree that did not come from a text. Each node that opens a scope has an id of its own, and `depth` is how
/// deep the nodes nest.
pub fn compile_tree(
    module: ast::Module,
    depth: usize,
    filename: &str,
    options: &Options,
) -> Result<Arc<CodeData>, CompileError> {
    front::compile_tree(module, depth, filename, options)
}
