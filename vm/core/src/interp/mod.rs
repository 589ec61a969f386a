//! The interpreter loop: fetch, do, and act on what came of it. Frames of Python code are pushed and popped here and
//! never recurse in Rust (CPython's Python/ceval.c, 3.8's opcodes).
mod bind;
mod call;
mod code_object;
mod enter;
mod imports;
mod ops;
mod patterns;
mod quick;
pub(crate) mod resume;
mod unwind;

pub use quick::Quick;

use crate::error::{Exc, PyResult};
use crate::frame::{Block, BlockKind, Frame, Mode, Regs};
use crate::heap::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use std::sync::atomic::Ordering;

/// What an instruction that does more than touch the stack asks the loop to do.
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
    /// Hand the result to the Rust caller.
    Exit(Outcome),
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

impl Vm {
    /// Runs from `frame` until the frame marked [`Mode::Entry`] at or below it is left.
    pub(crate) fn run(&self, frame: *const Frame, start: Start) -> PyResult<Outcome> {
        let mut r = Regs::load(frame);
        self.frame.set(frame);
        let mut pending: PyResult<Flow> = match start {
            Start::Fresh => Ok(Flow::Next),
            Start::Push(v) => {
                r.push(v);
                Ok(Flow::Next)
            }
            Start::Raise(e) => Err(e),
        };
        loop {
            match pending {
                Ok(Flow::Next | Flow::Switched) => {}
                Ok(Flow::Return(v)) => {
                    if let Some(flow) = self.leave_return(&mut r, v) {
                        pending = flow;
                        continue;
                    }
                }
                Ok(Flow::Yield(v)) => {
                    if let Some(flow) = self.leave_yield(&mut r, v, false) {
                        pending = flow;
                        continue;
                    }
                }
                Ok(Flow::YieldFrom(v)) => {
                    r.pc = r.pc.wrapping_sub(1);
                    if let Some(flow) = self.leave_yield(&mut r, v, true) {
                        pending = flow;
                        continue;
                    }
                }
                Ok(Flow::Exit(outcome)) => return Ok(outcome),
                Err(e) => match self.unwind(&mut r, e) {
                    Ok(()) => {}
                    Err(e) => return Err(e),
                },
            }
            pending = self.step(&mut r);
        }
    }

    /// Runs instructions until one needs the loop above.
    #[inline(always)]
    fn step(&self, r: &mut Regs) -> PyResult<Flow> {
        loop {
            let i = r.fetch();
            let arg = i.arg.get();
            match i.op.get() {
                Quick::Nop | Quick::ExtendedArg => {}
                Quick::LoadFast => {
                    let v = r.local(arg as usize);
                    if v.is_unbound() {
                        return Err(self.unbound_local(r, arg as usize));
                    }
                    let v = v.clone();
                    r.push(v);
                }
                Quick::LoadFastLoadFast | Quick::LoadFastLoadConst => {
                    // Not emitted yet by the specializer; falls back to the first half.
                    let v = r.local(arg as usize).clone();
                    if v.is_unbound() {
                        return Err(self.unbound_local(r, arg as usize));
                    }
                    r.push(v);
                }
                Quick::StoreFast => {
                    let v = r.pop();
                    r.set_local(arg as usize, v);
                }
                Quick::DeleteFast => {
                    if r.local(arg as usize).is_unbound() {
                        return Err(self.unbound_local(r, arg as usize));
                    }
                    r.set_local(arg as usize, Value::UNBOUND);
                    self.check_breaker()?;
                }
                Quick::LoadConst => {
                    let v = r.frame().code.consts[arg as usize].clone();
                    r.push(v);
                }
                Quick::PopTop => {
                    drop(r.pop());
                    self.check_breaker()?;
                }
                Quick::RotTwo => {
                    let (a, b) = (r.pop(), r.pop());
                    r.push(a);
                    r.push(b);
                }
                Quick::RotThree => {
                    let (a, b, c) = (r.pop(), r.pop(), r.pop());
                    r.push(a);
                    r.push(c);
                    r.push(b);
                }
                Quick::RotFour => {
                    let (a, b, c, d) = (r.pop(), r.pop(), r.pop(), r.pop());
                    r.push(a);
                    r.push(d);
                    r.push(c);
                    r.push(b);
                }
                Quick::DupTop => {
                    let v = r.peek(1).clone();
                    r.push(v);
                }
                Quick::DupTopTwo => {
                    let (a, b) = (r.peek(2).clone(), r.peek(1).clone());
                    r.push(a);
                    r.push(b);
                }
                Quick::Copy => {
                    let v = r.peek(arg as usize).clone();
                    r.push(v);
                }
                Quick::Swap => {
                    let top = std::mem::replace(r.peek_mut(1), Value::UNBOUND);
                    let other = std::mem::replace(r.peek_mut(arg as usize), top);
                    *r.peek_mut(1) = other;
                }

                // ---- arithmetic ----
                Quick::BinaryAdd => {
                    if let Some((a, b)) = Value::both_small(r.peek(2), r.peek(1))
                        && let Some(v) = Value::try_int(a + b)
                    {
                        drop(r.pop());
                        r.set_top(v);
                    } else {
                        self.op_binary(r, BinOp::Add)?;
                    }
                }
                Quick::BinarySubtract => {
                    if let Some((a, b)) = Value::both_small(r.peek(2), r.peek(1))
                        && let Some(v) = Value::try_int(a - b)
                    {
                        drop(r.pop());
                        r.set_top(v);
                    } else {
                        self.op_binary(r, BinOp::Sub)?;
                    }
                }
                Quick::BinaryMultiply => self.op_binary(r, BinOp::Mul)?,
                Quick::BinaryModulo => self.op_binary(r, BinOp::Mod)?,
                Quick::BinaryPower => self.op_binary(r, BinOp::Pow)?,
                Quick::BinaryFloorDivide => self.op_binary(r, BinOp::FloorDiv)?,
                Quick::BinaryTrueDivide => self.op_binary(r, BinOp::TrueDiv)?,
                Quick::BinaryMatrixMultiply => self.op_binary(r, BinOp::MatMul)?,
                Quick::BinaryLshift => self.op_binary(r, BinOp::LShift)?,
                Quick::BinaryRshift => self.op_binary(r, BinOp::RShift)?,
                Quick::BinaryAnd => self.op_binary(r, BinOp::And)?,
                Quick::BinaryXor => self.op_binary(r, BinOp::Xor)?,
                Quick::BinaryOr => self.op_binary(r, BinOp::Or)?,
                Quick::InplaceAdd => {
                    if let Some((a, b)) = Value::both_small(r.peek(2), r.peek(1))
                        && let Some(v) = Value::try_int(a + b)
                    {
                        drop(r.pop());
                        r.set_top(v);
                    } else {
                        self.op_inplace(r, BinOp::Add)?;
                    }
                }
                Quick::InplaceSubtract => self.op_inplace(r, BinOp::Sub)?,
                Quick::InplaceMultiply => self.op_inplace(r, BinOp::Mul)?,
                Quick::InplaceModulo => self.op_inplace(r, BinOp::Mod)?,
                Quick::InplacePower => self.op_inplace(r, BinOp::Pow)?,
                Quick::InplaceFloorDivide => self.op_inplace(r, BinOp::FloorDiv)?,
                Quick::InplaceTrueDivide => self.op_inplace(r, BinOp::TrueDiv)?,
                Quick::InplaceMatrixMultiply => self.op_inplace(r, BinOp::MatMul)?,
                Quick::InplaceLshift => self.op_inplace(r, BinOp::LShift)?,
                Quick::InplaceRshift => self.op_inplace(r, BinOp::RShift)?,
                Quick::InplaceAnd => self.op_inplace(r, BinOp::And)?,
                Quick::InplaceXor => self.op_inplace(r, BinOp::Xor)?,
                Quick::InplaceOr => self.op_inplace(r, BinOp::Or)?,
                Quick::UnaryPositive => self.op_unary(r, UnOp::Pos)?,
                Quick::UnaryNegative => self.op_unary(r, UnOp::Neg)?,
                Quick::UnaryInvert => self.op_unary(r, UnOp::Invert)?,
                Quick::UnaryNot => {
                    let b = self.is_true(r.peek(1))?;
                    r.set_top(Value::bool(!b));
                }
                Quick::CompareOp | Quick::CompareJump => {
                    if arg < 6
                        && let Some((a, b)) = Value::both_small(r.peek(2), r.peek(1))
                    {
                        let holds = CMP_OPS[arg as usize].holds(a.cmp(&b));
                        drop(r.pop());
                        r.set_top(Value::bool(holds));
                    } else {
                        self.op_compare(r, arg)?;
                    }
                }

                // ---- jumps ----
                Quick::JumpForward => r.jump(arg),
                Quick::JumpAbsolute => {
                    r.jump(arg);
                    self.check_breaker()?;
                }
                Quick::PopJumpIfFalse => {
                    let v = r.pop();
                    let truth = match v.as_bool() {
                        Some(b) => b,
                        None => self.is_true(&v)?,
                    };
                    if !truth {
                        r.jump(arg);
                    }
                }
                Quick::PopJumpIfTrue => {
                    let v = r.pop();
                    let truth = match v.as_bool() {
                        Some(b) => b,
                        None => self.is_true(&v)?,
                    };
                    if truth {
                        r.jump(arg);
                    }
                }
                Quick::JumpIfFalseOrPop => {
                    if self.is_true(r.peek(1))? {
                        drop(r.pop());
                    } else {
                        r.jump(arg);
                    }
                }
                Quick::JumpIfTrueOrPop => {
                    if self.is_true(r.peek(1))? {
                        r.jump(arg);
                    } else {
                        drop(r.pop());
                    }
                }

                // ---- names and attributes ----
                Quick::LoadGlobalModule => {
                    let globals = &r.frame().function.globals;
                    let (version, entry) = i.cache.get();
                    if globals.current_version() == version
                        && let Some(v) = globals.get_at(entry as usize)
                    {
                        r.push(v);
                    } else {
                        i.op.set(Quick::LoadGlobal);
                        self.op_load_global(r, i)?;
                    }
                }
                Quick::LoadGlobalBuiltin => {
                    let f = &r.frame().function;
                    let (version, builtins) = i.cache.get();
                    if f.globals.current_version() == version
                        && f.builtins.current_version() == builtins
                        && let Some(v) = f.builtins.get_at(i.extra.get() as usize)
                    {
                        r.push(v);
                    } else {
                        i.op.set(Quick::LoadGlobal);
                        self.op_load_global(r, i)?;
                    }
                }
                Quick::LoadGlobal => self.op_load_global(r, i)?,
                Quick::LoadAttrSlot => {
                    let (version, shape) = i.cache.get();
                    let v = r.peek(1);
                    if let Some(o) = v.downcast::<Instance>()
                        && o.shape_id() == shape
                        && self.type_of(v).current_version() == version
                    {
                        let v = o.slot(i.extra.get() as usize);
                        if !v.is_unbound() {
                            r.set_top(v);
                            continue;
                        }
                    }
                    self.op_load_attr(r, i)?;
                }
                Quick::LoadAttrModule => {
                    let (version, entry) = i.cache.get();
                    if let Some(m) = r.peek(1).downcast::<Module>()
                        && m.dict.current_version() == version
                        && let Some(v) = m.dict.get_at(entry as usize)
                    {
                        r.set_top(v);
                        continue;
                    }
                    self.op_load_attr(r, i)?;
                }
                Quick::LoadAttr => self.op_load_attr(r, i)?,
                Quick::StoreAttrSlot => {
                    let (version, shape) = i.cache.get();
                    let v = r.peek(1);
                    if let Some(o) = v.downcast::<Instance>()
                        && o.shape_id() == shape
                        && self.type_of(v).current_version() == version
                    {
                        let target = r.pop();
                        let value = r.pop();
                        if let Some(o) = target.downcast::<Instance>() {
                            o.set_slot(i.extra.get() as usize, value);
                        }
                    } else {
                        self.op_store_attr(r, i)?;
                    }
                }
                Quick::StoreAttr => self.op_store_attr(r, i)?,
                Quick::DeleteAttr => {
                    let v = r.pop();
                    let name = &r.frame().code.names[arg as usize];
                    self.setattr(&v, name, None)?;
                    self.check_breaker()?;
                }
                Quick::LoadMethodCached => {
                    let (version, shape) = i.cache.get();
                    let v = r.peek(1);
                    if self.type_of(v).current_version() == version
                        && v.downcast::<Instance>().map_or(0, |o| o.shape_id()) == shape
                    {
                        let f = r.frame().code.cached_value(i.extra.get() as u32);
                        let this = std::mem::replace(r.peek_mut(1), f);
                        r.push(this);
                    } else {
                        self.op_load_method(r, i)?;
                    }
                }
                Quick::LoadMethod => self.op_load_method(r, i)?,
                Quick::StoreGlobal => {
                    let v = r.pop();
                    let f = r.frame();
                    self.dict_set_str(&f.function.globals, &f.code.names[arg as usize], v);
                }
                Quick::DeleteGlobal => {
                    let f = r.frame();
                    let name = &f.code.names[arg as usize];
                    if self.dict_del_str(&f.function.globals, name).is_none() {
                        return Err(self.name_error(name));
                    }
                    self.check_breaker()?;
                }
                Quick::LoadName => self.op_load_name(r, arg)?,
                Quick::StoreName => self.op_store_name(r, arg)?,
                Quick::DeleteName => {
                    self.op_delete_name(r, arg)?;
                    self.check_breaker()?;
                }
                Quick::LoadClosure => {
                    let n = r.frame().code.nlocals as usize + arg as usize;
                    let v = r.local(n).clone();
                    r.push(v);
                }
                Quick::LoadDeref => {
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
                Quick::StoreDeref => {
                    let n = r.frame().code.nlocals as usize + arg as usize;
                    let v = r.pop();
                    if let Some(c) = r.local(n).downcast::<PyCell>() {
                        c.content.set(v);
                    }
                }
                Quick::DeleteDeref => {
                    let n = r.frame().code.nlocals as usize + arg as usize;
                    let old = r
                        .local(n)
                        .downcast::<PyCell>()
                        .map_or(Value::UNBOUND, |c| c.content.take());
                    if old.is_unbound() {
                        return Err(self.unbound_deref(r, arg));
                    }
                }
                Quick::LoadClassderef
                | Quick::LoadFromDictOrDeref
                | Quick::LoadFromDictOrGlobals => {
                    self.op_load_class_name(r, i.op.get(), arg)?;
                }
                Quick::LoadLocals => {
                    let v = r.frame().locals.get();
                    if v.is_unbound() {
                        return Err(self.new_exception(&self.exc.system_error, "no locals"));
                    }
                    r.push(v);
                }

                // ---- items ----
                Quick::BinarySubscr => self.op_subscr(r)?,
                Quick::StoreSubscr => {
                    if let Some(l) = r.peek(2).downcast::<List>()
                        && let Some(n) = r.peek(1).as_small_int()
                        && (n as u64) < l.len() as u64
                        && !self.type_of(r.peek(2)).is_heap_type()
                    {
                        l.set(n as usize, r.peek(3).clone());
                    } else {
                        self.setitem(r.peek(2), r.peek(1), r.peek(3))?;
                    }
                    r.drop_top(3);
                }
                Quick::DeleteSubscr => {
                    self.delitem(r.peek(2), r.peek(1))?;
                    r.drop_top(2);
                    self.check_breaker()?;
                }

                // ---- making containers ----
                Quick::BuildTuple => {
                    let v = if arg == 0 {
                        self.empty_tuple.value()
                    } else {
                        r.take_tuple(self, arg as usize)
                    };
                    r.push(v);
                }
                Quick::BuildList => {
                    let items = r.take(arg as usize);
                    r.push(self.new_list(items));
                }
                Quick::BuildSet => {
                    let s = self.new_set();
                    for v in r.top(arg as usize) {
                        self.set_add(&s, v.clone())?;
                    }
                    r.drop_top(arg as usize);
                    r.push(s.into());
                }
                Quick::BuildMap => {
                    let d = self.new_dict();
                    for pair in r.top(2 * arg as usize).chunks_exact(2) {
                        self.dict_insert(&d, pair[0].clone(), pair[1].clone())?;
                    }
                    r.drop_top(2 * arg as usize);
                    r.push(d.into());
                }
                Quick::BuildConstKeyMap => self.op_build_const_key_map(r, arg as usize)?,
                Quick::BuildString => self.op_build_string(r, arg as usize),
                Quick::BuildSlice => {
                    let step = if arg == 3 { r.pop() } else { Value::NONE };
                    let stop = r.pop();
                    let start = r.pop();
                    r.push(self.new_slice(start, stop, step));
                }
                Quick::ListAppend => {
                    let v = r.pop();
                    if let Some(l) = r.peek(arg as usize).downcast::<List>() {
                        l.push(v);
                    }
                }
                Quick::SetAdd => {
                    let v = r.pop();
                    if let Some(s) = r.peek(arg as usize).downcast::<Set>() {
                        self.set_add(s, v)?;
                    }
                }
                Quick::MapAdd => {
                    let v = r.pop();
                    let k = r.pop();
                    if let Some(d) = r.peek(arg as usize).downcast::<Dict>() {
                        self.dict_insert(d, k, v)?;
                    }
                }
                Quick::BuildListUnpack
                | Quick::BuildTupleUnpack
                | Quick::BuildTupleUnpackWithCall
                | Quick::BuildSetUnpack => self.op_build_unpack(r, i.op.get(), arg as usize)?,
                Quick::BuildMapUnpack | Quick::BuildMapUnpackWithCall => {
                    self.op_build_map_unpack(r, i.op.get(), arg as usize)?;
                }
                Quick::UnpackSequence => self.op_unpack_sequence(r, arg as usize)?,
                Quick::UnpackEx => self.op_unpack_ex(r, arg)?,
                Quick::FormatValue => self.op_format_value(r, arg)?,
                Quick::BuildTemplate | Quick::BuildInterpolation => {
                    self.op_template(r, i.op.get(), arg)?
                }

                // ---- iteration ----
                Quick::GetIter => {
                    let it = self.iter(r.peek(1))?;
                    r.set_top(it);
                }
                Quick::ForIter | Quick::ForIterRange => {
                    let it = r.peek(1);
                    let next = match it.kind() {
                        Some(crate::heap::Kind::RangeIter) => match it.downcast::<RangeIter>() {
                            Some(it) => it.next().map(|n| self.new_int(n)),
                            None => None,
                        },
                        Some(crate::heap::Kind::ListIter) => {
                            it.downcast::<ListIter>().and_then(|it| it.next())
                        }
                        Some(crate::heap::Kind::TupleIter) => {
                            it.downcast::<TupleIter>().and_then(|it| it.next())
                        }
                        Some(crate::heap::Kind::Generator) => {
                            if let Some(flow) = self.for_iter_generator(r)? {
                                return Ok(flow);
                            }
                            continue;
                        }
                        _ => self.next(it)?,
                    };
                    match next {
                        Some(v) => r.push(v),
                        None => {
                            drop(r.pop());
                            r.jump(arg);
                        }
                    }
                }
                Quick::GetYieldFromIter => self.op_get_yield_from_iter(r)?,
                Quick::GetAwaitable => {
                    if let Some(g) = r.peek(1).downcast::<Generator>()
                        && g.kind == GenKind::Coroutine
                        && !g.delegating.get()
                        && g.state.get() != GenState::Running
                        && g.parent.get().is_null()
                    {
                        continue;
                    }
                    self.op_get_awaitable(r)?;
                }
                Quick::GetAiter => self.op_get_aiter(r)?,
                Quick::GetAnext => self.op_get_anext(r)?,
                Quick::YieldFrom => {
                    let flow = self.op_yield_from(r)?;
                    if !matches!(flow, Flow::Next | Flow::Switched) {
                        return Ok(flow);
                    }
                }
                Quick::YieldValue => {
                    let v = r.pop();
                    return Ok(Flow::Yield(v));
                }
                Quick::ReturnValue => {
                    let v = r.pop();
                    if r.frame().mode.get() == Mode::Call {
                        // The common case, kept out of the loop around: a plain call's return.
                        r.save();
                        let back = r.frame().back.get();
                        self.pop_frame(r.frame);
                        *r = Regs::load(back);
                        r.push(v);
                        continue;
                    }
                    return Ok(Flow::Return(v));
                }

                // ---- calls ----
                Quick::CallFunction => {
                    self.check_breaker()?;
                    self.op_call(r, arg as usize)?;
                }
                Quick::CallMethod => {
                    self.check_breaker()?;
                    self.op_call_method(r, arg as usize)?;
                }
                Quick::CallFunctionKw => {
                    self.check_breaker()?;
                    self.op_call_kw(r, arg as usize)?;
                }
                Quick::CallFunctionEx => {
                    self.check_breaker()?;
                    self.op_call_ex(r, arg & 1 == 1)?;
                }
                Quick::MakeFunction => self.op_make_function(r, arg)?,
                Quick::LoadBuildClass => {
                    let b = &r.frame().function.builtins;
                    match self.dict_get_str(b, &self.names.build_class) {
                        Some(f) => r.push(f),
                        None => {
                            return Err(self
                                .new_exception(&self.exc.name_error, "__build_class__ not found"));
                        }
                    }
                }
                Quick::CallIntrinsic1 | Quick::CallIntrinsic2 => {
                    self.op_intrinsic(r, i.op.get(), arg)?
                }
                Quick::LoadCommonConstant => {
                    let t = if arg == 0 {
                        &self.exc.assertion_error
                    } else {
                        &self.exc.not_implemented_error
                    };
                    r.push(t.value());
                }
                Quick::SetupAnnotations => {}
                Quick::PrintExpr => {
                    let v = r.pop();
                    self.print_expr(&v)?;
                }

                // ---- imports ----
                Quick::ImportName => self.op_import_name(r, arg)?,
                Quick::ImportFrom => self.op_import_from(r, arg)?,
                Quick::ImportStar => self.op_import_star(r)?,

                // ---- blocks and exceptions ----
                Quick::SetupFinally => {
                    let b = Block {
                        kind: BlockKind::Finally,
                        handler: arg,
                        level: r.depth() as u16,
                    };
                    r.push_block(b);
                }
                Quick::SetupAsyncWith => {
                    // The result of __aenter__ lies above the level the handler goes back to.
                    let b = Block {
                        kind: BlockKind::Finally,
                        handler: arg,
                        level: r.depth() as u16 - 1,
                    };
                    r.push_block(b);
                }
                Quick::SetupWith => self.op_setup_with(r, arg)?,
                Quick::BeforeAsyncWith => self.op_before_async_with(r)?,
                Quick::PopBlock => {
                    r.pop_block();
                }
                Quick::BeginFinally => r.push(Value::UNBOUND),
                Quick::CallFinally => {
                    let next = r.unit() as i64 + 1;
                    r.push(Value::small_int(next));
                    r.jump(arg);
                }
                Quick::PopFinally => self.op_pop_finally(r, arg),
                Quick::EndFinally => self.op_end_finally(r)?,
                Quick::EndAsyncFor => self.op_end_async_for(r)?,
                Quick::PopExcept => self.op_pop_except(r),
                Quick::WithCleanupStart => self.op_with_cleanup_start(r)?,
                Quick::WithCleanupFinish => self.op_with_cleanup_finish(r)?,
                Quick::RaiseVarargs => return Err(self.op_raise(r, arg)),
                Quick::Reraise => {
                    let v = r.pop();
                    return Err(Exc(v));
                }
                Quick::CheckEgMatch => self.op_check_eg_match(r)?,
                Quick::StarCollect => self.op_star_collect(r),

                // ---- patterns ----
                Quick::GetLen
                | Quick::MatchMapping
                | Quick::MatchSequence
                | Quick::MatchKeys
                | Quick::MatchClass => self.op_match(r, i.op.get(), arg)?,
            }
        }
    }

    /// Runs what became due between two instructions: finalizers, a collection, signals, another thread.
    #[inline(always)]
    pub(crate) fn check_breaker(&self) -> PyResult<()> {
        if self.heap.breaker.load(Ordering::Relaxed) != 0 {
            return self.handle_breaker();
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn handle_breaker(&self) -> PyResult<()> {
        use crate::heap::breaker::*;
        let bits = self.heap.breaker.load(Ordering::Relaxed);
        if bits & COLLECT != 0 {
            self.heap.collect_if_due();
        }
        if bits & PENDING != 0 {
            self.run_pending();
        }
        if bits & (SIGNAL | BATON) != 0 {
            self.heap
                .breaker
                .fetch_and(!(SIGNAL | BATON), Ordering::Relaxed);
            self.host.handle_break(self)?;
        }
        Ok(())
    }

    /// Pops the frame that is left (its generator, if it has one, is finished) and goes back to its caller's.
    pub(crate) fn pop_frame(&self, frame: *const Frame) {
        // SAFETY of the pointer: the frame that runs is live until here.
        crate::frame::leave(self, frame);
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
        if self.heap.breaker.load(Ordering::Relaxed) & crate::heap::breaker::PENDING != 0 {
            self.run_pending();
        }
    }
}

impl Vm {
    /// Handles signals and other threads' requests that arrived, for native code that runs long.
    pub fn check_signals(&self) -> crate::error::PyResult<()> {
        self.check_breaker()
    }
}
