//! Coroutine functions with a native twin: what calling them gives is made in Rust, and smaller than a coroutine with a frame.
//! Their Python code is what is shown of them, and what a coroutine with an origin runs.
use super::Quick;
use crate::error::{Exc, PyResult};
use crate::frame::live_or_none;
use crate::heap::{Ref, RefSlot, Slot, Value};
use crate::objects::*;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};

impl Vm {
    /// Gives a coroutine function of one parameter a native twin.
    pub fn set_twin(&self, function: &Value, twin: Twin) -> PyResult<()> {
        let code = self.function_code(self.this::<Function>(function)?)?;
        if code.argcount != 1 || code.shape.get() != CallShape::SimpleGenerator || code.ncells != 0
        {
            return Err(self.type_error("a coroutine function of one parameter is required"));
        }
        code.twin.set(Some(twin));
        Ok(())
    }

    /// The twin to call. Where origins are tracked, the Python code makes coroutines that have one.
    #[inline]
    pub(crate) fn twin_of(&self, code: &Code) -> Option<Twin> {
        code.twin.get().filter(|_| self.origin_depth.get() == 0)
    }

    /// Whether what a native awaitable yields now goes straight to whoever resumed `coroutine`: its chain runs, and the
    /// instruction that runs is the YIELD_FROM over the awaitable.
    pub fn yields_to_resumer_of(&self, coroutine: &Value) -> bool {
        let Some(g) = coroutine.as_ref::<Generator>() else {
            return false;
        };
        if !std::ptr::eq(self.root.get(), &raw const **g) {
            return false;
        }
        live_or_none(self.frame.get()).is_some_and(|f| {
            let at = usize::try_from(f.unit()).ok();
            let running = at.and_then(|u| f.code.quick.get(u));
            f.is_generator && running.is_some_and(|i| i.op.get() == Quick::YieldFrom)
        })
    }

    /// The frame that a function would rest in at its first `await`, or (`started` being false) before its first instruction,
    /// with these locals and `owner` as its generator. It is for looking at: nothing goes on in it.
    pub fn resting_frame(
        &self,
        f: &Ref<Function>,
        owner: &Value,
        started: bool,
        locals: Vec<Value>,
    ) -> PyResult<Value> {
        let code = self.function_code(f)?;
        let wait = || {
            let at = code
                .quick
                .iter()
                .position(|i| i.op.get() == Quick::YieldFrom)?;
            i32::try_from(at).ok().map(|at| (at - 1) * 2)
        };
        let mut saved = locals;
        saved.resize(code.fixed_slots(), Value::UNBOUND);
        let lasti = if started { wait().unwrap_or(-1) } else { -1 };
        let frame = FrameObject {
            live: Cell::new(std::ptr::null()),
            function: f.clone(),
            code,
            locals: Slot::empty(),
            saved: RefCell::new(saved),
            back: RefSlot::default(),
            lasti: Cell::new(lasti),
            generator: Cell::new(std::ptr::null()),
            owner: Slot::new(owner.clone()),
            trace: Slot::new(Value::NONE),
            extra_locals: RefSlot::default(),
        };
        Ok(self.heap.alloc(&self.types.frame, frame).into())
    }

    /// Adds a resting frame to the traceback of an exception that is raised at its `await`.
    pub fn traceback_resting(&self, frame: &Value, e: &Exc) {
        let (Some(f), Some(x)) = (frame.as_ref::<FrameObject>(), e.0.downcast::<Exception>())
        else {
            return;
        };
        // It rests at the instruction before the YIELD_FROM.
        let unit = usize::try_from(f.lasti.get()).map_or(0, |at| at / 2 + 1);
        let tb = Traceback {
            next: RefSlot::new(x.traceback.get()),
            frame: f.clone(),
            lasti: unit as i32 * 2,
            line: f.code.line_of(unit),
        };
        x.traceback
            .set(Some(self.heap.alloc(&self.types.traceback, tb)));
    }
}
