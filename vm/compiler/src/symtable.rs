//! Which scope each name belongs to: CPython's symtable.c, with 3.14's annotation and type-parameter scopes.
//!
//! `collect` walks the tree once and notes definitions and uses per block; `analyze` then decides, from the
//! module inwards, between local, cell, free and global.
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ast::*;
use crate::error::{Fault, Pass};

mod analyze;
mod collect;
pub use collect::annotated;

/// How a name of a block is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// Not decided, or unknown to the block.
    #[default]
    Unknown,
    Local,
    GlobalExplicit,
    GlobalImplicit,
    Free,
    Cell,
}

/// Bits noted while collecting.
pub mod def {
    pub const GLOBAL: u32 = 1;
    pub const LOCAL: u32 = 2;
    pub const PARAM: u32 = 4;
    pub const NONLOCAL: u32 = 8;
    pub const USE: u32 = 16;
    /// A name that is free in an inner block and bound in the class.
    pub const FREE_CLASS: u32 = 64;
    pub const IMPORT: u32 = 128;
    pub const ANNOT: u32 = 256;
    pub const COMP_ITER: u32 = 512;
    pub const TYPE_PARAM: u32 = 1024;
    pub const BOUND: u32 = LOCAL | PARAM | IMPORT | TYPE_PARAM;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Symbol {
    pub flags: u32,
    pub scope: Scope,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockType {
    Module,
    Class,
    Function,
    /// An `__annotate__` function.
    Annotation,
    /// A type parameter's bound or default.
    TypeVariable,
    /// The value of a `type` statement.
    TypeAlias,
    /// `<generic parameters of ...>`.
    TypeParams,
}

impl BlockType {
    pub fn is_function_like(self) -> bool {
        !matches!(self, BlockType::Module | BlockType::Class)
    }
}

/// Which of a node's scopes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    Body,
    Annotate,
    TypeParams,
    /// Bound, constraints or the value of a type alias.
    Value,
    Default,
}

/// The module's scopes are keyed by this.
pub const MODULE: NodeId = NodeId(0);

#[derive(Debug)]
pub struct Block {
    /// The node the block belongs to.
    pub id: NodeId,
    pub kind: BlockType,
    pub parent: Option<usize>,
    pub children: Vec<usize>,
    pub symbols: FxHashMap<Name, Symbol>,
    pub varnames: Vec<Name>,
    pub nested: bool,
    pub generator: bool,
    pub coroutine: bool,
    pub comprehension: Option<CompKind>,
    /// Set while an iteration target is visited.
    comp_iter_target: bool,
    /// Depth of iterable expressions being visited.
    comp_iter_expr: u32,
    pub varargs: bool,
    pub varkeywords: bool,
    pub needs_class_closure: bool,
    pub needs_classdict: bool,
    /// A class with `__conditional_annotations__`.
    pub conditional_annotations: bool,
    pub can_see_class_scope: bool,
    directives: Vec<(Name, Position)>,
    pub return_pos: Option<Position>,
}

/// The analysed table.
#[derive(Debug)]
pub struct SymTable {
    pub blocks: Vec<Block>,
    by_node: FxHashMap<(NodeId, Role), usize>,
}

impl SymTable {
    /// Index of the block of a node.
    pub fn lookup(&self, id: NodeId, role: Role) -> usize {
        self.by_node
            .get(&(id, role))
            .copied()
            .expect("every scope node was collected")
    }
}

impl Block {
    pub fn scope(&self, name: &str) -> Scope {
        self.symbols.get(name).map_or(Scope::Unknown, |s| s.scope)
    }
}

/// Builds the table of a module.
pub fn build(module: &Module, future_annotations: bool) -> Pass<SymTable> {
    let (mut table, _) = collect::collect(module, future_annotations, false)?;
    analyze::analyze(&mut table)?;
    Ok(table)
}

/// What Python's `symtable` module shows of a scope.
#[derive(Clone, Debug)]
pub struct ScopeInfo {
    pub name: Name,
    pub kind: BlockType,
    /// 0 for a module.
    pub line: u32,
    pub nested: bool,
    /// Names with their flags (`DEF_...`, and the scope above them).
    pub symbols: Vec<(Name, u32)>,
    pub varnames: Vec<Name>,
    /// Indices of the scopes inside.
    pub children: Vec<usize>,
}

/// Where the scope begins in a symbol's flags (SCOPE_OFFSET).
const SCOPE_OFFSET: u32 = 12;

/// The scopes of a module, itself first.
pub fn describe(module: &Module, future_annotations: bool) -> Pass<Vec<ScopeInfo>> {
    let (mut table, noted) = collect::collect(module, future_annotations, true)?;
    analyze::analyze(&mut table)?;
    let describe = |(block, note): (&Block, collect::Noted)| {
        let mut order = note.order;
        // Names that only pass through are known since the analysis.
        let mut rest: Vec<Name> = block.symbols.keys().cloned().collect();
        rest.retain(|name| !order.contains(name));
        rest.sort_unstable();
        order.extend(rest);
        let flags = |name: Name| {
            let symbol = block.symbols.get(&name)?;
            let scope = match symbol.scope {
                Scope::Unknown => 0,
                Scope::Local => 1,
                Scope::GlobalExplicit => 2,
                Scope::GlobalImplicit => 3,
                Scope::Free => 4,
                Scope::Cell => 5,
            };
            Some((name, symbol.flags | scope << SCOPE_OFFSET))
        };
        ScopeInfo {
            name: note.name,
            kind: block.kind,
            line: note.line,
            nested: block.nested,
            symbols: order.into_iter().filter_map(flags).collect(),
            varnames: block.varnames.clone(),
            children: block.children.clone(),
        }
    };
    Ok(table.blocks.iter().zip(noted).map(describe).collect())
}

/// A private name as it is stored (CPython's `_Py_Mangle`).
pub fn mangle(class: Option<&str>, name: &Name) -> Name {
    let Some(class) = class else {
        return name.clone();
    };
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return name.clone();
    }
    let stripped = class.trim_start_matches('_');
    if stripped.is_empty() {
        return name.clone();
    }
    Rc::from(format!("_{stripped}{name}"))
}
