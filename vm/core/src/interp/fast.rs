//! The straight path: instructions on operands of the common kinds. Nothing here takes the address of the registers, so that
//! they stay in machine registers. What raises or runs Python is called out of line with a copy of them: plain natives by
//! `call_top_native`, everything else by the one call of `Vm::step`.
//!
//! Check two things in the assembly of `run_fast` after a change. No stack slot may stand for `pc` or `sp`: all three registers stay
//! in machine registers. And it has about a hundred indirect jumps, one at the end of each instruction: `.cargo/config.toml` has LLVM copy
//! the dispatch. LLVM merges the dispatch again when an arm is empty, or when more registers are live at the dispatch than the limits
//! there allow.
use super::Flow;
use super::frames::leave_plain;
use crate::frame::{Block, BlockKind, Mode, Regs};
use crate::memory::{Kind, Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use lasti_bytecode::for_each_op;
use std::sync::atomic::Ordering;

/// How an instruction ends that does not go on with the next one in this frame.
enum Exit {
    /// The general path has to do it ([`Vm::step`]); nothing was done.
    Slow,
    /// A plain call's frame is left with a value.
    Return(Value),
    /// An `__init__`'s frame is left; its instance is on the caller's stack.
    ReturnInstance,
    /// The loop ends: an exception, or a yield that the caller has to deliver.
    Loop(Flow),
}

/// What came of a part of an instruction that stands in a method of its own.
enum Done {
    /// All of it was done.
    Yes,
    /// Nothing was done.
    No,
    Raised(Flow),
}

/// `ints` or `floats` on two operands that both stand in their words, and whose result does. False: nothing was done.
#[inline(always)]
fn arithmetic(
    r: &mut Regs,
    ints: impl FnOnce(&Value, &Value) -> Option<Value>,
    floats: impl FnOnce(f64, f64) -> Option<Value>,
) -> bool {
    let (a, b) = (r.peek(2), r.peek(1));
    let result = match ints(a, b) {
        Some(v) => Some(v),
        None => match (a.as_inline_float(), b.as_inline_float()) {
            (Some(a), Some(b)) => floats(a, b),
            _ => None,
        },
    };
    let Some(v) = result else { return false };
    r.pop_immediate();
    r.pop_immediate();
    r.result(0, v);
    true
}

/// A function of two numbers as one of two words.
#[inline(always)]
fn small(a: &Value, b: &Value, f: impl FnOnce(i64, i64) -> Option<Value>) -> Option<Value> {
    let (a, b) = Value::both_small(a, b)?;
    f(a, b)
}

/// The instance whose class and layout are those that the instruction was specialized for.
#[inline(always)]
fn cached_instance<'a>(v: &'a Value, i: &Instr) -> Option<&'a Ref<Instance>> {
    let (version, shape) = i.cache();
    let o = v.as_ref::<Instance>()?;
    (o.shape_id() == shape && o.class().current_version() == version).then_some(o)
}

fn multiply(a: i64, b: i64) -> Option<Value> {
    a.checked_mul(b).and_then(Value::try_int)
}

fn modulo(a: i64, b: i64) -> Option<Value> {
    (b > 0).then(|| Value::small_int(a.rem_euclid(b)))
}

/// STORE_ATTR by `i`, a store that was specialized. False: it was not for this object, nothing was done.
#[inline(always)]
fn store_cached(r: &Regs, target: &Value, i: &Instr, v: &Value) -> bool {
    let op = i.op.get();
    if !matches!(op, Quick::StoreAttrSlot | Quick::StoreAttrNew) {
        return false;
    }
    let Some(o) = cached_instance(target, i) else {
        return false;
    };
    if op == Quick::StoreAttrSlot {
        o.set_slot(i.oparg2.get() as usize, v.clone());
    } else {
        let shape = r.frame().code.cached_shape(i.oparg2.get());
        o.extend_to(shape, v.clone());
    }
    true
}

impl Vm {
    /// Whether the method that LOAD_METHOD was specialized for is that of this object.
    #[inline(always)]
    fn has_cached_method(&self, v: &Value, i: &Instr) -> bool {
        let (version, shape) = i.cache();
        self.type_of(v).current_version() == version
            && match v.downcast::<Instance>() {
                Some(o) => o.shape_id(),
                // No layout has either number.
                None if v.has_side_dict() => u32::MAX,
                None => 0,
            } == shape
    }

    /// The value of a key that stands in a dict as itself.
    #[inline(never)]
    fn item_known(&self, target: &Value, key: &Value) -> Option<Value> {
        let d = target.as_ref::<Dict>()?;
        if !d.class().is(&self.types.dict) {
            return None;
        }
        d.get_at(self.entry_known(d, key)?)
    }

    /// Whether a key stands in a dict or set as itself.
    #[inline(never)]
    fn holds_known(&self, container: &Value, key: &Value) -> bool {
        if let Some(d) = container.as_ref::<Dict>() {
            return d.class().is(&self.types.dict) && self.entry_known(d, key).is_some();
        }
        match container.as_ref::<Set>() {
            Some(s) if !s.class().is_heap_type() => self.entry_known(&s.dict, key).is_some(),
            _ => false,
        }
    }

    /// Stores under a key that stands in a dict as itself, or within a list. False: nothing was done.
    #[inline(never)]
    fn store_known(&self, target: &Value, key: &Value, v: &Value) -> bool {
        if let Some(d) = target.as_ref::<Dict>() {
            if !d.class().is(&self.types.dict) {
                return false;
            }
            let Some(n) = self.entry_known(d, key) else {
                return false;
            };
            drop(d.replace_at(n, v.clone()));
            return true;
        }
        if let (Some(l), Some(n)) = (target.as_ref::<List>(), key.as_small_int())
            && l.class().is(&self.types.list)
            && (n as u64) < l.len() as u64
        {
            l.set(n as usize, v.clone());
            return true;
        }
        false
    }

    #[inline(always)]
    fn entry_known(&self, d: &Dict, key: &Value) -> Option<usize> {
        let hash = if let Some(n) = key.as_small_int() {
            lasti_text::int_arith::hash_i64(n) as u64
        } else {
            let s = key.as_ref::<Str>()?;
            if !s.class().is(&self.types.str) {
                return None;
            }
            s.hash_with(&self.hash_keys)
        };
        d.first(&DictKey { hash, key })
    }

    /// The attribute of a module at the entry that the instruction was specialized for.
    #[inline(always)]
    fn cached_module_attr(&self, v: &Value, i: &Instr) -> Option<Value> {
        let (version, entry) = i.cache();
        let m = v.as_ref::<Module>()?;
        if m.dict.current_version() != version || !m.class().is(&self.types.module) {
            return None;
        }
        m.dict.get_at(entry as usize)
    }

    /// A call of a plain native out of line, with a copy of the registers.
    #[inline(always)]
    fn call_native_fast(&self, r: &mut Regs, n: usize, below: usize) -> Done {
        let mut copy = *r;
        let flow = self.call_top_native(&mut copy, n, below);
        *r = copy;
        match flow {
            // Nothing is in it; said, so that no code is run to drop it.
            Flow::Next => {
                std::mem::forget(flow);
                Done::Yes
            }
            Flow::Switched => Done::No,
            raised => Done::Raised(raised),
        }
    }
    /// FOR_ITER over what the loop knows.
    #[inline(always)]
    fn for_iter_fast(&self, r: &mut Regs, i: &Instr) -> Done {
        let it = r.peek(1);
        let next = match it.kind() {
            Some(Kind::RangeIter) => match it.downcast::<RangeIter>() {
                // Bounds that do not fit the word are for the slow path.
                Some(it) => match it.next_small() {
                    Some(next) => next,
                    None => return Done::No,
                },
                None => return Done::No,
            },
            Some(Kind::ListIter) => it.downcast::<ListIter>().and_then(|it| it.next()),
            Some(Kind::TupleIter) => it.downcast::<TupleIter>().and_then(|it| it.next()),
            Some(Kind::Generator) if self.for_iter_suspended(r) => {
                return Done::Yes;
            }
            Some(Kind::Foreign | Kind::DictIter) => {
                let mut copy = *r;
                let flow = self.for_iter_native(&mut copy, i);
                *r = copy;
                match flow {
                    Flow::Next => std::mem::forget(flow),
                    raised => {
                        return Done::Raised(raised);
                    }
                }
                return Done::Yes;
            }
            _ => return Done::No,
        };
        match next {
            Some(v) => r.result(0, v),
            None => {
                drop(r.pop());
                r.follow(i);
            }
        }
        Done::Yes
    }
    /// BINARY_SUBSCR of a list or tuple, or of a dict with a key that stands in it as itself. False: nothing was done.
    #[inline(always)]
    fn subscript_fast(&self, r: &mut Regs) -> bool {
        let Some(n) = r.peek(1).as_small_int() else {
            let Some(v) = self.item_known(r.peek(2), r.peek(1)) else {
                return false;
            };
            r.drop_top(1);
            r.set_top(v);
            return true;
        };
        let v = r.peek(2);
        let found = if let Some(l) = v.as_ref::<List>()
            && l.class().is(&self.types.list)
        {
            l.get(n as usize)
        } else if let Some(t) = v.as_ref::<Tuple>()
            && t.class().is(&self.types.tuple)
        {
            t.get(n as usize).cloned()
        } else {
            self.item_known(v, r.peek(1))
        };
        let Some(v) = found else { return false };
        r.pop_immediate();
        r.set_top(v);
        true
    }
    /// COMPARE_OP of two ints, by identity, or of a key in a dict or set, and the jump on its outcome. False: nothing was done.
    #[inline(always)]
    fn compare_fast(&self, r: &mut Regs, i: &Instr, arg: u32) -> bool {
        let (a, b) = (r.peek(2), r.peek(1));
        let holds = if arg < 6
            && let Some(order) = Value::order_small(a, b)
        {
            r.pop_immediate();
            r.pop_immediate();
            i.oparg2.get() >> order & 1 != 0
        } else if arg & !1 == 8 {
            let same = a.is(b);
            r.drop_top(2);
            same == (arg == 8)
        } else if arg & !1 == 6 && self.holds_known(b, a) {
            r.drop_top(2);
            arg == 6
        } else {
            return false;
        };
        // A jump that follows is taken here, without the bool on the stack.
        match r.following().op.get() {
            Quick::PopJumpIfFalse => r.skip_or_jump(1, !holds),
            Quick::PopJumpIfTrue => r.skip_or_jump(1, holds),
            _ => r.push(Value::bool(holds)),
        }
        true
    }
    /// Whether GET_AWAITABLE leaves the value as it is: a coroutine that was not started (a started one may be awaited already,
    /// which the general path says), or an object that is its own iterator.
    #[inline(always)]
    fn is_awaitable_as_is(&self, v: &Value) -> bool {
        if let Some(g) = v.downcast::<Generator>() {
            return g.kind == GenKind::Coroutine && g.state.get() == GenState::Created;
        }
        let t = self.type_of(v);
        crate::model::protocol::is_awaited_as_is(t)
            || t.has(TypeFlags::COROUTINE)
                && t.slots.await_.get().is_some_and(|f| f(self, v).is_ok())
    }

    /// Runs instructions up to one that leaves or enters more than a frame of its own, or raises.
    #[inline(never)]
    pub(super) fn run_fast(&self, regs: &mut Regs) -> Flow {
        let mut owned = *regs;
        let r = &mut owned;
        'next: loop {
            let exit = 'exit: {
                let (i, op) = r.fetch();
                let arg = i.arg.get();
                match op {
                    // Not an empty arm: a dispatch that went to itself would not be copied to the ends of the others.
                    Quick::Nop | Quick::ExtendedArg => r.keep_own_dispatch(),
                    Quick::LoadFast => {
                        if !r.load_fast(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastLoadFast => {
                        if !r.load_fast_fast(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastLoadConst => {
                        if !r.load_fast_const(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    // On operands of other kinds a fused instruction does what only loads, and the rest comes next.
                    Quick::LoadFastConstAdd => {
                        let (a, b) = (r.local(arg as usize), r.constant(r.following()));
                        if let Some(sum) = Value::add_small(a, b) {
                            r.result(2, sum);
                        } else if !r.load_fast_const(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastConstSubtract => {
                        let (a, b) = (r.local(arg as usize), r.constant(r.following()));
                        if let Some(difference) = Value::sub_small(a, b) {
                            r.result(2, difference);
                        } else if !r.load_fast_const(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastConstCompareJump => {
                        let (a, b) = (r.local(arg as usize), r.constant(r.following()));
                        if let Some(order) = Value::order_small(a, b) {
                            r.skip_or_jump(3, i.oparg2.get() >> order & 1 != 0);
                        } else if !r.load_fast_const(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastFastCompareJump => {
                        let second = r.following().arg.get();
                        let (a, b) = (r.local(arg as usize), r.local(second as usize));
                        if let Some(order) = Value::order_small(a, b) {
                            r.skip_or_jump(3, i.oparg2.get() >> order & 1 != 0);
                        } else if !r.load_fast_fast(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastFastAdd => {
                        let second = r.following().arg.get();
                        let (a, b) = (r.local(arg as usize), r.local(second as usize));
                        if let Some(sum) = Value::add_small(a, b) {
                            r.result(2, sum);
                        } else if !r.load_fast_fast(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastConstMultiply => {
                        let (a, b) = (r.local(arg as usize), r.constant(r.following()));
                        if let Some(product) = small(a, b, multiply) {
                            r.result(2, product);
                        } else if !r.load_fast_const(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastConstModulo => {
                        let (a, b) = (r.local(arg as usize), r.constant(r.following()));
                        if let Some(remainder) = small(a, b, modulo) {
                            r.result(2, remainder);
                        } else if !r.load_fast_const(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastLoadAttr => {
                        let (v, next) = (r.local(arg as usize), r.following());
                        if matches!(next.op.get(), Quick::LoadAttrSlot)
                            && let Some(o) = cached_instance(v, next)
                            && let attribute = o.slot(next.oparg2.get() as usize)
                            && !attribute.is_unbound()
                        {
                            r.skip(1);
                            r.push(attribute);
                        } else if !r.load_fast(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastLoadMethod => {
                        let (v, next) = (r.local(arg as usize), r.following());
                        if matches!(next.op.get(), Quick::LoadMethodCached)
                            && self.has_cached_method(v, next)
                        {
                            let (f, v) = (
                                r.frame().code.cached_value(next.oparg2.get() as u32),
                                v.clone(),
                            );
                            r.skip(1);
                            r.push(f);
                            r.push(v);
                        } else if !r.load_fast(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadFastFastStoreAttr => {
                        let second = r.following().arg.get();
                        let (v, o) = (r.local(arg as usize), r.local(second as usize));
                        if !v.is_unbound() && store_cached(r, o, r.ahead(2), v) {
                            r.skip(2);
                            r.keep_own_dispatch();
                        } else if !r.load_fast_fast(arg) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::StoreFast => {
                        let v = r.pop();
                        r.set_local(arg as usize, v);
                    }
                    Quick::LoadConst => {
                        let v = r.constant(i).clone();
                        r.push(v);
                    }
                    Quick::PopTop => {
                        drop(r.pop());
                        if self.interrupted() {
                            // What the release left to do is done on this line: the step pops a stand-in and looks.
                            r.push(Value::NONE);
                            break 'exit Exit::Slow;
                        }
                        r.keep_own_dispatch();
                    }
                    Quick::RotTwo => r.swap_top(),
                    Quick::DupTop => {
                        let v = r.peek(1).clone();
                        r.push(v);
                    }

                    Quick::BinaryAdd | Quick::InplaceAdd => {
                        let floats = |a: f64, b: f64| Value::try_float(a + b);
                        if !arithmetic(r, Value::add_small, floats) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::BinarySubtract | Quick::InplaceSubtract => {
                        let floats = |a: f64, b: f64| Value::try_float(a - b);
                        if !arithmetic(r, Value::sub_small, floats) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::BinaryMultiply | Quick::InplaceMultiply => {
                        let floats = |a: f64, b: f64| Value::try_float(a * b);
                        if !arithmetic(r, |a, b| small(a, b, multiply), floats) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::BinaryModulo | Quick::InplaceModulo => {
                        if !arithmetic(r, |a, b| small(a, b, modulo), |_, _| None) {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::UnaryNot => {
                        let Some(b) = r.peek(1).as_bool() else {
                            break 'exit Exit::Slow;
                        };
                        r.replace_immediate(Value::bool(!b));
                    }
                    Quick::CompareOp => {
                        if !self.compare_fast(r, i, arg) {
                            break 'exit Exit::Slow;
                        }
                    }

                    Quick::JumpForward => r.follow(i),
                    Quick::JumpAbsolute => {
                        if self.interrupted() {
                            break 'exit Exit::Slow;
                        }
                        r.follow(i);
                    }
                    Quick::PopJumpIfFalse => {
                        let Some(b) = r.peek(1).as_bool() else {
                            break 'exit Exit::Slow;
                        };
                        r.pop_immediate();
                        if !b {
                            r.follow(i);
                        } else {
                            r.keep_own_dispatch();
                        }
                    }
                    Quick::PopJumpIfTrue => {
                        let Some(b) = r.peek(1).as_bool() else {
                            break 'exit Exit::Slow;
                        };
                        r.pop_immediate();
                        if b {
                            r.follow(i);
                        } else {
                            r.keep_own_dispatch();
                        }
                    }
                    Quick::JumpIfFalseOrPop => {
                        let Some(b) = r.peek(1).as_bool() else {
                            break 'exit Exit::Slow;
                        };
                        if b {
                            r.pop_immediate();
                        } else {
                            r.follow(i);
                        }
                    }
                    Quick::JumpIfTrueOrPop => {
                        let Some(b) = r.peek(1).as_bool() else {
                            break 'exit Exit::Slow;
                        };
                        if b {
                            r.follow(i);
                        } else {
                            r.pop_immediate();
                        }
                    }

                    Quick::LoadGlobalModule => {
                        let Some(v) = r.global(i) else {
                            break 'exit Exit::Slow;
                        };
                        let v = v.clone();
                        r.push(v);
                    }
                    Quick::LoadGlobalBuiltin => {
                        let f = &r.frame().function;
                        let (version, builtins) = i.cache();
                        if f.globals.current_version() != version
                            || f.builtins.current_version() != builtins
                        {
                            break 'exit Exit::Slow;
                        }
                        let Some(v) = f.builtins.get_at(i.oparg2.get() as usize) else {
                            break 'exit Exit::Slow;
                        };
                        r.push(v);
                    }
                    Quick::LoadNameCached => {
                        let (version, entry) = i.cache();
                        let Some(d) = r.frame().namespace() else {
                            break 'exit Exit::Slow;
                        };
                        if d.current_version() != version {
                            break 'exit Exit::Slow;
                        }
                        let Some(v) = d.get_at(entry as usize) else {
                            break 'exit Exit::Slow;
                        };
                        r.push(v);
                    }
                    Quick::StoreNameCached => {
                        let (version, entry) = i.cache();
                        let Some(d) = r.running().namespace() else {
                            break 'exit Exit::Slow;
                        };
                        if d.current_version() != version {
                            break 'exit Exit::Slow;
                        }
                        drop(d.replace_at(entry as usize, r.pop()));
                        r.keep_own_dispatch();
                    }
                    Quick::LoadAttrSlot => {
                        let Some(o) = cached_instance(r.peek(1), i) else {
                            break 'exit Exit::Slow;
                        };
                        let v = o.slot(i.oparg2.get() as usize);
                        if v.is_unbound() {
                            break 'exit Exit::Slow;
                        }
                        r.set_top(v);
                    }
                    Quick::LoadAttrModule => {
                        let Some(v) = self.cached_module_attr(r.peek(1), i) else {
                            break 'exit Exit::Slow;
                        };
                        r.set_top(v);
                    }
                    Quick::LoadAttrProperty => {
                        let mut copy = *r;
                        let entered = self.enter_getter(&mut copy, i);
                        *r = copy;
                        if !entered {
                            break 'exit Exit::Slow;
                        }
                    }
                    Quick::LoadMethodModule => {
                        let Some(v) = self.cached_module_attr(r.peek(1), i) else {
                            break 'exit Exit::Slow;
                        };
                        r.set_top(Value::UNBOUND);
                        r.push(v);
                    }
                    Quick::StoreAttrSlot | Quick::StoreAttrNew => {
                        if !store_cached(r, r.peek(1), i, r.peek(2)) {
                            break 'exit Exit::Slow;
                        }
                        r.drop_top(2);
                        r.keep_own_dispatch();
                    }
                    Quick::LoadMethodCached => {
                        if !self.has_cached_method(r.peek(1), i) {
                            break 'exit Exit::Slow;
                        }
                        let f = r.frame().code.cached_value(i.oparg2.get() as u32);
                        r.insert_below(f);
                    }
                    Quick::LoadClosure => {
                        let n = r.frame().code.nlocals as usize + arg as usize;
                        let v = r.local(n).clone();
                        r.push(v);
                    }
                    Quick::LoadDeref => {
                        let n = r.frame().code.nlocals as usize + arg as usize;
                        let Some(c) = r.local(n).downcast::<PyCell>() else {
                            break 'exit Exit::Slow;
                        };
                        let v = c.content.get();
                        if v.is_unbound() {
                            break 'exit Exit::Slow;
                        }
                        r.push(v);
                    }
                    Quick::StoreDeref => {
                        let n = r.frame().code.nlocals as usize + arg as usize;
                        let v = r.pop();
                        if let Some(c) = r.local(n).downcast::<PyCell>() {
                            c.content.set(v);
                        }
                        r.keep_own_dispatch();
                    }

                    Quick::BinarySubscr => {
                        if !self.subscript_fast(r) {
                            break 'exit Exit::Slow;
                        }
                    }

                    Quick::StoreSubscr => {
                        if !self.store_known(r.peek(2), r.peek(1), r.peek(3)) {
                            break 'exit Exit::Slow;
                        }
                        r.drop_top(3);
                        r.keep_own_dispatch();
                    }
                    Quick::BuildTuple if arg > 0 => {
                        let v = r.take_tuple(&self.heap, &self.types.tuple, arg as usize);
                        r.push(v);
                    }
                    Quick::ListAppend => {
                        let v = r.pop();
                        if let Some(l) = r.peek(arg as usize).downcast::<List>()
                            && let Err(v) = l.try_push(v)
                        {
                            r.push(v);
                            break 'exit Exit::Slow;
                        }
                    }

                    Quick::ForIter => match self.for_iter_fast(r, i) {
                        Done::Yes => {}
                        Done::No => break 'exit Exit::Slow,
                        Done::Raised(raised) => break 'exit Exit::Loop(raised),
                    },

                    Quick::GetAwaitable => {
                        if !self.is_awaitable_as_is(r.peek(1)) {
                            break 'exit Exit::Slow;
                        }
                    }

                    Quick::YieldValue if self.yield_to_for(r) => r.keep_own_dispatch(),
                    Quick::YieldValue if self.yield_to_anext(r) => r.keep_own_dispatch(),
                    Quick::GetAnext if self.anext_suspended(r) => r.keep_own_dispatch(),
                    Quick::ReturnValue if r.frame().mode.get() == Mode::Call => {
                        break 'exit Exit::Return(r.pop());
                    }
                    Quick::LoadFastReturn => {
                        if r.local(arg as usize).is_unbound() {
                            break 'exit Exit::Slow;
                        }
                        if r.frame().mode.get() == Mode::Call {
                            break 'exit Exit::Return(r.take_local(arg as usize));
                        }
                        let v = r.local(arg as usize).clone();
                        r.push(v);
                    }
                    Quick::LoadConstReturn => {
                        if r.frame().mode.get() == Mode::Call {
                            break 'exit Exit::Return(r.constant(i).clone());
                        }
                        let v = r.constant(i).clone();
                        if v.is_none() && r.frame().mode.get() == Mode::Init {
                            break 'exit Exit::ReturnInstance;
                        }
                        r.push(v);
                    }
                    // An `__init__` leaves the instance below it as the result.
                    Quick::ReturnValue
                        if r.frame().mode.get() == Mode::Init && r.peek(1).is_none() =>
                    {
                        r.pop_immediate();
                        break 'exit Exit::ReturnInstance;
                    }
                    Quick::CallFunction => {
                        let n = arg as usize;
                        if self.interrupted() {
                            break 'exit Exit::Slow;
                        }
                        if !self.call_simple(r, n, false) && !self.call_class(r, n) {
                            match self.call_native_fast(r, n, 1) {
                                Done::Yes => {}
                                Done::No => break 'exit Exit::Slow,
                                Done::Raised(raised) => break 'exit Exit::Loop(raised),
                            }
                        }
                        r.keep_own_dispatch();
                    }
                    Quick::CallMethod => {
                        // Below the arguments lie method and self, or NULL and a callable.
                        let bare = r.peek(arg as usize + 2).is_unbound();
                        let n = arg as usize + !bare as usize;
                        if self.interrupted() {
                            break 'exit Exit::Slow;
                        }
                        if !self.call_simple(r, n, bare) {
                            match self.call_native_fast(r, n, 1 + bare as usize) {
                                Done::Yes => {}
                                Done::No => break 'exit Exit::Slow,
                                Done::Raised(raised) => break 'exit Exit::Loop(raised),
                            }
                        }
                        r.keep_own_dispatch();
                    }
                    Quick::UnpackSequence => {
                        let n = arg as usize;
                        let whole = |t: &&crate::memory::Ref<Tuple>| {
                            t.class().is(&self.types.tuple) && t.len() == n
                        };
                        if r.peek(1).as_ref::<Tuple>().filter(whole).is_none() {
                            break 'exit Exit::Slow;
                        }
                        let v = r.pop();
                        if let Some(t) = v.as_ref::<Tuple>() {
                            for item in t.iter().rev() {
                                r.push(item.clone());
                            }
                        }
                    }
                    Quick::CallAndYield => {
                        let method = i.oparg2.get() as usize;
                        if self.interrupted() || !self.call_and_yield(r, arg as usize, method) {
                            break 'exit Exit::Slow;
                        }
                        break 'exit Exit::Loop(Flow::YieldFrom(Value::NONE));
                    }
                    // Resumed after a yield whose awaitable was left out.
                    Quick::YieldFrom if r.peek(2).is_unbound() => {
                        drop(r.pop());
                        r.replace_immediate(Value::NONE);
                    }
                    Quick::PopBlock => {
                        r.pop_block();
                    }
                    Quick::SetupFinally => {
                        let b = Block {
                            kind: BlockKind::Finally,
                            handler: arg,
                            level: r.block_level(),
                        };
                        r.push_block(b);
                    }
                    // A pattern of all of them, so that the dispatch needs no range check.
                    for_each_op!(slow_units {}) => break 'exit Exit::Slow,
                }
                continue 'next;
            };
            match exit {
                Exit::Slow => {
                    let mut copy = *r;
                    let flow = self.step(&mut copy);
                    *r = copy;
                    if !matches!(flow, Flow::Next | Flow::Switched) {
                        *regs = owned;
                        return flow;
                    }
                    std::mem::forget(flow);
                }
                Exit::Return(v) => {
                    let back = r.frame().back.get();
                    leave_plain(self, r);
                    // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                    *r = unsafe { Regs::load(back) };
                    r.result(0, v);
                }
                Exit::ReturnInstance => {
                    let back = r.frame().back.get();
                    leave_plain(self, r);
                    // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                    *r = unsafe { Regs::load(back) };
                }
                Exit::Loop(flow) => {
                    *regs = owned;
                    return flow;
                }
            }
        }
    }

    #[inline(always)]
    fn interrupted(&self) -> bool {
        self.eval_breaker.load(Ordering::Relaxed) != 0
    }
}
