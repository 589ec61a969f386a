//! Tree to basic blocks: emits what CPython 3.8's compile.c emits, in the same order.
//!
//! `Compiler` holds a stack of `Unit`s, one per open scope. The families of syntax are in the files below
//! `codegen/`; `assemble` turns a finished unit into a code object.
use std::rc::Rc;
use std::sync::Arc;

use lasti_bytecode::code::{CodeData, Const, Position};
use lasti_bytecode::opcode::Op;

use crate::ast::*;
use crate::error::{Fault, Pass};
use crate::lower::{RED_ZONE, STACK_STEP};
use crate::symtable::{self, Block, BlockType, Role, Scope, SymTable, mangle};
use crate::{Options, assemble};

mod annotations;
mod call;
mod class;
mod comprehension;
mod expr;
mod fblock;
mod function;
mod jump;
mod pattern;
mod stmt;
mod try_;
mod type_params;
pub(crate) mod unit;
mod with;

use fblock::{FBlock, FBlockKind};
use unit::{BlockId, Unit};

/// `from __future__ import annotations` in `co_flags` (3.14's bit).
pub const FUTURE_ANNOTATIONS: u32 = 0x100_0000;

/// State of one compilation.
pub struct Compiler<'a> {
    pub(crate) options: &'a Options,
    pub(crate) filename: Arc<str>,
    pub(crate) table: SymTable,
    units: Vec<Unit>,
    /// While above 0 code is visited for its errors only.
    muted: u32,
    /// Flags every code object inherits.
    flags: u32,
    interactive: bool,
    /// Line of the last future import.
    future_line: u32,
    scratch: assemble::Scratch,
    /// Where statements nest deeper than CPython allows.
    too_nested: Option<Position>,
}

/// Blocks that may nest in a function (CO_MAXBLOCKS).
const MAX_BLOCKS: usize = 20;

/// Compiles an analysed module.
pub fn compile(
    module: &Module,
    table: SymTable,
    options: &Options,
    filename: Arc<str>,
    flags: u32,
    future_line: u32,
) -> Pass<Arc<CodeData>> {
    let mut c = Compiler {
        options,
        filename,
        table,
        units: Vec::new(),
        muted: 0,
        flags,
        interactive: false,
        future_line,
        scratch: assemble::Scratch::default(),
        too_nested: None,
    };
    c.enter(
        "<module>".into(),
        symtable::MODULE,
        Role::Body,
        0,
        Position::default(),
    );
    let none_at_end = match module {
        Module::Exec(body) => {
            c.module_body(body)?;
            true
        }
        Module::Single(body) => {
            c.interactive = true;
            c.module_annotations(body)?;
            c.stmts(body)?;
            true
        }
        Module::Eval(e) => {
            c.expr(e)?;
            false
        }
    };
    if let Some(pos) = c.too_nested {
        return Err(Fault::syntax("too many statically nested blocks", pos));
    }
    Ok(c.finish(none_at_end))
}

impl Compiler<'_> {
    fn u(&mut self) -> &mut Unit {
        self.units.last_mut().expect("a unit is open")
    }

    fn unit(&self) -> &Unit {
        self.units.last().expect("a unit is open")
    }

    fn block(&self) -> &Block {
        &self.table.blocks[self.unit().scope]
    }

    fn is_function(&self) -> bool {
        self.block().kind.is_function_like()
    }

    /// A plain function or lambda (not an annotation scope).
    fn in_real_function(&self) -> bool {
        self.block().kind == BlockType::Function
    }

    // ---- scopes ----

    fn enter(&mut self, name: Name, id: NodeId, role: Role, first_line: u32, pos: Position) {
        let scope = self.table.lookup(id, role);
        let block = &self.table.blocks[scope];
        let qualname = self.qualname(&name, block);
        let private = self.units.last().and_then(|u| u.private.clone());
        let unit = Unit::new(scope, block, name, qualname, private, first_line, pos);
        self.units.push(unit);
    }

    /// `__qualname__` of a scope about to be opened (compiler_set_qualname).
    fn qualname(&self, name: &Name, block: &Block) -> Name {
        let mut parent = match self.units.last() {
            Some(parent) => parent,
            None => return name.clone(),
        };
        if self.table.blocks[parent.scope].kind == BlockType::TypeParams {
            // Type-parameter scopes do not show.
            if self.units.len() < 2 {
                return name.clone();
            }
            parent = &self.units[self.units.len() - 2];
        }
        if self.table.blocks[parent.scope].kind == BlockType::Module {
            return name.clone();
        }
        let in_function_or_class = matches!(block.kind, BlockType::Function | BlockType::Class)
            && block.comprehension.is_none();
        if in_function_or_class {
            let mangled = mangle(parent.private.as_deref(), name);
            if self.table.blocks[parent.scope].scope(&mangled) == Scope::GlobalExplicit {
                return name.clone();
            }
        }
        let around = &self.table.blocks[parent.scope];
        if around.kind.is_function_like() && around.comprehension.is_none() {
            Rc::from(format!("{}.<locals>.{name}", parent.qualname))
        } else {
            Rc::from(format!("{}.{name}", parent.qualname))
        }
    }

    /// Closes the scope and makes its code object (assemble()).
    fn finish(&mut self, none_at_end: bool) -> Arc<CodeData> {
        let current = self.u().current;
        if !self.u().blocks[current].returns {
            self.next_block();
            if none_at_end {
                self.load_const(Const::None);
            }
            self.op(Op::ReturnValue);
        }
        let unit = self.units.pop().expect("a unit is open");
        let block = &self.table.blocks[unit.scope];
        Arc::new(assemble::assemble(
            unit,
            block,
            self.filename.clone(),
            self.flags,
            &mut self.scratch,
        ))
    }

    // ---- emission ----

    fn emit(&mut self, op: Op, arg: u32, target: Option<BlockId>) {
        if self.muted == 0 {
            let unit = self.units.last_mut().expect("a unit is open");
            unit.push(op, arg, target, &mut self.scratch.spare);
        }
    }

    fn op(&mut self, op: Op) {
        self.emit(op, 0, None);
    }

    fn op_arg(&mut self, op: Op, arg: usize) {
        self.emit(op, arg as u32, None);
    }

    fn jump(&mut self, op: Op, target: BlockId) {
        self.emit(op, 0, Some(target));
    }

    fn load_const(&mut self, value: Const) {
        if self.muted == 0 {
            let index = self.u().consts.add(value);
            self.op_arg(Op::LoadConst, index);
        }
    }

    fn load_str(&mut self, text: &str) {
        self.load_const(Const::Str(crate::literal::wtf8(text.as_bytes().to_vec())));
    }

    fn load_int(&mut self, value: usize) {
        self.load_const(Const::Int(value as i64));
    }

    /// Attribute and import names are mangled.
    fn op_name(&mut self, op: Op, name: &Name) {
        if self.muted == 0 {
            let mangled = mangle(self.unit().private.as_deref(), name);
            let index = self.u().names.add(&mangled);
            self.op_arg(op, index);
        }
    }

    fn new_block(&mut self) -> BlockId {
        self.u().new_block()
    }

    fn use_block(&mut self, block: BlockId) {
        self.u().use_block(block);
    }

    fn next_block(&mut self) {
        let block = self.new_block();
        self.use_block(block);
    }

    /// A value, awaited: `GET_AWAITABLE; LOAD_CONST None; YIELD_FROM`.
    fn await_tos(&mut self) {
        self.op(Op::GetAwaitable);
        self.yield_from_tos();
    }

    fn yield_from_tos(&mut self) {
        self.load_const(Const::None);
        self.op(Op::YieldFrom);
    }

    /// Loads, stores or deletes a variable (compiler_nameop).
    fn name_op(&mut self, name: &Name, ctx: Ctx) -> Pass {
        let mangled = mangle(self.unit().private.as_deref(), name);
        if ctx != Ctx::Load && &**name == "__debug__" {
            let verb = if ctx == Ctx::Store {
                "assign to"
            } else {
                "delete"
            };
            return Err(Fault::syntax(
                format!("cannot {verb} __debug__"),
                self.unit().pos,
            ));
        }
        let block = self.block();
        let kind = block.kind;
        let sees_class = block.can_see_class_scope;
        let pick = |load, store, delete| match ctx {
            Ctx::Load => load,
            Ctx::Store => store,
            Ctx::Del => delete,
        };
        match block.scope(&mangled) {
            scope @ (Scope::Free | Scope::Cell) => {
                let index = self.u().cell_index(&mangled, scope == Scope::Free);
                if ctx == Ctx::Load
                    && sees_class
                    && scope == Scope::Free
                    && &*mangled != "__classdict__"
                {
                    self.load_classdict();
                    self.op_arg(Op::LoadFromDictOrDeref, index);
                    return Ok(());
                }
                let load = if kind == BlockType::Class {
                    Op::LoadClassderef
                } else {
                    Op::LoadDeref
                };
                self.op_arg(pick(load, Op::StoreDeref, Op::DeleteDeref), index);
            }
            Scope::Local if kind.is_function_like() => {
                if self.muted == 0 {
                    let index = self.u().varnames.add(&mangled);
                    self.op_arg(pick(Op::LoadFast, Op::StoreFast, Op::DeleteFast), index);
                }
            }
            Scope::GlobalImplicit if kind.is_function_like() => {
                let index = self.u().names.add(&mangled);
                if ctx == Ctx::Load && sees_class {
                    self.load_classdict();
                    self.op_arg(Op::LoadFromDictOrGlobals, index);
                } else {
                    self.op_arg(
                        pick(Op::LoadGlobal, Op::StoreGlobal, Op::DeleteGlobal),
                        index,
                    );
                }
            }
            Scope::GlobalExplicit => {
                let index = self.u().names.add(&mangled);
                self.op_arg(
                    pick(Op::LoadGlobal, Op::StoreGlobal, Op::DeleteGlobal),
                    index,
                );
            }
            Scope::Unknown | Scope::Local | Scope::GlobalImplicit => {
                let index = self.u().names.add(&mangled);
                self.op_arg(pick(Op::LoadName, Op::StoreName, Op::DeleteName), index);
            }
        }
        Ok(())
    }

    fn load_classdict(&mut self) {
        let index = self.u().cell_index("__classdict__", true);
        self.op_arg(Op::LoadDeref, index);
    }

    fn load_name(&mut self, name: &str) -> Pass {
        self.name_op(&name.into(), Ctx::Load)
    }

    fn store_name(&mut self, name: &str) -> Pass {
        self.name_op(&name.into(), Ctx::Store)
    }

    /// Pushes a function made from code (compiler_make_closure).
    fn make_closure(&mut self, code: Arc<CodeData>, mut flags: u32, qualname: &str) {
        use lasti_bytecode::opcode::make_function;
        if !code.freevars.is_empty() {
            for name in &code.freevars {
                let block = self.block();
                let own = block.kind == BlockType::Class
                    && matches!(
                        &**name,
                        "__class__" | "__classdict__" | "__conditional_annotations__"
                    );
                let is_free = !own && block.scope(name) != Scope::Cell;
                let index = self.u().cell_index(name, is_free);
                self.op_arg(Op::LoadClosure, index);
            }
            flags |= make_function::CLOSURE;
            self.op_arg(Op::BuildTuple, code.freevars.len());
        }
        self.load_const(Const::Code(code));
        self.load_str(qualname);
        self.op_arg(Op::MakeFunction, flags as usize);
    }

    // ---- traversal ----

    fn stmts(&mut self, body: &[Stmt]) -> Pass {
        body.iter().try_for_each(|s| self.stmt(s))
    }

    /// Visits code that never runs: its errors count, its instructions do not.
    fn dead(&mut self, body: &[Stmt]) -> Pass {
        self.muted += 1;
        let result = self.stmts(body);
        self.muted -= 1;
        result
    }

    fn stmt(&mut self, s: &Stmt) -> Pass {
        let u = self.u();
        u.line = s.pos.line;
        u.line_set = false;
        u.pos = s.pos;
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.stmt_kind(s))
    }

    fn exprs(&mut self, list: &[Expr]) -> Pass {
        list.iter().try_for_each(|e| self.expr(e))
    }

    fn expr(&mut self, e: &Expr) -> Pass {
        let u = self.u();
        let (old_line, old_pos) = (u.line, u.pos);
        if e.line != u.line {
            u.line = e.line;
            u.line_set = false;
        }
        u.pos = e.pos;
        let result = stacker::maybe_grow(RED_ZONE, STACK_STEP, || self.expr_kind(e));
        let u = self.u();
        if old_line != u.line {
            u.line = old_line;
            u.line_set = false;
        }
        u.pos = old_pos;
        result
    }

    fn push_fblock(&mut self, kind: FBlockKind, block: BlockId, exit: Option<BlockId>) {
        let unit = self.u();
        if unit.fblocks.len() >= MAX_BLOCKS && self.too_nested.is_none() {
            self.nested_too_deeply();
        }
        let unit = self.u();
        unit.fblocks.push(FBlock { kind, block, exit });
        // A handler's own SETUP_FINALLY comes before its entry here, while the block of the caught exception is open.
        let depth = unit.fblocks.iter().map(FBlock::runtime_blocks).sum();
        unit.max_blocks = unit.max_blocks.max(depth);
    }

    /// Generators and coroutines have a block of their own in CPython.
    #[cold]
    fn nested_too_deeply(&mut self) {
        let block = self.block();
        let own = usize::from(block.generator || block.coroutine);
        if self.unit().fblocks.len() + own > MAX_BLOCKS {
            self.too_nested = Some(self.unit().pos);
        }
    }

    fn pop_fblock(&mut self) -> FBlock {
        self.u().fblocks.pop().expect("fblocks nest")
    }
}
