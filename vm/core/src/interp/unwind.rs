//! Exceptions: unwinding to a handler, blocks and with statements, chaining, tracebacks (3.8's ceval.c and errors.c).
use crate::frame::{Block, BlockKind, Frame, Mode, Regs, live};
use crate::memory::{Pending, Ref, RefSlot, Slot, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::{Exc, PyResult};
use std::cell::{Cell, RefCell};

impl Vm {
    /// Finds the handler of an exception raised by the instruction that runs, leaving frames that have none. An error
    /// comes back when the entry frame was left.
    #[cold]
    #[inline(never)]
    pub(super) fn unwind(&self, r: &mut Regs, mut e: Exc) -> PyResult<()> {
        self.note_context(&e);
        loop {
            self.traceback_here(r.frame(), &e);
            if self.find_handler(r, &e) {
                return Ok(());
            }
            e = self.generator_leaves(r.frame(), e);
            r.save();
            let frame = r.frame;
            let f = r.frame();
            let back = f.back.get();
            let mode = f.mode.get();
            match mode {
                Mode::Entry => {
                    self.end_generator(f);
                    self.pop_frame(frame);
                    return Err(e);
                }
                Mode::Call | Mode::SlowCall | Mode::Init | Mode::SlowInit => self.pop_frame(frame),
                Mode::ForIter | Mode::Send => {
                    self.end_generator(f);
                    self.pop_frame(frame);
                }
                Mode::Await => {
                    self.end_child(f);
                    self.pop_frame(frame);
                }
                Mode::Asend => {
                    self.end_child(f);
                    self.pop_frame(frame);
                    // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                    *r = unsafe { Regs::load(back) };
                    self.asend_end(r.peek(1));
                    continue;
                }
                Mode::Anext => {
                    self.end_anext(f);
                    self.pop_frame(frame);
                }
            }
            // SAFETY: the frame that this one was called or resumed from lives, and runs now.
            *r = unsafe { Regs::load(back) };
        }
    }

    /// Goes to the innermost handler of the frame, if there is one (3.8's `exception_unwind`).
    fn find_handler(&self, r: &mut Regs, e: &Exc) -> bool {
        while let Some(b) = r.pop_block() {
            match b.kind {
                BlockKind::Except => self.leave_handler(r, b),
                BlockKind::Finally => {
                    r.drop_to(b.level as usize);
                    r.push_block(Block {
                        kind: BlockKind::Except,
                        handler: 0,
                        level: r.block_level(),
                    });
                    let state = self.exc_info_state();
                    r.push(Value::NONE);
                    let old = state.value.replace(e.0.clone());
                    r.push(old);
                    r.push(Value::NONE);
                    // Traceback, value and type: the value stands for all three.
                    r.push(Value::NONE);
                    r.push(e.0.clone());
                    r.push(e.0.clone());
                    r.jump(b.handler);
                    return true;
                }
            }
        }
        false
    }

    /// The exception state of the code that runs.
    #[inline]
    pub(crate) fn exc_info_state(&self) -> &ExcState {
        // SAFETY: a link, which leads to the state of the thread where no generator runs.
        unsafe { live(self.exc_state.get()) }
    }

    /// The exception being handled, looking outwards (`sys.exception()`).
    pub fn current_exception(&self) -> Value {
        self.exc_states()
            .map(|s| s.value.get())
            .find(|v| !v.is_none())
            .unwrap_or(Value::NONE)
    }

    /// Drops what a handler left and restores the older exception.
    fn leave_handler(&self, r: &mut Regs, b: Block) {
        r.drop_to(b.level as usize + 3);
        drop(r.pop());
        let old = r.pop();
        drop(r.pop());
        self.exc_info_state().value.set(old);
    }

    pub(super) fn op_pop_except(&self, r: &mut Regs) {
        // A return value may lie below the three values (ROT_FOUR), so they are taken from the top.
        if r.pop_block().is_some() {
            drop(r.pop());
            let old = r.pop();
            drop(r.pop());
            self.exc_info_state().value.set(old);
        }
    }

    /// Sets `__context__` to the exception being handled, cutting a cycle (`_PyErr_SetObject`). Exceptions that pass
    /// through again keep theirs.
    fn note_context(&self, e: &Exc) {
        let Some(x) = e.0.downcast::<Exception>() else {
            return;
        };
        if !x.traceback.is_none() {
            return;
        }
        self.set_context(e);
    }

    pub(crate) fn set_context(&self, e: &Exc) {
        let handled = self.current_exception();
        let Some(x) = e.0.downcast::<Exception>() else {
            return;
        };
        if handled.is_none() || handled.is(&e.0) {
            return;
        }
        let mut at = handled.clone();
        // Floyd's slow pointer: a context chain may already hold a cycle that user code made.
        let mut slow = handled.clone();
        let mut step = false;
        while let Some(y) = at.downcast::<Exception>() {
            let Some(next) = y.context.get_bound().filter(|c| !c.is_none()) else {
                break;
            };
            if next.is(&e.0) {
                y.context.set(Value::NONE);
                break;
            }
            at = next;
            if at.is(&slow) {
                break;
            }
            if step && let Some(n) = slow.clone().downcast::<Exception>() {
                slow = n.context.get();
            }
            step = !step;
        }
        x.context.set(handled);
    }

    /// Adds the frame to the exception's traceback.
    pub(crate) fn traceback_here(&self, f: &Frame, e: &Exc) {
        let Some(x) = e.0.downcast::<Exception>() else {
            return;
        };
        // Unwinding millions of frames would use the reserve up.
        if self.is_short_of_memory() && x.traceback.get().is_some() {
            return;
        }
        let frame = self.frame_object(f);
        // An exception that is raised again by the same instruction (RERAISE at the end of a finally) is in
        // the traceback with its first place.
        if let Some(tb) = x.traceback.get()
            && tb.frame.is(&frame)
        {
            return;
        }
        let tb = Traceback {
            next: RefSlot::new(x.traceback.get()),
            frame,
            lasti: f.lasti(),
            line: f.line(),
        };
        x.traceback
            .set(Some(self.heap.alloc(&self.types.traceback, tb)));
    }

    /// What leaves a generator: StopIteration becomes RuntimeError (PEP 479).
    fn generator_leaves(&self, f: &Frame, e: Exc) -> Exc {
        let Some(g) = f.generator() else { return e };
        let what = if self.exc_is(&e, &self.exc.stop_iteration) {
            match g.kind {
                GenKind::Generator => "generator raised StopIteration",
                GenKind::Coroutine => "coroutine raised StopIteration",
                GenKind::AsyncGenerator => "async generator raised StopIteration",
            }
        } else if g.kind == GenKind::AsyncGenerator
            && self.exc_is(&e, &self.exc.stop_async_iteration)
        {
            "async generator raised StopAsyncIteration"
        } else {
            return e;
        };
        let new = self.runtime_error(what);
        if let Some(x) = new.0.downcast::<Exception>() {
            x.cause.set(e.0.clone());
            x.context.set(e.0.clone());
            x.suppress_context.set(true);
        }
        self.traceback_here(f, &new);
        new
    }

    /// The Python object of a frame, made when first asked for.
    pub(crate) fn frame_object(&self, f: &Frame) -> Ref<FrameObject> {
        if let Some(o) = f.object.get() {
            return o;
        }
        let o = FrameObject {
            live: Cell::new(f),
            code: f.code.clone(),
            function: f.function.clone(),
            locals: Slot::empty(),
            saved: RefCell::default(),
            back: RefSlot::default(),
            lasti: Cell::new(f.lasti()),
            generator: Cell::new(f.generator().map_or(std::ptr::null(), |g| g)),
            owner: Slot::new(Value::NONE),
            trace: Slot::new(Value::NONE),
            extra_locals: RefSlot::default(),
        };
        let o = self.heap.alloc(&self.types.frame, o);
        f.object.set(Some(o.clone()));
        match f.mode.get() {
            Mode::Call => f.mode.set(Mode::SlowCall),
            Mode::Init => f.mode.set(Mode::SlowInit),
            _ => {}
        }
        o
    }

    /// The frame object of the Python code that runs, `depth` frames out.
    pub fn frame_at(&self, depth: usize) -> Option<Ref<FrameObject>> {
        let mut at = self.current_frame()?;
        for _ in 0..depth {
            at = at.back()?;
        }
        Some(self.frame_object(at))
    }

    // ---- raise ----

    pub(super) fn op_raise(&self, r: &mut Regs, n: u32) -> Exc {
        if n == 0 {
            let e = self.current_exception();
            if e.is_none() {
                return self.runtime_error("No active exception to reraise");
            }
            return Exc(e);
        }
        let cause = if n == 2 { Some(r.pop()) } else { None };
        let v = r.pop();
        let e = match self.exception_of(&v) {
            Ok(e) => e,
            Err(e) => return e,
        };
        if let (Some(cause), Some(x)) = (cause, e.0.downcast::<Exception>()) {
            let fixed = if cause.is_none() {
                Value::NONE
            } else if self.is_exception_class(&cause) {
                match self.call(&cause, &[]) {
                    Ok(c) => c,
                    Err(e) => return e,
                }
            } else if cause.downcast::<Exception>().is_some() {
                cause
            } else {
                return self.type_error("exception causes must derive from BaseException");
            };
            x.cause.set(fixed);
            x.suppress_context.set(true);
        }
        self.set_context(&e);
        e
    }

    fn is_exception_class(&self, v: &Value) -> bool {
        v.as_ref::<Type>()
            .is_some_and(|t| t.is_subtype(&self.exc.base_exception))
    }

    /// An exception from what `raise` or `throw` was given.
    pub fn exception_of(&self, v: &Value) -> PyResult<Exc> {
        if v.downcast::<Exception>().is_some() {
            return Ok(Exc(v.clone()));
        }
        if self.is_exception_class(v) {
            let e = self.call(v, &[])?;
            if e.downcast::<Exception>().is_none() {
                return Err(self.type_error(format!(
                    "calling {} should have returned an instance of BaseException, not {}",
                    self.repr_string(v)?,
                    self.type_full_name(self.type_of(&e))
                )));
            }
            return Ok(Exc(e));
        }
        Err(self.type_error("exceptions must derive from BaseException"))
    }

    /// `except TYPE`: whether the exception on the left is one of the class or classes on the right.
    pub(super) fn exception_matches(&self, e: &Value, classes: &Value) -> PyResult<bool> {
        if let Some(t) = classes.as_ref::<Type>() {
            if !t.is_subtype(&self.exc.base_exception) {
                return Err(self.bad_except());
            }
            return Ok(match e.as_ref::<Type>() {
                Some(c) => c.is_subtype(t),
                None => self.is_instance(e, t),
            });
        }
        if let Some(list) = classes.downcast::<Tuple>() {
            for c in list.iter() {
                if !self.is_exception_class(c) {
                    return Err(self.bad_except());
                }
            }
            for c in list.iter() {
                if self.exception_matches(e, c)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        Err(self.bad_except())
    }
    fn bad_except(&self) -> Exc {
        self.type_error("catching classes that do not inherit from BaseException is not allowed")
    }

    // ---- finally and with ----

    pub(super) fn op_end_finally(&self, r: &mut Regs) -> PyResult<()> {
        let v = r.pop();
        if v.is_unbound() {
            return Ok(());
        }
        if let Some(unit) = v.as_small_int() {
            r.jump(unit as u32);
            return Ok(());
        }
        // The exception that brought us here goes on; value and traceback lie below its type.
        drop(r.pop());
        drop(r.pop());
        Err(Exc(v))
    }

    pub(super) fn op_pop_finally(&self, r: &mut Regs, keep: u32) {
        let result = if keep != 0 { Some(r.pop()) } else { None };
        let v = r.pop();
        if !v.is_unbound() && v.as_small_int().is_none() {
            drop(r.pop());
            drop(r.pop());
            self.op_pop_except(r);
        }
        if let Some(v) = result {
            r.push(v);
        }
    }

    pub(super) fn op_end_async_for(&self, r: &mut Regs) -> PyResult<()> {
        let v = r.pop();
        if self.is_instance(&v, &self.exc.stop_async_iteration) {
            drop(r.pop());
            drop(r.pop());
            self.op_pop_except(r);
            drop(r.pop());
            return Ok(());
        }
        drop(r.pop());
        drop(r.pop());
        Err(Exc(v))
    }

    pub(super) fn op_setup_with(&self, r: &mut Regs, handler: u32) -> PyResult<()> {
        let mgr = r.pop();
        let (enter, exit) =
            self.with_methods(&mgr, &self.names.enter, &self.names.exit, "context manager")?;
        r.push(exit);
        let v = self.call(&enter, &[])?;
        let b = Block {
            kind: BlockKind::Finally,
            handler,
            level: r.block_level(),
        };
        r.push_block(b);
        r.push(v);
        Ok(())
    }

    fn with_methods(
        &self,
        mgr: &Value,
        enter: &Ref<Str>,
        exit: &Ref<Str>,
        what: &str,
    ) -> PyResult<(Value, Value)> {
        let Some(e) = self.lookup_special(mgr, enter)? else {
            return Err(self.no_with_method(mgr, enter, false, what));
        };
        let Some(x) = self.lookup_special(mgr, exit)? else {
            return Err(self.no_with_method(mgr, exit, true, what));
        };
        Ok((e, x))
    }

    #[cold]
    fn no_with_method(&self, mgr: &Value, name: &Ref<Str>, exit: bool, what: &str) -> Exc {
        let t = self.type_full_name(self.type_of(mgr));
        let tail = if exit {
            format!(" (missed {} method)", name.to_string_lossy())
        } else {
            String::new()
        };
        self.type_error(format!(
            "'{t}' object does not support the {what} protocol{tail}"
        ))
    }

    pub(super) fn op_before_async_with(&self, r: &mut Regs) -> PyResult<()> {
        let mgr = r.pop();
        let what = "asynchronous context manager";
        // A plain method is called as it stands on the class.
        let enter = self.type_of(&mgr).lookup(self, &self.names.aenter);
        let plain = enter.filter(|f| f.downcast::<Function>().is_some());
        let v = match plain {
            Some(f) => {
                let Some(exit) = self.lookup_special(&mgr, &self.names.aexit)? else {
                    return Err(self.no_with_method(&mgr, &self.names.aexit, true, what));
                };
                r.push(exit);
                let args = [mgr];
                match self.call_ready_intrinsic(r, &f, &Args::pos(&args))? {
                    Some(v) => v,
                    None => self.call(&f, &args)?,
                }
            }
            None => {
                let (enter, exit) =
                    self.with_methods(&mgr, &self.names.aenter, &self.names.aexit, what)?;
                r.push(exit);
                self.call(&enter, &[])?
            }
        };
        r.push(v);
        Ok(())
    }

    /// Calls `__exit__` with the exception, or with three Nones, and pushes exception (or None) and result.
    pub(super) fn op_with_cleanup_start(&self, r: &mut Regs) -> PyResult<()> {
        let top = r.peek(1).clone();
        let plain = top.is_unbound() || top.as_small_int().is_some();
        let (exit, args) = if plain {
            // NULL or a return address lies above __exit__.
            drop(r.pop());
            let exit = r.pop();
            r.push(top);
            (exit, [Value::NONE, Value::NONE, Value::NONE])
        } else {
            // Three values of the exception and three of the older one lie above __exit__, which gives way
            // to the values; the handler's level goes down by one.
            let exit = std::mem::replace(r.peek_mut(7), Value::UNBOUND);
            let v = r.take(6);
            drop(r.pop());
            for x in &v[..3] {
                r.push(x.clone());
            }
            r.push(Value::UNBOUND);
            for x in &v[3..] {
                r.push(x.clone());
            }
            if let Some(b) = r.pop_block() {
                r.push_block(Block {
                    level: b.level - 1,
                    ..b
                });
            }
            let class = self.type_of(&top).value();
            let tb = top
                .downcast::<Exception>()
                .map_or(Value::NONE, |x| x.traceback.value());
            (exit, [class, top.clone(), tb])
        };
        let exc = if plain {
            Value::NONE
        } else {
            r.peek(1).clone()
        };
        let res = match exit.downcast::<BoundMethod>() {
            Some(m) => {
                let [a, b, c] = args;
                let args = [m.this.clone(), a, b, c];
                match self.call_ready_intrinsic(r, &m.func, &Args::pos(&args))? {
                    Some(v) => v,
                    None => self.call(&m.func, &args)?,
                }
            }
            None => self.call(&exit, &args)?,
        };
        r.push(exc);
        r.push(res);
        Ok(())
    }

    pub(super) fn op_with_cleanup_finish(&self, r: &mut Regs) -> PyResult<()> {
        let res = r.pop();
        let exc = r.pop();
        if !exc.is_none() && self.is_true(&res)? {
            // Swallowed: what is left is as after a plain end of the block.
            let Some(b) = r.pop_block() else {
                return Ok(());
            };
            self.leave_handler(r, b);
            r.push(Value::UNBOUND);
        }
        Ok(())
    }

    // ---- except* ----

    pub(super) fn op_check_eg_match(&self, r: &mut Regs) -> PyResult<()> {
        let class = r.pop();
        let rest = r.pop();
        let (rest, matched) = self.split_group(&rest, &class)?;
        if !matched.is_none() {
            self.exc_info_state().value.set(matched.clone());
        }
        r.push(rest);
        r.push(matched);
        Ok(())
    }

    fn split_group(&self, rest: &Value, class: &Value) -> PyResult<(Value, Value)> {
        if rest.is_none() {
            return Ok((Value::NONE, Value::NONE));
        }
        let group = &self.exc.base_exception_group;
        let names_group = |t: &Value| t.as_ref::<Type>().is_some_and(|t| t.is_subtype(group));
        let bad = match class.downcast::<Tuple>() {
            Some(t) => t.iter().any(names_group),
            None => names_group(class),
        };
        if bad {
            return Err(self.type_error(
                "catching ExceptionGroup with except* is not allowed. Use except instead.",
            ));
        }
        if self.exception_matches(rest, class)? {
            if self.is_instance(rest, group) {
                return Ok((Value::NONE, rest.clone()));
            }
            // A bare exception is wrapped for the handler.
            let list = self.tuple_value([rest.clone()]);
            let eg = self.builtin("ExceptionGroup")?;
            let wrapped = self.call(&eg, &[self.names.empty.value(), list])?;
            if let (Some(w), Some(x)) = (
                wrapped.downcast::<Exception>(),
                rest.downcast::<Exception>(),
            ) {
                w.traceback.set(x.traceback.get());
            }
            return Ok((Value::NONE, wrapped));
        }
        if self.is_instance(rest, group) {
            let pair = self.call_method(rest, "split", std::slice::from_ref(class))?;
            let pair = self.collect(&pair)?;
            if let [matched, rest] = &pair[..] {
                return Ok((rest.clone(), matched.clone()));
            }
        }
        Ok((rest.clone(), Value::NONE))
    }

    pub(super) fn op_star_collect(&self, r: &mut Regs) {
        let e = r.pop();
        drop(r.pop());
        drop(r.pop());
        self.op_pop_except(r);
        if let Some(l) = r.peek(2).downcast::<List>() {
            l.push(e);
        }
    }

    /// What an `except*` statement raises at its end: None, the original, or a group of what is left.
    pub(super) fn prepare_reraise_star(&self, orig: &Value, list: &Value) -> PyResult<Value> {
        let all: Vec<Value> = self
            .collect(list)?
            .into_iter()
            .filter(|v| !v.is_none())
            .collect();
        if all.is_empty() {
            return Ok(Value::NONE);
        }
        if !self.is_instance(orig, &self.exc.base_exception_group) {
            // A bare exception was raised: at most one is left.
            return Ok(all.into_iter().next_back().unwrap_or(Value::NONE));
        }
        let same_metadata =
            |a: &Value| match (a.downcast::<Exception>(), orig.downcast::<Exception>()) {
                (Some(a), Some(o)) => {
                    let tb = |x: &Exception| x.traceback.get().map(|t| t.as_value().bits());
                    tb(a) == tb(o)
                        && a.cause.get().is(&o.cause.get())
                        && a.context.get().is(&o.context.get())
                }
                _ => false,
            };
        let (reraised, raised): (Vec<_>, Vec<_>) = all.into_iter().partition(|v| {
            v.is(orig) || (self.is_instance(v, &self.exc.base_exception_group) && same_metadata(v))
        });
        let mut out = raised;
        if !reraised.is_empty() {
            let kept = self.project(orig, &reraised)?;
            if out.is_empty() {
                return Ok(kept);
            }
            if !kept.is_none() {
                out.push(kept);
            }
        }
        if out.len() == 1 {
            return Ok(out.remove(0));
        }
        let eg = self.builtin("BaseExceptionGroup")?;
        self.call(&eg, &[self.names.empty.value(), self.new_list(out)])
    }

    /// The part of a group whose leaves are in the given groups.
    fn project(&self, orig: &Value, keep: &[Value]) -> PyResult<Value> {
        let mut leaves = Vec::new();
        for g in keep {
            self.leaves(g, &mut leaves)?;
        }
        let pred = move |vm: &Vm, args: crate::vm::args::Args| {
            let [e] = args.exactly::<1>(vm, "condition")?;
            Ok(Value::bool(leaves.iter().any(|l| l.is(e))))
        };
        let f = self.new_native(
            "condition",
            "",
            NativeKind::Host(std::rc::Rc::new(pred)),
            Value::NONE,
            Value::NONE,
        );
        self.call_method(orig, "subgroup", &[f])
    }
    fn leaves(&self, e: &Value, out: &mut Vec<Value>) -> PyResult<()> {
        if !self.is_instance(e, &self.exc.base_exception_group) {
            out.push(e.clone());
            return Ok(());
        }
        self.guard_native_stack("")?;
        let inner = self.getattr_str(e, "exceptions")?;
        for x in self.collect(&inner)? {
            self.leaves(&x, out)?;
        }
        Ok(())
    }

    /// A builtin by name.
    pub fn builtin(&self, name: &str) -> PyResult<Value> {
        let n = self.intern(name);
        self.dict_get_str(&self.builtins, &n)
            .ok_or_else(|| self.name_error(&n))
    }

    /// Adds a note to an exception (`BaseException.add_note`).
    pub fn add_note(&self, e: &Exc, note: &str) -> PyResult<()> {
        self.call_method(&e.0, "add_note", &[self.str_value(note)])
            .map(|_| ())
    }

    // ---- finalizers ----

    /// Runs what was queued when objects were released. Errors are reported, not raised.
    pub(crate) fn run_pending(&self) {
        use std::sync::atomic::Ordering;
        // Taken out, so that what a finalizer makes due meanwhile does not bring forward the ones that wait here.
        let mut mine = std::collections::VecDeque::new();
        loop {
            self.heap
                .eval_breaker
                .fetch_and(!crate::memory::eval_breaker::PENDING, Ordering::Relaxed);
            // What the last one made due comes before those that waited behind it, as if it had run on the spot.
            let due = std::mem::take(&mut *self.heap.pending.borrow_mut());
            for p in due.into_iter().rev() {
                mine.push_front(p);
            }
            let Some(p) = mine.pop_front() else { return };
            // Finalizers see no exception being handled, and do not disturb the one that is.
            let saved = self.exc_info_state().value.get();
            match p {
                Pending::Finalize(v) => self.finalize(&v),
                Pending::Release(v) => drop(v),
                Pending::WeakCallback { callback, weakref } => {
                    if let Err(e) = self.call(&callback, &[weakref]) {
                        self.unraisable(
                            &e,
                            "Exception ignored while calling weakref callback",
                            Some(&callback),
                        );
                    }
                }
            }
            self.exc_info_state().value.set(saved);
        }
    }

    fn finalize(&self, v: &Value) {
        if let Some(g) = v.as_ref::<Generator>() {
            self.finalize_generator(g);
            return;
        }
        if let Some(f) = self.type_of(v).layout_finalizer() {
            f(self, v);
            return;
        }
        let Some(del) = self.type_of(v).lookup(self, &self.names.del) else {
            return;
        };
        if let Err(e) = self.call_descr(&del, v, &[]) {
            self.unraisable(
                &e,
                "Exception ignored while calling deallocator",
                Some(&del),
            );
        }
    }

    /// What happens when a generator is dropped before its end (`_PyGen_Finalize`).
    fn finalize_generator(&self, g: &Ref<Generator>) {
        match g.kind {
            GenKind::AsyncGenerator => {
                let finalizer = g.origin();
                let open = matches!(g.state(), GenState::Created | GenState::Suspended);
                if open && !finalizer.is_none() && !g.asynchronous.get(AsyncGenFlags::CLOSED) {
                    if let Err(e) = self.call(&finalizer, &[g.value()]) {
                        self.unraisable(
                            &e,
                            "Exception ignored while finalizing generator",
                            Some(g.as_value()),
                        );
                    }
                    return;
                }
            }
            GenKind::Coroutine if g.state.get() == GenState::Created => {
                super::report::warn_never_awaited(self, g);
                g.finish();
                return;
            }
            _ => {}
        }
        if g.state() == GenState::Suspended
            && let Err(e) = self.close_generator(g)
        {
            // CPython says so of coroutines and async generators, too.
            let what = "Exception ignored while closing generator";
            self.unraisable(&e, what, Some(g.as_value()));
        }
    }
}
