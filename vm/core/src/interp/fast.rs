//! The straight path: instructions on operands of the common kinds. Nothing here raises, runs Python or takes the address
//! of the registers, so that they stay in machine registers; whatever would is left to `Vm::step`.
use super::Quick;
use crate::frame::{Mode, Regs, live};
use crate::heap::{Kind, Value};
use crate::objects::*;
use crate::vm::Vm;
use std::sync::atomic::Ordering;

/// `$ints` or `$floats` on two operands that both stand in their words, and whose result does.
macro_rules! arithmetic {
    ($r:ident, $ints:expr, $floats:expr) => {{
        let (a, b) = ($r.peek(2), $r.peek(1));
        #[allow(clippy::redundant_closure_call)]
        let result = match $ints(a, b) {
            Some(v) => Some(v),
            None => match (a.as_inline_float(), b.as_inline_float()) {
                (Some(a), Some(b)) => $floats(a, b),
                _ => None,
            },
        };
        match result {
            Some(v) => $r.shrink_immediates(v),
            None => break,
        }
    }};
}

/// A function of two numbers as one of two words.
#[inline(always)]
fn small(a: &Value, b: &Value, f: impl FnOnce(i64, i64) -> Option<Value>) -> Option<Value> {
    let (a, b) = Value::both_small(a, b)?;
    f(a, b)
}

impl Vm {
    /// Runs instructions up to one that is not for here; `pc` is left on it.
    #[inline(never)]
    pub(super) fn run_fast(&self, regs: &mut Regs) {
        let mut owned = *regs;
        let r = &mut owned;
        loop {
            let (i, op) = r.fetch();
            let arg = i.arg.get();
            match op {
                Quick::Nop | Quick::ExtendedArg => {}
                Quick::LoadFast => {
                    let v = r.local(arg as usize);
                    if v.is_unbound() {
                        break;
                    }
                    let v = v.clone();
                    r.push(v);
                }
                Quick::LoadFastLoadFast => {
                    let second = r.following().arg.get();
                    let (a, b) = (r.local(arg as usize), r.local(second as usize));
                    if a.is_unbound() || b.is_unbound() {
                        break;
                    }
                    let (a, b) = (a.clone(), b.clone());
                    r.push(a);
                    r.push(b);
                    r.skip();
                }
                Quick::LoadFastLoadConst => {
                    let v = r.local(arg as usize);
                    if v.is_unbound() {
                        break;
                    }
                    let v = v.clone();
                    r.push(v);
                    let v = r.constant(r.following());
                    r.push(v);
                    r.skip();
                }
                Quick::StoreFast => {
                    let v = r.pop();
                    r.set_local(arg as usize, v);
                }
                Quick::LoadConst => {
                    let v = r.constant(i);
                    r.push(v);
                }
                Quick::PopTop => {
                    if self.interrupted() {
                        break;
                    }
                    drop(r.pop());
                }
                Quick::RotTwo => r.swap_top(),
                Quick::DupTop => {
                    let v = r.peek(1).clone();
                    r.push(v);
                }

                Quick::BinaryAdd | Quick::InplaceAdd => {
                    arithmetic!(r, Value::add_small, |a: f64, b: f64| Value::try_float(
                        a + b
                    ))
                }
                Quick::BinarySubtract | Quick::InplaceSubtract => {
                    arithmetic!(r, Value::sub_small, |a: f64, b: f64| Value::try_float(
                        a - b
                    ))
                }
                Quick::BinaryMultiply | Quick::InplaceMultiply => {
                    arithmetic!(
                        r,
                        |a, b| small(a, b, |a, b| a.checked_mul(b).and_then(Value::try_int)),
                        |a: f64, b: f64| Value::try_float(a * b)
                    )
                }
                Quick::BinaryModulo | Quick::InplaceModulo => {
                    let rem = |a: i64, b: i64| (b > 0).then(|| Value::small_int(a.rem_euclid(b)));
                    arithmetic!(r, |a, b| small(a, b, rem), |_, _| None)
                }
                Quick::BinaryFloorDivide | Quick::InplaceFloorDivide => {
                    let div = |a: i64, b: i64| (b > 0).then(|| Value::small_int(a.div_euclid(b)));
                    arithmetic!(r, |a, b| small(a, b, div), |_, _| None)
                }
                Quick::BinaryAnd | Quick::InplaceAnd => {
                    let and = |a, b| Some(Value::small_int(a & b));
                    arithmetic!(r, |a, b| small(a, b, and), |_, _| None)
                }
                Quick::UnaryNot => {
                    let Some(b) = r.peek(1).as_bool() else { break };
                    r.set_immediate(Value::bool(!b));
                }
                Quick::CompareOp => {
                    let (a, b) = (r.peek(2), r.peek(1));
                    let holds = if arg < 6
                        && let Some(order) = Value::order_small(a, b)
                    {
                        i.extra.get() & order != 0
                    } else if arg & !1 == 8 {
                        a.is(b) == (arg == 8)
                    } else {
                        break;
                    };
                    r.drop_top(2);
                    // A jump that follows is taken here, without the bool on the stack.
                    let next = r.following();
                    match next.op.get() {
                        Quick::PopJumpIfFalse => {
                            r.skip();
                            if !holds {
                                r.jump(next.arg.get());
                            }
                        }
                        Quick::PopJumpIfTrue => {
                            r.skip();
                            if holds {
                                r.jump(next.arg.get());
                            }
                        }
                        _ => r.push(Value::bool(holds)),
                    }
                }

                Quick::JumpForward => r.jump(arg),
                Quick::JumpAbsolute => {
                    if self.interrupted() {
                        break;
                    }
                    r.jump(arg);
                }
                Quick::PopJumpIfFalse => {
                    let Some(b) = r.peek(1).as_bool() else { break };
                    r.forget_immediate();
                    if !b {
                        r.jump(arg);
                    }
                }
                Quick::PopJumpIfTrue => {
                    let Some(b) = r.peek(1).as_bool() else { break };
                    r.forget_immediate();
                    if b {
                        r.jump(arg);
                    }
                }
                Quick::JumpIfFalseOrPop => {
                    let Some(b) = r.peek(1).as_bool() else { break };
                    if b {
                        r.forget_immediate();
                    } else {
                        r.jump(arg);
                    }
                }
                Quick::JumpIfTrueOrPop => {
                    let Some(b) = r.peek(1).as_bool() else { break };
                    if b {
                        r.jump(arg);
                    } else {
                        r.forget_immediate();
                    }
                }

                Quick::LoadGlobalModule => {
                    let globals = &r.frame().function.globals;
                    let (version, entry) = i.cache.get();
                    if globals.current_version() != version {
                        break;
                    }
                    let Some(v) = globals.get_at(entry as usize) else {
                        break;
                    };
                    r.push(v);
                }
                Quick::LoadGlobalBuiltin => {
                    let f = &r.frame().function;
                    let (version, builtins) = i.cache.get();
                    if f.globals.current_version() != version
                        || f.builtins.current_version() != builtins
                    {
                        break;
                    }
                    let Some(v) = f.builtins.get_at(i.extra.get() as usize) else {
                        break;
                    };
                    r.push(v);
                }
                Quick::LoadNameCached => {
                    let (version, entry) = i.cache.get();
                    let Some(d) = r.frame().namespace() else {
                        break;
                    };
                    if d.current_version() != version {
                        break;
                    }
                    let Some(v) = d.get_at(entry as usize) else {
                        break;
                    };
                    r.push(v);
                }
                Quick::StoreNameCached => {
                    let (version, entry) = i.cache.get();
                    let Some(d) = live(r.frame).namespace() else {
                        break;
                    };
                    if d.current_version() != version {
                        break;
                    }
                    drop(d.replace_at(entry as usize, r.pop()));
                }
                Quick::LoadAttrSlot => {
                    let (version, shape) = i.cache.get();
                    let Some(o) = r.peek(1).as_ref::<Instance>() else {
                        break;
                    };
                    if o.shape_id() != shape || o.class().current_version() != version {
                        break;
                    }
                    let v = o.slot(i.extra.get() as usize);
                    if v.is_unbound() {
                        break;
                    }
                    r.set_top(v);
                }
                Quick::LoadAttrModule => {
                    let (version, entry) = i.cache.get();
                    let Some(m) = r.peek(1).downcast::<Module>() else {
                        break;
                    };
                    if m.dict.current_version() != version {
                        break;
                    }
                    let Some(v) = m.dict.get_at(entry as usize) else {
                        break;
                    };
                    r.set_top(v);
                }
                Quick::StoreAttrSlot => {
                    let (version, shape) = i.cache.get();
                    let Some(o) = r.peek(1).as_ref::<Instance>() else {
                        break;
                    };
                    if o.shape_id() != shape || o.class().current_version() != version {
                        break;
                    }
                    let target = r.pop();
                    let value = r.pop();
                    if let Some(o) = target.downcast::<Instance>() {
                        o.set_slot(i.extra.get() as usize, value);
                    }
                }
                Quick::LoadMethodCached => {
                    let (version, shape) = i.cache.get();
                    let v = r.peek(1);
                    if self.type_of(v).current_version() != version
                        || v.downcast::<Instance>().map_or(0, |o| o.shape_id()) != shape
                    {
                        break;
                    }
                    let f = r.frame().code.cached_value(i.extra.get() as u32);
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
                        break;
                    };
                    let v = c.content.get();
                    if v.is_unbound() {
                        break;
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

                Quick::BinarySubscr => {
                    let Some(n) = r.peek(1).as_small_int() else {
                        break;
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
                        None
                    };
                    let Some(v) = found else { break };
                    r.forget_immediate();
                    r.set_top(v);
                }
                Quick::StoreSubscr => {
                    let Some(n) = r.peek(1).as_small_int() else {
                        break;
                    };
                    let Some(l) = r.peek(2).as_ref::<List>() else {
                        break;
                    };
                    if (n as u64) >= l.len() as u64 || !l.class().is(&self.types.list) {
                        break;
                    }
                    l.set(n as usize, r.peek(3).clone());
                    r.drop_top(3);
                }
                Quick::BuildTuple if arg > 0 => {
                    let v = r.take_tuple(self, arg as usize);
                    r.push(v);
                }
                Quick::ListAppend => {
                    let v = r.pop();
                    if let Some(l) = r.peek(arg as usize).downcast::<List>() {
                        l.push(v);
                    }
                }

                Quick::ForIter => {
                    let it = r.peek(1);
                    let next = match it.kind() {
                        Some(Kind::RangeIter) => match it.downcast::<RangeIter>() {
                            // Bounds that do not fit the word are for the slow path.
                            Some(it) => match it.next_small() {
                                Some(next) => next,
                                None => break,
                            },
                            None => break,
                        },
                        Some(Kind::ListIter) => it.downcast::<ListIter>().and_then(|it| it.next()),
                        Some(Kind::TupleIter) => {
                            it.downcast::<TupleIter>().and_then(|it| it.next())
                        }
                        Some(Kind::Generator) if self.for_iter_suspended(r) => continue,
                        _ => break,
                    };
                    match next {
                        Some(v) => r.push(v),
                        None => {
                            drop(r.pop());
                            r.jump(arg);
                        }
                    }
                }
                Quick::GetAwaitable => {
                    let Some(g) = r.peek(1).downcast::<Generator>() else {
                        break;
                    };
                    if g.kind != GenKind::Coroutine
                        || g.delegating.get()
                        || g.state.get() == GenState::Running
                        || !g.parent.get().is_null()
                    {
                        break;
                    }
                }
                Quick::YieldValue if self.yield_to_for(r) => {}
                Quick::ReturnValue if r.frame().mode.get() == Mode::Call => {
                    let v = r.pop();
                    r.save();
                    let back = r.frame().back.get();
                    crate::frame::leave_call(self, r.frame);
                    *r = Regs::load(back);
                    r.push(v);
                }
                Quick::CallFunction => {
                    if self.interrupted() || !self.call_simple(r, arg as usize, false) {
                        break;
                    }
                }
                Quick::CallMethod => {
                    // Below the arguments lie method and self, or NULL and a callable.
                    let n = arg as usize;
                    let bare = r.peek(n + 2).is_unbound();
                    if self.interrupted() || !self.call_simple(r, n + !bare as usize, bare) {
                        break;
                    }
                }
                Quick::PopBlock => {
                    r.pop_block();
                }
                _ => break,
            }
        }
        *regs = owned;
    }

    #[inline(always)]
    fn interrupted(&self) -> bool {
        self.heap.breaker.load(Ordering::Relaxed) != 0
    }
}
