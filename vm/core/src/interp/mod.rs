//! The interpreter loop: fetch, do, and act on what came of it. Frames of Python code are pushed and popped here and
//! never recurse in Rust (CPython's Python/ceval.c, 3.8's opcodes).
//!
//! Each instruction is done in one of two places. `fast` has those that need nothing but the registers and a quick look
//! at their operands; what it does not take, [`Vm::step`] does in every case.
mod asyncgen;
mod bind;
mod call;
mod code_object;
mod enter;
mod fast;
pub mod frame_object;
mod frames;
mod imports;
mod intrinsic;
mod modulespec;
mod ops;
mod patterns;
mod report;
pub(crate) mod resume;
mod unwind;
mod yield_once;

use crate::frame::{Block, BlockKind, Frame, Regs};
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::{Args, Resumed};
use crate::vm::error::{Exc, PyResult};
use lasti_bytecode::opcode::Op;
use std::sync::atomic::Ordering;

/// What an instruction that does more than touch the stack asks the loop to do, and how the loop ends. A tag and a word,
/// whatever it is, so that it is returned in two machine registers.
pub(crate) enum Flow {
    /// Go on with the next instruction.
    Next,
    /// The registers now belong to another frame; go on there.
    Switched,
    /// Leave the frame with a value.
    Return(Value),
    /// Suspend at this instruction with a value.
    Yield(Value),
    /// Suspend before this instruction, so that it runs again when resumed.
    YieldFrom(Value),
    Raise(Exc),
    /// The frame that the Rust caller entered returned this.
    ExitReturn(Value),
    ExitYield(Value),
    ExitAsync(Ref<WrappedValue>),
}

/// How the loop ends.
pub enum Outcome {
    Return(Value),
    Yield(Value),
    /// An async generator's own yield, as opposed to one that passes through it.
    AsyncYield(Ref<WrappedValue>),
}

/// How the loop begins in a frame.
pub(crate) enum Start {
    /// At the next instruction.
    Fresh,
    /// At the next instruction with this value pushed.
    Push(Value),
    /// By raising at the present instruction.
    Raise(Exc),
}

/// An exit of the loop, as a result.
pub(crate) fn outcome(exit: Flow) -> PyResult<Outcome> {
    match exit {
        Flow::ExitYield(v) => Ok(Outcome::Yield(v)),
        Flow::ExitAsync(w) => Ok(Outcome::AsyncYield(w)),
        Flow::Raise(e) => Err(e),
        Flow::ExitReturn(v) | Flow::Return(v) | Flow::Yield(v) | Flow::YieldFrom(v) => {
            Ok(Outcome::Return(v))
        }
        Flow::Next | Flow::Switched => Ok(Outcome::Return(Value::NONE)),
    }
}

impl Vm {
    /// [`Vm::run_out`], for callers that are not in a hurry.
    pub(crate) fn run(&self, frame: *const Frame, start: Start) -> PyResult<Outcome> {
        outcome(self.run_out(frame, start))
    }

    /// Runs from `frame` until the frame marked [`crate::frame::Mode::Entry`] at or below it is left. Gives an exit or
    /// what was raised.
    pub(crate) fn run_out(&self, frame: *const Frame, start: Start) -> Flow {
        // SAFETY: the caller made the frame the running one.
        let mut r = unsafe { Regs::load(frame) };
        self.frame.set(frame);
        let mut flow = match start {
            Start::Fresh => Flow::Next,
            Start::Push(v) => {
                r.push(v);
                Flow::Next
            }
            Start::Raise(e) => Flow::Raise(e),
        };
        loop {
            flow = match flow {
                Flow::Next | Flow::Switched => self.run_fast(&mut r),
                Flow::Return(v) => self.leave_return(&mut r, v),
                Flow::Yield(v) => self.leave_yield(&mut r, v, false),
                Flow::YieldFrom(v) => {
                    r.pc = r.pc.wrapping_sub(1);
                    self.leave_yield(&mut r, v, true)
                }
                Flow::Raise(e) => match self.unwind(&mut r, e) {
                    Ok(()) => Flow::Next,
                    Err(e) => return Flow::Raise(e),
                },
                exit @ (Flow::ExitReturn(_) | Flow::ExitYield(_) | Flow::ExitAsync(_)) => {
                    return exit;
                }
            }
        }
    }

    /// Does the instruction at `pc` whatever it takes, which [`Vm::run_fast`] left to it.
    #[inline(never)]
    fn step(&self, r: &mut Regs) -> Flow {
        self.try_step(r).unwrap_or_else(Flow::Raise)
    }

    #[inline(always)]
    fn try_step(&self, r: &mut Regs) -> PyResult<Flow> {
        let i = r.instr();
        r.publish();
        let arg = i.arg.get();
        match i.op.get().op() {
            Op::Nop | Op::ExtendedArg => {}
            // What was fused with it comes next.
            Op::LoadFast => {
                let v = r.local(arg as usize).clone();
                if v.is_unbound() {
                    return Err(self.unbound_local(r, arg as usize));
                }
                r.push(v);
            }
            Op::StoreFast => {
                let v = r.pop();
                r.set_local(arg as usize, v);
            }
            Op::DeleteFast => {
                if r.local(arg as usize).is_unbound() {
                    return Err(self.unbound_local(r, arg as usize));
                }
                r.set_local(arg as usize, Value::UNBOUND);
                self.check_interrupts()?;
            }
            Op::LoadConst => {
                r.push(r.constant(i).clone());
            }
            Op::PopTop => {
                drop(r.pop());
                self.check_interrupts()?;
            }
            Op::RotTwo => {
                let (a, b) = (r.pop(), r.pop());
                r.push(a);
                r.push(b);
            }
            Op::RotThree => {
                let (a, b, c) = (r.pop(), r.pop(), r.pop());
                r.push(a);
                r.push(c);
                r.push(b);
            }
            Op::RotFour => {
                let (a, b, c, d) = (r.pop(), r.pop(), r.pop(), r.pop());
                r.push(a);
                r.push(d);
                r.push(c);
                r.push(b);
            }
            Op::DupTop => {
                let v = r.peek(1).clone();
                r.push(v);
            }
            Op::DupTopTwo => {
                let (a, b) = (r.peek(2).clone(), r.peek(1).clone());
                r.push(a);
                r.push(b);
            }
            Op::Copy => {
                let v = r.peek(arg as usize).clone();
                r.push(v);
            }
            Op::Swap => {
                let top = std::mem::replace(r.peek_mut(1), Value::UNBOUND);
                let other = std::mem::replace(r.peek_mut(arg as usize), top);
                *r.peek_mut(1) = other;
            }

            // ---- arithmetic ----
            Op::BinaryAdd | Op::InplaceAdd if self.append_text(r) => {}
            Op::BinaryAdd
            | Op::BinarySubtract
            | Op::BinaryMultiply
            | Op::BinaryModulo
            | Op::BinaryPower
            | Op::BinaryFloorDivide
            | Op::BinaryTrueDivide
            | Op::BinaryMatrixMultiply
            | Op::BinaryLshift
            | Op::BinaryRshift
            | Op::BinaryAnd
            | Op::BinaryXor
            | Op::BinaryOr => {
                let v = self.binary_op(r.peek(2), r.peek(1), binary_of(i.op.get()))?;
                drop(r.pop());
                r.set_top(v);
            }
            Op::InplaceAdd
            | Op::InplaceSubtract
            | Op::InplaceMultiply
            | Op::InplaceModulo
            | Op::InplacePower
            | Op::InplaceFloorDivide
            | Op::InplaceTrueDivide
            | Op::InplaceMatrixMultiply
            | Op::InplaceLshift
            | Op::InplaceRshift
            | Op::InplaceAnd
            | Op::InplaceXor
            | Op::InplaceOr => {
                let v = self.inplace_op(r.peek(2), r.peek(1), binary_of(i.op.get()))?;
                drop(r.pop());
                r.set_top(v);
            }
            Op::UnaryPositive => self.op_unary(r, UnOp::Pos)?,
            Op::UnaryNegative => self.op_unary(r, UnOp::Neg)?,
            Op::UnaryInvert => self.op_unary(r, UnOp::Invert)?,
            Op::UnaryNot => {
                let b = self.is_true(r.peek(1))?;
                r.set_top(Value::bool(!b));
            }
            Op::CompareOp => {
                let v = self.compare_op(r.peek(2), r.peek(1), arg)?;
                drop(r.pop());
                r.set_top(v);
            }

            // ---- jumps ----
            Op::JumpForward => r.jump(arg),
            Op::JumpAbsolute => {
                self.check_interrupts()?;
                r.jump(arg);
            }
            Op::PopJumpIfFalse | Op::PopJumpIfTrue => {
                let v = r.pop();
                if self.is_true(&v)? == (i.op.get() == Quick::PopJumpIfTrue) {
                    r.jump(arg);
                }
            }
            Op::JumpIfFalseOrPop => {
                if self.is_true(r.peek(1))? {
                    drop(r.pop());
                } else {
                    r.jump(arg);
                }
            }
            Op::JumpIfTrueOrPop => {
                if self.is_true(r.peek(1))? {
                    r.jump(arg);
                } else {
                    drop(r.pop());
                }
            }

            // ---- names and attributes ----
            Op::LoadGlobal => self.op_load_global(r, i)?,
            Op::LoadAttr => self.op_load_attr(r, i)?,
            Op::StoreAttr => self.op_store_attr(r, i)?,
            Op::DeleteAttr => {
                let v = r.pop();
                let name = &r.frame().code.names[arg as usize];
                self.setattr(&v, name, None)?;
                self.check_interrupts()?;
            }
            Op::LoadMethod => self.op_load_method(r, i)?,
            Op::StoreGlobal => {
                let v = r.pop();
                let f = r.frame();
                self.dict_set_str(&f.function.globals, &f.code.names[arg as usize], v);
            }
            Op::DeleteGlobal => {
                let f = r.frame();
                let name = &f.code.names[arg as usize];
                if self.dict_del_str(&f.function.globals, name).is_none() {
                    return Err(self.name_error(name));
                }
                self.check_interrupts()?;
            }
            Op::LoadName => self.op_load_name(r, arg)?,
            Op::StoreName => self.op_store_name(r, arg)?,
            Op::DeleteName => {
                self.op_delete_name(r, arg)?;
                self.check_interrupts()?;
            }
            Op::LoadClosure => {
                let n = r.frame().code.nlocals as usize + arg as usize;
                let v = r.local(n).clone();
                r.push(v);
            }
            Op::LoadDeref => {
                let n = r.frame().code.nlocals as usize + arg as usize;
                let v = r
                    .local(n)
                    .downcast::<PyCell>()
                    .map_or(Value::UNBOUND, |c| c.content.get());
                if v.is_unbound() {
                    return Err(self.unbound_deref(r, arg));
                }
                r.push(v);
            }
            Op::StoreDeref => {
                let n = r.frame().code.nlocals as usize + arg as usize;
                let v = r.pop();
                if let Some(c) = r.local(n).downcast::<PyCell>() {
                    c.content.set(v);
                }
            }
            Op::DeleteDeref => {
                let n = r.frame().code.nlocals as usize + arg as usize;
                let old = r
                    .local(n)
                    .downcast::<PyCell>()
                    .map_or(Value::UNBOUND, |c| c.content.take());
                if old.is_unbound() {
                    return Err(self.unbound_deref(r, arg));
                }
            }
            Op::LoadClassderef | Op::LoadFromDictOrDeref | Op::LoadFromDictOrGlobals => {
                self.op_load_class_name(r, i.op.get(), arg)?;
            }
            Op::LoadLocals => {
                let v = r.frame().locals.get();
                if v.is_unbound() {
                    return Err(self.new_exception(&self.exc.system_error, "no locals"));
                }
                r.push(v);
            }

            // ---- items ----
            Op::BinarySubscr => {
                let v = self.subscr_op(r.peek(2), r.peek(1))?;
                drop(r.pop());
                r.set_top(v);
            }
            Op::StoreSubscr => {
                self.store_subscr_op(r.peek(2), r.peek(1), r.peek(3))?;
                r.drop_top(3);
            }
            Op::DeleteSubscr => {
                self.delitem(r.peek(2), r.peek(1))?;
                r.drop_top(2);
                self.check_interrupts()?;
            }

            // ---- making containers ----
            Op::BuildTuple => {
                let v = if arg == 0 {
                    self.empty_tuple.value()
                } else {
                    r.take_tuple(&self.heap, &self.types.tuple, arg as usize)
                };
                r.push(v);
            }
            Op::BuildList => {
                let items = r.take(arg as usize);
                r.push(self.new_list(items));
            }
            Op::BuildSet => {
                let s = self.new_set();
                for v in r.top(arg as usize) {
                    self.set_add(&s, v.clone())?;
                }
                r.drop_top(arg as usize);
                r.push(s.into());
            }
            Op::BuildMap => {
                let d = self.new_dict();
                for pair in r.top(2 * arg as usize).chunks_exact(2) {
                    self.dict_insert(&d, pair[0].clone(), pair[1].clone())?;
                }
                r.drop_top(2 * arg as usize);
                r.push(d.into());
            }
            Op::BuildConstKeyMap => self.op_build_const_key_map(r, arg as usize)?,
            Op::BuildString => self.op_build_string(r, arg as usize)?,
            Op::BuildSlice => {
                let step = if arg == 3 { r.pop() } else { Value::NONE };
                let stop = r.pop();
                let start = r.pop();
                r.push(self.new_slice(start, stop, step));
            }
            Op::ListAppend => {
                let v = r.pop();
                if let Some(l) = r.peek(arg as usize).downcast::<List>() {
                    l.try_push(v).map_err(|_| self.memory_error())?;
                }
            }
            Op::SetAdd => {
                let v = r.pop();
                if let Some(s) = r.peek(arg as usize).downcast::<Set>() {
                    self.set_add(s, v)?;
                }
            }
            Op::MapAdd => {
                let v = r.pop();
                let k = r.pop();
                if let Some(d) = r.peek(arg as usize).downcast::<Dict>() {
                    self.dict_insert(d, k, v)?;
                }
            }
            Op::BuildListUnpack
            | Op::BuildTupleUnpack
            | Op::BuildTupleUnpackWithCall
            | Op::BuildSetUnpack => self.op_build_unpack(r, i.op.get(), arg as usize)?,
            Op::BuildMapUnpack | Op::BuildMapUnpackWithCall => {
                self.op_build_map_unpack(r, i.op.get(), arg as usize)?;
            }
            Op::UnpackSequence => self.op_unpack_sequence(r, arg as usize)?,
            Op::UnpackEx => self.op_unpack_ex(r, arg)?,
            Op::FormatValue => self.op_format_value(r, arg)?,
            Op::BuildTemplate | Op::BuildInterpolation => self.op_template(r, i.op.get(), arg)?,

            // ---- iteration ----
            Op::GetIter => {
                let it = self.iter(r.peek(1))?;
                r.set_top(it);
            }
            Op::ForIter => {
                if r.peek(1).kind() == Some(crate::memory::Kind::Generator) {
                    if let Some(flow) = self.for_iter_generator(r)? {
                        return Ok(flow);
                    }
                    return Ok(Flow::Switched);
                }
                match self.next(r.peek(1))? {
                    Some(v) => r.push(v),
                    None => {
                        drop(r.pop());
                        r.jump(arg);
                    }
                }
            }
            Op::GetYieldFromIter => self.op_get_yield_from_iter(r)?,
            Op::GetAwaitable => self.op_get_awaitable(r)?,
            Op::GetAiter => self.op_get_aiter(r)?,
            Op::GetAnext => self.op_get_anext(r)?,
            Op::YieldFrom if r.peek(2).is_unbound() => {
                drop(r.pop());
                r.set_top(Value::NONE);
            }
            Op::YieldFrom => {
                // Awaitables of Rust; generators and what drives them are linked into the chain instead.
                if r.peek(2).kind() == Some(crate::memory::Kind::Foreign)
                    && let Some(send) = self.type_of(r.peek(2)).slots.send.get()
                {
                    let resumed = send(self, r.peek(2), r.peek(1))?;
                    drop(r.pop());
                    match resumed {
                        Resumed::Return(v) => r.set_top(v),
                        Resumed::Yield(v) => return Ok(Flow::YieldFrom(v)),
                    }
                    return Ok(Flow::Next);
                }
                return self.op_yield_from(r);
            }
            Op::YieldValue => return Ok(Flow::Yield(r.pop())),
            Op::ReturnValue => return Ok(Flow::Return(r.pop())),

            // ---- calls ----
            Op::CallFunction | Op::CallMethod => {
                self.end_call_and_yield(i);
                self.check_interrupts()?;
                // Of a method call below the arguments lie method and self, or NULL and a callable.
                let n = arg as usize;
                let (n, below) = if i.op.get() == Quick::CallFunction {
                    (n, 1)
                } else if r.peek(n + 2).is_unbound() {
                    (n, 2)
                } else {
                    (n + 1, 1)
                };
                match plain_native(r.peek(n + 1)) {
                    Some(f) => {
                        let v = self.call_plain(f, Args::pos(r.top(n)))?;
                        r.drop_top(n + below - 1);
                        r.set_top(v);
                    }
                    None => self.call_slow(r, n, below)?,
                }
            }
            Op::CallFunctionKw => {
                self.check_interrupts()?;
                self.op_call_kw(r, arg as usize)?;
            }
            Op::CallFunctionEx => {
                self.check_interrupts()?;
                self.op_call_ex(r, arg & 1 == 1)?;
            }
            Op::MakeFunction => self.op_make_function(r, arg)?,
            Op::LoadBuildClass => {
                let b = &r.frame().function.builtins;
                match self.dict_get_str(b, &self.names.build_class) {
                    Some(f) => r.push(f),
                    None => {
                        return Err(
                            self.new_exception(&self.exc.name_error, "__build_class__ not found")
                        );
                    }
                }
            }
            Op::CallIntrinsic1 | Op::CallIntrinsic2 => self.op_intrinsic(r, i.op.get(), arg)?,
            Op::LoadCommonConstant => {
                let t = if arg == 0 {
                    &self.exc.assertion_error
                } else {
                    &self.exc.not_implemented_error
                };
                r.push(t.value());
            }
            Op::SetupAnnotations => {}
            Op::PrintExpr => {
                let v = r.pop();
                self.print_expr(&v)?;
            }

            // ---- imports ----
            Op::ImportName => self.op_import_name(r, arg)?,
            Op::ImportFrom => self.op_import_from(r, arg)?,
            Op::ImportStar => self.op_import_star(r)?,

            // ---- blocks and exceptions ----
            Op::SetupFinally => {
                let b = Block {
                    kind: BlockKind::Finally,
                    handler: arg,
                    level: r.block_level(),
                };
                r.push_block(b);
            }
            Op::SetupAsyncWith => {
                // The result of __aenter__ lies above the level the handler goes back to.
                let b = Block {
                    kind: BlockKind::Finally,
                    handler: arg,
                    level: r.block_level() - 1,
                };
                r.push_block(b);
            }
            Op::SetupWith => self.op_setup_with(r, arg)?,
            Op::BeforeAsyncWith => self.op_before_async_with(r)?,
            Op::PopBlock => {
                r.pop_block();
            }
            Op::BeginFinally => r.push(Value::UNBOUND),
            Op::CallFinally => {
                let next = r.unit() as i64 + 1;
                r.push(Value::small_int(next));
                r.jump(arg);
            }
            Op::PopFinally => self.op_pop_finally(r, arg),
            Op::EndFinally => self.op_end_finally(r)?,
            Op::EndAsyncFor => self.op_end_async_for(r)?,
            Op::PopExcept => self.op_pop_except(r),
            Op::WithCleanupStart => self.op_with_cleanup_start(r)?,
            Op::WithCleanupFinish => self.op_with_cleanup_finish(r)?,
            Op::RaiseVarargs => return Err(self.op_raise(r, arg)),
            Op::Reraise => {
                let v = r.pop();
                if v.downcast::<Exception>().is_none() {
                    let what = "RERAISE of what is no exception";
                    return Err(self.new_exception(&self.exc.system_error, what));
                }
                return Err(Exc(v));
            }
            Op::CheckEgMatch => self.op_check_eg_match(r)?,
            Op::StarCollect => self.op_star_collect(r),

            // ---- patterns ----
            Op::GetLen | Op::MatchMapping | Op::MatchSequence | Op::MatchKeys | Op::MatchClass => {
                self.op_match(r, i.op.get(), arg)?
            }
        }
        Ok(Flow::Next)
    }

    /// Runs what became due between two instructions: finalizers, a collection, signals, another thread.
    #[inline(always)]
    pub(crate) fn check_interrupts(&self) -> PyResult<()> {
        if self.heap.eval_breaker.load(Ordering::Relaxed) != 0 {
            return self.handle_interrupts();
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn handle_interrupts(&self) -> PyResult<()> {
        use crate::memory::eval_breaker::*;
        let bits = self.heap.eval_breaker.load(Ordering::Relaxed);
        if bits & NO_MEMORY != 0 {
            self.heap
                .eval_breaker
                .fetch_and(!NO_MEMORY, Ordering::Relaxed);
            return Err(self.memory_error());
        }
        if bits & COLLECT != 0 {
            self.heap.collect_if_due();
        }
        if bits & PENDING != 0 {
            self.run_pending();
        }
        if bits & (SIGNAL | GIL_DROP_REQUEST) != 0 {
            self.heap
                .eval_breaker
                .fetch_and(!(SIGNAL | GIL_DROP_REQUEST), Ordering::Relaxed);
            self.host.handle_break(self, bits & GIL_DROP_REQUEST != 0)?;
        }
        Ok(())
    }

    /// Pops the frame that is left (its generator, if it has one, is finished) and goes back to its caller's.
    pub(crate) fn pop_frame(&self, frame: *const Frame) {
        // SAFETY of the pointer: the frame that runs is live until here.
        frames::leave(self, frame);
    }
}

/// A native function that calls nobody in its place.
#[inline(always)]
fn plain_native(v: &Value) -> Option<&NativeFunction> {
    let f = v.downcast::<NativeFunction>()?;
    matches!(f.func, NativeKind::Plain(_)).then_some(f)
}

/// The operator of a binary or in-place instruction.
fn binary_of(op: Quick) -> BinOp {
    use Quick::*;
    match op {
        BinarySubtract | InplaceSubtract => BinOp::Sub,
        BinaryMultiply | InplaceMultiply => BinOp::Mul,
        BinaryModulo | InplaceModulo => BinOp::Mod,
        BinaryPower | InplacePower => BinOp::Pow,
        BinaryFloorDivide | InplaceFloorDivide => BinOp::FloorDiv,
        BinaryTrueDivide | InplaceTrueDivide => BinOp::TrueDiv,
        BinaryMatrixMultiply | InplaceMatrixMultiply => BinOp::MatMul,
        BinaryLshift | InplaceLshift => BinOp::LShift,
        BinaryRshift | InplaceRshift => BinOp::RShift,
        BinaryAnd | InplaceAnd => BinOp::And,
        BinaryXor | InplaceXor => BinOp::Xor,
        BinaryOr | InplaceOr => BinOp::Or,
        _ => BinOp::Add,
    }
}

pub(crate) const CMP_OPS: [CmpOp; 6] = [
    CmpOp::Lt,
    CmpOp::Le,
    CmpOp::Eq,
    CmpOp::Ne,
    CmpOp::Gt,
    CmpOp::Ge,
];

impl Vm {
    /// Runs finalizers that became due, as the interpreter does between instructions.
    pub fn run_due(&self) {
        use std::sync::atomic::Ordering;
        if self.heap.eval_breaker.load(Ordering::Relaxed) & crate::memory::eval_breaker::PENDING
            != 0
        {
            self.run_pending();
        }
    }
}

impl Vm {
    /// Handles signals and other threads' requests that arrived, for native code that runs long.
    pub fn check_signals(&self) -> crate::vm::error::PyResult<()> {
        self.check_interrupts()
    }
}
