//! Node objects to the compiler's tree, checked as CPython checks them: `compile(ast, ...)`.
use crate::util::{
    Bytes, Complex, Int, List, PyResult, Ref, Set, Str, Tuple, Type, Unpacked, Value, Vm,
};
use lasti_bytecode::code::{Const, Position, Wtf8};
use lasti_compiler::ast::*;
use lasti_text::{IBig, int, int_arith};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

pub(super) struct Reader<'a> {
    vm: &'a Vm,
    /// The module `_ast`.
    classes: Value,
    /// The node class behind each class met (a subclass stands for its base).
    known: RefCell<HashMap<usize, (Ref<Type>, Rc<str>)>>,
    names: RefCell<HashSet<Name>>,
    next_id: Cell<u32>,
    depth: Cell<usize>,
    pub(super) max_depth: Cell<usize>,
}

/// A node and the name of its class.
struct Node<'a, 'v> {
    r: &'a Reader<'a>,
    v: &'v Value,
    class: Rc<str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(vm: &'a Vm) -> PyResult<Reader<'a>> {
        Ok(Reader {
            vm,
            classes: vm.import("_ast")?,
            known: RefCell::default(),
            names: RefCell::default(),
            next_id: Cell::new(0),
            depth: Cell::new(0),
            max_depth: Cell::new(0),
        })
    }

    fn id(&self) -> NodeId {
        self.next_id.set(self.next_id.get() + 1);
        NodeId(self.next_id.get())
    }

    fn class_name(&self, v: &Value) -> PyResult<Rc<str>> {
        let t = self.vm.type_of(v);
        let key = std::ptr::from_ref(&**t) as usize;
        if let Some((_, name)) = self.known.borrow().get(&key) {
            return Ok(name.clone());
        }
        let mut found: Rc<str> = "".into();
        for c in t.mro().iter() {
            let full = self.vm.type_full_name(c);
            let name = full.rsplit('.').next().unwrap_or(&full);
            let there = self.vm.lookup_attr(&self.classes, &self.vm.intern(name))?;
            if there.is_some_and(|x| x.is(c.as_value())) {
                found = name.into();
                break;
            }
        }
        self.known
            .borrow_mut()
            .insert(key, (t.clone(), found.clone()));
        Ok(found)
    }

    fn node<'v>(&'a self, v: &'v Value) -> PyResult<Node<'a, 'v>> {
        Ok(Node {
            r: self,
            v,
            class: self.class_name(v)?,
        })
    }

    fn deeper<T>(&self, kind: &str, f: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
        self.vm
            .guard_native_stack(&format!("while traversing '{kind}' node"))?;
        let depth = self.depth.get() + 1;
        self.depth.set(depth);
        self.max_depth.set(self.max_depth.get().max(depth));
        let result = f();
        self.depth.set(depth - 1);
        result
    }

    fn unexpected<T>(&self, kind: &str, v: &Value) -> PyResult<T> {
        let shown = self.vm.repr_string(v)?;
        Err(self
            .vm
            .type_error(format!("expected some sort of {kind}, but got {shown}")))
    }

    fn value_error<T>(&self, msg: impl AsRef<str>) -> PyResult<T> {
        Err(self.vm.value_error(msg))
    }

    fn list_of<T>(
        &'a self,
        items: &[Value],
        f: impl Fn(&'a Self, &Value) -> PyResult<T>,
    ) -> PyResult<Vec<T>> {
        items.iter().map(|x| f(self, x)).collect()
    }

    // ---- modules ----

    pub(super) fn module(&'a self, v: &Value, mode: lasti_compiler::Mode) -> PyResult<Module> {
        use lasti_compiler::Mode::*;
        let n = self.node(v)?;
        let wanted = match mode {
            Exec => "Module",
            Eval => "Expression",
            Single => "Interactive",
        };
        if &*n.class != wanted {
            let got = self.vm.type_name(v);
            return Err(self
                .vm
                .type_error(format!("expected {wanted} node, got {got}")));
        }
        if mode == Eval {
            return Ok(Module::Eval(n.expr("body", Ctx::Load)?));
        }
        let items = n.items("body")?;
        let body = self.list_of(&items, Self::stmt)?;
        Ok(if mode == Exec {
            Module::Exec(body)
        } else {
            Module::Single(body)
        })
    }

    // ---- leaves ----

    fn identifier(&self, v: &Value) -> PyResult<Name> {
        let Some(s) = v.downcast::<Str>() else {
            return Err(self.vm.type_error("AST identifier must be of type str"));
        };
        let text = s.to_string_lossy();
        let mut names = self.names.borrow_mut();
        if let Some(n) = names.get(&*text) {
            return Ok(n.clone());
        }
        let name: Name = Rc::from(&*text);
        names.insert(name.clone());
        Ok(name)
    }

    /// An identifier that is read or bound as a variable.
    fn variable(&self, v: &Value) -> PyResult<Name> {
        let name = self.identifier(v)?;
        if let "None" | "True" | "False" = &*name {
            return self.value_error(format!(
                "identifier field can't represent '{name}' constant"
            ));
        }
        Ok(name)
    }

    fn int(&self, v: &Value) -> PyResult<i64> {
        let n = match v.unpack() {
            Unpacked::Int(i) => Some(i),
            Unpacked::Bool(b) => Some(b as i64),
            _ => v.downcast::<Int>().map(|_| i64::MAX),
        };
        match n.map(i32::try_from) {
            Some(Ok(i)) => Ok(i.into()),
            Some(Err(_)) => {
                let msg = "Python int too large to convert to C int";
                Err(self.vm.new_exception(&self.vm.exc.overflow_error, msg))
            }
            None => self.value_error(format!(
                "invalid integer value: {}",
                self.vm.repr_string(v)?
            )),
        }
    }

    fn constant(&self, v: &Value) -> PyResult<Const> {
        self.vm.guard_native_stack("during compilation")?;
        let vm = self.vm;
        Ok(match v.unpack() {
            Unpacked::None => Const::None,
            Unpacked::Bool(true) => Const::True,
            Unpacked::Bool(false) => Const::False,
            Unpacked::Ellipsis => Const::Ellipsis,
            Unpacked::Int(i) => Const::Int(i),
            Unpacked::Float(f) => Const::Float(f),
            _ => {
                let t = vm.type_of(v);
                if t.is(&vm.types.int)
                    && let Some(i) = v.downcast::<Int>()
                {
                    match i64::try_from(i.0.clone()) {
                        Ok(small) => Const::Int(small),
                        Err(_) => {
                            let negative = i.0 < IBig::ZERO;
                            let size = if negative { -i.0.clone() } else { i.0.clone() };
                            let len = int_arith::bit_length(&size).div_ceil(8);
                            let bytes = int::to_bytes(&size, len, true, false);
                            Const::BigInt(negative, bytes.map_err(|e| vm.text_error(e))?.into())
                        }
                    }
                } else if t.is(&vm.types.float)
                    && let Some(f) = vm.exact_float(v)
                {
                    Const::Float(f)
                } else if t.is(&vm.types.str)
                    && let Some(s) = v.downcast::<Str>()
                {
                    Const::Str(Wtf8(s.as_bytes().into()))
                } else if t.is(&vm.types.bytes)
                    && let Some(b) = v.downcast::<Bytes>()
                {
                    Const::Bytes(b.data.to_vec().into())
                } else if t.is(&vm.types.complex)
                    && let Some(c) = v.downcast::<Complex>()
                {
                    Const::Complex(c.0, c.1)
                } else if t.is(&vm.types.tuple)
                    && let Some(items) = v.downcast::<Tuple>()
                {
                    Const::Tuple(
                        items
                            .iter()
                            .map(|x| self.constant(x))
                            .collect::<PyResult<_>>()?,
                    )
                } else if t.is(&vm.types.frozenset)
                    && let Some(items) = v.downcast::<Set>()
                {
                    let items = items.to_vec();
                    Const::FrozenSet(
                        items
                            .iter()
                            .map(|x| self.constant(x))
                            .collect::<PyResult<_>>()?,
                    )
                } else {
                    let name = vm.type_name(v);
                    return Err(vm.type_error(format!("got an invalid type in Constant: {name}")));
                }
            }
        })
    }

    fn ctx(&'a self, v: &Value) -> PyResult<Ctx> {
        Ok(match &*self.class_name(v)? {
            "Load" => Ctx::Load,
            "Store" => Ctx::Store,
            "Del" => Ctx::Del,
            _ => return self.unexpected("expr_context", v),
        })
    }

    fn bin_op(&'a self, v: &Value) -> PyResult<BinOp> {
        Ok(match &*self.class_name(v)? {
            "Add" => BinOp::Add,
            "Sub" => BinOp::Sub,
            "Mult" => BinOp::Mult,
            "MatMult" => BinOp::MatMult,
            "Div" => BinOp::Div,
            "Mod" => BinOp::Mod,
            "Pow" => BinOp::Pow,
            "LShift" => BinOp::LShift,
            "RShift" => BinOp::RShift,
            "BitOr" => BinOp::BitOr,
            "BitXor" => BinOp::BitXor,
            "BitAnd" => BinOp::BitAnd,
            "FloorDiv" => BinOp::FloorDiv,
            _ => return self.unexpected("operator", v),
        })
    }

    fn cmp_op(&'a self, v: &Value) -> PyResult<CmpOp> {
        Ok(match &*self.class_name(v)? {
            "Eq" => CmpOp::Eq,
            "NotEq" => CmpOp::NotEq,
            "Lt" => CmpOp::Lt,
            "LtE" => CmpOp::LtE,
            "Gt" => CmpOp::Gt,
            "GtE" => CmpOp::GtE,
            "Is" => CmpOp::Is,
            "IsNot" => CmpOp::IsNot,
            "In" => CmpOp::In,
            "NotIn" => CmpOp::NotIn,
            _ => return self.unexpected("cmpop", v),
        })
    }

    // ---- expressions ----

    fn expr(&'a self, v: &Value, ctx: Ctx) -> PyResult<Expr> {
        self.deeper("expr", || {
            let n = self.node(v)?;
            let pos = n.position("expr")?;
            let (kind, has) = n.expr_kind()?;
            let assignable = matches!(
                kind,
                ExprKind::Attribute(..)
                    | ExprKind::Subscript(..)
                    | ExprKind::Starred(..)
                    | ExprKind::Name(..)
                    | ExprKind::List(..)
                    | ExprKind::Tuple(..)
            );
            if has != ctx && !assignable {
                return self.value_error(format!(
                    "expression which can't be assigned to in {ctx:?} context"
                ));
            }
            if has != ctx {
                return self.value_error(format!(
                    "expression must have {ctx:?} context but has {has:?} instead"
                ));
            }
            Ok(Expr {
                kind,
                line: pos.line,
                pos,
            })
        })
    }

    fn load(&'a self, v: &Value) -> PyResult<Expr> {
        if v.is_none() {
            return self.value_error("None disallowed in expression list");
        }
        self.expr(v, Ctx::Load)
    }

    fn generator(&'a self, v: &Value) -> PyResult<Generator> {
        let n = self.node(v)?;
        if &*n.class != "comprehension" {
            return self.unexpected("comprehension", v);
        }
        Ok(Generator {
            target: n.expr("target", Ctx::Store)?,
            iter: n.expr("iter", Ctx::Load)?,
            ifs: n.exprs("ifs")?,
            is_async: n.int("is_async")? != 0,
        })
    }

    fn keyword(&'a self, v: &Value) -> PyResult<Keyword> {
        let n = self.node(v)?;
        if &*n.class != "keyword" {
            return self.unexpected("keyword", v);
        }
        let pos = n.position("keyword")?;
        Ok(Keyword {
            arg: n.opt_name("arg")?,
            value: n.expr("value", Ctx::Load)?,
            pos,
        })
    }

    fn annotation(&'a self, v: &Value) -> PyResult<Annotation> {
        self.expr(v, Ctx::Load).map(|expr| Annotation { expr })
    }

    fn arg(&'a self, v: &Value) -> PyResult<Arg> {
        let n = self.node(v)?;
        if &*n.class != "arg" {
            return self.unexpected("arg", v);
        }
        let pos = n.position("arg")?;
        Ok(Arg {
            name: n.name("arg")?,
            annotation: n.annotation("annotation")?,
            pos,
        })
    }

    fn arguments(&'a self, v: &Value) -> PyResult<Arguments> {
        let n = self.node(v)?;
        if &*n.class != "arguments" {
            return self.unexpected("arguments", v);
        }
        let args = |field| self.list_of(&n.items(field)?, Self::arg);
        let star = |field| {
            n.field(field)?
                .filter(|x| !x.is_none())
                .map(|x| self.arg(&x))
                .transpose()
        };
        let optional = |r: &'a Self, x: &Value| match x.is_none() {
            true => Ok(None),
            false => r.expr(x, Ctx::Load).map(Some),
        };
        let out = Arguments {
            posonly: args("posonlyargs")?,
            args: args("args")?,
            vararg: star("vararg")?,
            kwonly: args("kwonlyargs")?,
            kw_defaults: self.list_of(&n.items("kw_defaults")?, optional)?,
            kwarg: star("kwarg")?,
            defaults: n.exprs("defaults")?,
        };
        if out.defaults.len() > out.posonly.len() + out.args.len() {
            return self.value_error("more positional defaults than args on arguments");
        }
        if out.kw_defaults.len() != out.kwonly.len() {
            return self
                .value_error("length of kwonlyargs is not the same as kw_defaults on arguments");
        }
        Ok(out)
    }

    // ---- statements ----

    fn stmt(&'a self, v: &Value) -> PyResult<Stmt> {
        if v.is_none() {
            return self.value_error("None disallowed in statement list");
        }
        self.deeper("stmt", || {
            let n = self.node(v)?;
            let pos = n.position("stmt")?;
            Ok(Stmt {
                kind: n.stmt_kind()?,
                pos,
            })
        })
    }

    fn alias(&'a self, v: &Value) -> PyResult<Alias> {
        let n = self.node(v)?;
        if &*n.class != "alias" {
            return self.unexpected("alias", v);
        }
        let pos = n.position("alias")?;
        Ok(Alias {
            name: n.name("name")?,
            asname: n.opt_name("asname")?,
            pos,
        })
    }

    fn handler(&'a self, v: &Value) -> PyResult<Handler> {
        let n = self.node(v)?;
        if &*n.class != "ExceptHandler" {
            return self.unexpected("excepthandler", v);
        }
        let pos = n.position("excepthandler")?;
        Ok(Handler {
            type_: n.opt_expr("type")?,
            name: n.opt_name("name")?,
            body: n.body("body")?,
            pos,
        })
    }

    fn type_param(&'a self, v: &Value) -> PyResult<TypeParam> {
        let n = self.node(v)?;
        let pos = n.position("type_param")?;
        let id = self.id();
        let kind = match &*n.class {
            "TypeVar" => TypeParamKind::TypeVar(n.opt_expr("bound")?),
            "TypeVarTuple" => TypeParamKind::TypeVarTuple,
            "ParamSpec" => TypeParamKind::ParamSpec,
            _ => return self.unexpected("type_param", v),
        };
        Ok(TypeParam {
            id,
            name: self.variable(&n.required("name")?)?,
            kind,
            default: n.opt_expr("default_value")?,
            pos,
        })
    }

    fn match_case(&'a self, v: &Value) -> PyResult<MatchCase> {
        let n = self.node(v)?;
        if &*n.class != "match_case" {
            return self.unexpected("match_case", v);
        }
        Ok(MatchCase {
            pattern: self.pattern(&n.required("pattern")?, false)?,
            guard: n.opt_expr("guard")?,
            body: n.body("body")?,
        })
    }

    // ---- patterns ----

    fn pattern(&'a self, v: &Value, star_allowed: bool) -> PyResult<Pattern> {
        self.deeper("pattern", || {
            let n = self.node(v)?;
            let pos = n.position("pattern")?;
            if &*n.class == "MatchStar" && !star_allowed {
                return self.value_error("can't use MatchStar here");
            }
            Ok(Pattern {
                kind: n.pattern_kind()?,
                pos,
            })
        })
    }

    fn inner_pattern(&'a self, v: &Value) -> PyResult<Pattern> {
        self.pattern(v, false)
    }

    fn starred_pattern(&'a self, v: &Value) -> PyResult<Pattern> {
        self.pattern(v, true)
    }

    fn match_value(&self, e: &Expr) -> PyResult<()> {
        let number = |e: &Expr| {
            matches!(
                e.as_const(),
                Some(Const::Int(_) | Const::BigInt(..) | Const::Float(_) | Const::Complex(..))
            )
        };
        let fine = match &e.kind {
            ExprKind::Constant(
                Const::None
                | Const::True
                | Const::False
                | Const::Ellipsis
                | Const::Tuple(_)
                | Const::FrozenSet(_),
            ) => {
                return self.value_error("unexpected constant inside of a literal pattern");
            }
            ExprKind::Constant(_)
            | ExprKind::Attribute(..)
            | ExprKind::JoinedStr(_)
            | ExprKind::TemplateStr(_) => true,
            ExprKind::UnaryOp(UnaryOp::USub, x) => number(x),
            ExprKind::BinOp(l, BinOp::Add | BinOp::Sub, r) => {
                let left = number(l)
                    || matches!(&l.kind, ExprKind::UnaryOp(UnaryOp::USub, x) if number(x));
                left && matches!(r.as_const(), Some(Const::Complex(..)))
            }
            _ => false,
        };
        if fine {
            return Ok(());
        }
        self.value_error("patterns may only match literals and attribute lookups")
    }
}

impl<'a> Node<'a, '_> {
    fn field(&self, name: &str) -> PyResult<Option<Value>> {
        let vm = self.r.vm;
        vm.lookup_attr(self.v, &vm.intern(name))
    }

    fn missing<T>(&self, name: &str, of: &str) -> PyResult<T> {
        Err(self
            .r
            .vm
            .type_error(format!("required field \"{name}\" missing from {of}")))
    }

    /// A field that must be there; None is refused.
    fn required(&self, name: &str) -> PyResult<Value> {
        match self.field(name)? {
            Some(v) if v.is_none() => self
                .r
                .value_error(format!("field '{name}' is required for {}", self.class)),
            Some(v) => Ok(v),
            None => self.missing(name, &self.class),
        }
    }

    /// As `required`, for operators and numbers, which say themselves what None is not.
    fn present(&self, name: &str) -> PyResult<Value> {
        match self.field(name)? {
            Some(v) => Ok(v),
            None => self.missing(name, &self.class),
        }
    }

    /// A list field; an absent one is empty.
    fn items(&self, name: &str) -> PyResult<Vec<Value>> {
        match self.field(name)? {
            None => Ok(Vec::new()),
            Some(v) => match v.downcast::<List>() {
                Some(l) => Ok(l.to_vec()),
                None => {
                    let got = self.r.vm.type_name(&v);
                    Err(self.r.vm.type_error(format!(
                        "{} field \"{name}\" must be a list, not a {got}",
                        self.class
                    )))
                }
            },
        }
    }

    fn int(&self, name: &str) -> PyResult<i64> {
        self.r.int(&self.present(name)?)
    }

    fn name(&self, name: &str) -> PyResult<Name> {
        self.r.identifier(&self.required(name)?)
    }

    fn opt_name(&self, name: &str) -> PyResult<Option<Name>> {
        self.field(name)?
            .filter(|v| !v.is_none())
            .map(|v| self.r.identifier(&v))
            .transpose()
    }

    fn names(&self, name: &str) -> PyResult<Vec<Name>> {
        self.r.list_of(&self.items(name)?, Reader::identifier)
    }

    fn expr(&self, name: &str, ctx: Ctx) -> PyResult<Expr> {
        self.r.expr(&self.required(name)?, ctx)
    }

    fn load(&self, name: &str) -> PyResult<Expr> {
        self.expr(name, Ctx::Load)
    }

    /// A target that can only be a name.
    fn name_target(&self, name: &str, otherwise: &str) -> PyResult<Expr> {
        let v = self.required(name)?;
        if &*self.r.class_name(&v)? != "Name" {
            return Err(self.r.vm.type_error(otherwise));
        }
        self.r.expr(&v, Ctx::Store)
    }

    fn boxed(&self, name: &str) -> PyResult<Box<Expr>> {
        self.load(name).map(Box::new)
    }

    fn opt_expr(&self, name: &str) -> PyResult<Option<Expr>> {
        self.field(name)?
            .filter(|v| !v.is_none())
            .map(|v| self.r.expr(&v, Ctx::Load))
            .transpose()
    }

    fn exprs(&self, name: &str) -> PyResult<Vec<Expr>> {
        self.r.list_of(&self.items(name)?, Reader::load)
    }

    fn exprs_in(&self, name: &str, ctx: Ctx) -> PyResult<Vec<Expr>> {
        let one = |r: &'a Reader<'a>, x: &Value| match x.is_none() {
            true => r.value_error("None disallowed in expression list"),
            false => r.expr(x, ctx),
        };
        self.r.list_of(&self.items(name)?, one)
    }

    fn annotation(&self, name: &str) -> PyResult<Option<Annotation>> {
        self.field(name)?
            .filter(|v| !v.is_none())
            .map(|v| self.r.annotation(&v))
            .transpose()
    }

    fn keywords(&self) -> PyResult<Vec<Keyword>> {
        self.r.list_of(&self.items("keywords")?, Reader::keyword)
    }

    fn type_params(&self) -> PyResult<Vec<TypeParam>> {
        self.r
            .list_of(&self.items("type_params")?, Reader::type_param)
    }

    fn arguments(&self) -> PyResult<Arguments> {
        self.r.arguments(&self.required("args")?)
    }

    fn block(&self, name: &str) -> PyResult<Vec<Stmt>> {
        self.r.list_of(&self.items(name)?, Reader::stmt)
    }

    fn body(&self, name: &str) -> PyResult<Vec<Stmt>> {
        self.filled(name, self.block(name)?)
    }

    /// What must not be empty.
    fn filled<T>(&self, name: &str, list: Vec<T>) -> PyResult<Vec<T>> {
        if list.is_empty() {
            return self
                .r
                .value_error(format!("empty {name} on {}", self.class));
        }
        Ok(list)
    }

    fn position(&self, kind: &str) -> PyResult<Position> {
        let r = self.r;
        let start = |name| match self.field(name)? {
            Some(v) => r.int(&v),
            None => self.missing(name, kind),
        };
        let (line, col) = (start("lineno")?, start("col_offset")?);
        let end = |name, other| match self.field(name)?.filter(|v| !v.is_none()) {
            Some(v) => r.int(&v),
            None => Ok(other),
        };
        let (end_line, end_col) = (end("end_lineno", line)?, end("end_col_offset", col)?);
        if line > end_line {
            return r.value_error(format!(
                "AST node line range ({line}, {end_line}) is not valid"
            ));
        }
        if (line < 0 && end_line != line) || (col < 0 && col != end_col) {
            return r.value_error(format!(
                "AST node column range ({col}, {end_col}) for line range ({line}, {end_line}) is not valid"
            ));
        }
        if line == end_line && col > end_col {
            return r.value_error(format!(
                "line {line}, column {col}-{end_col} is not a valid range"
            ));
        }
        let part = |n: i64| u32::try_from(n).unwrap_or(0);
        Ok(Position {
            line: part(line),
            col: part(col),
            end_line: part(end_line),
            end_col: part(end_col),
        })
    }

    /// The kind, and the context the node itself names.
    fn bool_op(&self) -> PyResult<ExprKind> {
        let r = self.r;
        let op = self.present("op")?;
        let op = match &*r.class_name(&op)? {
            "And" => BoolOp::And,
            "Or" => BoolOp::Or,
            _ => return r.unexpected("boolop", &op),
        };
        let values = self.exprs("values")?;
        if values.len() < 2 {
            return r.value_error("BoolOp with less than 2 values");
        }
        Ok(ExprKind::BoolOp(op, values))
    }

    fn unary_op(&self) -> PyResult<ExprKind> {
        let r = self.r;
        let op = self.present("op")?;
        let op = match &*r.class_name(&op)? {
            "Invert" => UnaryOp::Invert,
            "Not" => UnaryOp::Not,
            "UAdd" => UnaryOp::UAdd,
            "USub" => UnaryOp::USub,
            _ => return r.unexpected("unaryop", &op),
        };
        Ok(ExprKind::UnaryOp(op, self.boxed("operand")?))
    }

    fn compare(&self) -> PyResult<ExprKind> {
        let r = self.r;
        let left = self.boxed("left")?;
        let ops = r.list_of(&self.items("ops")?, Reader::cmp_op)?;
        let rest = self.exprs("comparators")?;
        if rest.is_empty() {
            return r.value_error("Compare with no comparators");
        }
        if rest.len() != ops.len() {
            return r.value_error("Compare has a different number of comparators and operands");
        }
        Ok(ExprKind::Compare(left, ops, rest))
    }

    fn dict(&self) -> PyResult<ExprKind> {
        let r = self.r;
        let (keys, values) = (self.items("keys")?, self.items("values")?);
        if keys.len() != values.len() {
            return r.value_error("Dict doesn't have the same number of keys as values");
        }
        let pairs = keys.iter().zip(&values).map(|(k, v)| {
            let key = if k.is_none() { None } else { Some(r.load(k)?) };
            Ok((key, r.load(v)?))
        });
        Ok(ExprKind::Dict(pairs.collect::<PyResult<_>>()?))
    }

    fn expr_kind(&self) -> PyResult<(ExprKind, Ctx)> {
        let r = self.r;
        let own_ctx = || r.ctx(&self.present("ctx")?);
        let kind = match &*self.class {
            "BoolOp" => self.bool_op()?,
            "NamedExpr" => {
                let target = self.name_target("target", "NamedExpr target must be a Name")?;
                ExprKind::Named(Box::new(target), self.boxed("value")?)
            }
            "BinOp" => {
                let left = self.boxed("left")?;
                let op = r.bin_op(&self.present("op")?)?;
                ExprKind::BinOp(left, op, self.boxed("right")?)
            }
            "UnaryOp" => self.unary_op()?,
            "Lambda" => {
                let id = r.id();
                ExprKind::Lambda(Box::new(Lambda {
                    id,
                    args: self.arguments()?,
                    body: self.load("body")?,
                }))
            }
            "IfExp" => ExprKind::IfExp(
                self.boxed("test")?,
                self.boxed("body")?,
                self.boxed("orelse")?,
            ),
            "Dict" => self.dict()?,
            "Set" => ExprKind::Set(self.exprs("elts")?),
            "ListComp" | "SetComp" | "GeneratorExp" | "DictComp" => self.comprehension()?,
            "Await" => ExprKind::Await(self.boxed("value")?),
            "Yield" => ExprKind::Yield(self.opt_expr("value")?.map(Box::new)),
            "YieldFrom" => ExprKind::YieldFrom(self.boxed("value")?),
            "Compare" => self.compare()?,
            "Call" => {
                let func = self.load("func")?;
                ExprKind::Call(Box::new(Call {
                    func,
                    args: self.exprs("args")?,
                    keywords: self.keywords()?,
                }))
            }
            "FormattedValue" => {
                let value = self.load("value")?;
                let conversion = self.conversion()?;
                let spec = self.opt_expr("format_spec")?;
                ExprKind::FormattedValue(Box::new(FormattedValue {
                    value,
                    conversion,
                    spec,
                }))
            }
            "Interpolation" => {
                let value = self.load("value")?;
                let text = r.constant(&self.present("str")?)?;
                let conversion = self.conversion()?;
                let spec = self.opt_expr("format_spec")?;
                ExprKind::Interpolation(Box::new(Interpolation {
                    value,
                    text,
                    conversion,
                    spec,
                }))
            }
            "JoinedStr" => ExprKind::JoinedStr(self.exprs("values")?),
            "TemplateStr" => ExprKind::TemplateStr(self.exprs("values")?),
            "Constant" => ExprKind::Constant(r.constant(&self.present("value")?)?),
            "Attribute" => {
                let value = self.boxed("value")?;
                let attr = self.required("attr")?;
                let Some(text) = crate::util::text(&attr) else {
                    return Err(r.vm.type_error("AST identifier must be of type str"));
                };
                let ctx = own_ctx()?;
                return Ok((ExprKind::Attribute(value, text.into(), ctx), ctx));
            }
            "Subscript" => {
                let value = self.boxed("value")?;
                let slice = self.boxed("slice")?;
                let ctx = own_ctx()?;
                return Ok((ExprKind::Subscript(value, slice, ctx), ctx));
            }
            "Starred" => {
                let ctx = own_ctx()?;
                return Ok((
                    ExprKind::Starred(Box::new(self.expr("value", ctx)?), ctx),
                    ctx,
                ));
            }
            "Name" => {
                let ctx = own_ctx()?;
                let name = r.variable(&self.required("id")?)?;
                return Ok((ExprKind::Name(name, ctx), ctx));
            }
            "List" => {
                let ctx = own_ctx()?;
                return Ok((ExprKind::List(self.exprs_in("elts", ctx)?, ctx), ctx));
            }
            "Tuple" => {
                let ctx = own_ctx()?;
                return Ok((ExprKind::Tuple(self.exprs_in("elts", ctx)?, ctx), ctx));
            }
            "Slice" => ExprKind::Slice(Box::new(Slice {
                lower: self.opt_expr("lower")?,
                upper: self.opt_expr("upper")?,
                step: self.opt_expr("step")?,
            })),
            _ => return r.unexpected("expr", self.v),
        };
        Ok((kind, Ctx::Load))
    }

    fn comprehension(&self) -> PyResult<ExprKind> {
        let r = self.r;
        let id = r.id();
        let generators = r.list_of(&self.items("generators")?, Reader::generator)?;
        if generators.is_empty() {
            return r.value_error("comprehension with no generators");
        }
        let (kind, elt, value) = match &*self.class {
            "DictComp" => (CompKind::Dict, self.load("key")?, Some(self.load("value")?)),
            "ListComp" => (CompKind::List, self.load("elt")?, None),
            "SetComp" => (CompKind::Set, self.load("elt")?, None),
            _ => (CompKind::Generator, self.load("elt")?, None),
        };
        Ok(ExprKind::Comp(Box::new(Comp {
            id,
            kind,
            elt,
            value,
            generators,
        })))
    }

    fn conversion(&self) -> PyResult<Conversion> {
        Ok(match self.int("conversion")? {
            -1 => Conversion::None,
            115 => Conversion::Str,
            114 => Conversion::Repr,
            97 => Conversion::Ascii,
            n => {
                let msg = format!("Unrecognized conversion character {n}");
                return Err(self.r.vm.new_exception(&self.r.vm.exc.system_error, msg));
            }
        })
    }

    fn ann_assign(&self) -> PyResult<StmtKind> {
        let r = self.r;
        let simple = self.int("simple")? != 0;
        let target = match simple {
            true => self.name_target("target", "AnnAssign with simple non-Name target")?,
            false => self.expr("target", Ctx::Store)?,
        };
        let annotation = r.annotation(&self.required("annotation")?)?;
        let value = self.opt_expr("value")?;
        Ok(StmtKind::AnnAssign(Box::new(AnnAssign {
            target,
            annotation,
            value,
            simple,
        })))
    }

    fn with(&self) -> PyResult<StmtKind> {
        let r = self.r;
        let item = |v: &Value| {
            let n = r.node(v)?;
            if &*n.class != "withitem" {
                return r.unexpected("withitem", v);
            }
            let target = n.field("optional_vars")?.filter(|v| !v.is_none());
            Ok(WithItem {
                context: n.load("context_expr")?,
                target: target.map(|t| r.expr(&t, Ctx::Store)).transpose()?,
            })
        };
        let items = self
            .items("items")?
            .iter()
            .map(item)
            .collect::<PyResult<_>>()?;
        Ok(StmtKind::With(Box::new(With {
            is_async: &*self.class == "AsyncWith",
            items: self.filled("items", items)?,
            body: self.body("body")?,
        })))
    }

    fn try_(&self) -> PyResult<StmtKind> {
        let r = self.r;
        let out = Try {
            body: self.body("body")?,
            handlers: r.list_of(&self.items("handlers")?, Reader::handler)?,
            orelse: self.block("orelse")?,
            finalbody: self.block("finalbody")?,
            is_star: &*self.class == "TryStar",
        };
        if out.handlers.is_empty() && out.finalbody.is_empty() {
            return r.value_error(format!(
                "{} has neither except handlers nor finalbody",
                self.class
            ));
        }
        if out.handlers.is_empty() && !out.orelse.is_empty() {
            return r.value_error(format!("{} has orelse but no except handlers", self.class));
        }
        Ok(StmtKind::Try(Box::new(out)))
    }

    fn import_from(&self) -> PyResult<StmtKind> {
        let r = self.r;
        let level = match self.field("level")?.filter(|v| !v.is_none()) {
            Some(v) => r.int(&v)?,
            None => 0,
        };
        let Ok(level) = u32::try_from(level) else {
            return r.value_error("Negative ImportFrom level");
        };
        let names = r.list_of(&self.items("names")?, Reader::alias)?;
        let names = self.filled("names", names)?;
        Ok(StmtKind::ImportFrom(Box::new(ImportFrom {
            module: self.opt_name("module")?,
            names,
            level,
        })))
    }

    fn stmt_kind(&self) -> PyResult<StmtKind> {
        let r = self.r;
        Ok(match &*self.class {
            "FunctionDef" | "AsyncFunctionDef" => {
                let id = r.id();
                StmtKind::FunctionDef(Box::new(FunctionDef {
                    id,
                    name: self.name("name")?,
                    is_async: &*self.class == "AsyncFunctionDef",
                    args: self.arguments()?,
                    body: self.body("body")?,
                    decorators: self.exprs("decorator_list")?,
                    returns: self.annotation("returns")?,
                    type_params: self.type_params()?,
                }))
            }
            "ClassDef" => {
                let id = r.id();
                StmtKind::ClassDef(Box::new(ClassDef {
                    id,
                    name: self.name("name")?,
                    bases: self.exprs("bases")?,
                    keywords: self.keywords()?,
                    body: self.body("body")?,
                    decorators: self.exprs("decorator_list")?,
                    type_params: self.type_params()?,
                }))
            }
            "Return" => StmtKind::Return(self.opt_expr("value")?),
            "Delete" => {
                StmtKind::Delete(self.filled("targets", self.exprs_in("targets", Ctx::Del)?)?)
            }
            "Assign" => {
                let targets = self.filled("targets", self.exprs_in("targets", Ctx::Store)?)?;
                StmtKind::Assign(targets, self.load("value")?)
            }
            "AugAssign" => {
                let target = self.expr("target", Ctx::Store)?;
                let op = r.bin_op(&self.present("op")?)?;
                StmtKind::AugAssign(target, op, self.load("value")?)
            }
            "AnnAssign" => self.ann_assign()?,
            "TypeAlias" => {
                let id = r.id();
                let name = self.name_target("name", "TypeAlias with non-Name name")?;
                let type_params = self.type_params()?;
                StmtKind::TypeAlias(Box::new(TypeAlias {
                    id,
                    name,
                    type_params,
                    value: self.load("value")?,
                }))
            }
            "For" | "AsyncFor" => StmtKind::For(Box::new(For {
                is_async: &*self.class == "AsyncFor",
                target: self.expr("target", Ctx::Store)?,
                iter: self.load("iter")?,
                body: self.body("body")?,
                orelse: self.block("orelse")?,
            })),
            "While" => StmtKind::While(
                self.load("test")?,
                self.body("body")?,
                self.block("orelse")?,
            ),
            "If" => StmtKind::If(
                self.load("test")?,
                self.body("body")?,
                self.block("orelse")?,
            ),
            "With" | "AsyncWith" => self.with()?,
            "Match" => {
                let subject = self.load("subject")?;
                let cases = r.list_of(&self.items("cases")?, Reader::match_case)?;
                StmtKind::Match(subject, self.filled("cases", cases)?)
            }
            "Raise" => {
                let (exc, cause) = (self.opt_expr("exc")?, self.opt_expr("cause")?);
                if exc.is_none() && cause.is_some() {
                    return r.value_error("Raise with cause but no exception");
                }
                StmtKind::Raise(exc, cause)
            }
            "Try" | "TryStar" => self.try_()?,
            "Assert" => StmtKind::Assert(self.load("test")?, self.opt_expr("msg")?),
            "Import" => {
                let names = r.list_of(&self.items("names")?, Reader::alias)?;
                StmtKind::Import(self.filled("names", names)?)
            }
            "ImportFrom" => self.import_from()?,
            "Global" => StmtKind::Global(self.filled("names", self.names("names")?)?),
            "Nonlocal" => StmtKind::Nonlocal(self.filled("names", self.names("names")?)?),
            "Expr" => StmtKind::Expr(self.load("value")?),
            "Pass" => StmtKind::Pass,
            "Break" => StmtKind::Break,
            "Continue" => StmtKind::Continue,
            _ => return r.unexpected("stmt", self.v),
        })
    }

    /// A name that a pattern binds; `_` is the wildcard, which binds nothing.
    fn capture(&self, field: &str) -> PyResult<Option<Name>> {
        let name = self.field(field)?.filter(|v| !v.is_none());
        let name = name.map(|v| self.r.variable(&v)).transpose()?;
        if name.as_deref() == Some("_") {
            return self.r.value_error("can't capture name '_' in patterns");
        }
        Ok(name)
    }

    fn pattern_kind(&self) -> PyResult<PatternKind> {
        let r = self.r;
        let patterns = |field| r.list_of(&self.items(field)?, Reader::inner_pattern);
        Ok(match &*self.class {
            "MatchValue" => {
                let e = self.load("value")?;
                r.match_value(&e)?;
                PatternKind::Value(e)
            }
            "MatchSingleton" => match r.constant(&self.present("value")?)? {
                c @ (Const::None | Const::True | Const::False) => PatternKind::Singleton(c),
                _ => return r.value_error("MatchSingleton can only contain True, False and None"),
            },
            "MatchSequence" => {
                PatternKind::Sequence(r.list_of(&self.items("patterns")?, Reader::starred_pattern)?)
            }
            "MatchMapping" => {
                let (keys, patterns) = (self.exprs("keys")?, patterns("patterns")?);
                if keys.len() != patterns.len() {
                    return r.value_error(
                        "MatchMapping doesn't have the same number of keys as patterns",
                    );
                }
                for key in &keys {
                    // None, True and False are keys though no literal patterns.
                    if !matches!(
                        key.as_const(),
                        Some(Const::None | Const::True | Const::False)
                    ) {
                        r.match_value(key)?;
                    }
                }
                PatternKind::Mapping(keys, patterns, self.capture("rest")?)
            }
            "MatchClass" => {
                let class = self.boxed("cls")?;
                let names = r.list_of(&self.items("kwd_attrs")?, Reader::variable)?;
                let (positional, keywords) = (patterns("patterns")?, patterns("kwd_patterns")?);
                if names.len() != keywords.len() {
                    return r.value_error(
                        "MatchClass doesn't have the same number of keyword attributes as patterns",
                    );
                }
                let mut at = &*class;
                while let ExprKind::Attribute(inner, ..) = &at.kind {
                    at = inner;
                }
                if !matches!(at.kind, ExprKind::Name(..)) {
                    return r.value_error(
                        "MatchClass cls field can only contain Name or Attribute nodes.",
                    );
                }
                PatternKind::Class(class, positional, names.into_iter().zip(keywords).collect())
            }
            "MatchStar" => PatternKind::Star(self.capture("name")?),
            "MatchAs" => {
                let name = self.capture("name")?;
                let inner = self.field("pattern")?.filter(|v| !v.is_none());
                if inner.is_some() && name.is_none() {
                    return r
                        .value_error("MatchAs must specify a target name if a pattern is given");
                }
                PatternKind::As(
                    inner
                        .map(|p| r.pattern(&p, false).map(Box::new))
                        .transpose()?,
                    name,
                )
            }
            "MatchOr" => {
                let list = patterns("patterns")?;
                if list.len() < 2 {
                    return r.value_error("MatchOr requires at least 2 patterns");
                }
                PatternKind::Or(list)
            }
            _ => return r.unexpected("pattern", self.v),
        })
    }
}
