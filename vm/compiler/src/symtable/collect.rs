//! First half of the symbol table: definitions and uses of every block.
use super::*;
use crate::lower::{RED_ZONE, STACK_STEP};

struct Collector {
    blocks: Vec<Block>,
    by_node: FxHashMap<(NodeId, Role), usize>,
    /// Indices of the open blocks, innermost last.
    open: Vec<usize>,
    private: Option<Name>,
    future_annotations: bool,
    /// For whoever asks what the scopes are: what each block is called.
    noted: Option<Vec<Noted>>,
    /// What the scopes around bounds and defaults of type parameters are called in errors.
    places: FxHashMap<usize, &'static str>,
    /// Nesting in `if`, loops, `try` and the like, within the innermost class or module.
    conditional: u32,
}

/// What a block is called, where it begins, and its names in the order they were met.
pub(super) struct Noted {
    pub name: Name,
    pub line: u32,
    pub order: Vec<Name>,
}

pub(super) fn collect(
    module: &Module,
    future_annotations: bool,
    note: bool,
) -> Pass<(SymTable, Vec<Noted>)> {
    let mut c = Collector {
        blocks: Vec::new(),
        by_node: FxHashMap::default(),
        open: Vec::new(),
        private: None,
        future_annotations,
        noted: note.then(Vec::new),
        places: FxHashMap::default(),
        conditional: 0,
    };
    c.enter(BlockType::Module, MODULE, Role::Body);
    c.called(|| "top".into(), 0);
    match module {
        Module::Exec(body) | Module::Single(body) => c.body(body)?,
        Module::Eval(e) => c.expr(e)?,
    }
    let table = SymTable {
        blocks: c.blocks,
        by_node: c.by_node,
    };
    Ok((table, c.noted.unwrap_or_default()))
}

/// Deepest nesting of scopes: qualified names grow with it, so that all of them together grow with its square.
const MAX_SCOPES: usize = 1000;

impl Collector {
    fn cur(&mut self) -> &mut Block {
        let index = *self.open.last().expect("the module block is open");
        &mut self.blocks[index]
    }

    fn kind(&self) -> BlockType {
        self.blocks[*self.open.last().expect("the module block is open")].kind
    }

    fn enter(&mut self, kind: BlockType, id: NodeId, role: Role) {
        let parent = self.open.last().copied();
        let index = self.blocks.len();
        let comp_iter_expr = parent.map_or(0, |p| self.blocks[p].comp_iter_expr);
        let nested =
            parent.is_some_and(|p| self.blocks[p].nested || self.blocks[p].kind.is_function_like());
        if let Some(p) = parent {
            self.blocks[p].children.push(index);
        }
        self.blocks.push(Block {
            id,
            kind,
            parent,
            children: Vec::new(),
            symbols: FxHashMap::default(),
            varnames: Vec::new(),
            nested,
            generator: false,
            coroutine: false,
            comprehension: None,
            comp_iter_target: false,
            comp_iter_expr,
            varargs: false,
            varkeywords: false,
            needs_class_closure: false,
            needs_classdict: false,
            conditional_annotations: false,
            can_see_class_scope: false,
            directives: Vec::new(),
            return_pos: None,
        });
        self.by_node.insert((id, role), index);
        self.open.push(index);
        if let Some(noted) = &mut self.noted {
            noted.push(Noted {
                name: "__annotate__".into(),
                line: 0,
                order: Vec::new(),
            });
        }
    }

    /// Says what the block just opened is called.
    fn called(&mut self, name: impl FnOnce() -> Name, line: u32) {
        let index = *self.open.last().expect("the module block is open");
        if let Some(note) = self.noted.as_mut().and_then(|n| n.get_mut(index)) {
            note.name = name();
            note.line = line;
        }
    }

    fn exit(&mut self) {
        self.open.pop();
    }

    /// Opens an annotation-like scope: it sees the class it stands in.
    fn enter_annotation(&mut self, kind: BlockType, id: NodeId, role: Role) -> Pass {
        if let Some(&index) = self.by_node.get(&(id, role)) {
            self.open.push(index);
            return Ok(());
        }
        let outer = *self.open.last().expect("the module block is open");
        let in_class =
            self.blocks[outer].kind == BlockType::Class || self.blocks[outer].can_see_class_scope;
        self.enter(kind, id, role);
        if in_class {
            self.cur().can_see_class_scope = true;
            self.add(&"__classdict__".into(), def::USE, Position::default())?;
        }
        if kind != BlockType::TypeParams {
            self.add(&".format".into(), def::PARAM, Position::default())?;
        }
        Ok(())
    }

    fn add(&mut self, name: &Name, flag: u32, pos: Position) -> Pass {
        let index = *self.open.last().expect("the module block is open");
        self.add_in(index, name, flag, pos)
    }

    fn add_in(&mut self, index: usize, name: &Name, flag: u32, pos: Position) -> Pass {
        let mangled = mangle(self.private.as_deref(), name);
        let block = &mut self.blocks[index];
        let symbol = block.symbols.entry(mangled.clone()).or_default();
        let old = symbol.flags;
        if flag & def::PARAM != 0 && old & def::PARAM != 0 {
            let msg = format!("duplicate argument '{mangled}' in function definition");
            return Err(Fault::syntax(msg, pos));
        }
        if flag & def::TYPE_PARAM != 0 && old & def::TYPE_PARAM != 0 {
            return Err(Fault::syntax(
                format!("duplicate type parameter '{mangled}'"),
                pos,
            ));
        }
        symbol.flags |= flag;
        if old == 0
            && let Some(noted) = &mut self.noted
        {
            noted[index].order.push(mangled.clone());
        }
        if block.comp_iter_target && flag & def::LOCAL != 0 {
            if symbol.flags & (def::GLOBAL | def::NONLOCAL) != 0 {
                let msg = format!(
                    "comprehension inner loop cannot rebind assignment expression target '{mangled}'"
                );
                return Err(Fault::syntax(msg, pos));
            }
            symbol.flags |= def::COMP_ITER;
        }
        if flag & def::PARAM != 0 {
            block.varnames.push(mangled);
        } else if flag & def::GLOBAL != 0 && index != 0 {
            let global = self.blocks[0].symbols.entry(mangled).or_default();
            global.flags |= flag;
        }
        Ok(())
    }

    fn flags_of(&mut self, name: &Name) -> u32 {
        let mangled = mangle(self.private.as_deref(), name);
        self.cur().symbols.get(&mangled).map_or(0, |s| s.flags)
    }

    fn body(&mut self, body: &[Stmt]) -> Pass {
        body.iter().try_for_each(|s| self.stmt(s))
    }

    fn conditional_body(&mut self, body: &[Stmt]) -> Pass {
        // Kept aside: an error leaves the count of whatever scope it happened in.
        let outer = self.conditional;
        self.conditional += 1;
        let result = self.body(body);
        self.conditional = outer;
        result
    }

    fn exprs(&mut self, list: &[Expr]) -> Pass {
        list.iter().try_for_each(|e| self.expr(e))
    }

    fn optional(&mut self, e: Option<&Expr>) -> Pass {
        e.map_or(Ok(()), |e| self.expr(e))
    }

    fn stmt(&mut self, s: &Stmt) -> Pass {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.stmt_inner(s))
    }

    fn stmt_inner(&mut self, s: &Stmt) -> Pass {
        match &s.kind {
            StmtKind::FunctionDef(f) => self.function(f, s.pos),
            StmtKind::ClassDef(c) => self.class(c, s.pos),
            StmtKind::Return(value) => {
                if value.is_some() {
                    self.cur().return_pos.get_or_insert(s.pos);
                }
                self.optional(value.as_ref())
            }
            StmtKind::Delete(targets) => self.exprs(targets),
            StmtKind::Assign(targets, value) => {
                self.exprs(targets)?;
                self.expr(value)
            }
            StmtKind::AugAssign(target, _, value) => {
                self.expr(target)?;
                self.expr(value)
            }
            StmtKind::AnnAssign(a) => self.ann_assign(a, s.pos),
            StmtKind::TypeAlias(t) => self.type_alias(t),
            StmtKind::For(f) => {
                self.expr(&f.target)?;
                self.expr(&f.iter)?;
                self.conditional_body(&f.body)?;
                self.conditional_body(&f.orelse)
            }
            StmtKind::While(test, body, orelse) | StmtKind::If(test, body, orelse) => {
                self.expr(test)?;
                self.conditional_body(body)?;
                self.conditional_body(orelse)
            }
            StmtKind::With(w) => {
                for item in &w.items {
                    self.expr(&item.context)?;
                    self.optional(item.target.as_ref())?;
                }
                self.conditional_body(&w.body)
            }
            StmtKind::Match(subject, cases) => {
                self.expr(subject)?;
                for case in cases {
                    self.pattern(&case.pattern)?;
                    self.optional(case.guard.as_ref())?;
                    self.conditional_body(&case.body)?;
                }
                Ok(())
            }
            StmtKind::Raise(exc, cause) => {
                self.optional(exc.as_ref())?;
                self.optional(cause.as_ref())
            }
            StmtKind::Try(t) => {
                self.conditional_body(&t.body)?;
                for h in &t.handlers {
                    self.optional(h.type_.as_ref())?;
                    if let Some(name) = &h.name {
                        self.add(name, def::LOCAL, h.pos)?;
                    }
                    self.conditional_body(&h.body)?;
                }
                self.conditional_body(&t.orelse)?;
                self.conditional_body(&t.finalbody)
            }
            StmtKind::Assert(test, msg) => {
                self.expr(test)?;
                self.optional(msg.as_ref())
            }
            StmtKind::Import(names) => names.iter().try_for_each(|a| self.alias(a)),
            StmtKind::ImportFrom(i) => i.names.iter().try_for_each(|a| self.alias(a)),
            StmtKind::Global(names) => self.declare(names, def::GLOBAL, "global", s.pos),
            StmtKind::Nonlocal(names) => self.declare(names, def::NONLOCAL, "nonlocal", s.pos),
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::Pass | StmtKind::Break | StmtKind::Continue => Ok(()),
        }
    }

    fn declare(&mut self, names: &[Name], flag: u32, word: &str, pos: Position) -> Pass {
        for name in names {
            let flags = self.flags_of(name);
            let msg = if flags & def::PARAM != 0 {
                format!("name '{name}' is parameter and {word}")
            } else if flags & def::USE != 0 {
                format!("name '{name}' is used prior to {word} declaration")
            } else if flags & def::ANNOT != 0 {
                format!("annotated name '{name}' can't be {word}")
            } else if flags & def::LOCAL != 0 {
                format!("name '{name}' is assigned to before {word} declaration")
            } else if flag == def::NONLOCAL && self.kind() == BlockType::Module {
                "nonlocal declaration not allowed at module level".to_owned()
            } else {
                self.add(name, flag, pos)?;
                let mangled = mangle(self.private.as_deref(), name);
                self.cur().directives.push((mangled, pos));
                continue;
            };
            return Err(Fault::syntax(msg, pos));
        }
        Ok(())
    }

    fn alias(&mut self, a: &Alias) -> Pass {
        if &*a.name == "*" {
            if self.kind() != BlockType::Module {
                return Err(Fault::syntax(
                    "import * only allowed at module level",
                    a.pos,
                ));
            }
            return Ok(());
        }
        let name = match &a.asname {
            Some(name) => name.clone(),
            None => match a.name.find('.') {
                Some(dot) => Rc::from(&a.name[..dot]),
                None => a.name.clone(),
            },
        };
        self.add(&name, def::IMPORT, a.pos)
    }

    fn function(&mut self, f: &FunctionDef, pos: Position) -> Pass {
        self.add(&f.name, def::LOCAL, pos)?;
        self.defaults(&f.args)?;
        self.exprs(&f.decorators)?;
        let generic = !f.type_params.is_empty();
        if generic {
            self.enter_type_params(f.id)?;
            self.called(|| f.name.clone(), pos.line);
            if !f.args.defaults.is_empty() {
                self.add(&".defaults".into(), def::PARAM, pos)?;
            }
            if f.args.kw_defaults.iter().any(Option::is_some) {
                self.add(&".kwdefaults".into(), def::PARAM, pos)?;
            }
            self.type_params(&f.type_params)?;
        }
        self.function_annotations(f)?;
        self.enter(BlockType::Function, f.id, Role::Body);
        self.called(|| f.name.clone(), pos.line);
        self.cur().coroutine = f.is_async;
        self.parameters(&f.args)?;
        let outer = std::mem::take(&mut self.conditional);
        self.body(&f.body)?;
        self.conditional = outer;
        let block = self.cur();
        if let (true, true, Some(pos)) = (block.coroutine, block.generator, block.return_pos) {
            return Err(Fault::syntax("'return' with value in async generator", pos));
        }
        self.exit();
        if generic {
            self.exit();
        }
        Ok(())
    }

    fn function_annotations(&mut self, f: &FunctionDef) -> Pass {
        let all = annotated(&f.args)
            .filter_map(|a| a.annotation.as_ref())
            .chain(f.returns.as_ref());
        let all: Vec<&Annotation> = all.collect();
        if all.is_empty() {
            return Ok(());
        }
        self.enter_annotation(BlockType::Annotation, f.id, Role::Annotate)?;
        if !self.future_annotations {
            for a in all {
                self.expr(&a.expr)?;
            }
            self.exit();
            return Ok(());
        }
        self.exit();
        all.iter().try_for_each(|a| self.unevaluated(&a.expr))
    }

    fn defaults(&mut self, args: &Arguments) -> Pass {
        self.exprs(&args.defaults)?;
        args.kw_defaults
            .iter()
            .flatten()
            .try_for_each(|e| self.expr(e))
    }

    fn parameters(&mut self, args: &Arguments) -> Pass {
        let ordinary = args.posonly.iter().chain(&args.args).chain(&args.kwonly);
        for a in ordinary.chain(&args.vararg).chain(&args.kwarg) {
            if &*a.name == "__debug__" {
                return Err(Fault::syntax("cannot assign to __debug__", a.pos));
            }
            self.add(&a.name, def::PARAM, a.pos)?;
        }
        self.cur().varargs = args.vararg.is_some();
        self.cur().varkeywords = args.kwarg.is_some();
        Ok(())
    }

    fn enter_type_params(&mut self, id: NodeId) -> Pass {
        self.enter_annotation(BlockType::TypeParams, id, Role::TypeParams)
    }

    fn type_params(&mut self, params: &[TypeParam]) -> Pass {
        let mut default_seen = false;
        for p in params {
            self.add(&p.name, def::TYPE_PARAM | def::LOCAL, p.pos)?;
            if p.default.is_some() {
                default_seen = true;
            } else if default_seen {
                let msg = format!(
                    "non-default type parameter '{}' follows default type parameter",
                    p.name
                );
                return Err(Fault::syntax(msg, p.pos));
            }
            if let TypeParamKind::TypeVar(Some(bound)) = &p.kind {
                self.enter_annotation(BlockType::TypeVariable, p.id, Role::Value)?;
                self.called(|| p.name.clone(), p.pos.line);
                self.placed(match bound.kind {
                    ExprKind::Tuple(..) => "a TypeVar constraint",
                    _ => "a TypeVar bound",
                });
                self.expr(bound)?;
                self.exit();
            }
            if let Some(default) = &p.default {
                self.enter_annotation(BlockType::TypeVariable, p.id, Role::Default)?;
                self.called(|| p.name.clone(), p.pos.line);
                self.placed(match p.kind {
                    TypeParamKind::TypeVar(_) => "a TypeVar default",
                    TypeParamKind::TypeVarTuple => "a TypeVarTuple default",
                    TypeParamKind::ParamSpec => "a ParamSpec default",
                });
                self.expr(default)?;
                self.exit();
            }
        }
        Ok(())
    }

    /// Says what the innermost scope is called.
    fn placed(&mut self, place: &'static str) {
        let index = *self.open.last().expect("the module block is open");
        self.places.insert(index, place);
    }

    fn place(&self, index: usize) -> &'static str {
        self.places
            .get(&index)
            .copied()
            .unwrap_or("a TypeVar bound")
    }

    fn type_alias(&mut self, t: &TypeAlias) -> Pass {
        self.expr(&t.name)?;
        if !matches!(t.name.kind, ExprKind::Name(..)) {
            return Ok(());
        }
        let generic = !t.type_params.is_empty();
        if generic {
            self.enter_type_params(t.id)?;
            self.called(|| alias_name(t), t.name.pos.line);
            self.type_params(&t.type_params)?;
        }
        self.enter_annotation(BlockType::TypeAlias, t.id, Role::Value)?;
        self.called(|| alias_name(t), t.name.pos.line);
        self.expr(&t.value)?;
        self.exit();
        if generic {
            self.exit();
        }
        Ok(())
    }

    fn class(&mut self, c: &ClassDef, pos: Position) -> Pass {
        self.add(&c.name, def::LOCAL, pos)?;
        self.exprs(&c.decorators)?;
        let generic = !c.type_params.is_empty();
        let outer_private = self.private.clone();
        if generic {
            self.enter_type_params(c.id)?;
            self.called(|| c.name.clone(), pos.line);
            self.private = Some(c.name.clone());
            for name in [".type_params", ".generic_base"] {
                self.add(&name.into(), def::LOCAL | def::USE, pos)?;
            }
            self.type_params(&c.type_params)?;
        }
        self.exprs(&c.bases)?;
        self.keywords(&c.keywords)?;
        self.enter(BlockType::Class, c.id, Role::Body);
        self.called(|| c.name.clone(), pos.line);
        self.private = Some(c.name.clone());
        if generic {
            self.add(&".type_params".into(), def::USE, pos)?;
            self.add(&"__type_params__".into(), def::LOCAL, pos)?;
        }
        let outer = std::mem::take(&mut self.conditional);
        self.body(&c.body)?;
        self.conditional = outer;
        self.exit();
        if generic {
            self.exit();
        }
        self.private = outer_private;
        Ok(())
    }

    fn ann_assign(&mut self, a: &AnnAssign, pos: Position) -> Pass {
        if let ExprKind::Name(name, _) | ExprKind::Attribute(_, name, _) = &a.target.kind {
            self.bindable(name, Ctx::Store, pos)?;
        }
        if let ExprKind::Name(name, _) = &a.target.kind {
            let flags = self.flags_of(name);
            let index = *self.open.last().expect("the module block is open");
            if flags & (def::GLOBAL | def::NONLOCAL) != 0 && index != 0 && a.simple {
                let word = if flags & def::GLOBAL != 0 {
                    "global"
                } else {
                    "nonlocal"
                };
                let msg = format!("annotated name '{name}' can't be {word}");
                return Err(Fault::syntax(msg, pos));
            }
            if a.simple {
                self.add(name, def::ANNOT | def::LOCAL, a.target.pos)?;
            } else if a.value.is_some() {
                self.add(name, def::LOCAL, a.target.pos)?;
            }
        } else {
            self.expr(&a.target)?;
        }
        let kind = self.kind();
        if kind.is_function_like() || self.future_annotations {
            // Never evaluated; under the future import only its text is kept.
            self.unevaluated(&a.annotation.expr)?;
            if !kind.is_function_like() && a.simple {
                self.open_annotate()?;
                self.exit();
            }
        } else if a.simple && matches!(a.target.kind, ExprKind::Name(..)) {
            self.open_annotate()?;
            self.expr(&a.annotation.expr)?;
            self.exit();
        } else {
            self.expr(&a.annotation.expr)?;
        }
        self.optional(a.value.as_ref())
    }

    /// Looks for errors in an annotation that has no code.
    fn unevaluated(&mut self, e: &Expr) -> Pass {
        const NOWHERE: NodeId = NodeId(u32::MAX);
        let before = self.blocks.len();
        self.enter(BlockType::Annotation, NOWHERE, Role::Annotate);
        let result = self.expr(e);
        self.exit();
        self.blocks.truncate(before);
        if let Some(noted) = &mut self.noted {
            noted.truncate(before);
        }
        self.cur().children.pop();
        self.by_node.remove(&(NOWHERE, Role::Annotate));
        result
    }

    /// Opens the annotate scope of the class or module being visited.
    fn open_annotate(&mut self) -> Pass {
        let index = *self.open.last().expect("the module block is open");
        let id = self.blocks[index].id;
        let conditional = self.conditional > 0;
        let in_class = self.kind() == BlockType::Class;
        self.enter_annotation(BlockType::Annotation, id, Role::Annotate)?;
        if in_class && conditional {
            self.add(
                &"__conditional_annotations__".into(),
                def::USE,
                Position::default(),
            )?;
        }
        Ok(())
    }

    fn expr(&mut self, e: &Expr) -> Pass {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.expr_inner(e))
    }

    fn expr_inner(&mut self, e: &Expr) -> Pass {
        if self.open.len() > MAX_SCOPES {
            return Err(Fault::too_deep(e.pos));
        }
        match &e.kind {
            ExprKind::BoolOp(_, values) | ExprKind::Set(values) => self.exprs(values),
            ExprKind::Named(target, value) => self.named(target, value, e.pos),
            ExprKind::BinOp(left, _, right) => {
                self.expr(left)?;
                self.expr(right)
            }
            ExprKind::UnaryOp(_, operand) => self.expr(operand),
            ExprKind::Lambda(l) => {
                self.defaults(&l.args)?;
                self.enter(BlockType::Function, l.id, Role::Body);
                self.called(|| "lambda".into(), e.pos.line);
                self.parameters(&l.args)?;
                self.expr(&l.body)?;
                self.exit();
                Ok(())
            }
            ExprKind::IfExp(test, body, orelse) => {
                self.expr(test)?;
                self.expr(body)?;
                self.expr(orelse)
            }
            ExprKind::Dict(items) => items.iter().try_for_each(|(key, value)| {
                self.optional(key.as_ref())?;
                self.expr(value)
            }),
            ExprKind::Comp(c) => self.comp(c, e.pos),
            ExprKind::Await(value) => {
                self.forbid_in_annotation("await expression", e.pos)?;
                self.expr(value)?;
                self.cur().coroutine = true;
                Ok(())
            }
            ExprKind::Yield(value) => {
                self.forbid_in_annotation("yield expression", e.pos)?;
                self.optional(value.as_deref())?;
                self.yield_here(e.pos)
            }
            ExprKind::YieldFrom(value) => {
                self.forbid_in_annotation("yield expression", e.pos)?;
                self.expr(value)?;
                self.yield_here(e.pos)
            }
            ExprKind::Compare(left, _, comparators) => {
                self.expr(left)?;
                self.exprs(comparators)
            }
            ExprKind::Call(c) => {
                self.expr(&c.func)?;
                self.exprs(&c.args)?;
                self.keywords(&c.keywords)
            }
            ExprKind::FormattedValue(f) => {
                self.expr(&f.value)?;
                self.optional(f.spec.as_ref())
            }
            ExprKind::Interpolation(i) => {
                self.expr(&i.value)?;
                self.optional(i.spec.as_ref())
            }
            ExprKind::JoinedStr(values) | ExprKind::TemplateStr(values) => self.exprs(values),
            ExprKind::Constant(_) => Ok(()),
            ExprKind::Attribute(value, name, ctx) => {
                self.bindable(name, *ctx, e.pos)?;
                self.expr(value)
            }
            ExprKind::Starred(value, _) => self.expr(value),
            ExprKind::Subscript(value, slice, _) => {
                self.expr(value)?;
                self.expr(slice)
            }
            ExprKind::Name(name, ctx) => {
                let flag = if *ctx == Ctx::Load {
                    def::USE
                } else {
                    def::LOCAL
                };
                self.bindable(name, *ctx, e.pos)?;
                self.add(name, flag, e.pos)?;
                if *ctx == Ctx::Load && &**name == "super" && self.kind() == BlockType::Function {
                    self.add(&"__class__".into(), def::USE, e.pos)?;
                }
                Ok(())
            }
            ExprKind::List(elts, _) | ExprKind::Tuple(elts, _) => self.exprs(elts),
            ExprKind::Slice(s) => {
                self.optional(s.lower.as_ref())?;
                self.optional(s.upper.as_ref())?;
                self.optional(s.step.as_ref())
            }
        }
    }

    fn keywords(&mut self, keywords: &[Keyword]) -> Pass {
        for k in keywords {
            if k.arg.as_deref() == Some("__debug__") {
                return Err(Fault::syntax("cannot assign to __debug__", k.pos));
            }
        }
        keywords.iter().try_for_each(|k| self.expr(&k.value))
    }

    /// `__debug__` cannot be bound.
    fn bindable(&mut self, name: &Name, ctx: Ctx, pos: Position) -> Pass {
        let what = match ctx {
            Ctx::Store => "assign to",
            Ctx::Del => "delete",
            Ctx::Load => return Ok(()),
        };
        if &**name == "__debug__" {
            return Err(Fault::syntax(format!("cannot {what} __debug__"), pos));
        }
        Ok(())
    }

    fn forbid_in_annotation(&mut self, what: &str, pos: Position) -> Pass {
        let index = *self.open.last().expect("the module block is open");
        let place = match self.kind() {
            BlockType::Annotation => "an annotation",
            BlockType::TypeVariable => self.place(index),
            BlockType::TypeAlias => "a type alias",
            BlockType::TypeParams => "the definition of a generic",
            BlockType::Module | BlockType::Class | BlockType::Function => return Ok(()),
        };
        Err(Fault::syntax(
            format!("{what} cannot be used within {place}"),
            pos,
        ))
    }

    fn yield_here(&mut self, pos: Position) -> Pass {
        self.cur().generator = true;
        let what = match self.cur().comprehension {
            None => return Ok(()),
            Some(CompKind::List) => "list comprehension",
            Some(CompKind::Set) => "set comprehension",
            Some(CompKind::Dict) => "dict comprehension",
            Some(CompKind::Generator) => "generator expression",
        };
        Err(Fault::syntax(format!("'yield' inside {what}"), pos))
    }

    fn named(&mut self, target: &Expr, value: &Expr, pos: Position) -> Pass {
        self.forbid_in_annotation("named expression", pos)?;
        if self.cur().comp_iter_expr > 0 {
            let msg = "assignment expression cannot be used in a comprehension iterable expression";
            return Err(Fault::syntax(msg, pos));
        }
        if self.cur().comprehension.is_some()
            && let ExprKind::Name(name, _) = &target.kind
        {
            self.extend_named(name, target.pos)?;
        }
        self.expr(value)?;
        self.expr(target)
    }

    /// A walrus in a comprehension binds in the nearest block that is not one.
    fn extend_named(&mut self, name: &Name, pos: Position) -> Pass {
        let mangled = mangle(self.private.as_deref(), name);
        for at in (0..self.open.len()).rev() {
            let index = self.open[at];
            let block = &self.blocks[index];
            let flags = block.symbols.get(&mangled).map_or(0, |s| s.flags);
            if block.comprehension.is_some() {
                if flags & def::COMP_ITER != 0 {
                    let msg = format!(
                        "assignment expression cannot rebind comprehension iteration variable '{name}'"
                    );
                    return Err(Fault::syntax(msg, pos));
                }
                continue;
            }
            let place = match block.kind {
                BlockType::Function => {
                    let flag = if flags & def::GLOBAL != 0 {
                        def::GLOBAL
                    } else {
                        def::NONLOCAL
                    };
                    self.add(name, flag, pos)?;
                    self.cur().directives.push((name.clone(), pos));
                    return self.add_in(index, name, def::LOCAL, pos);
                }
                BlockType::Module => {
                    self.add(name, def::GLOBAL, pos)?;
                    self.cur().directives.push((name.clone(), pos));
                    return self.add_in(index, name, def::GLOBAL, pos);
                }
                BlockType::Class => "a class body",
                BlockType::TypeParams => "the definition of a generic",
                BlockType::Annotation => "an annotation",
                BlockType::TypeVariable => self.place(index),
                BlockType::TypeAlias => "a type alias",
            };
            let within = if block.kind == BlockType::TypeParams {
                "within"
            } else {
                "in"
            };
            let msg = format!(
                "assignment expression within a comprehension cannot be used {within} {place}"
            );
            return Err(Fault::syntax(msg, pos));
        }
        Ok(())
    }

    fn comp(&mut self, c: &Comp, pos: Position) -> Pass {
        let Some((first, rest)) = c.generators.split_first() else {
            return Ok(());
        };
        self.cur().comp_iter_expr += 1;
        self.expr(&first.iter)?;
        self.cur().comp_iter_expr -= 1;
        self.enter(BlockType::Function, c.id, Role::Body);
        let name = match c.kind {
            CompKind::List => "listcomp",
            CompKind::Set => "setcomp",
            CompKind::Dict => "dictcomp",
            CompKind::Generator => "genexpr",
        };
        self.called(|| name.into(), pos.line);
        self.cur().comprehension = Some(c.kind);
        self.cur().coroutine = first.is_async;
        self.add(&".0".into(), def::PARAM, pos)?;
        self.comp_target(&first.target)?;
        self.exprs(&first.ifs)?;
        for g in rest {
            self.comp_target(&g.target)?;
            self.cur().comp_iter_expr += 1;
            self.expr(&g.iter)?;
            self.cur().comp_iter_expr -= 1;
            self.exprs(&g.ifs)?;
            if g.is_async {
                self.cur().coroutine = true;
            }
        }
        self.optional(c.value.as_ref())?;
        self.expr(&c.elt)?;
        let is_async = self.cur().coroutine && c.kind != CompKind::Generator;
        self.cur().generator = c.kind == CompKind::Generator;
        self.exit();
        if is_async {
            self.cur().coroutine = true;
        }
        Ok(())
    }

    fn comp_target(&mut self, target: &Expr) -> Pass {
        self.cur().comp_iter_target = true;
        let result = self.expr(target);
        self.cur().comp_iter_target = false;
        result
    }

    fn pattern(&mut self, p: &Pattern) -> Pass {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.pattern_inner(p))
    }

    fn pattern_inner(&mut self, p: &Pattern) -> Pass {
        match &p.kind {
            PatternKind::Value(e) => self.expr(e),
            PatternKind::Singleton(_) => Ok(()),
            PatternKind::Sequence(list) | PatternKind::Or(list) => {
                list.iter().try_for_each(|p| self.pattern(p))
            }
            PatternKind::Mapping(keys, patterns, rest) => {
                self.exprs(keys)?;
                patterns.iter().try_for_each(|p| self.pattern(p))?;
                rest.as_ref()
                    .map_or(Ok(()), |n| self.add(n, def::LOCAL, p.pos))
            }
            PatternKind::Class(class, positional, keywords) => {
                self.expr(class)?;
                positional.iter().try_for_each(|p| self.pattern(p))?;
                keywords.iter().try_for_each(|(_, p)| self.pattern(p))
            }
            PatternKind::Star(name) => name
                .as_ref()
                .map_or(Ok(()), |n| self.add(n, def::LOCAL, p.pos)),
            PatternKind::As(inner, name) => {
                inner.as_ref().map_or(Ok(()), |p| self.pattern(p))?;
                name.as_ref()
                    .map_or(Ok(()), |n| self.add(n, def::LOCAL, p.pos))
            }
        }
    }
}

fn alias_name(t: &TypeAlias) -> Name {
    match &t.name.kind {
        ExprKind::Name(name, _) => name.clone(),
        _ => "".into(),
    }
}

/// Parameters in the order in which their annotations are kept.
pub fn annotated(args: &Arguments) -> impl Iterator<Item = &Arg> {
    let ordinary = args.posonly.iter().chain(&args.args).chain(&args.vararg);
    ordinary.chain(&args.kwonly).chain(&args.kwarg)
}
