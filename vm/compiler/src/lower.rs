//! The parser's tree to ours.
//!
//! Literals are decoded here (see `literal`), lines get CPython 3.8's quirks (see `fstring`), and depth is
//! counted, so that the passes behind can trust it.
use std::rc::Rc;

use ruff_python_ast as ruff;
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashSet;

use crate::ast::*;
use crate::error::{Fault, Pass};
use crate::lines::LineIndex;

mod expr;
mod fstring;
mod pattern;
mod stmt;

/// Deepest nesting of nodes that is compiled.
pub const MAX_DEPTH: u32 = 20_000;

/// Native stack below which a pass grows it, and by how much.
pub const RED_ZONE: usize = 96 * 1024;
pub const STACK_STEP: usize = 2 * 1024 * 1024;

/// State of one lowering.
pub struct Lower<'a> {
    pub(crate) source: &'a str,
    pub(crate) lines: &'a LineIndex,
    names: FxHashSet<Rc<str>>,
    next_id: u32,
    depth: u32,
    /// Deepest nesting seen.
    pub max_depth: u32,
    /// Format specs that the place is inside of.
    specs: u32,
    /// Added to true lines to get 3.8's (inside f-strings).
    line_shift: i64,
}

impl<'a> Lower<'a> {
    pub fn new(source: &'a str, lines: &'a LineIndex) -> Lower<'a> {
        Lower {
            source,
            lines,
            names: FxHashSet::default(),
            next_id: 0,
            depth: 0,
            max_depth: 0,
            specs: 0,
            line_shift: 0,
        }
    }

    fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let name: Name = Rc::from(text);
        self.names.insert(name.clone());
        name
    }

    fn id(&mut self) -> NodeId {
        self.next_id += 1;
        NodeId(self.next_id)
    }

    fn pos(&self, range: TextRange) -> Position {
        self.lines.position(range)
    }

    /// 3.8's line for a true line.
    fn shifted(&self, line: u32) -> u32 {
        (i64::from(line) + self.line_shift).max(1) as u32
    }

    fn make(&self, kind: ExprKind, range: TextRange) -> Expr {
        let pos = self.pos(range);
        Expr {
            kind,
            line: self.shifted(pos.line),
            pos,
        }
    }

    /// Runs `f` one level deeper, on a stack that is large enough.
    fn deeper<T>(&mut self, range: TextRange, f: impl FnOnce(&mut Self) -> Pass<T>) -> Pass<T> {
        self.depth += 1;
        self.max_depth = self.max_depth.max(self.depth);
        if self.depth > MAX_DEPTH {
            return Err(Fault::too_deep(self.pos(range)));
        }
        let result = stacker::maybe_grow(RED_ZONE, STACK_STEP, || f(self));
        self.depth -= 1;
        result
    }

    /// Lowers a module body.
    pub fn module(&mut self, body: &[ruff::Stmt]) -> Pass<Vec<Stmt>> {
        self.body(body)
    }

    /// Lowers the one expression of `eval`.
    pub fn expression(&mut self, e: &ruff::Expr) -> Pass<Expr> {
        self.expr(e)
    }

    /// Source text of a range.
    fn text(&self, range: impl Ranged) -> &'a str {
        let range = range.range();
        self.source
            .get(range.start().to_usize()..range.end().to_usize())
            .unwrap_or("")
    }

    fn boxed(&mut self, e: &ruff::Expr) -> Pass<Box<Expr>> {
        Ok(Box::new(self.expr(e)?))
    }

    fn optional(&mut self, e: Option<&ruff::Expr>) -> Pass<Option<Expr>> {
        e.map(|e| self.expr(e)).transpose()
    }

    fn exprs(&mut self, list: &[ruff::Expr]) -> Pass<Vec<Expr>> {
        // Not collect(): behind a Result it does not know how many will come.
        let mut out = Vec::with_capacity(list.len());
        for e in list {
            out.push(self.expr(e)?);
        }
        Ok(out)
    }
}
