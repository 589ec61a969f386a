//! `from __future__ import ...` (CPython's future.c).
use crate::ast::*;
use crate::codegen::FUTURE_ANNOTATIONS;
use crate::error::{Fault, Pass};

const BARRY: u32 = 0x40_0000;

/// Flags the module asks for, and the line of its last future import.
pub fn features(body: &[Stmt]) -> Pass<(u32, u32)> {
    let (mut flags, mut last_line) = (0, 0);
    let mut rest = body;
    if docstring(body).is_some() {
        rest = &body[1..];
    }
    for s in rest {
        let StmtKind::ImportFrom(import) = &s.kind else {
            break;
        };
        if import.level != 0 || import.module.as_deref() != Some("__future__") {
            break;
        }
        last_line = s.pos.line;
        for alias in &import.names {
            match &*alias.name {
                "annotations" => flags |= FUTURE_ANNOTATIONS,
                "barry_as_FLUFL" => flags |= BARRY,
                "nested_scopes" | "generators" | "division" | "absolute_import"
                | "with_statement" | "print_function" | "unicode_literals" | "generator_stop" => {}
                "braces" => return Err(Fault::syntax("not a chance", s.pos)),
                other => {
                    let msg = format!("future feature {other} is not defined");
                    return Err(Fault::syntax(msg, s.pos));
                }
            }
        }
    }
    Ok((flags, last_line))
}
