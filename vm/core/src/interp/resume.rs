//! Resuming generators: the one door, chains of awaits, throw and close (CPython's genobject.c, PEP 380, 479, 492, 525).
use super::{Flow, Outcome, Start, outcome};
use crate::frame::{Frame, Mode, Regs, live};
use crate::memory::{Heap, Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::{Resume, Resumed, Stepped};
use crate::vm::error::{Exc, PyResult};

impl Vm {
    /// The one door: resumes a generator, coroutine or async generator from Rust. A return comes as a value; a finished
    /// generator returns None, a finished coroutine raises RuntimeError.
    pub fn resume(&self, g: &Ref<Generator>, input: Resume) -> PyResult<Resumed> {
        match self.resume_outcome(g, input)? {
            Outcome::Yield(v) => Ok(Resumed::Yield(v)),
            Outcome::AsyncYield(w) => Ok(Resumed::Yield(w.value.take())),
            Outcome::Return(v) => Ok(Resumed::Return(v)),
        }
    }

    pub fn resume_outcome(&self, g: &Ref<Generator>, input: Resume) -> PyResult<Outcome> {
        match input {
            Resume::Send(v) => outcome(self.send_out(g, v)),
            Resume::Throw(e) => {
                self.guard_native_stack("")?;
                self.throw(g, e)
            }
        }
    }

    /// [`Vm::resume`] with None.
    pub fn step_coroutine(&self, g: &Ref<Generator>) -> Stepped {
        match self.send_out(g, Value::NONE) {
            Flow::ExitYield(v) => Stepped::Yield(v),
            Flow::Raise(e) => Stepped::Raise(e),
            exit => match outcome(exit) {
                Ok(Outcome::Yield(v)) => Stepped::Yield(v),
                Ok(Outcome::AsyncYield(w)) => Stepped::Yield(w.value.take()),
                Ok(Outcome::Return(v)) => Stepped::Return(v),
                Err(e) => Stepped::Raise(e),
            },
        }
    }

    /// Resumes `g` with a value. Gives an exit or what was raised.
    #[inline(always)]
    fn send_out(&self, g: &Ref<Generator>, v: Value) -> Flow {
        let prepared = match self.guard_native_stack("") {
            Ok(()) => self.prepare_resume(g, v),
            Err(e) => Err(e),
        };
        match prepared {
            Ok(Some((frame, start))) => match self.activate(g, Mode::Entry) {
                Ok(()) => self.run_out(frame, start),
                Err(e) => Flow::Raise(e),
            },
            Ok(None) => Flow::ExitReturn(Value::NONE),
            Err(e) => Flow::Raise(e),
        }
    }

    /// Checks that `g` can be resumed as a root and makes it one. Gives the frame to go on in and how; none when it has
    /// finished before.
    #[inline]
    pub(crate) fn prepare_resume(
        &self,
        g: &Ref<Generator>,
        input: Value,
    ) -> PyResult<Option<(*const Frame, Start)>> {
        match g.state() {
            GenState::Running => Err(self.already_executing(g)),
            GenState::Closed if g.kind == GenKind::Coroutine => {
                Err(self.runtime_error("cannot reuse already awaited coroutine"))
            }
            GenState::Closed => Ok(None),
            GenState::Created => {
                if !input.is_none() {
                    let what = match g.kind {
                        GenKind::Generator => "generator",
                        GenKind::Coroutine => "coroutine",
                        GenKind::AsyncGenerator => "async generator",
                    };
                    return Err(self.type_error(format!(
                        "can't send non-None value to a just-started {what}"
                    )));
                }
                Ok(Some((&raw const g.frame, Start::Fresh)))
            }
            GenState::Suspended => {
                self.cut_above(g);
                let leaf = g.leaf();
                let frame = if leaf.is_null() {
                    &raw const g.frame
                } else {
                    leaf
                };
                Ok(Some((frame, Start::Push(input))))
            }
        }
    }

    #[cold]
    fn already_executing(&self, g: &Generator) -> Exc {
        match g.kind {
            GenKind::Generator => self.value_error("generator already executing"),
            GenKind::Coroutine => self.value_error("coroutine already executing"),
            GenKind::AsyncGenerator => self.value_error("async generator already executing"),
        }
    }

    /// Makes an inner node of a suspended chain a root of its own: what awaited it will ask again when resumed.
    fn cut_above(&self, g: &Generator) {
        let parent = g.parent.get();
        if parent.is_null() {
            return;
        }
        // SAFETY: links of a chain, which is cut below.
        let (root, parent) = unsafe { (live(g.root()), live(parent)) };
        let leaf = root.leaf();
        g.parent.set(std::ptr::null());
        parent.delegating.set(false);
        let f = &parent.frame;
        f.pc.set(f.pc.get().wrapping_sub(1));
        // The awaiters' part ends at the parent now.
        root.link.set((f as *const Frame).cast());
        let mut above = 0;
        let mut at: *const Generator = parent;
        while !std::ptr::eq(at, root) {
            above += 1;
            // SAFETY: a link of the chain, up to its root.
            at = unsafe { live(at) }.parent.get();
        }
        let below = root.depth.get().saturating_sub(above + 1);
        root.depth.set(above);
        g.depth.set(below);
        let own = std::ptr::eq(leaf, &g.frame);
        g.link.set(if own { std::ptr::null() } else { leaf.cast() });
    }

    /// Makes a prepared generator the running root. The frame that runs is its resumer.
    #[inline]
    pub(crate) fn activate(&self, g: &Generator, mode: Mode) -> PyResult<()> {
        let base = self.depth.get();
        let below = g.depth.get();
        if base + below + 1 > self.recursion_limit.get() {
            return Err(self.recursion_error(""));
        }
        if g.state.get() == GenState::Created {
            crate::frame::set_finalize(g, false);
        }
        let leaf = g.leaf();
        g.depth.set(base);
        self.depth.set(base + below + 1);
        g.state.set(GenState::Running);
        g.link.set(self.root.get().cast());
        self.root.set(g);
        g.frame.back.set(self.frame.get());
        g.frame.mode.set(mode);
        g.exc.previous.set(self.exc_state.get());
        let inner = if leaf.is_null() {
            g
        } else {
            // SAFETY: the innermost frame of a live chain.
            unsafe { live(leaf) }.generator().unwrap_or(g)
        };
        self.exc_state.set(&inner.exc);
        Ok(())
    }

    /// FOR_ITER over an iterator written in Rust.
    #[inline(never)]
    pub(crate) fn for_iter_native(&self, r: &mut Regs, i: &Instr) -> Flow {
        r.publish();
        match self.next(r.peek(1)) {
            Ok(Some(v)) => r.push(v),
            Ok(None) => {
                drop(r.pop());
                r.follow(i);
            }
            Err(e) => return Flow::Raise(e),
        }
        Flow::Next
    }

    /// FOR_ITER over a suspended generator that delegates to nobody: goes on in its frame. False: nothing was done.
    #[inline(always)]
    pub(crate) fn for_iter_suspended(&self, r: &mut Regs) -> bool {
        let Some(g) = r.peek(1).downcast::<Generator>() else {
            return false;
        };
        let depth = self.depth.get();
        if g.kind != GenKind::Generator
            || g.state.get() != GenState::Suspended
            || !g.link.get().is_null()
            || !g.parent.get().is_null()
            || depth >= self.recursion_limit.get()
        {
            return false;
        }
        g.depth.set(depth);
        self.depth.set(depth + 1);
        g.state.set(GenState::Running);
        g.link.set(self.root.get().cast());
        self.root.set(g);
        g.frame.back.set(r.frame);
        g.frame.mode.set(Mode::ForIter);
        g.exc.previous.set(self.exc_state.get());
        self.exc_state.set(&g.exc);
        r.save();
        self.frame.set(&g.frame);
        // SAFETY: the generator is held on the stack of who resumed it, and runs now.
        *r = unsafe { Regs::load(&g.frame) };
        r.push_sent_none();
        true
    }

    /// YIELD_VALUE in a generator that a FOR_ITER runs: goes on in the loop with the value. False: nothing was done.
    #[inline(always)]
    pub(crate) fn yield_to_for(&self, r: &mut Regs) -> bool {
        let f = r.running();
        if f.mode.get() != Mode::ForIter {
            return false;
        }
        let Some(g) = f.generator() else {
            return false;
        };
        if !std::ptr::eq(self.root.get(), g) || g.kind != GenKind::Generator {
            return false;
        }
        let v = r.pop();
        crate::frame::set_finalize(g, f.nblocks.get() > 0);
        self.root.set(g.link.replace(std::ptr::null()).cast());
        g.state.set(GenState::Suspended);
        self.depth.set(g.depth.replace(0));
        self.exc_state.set(g.exc.previous.get());
        r.save();
        let back = f.back.replace(std::ptr::null());
        self.frame.set(back);
        // SAFETY: the frame that this one was called or resumed from lives, and runs now.
        *r = unsafe { Regs::load(back) };
        r.result(0, v);
        true
    }

    /// GET_ANEXT, LOAD_CONST and YIELD_FROM of an `async for` over a suspended async generator: goes on in its frame
    /// without an asend. False: nothing was done.
    #[inline(always)]
    pub(crate) fn anext_suspended(&self, r: &mut Regs) -> bool {
        // What is skipped follows.
        if r.instr().oparg2.get() == 0 {
            return false;
        }
        let Some(g) = r.peek(1).downcast::<Generator>() else {
            return false;
        };
        // SAFETY: it stays on this frame's stack.
        let g = unsafe { live(std::ptr::from_ref(g)) };
        let Some(me) = r.frame().generator() else {
            return false;
        };
        let depth = self.depth.get();
        if g.kind != GenKind::AsyncGenerator
            || g.state.get() != GenState::Suspended
            || !g.link.get().is_null()
            || !g.parent.get().is_null()
            || !g.asynchronous.is_idle()
            || depth >= self.recursion_limit.get()
        {
            return false;
        }
        // As in `enter_child`.
        self.depth.set(depth + 1);
        g.depth.set(0);
        g.asynchronous.set(AsyncGenFlags::BUSY, true);
        g.parent.set(me);
        me.delegating.set(true);
        g.frame.back.set(r.frame);
        g.frame.mode.set(Mode::Anext);
        g.exc.previous.set(self.exc_state.get());
        self.exc_state.set(&g.exc);
        // Past the LOAD_CONST: the loop stands at its YIELD_FROM.
        r.skip(2);
        r.push(Value::NONE);
        r.save();
        self.frame.set(&g.frame);
        // SAFETY: the generator is held on the stack of who resumed it, and runs now.
        *r = unsafe { Regs::load(&g.frame) };
        r.push_sent_none();
        true
    }

    /// YIELD_VALUE in an async generator that an `async for` goes on with. False: nothing was done.
    #[inline(always)]
    pub(crate) fn yield_to_anext(&self, r: &mut Regs) -> bool {
        let f = r.running();
        if f.mode.get() != Mode::Anext {
            return false;
        }
        let Some(g) = f.generator() else {
            return false;
        };
        let v = r.pop();
        crate::frame::set_finalize(g, true);
        r.save();
        self.deliver_to_anext(r, g, v);
        true
    }

    /// Gives what an async generator, now at rest, yielded to the `async for`.
    #[inline(always)]
    fn deliver_to_anext(&self, r: &mut Regs, g: &Generator, v: Value) {
        let back = g.frame.back.replace(std::ptr::null());
        self.end_anext(&g.frame);
        self.depth.set(self.depth.get() - 1);
        self.frame.set(back);
        // SAFETY: the frame that this one was called or resumed from lives, and runs now.
        *r = unsafe { Regs::load(back) };
        r.pop_immediate();
        r.result(0, v);
    }

    /// Unlinks an async generator from the `async for` that went on with it.
    #[inline(always)]
    pub(crate) fn end_anext(&self, f: &Frame) {
        if let Some(g) = f.generator() {
            g.asynchronous.set(AsyncGenFlags::BUSY, false);
        }
        self.end_child(f);
    }

    /// Makes the asend that an `async for` went without: its generator is about to wait, and can be looked at.
    #[cold]
    fn materialize_asend(&self, f: &Frame) {
        let Some(g) = f.generator() else { return };
        let parent = g.parent.get();
        if parent.is_null() {
            return;
        }
        let asend = super::asyncgen::materialize_asend(self, crate::frame::generator_ref(g));
        // SAFETY: a link, which is not null.
        let loop_ = unsafe { live(parent) };
        loop_.frame.set_top(asend);
        if loop_.frame.nblocks.get() > 0 {
            crate::frame::set_finalize(loop_, true);
        }
        f.mode.set(Mode::Asend);
    }

    /// FOR_ITER over a generator: enters its frame.
    pub(crate) fn for_iter_generator(&self, r: &mut Regs) -> PyResult<Option<Flow>> {
        let Some(g) = r.peek(1).as_ref::<Generator>() else {
            return Ok(Some(Flow::Next));
        };
        let g = g.clone();
        if g.kind != GenKind::Generator {
            return Err(self.type_error(format!(
                "'{}' object is not an iterator",
                self.type_name(g.as_value())
            )));
        }
        match self.prepare_resume(&g, Value::NONE)? {
            None => {
                drop(r.pop());
                // SAFETY of the operand: this is the FOR_ITER that runs.
                let target = r.operand();
                r.jump(target);
            }
            Some((frame, start)) => {
                self.activate(&g, Mode::ForIter)?;
                // SAFETY: the innermost frame of the chain that was just made the running one.
                self.switch_to(r, unsafe { live(frame) });
                if let Start::Push(v) = start {
                    r.push(v);
                }
            }
        }
        Ok(None)
    }

    /// YIELD_FROM: sends TOS to the receiver below it.
    pub(crate) fn op_yield_from(&self, r: &mut Regs) -> PyResult<Flow> {
        if r.frame().mode.get() == Mode::Anext {
            self.materialize_asend(r.frame());
        }
        let input = r.pop();
        let receiver = r.peek(1).clone();
        if let Some(child) = receiver.as_ref::<Generator>() {
            if child.kind == GenKind::AsyncGenerator {
                return Err(self.type_error("'async_generator' object can't be awaited"));
            }
            return self.enter_child(r, child, input, Mode::Await);
        }
        if let Some(a) = receiver.downcast::<Asend>()
            && a.mode == AsendMode::Send
        {
            let input = self.asend_begin(&receiver, a, input)?;
            return self.enter_child(r, &a.generator, input, Mode::Asend);
        }
        match self.send_step(&receiver, &input)? {
            Resumed::Yield(v) => Ok(Flow::YieldFrom(v)),
            Resumed::Return(v) => {
                r.set_top(v);
                Ok(Flow::Next)
            }
        }
    }

    /// Links a generator below the running one and goes on in its innermost frame.
    fn enter_child(
        &self,
        r: &mut Regs,
        child: &Ref<Generator>,
        input: Value,
        mode: Mode,
    ) -> PyResult<Flow> {
        let Some(me) = r.frame().generator() else {
            return Err(self.runtime_error("yield from outside a generator"));
        };
        // A chain waiting below another one would be resumed twice; the second awaiter is told so.
        if !child.parent.get().is_null() && child.kind == GenKind::Coroutine {
            return Err(self.runtime_error("coroutine is being awaited already"));
        }
        match self.prepare_resume(child, input)? {
            None if mode == Mode::Asend => {
                self.asend_end(r.peek(1));
                Err(self.stop_async_iteration())
            }
            None => {
                r.set_top(Value::NONE);
                Ok(Flow::Next)
            }
            Some((frame, start)) => {
                let below = child.depth.get();
                if self.depth.get() + below + 1 > self.recursion_limit.get() {
                    return Err(self.recursion_error(""));
                }
                if child.state.get() == GenState::Created {
                    Heap::set_finalize(child.as_value(), false);
                }
                self.depth.set(self.depth.get() + below + 1);
                child.depth.set(0);
                child.link.set(std::ptr::null());
                child.state.set(GenState::Suspended);
                child.parent.set(me);
                me.delegating.set(true);
                if me.frame.nblocks.get() > 0 {
                    // Said here and not at each suspension below, which would cost as much as the chain is deep.
                    crate::frame::set_finalize(me, true);
                }
                child.frame.back.set(r.frame);
                child.frame.mode.set(mode);
                child.exc.previous.set(self.exc_state.get());
                // SAFETY: the innermost frame of the child's chain.
                let leaf = unsafe { live(frame) };
                let inner = leaf.generator().unwrap_or(child);
                self.exc_state.set(&inner.exc);
                self.switch_to(r, leaf);
                if let Start::Push(v) = start {
                    r.push(v);
                }
                Ok(Flow::Switched)
            }
        }
    }

    /// One step of an awaitable or iterator that is no generator of ours.
    pub fn send_step(&self, receiver: &Value, input: &Value) -> PyResult<Resumed> {
        let slots = &self.type_of(receiver).slots;
        if let Some(f) = slots.send.get() {
            return f(self, receiver, input);
        }
        let result = if input.is_none() {
            match slots.next.get() {
                Some(_) if self.type_of(receiver).is_heap_type() => {
                    // Python's __next__, with the value of its StopIteration.
                    self.call_special(receiver, &self.names.next, &[])
                        .map(|v| v.unwrap_or(Value::NONE))
                }
                Some(f) => match f(self, receiver)? {
                    Some(v) => return Ok(Resumed::Yield(v)),
                    None => return Ok(Resumed::Return(Value::NONE)),
                },
                None => Err(self.type_error(format!(
                    "'{}' object is not an iterator",
                    self.type_name(receiver)
                ))),
            }
        } else {
            self.call_method_args(
                receiver,
                &self.names.send,
                crate::vm::args::Args::pos(std::slice::from_ref(input)),
            )
        };
        match result {
            Ok(v) => Ok(Resumed::Yield(v)),
            Err(e) if self.exc_is(&e, &self.exc.stop_iteration) => {
                Ok(Resumed::Return(stop_value(&e)))
            }
            Err(e) => Err(e),
        }
    }

    /// RETURN_VALUE: ends the frame and delivers the value. Switched: go on in the caller.
    #[inline(always)]
    pub(crate) fn leave_return(&self, r: &mut Regs, v: Value) -> Flow {
        r.save();
        let frame = r.frame;
        let back = r.frame().back.get();
        let mode = r.frame().mode.get();
        match mode {
            Mode::Call | Mode::SlowCall => {
                self.pop_frame(frame);
                // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                *r = unsafe { Regs::load(back) };
                r.push(v);
                Flow::Switched
            }
            Mode::Init | Mode::SlowInit => {
                self.pop_frame(frame);
                // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                *r = unsafe { Regs::load(back) };
                if v.is_none() {
                    return Flow::Switched;
                }
                let t = self.type_name(&v);
                Flow::Raise(self.type_error(format!("__init__() should return None, not '{t}'")))
            }
            Mode::Entry => {
                self.end_generator(r.frame());
                self.pop_frame(frame);
                Flow::ExitReturn(v)
            }
            Mode::ForIter => {
                self.end_generator(r.frame());
                self.pop_frame(frame);
                // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                *r = unsafe { Regs::load(back) };
                drop(r.pop());
                let target = r.operand();
                r.jump(target);
                Flow::Switched
            }
            Mode::Send => {
                self.end_generator(r.frame());
                self.pop_frame(frame);
                // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                *r = unsafe { Regs::load(back) };
                drop(r.pop());
                Flow::Raise(self.stop_iteration(v))
            }
            Mode::Await => {
                self.end_child(r.frame());
                self.pop_frame(frame);
                // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                *r = unsafe { Regs::load(back) };
                r.set_top(v);
                Flow::Switched
            }
            Mode::Asend => {
                self.end_child(r.frame());
                self.pop_frame(frame);
                // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                *r = unsafe { Regs::load(back) };
                self.asend_end(r.peek(1));
                Flow::Raise(self.stop_async_iteration())
            }
            Mode::Anext => {
                self.end_anext(r.frame());
                self.pop_frame(frame);
                // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                *r = unsafe { Regs::load(back) };
                Flow::Raise(self.stop_async_iteration())
            }
        }
    }

    /// Takes a root that is left off the chain of running roots.
    pub(crate) fn end_generator(&self, f: &Frame) {
        if let Some(g) = f.generator() {
            self.root.set(g.link.get().cast());
            g.link.set(std::ptr::null());
            self.exc_state.set(g.exc.previous.get());
            self.depth.set(g.depth.get() + 1);
        }
    }

    /// Unlinks a node of the running chain from its awaiter.
    #[inline]
    pub(crate) fn end_child(&self, f: &Frame) {
        if let Some(g) = f.generator() {
            let parent = g.parent.replace(std::ptr::null());
            if !parent.is_null() {
                // SAFETY: a link, which is not null.
                unsafe { live(parent) }.delegating.set(false);
            }
            self.exc_state.set(g.exc.previous.get());
        }
    }

    /// YIELD_VALUE, or a YIELD_FROM that waits: suspends the whole chain and delivers to its resumer. Switched: go on there.
    pub(crate) fn leave_yield(&self, r: &mut Regs, v: Value, delegated: bool) -> Flow {
        r.save();
        let Some(me) = r.running().generator() else {
            return Flow::Raise(self.runtime_error("yield outside a generator"));
        };
        self.note_finalizer(me, delegated);
        let own_async = !delegated && me.kind == GenKind::AsyncGenerator;
        if own_async && me.frame.mode.get() == Mode::Anext {
            self.deliver_to_anext(r, me, v);
            return Flow::Switched;
        }
        if own_async && me.frame.mode.get() == Mode::Asend && !me.parent.get().is_null() {
            // The yield of an awaited async generator is its awaiter's result.
            let wrapped = self.wrap_yielded(v);
            let back = me.frame.back.replace(std::ptr::null());
            self.end_child(&me.frame);
            me.depth.set(0);
            self.depth.set(self.depth.get() - 1);
            self.frame.set(back);
            // SAFETY: the frame that this one was called or resumed from lives, and runs now.
            *r = unsafe { Regs::load(back) };
            self.asend_end(r.peek(1));
            r.set_top(wrapped.value.take());
            return Flow::Switched;
        }
        // SAFETY: a generator runs, so there is a root.
        let root = unsafe { live(self.root.get()) };
        let own_leaf = std::ptr::eq(root, me);
        self.root.set(root.link.get().cast());
        root.link.set(if own_leaf {
            std::ptr::null()
        } else {
            (&raw const me.frame).cast()
        });
        root.state.set(GenState::Suspended);
        let base = root.depth.get();
        root.depth.set(self.depth.get() - base - 1);
        self.depth.set(base);
        self.exc_state.set(root.exc.previous.get());
        let back = root.frame.back.replace(std::ptr::null());
        let mode = root.frame.mode.get();
        self.frame.set(back);
        match mode {
            Mode::ForIter => {
                // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                *r = unsafe { Regs::load(back) };
                r.push(v);
                Flow::Switched
            }
            Mode::Send => {
                // SAFETY: the frame that this one was called or resumed from lives, and runs now.
                *r = unsafe { Regs::load(back) };
                r.set_top(v);
                Flow::Switched
            }
            _ if own_async && own_leaf => Flow::ExitAsync(self.wrap_yielded(v)),
            _ => Flow::ExitYield(v),
        }
    }

    /// A suspended generator needs finalizing when dropped if it stands in a try or with, or waits for something that
    /// may want to be closed.
    #[inline]
    fn note_finalizer(&self, me: &Generator, delegated: bool) {
        let needs = me.frame.nblocks.get() > 0
            || delegated
            || me.kind == GenKind::AsyncGenerator && !me.asynchronous.get(AsyncGenFlags::CLOSED);
        crate::frame::set_finalize(me, needs);
    }

    // ---- throw and close ----

    /// `throw`: raises in the innermost frame, walking from outside in for GeneratorExit.
    pub(crate) fn throw(&self, g: &Ref<Generator>, e: Exc) -> PyResult<Outcome> {
        match g.state() {
            GenState::Running => return Err(self.already_executing(g)),
            GenState::Closed if g.kind == GenKind::Coroutine => {
                return Err(self.runtime_error("cannot reuse already awaited coroutine"));
            }
            GenState::Closed => return Err(e),
            GenState::Created => {
                Heap::set_finalize(g.as_value(), false);
                self.traceback_here(&g.frame, &e);
                g.finish();
                return Err(e);
            }
            GenState::Suspended => {}
        }
        self.cut_above(g);
        if self.exc_is(&e, &self.exc.generator_exit) {
            let e = match self.close_receiver(g) {
                Ok(()) => e,
                Err(inner) => inner,
            };
            return self.raise_in(g, &raw const g.frame, e);
        }
        let leaf = g.leaf();
        let frame = if leaf.is_null() {
            &raw const g.frame
        } else {
            leaf
        };
        // SAFETY: the innermost frame of a live chain.
        let inner = unsafe { live(frame) };
        // The innermost frame may wait for something that takes exceptions itself.
        if let Some(receiver) = self.awaited_by(inner) {
            let root_state = g.state.replace(GenState::Running);
            let thrown = self.throw_into(&receiver, &e);
            g.state.set(root_state);
            match thrown {
                None => {}
                Some(Ok(Resumed::Yield(v))) => return Ok(Outcome::Yield(v)),
                Some(Ok(Resumed::Return(v))) => {
                    // The receiver finished: its value is the result of the YIELD_FROM.
                    inner.pc.set(inner.pc.get().wrapping_add(1));
                    inner.drop_top();
                    self.activate(g, Mode::Entry)?;
                    return self.run(frame, Start::Push(v));
                }
                Some(Err(e)) => return self.raise_in(g, frame, e),
            }
        }
        self.raise_in(g, frame, e)
    }

    /// Resumes `g` by raising in `frame`, the innermost of its chain.
    fn raise_in(&self, g: &Ref<Generator>, frame: *const Frame, e: Exc) -> PyResult<Outcome> {
        // SAFETY: the innermost frame of a live chain.
        let f = unsafe { live(frame) };
        if f.waiting_for().is_some() {
            f.pc.set(f.pc.get().wrapping_add(1));
        }
        self.activate(g, Mode::Entry)?;
        // What the chain handles is the context of what is thrown into it (`_PyErr_ChainStackItem`).
        for state in self.exc_states() {
            if !state.value.get().is_none() {
                self.set_context(&e);
                break;
            }
            if std::ptr::eq(state, &g.exc) {
                break;
            }
        }
        self.run(frame, Start::Raise(e))
    }

    /// Throws into an awaitable that is no generator; none when it does not take exceptions.
    fn throw_into(&self, receiver: &Value, e: &Exc) -> Option<PyResult<Resumed>> {
        let throw = match self.lookup_attr(receiver, &self.names.throw) {
            Ok(Some(t)) => t,
            Ok(None) => return None,
            Err(e) => return Some(Err(e)),
        };
        Some(match self.call(&throw, std::slice::from_ref(&e.0)) {
            Ok(v) => Ok(Resumed::Yield(v)),
            Err(e) if self.exc_is(&e, &self.exc.stop_iteration) => {
                Ok(Resumed::Return(stop_value(&e)))
            }
            Err(e) => Err(e),
        })
    }

    /// Closes what a suspended generator delegates to, outside in, and unlinks it.
    fn close_receiver(&self, g: &Ref<Generator>) -> PyResult<()> {
        if g.delegating.get() {
            let receiver = g.frame.top_of_stack();
            let child = receiver.as_ref().and_then(receiver_generator).cloned();
            if let Some(child) = child {
                // Unlinked first, the child closes as a root.
                self.cut_above(&child);
                let running = g.state.replace(GenState::Running);
                let r = match receiver.as_ref().and_then(|r| r.downcast::<Asend>()) {
                    Some(_) => self.close_asend(receiver.as_ref(), &child),
                    None => self.close_generator(&child),
                };
                g.state.set(running);
                let keep = r
                    .as_ref()
                    .err()
                    .is_some_and(|e| !self.exc_is(e, &self.exc.generator_exit));
                return if keep { r } else { Ok(()) };
            }
        }
        if let Some(receiver) = self.awaited_by(&g.frame)
            && let Some(close) = self.lookup_attr(&receiver, &self.names.close)?
        {
            let running = g.state.replace(GenState::Running);
            let r = self.call(&close, &[]);
            g.state.set(running);
            r?;
        }
        Ok(())
    }

    /// `close()` of the asend that a suspended generator waits for.
    fn close_asend(&self, asend: Option<&Value>, child: &Ref<Generator>) -> PyResult<()> {
        let exit = &self.exc.generator_exit;
        let exit = self.new_exception_args(exit, self.empty_tuple.clone());
        let thrown = self.throw(child, exit);
        if let Ok(Outcome::Yield(_)) = thrown {
            return Err(self.runtime_error("coroutine ignored GeneratorExit"));
        }
        if let Some(asend) = asend {
            self.asend_end(asend);
        }
        match thrown {
            Err(e)
                if !self.exc_is(&e, &self.exc.stop_iteration)
                    && !self.exc_is(&e, &self.exc.stop_async_iteration) =>
            {
                Err(e)
            }
            _ => Ok(()),
        }
    }

    /// `close()` of a generator or coroutine.
    pub fn close_generator(&self, g: &Ref<Generator>) -> PyResult<()> {
        self.close_with_value(g).map(|_| ())
    }

    /// `close()`; 3.13's returns what the generator returned.
    pub fn close_with_value(&self, g: &Ref<Generator>) -> PyResult<Value> {
        match g.state() {
            GenState::Closed => return Ok(Value::NONE),
            GenState::Created => {
                Heap::set_finalize(g.as_value(), false);
                g.finish();
                return Ok(Value::NONE);
            }
            GenState::Suspended if g.can_just_stop() => {
                self.cut_above(g);
                g.finish();
                return Ok(Value::NONE);
            }
            _ => {}
        }
        let e = self.new_exception_args(&self.exc.generator_exit, self.empty_tuple.clone());
        match self.throw(g, e) {
            Ok(Outcome::Return(v)) => Ok(v),
            Ok(_) => {
                let what = match g.kind {
                    GenKind::Generator => "generator",
                    GenKind::Coroutine => "coroutine",
                    GenKind::AsyncGenerator => "async generator",
                };
                Err(self.runtime_error(format!("{what} ignored GeneratorExit")))
            }
            Err(e)
                if self.exc_is(&e, &self.exc.generator_exit)
                    || self.exc_is(&e, &self.exc.stop_iteration) =>
            {
                Ok(Value::NONE)
            }
            Err(e) => Err(e),
        }
    }

    /// What a suspended generator delegates to (`gi_yieldfrom`, `cr_await`, `ag_await`): none while it runs.
    pub fn yield_from_of(&self, g: &Generator) -> Option<Value> {
        if g.state() != GenState::Suspended {
            return None;
        }
        if g.delegating.get() {
            return g.frame.top_of_stack();
        }
        self.awaited_by(&g.frame)
    }

    /// Starts one step of an awaited asend; gives what to send.
    pub fn asend_begin(&self, v: &Value, a: &Asend, input: Value) -> PyResult<Value> {
        match a.state.get() {
            AwaitState::Closed => {
                Err(self.runtime_error("cannot reuse already awaited __anext__()/asend()"))
            }
            AwaitState::Iter => Ok(input),
            AwaitState::Init => {
                Heap::set_finalize(v, false);
                if a.generator.asynchronous.get(AsyncGenFlags::BUSY) {
                    a.state.set(AwaitState::Closed);
                    return Err(
                        self.runtime_error("anext(): asynchronous generator is already running")
                    );
                }
                a.generator.asynchronous.set(AsyncGenFlags::BUSY, true);
                a.state.set(AwaitState::Iter);
                let first = a.input.take();
                Ok(if input.is_none() && !first.is_unbound() {
                    first
                } else {
                    input
                })
            }
        }
    }

    /// Ends an awaited asend.
    pub fn asend_end(&self, asend: &Value) {
        if let Some(a) = asend.downcast::<Asend>() {
            a.state.set(AwaitState::Closed);
            a.generator.asynchronous.set(AsyncGenFlags::BUSY, false);
        }
    }
}

/// The value a StopIteration carries.
pub(crate) fn stop_value(e: &Exc) -> Value {
    e.0.downcast::<Exception>()
        .map_or(Value::NONE, |x| x.field(0))
}
