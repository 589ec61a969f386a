//! 3.8's peephole pass: tuple constants, jumps to jumps, unreachable code after RETURN_VALUE.
//!
//! Works on finished code units, so instructions never grow; what is dropped becomes NOP and is squeezed
//! out at the end. It gives up where CPython gives up, since `co_code` has to be equal.
use lasti_bytecode::code::{Const, Position};
use lasti_bytecode::opcode::Op;

use crate::assemble::{CodeUnit, instr_size, write_op};
use crate::fold::is_true;

const EXT: u8 = Op::ExtendedArg as u8;

struct Code<'a> {
    units: &'a mut Vec<CodeUnit>,
    /// Basic block number of every unit.
    blocks: &'a mut Vec<u32>,
    changed: bool,
}

/// Room for the pass to work in, kept from one code object to the next.
#[derive(Default)]
pub struct Scratch {
    original: Vec<CodeUnit>,
    blocks: Vec<u32>,
    moved: Vec<u32>,
}

fn op_of(unit: CodeUnit) -> Option<Op> {
    Op::from_u8(unit[0])
}

fn is_conditional(op: Option<Op>) -> bool {
    matches!(
        op,
        Some(Op::PopJumpIfFalse | Op::PopJumpIfTrue | Op::JumpIfFalseOrPop | Op::JumpIfTrueOrPop)
    )
}

fn is_unconditional(op: Option<Op>) -> bool {
    matches!(op, Some(Op::JumpAbsolute | Op::JumpForward))
}

fn jumps_on_true(op: Op) -> bool {
    matches!(op, Op::PopJumpIfTrue | Op::JumpIfTrueOrPop)
}

impl Code<'_> {
    fn len(&self) -> usize {
        self.units.len()
    }

    fn op(&self, at: usize) -> Option<Op> {
        self.units.get(at).copied().and_then(op_of)
    }

    /// Skips EXTENDED_ARGs.
    fn find_op(&self, mut at: usize) -> usize {
        while at < self.len() && self.units[at][0] == EXT {
            at += 1;
        }
        at
    }

    /// First unit of the instruction whose opcode is at `at`.
    fn start_of(&self, mut at: usize) -> usize {
        while at >= 1 && self.units[at - 1][0] == EXT {
            at -= 1;
        }
        at
    }

    fn arg(&self, at: usize) -> u32 {
        let start = self.start_of(at).max(at.saturating_sub(3));
        self.units[start..=at]
            .iter()
            .fold(0, |arg, unit| arg << 8 | u32::from(unit[1]))
    }

    /// Unit a jump leads to.
    fn target(&self, at: usize) -> usize {
        let arg = self.arg(at) as usize / 2;
        match self.op(at) {
            Some(op) if op.is_jump_rel() => arg + at + 1,
            _ => arg,
        }
    }

    fn nops(&mut self, from: usize, to: usize) {
        self.changed = true;
        self.units[from..to].fill([Op::Nop as u8, 0]);
    }

    /// Changes an operand in place when it fits; gives the index of the opcode.
    fn set_arg(&mut self, at: usize, arg: u32) -> Option<usize> {
        let old = self.arg(at);
        if old == arg {
            return Some(at);
        }
        let (had, needs) = (instr_size(old), instr_size(arg));
        if had < needs {
            return None;
        }
        let start = at + 1 - had;
        let op = self.units[at][0];
        write_op(&mut self.units[start..], op, arg, needs);
        self.nops(start + needs, at + 1);
        Some(at + needs - had)
    }

    /// Writes an instruction at the end of a region whose rest becomes NOP.
    fn copy_op(&mut self, from: usize, op: Op, arg: u32, end: usize) -> Option<usize> {
        let size = instr_size(arg);
        if from + size > end {
            return None;
        }
        write_op(&mut self.units[end - size..], op as u8, arg, size);
        self.nops(from, end - size);
        Some(end - 1)
    }

    fn same_block(&self, from: usize, to: usize) -> bool {
        self.blocks[from] == self.blocks[to]
    }

    fn mark_blocks(&mut self) {
        self.blocks.clear();
        self.blocks.resize(self.len(), 0);
        for at in 0..self.len() {
            if self.op(at).is_some_and(Op::is_jump) {
                let target = self.target(at);
                if let Some(label) = self.blocks.get_mut(target) {
                    *label = 1;
                }
            }
        }
        let mut number = 0;
        for label in &mut *self.blocks {
            number += *label;
            *label = number;
        }
    }

    /// Start of the last `n` LOAD_CONSTs before `at`.
    fn const_start(&self, mut at: usize, mut n: usize) -> usize {
        loop {
            at -= 1;
            if self.op(at) == Some(Op::LoadConst) {
                n -= 1;
                if n == 0 {
                    return self.start_of(at);
                }
            }
        }
    }

    fn fold_tuple(&mut self, from: usize, end: usize, n: usize, consts: &mut Vec<Const>) {
        let mut items = Vec::with_capacity(n);
        let mut at = from;
        while items.len() < n {
            at = self.find_op(at);
            items.push(consts[self.arg(at) as usize].clone());
            at += 1;
            while self.op(at) == Some(Op::Nop) {
                at += 1;
            }
        }
        let index = consts.len() as u32;
        consts.push(Const::Tuple(items.into()));
        self.copy_op(from, Op::LoadConst, index, end);
    }

    fn build_tuple(&mut self, at: usize, next: usize, loads: usize, consts: &mut Vec<Const>) {
        let start = self.start_of(at);
        let n = self.arg(at) as usize;
        if n > 0 && loads >= n {
            let from = self.const_start(start, n);
            if self.same_block(from, start) {
                self.fold_tuple(from, at + 1, n, consts);
                return;
            }
        }
        if self.op(next) != Some(Op::UnpackSequence)
            || !self.same_block(start, at + 1)
            || n != self.arg(next) as usize
        {
            return;
        }
        match n {
            0 | 1 => self.nops(start, next + 1),
            2 => {
                self.units[start] = [Op::RotTwo as u8, 0];
                self.nops(start + 1, next + 1);
            }
            3 => {
                self.units[start] = [Op::RotThree as u8, 0];
                self.units[start + 1] = [Op::RotTwo as u8, 0];
                self.nops(start + 2, next + 1);
            }
            _ => {}
        }
    }

    /// A conditional jump to a conditional jump. Gives where to look next when it changed something.
    fn thread_conditional(&mut self, at: usize, op: Op) -> Option<usize> {
        let target = self.find_op(self.arg(at) as usize / 2);
        let there = self.op(target).filter(|&op| is_conditional(Some(op)))?;
        let (place, new) = if jumps_on_true(there) == jumps_on_true(op) {
            (self.set_arg(at, self.arg(target)), there)
        } else {
            let new = match op {
                Op::JumpIfTrueOrPop => Op::PopJumpIfTrue,
                _ => Op::PopJumpIfFalse,
            };
            (self.set_arg(at, (target as u32 + 1) * 2), new)
        };
        let place = place?;
        self.units[place][0] = new as u8;
        Some(place)
    }

    fn thread_jump(&mut self, at: usize, op: Op) {
        let start = self.start_of(at);
        let target = self.find_op(self.target(at));
        let there = self.op(target);
        if is_unconditional(Some(op)) && there == Some(Op::ReturnValue) {
            self.units[start] = [Op::ReturnValue as u8, 0];
            self.nops(start + 1, at + 1);
        } else if is_unconditional(there) {
            let mut arg = self.target(target);
            let mut op = op;
            if op == Op::JumpForward {
                op = Op::JumpAbsolute;
            } else if !op.is_jump_abs() {
                if arg < at + 1 {
                    return;
                }
                arg -= at + 1;
            }
            self.copy_op(start, op, (arg * 2) as u32, at + 1);
        }
    }
}

/// Optimizes in place. `positions` follows the units.
pub fn optimize(
    units: &mut Vec<CodeUnit>,
    positions: &mut Vec<Position>,
    consts: &mut Vec<Const>,
    lnotab: &mut [u8],
    scratch: &mut Scratch,
) {
    // A byte step of 255 may be part of a longer one: CPython leaves such code alone.
    if lnotab.iter().step_by(2).any(|&step| step == 255) {
        return;
    }
    scratch.original.clone_from(units);
    let mut code = Code {
        units,
        blocks: &mut scratch.blocks,
        changed: false,
    };
    code.mark_blocks();
    run(&mut code, consts);
    // Operands change in place or leave NOPs behind, so without one every instruction stands where it did.
    if code.changed && !squeeze(&mut code, positions, lnotab, &mut scratch.moved) {
        units.clone_from(&scratch.original);
    }
}

fn run(code: &mut Code<'_>, consts: &mut Vec<Const>) {
    let mut loads = 0;
    let mut at = code.find_op(0);
    while at < code.len() {
        let op = code.op(at);
        let mut next = code.find_op(at + 1);
        let last_loads = std::mem::take(&mut loads);
        match op {
            Some(Op::LoadConst) => {
                loads = last_loads + 1;
                if code.op(next) == Some(Op::PopJumpIfFalse)
                    && code.same_block(code.start_of(at), at + 1)
                    && is_true(&consts[code.arg(at) as usize])
                {
                    code.nops(code.start_of(at), next + 1);
                    loads = 0;
                }
            }
            Some(Op::BuildTuple) => code.build_tuple(at, next, last_loads, consts),
            Some(op @ (Op::JumpIfFalseOrPop | Op::JumpIfTrueOrPop)) => {
                match code.thread_conditional(at, op) {
                    Some(place) => next = place,
                    None => code.thread_jump(at, op),
                }
            }
            Some(
                op @ (Op::PopJumpIfFalse | Op::PopJumpIfTrue | Op::JumpForward | Op::JumpAbsolute),
            ) => {
                code.thread_jump(at, op);
            }
            Some(Op::ReturnValue) => {
                let mut end = at + 1;
                // END_FINALLY marks the end of a finally body for `f_lineno`, SETUP_FINALLY balances it.
                while end < code.len()
                    && code.same_block(at, end)
                    && code.op(end) != Some(Op::EndFinally)
                {
                    if code.op(end) == Some(Op::SetupFinally) {
                        end = code.start_of(end).max(at + 1);
                        break;
                    }
                    end += 1;
                }
                if end > at + 1 {
                    code.nops(at + 1, end);
                    next = code.find_op(end);
                }
            }
            _ => {}
        }
        at = next;
    }
}

/// Drops NOPs and mends jumps and the line table. False, with nothing but the units changed, when a jump would have to
/// grow.
fn squeeze(
    code: &mut Code<'_>,
    positions: &mut Vec<Position>,
    lnotab: &mut [u8],
    moved: &mut Vec<u32>,
) -> bool {
    moved.clear();
    let mut nops = 0;
    for (i, unit) in code.units.iter().enumerate() {
        moved.push(i as u32 - nops);
        nops += u32::from(unit[0] == Op::Nop as u8);
    }
    // Instructions move to the front within the same list.
    let mut end = 0;
    let mut at = 0;
    while at < code.len() {
        let start = at;
        let mut arg = u32::from(code.units[at][1]);
        while code.units[at][0] == EXT {
            at += 1;
            arg = arg << 8 | u32::from(code.units[at][1]);
        }
        let number = code.units[at][0];
        let op = code.op(at);
        at += 1;
        if op == Some(Op::Nop) {
            continue;
        }
        match op {
            Some(op) if op.is_jump_abs() => arg = moved[arg as usize / 2] * 2,
            Some(op) if op.is_jump_rel() => {
                arg = (moved[arg as usize / 2 + at] - moved[at - 1] - 1) * 2;
            }
            _ => {}
        }
        let size = at - start;
        if instr_size(arg) > size || size > 4 {
            return false;
        }
        write_op(&mut code.units[end..], number, arg, size);
        end += size;
    }
    // The line table and the positions change only now that it is known to work.
    let (mut old, mut last) = (0, 0);
    for pair in lnotab.chunks_exact_mut(2) {
        old += usize::from(pair[0]);
        let new = moved.get(old / 2).copied().unwrap_or(end as u32) * 2;
        pair[0] = (new - last) as u8;
        last = new;
    }
    let mut at = 0;
    positions.retain(|_| {
        let gone = moved.get(at + 1).copied().unwrap_or(end as u32) == moved[at];
        at += 1;
        !gone
    });
    code.units.truncate(end);
    true
}
