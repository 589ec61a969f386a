//! Rust functions in Python. A plain one is a built-in function. An async one returns a *Rust coroutine*: an awaitable with
//! `send`, `throw` and `close` whose Rust future is polled inside the step of the task that awaits it.
//!
//! A future that is pending has the task wait for an asyncio future of the loop. Its waker sends the coroutine's key to
//! the loop's inbox, from any thread; the loop then completes that asyncio future, and the task's next step polls again.
//! Cancelling the task throws CancelledError into the coroutine, which drops the Rust future first.
#![forbid(unsafe_code)]

use super::{Embed, Error, FromArgs, Object, Python, ToPython, embed};
use crate::aio::{self, Loop};
use crate::reactor::Sender;
use lasti_core::objects::{NativeKind, Type, TypeFlags};
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Resumed, Slot, Value, Vm};
use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

pub(super) type LocalFuture = Pin<Box<dyn Future<Output = Result<Object, Error>>>>;
type Called = Result<Object, Error>;

/// A Rust function, called with the arguments of a Python call.
#[derive(Clone)]
pub(super) enum Entry {
    Plain(Rc<dyn Fn(&Python, &[Object]) -> Called>),
    Async(Rc<dyn Fn(&Python, &[Object]) -> Result<LocalFuture, Error>>),
}

/// Takes a function out of the interpreter's list when Python lets go of it.
struct Registered {
    key: u64,
    embed: Weak<Embed>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Some(e) = self.embed.upgrade()
            && let Some(entry) = e.functions.borrow_mut().remove(&self.key)
        {
            e.discard(entry);
        }
    }
}

impl Python {
    /// Makes a Rust function callable from Python and sets it as a variable of `__main__`.
    ///
    /// The closure takes its positional arguments as one tuple: `|(a, b): (i64, i64)| Ok::<_, Error>(a + b)`. Its error
    /// becomes an exception: an [`Error`] one of its class, an `io::Error` the OSError for its kind, anything else a RuntimeError with
    /// its text. So does a panic. It blocks the interpreter while it runs.
    ///
    /// The closure lives until Python lets go of the function or the interpreter ends.
    pub fn function<A, R, E>(
        &self,
        name: &str,
        f: impl Fn(A) -> Result<R, E> + 'static,
    ) -> Result<Object, Error>
    where
        A: FromArgs,
        R: ToPython,
        E: Display + 'static,
    {
        let f = move |py: &Python, args: &[Object]| {
            f(A::from_args(args)?)
                .map_err(Error::of_rust)?
                .to_python(py)
        };
        self.register(name, Entry::Plain(Rc::new(f)))
    }

    /// Makes a Rust `async fn` awaitable from Python and sets it as a variable of `__main__`.
    ///
    /// Arguments and errors are as for [`function`](Python::function). Calling it gives a coroutine, which can be awaited once
    /// or made a task. The future is polled on the interpreter's thread by the loop that runs the task; its waker may be
    /// called from any thread. Cancelling the task drops the future and raises CancelledError in Python.
    ///
    /// The future must not wait for the runtime of another thread to poll it: timers and sockets of tokio, for example, work as long
    /// as their runtime runs elsewhere (or is the one that polls the [`PyFuture`](super::PyFuture)).
    pub fn async_function<A, R, E, F>(
        &self,
        name: &str,
        f: impl Fn(A) -> F + 'static,
    ) -> Result<Object, Error>
    where
        A: FromArgs,
        F: Future<Output = Result<R, E>> + 'static,
        R: ToPython + 'static,
        E: Display + 'static,
    {
        let f = move |py: &Python, args: &[Object]| {
            let future = f(A::from_args(args)?);
            let vm = Rc::downgrade(py.vm());
            let future: LocalFuture = Box::pin(async move {
                let value = future.await.map_err(Error::of_rust)?;
                let vm = vm.upgrade().ok_or_else(super::closed)?;
                value.to_python(&Python::of(vm))
            });
            Ok(future)
        };
        self.register(name, Entry::Async(Rc::new(f)))
    }

    fn register(&self, name: &str, entry: Entry) -> Result<Object, Error> {
        let e = self.enter()?;
        let key = e.new_key();
        e.functions.borrow_mut().insert(key, entry);
        let registered = Registered {
            key,
            embed: Rc::downgrade(&e),
        };
        let own_name: Rc<str> = name.into();
        let f = move |vm: &Vm, args: Args| {
            // The whole of it: a closure that used the key alone would not keep it.
            let registered = &registered;
            call(vm, registered.key, &own_name, args)
        };
        let f = self.vm.new_native(
            name,
            "",
            NativeKind::Host(Rc::new(f)),
            Value::NONE,
            Value::NONE,
        );
        let f = self.object(f);
        self.set(name, &f)?;
        Ok(f)
    }
}

/// Calls a Rust function with the arguments of a Python call.
fn call(vm: &Vm, key: u64, name: &Rc<str>, args: Args) -> PyResult<Value> {
    args.no_kw(vm, name)?;
    vm.guard_native_stack("while calling a Rust function")?;
    let e = embed(vm);
    let py = e.python().map_err(|e| e.raise(vm))?;
    let entry = e.functions.borrow().get(&key).cloned();
    let args: Vec<Object> = args.pos.iter().map(|v| py.object(v.clone())).collect();
    let r = match entry {
        Some(Entry::Plain(f)) => catch_panic(name, || f(&py, &args))
            .and_then(|r| r)
            .and_then(|o| o.value_in(&py)),
        Some(Entry::Async(f)) => catch_panic(name, || f(&py, &args))
            .and_then(|r| r)
            .map(|future| new_coroutine(vm, &e, name, future)),
        None => Err(super::closed()),
    };
    r.map_err(|e| e.raise(vm))
}

/// Runs Rust code of the embedder's: a panic becomes a RuntimeError.
pub(super) fn catch_panic<R>(name: &str, f: impl FnOnce() -> R) -> Result<R, Error> {
    // What a panicking closure leaves half done is its own: the interpreter's state is not touched while it runs.
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Error::runtime_error(format!("panic in Rust function {name}: {text}"))
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    New,
    Waiting,
    Running,
    Done,
}

/// The coroutine of a Rust future. The future itself stands in [`Embed::futures`] under the key.
pub(crate) struct RustCoroutine {
    name: Rc<str>,
    key: u64,
    embed: Weak<Embed>,
    stage: Cell<Stage>,
    /// The loop it waits on, once it does.
    event_loop: Slot,
    /// The asyncio future that its waker completes.
    waiting: Slot,
    waker: RefCell<Option<Arc<LoopWaker>>>,
}

impl Payload for RustCoroutine {
    const CONTAINER: bool = true;
    const NAME: &'static str = "rust_coroutine";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.event_loop.visit(visit);
        self.waiting.visit(visit);
    }
    fn clear(&self) {
        self.event_loop.take();
        self.waiting.take();
    }
}

impl Drop for RustCoroutine {
    fn drop(&mut self) {
        if let Some(e) = self.embed.upgrade() {
            self.take_future(&e);
        }
    }
}

impl RustCoroutine {
    /// Has the Rust future dropped soon: at once where that is safe, else at the next entry.
    fn take_future(&self, e: &Embed) {
        let future = e.futures.borrow_mut().remove(&self.key);
        if let Some(f) = future {
            e.discard(f);
        }
    }
}

/// Tells the loop that a coroutine's future can make progress.
struct LoopWaker {
    inbox: Sender<u64>,
    key: u64,
    /// A message is under way, so that a future which wakes often sends one.
    sent: AtomicBool,
}

impl Wake for LoopWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        if !self.sent.swap(true, Ordering::AcqRel) {
            // A closed loop has nobody left to wake.
            let _ = self.inbox.send(self.key);
        }
    }
}

fn new_coroutine(vm: &Vm, e: &Rc<Embed>, name: &Rc<str>, future: LocalFuture) -> Value {
    let key = e.new_key();
    e.futures.borrow_mut().insert(key, future);
    let c = RustCoroutine {
        name: name.clone(),
        key,
        embed: Rc::downgrade(e),
        stage: Cell::new(Stage::New),
        event_loop: Slot::new(Value::NONE),
        waiting: Slot::new(Value::NONE),
        waker: RefCell::default(),
    };
    let class = e.coroutine_type.get_or_init(|| make_type(vm));
    let v: Value = vm.heap.alloc(class, c).into();
    vm.set_finalize(&v, true);
    v
}

fn make_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::WEAKREF | TypeFlags::NO_NEW | TypeFlags::COROUTINE;
    let t = vm.new_native_type::<RustCoroutine>("lasti.rust_coroutine", &vm.types.object, flags);
    t.slots.await_.set(Some(|vm, v| {
        let busy = match vm.this::<RustCoroutine>(v)?.stage.get() {
            Stage::New => return Ok(v.clone()),
            Stage::Done => "cannot reuse already awaited coroutine",
            Stage::Waiting | Stage::Running => "coroutine is being awaited already",
        };
        Err(vm.runtime_error(busy))
    }));
    t.slots.iter.set(Some(|_, v| Ok(v.clone())));
    t.slots.send.set(Some(send));
    t.slots
        .next
        .set(Some(|vm, v| match send(vm, v, &Value::NONE)? {
            Resumed::Yield(v) => Ok(Some(v)),
            Resumed::Return(v) if v.is_none() => Ok(None),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }));
    t.slots.repr.set(Some(|vm, v| {
        let name = &vm.this::<RustCoroutine>(v)?.name;
        Ok(vm.str_value(&format!(
            "<rust_coroutine object {name} at {:#x}>",
            vm.id(v)
        )))
    }));
    t.set_finalizer(finalize);
    vm.method(&t, "send", "", |vm, v, a| {
        let [x] = a.exactly::<1>(vm, "send")?;
        match send(vm, v, x)? {
            Resumed::Yield(v) => Ok(v),
            Resumed::Return(v) => Err(vm.stop_iteration(v)),
        }
    });
    vm.method(&t, "throw", "", |vm, v, a| {
        let e = match a.pos {
            [class, value, ..] if class.as_ref::<Type>().is_some() && !value.is_none() => {
                value.clone()
            }
            [first, ..] => first.clone(),
            [] => return Err(vm.type_error("throw expected at least 1 argument, got 0")),
        };
        let e = vm.exception_of(&e)?;
        let c = vm.this::<RustCoroutine>(v)?;
        if c.stage.get() == Stage::Done {
            return Err(vm.runtime_error("cannot reuse already awaited coroutine"));
        }
        finish(vm, v)?;
        Err(e)
    });
    vm.method(&t, "close", "", |vm, v, _| {
        finish(vm, v)?;
        Ok(Value::NONE)
    });
    for name in ["__name__", "__qualname__"] {
        vm.getset(
            &t,
            name,
            |vm, v| Ok(vm.str_value(&vm.this::<RustCoroutine>(v)?.name)),
            None,
        );
    }
    vm.getset(
        &t,
        "cr_await",
        |vm, v| Ok(vm.this::<RustCoroutine>(v)?.waiting.get()),
        None,
    );
    vm.getset(
        &t,
        "cr_running",
        |vm, v| {
            let stage = vm.this::<RustCoroutine>(v)?.stage.get();
            Ok(Value::bool(stage == Stage::Running))
        },
        None,
    );
    vm.getset(
        &t,
        "cr_suspended",
        |vm, v| {
            let stage = vm.this::<RustCoroutine>(v)?.stage.get();
            Ok(Value::bool(stage == Stage::Waiting))
        },
        None,
    );
    vm.getset(&t, "cr_frame", |_, _| Ok(Value::NONE), None);
    vm.getset(&t, "cr_origin", |_, _| Ok(Value::NONE), None);
    vm.ready_type(&t);
    t
}

fn finalize(vm: &Vm, v: &Value) {
    let Some(c) = v.downcast::<RustCoroutine>() else {
        return;
    };
    let new = c.stage.get() == Stage::New;
    let _ = finish(vm, v);
    if new {
        let text = format!("coroutine '{}' was never awaited", c.name);
        if let Err(e) = vm.warn(&vm.exc.runtime_warning, &text, 1, Some(v)) {
            vm.unraisable(&e, "Exception ignored while finalizing coroutine", Some(v));
        }
    }
}

/// Ends the coroutine before its future is ready, and drops the future.
fn finish(vm: &Vm, v: &Value) -> PyResult<()> {
    let c = vm.this::<RustCoroutine>(v)?;
    if c.stage.get() == Stage::Running {
        return Err(vm.value_error("coroutine already executing"));
    }
    let Some(e) = c.embed.upgrade() else {
        return Ok(());
    };
    done(vm, v, c);
    c.take_future(&e);
    e.drop_discarded();
    Ok(())
}

fn done(vm: &Vm, v: &Value, c: &RustCoroutine) {
    vm.set_finalize(v, false);
    c.stage.set(Stage::Done);
    c.waiting.set(Value::NONE);
    c.waker.take();
    if let Some(l) = c.event_loop.replace(Value::NONE).downcast::<Loop>() {
        l.forget_wake(c.key);
    }
}

fn send(vm: &Vm, v: &Value, input: &Value) -> PyResult<Resumed> {
    let c = vm.this::<RustCoroutine>(v)?;
    match c.stage.get() {
        Stage::Done => return Err(vm.runtime_error("cannot reuse already awaited coroutine")),
        Stage::Running => return Err(vm.value_error("coroutine already executing")),
        Stage::New if !input.is_none() => {
            return Err(vm.type_error("can't send non-None value to a just-started coroutine"));
        }
        Stage::New => {}
        Stage::Waiting => {
            let waiting = c.waiting.get();
            if !aio::is_done(&waiting) {
                // Somebody else waits for it already.
                return Err(vm.runtime_error("coroutine is being awaited already"));
            }
            if let Err(e) = aio::result_of(vm, &waiting) {
                finish(vm, v)?;
                return Err(e);
            }
        }
    }
    poll(vm, v, c)
}

fn poll(vm: &Vm, v: &Value, c: &RustCoroutine) -> PyResult<Resumed> {
    vm.guard_native_stack("while polling a Rust future")?;
    let e = embed(vm);
    e.python().map_err(|e| e.raise(vm))?;
    let event_loop = aio::running_loop(vm)?;
    let Some(l) = event_loop.as_ref::<Loop>() else {
        let text = format!("'{}' can only be awaited on lasti's own loop", c.name);
        return Err(vm.runtime_error(text));
    };
    let waker = loop_waker(vm, c, l)?;
    c.event_loop.set(event_loop.clone());
    let Some(mut future) = e.futures.borrow_mut().remove(&c.key) else {
        done(vm, v, c);
        return Err(super::closed().raise(vm));
    };
    c.stage.set(Stage::Running);
    c.waiting.set(Value::NONE);
    waker.sent.store(false, Ordering::Release);
    let rust_waker = Waker::from(waker);
    let polled = catch_panic(&c.name, || {
        future.as_mut().poll(&mut Context::from_waker(&rust_waker))
    });
    tracing::trace!(target: "lasti::embed", future = &*c.name, ready = !matches!(polled, Ok(Poll::Pending)), "polled a Rust future");
    match polled {
        Ok(Poll::Pending) if !e.closed.get() => {
            e.futures.borrow_mut().insert(c.key, future);
            let f = aio::new_blocking_future(vm, &event_loop);
            l.expect_wake(c.key, f.clone());
            c.waiting.set(f.clone());
            c.stage.set(Stage::Waiting);
            Ok(Resumed::Yield(f))
        }
        other => {
            done(vm, v, c);
            e.discard(future);
            e.drop_discarded();
            let r: Result<Object, Error> = match other {
                Ok(Poll::Ready(r)) => r,
                Ok(Poll::Pending) => Err(super::closed()),
                Err(panic) => Err(panic),
            };
            r.and_then(|o| o.value_in(&e.python()?))
                .map(Resumed::Return)
                .map_err(|e| e.raise(vm))
        }
    }
}

/// The waker for this loop, made at the first poll.
fn loop_waker(vm: &Vm, c: &RustCoroutine, l: &Ref<Loop>) -> Result<Arc<LoopWaker>, Exc> {
    let known = c.event_loop.get();
    if !known.is_none() && !known.is(l.as_value()) {
        return Err(vm.runtime_error(format!(
            "coroutine '{}' is attached to a different loop",
            c.name
        )));
    }
    if let Some(w) = &*c.waker.borrow() {
        return Ok(w.clone());
    }
    let w = Arc::new(LoopWaker {
        inbox: l.wake_sender(vm)?,
        key: c.key,
        sent: AtomicBool::new(false),
    });
    c.waker.replace(Some(w.clone()));
    Ok(w)
}
