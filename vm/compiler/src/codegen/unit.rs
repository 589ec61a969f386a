//! One scope while it is compiled: basic blocks, constants and names.
use rustc_hash::FxHashMap;

use super::*;
use crate::constkey::const_key;

/// Index of a basic block within its unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlockId(pub u32);

#[derive(Clone, Copy, Debug)]
pub struct Instr {
    pub op: Op,
    pub arg: u32,
    pub target: Option<BlockId>,
    /// Line that starts here, or 0.
    pub line: u32,
    pub pos: Position,
}

#[derive(Debug, Default)]
pub struct BasicBlock {
    pub instrs: Vec<Instr>,
    pub next: Option<BlockId>,
    /// Ends in RETURN_VALUE.
    pub returns: bool,
}

/// Names in order of first use.
#[derive(Debug, Default)]
pub struct NameTable {
    pub list: Vec<Name>,
    index: FxHashMap<Name, usize>,
}

impl NameTable {
    pub fn add(&mut self, name: &Name) -> usize {
        if let Some(&i) = self.index.get(name) {
            return i;
        }
        self.index.insert(name.clone(), self.list.len());
        self.list.push(name.clone());
        self.list.len() - 1
    }

    pub fn get(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }
}

impl FromIterator<Name> for NameTable {
    fn from_iter<T: IntoIterator<Item = Name>>(names: T) -> NameTable {
        let mut table = NameTable::default();
        for name in names {
            table.add(&name);
        }
        table
    }
}

/// An open scope.
#[derive(Debug)]
pub struct Unit {
    /// Index into the symbol table.
    pub scope: usize,
    pub name: Name,
    pub qualname: Name,
    /// Class name for mangling.
    pub private: Option<Name>,
    pub consts: Vec<Const>,
    const_index: FxHashMap<Box<[u8]>, usize>,
    pub names: NameTable,
    pub varnames: NameTable,
    pub cellvars: NameTable,
    pub freevars: NameTable,
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub blocks: Vec<BasicBlock>,
    /// Index of the block that receives instructions.
    pub current: usize,
    pub fblocks: Vec<FBlock>,
    /// 0 until known (modules).
    pub first_line: u32,
    pub line: u32,
    /// Whether `line` was given to an instruction already.
    pub line_set: bool,
    pub pos: Position,
    pub max_blocks: u32,
    pub static_attributes: NameTable,
    pub has_docstring: bool,
    pub docstring: Option<Const>,
    /// Uses `await` at the top level (`ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`).
    pub top_level_await: bool,
    /// An `async def` body.
    pub is_async: bool,
    /// Numbers of conditional annotations, by the address of their node.
    pub annotation_numbers: FxHashMap<usize, usize>,
}

impl Unit {
    pub fn new(
        scope: usize,
        block: &Block,
        name: Name,
        qualname: Name,
        private: Option<Name>,
        first_line: u32,
        pos: Position,
    ) -> Unit {
        let sorted = |wanted: Scope, flag: u32| {
            let mut names: Vec<Name> = block
                .symbols
                .iter()
                .filter(|(_, s)| s.scope == wanted || s.flags & flag != 0)
                .map(|(n, _)| n.clone())
                .collect();
            names.sort_unstable();
            names
        };
        let mut cells = Vec::new();
        if block.needs_class_closure {
            cells.push("__class__".into());
        }
        if block.needs_classdict {
            cells.push("__classdict__".into());
        }
        if block.conditional_annotations {
            cells.push("__conditional_annotations__".into());
        }
        cells.extend(sorted(Scope::Cell, 0));
        Unit {
            scope,
            name,
            qualname,
            private,
            consts: Vec::new(),
            const_index: FxHashMap::default(),
            names: NameTable::default(),
            varnames: block.varnames.iter().cloned().collect(),
            cellvars: cells.into_iter().collect(),
            freevars: sorted(Scope::Free, symtable::def::FREE_CLASS)
                .into_iter()
                .collect(),
            argcount: 0,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            blocks: vec![BasicBlock::default()],
            current: 0,
            fblocks: Vec::new(),
            first_line,
            // As in 3.8 the line is unknown until a node is visited.
            line: 0,
            line_set: false,
            pos,
            max_blocks: 0,
            static_attributes: NameTable::default(),
            has_docstring: false,
            docstring: None,
            top_level_await: false,
            is_async: false,
            annotation_numbers: FxHashMap::default(),
        }
    }

    pub fn new_block(&mut self) -> BlockId {
        self.blocks.push(BasicBlock::default());
        BlockId(self.blocks.len() as u32 - 1)
    }

    pub fn use_block(&mut self, block: BlockId) {
        self.blocks[self.current].next = Some(block);
        self.current = block.0 as usize;
    }

    pub fn push(&mut self, op: Op, arg: u32, target: Option<BlockId>) {
        let line = if self.line_set { 0 } else { self.line };
        self.line_set = true;
        let block = &mut self.blocks[self.current];
        block.instrs.push(Instr {
            op,
            arg,
            target,
            line,
            pos: self.pos,
        });
        if op == Op::ReturnValue {
            block.returns = true;
        }
        if matches!(op, Op::SetupFinally | Op::SetupWith | Op::SetupAsyncWith) {
            let depth: u32 = self.fblocks.iter().map(FBlock::runtime_blocks).sum();
            self.max_blocks = self.max_blocks.max(depth + 1);
        }
    }

    pub fn add_const(&mut self, value: Const) -> usize {
        if matches!(value, Const::Float(f) if f.is_nan()) {
            // No NaN equals another.
            self.consts.push(value);
            return self.consts.len() - 1;
        }
        let key = const_key(&value);
        if let Some(&i) = self.const_index.get(&key) {
            return i;
        }
        self.const_index.insert(key, self.consts.len());
        self.consts.push(value);
        self.consts.len() - 1
    }

    /// Operand of LOAD_DEREF and its kin.
    pub fn cell_index(&self, name: &str, free: bool) -> usize {
        let found = if free {
            self.freevars
                .get(name)
                .map(|i| i + self.cellvars.list.len())
        } else {
            self.cellvars.get(name)
        };
        found.expect("the symbol table made a cell for the name")
    }
}
