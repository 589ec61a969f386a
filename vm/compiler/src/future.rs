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
    let is_future = |s: &Stmt| {
        matches!(&s.kind, StmtKind::ImportFrom(import)
        if import.level == 0 && import.module.as_deref() == Some("__future__"))
    };
    if let Some(end) = rest.iter().position(|s| !is_future(s)) {
        // Behind something else, but on its line.
        let (before, behind) = rest.split_at(end);
        let line = behind[0].pos.line;
        let mut same_line = behind.iter().take_while(|s| s.pos.line == line);
        if let Some(late) = same_line.find(|s| is_future(s)) {
            let msg = "from __future__ imports must occur at the beginning of the file";
            return Err(Fault::syntax(msg, late.pos));
        }
        rest = before;
    }
    for s in rest {
        let StmtKind::ImportFrom(import) = &s.kind else {
            break;
        };
        last_line = s.pos.line;
        let start = Position {
            end_line: s.pos.line,
            end_col: Fault::NO_RANGE,
            ..s.pos
        };
        for alias in &import.names {
            match &*alias.name {
                "annotations" => flags |= FUTURE_ANNOTATIONS,
                "barry_as_FLUFL" => flags |= BARRY,
                "nested_scopes" | "generators" | "division" | "absolute_import"
                | "with_statement" | "print_function" | "unicode_literals" | "generator_stop" => {}
                "braces" => return Err(Fault::syntax("not a chance", start)),
                other => {
                    let msg = format!("future feature {other} is not defined");
                    return Err(Fault::syntax(msg, start));
                }
            }
        }
    }
    Ok((flags, last_line))
}
