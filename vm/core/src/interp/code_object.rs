//! From the compiler's plain data to a heap code object: constants, names and the quickened array.
use super::Quick;
use crate::heap::{Ref, RefSlot, Slot, Value};
use crate::objects::*;
use crate::vm::Vm;
use dashu_int::{IBig, Sign, UBig};
use lasti_bytecode::code::{CodeData, Const, flags};
use lasti_bytecode::opcode::{Op, Operand};
use std::cell::{Cell, RefCell};
use std::sync::Arc;

impl Vm {
    /// Puts a compiled code block on the heap, with all it nests.
    pub fn new_code(&self, data: &Arc<CodeData>) -> Ref<Code> {
        let name = |s: &str| self.intern(s);
        let d = &**data;
        let names = [&d.varnames, &d.cellvars, &d.freevars];
        let varnames: Box<[Ref<Str>]> = names
            .iter()
            .flat_map(|l| l.iter().map(|s| name(s)))
            .collect();
        let nlocals = d.varnames.len();
        let nargs = d.argcount as usize
            + d.kwonlyargcount as usize
            + (d.flags & flags::VARARGS != 0) as usize
            + (d.flags & flags::VARKEYWORDS != 0) as usize;
        let cell_args: Box<[Option<u32>]> = d
            .cellvars
            .iter()
            .map(|c| {
                d.varnames[..nargs.min(nlocals)]
                    .iter()
                    .position(|v| v == c)
                    .map(|i| i as u32)
            })
            .collect();
        let special = flags::VARARGS | flags::VARKEYWORDS;
        let generators = flags::GENERATOR
            | flags::COROUTINE
            | flags::ASYNC_GENERATOR
            | flags::ITERABLE_COROUTINE;
        let plain =
            d.flags & special == 0 && d.kwonlyargcount == 0 && d.flags & flags::OPTIMIZED != 0;
        let shape = match (plain, d.flags & generators != 0) {
            (true, false) => CallShape::Simple,
            (true, true) => CallShape::SimpleGenerator,
            _ => CallShape::General,
        };
        let fixed = (nlocals + d.cellvars.len() + d.freevars.len()) as u32;
        let slots = fixed + d.stacksize + d.max_blocks;
        let consts: Box<[Value]> = d.consts.iter().map(|c| self.const_value(c)).collect();
        let code = Code {
            data: data.clone(),
            names: d.names.iter().map(|s| name(s)).collect(),
            varnames,
            name: name(&d.name),
            qualname: name(&d.qualname),
            filename: name(&d.filename),
            argcount: d.argcount,
            nlocals: nlocals as u32,
            ncells: d.cellvars.len() as u32,
            nfree: d.freevars.len() as u32,
            stacksize: d.stacksize,
            max_blocks: d.max_blocks,
            fixed,
            slots,
            frame_bytes: size_of::<crate::frame::Frame>() as u32 + slots * 8,
            simple_args: match shape {
                CallShape::Simple if d.cellvars.is_empty() && d.freevars.is_empty() => d.argcount,
                _ => u32::MAX,
            },
            shape,
            cell_args,
            quick: quicken(&d.code, &consts),
            consts,
            cached: RefCell::default(),
            shapes: RefCell::default(),
            const_tuple: RefSlot::default(),
            tuples: Default::default(),
            extra: Slot::empty(),
            twin: Cell::new(None),
        };
        self.heap.alloc(&self.types.code, code)
    }

    pub fn const_value(&self, c: &Const) -> Value {
        match c {
            Const::None => Value::NONE,
            Const::True => Value::TRUE,
            Const::False => Value::FALSE,
            Const::Ellipsis => Value::ELLIPSIS,
            Const::Int(i) => self.new_int(*i),
            Const::BigInt(negative, bytes) => {
                let sign = if *negative {
                    Sign::Negative
                } else {
                    Sign::Positive
                };
                self.new_bigint(IBig::from_parts(sign, UBig::from_le_bytes(bytes)))
            }
            Const::Float(f) => self.new_float(*f),
            Const::Complex(re, im) => self.new_complex(*re, *im),
            Const::Str(s) => self.const_str(&s.0).into(),
            Const::Bytes(b) => self.new_bytes(b.clone()),
            Const::Tuple(items) => {
                let items: Vec<Value> = items.iter().map(|c| self.const_value(c)).collect();
                self.new_tuple(items).into()
            }
            Const::FrozenSet(items) => {
                let s = self.new_frozenset();
                for c in items.iter() {
                    let v = self.const_value(c);
                    // Constants hash without running Python.
                    let _ = self.set_add(&s, v);
                }
                s.into()
            }
            Const::Code(data) => self.new_code(data).into(),
        }
    }

    /// Strings that look like names are interned, as CPython's constants are.
    fn const_str(&self, bytes: &[u8]) -> Ref<Str> {
        if bytes.len() <= 64
            && bytes
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        {
            self.intern_wtf8(bytes)
        } else {
            self.new_wtf8(bytes)
        }
    }
}

/// One quickened unit per wordcode unit. Operands carry their EXTENDED_ARG prefixes; jump operands are units.
fn quicken(code: &[u8], consts: &[Value]) -> Box<[Instr]> {
    let mut extended = 0u32;
    let mut out = Vec::with_capacity(code.len() / 2);
    for (unit, pair) in code.chunks_exact(2).enumerate() {
        let op = Op::from_u8(pair[0]).unwrap_or(Op::Nop);
        let arg = extended << 8 | pair[1] as u32;
        extended = if op == Op::ExtendedArg { arg } else { 0 };
        let arg = match op.operand() {
            Operand::JumpAbs => arg / 2,
            Operand::JumpRel => unit as u32 + 1 + arg / 2,
            _ => arg,
        };
        let instr = Instr {
            op: Cell::new(Quick::from_op(op)),
            heat: Cell::new(0),
            extra: Cell::new(0),
            arg: Cell::new(arg),
            cache: Cell::new((0, 0)),
        };
        if op == Op::CompareOp {
            // Which of less (1), equal (2) and greater (4) the comparison takes: <, <=, ==, !=, >, >=.
            instr
                .extra
                .set([1, 3, 2, 5, 4, 6].get(arg as usize).copied().unwrap_or(0));
        }
        if matches!(op.operand(), Operand::JumpAbs | Operand::JumpRel) {
            instr.aim(unit, arg);
        }
        if op == Op::LoadConst {
            instr.hold(&consts[arg as usize]);
        }
        out.push(instr);
    }
    // Those behind the first keep their own form, for jumps that lead to them and for operands that are no small ints.
    let ops: Vec<Quick> = out.iter().map(|i| i.op.get()).collect();
    for (n, first) in out.iter().enumerate() {
        let at = |k: usize| ops.get(n + k).copied().unwrap_or(Quick::Nop);
        let Some(fused) = Quick::fused([at(0), at(1), at(2), at(3)]) else {
            continue;
        };
        first.op.set(fused);
        if fused.jumps() {
            // The outcomes on which it jumps.
            let taken = out[n + 2].extra.get();
            let all = 7 * (at(3) == Quick::PopJumpIfFalse) as u16;
            first.extra.set(taken ^ all);
            if taken == 0 {
                // `is` and `in` order nothing.
                first
                    .op
                    .set(Quick::fused([at(0), at(1), Quick::Nop, Quick::Nop]).unwrap_or(fused));
            }
        }
    }
    out.into_boxed_slice()
}
