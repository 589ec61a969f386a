//! The call instructions.
use super::enter::is_generator;
use super::{Flow, Start};
use crate::frame::{Frame, Mode, Regs};
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::PyResult;

impl Vm {
    /// Switches the registers to a frame that was just pushed and filled.
    #[inline(always)]
    pub(crate) fn switch_to(&self, r: &mut Regs, frame: &Frame) {
        r.save();
        self.frame.set(frame);
        // SAFETY: the frame was just put in place, and runs now.
        *r = unsafe { Regs::load(frame) };
    }

    /// A call of a plain Python function with just its positional arguments, `callable, arg...` on the stack: enters its
    /// frame. With `bare` there is a NULL below the callable. False: nothing was done.
    #[inline(always)]
    pub(super) fn call_simple(&self, r: &mut Regs, n: usize, bare: bool) -> bool {
        let Some(f) = r.peek(n + 1).as_ref::<Function>() else {
            return false;
        };
        let Some(code) = f.code.get() else {
            return false;
        };
        if code.simple_args.get() as usize != n || !self.stack.fits(&code) {
            let mut copy = *r;
            let done = self.call_less_simple(&mut copy, code, n, bare);
            *r = copy;
            return done;
        }
        let depth = self.depth.get();
        if depth >= self.recursion_limit.get() {
            return false;
        }
        self.depth.set(depth + 1);
        let (frame, regs) = self.stack.push_call(r, code, n);
        if bare {
            r.pop_immediate();
        }
        frame.back.set(r.frame);
        r.save();
        self.frame.set(frame);
        *r = regs;
        true
    }

    /// The rest of [`Vm::call_simple`], for code with cells and where a frame does not fit.
    #[inline(never)]
    fn call_less_simple(&self, r: &mut Regs, code: Ref<Code>, n: usize, bare: bool) -> bool {
        let depth = self.depth.get();
        if code.shape.get() != CallKind::Simple
            || code.argcount as usize != n
            || depth >= self.recursion_limit.get()
            || self.is_short_of_memory()
        {
            return false;
        }
        self.depth.set(depth + 1);
        let (frame, regs) = self.stack.push_call_anywhere(r, code, n);
        if bare {
            r.pop_immediate();
        }
        frame.back.set(r.frame);
        if frame.code.ncells + frame.code.nfree > 0 {
            self.make_cells(frame);
        }
        r.save();
        self.frame.set(frame);
        *r = regs;
        true
    }

    /// A call, with positional arguments, of a Python class whose instances are made by `object` and set up by a plain
    /// Python `__init__`: enters its frame. False: nothing was done.
    #[inline(always)]
    pub(super) fn call_class(&self, r: &mut Regs, n: usize) -> bool {
        let Some(t) = r.peek(n + 1).as_ref::<Type>() else {
            return false;
        };
        let Some(f) = t.known_init() else {
            return false;
        };
        let Some(code) = f.code.get() else {
            return false;
        };
        let depth = self.depth.get();
        if code.simple_args.get() as usize != n + 1
            || !self.stack.fits(&code)
            || depth >= self.recursion_limit.get()
            || t.has(TypeFlags::ABSTRACT)
        {
            return false;
        }
        self.depth.set(depth + 1);
        let obj = self.new_instance(t);
        let (frame, regs) = self.stack.push_init(r, code, f, obj.clone(), n);
        r.set_top(obj);
        frame.back.set(r.frame);
        frame.mode.set(Mode::Init);
        r.save();
        self.frame.set(frame);
        *r = regs;
        true
    }

    /// LOAD_ATTR of a property that the instruction was specialized for: enters the getter's frame. False: nothing was done.
    #[inline(never)]
    pub(super) fn enter_getter(&self, r: &mut Regs, i: &Instr) -> bool {
        if self.type_of(r.peek(1)).current_version() != i.cache().0 {
            return false;
        }
        let descr = r.frame().code.cached_value(i.oparg2.get() as u32);
        // A property may be given another getter, which changes no class.
        let getter = descr.downcast::<Property>().map(|p| p.get.get());
        let Some(Ok(f)) = getter.map(Value::into_ref::<Function>) else {
            return false;
        };
        let Some(code) = f.code.get() else {
            return false;
        };
        let depth = self.depth.get();
        if code.simple_args.get() != 1
            || !self.stack.fits(&code)
            || depth >= self.recursion_limit.get()
        {
            return false;
        }
        self.depth.set(depth + 1);
        let this = r.pop();
        let (frame, regs) = self.stack.push_init(r, code, f, this, 0);
        frame.back.set(r.frame);
        r.save();
        self.frame.set(frame);
        *r = regs;
        true
    }

    /// Calls the plain native that lies `n + 1` from the top; `below` slots under the arguments go with it. Switched: it is none,
    /// nothing was done.
    #[inline(never)]
    pub(super) fn call_top_native(&self, r: &mut Regs, n: usize, below: usize) -> Flow {
        let Some(f) = super::plain_native(r.peek(n + 1)) else {
            return Flow::Switched;
        };
        r.publish();
        match self.call_plain(f, Args::pos(r.top(n))) {
            Ok(v) => {
                r.drop_top(n + below - 1);
                r.set_top(v);
                Flow::Next
            }
            Err(e) => Flow::Raise(e),
        }
    }

    /// Calls what lies `n + 1` from the top with the `n` values above it; `below` slots under the arguments go
    /// with the callable.
    #[inline(never)]
    pub(super) fn call_slow(&self, r: &mut Regs, n: usize, below: usize) -> PyResult<()> {
        let callable = r.peek(n + 1).clone();
        // SAFETY: the arguments stay on this frame's stack until the call is over; frames pushed
        // meanwhile do not touch it.
        let args = Args::pos(unsafe { r.top_unbound(n) });
        if let Some(code) = callable.as_ref::<Function>().and_then(|f| f.code.get())
            && code.yields_once.get().is_some()
        {
            self.begin_call_and_yield(r, below == 2);
        }
        if let Some(v) = self.call_ready_intrinsic(r, &callable, &args)? {
            r.drop_top(n + below);
            r.push(v);
            return Ok(());
        }
        self.call_any(r, &callable, args, n + below)
    }

    /// Calls a plain native with positional arguments.
    #[inline(always)]
    pub(super) fn call_plain(&self, nf: &NativeFunction, args: Args) -> PyResult<Value> {
        let NativeKind::Plain(f) = nf.func else {
            return self.call_native(nf, args);
        };
        if nf.this.is_unbound() {
            if let (Some(owner), Some((this, rest))) = (&nf.owner, args.pos.split_first())
                && self.type_of(this).is(owner)
            {
                let args = Args { pos: rest, ..args };
                self.check_arity(nf, &args)?;
                return f(self, this, args);
            }
            let (this, args) = self.native_self(nf, args)?;
            return f(self, &this, args);
        }
        self.check_arity(nf, &args)?;
        f(self, &nf.this.get(), args)
    }

    /// Calls anything with arguments that lie on the stack (or elsewhere); drops `drop` values and pushes the result, or
    /// enters the callee's frame.
    pub(super) fn call_any(
        &self,
        r: &mut Regs,
        callable: &Value,
        args: Args,
        drop: usize,
    ) -> PyResult<()> {
        if let Some(f) = callable.as_ref::<Function>() {
            let code = self.function_code(f)?;
            if let Some(v) = self.call_intrinsic(f, &code, &args)? {
                r.drop_top(drop);
                r.push(v);
                return Ok(());
            }
            if is_generator(&code) {
                let v = match (args.pos, args.names) {
                    (given, [])
                        if code.shape.get() == CallKind::SimpleGenerator
                            && self.fits_exactly(&code, given.len()) =>
                    {
                        self.make_generator(f, code, |frame| {
                            for (i, v) in given.iter().enumerate() {
                                frame.slot(i).set(v.clone());
                            }
                            Ok(())
                        })?
                    }
                    _ => self.make_generator(f, code, |frame| self.bind_args(f, frame, args))?,
                };
                r.drop_top(drop);
                r.push(v);
                return Ok(());
            }
            let frame = self.push_frame(f.clone(), code)?;
            if let Err(e) = self.bind_args(f, frame, args) {
                self.discard_frame(frame);
                return Err(e);
            }
            r.drop_top(drop);
            self.make_cells(frame);
            self.switch_to(r, frame);
            return Ok(());
        }
        if let Some(nf) = callable.downcast::<NativeFunction>() {
            return match &nf.func {
                NativeKind::Plain(f) => {
                    let f = *f;
                    let (this, args) = self.native_self(nf, args)?;
                    let v = f(self, &this, args)?;
                    r.drop_top(drop);
                    r.push(v);
                    Ok(())
                }
                NativeKind::Host(_) => {
                    let v = self.call_native(nf, args)?;
                    r.drop_top(drop);
                    r.push(v);
                    Ok(())
                }
                NativeKind::Tail(f) => {
                    let (this, args) = self.native_self(nf, args)?;
                    let tail = f(self, &this, args)?;
                    r.drop_top(drop);
                    self.enter_tail(r, tail)
                }
            };
        }
        if let Some(m) = callable.downcast::<BoundMethod>() {
            let mut pos = Vec::with_capacity(args.pos.len() + 1);
            pos.push(m.this.clone());
            pos.extend_from_slice(args.pos);
            let func = m.func.clone();
            return self.call_any(r, &func, Args { pos: &pos, ..args }, drop);
        }
        if let Some(t) = callable.as_ref::<Type>()
            && self.enter_class_call(r, t, args, drop)?
        {
            return Ok(());
        }
        let v = self.call_args(callable, args)?;
        r.drop_top(drop);
        r.push(v);
        Ok(())
    }

    /// Instances of plain Python classes: made here, with the frame of `__init__` entered. False when not that simple.
    fn enter_class_call(
        &self,
        r: &mut Regs,
        t: &Ref<Type>,
        args: Args,
        drop: usize,
    ) -> PyResult<bool> {
        if !t.class().is(&self.types.type_) || t.has(TypeFlags::ABSTRACT) {
            return Ok(false);
        }
        let find = || {
            let simple = t.layout().kind == crate::memory::Kind::Instance
                && t.slots.new.get().is_some_and(|n| {
                    std::ptr::fn_addr_eq(n, crate::model::new::object_new as NewFn)
                })
                && t.slots
                    .init
                    .get()
                    .is_some_and(crate::model::slots::is_python_init);
            if !simple {
                return None;
            }
            t.lookup(self, &self.names.init)?
                .into_ref::<Function>()
                .ok()
        };
        let Some(f) = &t.simple_init(find) else {
            return Ok(false);
        };
        let code = self.function_code(f)?;
        if is_generator(&code) {
            return Ok(false);
        }
        let obj: Value = self.new_instance(t);
        let frame = self.push_frame(f.clone(), code)?;
        frame.mode.set(Mode::SlowInit);
        let exact = self.fits_exactly(&frame.code, args.pos.len() + 1) && args.kw.is_empty();
        let bound = if exact {
            frame.slot(0).set(obj.clone());
            for (i, v) in args.pos.iter().enumerate() {
                frame.slot(i + 1).set(v.clone());
            }
            Ok(())
        } else {
            let mut pos = Vec::with_capacity(args.pos.len() + 1);
            pos.push(obj.clone());
            pos.extend_from_slice(args.pos);
            self.bind_args(f, frame, Args { pos: &pos, ..args })
        };
        if let Err(e) = bound {
            self.discard_frame(frame);
            return Err(e);
        }
        r.drop_top(drop);
        r.push(obj);
        if frame.code.ncells + frame.code.nfree > 0 {
            self.make_cells(frame);
        }
        self.switch_to(r, frame);
        Ok(true)
    }

    /// Does what a native asked for; its result is pushed, or comes when the entered frame returns.
    pub(crate) fn enter_tail(&self, r: &mut Regs, tail: Tail) -> PyResult<()> {
        match tail {
            Tail::Done(v) => {
                r.push(v);
                Ok(())
            }
            Tail::Call {
                callable,
                args,
                names,
            } => {
                let names: &[Value] = names.as_deref().map_or(&[], |t| t);
                self.call_any(r, &callable, Args::split(&args, names), 0)
            }
            Tail::Run { function, locals } => {
                let code = self.function_code(&function)?;
                if is_generator(&code) {
                    let v = self.run_code(&function, locals)?;
                    r.push(v);
                    return Ok(());
                }
                let frame = self.push_frame(function, code)?;
                frame.locals.set(locals);
                frame.mode.set(Mode::SlowCall);
                self.make_cells(frame);
                self.switch_to(r, frame);
                Ok(())
            }
            Tail::Send { generator, input } => self.enter_send(r, generator, input),
        }
    }

    pub(crate) fn op_call_kw(&self, r: &mut Regs, n: usize) -> PyResult<()> {
        let names = r.pop();
        let callable = r.peek(n + 1).clone();
        // SAFETY: as in `call_slow`.
        let all = unsafe { r.top_unbound(n) };
        let empty: &[Value] = &[];
        let names = names.downcast::<Tuple>().map_or(empty, |t| t);
        self.call_any(r, &callable, Args::split(all, names), n + 1)
    }

    pub(crate) fn op_call_ex(&self, r: &mut Regs, with_kwargs: bool) -> PyResult<()> {
        let kwargs = if with_kwargs { Some(r.pop()) } else { None };
        let args = r.pop();
        let callable = r.pop();
        let mut all = match args.downcast::<Tuple>() {
            Some(t) => t.to_vec(),
            None => {
                if self.type_of(&args).slots.iter.get().is_none()
                    && self.type_of(&args).slots.getitem.get().is_none()
                {
                    return Err(self.type_error(format!(
                        "{} argument after * must be an iterable, not {}",
                        self.callable_name(&callable),
                        self.type_name(&args)
                    )));
                }
                self.collect(&args)?
            }
        };
        let mut names = Vec::new();
        if let Some(kw) = kwargs {
            let d = match kw.as_ref::<Dict>() {
                Some(d) => d.clone(),
                None => {
                    let d = self.new_dict();
                    if self.lookup_attr(&kw, &self.names.keys)?.is_none() {
                        return Err(self.type_error(format!(
                            "{} argument after ** must be a mapping, not {}",
                            self.callable_name(&callable),
                            self.type_name(&kw)
                        )));
                    }
                    self.dict_update(&d, &kw)?;
                    d
                }
            };
            for (k, v) in d.items() {
                if k.downcast::<Str>().is_none() {
                    return Err(self.type_error("keywords must be strings"));
                }
                names.push(k);
                all.push(v);
            }
        }
        self.call_any(r, &callable, Args::split(&all, &names), 0)
    }

    /// `name()` as errors about its arguments show a callable.
    pub(crate) fn callable_name(&self, v: &Value) -> String {
        let module = self.lookup_attr(v, &self.names.module).ok().flatten();
        let qualname = self.lookup_attr(v, &self.names.qualname).ok().flatten();
        match qualname.as_ref().and_then(|q| q.downcast::<Str>()) {
            Some(q) => {
                let q = q.to_string_lossy();
                match module.as_ref().and_then(|m| m.downcast::<Str>()) {
                    Some(m) if *m != *"builtins" => format!("{}.{q}()", m.to_string_lossy()),
                    _ => format!("{q}()"),
                }
            }
            None => self.repr_string(v).unwrap_or_else(|_| "object".into()),
        }
    }

    /// A new instance of a Python class without `__init__` run.
    #[inline(always)]
    pub(crate) fn new_instance(&self, t: &Ref<Type>) -> Value {
        let v: Value = Instance::alloc(&self.heap, t).into();
        if t.has(TypeFlags::DEL) {
            crate::memory::Heap::set_finalize(&v, true);
        }
        v
    }

    /// Resumes a generator for `next` or `send`: it lies on this frame's stack while it runs.
    pub(crate) fn enter_send(&self, r: &mut Regs, g: Ref<Generator>, input: Value) -> PyResult<()> {
        let start = self.prepare_resume(&g, input)?;
        let Some((frame, start)) = start else {
            // Finished before.
            return Err(self.stop_iteration(Value::NONE));
        };
        r.push(g.value());
        self.activate(&g, Mode::Send)?;
        r.save();
        self.frame.set(frame);
        // SAFETY: the frame was just put in place, and runs now.
        *r = unsafe { Regs::load(frame) };
        match start {
            Start::Push(v) => r.push(v),
            Start::Fresh => {}
            Start::Raise(e) => return Err(e),
        }
        Ok(())
    }
}
