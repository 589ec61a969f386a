//! Basic blocks to a code object: jump offsets, line table, stack depth (3.8's assemble() and makecode()).
use std::sync::Arc;

use lasti_bytecode::code::{CodeData, Const, Position, Positions, flags};
use lasti_bytecode::opcode::Op;

use crate::ast::Name;
use crate::codegen::unit::{BasicBlock, Instr, Unit};
use crate::peephole;
use crate::symtable::Block;

/// Instruction lists kept for later blocks.
const MOST_SPARE: usize = 64;

/// One code unit: opcode and operand byte.
pub type CodeUnit = [u8; 2];

/// Units an instruction takes with its EXTENDED_ARGs.
pub fn instr_size(arg: u32) -> usize {
    match arg {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xff_ffff => 3,
        _ => 4,
    }
}

/// Writes an instruction over exactly `size` units.
pub fn write_op(out: &mut [CodeUnit], op: u8, arg: u32, size: usize) {
    for (i, unit) in out[..size].iter_mut().enumerate() {
        let last = i + 1 == size;
        let shift = 8 * (size - 1 - i);
        *unit = [
            if last { op } else { Op::ExtendedArg as u8 },
            (arg >> shift) as u8,
        ];
    }
}

/// Room to work in, kept from one code object to the next.
#[derive(Default)]
pub struct Scratch {
    order: Vec<u32>,
    offsets: Vec<u32>,
    depths: Vec<i32>,
    units: Vec<CodeUnit>,
    positions: Vec<Position>,
    packed: Vec<u8>,
    peephole: peephole::Scratch,
    /// Emptied instruction lists.
    pub spare: Vec<Vec<Instr>>,
}

/// Order in which blocks are emitted: the chain from the entry.
fn chain(blocks: &[BasicBlock], order: &mut Vec<u32>) {
    order.clear();
    let mut at = Some(0);
    // No block is chained twice; the bound only keeps a wrong chain from looping.
    while let (Some(i), true) = (at, order.len() < blocks.len()) {
        order.push(i);
        at = blocks[i as usize].next.map(|b| b.0);
    }
}

/// Fills in jump operands, growing instructions until nothing changes. Gives the number of units.
fn resolve_jumps(blocks: &mut [BasicBlock], order: &[u32], offsets: &mut Vec<u32>) -> usize {
    offsets.clear();
    offsets.resize(blocks.len(), 0);
    loop {
        let mut total = 0;
        for &b in order {
            offsets[b as usize] = total;
            let instrs = &blocks[b as usize].instrs;
            total += instrs.iter().map(|i| instr_size(i.arg) as u32).sum::<u32>();
        }
        let mut grown = false;
        for &b in order {
            let mut at = offsets[b as usize];
            for instr in &mut blocks[b as usize].instrs {
                let size = instr_size(instr.arg);
                at += size as u32;
                if let Some(target) = instr.target {
                    let mut offset = offsets[target.0 as usize];
                    if instr.op.is_jump_rel() {
                        offset = offset.saturating_sub(at);
                    }
                    instr.arg = offset * 2;
                    grown |= instr_size(instr.arg) != size;
                }
            }
        }
        if !grown {
            return total as usize;
        }
    }
}

/// 3.8's `co_lnotab`, built as instructions are emitted.
struct LineTable {
    out: Vec<u8>,
    line: i64,
    offset: usize,
}

impl LineTable {
    fn add(&mut self, line: u32, at: usize) {
        let mut bytes = (at - self.offset) * 2;
        let mut lines = i64::from(line) - self.line;
        if bytes == 0 && lines == 0 {
            return;
        }
        while bytes > 255 {
            self.out.extend([255, 0]);
            bytes -= 255;
        }
        if !(-128..=127).contains(&lines) {
            // The number of steps is a quotient, so the rest may be 0.
            let step = if lines < 0 { -128 } else { 127 };
            let steps = lines / step;
            lines -= steps * step;
            for _ in 0..steps {
                self.out.extend([bytes as u8, step as i8 as u8]);
                bytes = 0;
            }
        }
        self.out.extend([bytes as u8, lines as i8 as u8]);
        self.line = i64::from(line);
        self.offset = at;
    }
}

/// Deepest stack any path reaches (3.8's stackdepth()).
fn stack_depth(blocks: &[BasicBlock], start: &mut Vec<i32>) -> u32 {
    start.clear();
    start.resize(blocks.len(), i32::MIN);
    start[0] = 0;
    let mut work = vec![0usize];
    let mut deepest = 0;
    // Depths agree on every path; the bound only keeps a wrong table from looping.
    let mut budget = blocks.len() * 8 + 64;
    while let Some(b) = work.pop() {
        if budget == 0 {
            break;
        }
        budget -= 1;
        let mut depth = start[b];
        let mut falls = true;
        for instr in &blocks[b].instrs {
            let after = depth + instr.op.stack_effect(instr.arg, false);
            deepest = deepest.max(after);
            if let Some(target) = instr.target {
                let there = depth + instr.op.stack_effect(instr.arg, true);
                deepest = deepest.max(there);
                let target = target.0 as usize;
                debug_assert!(there >= 0, "stack underflow in generated code");
                if instr.op != Op::CallFinally && start[target] < there {
                    start[target] = there;
                    work.push(target);
                }
            }
            depth = after;
            if matches!(
                instr.op,
                Op::JumpAbsolute
                    | Op::JumpForward
                    | Op::ReturnValue
                    | Op::RaiseVarargs
                    | Op::Reraise
            ) {
                falls = false;
                break;
            }
        }
        if let (true, Some(next)) = (falls, blocks[b].next) {
            let next = next.0 as usize;
            if start[next] < depth {
                start[next] = depth;
                work.push(next);
            }
        }
    }
    deepest.max(0) as u32
}

fn code_flags(unit: &Unit, block: &Block, inherited: u32) -> u32 {
    let mut f = inherited;
    if block.kind.is_function_like() {
        f |= flags::NEWLOCALS | flags::OPTIMIZED;
        if block.nested {
            f |= flags::NESTED;
        }
        f |= match (block.generator, block.coroutine) {
            (true, true) => flags::ASYNC_GENERATOR,
            (true, false) => flags::GENERATOR,
            (false, true) => flags::COROUTINE,
            (false, false) => 0,
        };
        if block.varargs {
            f |= flags::VARARGS;
        }
        if block.varkeywords {
            f |= flags::VARKEYWORDS;
        }
    } else if block.coroutine && block.parent.is_none() {
        f |= flags::COROUTINE;
    }
    if unit.cellvars.list.is_empty() && unit.freevars.list.is_empty() {
        f |= flags::NOFREE;
    }
    f
}

fn names(list: &[Name]) -> Box<[Box<str>]> {
    list.iter().map(|n| Box::from(&**n)).collect()
}

/// Makes the code object of a finished unit.
pub fn assemble(
    mut unit: Unit,
    block: &Block,
    filename: Arc<str>,
    inherited: u32,
    scratch: &mut Scratch,
) -> CodeData {
    chain(&unit.blocks, &mut scratch.order);
    let first_line = match unit.first_line {
        0 => unit.blocks[0].instrs.first().map_or(0, |i| i.line).max(1),
        line => line,
    };
    let stacksize = stack_depth(&unit.blocks, &mut scratch.depths);
    let size = resolve_jumps(&mut unit.blocks, &scratch.order, &mut scratch.offsets);
    let Scratch {
        units, positions, ..
    } = scratch;
    units.clear();
    units.reserve(size);
    positions.clear();
    positions.reserve(size);
    let mut table = LineTable {
        out: Vec::with_capacity(64),
        line: i64::from(first_line),
        offset: 0,
    };
    for &b in &scratch.order {
        for instr in &unit.blocks[b as usize].instrs {
            if instr.line != 0 {
                table.add(instr.line, units.len());
            }
            if instr.arg <= 0xff {
                units.push([instr.op as u8, instr.arg as u8]);
                positions.push(instr.pos);
                continue;
            }
            let at = units.len();
            let size = instr_size(instr.arg);
            units.resize(at + size, [0, 0]);
            write_op(&mut units[at..], instr.op as u8, instr.arg, size);
            positions.resize(at + size, instr.pos);
        }
    }
    for block in &mut unit.blocks {
        if block.instrs.capacity() > 0 && scratch.spare.len() < MOST_SPARE {
            block.instrs.clear();
            scratch.spare.push(std::mem::take(&mut block.instrs));
        }
    }
    let co_flags = code_flags(&unit, block, inherited);
    let mut consts = std::mem::take(&mut unit.consts.list);
    let mut lnotab = table.out;
    peephole::optimize(
        units,
        positions,
        &mut consts,
        &mut lnotab,
        &mut scratch.peephole,
    );
    scratch.packed.clear();
    Positions::pack(positions, &mut scratch.packed);
    let clean_doc = match &unit.docstring {
        Some(Const::Str(doc)) => crate::docstring::clean(doc),
        _ => None,
    };
    CodeData {
        argcount: unit.argcount,
        posonlyargcount: unit.posonlyargcount,
        kwonlyargcount: unit.kwonlyargcount,
        stacksize,
        flags: co_flags,
        firstlineno: first_line,
        code: units.as_flattened().into(),
        consts: consts.into(),
        names: names(&unit.names.list),
        varnames: names(&unit.varnames.list),
        cellvars: names(&unit.cellvars.list),
        freevars: names(&unit.freevars.list),
        filename,
        name: Box::from(&*unit.name),
        lnotab: lnotab.into(),
        qualname: Box::from(&*unit.qualname),
        positions: Positions::from_packed(&scratch.packed),
        max_blocks: unit.max_blocks,
        clean_doc,
        has_docstring: unit.has_docstring,
        is_comprehension: block.comprehension.is_some(),
        static_attributes: names(&unit.static_attributes.list),
    }
}
