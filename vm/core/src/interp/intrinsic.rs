//! Functions with an intrinsic. Called with just its positional arguments, such a function is done in Rust, or, if it makes a
//! coroutine, makes one that is smaller than one with a frame. The Python code is what is shown of it, and what runs where
//! the intrinsic says so, and where coroutines have an origin.
use crate::frame::Regs;
use crate::memory::{Ref, RefSlot, Slot, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::{Exc, PyResult};
use std::cell::{Cell, RefCell};

impl Vm {
    /// Gives a function of positional parameters an intrinsic.
    pub fn set_intrinsic(&self, function: &Value, intrinsic: Intrinsic) -> PyResult<()> {
        let code = self.function_code(self.this::<Function>(function)?)?;
        if code.shape.get() == CallKind::General || code.ncells != 0 {
            return Err(self.type_error("a function of positional parameters is required"));
        }
        code.intrinsic.set(Some(intrinsic));
        let defaults = self.this::<Function>(function)?.defaults.get();
        let defaults = defaults.map_or(0, |d| d.len());
        code.intrinsic_min_args
            .set((code.argcount as usize).saturating_sub(defaults));
        if code.shape.get() == CallKind::Simple {
            // The quick ways of calling enter a frame without asking.
            code.shape.set(CallKind::Intrinsic);
            code.simple_args.set(u32::MAX);
        }
        Ok(())
    }

    /// Gives a coroutine function an intrinsic, and one for calls that are awaited where they are made: it may do what the
    /// coroutine would do if that has not to wait, so that none is made.
    pub fn set_coroutine_intrinsic(
        &self,
        function: &Value,
        intrinsic: Intrinsic,
        now: Intrinsic,
    ) -> PyResult<()> {
        self.set_intrinsic(function, intrinsic)?;
        let code = self.function_code(self.this::<Function>(function)?)?;
        if code.shape.get() == CallKind::SimpleGenerator {
            code.ready_intrinsic.set(Some(now));
        }
        Ok(())
    }

    /// The outcome of a call that is awaited where it is made, if the function's intrinsic has it at once. The instructions up
    /// to the YIELD_FROM are skipped then.
    #[inline]
    pub(crate) fn call_ready_intrinsic(
        &self,
        r: &mut Regs,
        callable: &Value,
        args: &Args,
    ) -> PyResult<Option<Value>> {
        let Some(code) = callable.as_ref::<Function>().and_then(|f| f.code.get()) else {
            return Ok(None);
        };
        let (Some(now), Some(f)) = (code.ready_intrinsic.get(), callable.as_ref::<Function>())
        else {
            return Ok(None);
        };
        if args.names.is_empty()
            && args.pos.len() == code.argcount as usize
            && self.origin_depth.get() == 0
            && r.is_awaited()
            && let Some(v) = now(self, f, args.pos)?
        {
            r.jump(r.unit() as u32 + 4);
            return Ok(Some(v));
        }
        Ok(None)
    }

    /// What the intrinsic of a function makes of a call. Where origins are tracked, the Python code makes coroutines that have one.
    #[inline]
    pub(crate) fn call_intrinsic(
        &self,
        f: &Ref<Function>,
        code: &Code,
        args: &Args,
    ) -> PyResult<Option<Value>> {
        match code.intrinsic.get() {
            Some(intrinsic)
                if args.names.is_empty()
                    && (code.intrinsic_min_args.get()..=code.argcount as usize)
                        .contains(&args.pos.len())
                    && self.origin_depth.get() == 0 =>
            {
                intrinsic(self, f, args.pos)
            }
            _ => Ok(None),
        }
    }

    /// The coroutine of the function's Python code, whether there is an intrinsic or not.
    pub fn coroutine_of(&self, f: &Ref<Function>, args: &[Value]) -> PyResult<Value> {
        let code = self.function_code(f)?;
        self.make_generator(f, code, |frame| self.bind_args(f, frame, Args::pos(args)))
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
        self.current_frame().is_some_and(|f| {
            let at = usize::try_from(f.unit()).ok();
            let running = at.and_then(|u| f.code.quick.get(u));
            f.is_generator && running.is_some_and(|i| i.op.get() == Quick::YieldFrom)
        })
    }

    /// The frame that a function would rest in at its `await` of this number (from 0), or before its first instruction,
    /// with these locals and `owner` as its generator. It is for looking at: nothing goes on in it.
    pub fn resting_frame(
        &self,
        f: &Ref<Function>,
        owner: &Value,
        at: Option<usize>,
        locals: Vec<Value>,
    ) -> PyResult<Value> {
        let code = self.function_code(f)?;
        let waits = |n: usize| {
            let units = code.quick.iter().enumerate();
            let mut waits = units.filter(|(_, i)| i.op.get() == Quick::YieldFrom);
            i32::try_from(waits.nth(n)?.0).ok().map(|at| (at - 1) * 2)
        };
        let mut saved = locals;
        saved.resize(code.fixed_slots(), Value::UNBOUND);
        let lasti = at.and_then(waits).unwrap_or(-1);
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
