//! One scope while it is compiled: basic blocks, constants and names.
use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::*;
use crate::constkey::{const_hash, same_const};

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

/// Up to how many entries a list is searched from the front; longer ones get a table.
const SHORT: usize = 8;

/// Names in order of first use.
#[derive(Debug, Default)]
pub struct NameTable {
    pub list: Vec<Name>,
    index: HashTable<u32>,
}

fn hash(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}

impl NameTable {
    pub fn add(&mut self, name: &Name) -> usize {
        // The compiler's own names are one object each, mangled ones and those of foreign trees may not be.
        if let Some(at) = self
            .list
            .iter()
            .take(SHORT)
            .position(|n| Rc::ptr_eq(n, name))
        {
            return at;
        }
        if let Some(at) = self.get(name) {
            return at;
        }
        let at = self.list.len();
        self.list.push(name.clone());
        if at >= SHORT {
            let hash_of = |&i: &u32| hash(&self.list[i as usize]);
            let first = if at == SHORT { 0 } else { at };
            for i in first as u32..=at as u32 {
                self.index.insert_unique(hash_of(&i), i, hash_of);
            }
        }
        at
    }

    pub fn get(&self, name: &str) -> Option<usize> {
        if self.list.len() <= SHORT {
            return self.list.iter().position(|n| &**n == name);
        }
        let same = |&i: &u32| &*self.list[i as usize] == name;
        self.index.find(hash(name), same).map(|&i| i as usize)
    }
}

/// Constants in order of first use.
#[derive(Debug, Default)]
pub struct ConstTable {
    pub list: Vec<Const>,
    /// Of the constants, in the same order.
    hashes: Vec<u32>,
    index: HashTable<u32>,
}

impl ConstTable {
    pub fn add(&mut self, value: Const) -> usize {
        // No NaN equals another.
        let unique = matches!(value, Const::Float(f) if f.is_nan());
        let hash = const_hash(&value);
        let same = |i: usize| self.hashes[i] == hash && same_const(&self.list[i], &value);
        let found = match self.list.len() {
            _ if unique => None,
            n @ 0..=SHORT => (0..n).find(|&i| same(i)),
            _ => {
                let found = self.index.find(hash.into(), |&i| same(i as usize));
                found.map(|&i| i as usize)
            }
        };
        if let Some(at) = found {
            return at;
        }
        let at = self.list.len();
        self.list.push(value);
        self.hashes.push(hash);
        if at >= SHORT {
            let hash_of = |&i: &u32| u64::from(self.hashes[i as usize]);
            let first = if at == SHORT { 0 } else { at };
            for i in first as u32..=at as u32 {
                self.index.insert_unique(hash_of(&i), i, hash_of);
            }
        }
        at
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
    pub consts: ConstTable,
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
            consts: ConstTable::default(),
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

    pub fn push(&mut self, op: Op, arg: u32, target: Option<BlockId>, spare: &mut Vec<Vec<Instr>>) {
        let line = if self.line_set { 0 } else { self.line };
        self.line_set = true;
        let block = &mut self.blocks[self.current];
        if block.instrs.capacity() == 0 {
            block.instrs = spare.pop().unwrap_or_else(|| Vec::with_capacity(16));
        }
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
