//! Syntax errors in CPython's words.
use lasti_bytecode::code::Position;
use ruff_python_ast::Mod;
use ruff_python_parser::{ParseError, Parsed, UnsupportedSyntaxError};

use crate::ast::Stmt;
use crate::error::{ErrorKind, Fault, Pass};
use crate::lines::LineIndex;

/// What can be said before the grammar is asked.
pub fn before_parsing(source: &str, lines: &LineIndex) -> Pass {
    if let Some(at) = source.find('\0') {
        let (line, col) = lines.line_col(at as u32);
        let pos = Position {
            line,
            end_line: line,
            col,
            end_col: col + 1,
        };
        return Err(Fault::syntax("source code cannot contain null bytes", pos));
    }
    Ok(())
}

/// The error of the parser, in CPython's words.
pub fn classify(
    _source: &str,
    lines: &LineIndex,
    _parsed: &Parsed<Mod>,
    error: &ParseError,
) -> Box<Fault> {
    Fault::of(
        ErrorKind::Syntax,
        format!("invalid syntax: {error}"),
        lines.position(error.location),
    )
}

pub fn unsupported(_source: &str, lines: &LineIndex, error: &UnsupportedSyntaxError) -> Box<Fault> {
    Fault::syntax("invalid syntax", lines.position(error.range))
}

/// `compile(..., "single")` takes one statement.
pub fn one_statement(body: &[Stmt]) -> Pass {
    match body {
        [_, second, ..] if second.pos.line > body[0].pos.end_line => {
            let msg = "multiple statements found while compiling a single statement";
            Err(Fault::syntax(msg, second.pos))
        }
        _ => Ok(()),
    }
}
