//! An expression as text, for annotations under `from __future__ import annotations` (Python/ast_unparse.c).
use lasti_bytecode::code::Wtf8;
use lasti_bytecode::dis::const_repr;

use crate::ast::*;
use crate::lower::{RED_ZONE, STACK_STEP};

/// How tightly operators bind; an operand that binds less tightly than its place asks for gets brackets.
type Level = u8;
const TUPLE: Level = 0;
const TEST: Level = 1;
const OR: Level = 2;
const AND: Level = 3;
const NOT: Level = 4;
const COMPARE: Level = 5;
const BIT_OR: Level = 6;
const BIT_XOR: Level = 7;
const BIT_AND: Level = 8;
const SHIFT: Level = 9;
const ARITHMETIC: Level = 10;
const TERM: Level = 11;
const FACTOR: Level = 12;
const POWER: Level = 13;
const AWAIT: Level = 14;
const ATOM: Level = 15;

/// The text of an expression.
pub fn expression(e: &Expr) -> Wtf8 {
    let mut out = Writer(Vec::new());
    out.expr(e, TEST);
    Wtf8(out.0.into())
}

/// Text as UTF-8, lone surrogates included.
struct Writer(Vec<u8>);

impl Writer {
    fn text(&mut self, s: &str) {
        self.0.extend_from_slice(s.as_bytes());
    }

    fn list(&mut self, items: &[Expr], level: Level) {
        for (i, e) in items.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.expr(e, level);
        }
    }

    /// In brackets where `own` binds less tightly than `level` asks for.
    fn bracketed(&mut self, level: Level, own: Level, f: impl FnOnce(&mut Self)) {
        if level > own {
            self.text("(");
        }
        f(self);
        if level > own {
            self.text(")");
        }
    }

    fn expr(&mut self, e: &Expr, level: Level) {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.expr_inner(e, level));
    }

    fn dict(&mut self, items: &[(Option<Expr>, Expr)]) {
        self.text("{");
        for (i, (key, value)) in items.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            match key {
                Some(key) => {
                    self.expr(key, TEST);
                    self.text(": ");
                    self.expr(value, TEST);
                }
                None => {
                    self.text("**");
                    self.expr(value, BIT_OR);
                }
            }
        }
        self.text("}");
    }

    fn bool_op(&mut self, op: BoolOp, values: &[Expr], level: Level) {
        let (word, own) = match op {
            BoolOp::And => (" and ", AND),
            BoolOp::Or => (" or ", OR),
        };
        self.bracketed(level, own, |w| {
            for (i, v) in values.iter().enumerate() {
                if i > 0 {
                    w.text(word);
                }
                w.expr(v, own + 1);
            }
        });
    }

    fn slice(&mut self, s: &Slice) {
        if let Some(e) = &s.lower {
            self.expr(e, TEST);
        }
        self.text(":");
        if let Some(e) = &s.upper {
            self.expr(e, TEST);
        }
        if let Some(e) = &s.step {
            self.text(":");
            self.expr(e, TEST);
        }
    }

    fn expr_inner(&mut self, e: &Expr, level: Level) {
        match &e.kind {
            ExprKind::BoolOp(op, values) => self.bool_op(*op, values, level),
            ExprKind::Named(target, value) => self.bracketed(level, TEST, |w| {
                w.expr(target, ATOM);
                w.text(" := ");
                w.expr(value, ATOM);
            }),
            ExprKind::BinOp(left, op, right) => self.binary(left, *op, right, level),
            ExprKind::UnaryOp(op, operand) => {
                let (word, own) = match op {
                    UnaryOp::Not => ("not ", NOT),
                    UnaryOp::Invert => ("~", FACTOR),
                    UnaryOp::UAdd => ("+", FACTOR),
                    UnaryOp::USub => ("-", FACTOR),
                };
                self.bracketed(level, own, |w| {
                    w.text(word);
                    w.expr(operand, own);
                });
            }
            ExprKind::Lambda(l) => self.bracketed(level, TEST, |w| {
                // CPython has the blank for positional parameters only.
                let positional = !l.args.posonly.is_empty() || !l.args.args.is_empty();
                w.text(if positional { "lambda " } else { "lambda" });
                w.arguments(&l.args);
                w.text(": ");
                w.expr(&l.body, TEST);
            }),
            ExprKind::IfExp(test, body, orelse) => self.bracketed(level, TEST, |w| {
                w.expr(body, TEST + 1);
                w.text(" if ");
                w.expr(test, TEST + 1);
                w.text(" else ");
                w.expr(orelse, TEST);
            }),
            ExprKind::Dict(items) => self.dict(items),
            ExprKind::Set(items) => {
                self.text("{");
                self.list(items, TEST);
                self.text("}");
            }
            ExprKind::Comp(c) => self.comprehension(c),
            ExprKind::Await(value) => self.bracketed(level, AWAIT, |w| {
                w.text("await ");
                w.expr(value, ATOM);
            }),
            ExprKind::Yield(None) => self.text("(yield)"),
            ExprKind::Yield(Some(value)) => {
                self.text("(yield ");
                self.expr(value, TEST);
                self.text(")");
            }
            ExprKind::YieldFrom(value) => {
                self.text("(yield from ");
                self.expr(value, TEST);
                self.text(")");
            }
            ExprKind::Compare(left, ops, rest) => self.bracketed(level, COMPARE, |w| {
                w.expr(left, COMPARE + 1);
                for (op, e) in ops.iter().zip(rest) {
                    w.text(comparison(*op));
                    w.expr(e, COMPARE + 1);
                }
            }),
            ExprKind::Call(c) => self.call(c),
            ExprKind::FormattedValue(_) | ExprKind::JoinedStr(_) => {
                let mut inner = Writer(Vec::new());
                inner.fstring_part(e, false);
                self.literal("f", inner);
            }
            ExprKind::Interpolation(_) | ExprKind::TemplateStr(_) => {
                let mut inner = Writer(Vec::new());
                inner.fstring_part(e, false);
                self.literal("t", inner);
            }
            ExprKind::Constant(c) => self.constant(c, level),
            ExprKind::Attribute(value, name, _) => {
                self.expr(value, ATOM);
                let int = matches!(value.as_const(), Some(Const::Int(_) | Const::BigInt(..)));
                self.text(if int { " ." } else { "." });
                self.text(name);
            }
            ExprKind::Subscript(value, index, _) => {
                self.expr(value, ATOM);
                self.text("[");
                self.expr(index, TUPLE);
                self.text("]");
            }
            ExprKind::Starred(value, _) => {
                self.text("*");
                self.expr(value, BIT_OR);
            }
            ExprKind::Name(name, _) => self.text(name),
            ExprKind::List(items, _) => {
                self.text("[");
                self.list(items, TEST);
                self.text("]");
            }
            ExprKind::Tuple(items, _) if items.is_empty() => self.text("()"),
            ExprKind::Tuple(items, _) => self.bracketed(level, TUPLE, |w| {
                w.list(items, TEST);
                if items.len() == 1 {
                    w.text(",");
                }
            }),
            ExprKind::Slice(s) => self.slice(s),
        }
    }

    fn binary(&mut self, left: &Expr, op: BinOp, right: &Expr, level: Level) {
        let (word, own) = match op {
            BinOp::Add => (" + ", ARITHMETIC),
            BinOp::Sub => (" - ", ARITHMETIC),
            BinOp::Mult => (" * ", TERM),
            BinOp::MatMult => (" @ ", TERM),
            BinOp::Div => (" / ", TERM),
            BinOp::Mod => (" % ", TERM),
            BinOp::FloorDiv => (" // ", TERM),
            BinOp::LShift => (" << ", SHIFT),
            BinOp::RShift => (" >> ", SHIFT),
            BinOp::BitOr => (" | ", BIT_OR),
            BinOp::BitXor => (" ^ ", BIT_XOR),
            BinOp::BitAnd => (" & ", BIT_AND),
            BinOp::Pow => (" ** ", POWER),
        };
        // The power is the one that groups to the right.
        let power = Level::from(op == BinOp::Pow);
        self.bracketed(level, own, |w| {
            w.expr(left, own + power);
            w.text(word);
            w.expr(right, own + (1 - power));
        });
    }

    fn constant(&mut self, c: &Const, level: Level) {
        match c {
            Const::Ellipsis => self.text("..."),
            // Infinity has no literal: a number too large for a float stands for it.
            Const::Float(_) | Const::Complex(..) => {
                let shown = const_repr(c).replace("inf", "1e309");
                self.text(&shown);
            }
            Const::Tuple(items) => self.bracketed(level, TUPLE, |w| {
                for (i, c) in items.iter().enumerate() {
                    if i > 0 {
                        w.text(", ");
                    }
                    w.constant(c, TEST);
                }
                if items.len() == 1 {
                    w.text(",");
                }
            }),
            c => self.text(&const_repr(c)),
        }
    }

    fn literal(&mut self, prefix: &str, inner: Writer) {
        self.text(prefix);
        self.text(&const_repr(&Const::Str(Wtf8(inner.0.into()))));
    }

    /// Text and fields between the quotes.
    fn fstring_part(&mut self, e: &Expr, spec: bool) {
        match &e.kind {
            ExprKind::Constant(Const::Str(s)) => {
                for &b in &*s.0 {
                    self.0.push(b);
                    if !spec && matches!(b, b'{' | b'}') {
                        self.0.push(b);
                    }
                }
            }
            ExprKind::JoinedStr(values) | ExprKind::TemplateStr(values) => {
                values.iter().for_each(|v| self.fstring_part(v, spec));
            }
            ExprKind::FormattedValue(f) => {
                let mut inner = Writer(Vec::new());
                // Nothing that begins a lambda's or a conditional's colon may stand bare.
                inner.expr(&f.value, TEST + 1);
                self.field(inner, f.conversion, f.spec.as_ref());
            }
            ExprKind::Interpolation(i) => {
                let mut inner = Writer(Vec::new());
                if let Const::Str(s) = &i.text {
                    inner.0.extend_from_slice(&s.0);
                }
                self.field(inner, i.conversion, i.spec.as_ref());
            }
            _ => {}
        }
    }

    fn field(&mut self, inner: Writer, conversion: Conversion, spec: Option<&Expr>) {
        self.text(if inner.0.first() == Some(&b'{') {
            "{ "
        } else {
            "{"
        });
        self.0.extend(inner.0);
        self.text(match conversion {
            Conversion::None => "",
            Conversion::Str => "!s",
            Conversion::Repr => "!r",
            Conversion::Ascii => "!a",
        });
        if let Some(spec) = spec {
            self.text(":");
            self.fstring_part(spec, true);
        }
        self.text("}");
    }

    fn call(&mut self, c: &Call) {
        self.expr(&c.func, ATOM);
        // A lone generator brings its own brackets.
        if let ([only], []) = (&c.args[..], &c.keywords[..])
            && matches!(&only.kind, ExprKind::Comp(c) if c.kind == CompKind::Generator)
        {
            return self.expr(only, TEST);
        }
        self.text("(");
        self.list(&c.args, TEST);
        for (i, k) in c.keywords.iter().enumerate() {
            if i > 0 || !c.args.is_empty() {
                self.text(", ");
            }
            match &k.arg {
                Some(name) => {
                    self.text(name);
                    self.text("=");
                }
                None => self.text("**"),
            }
            self.expr(&k.value, TEST);
        }
        self.text(")");
    }

    fn comprehension(&mut self, c: &Comp) {
        let (open, close) = match c.kind {
            CompKind::List => ("[", "]"),
            CompKind::Set | CompKind::Dict => ("{", "}"),
            CompKind::Generator => ("(", ")"),
        };
        self.text(open);
        self.expr(&c.elt, TEST);
        if let Some(value) = &c.value {
            self.text(": ");
            self.expr(value, TEST);
        }
        for g in &c.generators {
            self.text(if g.is_async { " async for " } else { " for " });
            self.expr(&g.target, TUPLE);
            self.text(" in ");
            self.expr(&g.iter, TEST + 1);
            for test in &g.ifs {
                self.text(" if ");
                self.expr(test, TEST + 1);
            }
        }
        self.text(close);
    }

    fn arguments(&mut self, a: &Arguments) {
        let mut first = true;
        let mut comma = |w: &mut Writer| {
            if !std::mem::take(&mut first) {
                w.text(", ");
            }
        };
        let positional = a.posonly.len() + a.args.len();
        for (i, arg) in a.posonly.iter().chain(&a.args).enumerate() {
            comma(self);
            self.text(&arg.name);
            if let Some(at) = (i + a.defaults.len()).checked_sub(positional) {
                self.text("=");
                self.expr(&a.defaults[at], TEST);
            }
            if i + 1 == a.posonly.len() {
                self.text(", /");
            }
        }
        if a.vararg.is_some() || !a.kwonly.is_empty() {
            comma(self);
            self.text("*");
            if let Some(arg) = &a.vararg {
                self.text(&arg.name);
            }
        }
        for (arg, default) in a.kwonly.iter().zip(&a.kw_defaults) {
            comma(self);
            self.text(&arg.name);
            if let Some(default) = default {
                self.text("=");
                self.expr(default, TEST);
            }
        }
        if let Some(arg) = &a.kwarg {
            comma(self);
            self.text("**");
            self.text(&arg.name);
        }
    }
}

fn comparison(op: CmpOp) -> &'static str {
    match op {
        CmpOp::Lt => " < ",
        CmpOp::LtE => " <= ",
        CmpOp::Eq => " == ",
        CmpOp::NotEq => " != ",
        CmpOp::Gt => " > ",
        CmpOp::GtE => " >= ",
        CmpOp::In => " in ",
        CmpOp::NotIn => " not in ",
        CmpOp::Is => " is ",
        CmpOp::IsNot => " is not ",
    }
}
