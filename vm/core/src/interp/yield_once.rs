//! Awaiting a call that only gives way, as `await asyncio.sleep(0)` does: the frame rests before its YIELD_FROM with nothing
//! made to wait for. UNBOUND stands in the place of the awaitable, which is made when somebody looks.
use crate::frame::{Frame, Regs};
use crate::memory::Value;
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::PyResult;

impl Vm {
    /// Tells of a coroutine function that what it gives for some arguments, which `when` knows, yields None once, whatever it
    /// is sent then returns None, and does nothing else. `seen` makes such a coroutine that has yielded.
    pub fn set_yields_once(
        &self,
        function: &Value,
        when: YieldsOnce,
        seen: fn(&Vm) -> Value,
    ) -> PyResult<()> {
        let code = self.function_code(self.this::<Function>(function)?)?;
        code.yields_once.set(Some(when));
        self.materialize_yield.set(Some(seen));
        Ok(())
    }

    /// Specializes the call that runs, if it is awaited at once.
    pub(super) fn begin_call_and_yield(&self, r: &Regs, method: bool) {
        let i = r.instr();
        if r.is_awaited() && i.respecializations.get() < u8::MAX {
            i.respecializations.set(i.respecializations.get() + 1);
            i.oparg2.set(method as u16);
            i.op.set(Quick::CallAndYield);
        }
    }

    /// Gives a specialized call its own opcode back.
    pub(super) fn end_call_and_yield(&self, i: &Instr) {
        if i.op.get() == Quick::CallAndYield {
            let method = i.oparg2.get() == 1;
            i.op.set(if method {
                Quick::CallMethod
            } else {
                Quick::CallFunction
            });
        }
    }

    /// CALL_AND_YIELD with `n` arguments, `method` being 1 where there is a NULL below the callable: moves up to the YIELD_FROM,
    /// for the frame to be left. False: nothing was done.
    #[inline(always)]
    pub(super) fn call_and_yield(&self, r: &mut Regs, n: usize, method: usize) -> bool {
        let Some(f) = r.peek(n + 1).as_ref::<Function>() else {
            return false;
        };
        let Some(yields_once) = f.code.get().and_then(|code| code.yields_once.get()) else {
            return false;
        };
        if method != 0 && !r.peek(n + 2).is_unbound()
            || self.origin_depth.get() != 0
            || !yields_once(r.top(n))
        {
            return false;
        }
        r.drop_top(n + 1 + method);
        r.push(Value::UNBOUND);
        // GET_AWAITABLE, LOAD_CONST, YIELD_FROM.
        r.skip(3);
        true
    }

    /// What a resting frame waits for, unless that is linked below it. An awaitable that was left out is made now.
    pub(crate) fn awaited_by(&self, f: &Frame) -> Option<Value> {
        let v = f.waiting_for()?;
        if !v.is_unbound() {
            return Some(v);
        }
        let seen = self.materialize_yield.get()?(self);
        f.set_top(seen.clone());
        Some(seen)
    }
}
