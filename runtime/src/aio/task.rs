//! `Task`: a future that drives a coroutine (CPython's Modules/_asynciomodule.c, `task_step_impl`).
use super::future::{self, FutureData, State, TaskFlags, Waiter};
use super::{Loop, aio, event, is_cancelled, trace};
use lasti_core::objects::{Generator, NativeKind, Str, Tuple, Type, TypeFlags};
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Resume, Resumed, Slot, Stepped, Value, Vm};
use std::cell::Cell;

pub struct Task {
    pub data: FutureData,
    pub coro: Slot,
    /// None until somebody asks.
    pub name: Slot,
    /// The number in the name, if it is not given one; tasks are listed in this order.
    pub number: Cell<u64>,
    pub context: Slot,
    /// The future it waits for, the waiter of an event, or None.
    pub waiting_for: Slot,
}

// With the header, a block of 96 bytes.
const _: () = assert!(size_of::<Task>() <= 80);

impl Payload for Task {
    const CONTAINER: bool = true;
    const NAME: &'static str = "Task";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.data.traverse(visit);
        for s in [&self.coro, &self.name, &self.context, &self.waiting_for] {
            s.visit(visit);
        }
    }
    fn clear(&self) {
        self.data.clear();
        for s in [&self.coro, &self.name, &self.context, &self.waiting_for] {
            s.set(Value::NONE);
        }
    }
}

impl Task {
    /// Gives it a name of the running number; tasks with names of their own take none.
    fn count(&self, vm: &Vm) {
        let counter = &aio(vm).task_counter;
        counter.set(counter.get() + 1);
        self.number.set(counter.get());
    }
    fn must_cancel(&self) -> bool {
        self.data.task.get(TaskFlags::MUST_CANCEL)
    }
    fn set_must_cancel(&self, on: bool) {
        self.data.task.set(TaskFlags::MUST_CANCEL, on);
    }
}

fn this<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<Task>> {
    v.as_ref::<Task>()
        .ok_or_else(|| vm.type_error("a Task is required"))
}

fn blank(vm: &Vm) -> Task {
    let t = Task {
        data: FutureData::new(Value::NONE),
        coro: Slot::new(Value::NONE),
        name: Slot::new(Value::NONE),
        number: Cell::new(aio(vm).task_counter.get()),
        context: Slot::empty(),
        waiting_for: Slot::new(Value::NONE),
    };
    t.data.task.set(TaskFlags::LOG_DESTROY_PENDING, true);
    t
}

pub fn make_type(vm: &Vm, future_type: &Ref<Type>) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<Task>("_asyncio.Task", future_type, flags);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, blank(vm)).into())
    }));
    t.slots.init.set(Some(init));
    t.slots.repr.set(Some(repr));
    vm.method(
        &t,
        "cancel",
        "cancel($self, /, msg=None)\n--\n\n",
        |vm, v, a| {
            let [msg] = a.bind(vm, "cancel", ["msg"], 0)?;
            Ok(Value::bool(cancel(
                vm,
                v,
                msg.cloned().unwrap_or(Value::NONE),
            )?))
        },
    );
    vm.method(
        &t,
        "cancelling",
        "cancelling($self, /)\n--\n\n",
        |vm, v, _| Ok(vm.new_int(this(vm, v)?.data.cancelling.get() as i64)),
    );
    vm.method(&t, "uncancel", "uncancel($self, /)\n--\n\n", |vm, v, _| {
        let t = this(vm, v)?;
        let n = t.data.cancelling.get().saturating_sub(1);
        t.data.cancelling.set(n);
        if n == 0 {
            t.set_must_cancel(false);
        }
        Ok(vm.new_int(n as i64))
    });
    vm.method(&t, "get_coro", "get_coro($self, /)\n--\n\n", |vm, v, _| {
        Ok(this(vm, v)?.coro.get())
    });
    vm.method(
        &t,
        "get_context",
        "get_context($self, /)\n--\n\n",
        |vm, v, _| {
            let c = this(vm, v)?.context.get();
            Ok(if c.is_unbound() { Value::NONE } else { c })
        },
    );
    vm.method(&t, "get_name", "get_name($self, /)\n--\n\n", |vm, v, _| {
        name_of(vm, this(vm, v)?)
    });
    vm.method(
        &t,
        "set_name",
        "set_name($self, value, /)\n--\n\n",
        |vm, v, a| {
            let [n] = a.exactly::<1>(vm, "set_name")?;
            this(vm, v)?.name.set(vm.str_of(n)?.into());
            Ok(Value::NONE)
        },
    );
    vm.method(&t, "set_result", "", |vm, _, _| {
        Err(vm.runtime_error("Task does not support set_result operation"))
    });
    vm.method(&t, "set_exception", "", |vm, _, _| {
        Err(vm.runtime_error("Task does not support set_exception operation"))
    });
    vm.method(&t, "get_stack", "", |vm, v, a| {
        let m = vm.import("asyncio.base_tasks")?;
        let [limit] = a.bind(vm, "get_stack", ["*limit"], 0)?;
        vm.call_method(
            &m,
            "_task_get_stack",
            &[v.clone(), limit.cloned().unwrap_or(Value::NONE)],
        )
    });
    vm.method(&t, "print_stack", "", |vm, v, a| {
        let m = vm.import("asyncio.base_tasks")?;
        let [limit, file] = a.bind(vm, "print_stack", ["*limit", "*file"], 0)?;
        let or = |v: Option<&Value>| v.cloned().unwrap_or(Value::NONE);
        vm.call_method(&m, "_task_print_stack", &[v.clone(), or(limit), or(file)])
    });
    vm.getset(&t, "_coro", |vm, v| Ok(this(vm, v)?.coro.get()), None);
    vm.getset(
        &t,
        "_fut_waiter",
        |vm, v| Ok(event::seen(vm, &this(vm, v)?.waiting_for.get())),
        None,
    );
    vm.getset(
        &t,
        "_must_cancel",
        |vm, v| Ok(Value::bool(this(vm, v)?.must_cancel())),
        None,
    );
    vm.getset(
        &t,
        "_log_destroy_pending",
        |vm, v| {
            Ok(Value::bool(
                this(vm, v)?.data.task.get(TaskFlags::LOG_DESTROY_PENDING),
            ))
        },
        Some(|vm, v, x| {
            let on = x.is_some_and(|x| x.is_true());
            this(vm, v)?
                .data
                .task
                .set(TaskFlags::LOG_DESTROY_PENDING, on);
            Ok(())
        }),
    );
    vm.ready_type(&t);
    t
}

fn name_of(vm: &Vm, t: &Ref<Task>) -> PyResult<Value> {
    let n = t.name.get();
    if n.is_none() {
        let text = vm.str_value(&format!("Task-{}", t.number.get()));
        t.name.set(text.clone());
        return Ok(text);
    }
    Ok(n)
}

fn init(vm: &Vm, v: &Value, args: Args) -> PyResult<()> {
    let names = ["coro", "*loop", "*name", "*context", "*eager_start"];
    let [coro, event_loop, name, context, eager] = args.bind(vm, "Task", names, 1)?;
    let coro = coro.cloned().unwrap_or(Value::NONE);
    if !is_coroutine(vm, &coro) {
        return Err(vm.type_error(format!(
            "a coroutine was expected, got {}",
            vm.repr_string(&coro)?
        )));
    }
    let t = this(vm, v)?;
    let l = match event_loop {
        Some(l) if !l.is_none() => l.clone(),
        _ => super::event_loop::current(vm)?,
    };
    t.data.event_loop.set(l.clone());
    t.coro.set(coro);
    if let Some(n) = name.filter(|n| !n.is_none()) {
        t.name.set(if n.downcast::<Str>().is_some() {
            n.clone()
        } else {
            vm.str_of(n)?.into()
        });
    } else {
        t.count(vm);
    }
    match context {
        Some(c) if !c.is_none() => t.context.set(c.clone()),
        _ => t.context.set(super::copy_context(vm)?),
    }
    vm.set_finalize(v, true);
    register(vm, v)?;
    trace::created(vm, t);
    if eager.is_some_and(|e| e.is_true()) && super::event_loop::running(vm).is(&l) {
        let r = step(vm, t, None);
        if t.data.done() {
            // As CPython's: such a task never was suspended and has no coroutine to look at.
            t.coro.set(Value::NONE);
        }
        return r;
    }
    schedule_first(vm, t, &l)
}

fn schedule_first(vm: &Vm, t: &Ref<Task>, l: &Value) -> PyResult<()> {
    match l.downcast::<Loop>() {
        Some(native) => {
            native.reserve_ready(vm)?;
            native.push_step(t.clone());
            Ok(())
        }
        None => {
            let f = step_function(vm, t, &Value::NONE);
            vm.call_method(l, "call_soon", &[f]).map(|_| ())
        }
    }
}

/// Whether a task can drive this.
pub fn is_coroutine(vm: &Vm, v: &Value) -> bool {
    if let Some(g) = v.downcast::<Generator>() {
        use lasti_core::objects::GenKind;
        let iterable = lasti_bytecode::code::flags::ITERABLE_COROUTINE;
        return g.kind == GenKind::Coroutine
            || g.kind == GenKind::Generator && g.code_flags() & iterable != 0;
    }
    if vm.type_of(v).has(TypeFlags::COROUTINE) {
        return true;
    }
    // Anything of collections.abc.Coroutine's shape.
    let has = |n: &str| matches!(vm.lookup_attr(v, &vm.intern(n)), Ok(Some(_)));
    has("send") && has("throw") && has("close") && has("__await__")
}

/// A task of our own class over a coroutine.
pub fn new_task(vm: &Vm, l: &Value, coro: Value, name: Value, context: Value) -> PyResult<Value> {
    if !is_coroutine(vm, &coro) {
        return Err(vm.type_error(format!(
            "a coroutine was expected, got {}",
            vm.repr_string(&coro)?
        )));
    }
    let context = if context.is_none() || context.is_unbound() {
        super::copy_context(vm)?
    } else {
        context
    };
    let unnamed = name.is_none();
    let task = Task {
        data: FutureData::new(l.clone()),
        coro: Slot::new(coro),
        name: Slot::new(name),
        number: Cell::new(aio(vm).task_counter.get()),
        context: Slot::new(context),
        waiting_for: Slot::new(Value::NONE),
    };
    let t = vm.heap.alloc(&aio(vm).task_type, task);
    t.data.task.set(TaskFlags::LOG_DESTROY_PENDING, true);
    if unnamed {
        t.count(vm);
    }
    let v = t.value();
    vm.set_finalize(&v, true);
    register(vm, &v)?;
    trace::created(vm, &t);
    schedule_first(vm, &t, l)?;
    Ok(v)
}

/// Notes a task for `all_tasks`. Those of other classes are held by weak references; the dead and finished among them are
/// swept when their list has doubled.
pub fn register(vm: &Vm, v: &Value) -> PyResult<()> {
    if let Some(t) = v.downcast::<Task>() {
        t.data.task.set(TaskFlags::LISTED, true);
        return Ok(());
    }
    let a = aio(vm);
    let w = vm.make_weakref(&vm.types.weakref, v, None)?;
    let mut tasks = a.foreign_tasks.borrow_mut();
    vm.push(&mut tasks, w)?;
    if tasks.len() >= a.sweep_at.get() {
        let all = std::mem::take(&mut *tasks);
        let alive = |w: &Ref<lasti_core::objects::WeakRef>| {
            w.get()
                .is_some_and(|t| future::data_of(&t).is_none_or(|d| !d.done()))
        };
        let kept: Vec<_> = all.iter().filter(|w| alive(w)).cloned().collect();
        a.sweep_at.set((kept.len() * 2).max(64));
        *tasks = kept;
        drop(tasks);
        drop(all);
    }
    Ok(())
}

/// A task whose `cancel` is ours.
fn is_plain_task(vm: &Vm, v: &Value) -> bool {
    v.downcast::<Task>().is_some() && vm.type_of(v).is(&aio(vm).task_type)
}

/// `Task.cancel`. A chain of tasks that wait for each other is walked, not descended, so its length is free; a chain that
/// comes back to itself raises RecursionError.
pub fn cancel(vm: &Vm, v: &Value, msg: Value) -> PyResult<bool> {
    let mut v = v.clone();
    if this(vm, &v)?.data.done() {
        this(vm, &v)?.data.log_traceback.set(false);
        return Ok(false);
    }
    // Brent's search for a cycle: the mark moves on at each power of two.
    let mut mark = v.clone();
    let (mut steps, mut limit) = (0u64, 1u64);
    loop {
        let t = this(vm, &v)?;
        t.data.log_traceback.set(false);
        t.data.cancelling.set(t.data.cancelling.get() + 1);
        let waiting = event::seen(vm, &t.waiting_for.get());
        if !is_plain_task(vm, &waiting) {
            if !waiting.is_none() && future::cancel_any(vm, &waiting, &msg)? {
                // The future's cancellation wakes the task.
                return Ok(true);
            }
            break;
        }
        let next = this(vm, &waiting)?;
        if next.data.done() {
            next.data.log_traceback.set(false);
            break;
        }
        if waiting.is(&mark) {
            return Err(
                vm.new_exception(&vm.exc.recursion_error, "maximum recursion depth exceeded")
            );
        }
        steps += 1;
        if steps == limit {
            mark = waiting.clone();
            (steps, limit) = (0, limit * 2);
        }
        v = waiting;
    }
    let t = this(vm, &v)?;
    t.set_must_cancel(true);
    t.data.put_cancel_msg(msg);
    Ok(true)
}

/// Wakes a task because what it waited for is done.
pub fn wakeup(vm: &Vm, t: &Ref<Task>, fut: &Value) -> PyResult<()> {
    if fut.is_none() || fut.downcast::<event::EventWait>().is_some() {
        // Woken by its event; there is no result to look at.
        return step(vm, t, None);
    }
    let error = match future::data_of(fut) {
        // Our own future: the coroutine itself takes the result out when it goes on.
        Some(f) => match f.state.get() {
            State::Finished if f.exception().is_none() => None,
            _ => future::result(vm, fut).err(),
        },
        None => vm.call_method(fut, "result", &[]).err(),
    };
    step(vm, t, error)
}

/// One step of the coroutine: resumes it, and acts on what comes back.
pub fn step(vm: &Vm, t: &Ref<Task>, error: Option<Exc>) -> PyResult<()> {
    if t.data.done() {
        let error = error.map_or(Value::NONE, |e| e.0);
        let text = format!(
            "__step(): already done: {} {}",
            vm.repr_string(t.as_value())?,
            vm.repr_string(&error)?
        );
        let class = aio(vm).invalid_state_class(vm)?;
        return Err(Exc(vm.call(&class, &[vm.str_value(&text)])?));
    }
    let mut error = error;
    if t.must_cancel() {
        if !error.as_ref().is_some_and(|e| is_cancelled(vm, e)) {
            error = Some(super::new_cancelled(vm, &t.data.cancel_msg())?);
        }
        t.set_must_cancel(false);
    }
    if trace::tasks() {
        return traced_step(vm, t, error);
    }
    run_step(vm, t, error)
}

#[cold]
fn traced_step(vm: &Vm, t: &Ref<Task>, error: Option<Exc>) -> PyResult<()> {
    let _span = trace::step(t);
    run_step(vm, t, error)
}

#[inline]
fn run_step(vm: &Vm, t: &Ref<Task>, error: Option<Exc>) -> PyResult<()> {
    t.waiting_for.set(Value::NONE);
    let a = aio(vm);
    let outer_task = a.current_task.replace(t.value());
    let outer_context = vm.context.replace(t.context.get());
    let coro = t.coro.get();
    let r = drive(vm, &coro, error);
    let context = vm.context.replace(outer_context);
    t.context.set(context);
    let r = finish_step(vm, t, r);
    a.current_task.set(outer_task);
    r
}

fn drive(vm: &Vm, coro: &Value, error: Option<Exc>) -> Stepped {
    if let Some(g) = coro.as_ref::<Generator>() {
        return match error {
            None => vm.step_coroutine(g),
            Some(e) => vm.resume(g, Resume::Throw(e)).into(),
        };
    }
    let r = match error {
        None => match vm.type_of(coro).slots.send.get() {
            Some(send) => send(vm, coro, &Value::NONE),
            None => stop_as_return(vm, vm.call_method(coro, "send", &[Value::NONE])),
        },
        Some(e) => stop_as_return(vm, vm.call_method(coro, "throw", &[e.0])),
    };
    r.into()
}

fn stop_as_return(vm: &Vm, r: PyResult<Value>) -> PyResult<Resumed> {
    match r {
        Ok(v) => Ok(Resumed::Yield(v)),
        Err(e) if vm.exc_is(&e, &vm.exc.stop_iteration) => {
            Ok(Resumed::Return(vm.getattr_str(&e.0, "value")?))
        }
        Err(e) => Err(e),
    }
}

fn finish_step(vm: &Vm, t: &Ref<Task>, r: Stepped) -> PyResult<()> {
    let v = t.as_value();
    match r {
        Stepped::Yield(x) => {
            if trace::tasks() {
                trace::waiting(vm, t, &x);
            }
            wait_for(vm, t, x)
        }
        Stepped::Return(x) => {
            done(vm, t);
            if t.must_cancel() {
                t.set_must_cancel(false);
                trace::finished(vm, t, "cancelled", None);
                let msg = t.data.cancel_msg();
                future::cancel_future(vm, v, msg)?;
                return Ok(());
            }
            trace::finished(vm, t, "result", None);
            future::set_result(vm, v, x)
        }
        Stepped::Raise(e) if is_cancelled(vm, &e) => {
            done(vm, t);
            trace::finished(vm, t, "cancelled", None);
            // Whoever asks first gets this exception; those after it one without a message.
            t.data.put_exception(e.0);
            future::cancel_future(vm, v, Value::NONE)?;
            Ok(())
        }
        Stepped::Raise(e) => {
            done(vm, t);
            trace::finished(vm, t, "exception", Some(&e.0));
            future::set_exception(vm, v, e.0.clone())?;
            let fatal =
                vm.exc_is(&e, &vm.exc.keyboard_interrupt) || vm.exc_is(&e, &vm.exc.system_exit);
            if fatal { Err(e) } else { Ok(()) }
        }
    }
}

fn done(vm: &Vm, t: &Ref<Task>) {
    t.data.task.set(TaskFlags::LISTED, false);
    vm.set_finalize(t.as_value(), false);
}

/// Whether a future is one of ours that does not see its callbacks added: a subclass may have an own method for that.
pub fn takes_waiters(vm: &Vm, x: &Value) -> bool {
    let a = aio(vm);
    let class = vm.type_of(x);
    if class.is(&a.task_type) || class.is(&a.future_type) {
        return true;
    }
    let name = vm.intern("add_done_callback");
    match (class.lookup(vm, &name), a.future_type.lookup(vm, &name)) {
        (Some(own), Some(native)) => own.is(&native),
        _ => true,
    }
}

/// Acts on what the coroutine yielded.
fn wait_for(vm: &Vm, t: &Ref<Task>, x: Value) -> PyResult<()> {
    let l = t.data.event_loop.get();
    if x.is_none() {
        // A bare yield: go on in the next round.
        return schedule_first(vm, t, &l);
    }
    if event::parks(&x, t) {
        t.waiting_for.set(x.clone());
        if t.must_cancel() && future::cancel_any(vm, &event::seen(vm, &x), &t.data.cancel_msg())? {
            t.set_must_cancel(false);
        }
        return Ok(());
    }
    if x.is(t.as_value()) {
        let me = vm.repr_string(t.as_value())?;
        return fail(vm, t, format!("Task cannot await on itself: {me}"));
    }
    if let Some(f) = future::data_of(&x)
        && takes_waiters(vm, &x)
    {
        if !f.event_loop.get().is(&l) {
            let msg = format!(
                "Task {} got Future {} attached to a different loop",
                vm.repr_string(t.as_value())?,
                vm.repr_string(&x)?
            );
            return fail(vm, t, msg);
        }
        if !f.blocking.replace(false) {
            let msg = format!(
                "yield was used instead of yield from in task {} with {}",
                vm.repr_string(t.as_value())?,
                vm.repr_string(&x)?
            );
            return fail(vm, t, msg);
        }
        future::add_waiter(vm, &x, Waiter::Task(t.clone()))?;
        t.waiting_for.set(x.clone());
        if t.must_cancel() && future::cancel_any(vm, &x, &t.data.cancel_msg())? {
            t.set_must_cancel(false);
        }
        return Ok(());
    }
    // A future of somebody else's, by the protocol.
    let blocking = vm.lookup_attr(&x, &vm.names.asyncio_future_blocking)?;
    match blocking {
        Some(b) if !b.is_none() => {
            let theirs = match vm.lookup_attr(&x, &vm.intern("get_loop"))? {
                Some(get) => vm.call(&get, &[])?,
                None => vm.getattr_str(&x, "_loop")?,
            };
            if !theirs.is(&l) {
                let msg = format!(
                    "Task {} got Future {} attached to a different loop",
                    vm.repr_string(t.as_value())?,
                    vm.repr_string(&x)?
                );
                return fail(vm, t, msg);
            }
            if !vm.is_true(&b)? {
                let msg = format!(
                    "yield was used instead of yield from in task {} with {}",
                    vm.repr_string(t.as_value())?,
                    vm.repr_string(&x)?
                );
                return fail(vm, t, msg);
            }
            vm.setattr(&x, &vm.names.asyncio_future_blocking, Some(&Value::FALSE))?;
            let wake = wakeup_function(vm, t);
            let context = t.context.get();
            let add = vm.getattr_str(&x, "add_done_callback")?;
            if context.is_unbound() {
                vm.call(&add, &[wake])?;
            } else {
                let names = [vm.str_value("context")];
                vm.call_args(&add, Args::split(&[wake, context], &names))?;
            }
            t.waiting_for.set(x.clone());
            if t.must_cancel() && future::cancel_any(vm, &x, &t.data.cancel_msg())? {
                t.set_must_cancel(false);
            }
            Ok(())
        }
        _ => {
            let is_gen = x.downcast::<Generator>().is_some();
            let me = vm.repr_string(t.as_value())?;
            fail(
                vm,
                t,
                if is_gen {
                    format!(
                        "yield was used instead of yield from for generator in task {me} with {}",
                        vm.repr_string(&x)?
                    )
                } else {
                    format!("Task got bad yield: {}", vm.repr_string(&x)?)
                },
            )
        }
    }
}

/// Raises RuntimeError in the coroutine in the next round.
fn fail(vm: &Vm, t: &Ref<Task>, msg: String) -> PyResult<()> {
    let e = vm.runtime_error(msg);
    let l = t.data.event_loop.get();
    match l.downcast::<Loop>() {
        Some(native) => {
            native.push_throw(t.clone(), e.0);
            Ok(())
        }
        None => step(vm, t, Some(e)),
    }
}

/// A Python function that steps or wakes the task, for loops and futures of others. What it needs is its `__self__`, where
/// the collector sees it.
pub fn step_function(vm: &Vm, t: &Ref<Task>, fut: &Value) -> Value {
    fn call(vm: &Vm, me: &Value, _: Args) -> PyResult<Value> {
        if let Some([t, fut]) = me.downcast::<Tuple>().map(|t| &t[..])
            && let Some(t) = t.as_ref::<Task>()
        {
            if fut.is_none() {
                step(vm, t, None)?
            } else {
                wakeup(vm, t, fut)?
            }
        }
        Ok(Value::NONE)
    }
    let me = vm.tuple_value([t.value(), fut.clone()]);
    let kind = NativeKind::Plain(call);
    vm.new_native("TaskStepMethWrapper", "", kind, me, Value::NONE)
}

fn wakeup_function(vm: &Vm, t: &Ref<Task>) -> Value {
    fn call(vm: &Vm, me: &Value, a: Args) -> PyResult<Value> {
        let [fut] = a.exactly::<1>(vm, "task_wakeup")?;
        if let Some(t) = me.as_ref::<Task>() {
            wakeup(vm, t, fut)?;
        }
        Ok(Value::NONE)
    }
    let kind = NativeKind::Plain(call);
    vm.new_native("task_wakeup", "", kind, t.value(), Value::NONE)
}

/// A task that goes while it is pending is reported.
pub fn finalize(vm: &Vm, v: &Value) {
    let Some(t) = v.as_ref::<Task>() else { return };
    if t.data.done()
        || !t.data.task.get(TaskFlags::LOG_DESTROY_PENDING)
        || t.data.event_loop.get().is_none()
    {
        return;
    }
    let pairs = [
        (
            "message",
            vm.str_value("Task was destroyed but it is pending!"),
        ),
        ("task", v.clone()),
    ];
    if let Err(e) = super::event_loop::call_exception_handler(vm, &t.data.event_loop.get(), &pairs)
    {
        vm.unraisable(&e, "Exception ignored while finalizing task", Some(v));
    }
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = this(vm, v)?;
    let mut parts = vec![vm.type_name(v)];
    let d = &t.data;
    parts.push(match d.state.get() {
        State::Pending if t.data.cancelling.get() > 0 => "cancelling".into(),
        State::Pending => "pending".into(),
        State::Cancelled => "cancelled".into(),
        State::Finished => "finished".into(),
    });
    parts.push(format!("name={}", vm.repr_string(&name_of(vm, t)?)?));
    let coro = t.coro.get();
    if !coro.is_none() {
        parts.push(format!("coro=<{}>", describe_coro(vm, &coro)?));
    }
    let waiting = event::seen(vm, &t.waiting_for.get());
    if !waiting.is_none() {
        parts.push(format!("wait_for={}", vm.repr_string(&waiting)?));
    }
    if d.state.get() == State::Finished {
        let e = d.exception();
        parts.push(if e.is_none() {
            format!("result={}", vm.repr_string(&d.result.get())?)
        } else {
            format!("exception={}", vm.repr_string(&e)?)
        });
    }
    if let Some(cbs) = future::callbacks_text(vm, d)? {
        parts.push(cbs);
    }
    Ok(vm.str_value(&format!("<{}>", parts.join(" "))))
}

/// `name() running at file:line`, or `done, defined at`.
fn describe_coro(vm: &Vm, coro: &Value) -> PyResult<String> {
    let name = match vm.lookup_attr(coro, &vm.names.qualname)? {
        Some(q) => vm.display(&q),
        None => vm.type_name(coro),
    };
    let Some(frame) = vm.lookup_attr(coro, &vm.intern("cr_frame"))? else {
        return Ok(format!("{name}()"));
    };
    let code = vm.getattr_str(coro, "cr_code")?;
    let file = vm.display(&vm.getattr_str(&code, "co_filename")?);
    if frame.is_none() {
        let line = vm.display(&vm.getattr_str(&code, "co_firstlineno")?);
        return Ok(format!("{name}() done, defined at {file}:{line}"));
    }
    let line = vm.display(&vm.getattr_str(&frame, "f_lineno")?);
    Ok(format!("{name}() running at {file}:{line}"))
}
