//! A Python awaitable as a Rust `Future`.
//!
//! The interpreter has one loop for all of these, made at the first poll. Polling any of them runs what is ready on that loop,
//! without sleeping; a poll that leaves nothing ready to run sets the [`Alarm`], which wakes every future that waits. So each of
//! them, polled by any executor of this thread, moves all of them.
//!
//! Where the loop runs already (a Rust future awaited from Python that awaits Python in turn) a poll drives nothing: the
//! task is one of the running loop's, and wakes its future when it is done.
#![forbid(unsafe_code)]

use super::alarm::Alarm;
use super::{Embed, Error, FromPython, Object, Python, embed};
use crate::aio::{self, Loop, aio};
use lasti_core::objects::NativeKind;
use lasti_core::{PyResult, Ref, Value, Vm};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Rounds of the loop that one poll runs before it lets the executor have a turn.
const ROUNDS: u32 = 64;
/// Rounds that an ending interpreter gives to cancelled tasks.
const LAST_ROUNDS: u32 = 1000;

/// Who is to be told when its task is done.
pub(super) struct Waiter {
    waker: Waker,
    /// Its polls drive the loop, so it is woken when the loop has something to do.
    drives: bool,
}

/// The loop that polls drive.
pub(super) struct Driver {
    event_loop: Value,
    alarm: Option<Alarm>,
    /// The deadline it is set for.
    deadline: Option<u64>,
}

/// A Python awaitable (a coroutine, a task, a future) as a Rust future. Made by [`Python::future`].
///
/// Nothing happens until it is first polled; then the awaitable becomes a task. Polling never sleeps: it runs what is ready on the
/// interpreter's loop, which may be other tasks, and takes as long as their steps do. When nothing is ready, a helper thread
/// sleeps until a descriptor is ready, a deadline comes or another thread leaves something, and calls the waker; there is no
/// busy polling. Only while other *Python* threads exist (`threading`, `asyncio.to_thread`) is the future polled again every two
/// milliseconds, and each such poll gives them half a millisecond, since they can run only then.
///
/// Dropping it before it is ready cancels the task; its clean-up runs when the loop is next driven, or when the interpreter ends.
/// The output is an error when the awaitable raises (CancelledError when its task was cancelled), or when its value does not
/// convert. If the script stops the loop, the future that was polled gives a RuntimeError.
#[must_use = "nothing happens until it is polled"]
pub struct PyFuture<T = Object> {
    py: Python,
    state: State,
    result: PhantomData<fn() -> T>,
}

enum State {
    New(Object),
    /// The key is the one in [`Embed::waiters`].
    Task(Object, u64),
    Done,
}

impl Python {
    /// The awaitable as a Rust future, driven by whoever polls it. See [`PyFuture`].
    pub fn future<T: FromPython>(&self, awaitable: &Object) -> PyFuture<T> {
        PyFuture {
            py: self.clone(),
            state: State::New(awaitable.clone()),
            result: PhantomData,
        }
    }

    /// Runs the interpreter's loop until the awaitable is done. Blocks the thread; sleeps while there is nothing to do.
    ///
    /// RuntimeError when a loop of this interpreter is running already.
    pub fn block_on<T: FromPython>(&self, awaitable: &Object) -> Result<T, Error> {
        let e = self.enter()?;
        let value = awaitable.value_in(self)?;
        let event_loop = self.wrap(event_loop(&self.vm, &e))?;
        let r = self
            .vm
            .call_method(&event_loop.value, "run_until_complete", &[value]);
        self.leave(self.wrap(r).and_then(|o| o.extract()))
    }
}

impl IntoFuture for Object {
    type Output = Result<Object, Error>;
    type IntoFuture = PyFuture<Object>;
    /// As [`Python::future`], for `object.await`.
    fn into_future(self) -> PyFuture<Object> {
        PyFuture {
            py: self.py.clone(),
            state: State::New(self),
            result: PhantomData,
        }
    }
}

impl<T: FromPython> Future for PyFuture<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, Error>> {
        let this = &mut *self;
        let r = match this.py.clone().enter() {
            Ok(e) => this.step(&e, cx),
            Err(closed) => Poll::Ready(Err(closed)),
        };
        match r {
            Poll::Pending => Poll::Pending,
            Poll::Ready(r) => {
                this.end();
                let r = r.and_then(|o| o.extract());
                Poll::Ready(this.py.clone().leave(r))
            }
        }
    }
}

impl<T> PyFuture<T> {
    fn step(&mut self, e: &Rc<Embed>, cx: &mut Context<'_>) -> Poll<Result<Object, Error>> {
        let vm = self.py.vm.clone();
        let running = aio(&vm).running.get();
        if let State::New(awaitable) = &self.state {
            let awaitable = awaitable.value_in(&self.py)?;
            let key = e.new_key();
            let task = self.py.wrap(make_task(&vm, e, &running, &awaitable, key))?;
            self.state = State::Task(task, key);
        }
        let State::Task(task, key) = &self.state else {
            return Poll::Ready(Err(Error::runtime_error(
                "the future was polled after it was ready",
            )));
        };
        let drives = running.is_none() && e.drives(&task.value, &vm);
        let waiter = Waiter {
            waker: cx.waker().clone(),
            drives,
        };
        e.waiters.borrow_mut().insert(*key, waiter);
        let after = if drives {
            drive(&vm, e, &task.value).map_err(|e| Error::of(&vm, &e))
        } else {
            Ok(After::Nothing)
        };
        if is_done(&vm, &task.value) {
            // Others may wait for what is still ready, or for the alarm.
            e.waiters.borrow_mut().remove(key);
            if drives {
                e.rest(&vm, after.as_ref().is_ok_and(|a| *a == After::More));
            }
            return Poll::Ready(self.py.wrap(result(&vm, &task.value)));
        }
        match after? {
            After::Stopped => Poll::Ready(Err(Error::runtime_error(
                "Event loop stopped before Future completed.",
            ))),
            after => {
                if drives {
                    e.rest(&vm, after == After::More);
                }
                Poll::Pending
            }
        }
    }

    /// Forgets the task; one that is not done is cancelled.
    fn end(&mut self) {
        let State::Task(task, key) = std::mem::replace(&mut self.state, State::Done) else {
            return;
        };
        let vm = self.py.vm.clone();
        let e = embed(&vm);
        let waker = e.waiters.borrow_mut().remove(&key);
        drop(waker);
        if e.closed.get() || is_done(&vm, &task.value) {
            return;
        }
        if let Err(error) = vm.call_method(&task.value, "cancel", &[]) {
            vm.unraisable(
                &error,
                "Exception ignored while cancelling",
                Some(&task.value),
            );
        }
        // The cancelled task has a step to make: another future's poll makes it.
        e.wake_drivers();
    }
}

impl<T> Drop for PyFuture<T> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<T> fmt::Debug for PyFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New(_) => "new",
            State::Task(..) => "pending",
            State::Done => "done",
        };
        f.debug_struct("PyFuture").field("state", &state).finish()
    }
}

/// What a drive of the loop left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// Nothing is ready to run.
    Nothing,
    /// The rounds of one poll are used up.
    More,
    /// The script called `stop`.
    Stopped,
}

impl Embed {
    /// Whether a task is on the loop that polls drive.
    fn drives(&self, task: &Value, vm: &Vm) -> bool {
        let theirs = aio::loop_of(vm, task);
        let driver = self.driver.borrow();
        driver.as_ref().is_some_and(|d| d.event_loop.is(&theirs))
    }

    fn drivers(&self) -> Vec<Waker> {
        let waiters = self.waiters.borrow();
        let drivers = waiters.values().filter(|w| w.drives);
        drivers.map(|w| w.waker.clone()).collect()
    }

    fn wake_drivers(&self) {
        self.drivers().into_iter().for_each(Waker::wake);
    }

    /// After a poll: those who wait are woken now if there is more to run, else by the alarm.
    fn rest(&self, vm: &Vm, more: bool) {
        let wakers = self.drivers();
        if wakers.is_empty() {
            return;
        }
        let set = !more && self.set_alarm(vm, &wakers).is_ok();
        if !set {
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    /// Fails where the system has no thread or descriptor left; the wakers are then called at once.
    fn set_alarm(&self, vm: &Vm, wakers: &[Waker]) -> PyResult<()> {
        let mut driver = self.driver.borrow_mut();
        let Some(d) = &mut *driver else { return Ok(()) };
        let Some(l) = d.event_loop.downcast::<Loop>() else {
            return Ok(());
        };
        let alarm = match &mut d.alarm {
            Some(a) => a,
            none => {
                let watched = l.poll_handle(vm)?;
                none.insert(Alarm::start(watched).map_err(|e| vm.os_error(&e, None))?)
            }
        };
        l.arm(vm)?;
        alarm.set(wakers.to_vec(), l.next_deadline());
        d.deadline = l.next_deadline();
        // The interpreter is at rest until the next poll, which is when other Python threads run.
        if crate::gil::others(vm) {
            crate::gil::state(vm).gil.when_wanted(wakers);
        }
        Ok(())
    }

    /// Wakes those who wait when a call from outside left something to run on their loop, or an earlier deadline.
    pub(super) fn wake_if_changed(&self) {
        let changed = match &*self.driver.borrow() {
            Some(d) => d
                .event_loop
                .downcast::<Loop>()
                .is_some_and(|l| l.has_ready() || l.next_deadline() != d.deadline),
            None => false,
        };
        if changed {
            self.wake_drivers();
        }
    }
}

/// The loop that polls drive, made when first needed.
fn event_loop(vm: &Vm, e: &Embed) -> PyResult<Value> {
    if let Some(d) = &*e.driver.borrow()
        && d.event_loop
            .downcast::<Loop>()
            .is_some_and(|l| !l.is_closed())
    {
        return Ok(d.event_loop.clone());
    }
    let asyncio = vm.import("asyncio")?;
    let event_loop = vm.call_method(&asyncio, "new_event_loop", &[])?;
    if event_loop.downcast::<Loop>().is_none() {
        return Err(vm.type_error("asyncio.new_event_loop() did not give lasti's own loop"));
    }
    let old = e.driver.replace(Some(Driver {
        event_loop: event_loop.clone(),
        alarm: None,
        deadline: None,
    }));
    drop(old);
    Ok(event_loop)
}

fn make_task(
    vm: &Vm,
    e: &Rc<Embed>,
    running: &Value,
    awaitable: &Value,
    key: u64,
) -> PyResult<Value> {
    let on = if running.is_none() {
        event_loop(vm, e)?
    } else {
        running.clone()
    };
    let asyncio = vm.import("asyncio")?;
    let ensure_future = vm.getattr_str(&asyncio, "ensure_future")?;
    let names = [vm.str_value("loop")];
    let all = [awaitable.clone(), on];
    let task = vm.call_args(&ensure_future, lasti_core::Args::split(&all, &names))?;
    let wake = move |vm: &Vm, _: lasti_core::Args| {
        let waiter = embed(vm).waiters.borrow_mut().remove(&key);
        if let Some(w) = waiter {
            w.waker.wake();
        }
        Ok(Value::NONE)
    };
    let wake = vm.new_native(
        "wake",
        "",
        NativeKind::Host(Rc::new(wake)),
        Value::NONE,
        Value::NONE,
    );
    vm.call_method(&task, "add_done_callback", &[wake])?;
    Ok(task)
}

fn is_done(vm: &Vm, task: &Value) -> bool {
    aio::is_done(task)
        || !aio::is_future(task) && vm.call_method(task, "done", &[]).is_ok_and(|d| d.is_true())
}

fn result(vm: &Vm, task: &Value) -> PyResult<Value> {
    vm.call_method(task, "result", &[])
}

/// Runs what is ready, until the task is done.
fn drive(vm: &Vm, e: &Embed, task: &Value) -> PyResult<After> {
    let event_loop = match &*e.driver.borrow() {
        Some(d) => d.event_loop.clone(),
        None => return Ok(After::Nothing),
    };
    let Some(l) = event_loop.as_ref::<Loop>() else {
        return Ok(After::Nothing);
    };
    crate::gil::give_turn(vm);
    run_rounds(vm, l, ROUNDS, || is_done(vm, task))
}

/// Rounds that do not sleep, with the loop marked as running as `run_forever` does.
fn run_rounds(vm: &Vm, l: &Ref<Loop>, rounds: u32, enough: impl Fn() -> bool) -> PyResult<After> {
    let v = l.as_value();
    vm.call_method(v, "_enter", &[])?;
    let old = [vm.asyncgen_firstiter.get(), vm.asyncgen_finalizer.get()];
    let r = set_hooks(vm, v).and_then(|()| {
        for _ in 0..rounds {
            let more = l.turn(vm)?;
            if l.is_stopping() {
                return Ok(After::Stopped);
            }
            if !more {
                return Ok(After::Nothing);
            }
            if enough() {
                // Once more, for those who are told that it is done.
                let more = l.turn(vm)?;
                return Ok(if more { After::More } else { After::Nothing });
            }
        }
        Ok(After::More)
    });
    let [first, last] = old;
    vm.asyncgen_firstiter.set(first);
    vm.asyncgen_finalizer.set(last);
    vm.call_method(v, "_leave", &[])?;
    r
}

fn set_hooks(vm: &Vm, event_loop: &Value) -> PyResult<()> {
    let first = vm.getattr_str(event_loop, "_asyncgen_firstiter_hook")?;
    let last = vm.getattr_str(event_loop, "_asyncgen_finalizer_hook")?;
    vm.asyncgen_firstiter.set(first);
    vm.asyncgen_finalizer.set(last);
    Ok(())
}

/// Cancels what is left on the loop, gives it rounds that do not sleep, and closes the loop.
pub(super) fn end_loop(vm: &Vm, e: &Embed) {
    let driver = e.driver.take();
    let Some(Driver {
        event_loop, alarm, ..
    }) = driver
    else {
        return;
    };
    drop(alarm);
    if let Err(error) = end_tasks(vm, &event_loop) {
        vm.unraisable(&error, "Exception ignored while ending the loop", None);
    }
}

fn end_tasks(vm: &Vm, event_loop: &Value) -> PyResult<()> {
    let Some(l) = event_loop.as_ref::<Loop>() else {
        return Ok(());
    };
    if l.is_closed() || !aio(vm).running.get().is_none() {
        return Ok(());
    }
    let asyncio = vm.import("asyncio")?;
    let tasks = vm.call_method(&asyncio, "all_tasks", std::slice::from_ref(event_loop))?;
    for t in vm.collect(&tasks)? {
        vm.call_method(&t, "cancel", &[])?;
        // What does not end in time is not to be reported as lost.
        let _ = vm.setattr(&t, &vm.intern("_log_destroy_pending"), Some(&Value::FALSE));
    }
    drop(tasks);
    let closing = vm.call_method(event_loop, "shutdown_asyncgens", &[])?;
    let last = vm.call_method(event_loop, "create_task", &[closing])?;
    let _ = vm.setattr(
        &last,
        &vm.intern("_log_destroy_pending"),
        Some(&Value::FALSE),
    );
    let r = run_rounds(vm, l, LAST_ROUNDS, || false);
    vm.call_method(event_loop, "close", &[])?;
    r.map(drop)
}
