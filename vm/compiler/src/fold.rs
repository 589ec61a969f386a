//! Constant folding on the tree: 3.8's ast_opt.c.
//!
//! Walks in place, children first. What would raise, or grow beyond CPython's limits, stays as it is.
use lasti_bytecode::code::Const;

use crate::Options;
use crate::ast::*;
use crate::lower::{RED_ZONE, STACK_STEP};

mod arith;

pub use arith::is_true;

/// Folds a whole module.
///
/// `annotations` says whether they are folded too: not where they become text.
pub fn fold(module: &mut Module, options: &Options, annotations: bool) {
    let f = Folder {
        optimize: options.optimize,
        annotations,
    };
    match module {
        Module::Exec(body) => f.docstring_body(body),
        Module::Single(body) => f.body(body),
        Module::Eval(e) => f.expr(e),
    }
}

struct Folder {
    optimize: u8,
    annotations: bool,
}

impl Folder {
    fn body(&self, body: &mut [Stmt]) {
        body.iter_mut().for_each(|s| self.stmt(s));
    }

    /// A body whose first statement only becomes a string by folding has no docstring.
    fn docstring_body(&self, body: &mut [Stmt]) {
        let had = docstring(body).is_some();
        self.body(body);
        if had || docstring(body).is_none() {
            return;
        }
        if let Some(Stmt {
            kind: StmtKind::Expr(e),
            ..
        }) = body.first_mut()
        {
            let (line, pos) = (e.line, e.pos);
            let inner = std::mem::replace(
                e,
                Expr {
                    kind: ExprKind::Constant(Const::None),
                    line,
                    pos,
                },
            );
            e.kind = ExprKind::JoinedStr(vec![inner]);
        }
    }

    fn stmt(&self, s: &mut Stmt) {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.stmt_inner(s));
    }

    fn stmt_inner(&self, s: &mut Stmt) {
        match &mut s.kind {
            StmtKind::FunctionDef(f) => {
                self.type_params(&mut f.type_params);
                self.arguments(&mut f.args);
                self.docstring_body(&mut f.body);
                self.exprs(&mut f.decorators);
                if let Some(returns) = &mut f.returns {
                    self.annotation(returns);
                }
            }
            StmtKind::ClassDef(c) => {
                self.type_params(&mut c.type_params);
                self.exprs(&mut c.bases);
                c.keywords.iter_mut().for_each(|k| self.expr(&mut k.value));
                self.docstring_body(&mut c.body);
                self.exprs(&mut c.decorators);
            }
            StmtKind::Return(value) => self.optional(value.as_mut()),
            StmtKind::Delete(targets) => self.exprs(targets),
            StmtKind::Assign(targets, value) => {
                self.exprs(targets);
                self.expr(value);
            }
            StmtKind::AugAssign(target, _, value) => {
                self.expr(target);
                self.expr(value);
            }
            StmtKind::AnnAssign(a) => {
                self.expr(&mut a.target);
                self.annotation(&mut a.annotation);
                self.optional(a.value.as_mut());
            }
            StmtKind::TypeAlias(t) => {
                self.type_params(&mut t.type_params);
                self.expr(&mut t.value);
            }
            StmtKind::For(f) => {
                self.expr(&mut f.target);
                self.expr(&mut f.iter);
                self.body(&mut f.body);
                self.body(&mut f.orelse);
                // 3.8 leaves the list of an `async for` alone.
                if !f.is_async {
                    self.iterable(&mut f.iter);
                }
            }
            StmtKind::While(test, body, orelse) | StmtKind::If(test, body, orelse) => {
                self.expr(test);
                self.body(body);
                self.body(orelse);
            }
            StmtKind::With(w) => {
                for item in &mut w.items {
                    self.expr(&mut item.context);
                    self.optional(item.target.as_mut());
                }
                self.body(&mut w.body);
            }
            StmtKind::Match(subject, cases) => {
                self.expr(subject);
                for case in cases {
                    self.pattern(&mut case.pattern);
                    self.optional(case.guard.as_mut());
                    self.body(&mut case.body);
                }
            }
            StmtKind::Raise(exc, cause) => {
                self.optional(exc.as_mut());
                self.optional(cause.as_mut());
            }
            StmtKind::Try(t) => {
                self.body(&mut t.body);
                for h in &mut t.handlers {
                    self.optional(h.type_.as_mut());
                    self.body(&mut h.body);
                }
                self.body(&mut t.orelse);
                self.body(&mut t.finalbody);
            }
            StmtKind::Assert(test, msg) => {
                self.expr(test);
                self.optional(msg.as_mut());
            }
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::Import(_)
            | StmtKind::ImportFrom(_)
            | StmtKind::Global(_)
            | StmtKind::Nonlocal(_)
            | StmtKind::Pass
            | StmtKind::Break
            | StmtKind::Continue => {}
        }
    }

    fn annotation(&self, a: &mut Annotation) {
        if self.annotations {
            self.expr(&mut a.expr);
        }
    }

    fn arguments(&self, args: &mut Arguments) {
        let ordinary = args
            .posonly
            .iter_mut()
            .chain(&mut args.args)
            .chain(&mut args.kwonly);
        for arg in ordinary.chain(&mut args.vararg).chain(&mut args.kwarg) {
            if let Some(annotation) = &mut arg.annotation {
                self.annotation(annotation);
            }
        }
        self.exprs(&mut args.defaults);
        args.kw_defaults
            .iter_mut()
            .flatten()
            .for_each(|e| self.expr(e));
    }

    fn type_params(&self, params: &mut [TypeParam]) {
        for p in params {
            if let TypeParamKind::TypeVar(Some(bound)) = &mut p.kind {
                self.expr(bound);
            }
            self.optional(p.default.as_mut());
        }
    }

    fn pattern(&self, p: &mut Pattern) {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || match &mut p.kind {
            // `-1` and `1 + 2j` are the only operators a pattern has.
            PatternKind::Value(e) => self.expr(e),
            PatternKind::Mapping(keys, patterns, _) => {
                self.exprs(keys);
                patterns.iter_mut().for_each(|p| self.pattern(p));
            }
            PatternKind::Class(class, positional, keywords) => {
                self.expr(class);
                positional.iter_mut().for_each(|p| self.pattern(p));
                keywords.iter_mut().for_each(|(_, p)| self.pattern(p));
            }
            PatternKind::Sequence(list) | PatternKind::Or(list) => {
                list.iter_mut().for_each(|p| self.pattern(p));
            }
            PatternKind::As(Some(inner), _) => self.pattern(inner),
            PatternKind::As(None, _) | PatternKind::Singleton(_) | PatternKind::Star(_) => {}
        });
    }

    fn exprs(&self, list: &mut [Expr]) {
        list.iter_mut().for_each(|e| self.expr(e));
    }

    fn optional(&self, e: Option<&mut Expr>) {
        if let Some(e) = e {
            self.expr(e);
        }
    }

    fn expr(&self, e: &mut Expr) {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.expr_inner(e));
    }

    fn expr_inner(&self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::BoolOp(_, values)
            | ExprKind::Set(values)
            | ExprKind::JoinedStr(values)
            | ExprKind::TemplateStr(values)
            | ExprKind::List(values, _) => self.exprs(values),
            ExprKind::BinOp(left, op, right) => {
                self.expr(left);
                self.expr(right);
                if let (Some(l), Some(r)) = (left.as_const(), right.as_const())
                    && let Some(value) = arith::binary(l, *op, r)
                {
                    e.kind = ExprKind::Constant(value);
                }
            }
            ExprKind::UnaryOp(op, operand) => {
                let op = *op;
                self.expr(operand);
                fold_unary(e, op);
            }
            ExprKind::Lambda(l) => {
                self.arguments(&mut l.args);
                self.expr(&mut l.body);
            }
            ExprKind::IfExp(test, body, orelse) => {
                self.expr(test);
                self.expr(body);
                self.expr(orelse);
            }
            ExprKind::Dict(items) => {
                for (key, value) in items {
                    self.optional(key.as_mut());
                    self.expr(value);
                }
            }
            ExprKind::Comp(c) => {
                self.expr(&mut c.elt);
                self.optional(c.value.as_mut());
                for g in &mut c.generators {
                    self.expr(&mut g.target);
                    self.expr(&mut g.iter);
                    self.exprs(&mut g.ifs);
                    self.iterable(&mut g.iter);
                }
            }
            ExprKind::Await(value) | ExprKind::YieldFrom(value) => self.expr(value),
            ExprKind::Attribute(value, _, _) | ExprKind::Starred(value, _) => self.expr(value),
            ExprKind::Yield(value) => self.optional(value.as_deref_mut()),
            ExprKind::Compare(left, ops, comparators) => {
                self.expr(left);
                self.exprs(comparators);
                if let (Some(CmpOp::In | CmpOp::NotIn), Some(last)) =
                    (ops.last(), comparators.last_mut())
                {
                    self.iterable(last);
                }
            }
            ExprKind::Call(c) => {
                self.expr(&mut c.func);
                self.exprs(&mut c.args);
                c.keywords.iter_mut().for_each(|k| self.expr(&mut k.value));
            }
            ExprKind::FormattedValue(f) => {
                self.expr(&mut f.value);
                self.optional(f.spec.as_mut());
            }
            ExprKind::Interpolation(i) => {
                self.expr(&mut i.value);
                self.optional(i.spec.as_mut());
            }
            ExprKind::Subscript(value, slice, ctx) => {
                self.expr(value);
                self.expr(slice);
                if let (Ctx::Load, Some(v), Some(i)) = (*ctx, value.as_const(), slice.as_const())
                    && let Some(item) = arith::subscript(v, i)
                {
                    e.kind = ExprKind::Constant(item);
                }
            }
            ExprKind::Tuple(elts, ctx) => {
                self.exprs(elts);
                if *ctx == Ctx::Load
                    && let Some(items) = const_items(elts)
                {
                    e.kind = ExprKind::Constant(Const::Tuple(items));
                }
            }
            ExprKind::Name(name, Ctx::Load) if &**name == "__debug__" => {
                let on = if self.optimize == 0 {
                    Const::True
                } else {
                    Const::False
                };
                e.kind = ExprKind::Constant(on);
            }
            ExprKind::Slice(s) => {
                for part in [&mut s.lower, &mut s.upper, &mut s.step] {
                    self.optional(part.as_mut());
                }
            }
            // 3.8 does not look into `:=`.
            ExprKind::Named(..) | ExprKind::Name(..) | ExprKind::Constant(_) => {}
        }
    }

    /// A literal list that is only iterated becomes a tuple, a set of constants a frozenset.
    fn iterable(&self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::List(elts, ctx) => {
                if elts.iter().any(|e| matches!(e.kind, ExprKind::Starred(..))) {
                    return;
                }
                let ctx = *ctx;
                let elts = std::mem::take(elts);
                e.kind = match const_items(&elts).filter(|_| ctx == Ctx::Load) {
                    Some(items) => ExprKind::Constant(Const::Tuple(items)),
                    None => ExprKind::Tuple(elts, ctx),
                };
            }
            ExprKind::Set(elts) => {
                if let Some(items) = const_items(elts) {
                    e.kind = ExprKind::Constant(Const::FrozenSet(arith::unique(items)));
                }
            }
            _ => {}
        }
    }
}

fn const_items(elts: &[Expr]) -> Option<Box<[Const]>> {
    elts.iter().map(|e| e.as_const().cloned()).collect()
}

fn fold_unary(e: &mut Expr, op: UnaryOp) {
    let ExprKind::UnaryOp(_, operand) = &mut e.kind else {
        return;
    };
    if let Some(value) = operand.as_const() {
        if let Some(value) = arith::unary(op, value) {
            e.kind = ExprKind::Constant(value);
        }
        return;
    }
    if op != UnaryOp::Not {
        return;
    }
    // `not a in b` is `a not in b`; other comparisons may be overloaded without their opposite.
    if let ExprKind::Compare(_, ops, _) = &mut operand.kind
        && let [only] = &mut ops[..]
    {
        *only = match *only {
            CmpOp::Is => CmpOp::IsNot,
            CmpOp::IsNot => CmpOp::Is,
            CmpOp::In => CmpOp::NotIn,
            CmpOp::NotIn => CmpOp::In,
            CmpOp::Lt | CmpOp::LtE | CmpOp::Eq | CmpOp::NotEq | CmpOp::Gt | CmpOp::GtE => return,
        };
        let blank = Expr {
            kind: ExprKind::Constant(Const::None),
            line: e.line,
            pos: e.pos,
        };
        let inner = std::mem::replace(&mut **operand, blank);
        *e = inner;
    }
}
