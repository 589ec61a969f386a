//! The compiler's syntax tree as `ast` node objects, for `compile(..., PyCF_ONLY_AST)`.
use crate::util::{Args, PyResult, Ref, RefCell, Type, Value, Vm};
use lasti_bytecode::code::{Const, Position};
use lasti_compiler::ast::*;
use std::collections::HashMap;

type Made = PyResult<Value>;

/// The node objects of a tree. `source` is the text it came from.
pub(super) fn module(vm: &Vm, tree: &Module, source: &str) -> Made {
    let maker = Maker {
        vm,
        classes: &vm.import("_ast")?,
        known: RefCell::default(),
        single: RefCell::default(),
        source,
        starts: std::iter::once(0)
            .chain(source.match_indices('\n').map(|(at, _)| at + 1))
            .collect(),
    };
    maker.module(tree)
}

struct Maker<'a> {
    vm: &'a Vm,
    classes: &'a Value,
    known: RefCell<HashMap<&'static str, Ref<Type>>>,
    /// Nodes without fields (`Load()`, `Add()`) are one object each.
    single: RefCell<HashMap<&'static str, Value>>,
    source: &'a str,
    /// Where each line of the source starts.
    starts: Vec<usize>,
}

impl Maker<'_> {
    fn class(&self, name: &'static str) -> PyResult<Ref<Type>> {
        if let Some(c) = self.known.borrow().get(name) {
            return Ok(c.clone());
        }
        let c = self.vm.getattr_str(self.classes, name)?;
        let c = c
            .into_ref::<Type>()
            .map_err(|_| self.vm.type_error(format!("_ast.{name} is no class")))?;
        self.known.borrow_mut().insert(name, c.clone());
        Ok(c)
    }

    fn bare(&self, name: &'static str) -> Made {
        let class = self.class(name)?;
        match self.vm.types.object.slots.new.get() {
            Some(new) => new(self.vm, &class, Args::NONE),
            None => Err(self.vm.runtime_error("object has no __new__")),
        }
    }

    fn unit(&self, name: &'static str) -> Made {
        if let Some(v) = self.single.borrow().get(name) {
            return Ok(v.clone());
        }
        let v = self.bare(name)?;
        self.single.borrow_mut().insert(name, v.clone());
        Ok(v)
    }

    fn node(&self, name: &'static str, fields: &[(&str, Value)]) -> Made {
        let v = self.bare(name)?;
        for (field, x) in fields {
            self.vm.setattr(&v, &self.vm.intern(field), Some(x))?;
        }
        Ok(v)
    }

    fn at(&self, name: &'static str, pos: &Position, fields: &[(&str, Value)]) -> Made {
        let v = self.node(name, fields)?;
        let places = [
            ("lineno", pos.line),
            ("col_offset", pos.col),
            ("end_lineno", pos.end_line),
            ("end_col_offset", pos.end_col),
        ];
        for (field, n) in places {
            self.vm
                .setattr(&v, &self.vm.intern(field), Some(&self.vm.new_int(n as i64)))?;
        }
        Ok(v)
    }

    fn list<T>(&self, items: &[T], f: impl Fn(&T) -> Made) -> Made {
        let items: PyResult<Vec<Value>> = items.iter().map(f).collect();
        Ok(self.vm.new_list(items?))
    }
    fn opt<T>(&self, item: Option<&T>, f: impl Fn(&T) -> Made) -> Made {
        item.map_or(Ok(Value::NONE), f)
    }
    fn exprs(&self, items: &[Expr]) -> Made {
        self.list(items, |e| self.expr(e))
    }
    fn body(&self, items: &[Stmt]) -> Made {
        self.list(items, |s| self.stmt(s))
    }
    fn name(&self, n: &Name) -> Value {
        self.vm.intern(n).into()
    }
    fn names(&self, names: &[Name]) -> Value {
        self.vm
            .new_list(names.iter().map(|n| self.name(n)).collect())
    }
    fn opt_name(&self, n: &Option<Name>) -> Value {
        n.as_ref().map_or(Value::NONE, |n| self.name(n))
    }

    fn module(&self, m: &Module) -> Made {
        match m {
            Module::Exec(body) => {
                let ignores = self.vm.new_list(Vec::new());
                self.node(
                    "Module",
                    &[("body", self.body(body)?), ("type_ignores", ignores)],
                )
            }
            Module::Eval(e) => self.node("Expression", &[("body", self.expr(e)?)]),
            Module::Single(body) => self.node("Interactive", &[("body", self.body(body)?)]),
        }
    }

    fn ctx(&self, c: Ctx) -> Made {
        self.unit(match c {
            Ctx::Load => "Load",
            Ctx::Store => "Store",
            Ctx::Del => "Del",
        })
    }
    fn bin_op(&self, op: BinOp) -> Made {
        self.unit(match op {
            BinOp::Add => "Add",
            BinOp::Sub => "Sub",
            BinOp::Mult => "Mult",
            BinOp::MatMult => "MatMult",
            BinOp::Div => "Div",
            BinOp::Mod => "Mod",
            BinOp::Pow => "Pow",
            BinOp::LShift => "LShift",
            BinOp::RShift => "RShift",
            BinOp::BitOr => "BitOr",
            BinOp::BitXor => "BitXor",
            BinOp::BitAnd => "BitAnd",
            BinOp::FloorDiv => "FloorDiv",
        })
    }
    fn cmp_op(&self, op: &CmpOp) -> Made {
        self.unit(match op {
            CmpOp::Lt => "Lt",
            CmpOp::LtE => "LtE",
            CmpOp::Eq => "Eq",
            CmpOp::NotEq => "NotEq",
            CmpOp::Gt => "Gt",
            CmpOp::GtE => "GtE",
            CmpOp::In => "In",
            CmpOp::NotIn => "NotIn",
            CmpOp::Is => "Is",
            CmpOp::IsNot => "IsNot",
        })
    }
    fn conversion(&self, c: Conversion) -> Value {
        Value::small_int(match c {
            Conversion::None => -1,
            Conversion::Str => b's' as i64,
            Conversion::Repr => b'r' as i64,
            Conversion::Ascii => b'a' as i64,
        })
    }
    /// `Constant.kind`: "u" where the literal says so.
    fn kind(&self, c: &Const, p: &Position) -> Value {
        let start = self.starts.get((p.line as usize).wrapping_sub(1));
        let text = start.and_then(|s| self.source.as_bytes().get(s + p.col as usize..));
        match (c, text) {
            (Const::Str(_), Some([b'u' | b'U', b'\'' | b'"', ..])) => self.vm.str_value("u"),
            _ => Value::NONE,
        }
    }
    fn constant(&self, c: &Const) -> Value {
        self.vm.const_value(c)
    }

    fn call(&self, c: &Call, p: &Position) -> Made {
        let keywords = self.list(&c.keywords, |k| self.keyword(k))?;
        self.at(
            "Call",
            p,
            &[
                ("func", self.expr(&c.func)?),
                ("args", self.exprs(&c.args)?),
                ("keywords", keywords),
            ],
        )
    }

    fn interpolation(&self, i: &Interpolation, p: &Position) -> Made {
        let spec = self.opt(i.spec.as_ref(), |s| self.expr(s))?;
        let fields = [
            ("value", self.expr(&i.value)?),
            ("str", self.constant(&i.text)),
            ("conversion", self.conversion(i.conversion)),
            ("format_spec", spec),
        ];
        self.at("Interpolation", p, &fields)
    }

    fn formatted_value(&self, f: &FormattedValue, p: &Position) -> Made {
        let spec = self.opt(f.spec.as_ref(), |s| self.expr(s))?;
        self.at(
            "FormattedValue",
            p,
            &[
                ("value", self.expr(&f.value)?),
                ("conversion", self.conversion(f.conversion)),
                ("format_spec", spec),
            ],
        )
    }

    fn slice(&self, s: &Slice, p: &Position) -> Made {
        let part = |e: &Option<Expr>| self.opt(e.as_ref(), |e| self.expr(e));
        self.at(
            "Slice",
            p,
            &[
                ("lower", part(&s.lower)?),
                ("upper", part(&s.upper)?),
                ("step", part(&s.step)?),
            ],
        )
    }

    fn expr(&self, e: &Expr) -> Made {
        let p = &e.pos;
        match &e.kind {
            ExprKind::BoolOp(op, values) => {
                let op = self.unit(match op {
                    BoolOp::And => "And",
                    BoolOp::Or => "Or",
                })?;
                self.at("BoolOp", p, &[("op", op), ("values", self.exprs(values)?)])
            }
            ExprKind::Named(t, v) => self.at(
                "NamedExpr",
                p,
                &[("target", self.expr(t)?), ("value", self.expr(v)?)],
            ),
            ExprKind::BinOp(l, op, r) => self.at(
                "BinOp",
                p,
                &[
                    ("left", self.expr(l)?),
                    ("op", self.bin_op(*op)?),
                    ("right", self.expr(r)?),
                ],
            ),
            ExprKind::UnaryOp(op, v) => {
                let op = self.unit(match op {
                    UnaryOp::Invert => "Invert",
                    UnaryOp::Not => "Not",
                    UnaryOp::UAdd => "UAdd",
                    UnaryOp::USub => "USub",
                })?;
                self.at("UnaryOp", p, &[("op", op), ("operand", self.expr(v)?)])
            }
            ExprKind::Lambda(l) => self.at(
                "Lambda",
                p,
                &[
                    ("args", self.arguments(&l.args)?),
                    ("body", self.expr(&l.body)?),
                ],
            ),
            ExprKind::IfExp(test, body, orelse) => self.at(
                "IfExp",
                p,
                &[
                    ("test", self.expr(test)?),
                    ("body", self.expr(body)?),
                    ("orelse", self.expr(orelse)?),
                ],
            ),
            ExprKind::Dict(pairs) => {
                let keys = self.list(pairs, |(k, _)| self.opt(k.as_ref(), |k| self.expr(k)))?;
                let values = self.list(pairs, |(_, v)| self.expr(v))?;
                self.at("Dict", p, &[("keys", keys), ("values", values)])
            }
            ExprKind::Set(items) => self.at("Set", p, &[("elts", self.exprs(items)?)]),
            ExprKind::Comp(c) => self.comprehension(c, p),
            ExprKind::Await(v) => self.at("Await", p, &[("value", self.expr(v)?)]),
            ExprKind::Yield(v) => self.at(
                "Yield",
                p,
                &[("value", self.opt(v.as_deref(), |v| self.expr(v))?)],
            ),
            ExprKind::YieldFrom(v) => self.at("YieldFrom", p, &[("value", self.expr(v)?)]),
            ExprKind::Compare(left, ops, rest) => {
                let ops = self.list(ops, |o| self.cmp_op(o))?;
                self.at(
                    "Compare",
                    p,
                    &[
                        ("left", self.expr(left)?),
                        ("ops", ops),
                        ("comparators", self.exprs(rest)?),
                    ],
                )
            }
            ExprKind::Call(c) => self.call(c, p),
            ExprKind::FormattedValue(f) => self.formatted_value(f, p),
            ExprKind::JoinedStr(values) => {
                self.at("JoinedStr", p, &[("values", self.exprs(values)?)])
            }
            ExprKind::Interpolation(i) => self.interpolation(i, p),
            ExprKind::TemplateStr(values) => {
                self.at("TemplateStr", p, &[("values", self.exprs(values)?)])
            }
            ExprKind::Constant(c) => self.at(
                "Constant",
                p,
                &[("value", self.constant(c)), ("kind", self.kind(c, p))],
            ),
            ExprKind::Attribute(v, name, ctx) => self.at(
                "Attribute",
                p,
                &[
                    ("value", self.expr(v)?),
                    ("attr", self.name(name)),
                    ("ctx", self.ctx(*ctx)?),
                ],
            ),
            ExprKind::Subscript(v, s, ctx) => self.at(
                "Subscript",
                p,
                &[
                    ("value", self.expr(v)?),
                    ("slice", self.expr(s)?),
                    ("ctx", self.ctx(*ctx)?),
                ],
            ),
            ExprKind::Starred(v, ctx) => self.at(
                "Starred",
                p,
                &[("value", self.expr(v)?), ("ctx", self.ctx(*ctx)?)],
            ),
            ExprKind::Name(n, ctx) => {
                self.at("Name", p, &[("id", self.name(n)), ("ctx", self.ctx(*ctx)?)])
            }
            ExprKind::List(items, ctx) => self.at(
                "List",
                p,
                &[("elts", self.exprs(items)?), ("ctx", self.ctx(*ctx)?)],
            ),
            ExprKind::Tuple(items, ctx) => self.at(
                "Tuple",
                p,
                &[("elts", self.exprs(items)?), ("ctx", self.ctx(*ctx)?)],
            ),
            ExprKind::Slice(s) => self.slice(s, p),
        }
    }

    fn comprehension(&self, c: &Comp, p: &Position) -> Made {
        let generators = self.list(&c.generators, |g| {
            self.node(
                "comprehension",
                &[
                    ("target", self.expr(&g.target)?),
                    ("iter", self.expr(&g.iter)?),
                    ("ifs", self.exprs(&g.ifs)?),
                    ("is_async", Value::small_int(g.is_async as i64)),
                ],
            )
        })?;
        let elt = self.expr(&c.elt)?;
        match (c.kind, &c.value) {
            (CompKind::Dict, Some(v)) => self.at(
                "DictComp",
                p,
                &[
                    ("key", elt),
                    ("value", self.expr(v)?),
                    ("generators", generators),
                ],
            ),
            (CompKind::Set, _) => {
                self.at("SetComp", p, &[("elt", elt), ("generators", generators)])
            }
            (CompKind::Generator, _) => self.at(
                "GeneratorExp",
                p,
                &[("elt", elt), ("generators", generators)],
            ),
            _ => self.at("ListComp", p, &[("elt", elt), ("generators", generators)]),
        }
    }

    fn keyword(&self, k: &Keyword) -> Made {
        self.at(
            "keyword",
            &k.pos,
            &[
                ("arg", self.opt_name(&k.arg)),
                ("value", self.expr(&k.value)?),
            ],
        )
    }

    fn arg(&self, a: &Arg) -> Made {
        let annotation = self.opt(a.annotation.as_ref(), |n| self.expr(&n.expr))?;
        self.at(
            "arg",
            &a.pos,
            &[
                ("arg", self.name(&a.name)),
                ("annotation", annotation),
                ("type_comment", Value::NONE),
            ],
        )
    }

    fn arguments(&self, a: &Arguments) -> Made {
        let args = |list: &[Arg]| self.list(list, |x| self.arg(x));
        let star = |x: &Option<Arg>| self.opt(x.as_ref(), |x| self.arg(x));
        self.node(
            "arguments",
            &[
                ("posonlyargs", args(&a.posonly)?),
                ("args", args(&a.args)?),
                ("vararg", star(&a.vararg)?),
                ("kwonlyargs", args(&a.kwonly)?),
                (
                    "kw_defaults",
                    self.list(&a.kw_defaults, |d| self.opt(d.as_ref(), |d| self.expr(d)))?,
                ),
                ("kwarg", star(&a.kwarg)?),
                ("defaults", self.exprs(&a.defaults)?),
            ],
        )
    }

    fn type_params(&self, params: &[TypeParam]) -> Made {
        self.list(params, |t| {
            let name = self.name(&t.name);
            let default = self.opt(t.default.as_ref(), |d| self.expr(d))?;
            match &t.kind {
                TypeParamKind::TypeVar(bound) => {
                    let bound = self.opt(bound.as_ref(), |b| self.expr(b))?;
                    self.at(
                        "TypeVar",
                        &t.pos,
                        &[("name", name), ("bound", bound), ("default_value", default)],
                    )
                }
                TypeParamKind::TypeVarTuple => self.at(
                    "TypeVarTuple",
                    &t.pos,
                    &[("name", name), ("default_value", default)],
                ),
                TypeParamKind::ParamSpec => self.at(
                    "ParamSpec",
                    &t.pos,
                    &[("name", name), ("default_value", default)],
                ),
            }
        })
    }

    fn aliases(&self, names: &[Alias]) -> Made {
        self.list(names, |a| {
            self.at(
                "alias",
                &a.pos,
                &[
                    ("name", self.name(&a.name)),
                    ("asname", self.opt_name(&a.asname)),
                ],
            )
        })
    }

    fn opt_expr(&self, e: &Option<Expr>) -> Made {
        self.opt(e.as_ref(), |e| self.expr(e))
    }

    fn function_def(&self, f: &FunctionDef, p: &Position) -> Made {
        let returns = self.opt(f.returns.as_ref(), |r| self.expr(&r.expr))?;
        let fields = [
            ("name", self.name(&f.name)),
            ("args", self.arguments(&f.args)?),
            ("body", self.body(&f.body)?),
            ("decorator_list", self.exprs(&f.decorators)?),
            ("returns", returns),
            ("type_comment", Value::NONE),
            ("type_params", self.type_params(&f.type_params)?),
        ];
        self.at(
            if f.is_async {
                "AsyncFunctionDef"
            } else {
                "FunctionDef"
            },
            p,
            &fields,
        )
    }

    fn class_def(&self, c: &ClassDef, p: &Position) -> Made {
        let fields = [
            ("name", self.name(&c.name)),
            ("bases", self.exprs(&c.bases)?),
            ("keywords", self.list(&c.keywords, |k| self.keyword(k))?),
            ("body", self.body(&c.body)?),
            ("decorator_list", self.exprs(&c.decorators)?),
            ("type_params", self.type_params(&c.type_params)?),
        ];
        self.at("ClassDef", p, &fields)
    }

    fn with(&self, w: &With, p: &Position) -> Made {
        let items = self.list(&w.items, |i| {
            self.node(
                "withitem",
                &[
                    ("context_expr", self.expr(&i.context)?),
                    ("optional_vars", self.opt_expr(&i.target)?),
                ],
            )
        })?;
        let fields = [
            ("items", items),
            ("body", self.body(&w.body)?),
            ("type_comment", Value::NONE),
        ];
        self.at(if w.is_async { "AsyncWith" } else { "With" }, p, &fields)
    }

    fn match_(&self, subject: &Expr, cases: &[MatchCase], p: &Position) -> Made {
        let cases = self.list(cases, |c| {
            self.node(
                "match_case",
                &[
                    ("pattern", self.pattern(&c.pattern)?),
                    ("guard", self.opt_expr(&c.guard)?),
                    ("body", self.body(&c.body)?),
                ],
            )
        })?;
        self.at(
            "Match",
            p,
            &[("subject", self.expr(subject)?), ("cases", cases)],
        )
    }

    fn try_(&self, t: &Try, p: &Position) -> Made {
        let handlers = self.list(&t.handlers, |h| {
            self.at(
                "ExceptHandler",
                &h.pos,
                &[
                    ("type", self.opt_expr(&h.type_)?),
                    ("name", self.opt_name(&h.name)),
                    ("body", self.body(&h.body)?),
                ],
            )
        })?;
        let fields = [
            ("body", self.body(&t.body)?),
            ("handlers", handlers),
            ("orelse", self.body(&t.orelse)?),
            ("finalbody", self.body(&t.finalbody)?),
        ];
        self.at(if t.is_star { "TryStar" } else { "Try" }, p, &fields)
    }

    fn stmt(&self, s: &Stmt) -> Made {
        let p = &s.pos;
        let opt = |e: &Option<Expr>| self.opt_expr(e);
        match &s.kind {
            StmtKind::FunctionDef(f) => self.function_def(f, p),
            StmtKind::ClassDef(c) => self.class_def(c, p),
            StmtKind::Return(v) => self.at("Return", p, &[("value", opt(v)?)]),
            StmtKind::Delete(targets) => self.at("Delete", p, &[("targets", self.exprs(targets)?)]),
            StmtKind::Assign(targets, v) => self.at(
                "Assign",
                p,
                &[
                    ("targets", self.exprs(targets)?),
                    ("value", self.expr(v)?),
                    ("type_comment", Value::NONE),
                ],
            ),
            StmtKind::AugAssign(t, op, v) => self.at(
                "AugAssign",
                p,
                &[
                    ("target", self.expr(t)?),
                    ("op", self.bin_op(*op)?),
                    ("value", self.expr(v)?),
                ],
            ),
            StmtKind::AnnAssign(a) => {
                let fields = [
                    ("target", self.expr(&a.target)?),
                    ("annotation", self.expr(&a.annotation.expr)?),
                    ("value", opt(&a.value)?),
                    ("simple", Value::small_int(a.simple as i64)),
                ];
                self.at("AnnAssign", p, &fields)
            }
            StmtKind::TypeAlias(t) => {
                let fields = [
                    ("name", self.expr(&t.name)?),
                    ("type_params", self.type_params(&t.type_params)?),
                    ("value", self.expr(&t.value)?),
                ];
                self.at("TypeAlias", p, &fields)
            }
            StmtKind::For(f) => {
                let fields = [
                    ("target", self.expr(&f.target)?),
                    ("iter", self.expr(&f.iter)?),
                    ("body", self.body(&f.body)?),
                    ("orelse", self.body(&f.orelse)?),
                    ("type_comment", Value::NONE),
                ];
                self.at(if f.is_async { "AsyncFor" } else { "For" }, p, &fields)
            }
            StmtKind::While(test, body, orelse) => self.at(
                "While",
                p,
                &[
                    ("test", self.expr(test)?),
                    ("body", self.body(body)?),
                    ("orelse", self.body(orelse)?),
                ],
            ),
            StmtKind::If(test, body, orelse) => self.at(
                "If",
                p,
                &[
                    ("test", self.expr(test)?),
                    ("body", self.body(body)?),
                    ("orelse", self.body(orelse)?),
                ],
            ),
            StmtKind::With(w) => self.with(w, p),
            StmtKind::Match(subject, cases) => self.match_(subject, cases, p),
            StmtKind::Raise(exc, cause) => {
                self.at("Raise", p, &[("exc", opt(exc)?), ("cause", opt(cause)?)])
            }
            StmtKind::Try(t) => self.try_(t, p),
            StmtKind::Assert(test, msg) => self.at(
                "Assert",
                p,
                &[("test", self.expr(test)?), ("msg", opt(msg)?)],
            ),
            StmtKind::Import(names) => self.at("Import", p, &[("names", self.aliases(names)?)]),
            StmtKind::ImportFrom(i) => {
                let fields = [
                    ("module", self.opt_name(&i.module)),
                    ("names", self.aliases(&i.names)?),
                    ("level", self.vm.new_int(i.level as i64)),
                ];
                self.at("ImportFrom", p, &fields)
            }
            StmtKind::Global(names) => self.at("Global", p, &[("names", self.names(names))]),
            StmtKind::Nonlocal(names) => self.at("Nonlocal", p, &[("names", self.names(names))]),
            StmtKind::Expr(e) => self.at("Expr", p, &[("value", self.expr(e)?)]),
            StmtKind::Pass => self.at("Pass", p, &[]),
            StmtKind::Break => self.at("Break", p, &[]),
            StmtKind::Continue => self.at("Continue", p, &[]),
        }
    }

    fn pattern(&self, x: &Pattern) -> Made {
        let p = &x.pos;
        let list = |items: &[Pattern]| self.list(items, |x| self.pattern(x));
        match &x.kind {
            PatternKind::Value(e) => self.at("MatchValue", p, &[("value", self.expr(e)?)]),
            PatternKind::Singleton(c) => {
                self.at("MatchSingleton", p, &[("value", self.constant(c))])
            }
            PatternKind::Sequence(items) => {
                self.at("MatchSequence", p, &[("patterns", list(items)?)])
            }
            PatternKind::Mapping(keys, patterns, rest) => self.at(
                "MatchMapping",
                p,
                &[
                    ("keys", self.exprs(keys)?),
                    ("patterns", list(patterns)?),
                    ("rest", self.opt_name(rest)),
                ],
            ),
            PatternKind::Class(class, patterns, keywords) => {
                let names = self
                    .vm
                    .new_list(keywords.iter().map(|(n, _)| self.name(n)).collect());
                let fields = [
                    ("cls", self.expr(class)?),
                    ("patterns", list(patterns)?),
                    ("kwd_attrs", names),
                    (
                        "kwd_patterns",
                        self.list(keywords, |(_, x)| self.pattern(x))?,
                    ),
                ];
                self.at("MatchClass", p, &fields)
            }
            PatternKind::Star(name) => self.at("MatchStar", p, &[("name", self.opt_name(name))]),
            PatternKind::As(inner, name) => {
                let inner = self.opt(inner.as_deref(), |x| self.pattern(x))?;
                self.at(
                    "MatchAs",
                    p,
                    &[("pattern", inner), ("name", self.opt_name(name))],
                )
            }
            PatternKind::Or(items) => self.at("MatchOr", p, &[("patterns", list(items)?)]),
        }
    }
}
