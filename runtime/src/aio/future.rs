//! `Future` (CPython's Modules/_asynciomodule.c): a result that comes later, and those who wait for it.
use super::gather::Gather;
use super::{Loop, Task, aio};
use lasti_core::objects::{Exception, Type, TypeFlags};
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Resumed, Slot, Value, Vm};
use smallvec::SmallVec;
use std::cell::{Cell, OnceCell, RefCell};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Pending,
    Cancelled,
    Finished,
}

/// Who is told when a future is done, in the order of asking.
#[derive(Clone)]
pub enum Waiter {
    /// A task that awaits it: woken by a direct step.
    Task(Ref<Task>),
    /// A gathering that counts it among its children.
    Gather(Ref<Gather>),
    Callback {
        callback: Value,
        context: Value,
    },
}

type Waiters = SmallVec<[Waiter; 1]>;

/// What Future and Task have in common. Tasks are parked by the hundred thousand, so what few of them have stands in a box.
pub struct FutureData {
    pub event_loop: Slot,
    pub result: Slot,
    /// The task or gathering that asked first, or None. Callbacks are among the further waiters.
    first: Slot,
    rare: OnceCell<Box<Rare>>,
    pub state: Cell<State>,
    /// `_asyncio_future_blocking`.
    pub blocking: Cell<bool>,
    /// The exception was set and nobody looked at it yet.
    pub log_traceback: Cell<bool>,
    /// A task's, which stand here because a future has room left.
    pub task: TaskFlags,
    pub cancelling: Cell<u32>,
}

#[derive(Default)]
pub struct TaskFlags(Cell<u8>);

impl TaskFlags {
    pub const MUST_CANCEL: u8 = 1;
    pub const LOG_DESTROY_PENDING: u8 = 2;
    /// For `all_tasks`, until it is done.
    pub const LISTED: u8 = 4;

    pub fn get(&self, bit: u8) -> bool {
        self.0.get() & bit != 0
    }
    pub fn set(&self, bit: u8, on: bool) {
        let rest = self.0.get() & !bit;
        self.0.set(if on { rest | bit } else { rest });
    }
}

/// What a future that is cancelled, fails or has callbacks needs besides.
struct Rare {
    exception: Slot,
    cancel_msg: Slot,
    /// Those who asked after the first.
    waiters: RefCell<Waiters>,
}

impl FutureData {
    pub fn new(event_loop: Value) -> FutureData {
        FutureData {
            event_loop: Slot::new(event_loop),
            result: Slot::new(Value::NONE),
            first: Slot::new(Value::NONE),
            rare: OnceCell::new(),
            state: Cell::new(State::Pending),
            blocking: Cell::new(false),
            log_traceback: Cell::new(false),
            task: TaskFlags::default(),
            cancelling: Cell::new(0),
        }
    }
    fn rare(&self) -> &Rare {
        self.rare.get_or_init(|| {
            Box::new(Rare {
                exception: Slot::new(Value::NONE),
                cancel_msg: Slot::new(Value::NONE),
                waiters: RefCell::default(),
            })
        })
    }
    /// As new: pending, with nobody who waits.
    fn reset(&self) {
        let waiters = self.take_waiters();
        let old = [self.result.replace(Value::NONE), self.exception()];
        self.put_exception(Value::NONE);
        self.put_cancel_msg(Value::NONE);
        self.state.set(State::Pending);
        self.blocking.set(false);
        self.log_traceback.set(false);
        drop((waiters, old));
    }
    /// The exception it ended with, or None.
    pub fn exception(&self) -> Value {
        self.rare.get().map_or(Value::NONE, |r| r.exception.get())
    }
    pub fn put_exception(&self, e: Value) {
        if !e.is_none() || self.rare.get().is_some() {
            self.rare().exception.set(e);
        }
    }
    pub fn cancel_msg(&self) -> Value {
        self.rare.get().map_or(Value::NONE, |r| r.cancel_msg.get())
    }
    pub fn put_cancel_msg(&self, msg: Value) {
        if !msg.is_none() || self.rare.get().is_some() {
            self.rare().cancel_msg.set(msg);
        }
    }
    /// Makes sure that there is memory for one waiter more.
    fn reserve_waiter(&self, vm: &Vm) -> PyResult<()> {
        let Some(r) = self.rare.get() else {
            return Ok(());
        };
        let mut waiters = r.waiters.borrow_mut();
        if waiters.len() == waiters.capacity() {
            // What the reserve gives is for those who cannot be told.
            vm.check_memory()?;
            waiters.try_reserve(1).map_err(|_| vm.memory_error())?;
        }
        Ok(())
    }
    fn push_waiter(&self, w: Waiter) {
        let further = self
            .rare
            .get()
            .is_some_and(|r| !r.waiters.borrow().is_empty());
        match w {
            Waiter::Task(t) if !further && self.first.get().is_none() => self.first.set(t.into()),
            Waiter::Gather(g) if !further && self.first.get().is_none() => self.first.set(g.into()),
            w => {
                let mut waiters = self.rare().waiters.borrow_mut();
                waiters.push(w);
            }
        }
    }
    /// Makes a task the one that waits for a new future.
    pub fn wake_first(&self, t: &Ref<Task>) {
        self.first.set(t.value());
    }
    fn first_waiter(v: Value) -> Option<Waiter> {
        if let Some(t) = v.as_ref::<Task>() {
            return Some(Waiter::Task(t.clone()));
        }
        v.as_ref::<Gather>().map(|g| Waiter::Gather(g.clone()))
    }
    /// Who waits, in the order of asking.
    fn waiters(&self) -> Waiters {
        let further = self.rare.get().map(|r| r.waiters.borrow().clone());
        let first = FutureData::first_waiter(self.first.get());
        first
            .into_iter()
            .chain(further.unwrap_or_default())
            .collect()
    }
    fn take_waiters(&self) -> Waiters {
        let first = FutureData::first_waiter(self.first.replace(Value::NONE));
        let further = self.rare.get().map(|r| r.waiters.take());
        match (first, further) {
            (None, further) => further.unwrap_or_default(),
            (Some(w), further) => std::iter::once(w)
                .chain(further.unwrap_or_default())
                .collect(),
        }
    }
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for s in [&self.event_loop, &self.result, &self.first] {
            s.visit(visit);
        }
        let Some(r) = self.rare.get() else { return };
        r.exception.visit(visit);
        r.cancel_msg.visit(visit);
        for w in r.waiters.borrow().iter() {
            match w {
                Waiter::Task(t) => visit(t.as_value()),
                Waiter::Gather(g) => visit(g.as_value()),
                Waiter::Callback { callback, context } => {
                    visit(callback);
                    visit(context);
                }
            }
        }
    }
    pub fn clear(&self) {
        self.result.set(Value::NONE);
        self.first.set(Value::NONE);
        if let Some(r) = self.rare.get() {
            let waiters = r.waiters.take();
            drop(waiters);
            r.exception.set(Value::NONE);
            r.cancel_msg.set(Value::NONE);
        }
    }
    pub fn done(&self) -> bool {
        self.state.get() != State::Pending
    }
}

pub struct Future {
    pub data: FutureData,
}
impl Payload for Future {
    const CONTAINER: bool = true;
    const NAME: &'static str = "Future";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.data.traverse(visit);
    }
    fn clear(&self) {
        self.data.clear();
    }
}

/// The future behind a Future or a Task.
#[inline]
pub fn data_of(v: &Value) -> Option<&FutureData> {
    v.downcast::<Task>()
        .map(|t| &t.data)
        .or_else(|| v.downcast::<Future>().map(|f| &f.data))
        .or_else(|| v.downcast::<Gather>().map(|g| &g.data))
}

pub fn this<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a FutureData> {
    data_of(v).ok_or_else(|| vm.type_error("a Future is required"))
}

pub fn new_future(vm: &Vm, event_loop: &Value) -> Value {
    vm.heap
        .alloc(
            &aio(vm).future_type,
            Future {
                data: FutureData::new(event_loop.clone()),
            },
        )
        .into()
}

pub fn make_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::DICT | TypeFlags::WEAKREF;
    let t = vm.new_native_type::<Future>("_asyncio.Future", &vm.types.object, flags);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm
            .heap
            .alloc(
                class,
                Future {
                    data: FutureData::new(Value::NONE),
                },
            )
            .into())
    }));
    t.slots.init.set(Some(|vm, v, a| {
        let [event_loop] = a.bind(vm, "Future", ["*loop"], 0)?;
        this(vm, v)?.reset();
        let l = match event_loop {
            Some(l) if !l.is_none() => l.clone(),
            _ => super::event_loop::current(vm)?,
        };
        this(vm, v)?.event_loop.set(l);
        Ok(())
    }));
    t.set_finalizer(finalize);
    t.slots.await_.set(Some(make_iter));
    t.slots.iter.set(Some(make_iter));
    t.slots.repr.set(Some(repr));
    vm.method(&t, "result", "result($self, /)\n--\n\n", |vm, v, _| {
        result(vm, v)
    });
    vm.method(
        &t,
        "exception",
        "exception($self, /)\n--\n\n",
        |vm, v, _| {
            let f = this(vm, v)?;
            match f.state.get() {
                State::Cancelled => Err(cancelled(vm, f)?),
                State::Pending => Err(invalid(vm, "Exception is not set.")?),
                State::Finished => {
                    f.log_traceback.set(false);
                    Ok(f.exception())
                }
            }
        },
    );
    vm.method(
        &t,
        "set_result",
        "set_result($self, result, /)\n--\n\n",
        |vm, v, a| {
            let [x] = a.exactly::<1>(vm, "set_result")?;
            check_loop(vm, v)?;
            if this(vm, v)?.done() {
                return Err(invalid(vm, "invalid state")?);
            }
            set_result(vm, v, x.clone())?;
            Ok(Value::NONE)
        },
    );
    vm.method(
        &t,
        "set_exception",
        "set_exception($self, exception, /)\n--\n\n",
        |vm, v, a| {
            let [x] = a.exactly::<1>(vm, "set_exception")?;
            check_loop(vm, v)?;
            if this(vm, v)?.done() {
                return Err(invalid(vm, "invalid state")?);
            }
            set_exception_checked(vm, v, x)?;
            Ok(Value::NONE)
        },
    );
    vm.method(
        &t,
        "add_done_callback",
        "add_done_callback($self, fn, /, *, context=None)\n--\n\n",
        |vm, v, a| {
            let [callback, context] = a.bind(vm, "add_done_callback", ["fn", "*context"], 1)?;
            let context = match context {
                Some(c) if !c.is_none() => c.clone(),
                _ => super::copy_context(vm)?,
            };
            add_callback(vm, v, callback.cloned().unwrap_or(Value::NONE), context)?;
            Ok(Value::NONE)
        },
    );
    vm.method(
        &t,
        "remove_done_callback",
        "remove_done_callback($self, fn, /)\n--\n\n",
        |vm, v, a| {
            let [callback] = a.exactly::<1>(vm, "remove_done_callback")?;
            let f = this(vm, v)?;
            // Comparing runs Python, which may add, remove and call them, or raise. They stay where they are meanwhile.
            let callbacks: Vec<Value> = f
                .waiters()
                .into_iter()
                .filter_map(|w| match w {
                    Waiter::Callback { callback, .. } => Some(callback),
                    _ => None,
                })
                .collect();
            let mut equal = Vec::new();
            for c in callbacks {
                if !equal.iter().any(|e: &Value| e.is(&c)) && vm.same(&c, callback)? {
                    equal.push(c);
                }
            }
            let (gone, kept): (Waiters, Waiters) = f.take_waiters().into_iter().partition(|w| {
                matches!(w, Waiter::Callback { callback: c, .. } if equal.iter().any(|e| e.is(c)))
            });
            for w in kept {
                f.push_waiter(w);
            }
            Ok(vm.new_int(gone.len() as i64))
        },
    );
    vm.method(
        &t,
        "cancel",
        "cancel($self, /, msg=None)\n--\n\n",
        |vm, v, a| {
            let [msg] = a.bind(vm, "cancel", ["msg"], 0)?;
            Ok(Value::bool(cancel_future(
                vm,
                v,
                msg.cloned().unwrap_or(Value::NONE),
            )?))
        },
    );
    vm.method(
        &t,
        "cancelled",
        "cancelled($self, /)\n--\n\n",
        |vm, v, _| Ok(Value::bool(this(vm, v)?.state.get() == State::Cancelled)),
    );
    vm.method(&t, "done", "done($self, /)\n--\n\n", |vm, v, _| {
        Ok(Value::bool(this(vm, v)?.done()))
    });
    vm.method(&t, "get_loop", "get_loop($self, /)\n--\n\n", |vm, v, _| {
        let l = this(vm, v)?.event_loop.get();
        if l.is_none() {
            Err(vm.runtime_error("Future object is not initialized."))
        } else {
            Ok(l)
        }
    });
    vm.method(&t, "_make_cancelled_error", "", |vm, v, _| {
        let f = this(vm, v)?;
        Ok(cancelled(vm, f)?.0)
    });
    vm.class_method(&t, "__class_getitem__", "", |vm, this, a| {
        let [x] = a.exactly::<1>(vm, "__class_getitem__")?;
        Ok(lasti_builtins::alias::generic_alias(vm, this, x))
    });
    vm.getset(
        &t,
        "_state",
        |vm, v| {
            Ok(vm.str_value(match this(vm, v)?.state.get() {
                State::Pending => "PENDING",
                State::Cancelled => "CANCELLED",
                State::Finished => "FINISHED",
            }))
        },
        None,
    );
    vm.getset(
        &t,
        "_asyncio_future_blocking",
        |vm, v| Ok(Value::bool(this(vm, v)?.blocking.get())),
        Some(|vm, v, x| {
            let b = match x {
                Some(x) => vm.is_true(x)?,
                None => false,
            };
            this(vm, v)?.blocking.set(b);
            Ok(())
        }),
    );
    vm.getset(&t, "_loop", |vm, v| Ok(this(vm, v)?.event_loop.get()), None);
    vm.getset(&t, "_result", |vm, v| Ok(this(vm, v)?.result.get()), None);
    vm.getset(&t, "_exception", |vm, v| Ok(this(vm, v)?.exception()), None);
    vm.getset(
        &t,
        "_cancel_message",
        |vm, v| Ok(this(vm, v)?.cancel_msg()),
        Some(|vm, v, x| {
            this(vm, v)?.put_cancel_msg(x.cloned().unwrap_or(Value::NONE));
            Ok(())
        }),
    );
    vm.getset(
        &t,
        "_source_traceback",
        |_, _| Ok(Value::NONE),
        Some(|_, _, _| Ok(())),
    );
    vm.getset(&t, "_asyncio_awaited_by", |_, _| Ok(Value::NONE), None);
    vm.getset(
        &t,
        "_log_traceback",
        |vm, v| Ok(Value::bool(this(vm, v)?.log_traceback.get())),
        Some(|vm, v, x| {
            if x.is_some_and(|x| x.is_true()) {
                return Err(vm.value_error("_log_traceback can only be set to False"));
            }
            this(vm, v)?.log_traceback.set(false);
            Ok(())
        }),
    );
    vm.getset(
        &t,
        "_callbacks",
        |vm, v| {
            let rows: Vec<Value> = this(vm, v)?
                .waiters()
                .iter()
                .map(|w| match w {
                    Waiter::Task(t) => vm.tuple_value([t.value(), Value::NONE]),
                    Waiter::Gather(g) => vm.tuple_value([g.value(), Value::NONE]),
                    Waiter::Callback { callback, context } => {
                        let c = if context.is_unbound() {
                            Value::NONE
                        } else {
                            context.clone()
                        };
                        vm.tuple_value([callback.clone(), c])
                    }
                })
                .collect();
            Ok(if rows.is_empty() {
                Value::NONE
            } else {
                vm.new_list(rows)
            })
        },
        None,
    );
    vm.ready_type(&t);
    t
}

fn check_loop(vm: &Vm, v: &Value) -> PyResult<()> {
    if this(vm, v)?.event_loop.get().is_none() {
        return Err(vm.runtime_error("Future object is not initialized."));
    }
    Ok(())
}

fn invalid(vm: &Vm, msg: &str) -> PyResult<Exc> {
    let c = aio(vm).invalid_state_class(vm)?;
    Ok(Exc(vm.call(&c, &[vm.str_value(msg)])?))
}
/// The CancelledError a cancelled future raises.
fn cancelled(vm: &Vm, f: &FutureData) -> PyResult<Exc> {
    // The exception that a task ended with is raised as it is.
    let kept = f.exception();
    if !kept.is_none() && f.state.get() == State::Cancelled {
        f.put_exception(Value::NONE);
        return Ok(Exc(kept));
    }
    super::new_cancelled(vm, &f.cancel_msg())
}

/// `future.result()`.
pub fn result(vm: &Vm, v: &Value) -> PyResult<Value> {
    let f = this(vm, v)?;
    match f.state.get() {
        State::Cancelled => Err(cancelled(vm, f)?),
        State::Pending => Err(invalid(vm, "Result is not set.")?),
        State::Finished => {
            f.log_traceback.set(false);
            let e = f.exception();
            if e.is_none() {
                Ok(f.result.get())
            } else {
                Err(Exc(e))
            }
        }
    }
}

/// Sets the result of a pending future and tells its waiters.
pub fn set_result(vm: &Vm, v: &Value, x: Value) -> PyResult<()> {
    let f = this(vm, v)?;
    f.result.set(x);
    f.state.set(State::Finished);
    schedule_waiters(vm, v, f)
}

fn set_exception_checked(vm: &Vm, v: &Value, x: &Value) -> PyResult<()> {
    let e = match x.as_ref::<Type>() {
        Some(t) if t.is_subtype(&vm.exc.base_exception) => vm.call(x, &[])?,
        _ => x.clone(),
    };
    if e.downcast::<Exception>().is_none() {
        return Err(vm.type_error("invalid exception object"));
    }
    let e = if vm.is_instance(&e, &vm.exc.stop_iteration) {
        let new = vm.runtime_error(
            "StopIteration interacts badly with generators and cannot be raised into a Future",
        );
        if let Some(n) = new.0.downcast::<Exception>() {
            n.cause.set(e.clone());
            n.context.set(e);
        }
        new.0
    } else {
        e
    };
    set_exception(vm, v, e)
}

/// Sets the exception of a pending future and tells its waiters.
pub fn set_exception(vm: &Vm, v: &Value, e: Value) -> PyResult<()> {
    let f = this(vm, v)?;
    f.put_exception(e);
    f.state.set(State::Finished);
    f.log_traceback.set(true);
    vm.set_finalize(v, true);
    schedule_waiters(vm, v, f)
}

/// `Future.cancel`: false when it is done.
pub fn cancel_future(vm: &Vm, v: &Value, msg: Value) -> PyResult<bool> {
    let f = this(vm, v)?;
    f.log_traceback.set(false);
    if f.done() {
        return Ok(false);
    }
    f.state.set(State::Cancelled);
    f.put_cancel_msg(msg);
    schedule_waiters(vm, v, f)?;
    Ok(true)
}

/// Cancels anything that is awaited: our own classes directly, others through their method.
pub fn cancel_any(vm: &Vm, v: &Value, msg: &Value) -> PyResult<bool> {
    // A `gather` descends to its children, which may wait for other ones.
    vm.guard_native_stack("")?;
    if v.downcast::<Task>().is_some() && vm.type_of(v).is(&aio(vm).task_type) {
        return super::task::cancel(vm, v, msg.clone());
    }
    if vm.type_of(v).is(&aio(vm).future_type) {
        return cancel_future(vm, v, msg.clone());
    }
    let cancel = vm.getattr_str(v, "cancel")?;
    let r = if msg.is_none() {
        vm.call(&cancel, &[])?
    } else {
        let names = [vm.str_value("msg")];
        vm.call_args(
            &cancel,
            Args {
                pos: &[],
                kw: std::slice::from_ref(msg),
                names: &names,
            },
        )?
    };
    vm.is_true(&r)
}

/// What `await` of a native future gives when it goes on.
pub fn awaited(vm: &Vm, v: &Value) -> PyResult<Value> {
    if data_of(v).is_some_and(|f| !f.done()) {
        return Err(vm.runtime_error("await wasn't used with future"));
    }
    result(vm, v)
}

/// `done()` of anything that tasks wait for.
pub fn is_done(vm: &Vm, v: &Value) -> PyResult<bool> {
    match data_of(v) {
        Some(f) => Ok(f.done()),
        None => vm.is_true(&vm.call_method(v, "done", &[])?),
    }
}

/// `cancelled()` of the same.
pub fn is_cancelled(vm: &Vm, v: &Value) -> PyResult<bool> {
    match data_of(v) {
        Some(f) => Ok(f.state.get() == State::Cancelled),
        None => vm.is_true(&vm.call_method(v, "cancelled", &[])?),
    }
}

/// `set_result` of the same, which is pending.
pub fn set_any_result(vm: &Vm, v: &Value, x: Value) -> PyResult<()> {
    match data_of(v) {
        Some(_) => set_result(vm, v, x),
        None => vm.call_method(v, "set_result", &[x]).map(|_| ()),
    }
}

fn schedule_waiters(vm: &Vm, v: &Value, f: &FutureData) -> PyResult<()> {
    if f.rare.get().is_none() {
        // At most one waiter, as nearly always.
        return match FutureData::first_waiter(f.first.replace(Value::NONE)) {
            None => Ok(()),
            Some(w) => schedule_waiter(vm, &f.event_loop.get(), v, w),
        };
    }
    let waiters = f.take_waiters();
    if waiters.is_empty() {
        return Ok(());
    }
    let l = f.event_loop.get();
    for w in waiters {
        schedule_waiter(vm, &l, v, w)?;
    }
    Ok(())
}

/// Schedules the wake-up of a task by what it waits for.
pub fn wake_task(vm: &Vm, t: Ref<Task>, by: &Value) -> PyResult<()> {
    if super::trace::tasks() {
        super::trace::woken(vm, &t, by);
    }
    let target = t.data.event_loop.get();
    match target.downcast::<Loop>() {
        Some(native) => native.push_wakeup(t),
        None => {
            // A loop that is not ours: wake through its call_soon.
            let step = super::task::step_function(vm, &t, by);
            vm.call_method(&target, "call_soon", &[step])?;
        }
    }
    Ok(())
}

fn schedule_waiter(vm: &Vm, l: &Value, v: &Value, w: Waiter) -> PyResult<()> {
    match w {
        Waiter::Task(t) => wake_task(vm, t, v),
        Waiter::Gather(g) => match l.downcast::<Loop>() {
            Some(native) => {
                native.push_gathered(g, v.clone());
                Ok(())
            }
            None => {
                let f = super::gather::done_function(vm, &g, v);
                vm.call_method(l, "call_soon", &[f]).map(|_| ())
            }
        },
        Waiter::Callback { callback, context } => match l.downcast::<Loop>() {
            Some(native) => {
                let h = super::handle::new_handle(vm, l, callback, vec![v.clone()], context);
                native.push_handle(h);
                Ok(())
            }
            None => {
                let call_soon = vm.getattr_str(l, "call_soon")?;
                let all = [
                    callback,
                    v.clone(),
                    if context.is_unbound() {
                        Value::NONE
                    } else {
                        context
                    },
                ];
                let names = [vm.str_value("context")];
                vm.call_args(&call_soon, Args::split(&all, &names))
                    .map(|_| ())
            }
        },
    }
}

/// `add_done_callback`.
pub fn add_callback(vm: &Vm, v: &Value, callback: Value, context: Value) -> PyResult<()> {
    add_waiter(vm, v, Waiter::Callback { callback, context })
}

/// Adds a waiter, or schedules it at once when the future is done.
pub fn add_waiter(vm: &Vm, v: &Value, w: Waiter) -> PyResult<()> {
    let f = this(vm, v)?;
    if f.done() {
        let l = f.event_loop.get();
        return schedule_waiter(vm, &l, v, w);
    }
    f.reserve_waiter(vm)?;
    f.push_waiter(w);
    Ok(())
}

/// A future whose exception nobody looked at is reported when it goes.
pub fn finalize(vm: &Vm, v: &Value) {
    if v.downcast::<Task>().is_some() {
        super::task::finalize(vm, v);
    }
    let Some(f) = data_of(v) else { return };
    if !f.log_traceback.get() {
        return;
    }
    f.log_traceback.set(false);
    let msg = format!("{} exception was never retrieved", vm.type_name(v));
    let pairs = [
        ("message", vm.str_value(&msg)),
        ("exception", f.exception()),
        ("future", v.clone()),
    ];
    if let Err(e) = super::event_loop::call_exception_handler(vm, &f.event_loop.get(), &pairs) {
        vm.unraisable(&e, "Exception ignored while finalizing future", Some(v));
    }
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let f = this(vm, v)?;
    let mut parts = vec![vm.type_name(v)];
    match f.state.get() {
        State::Pending => parts.push("pending".into()),
        State::Cancelled => parts.push("cancelled".into()),
        State::Finished => {
            parts.push("finished".into());
            let e = f.exception();
            parts.push(if e.is_none() {
                format!("result={}", short_repr(vm, &f.result.get())?)
            } else {
                format!("exception={}", vm.repr_string(&e)?)
            });
        }
    }
    if let Some(cbs) = callbacks_text(vm, f)? {
        parts.push(cbs);
    }
    Ok(vm.str_value(&format!("<{}>", parts.join(" "))))
}

/// `cb=[...]` of a repr: up to two, then how many more.
pub fn callbacks_text(vm: &Vm, f: &FutureData) -> PyResult<Option<String>> {
    let shown: Vec<Value> = f
        .waiters()
        .iter()
        .map(|w| match w {
            Waiter::Task(t) => t.value(),
            Waiter::Gather(g) => g.value(),
            Waiter::Callback { callback, .. } => callback.clone(),
        })
        .collect();
    let one = |c: &Value| {
        if c.downcast::<Task>().is_some() {
            Ok("Task.task_wakeup()".to_owned())
        } else if c.downcast::<Gather>().is_some() {
            Ok("gather.<locals>._done_callback()".to_owned())
        } else {
            super::handle::describe(vm, c)
        }
    };
    Ok(match &shown[..] {
        [] => None,
        [a] => Some(format!("cb=[{}]", one(a)?)),
        [a, b] => Some(format!("cb=[{}, {}]", one(a)?, one(b)?)),
        [a, .., b] => Some(format!(
            "cb=[{}, <{} more>, {}]",
            one(a)?,
            shown.len() - 2,
            one(b)?
        )),
    })
}

/// A repr cut to a readable length, as `reprlib` cuts results.
fn short_repr(vm: &Vm, v: &Value) -> PyResult<String> {
    let full = vm.repr_string(v)?;
    if full.chars().count() <= 40 {
        return Ok(full);
    }
    let reprlib = vm.import("reprlib")?;
    let r = vm.call_method(&reprlib, "repr", std::slice::from_ref(v))?;
    Ok(vm.display(&r))
}

// ---- awaiting ----

/// What `await future` runs.
pub struct FutureIter {
    pub future: Value,
    pub asked: Cell<bool>,
}
impl Payload for FutureIter {
    const CONTAINER: bool = true;
    const NAME: &'static str = "FutureIter";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.future);
    }
}

fn make_iter(vm: &Vm, v: &Value) -> PyResult<Value> {
    check_loop(vm, v)?;
    let it = FutureIter {
        future: v.clone(),
        asked: Cell::new(false),
    };
    Ok(vm.heap.alloc(&aio(vm).future_iter_type, it).into())
}

/// The iterator of an `await` that waits for the future already.
pub fn materialize_iter(vm: &Vm, v: &Value) -> PyResult<Value> {
    let it = make_iter(vm, v)?;
    if let Some(i) = it.downcast::<FutureIter>() {
        i.asked.set(true);
    }
    Ok(it)
}

fn iter_send(vm: &Vm, v: &Value, _: &Value) -> PyResult<Resumed> {
    let it = vm.this::<FutureIter>(v)?;
    let f = this(vm, &it.future)?;
    if f.done() {
        return result(vm, &it.future).map(Resumed::Return);
    }
    if it.asked.replace(true) {
        return Err(vm.runtime_error("await wasn't used with future"));
    }
    f.blocking.set(true);
    Ok(Resumed::Yield(it.future.clone()))
}

pub fn make_iter_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<FutureIter>(
        "_asyncio.FutureIter",
        &vm.types.object,
        TypeFlags::NO_NEW,
    );
    t.slots.send.set(Some(iter_send));
    t.slots.iter.set(Some(|_, v| Ok(v.clone())));
    t.slots
        .next
        .set(Some(|vm, v| match iter_send(vm, v, &Value::NONE)? {
            Resumed::Yield(v) => Ok(Some(v)),
            Resumed::Return(v) if v.is_none() => Ok(None),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }));
    vm.method(&t, "send", "", |vm, v, a| {
        let [x] = a.exactly::<1>(vm, "send")?;
        match iter_send(vm, v, x)? {
            Resumed::Yield(v) => Ok(v),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }
    });
    vm.method(&t, "throw", "", |vm, _, a| {
        let e = match a.pos {
            [class, value, ..] if class.as_ref::<Type>().is_some() && !value.is_none() => {
                value.clone()
            }
            [first, ..] => first.clone(),
            [] => return Err(vm.type_error("throw expected at least 1 argument, got 0")),
        };
        Err(vm.exception_of(&e)?)
    });
    vm.method(&t, "close", "", |_, _, _| Ok(Value::NONE));
    vm.ready_type(&t);
    t
}
