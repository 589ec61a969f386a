//! Syntax errors in CPython's words and at CPython's places.
//!
//! A second parser, which runs only once the first has found an error, and goes over the source in CPython's order:
//! what it looks at first, what it would say there, and how far it has read decide message and place. It keeps no
//! more of a tree than the messages need. `parser` is the machine; the grammar stands in `stmt`, `expr`, `args`,
//! `pattern` and `strings`, where a method's `invalid_rule` parts are the bad inputs that have a message of their own
//! (the `invalid_` rules of Grammar/python.gram).
use lasti_bytecode::code::Position;
use ruff_python_parser::{ParseError, UnsupportedSyntaxError};

use crate::Mode;
use crate::ast::Stmt;
use crate::error::{Fault, Pass};
use crate::lines::{LineIndex, Survey};
use crate::scan;

mod args;
mod expr;
mod node;
mod parser;
mod pattern;
mod stmt;
mod strings;

use parser::Parser;

/// ExprKind can be said before the grammar is asked.
pub fn before_parsing(source: &str, survey: &Survey) -> Pass {
    let lines = &survey.lines;
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
    // Brackets and indents are counted exactly only where the limits may matter.
    if survey.brackets > 200 || survey.indented {
        let scan = scan::scan(source, lines, false);
        if let Some(stop) = scan.stop
            && stop.fault.msg.starts_with("too many")
        {
            return Err(stop.fault);
        }
    }
    Ok(())
}

/// The error of a source that the first parser refused, in CPython's words.
pub fn classify(source: &str, mode: Mode, error: &ParseError) -> Box<Fault> {
    explain(source, mode).unwrap_or_else(|| {
        let lines = Survey::new(source).lines;
        Fault::syntax("invalid syntax", lines.position(error.location))
    })
}

/// ExprKind CPython's parser says of the source, unless it would accept it.
pub fn explain(source: &str, mode: Mode) -> Option<Box<Fault>> {
    // A module's last line always ends.
    let whole = match mode {
        Mode::Exec if !source.ends_with('\n') => format!("{source}\n"),
        _ => source.to_owned(),
    };
    let lines = Survey::new(&whole).lines;
    let scan = scan::scan(&whole, &lines, mode == Mode::Single);
    let mut p = Parser::new(&whole, &lines, scan);
    let start = |p: &mut Parser<'_>| match mode {
        Mode::Exec => p.file(),
        Mode::Eval => p.eval(),
        Mode::Single => p.interactive(),
    };
    let found = start(&mut p);
    if found.is_some() {
        if mode == Mode::Single && p.more_statements() {
            let msg = "multiple statements found while compiling a single statement";
            p.raise_last(msg);
        }
        return p.error.or(p.later);
    }
    let tokens_read = p.tokens_read;
    if p.error.is_none() {
        p.second_pass();
        start(&mut p);
        if p.error.is_none() && p.set_syntax_error(tokens_read) {
            return p.error;
        }
    }
    if p.too_deep {
        return p.error;
    }
    if !p.stopped
        && let Some(fault) = p.error_in_rest_of_tokens()
    {
        return Some(fault);
    }
    p.error
}

/// Whether more input could make the source valid (PyCF_ALLOW_INCOMPLETE_INPUT).
pub fn is_incomplete(source: &str, error: &ParseError) -> bool {
    let survey = Survey::new(source);
    let scan = scan::scan(source, &survey.lines, false);
    if let Some(stop) = &scan.stop {
        let msg = &stop.fault.msg;
        return msg.starts_with("unterminated triple-quoted")
            || msg.starts_with("unexpected EOF")
            || msg.ends_with("was never closed");
    }
    let place = error.location.start().to_usize();
    let missing_block = error
        .error
        .to_string()
        .starts_with("Expected an indented block");
    use scan::TokenKind;
    let mut rest = scan.tokens.iter().filter(|t| t.start >= place);
    let ended = |k: TokenKind| matches!(k, TokenKind::Newline | TokenKind::Dedent | TokenKind::End);
    let newline = rest.clone().any(|t| t.kind == TokenKind::Newline);
    rest.all(|t| ended(t.kind)) && (missing_block || !newline)
}

/// ExprKind Python after 3.14 allows.
pub fn unsupported(
    source: &str,
    mode: Mode,
    lines: &LineIndex,
    error: &UnsupportedSyntaxError,
) -> Box<Fault> {
    explain(source, mode)
        .unwrap_or_else(|| Fault::syntax("invalid syntax", lines.position(error.range)))
}

/// `compile(..., "single")` takes one statement.
pub fn one_statement(source: &str, body: &[Stmt]) -> Pass {
    match body {
        [first, second, ..] if second.pos.line > first.pos.end_line => {
            let msg = "multiple statements found while compiling a single statement";
            Err(explain(source, Mode::Single).unwrap_or_else(|| Fault::syntax(msg, second.pos)))
        }
        // A compound statement needs a newline behind it, one more than its own.
        [only] if !source.ends_with('\n') && is_compound(only) => {
            explain(source, Mode::Single).map_or(Ok(()), Err)
        }
        _ => Ok(()),
    }
}

fn is_compound(s: &Stmt) -> bool {
    use crate::ast::StmtKind as S;
    matches!(
        s.kind,
        S::FunctionDef(_)
            | S::ClassDef(_)
            | S::For(_)
            | S::While(..)
            | S::If(..)
            | S::With(_)
            | S::Match(..)
            | S::Try(_)
    )
}
