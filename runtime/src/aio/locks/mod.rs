//! Intrinsics for what asyncio's locks and queues do most: acquire, release, get, put and `async with`.
//!
//! The objects and their state are the library's, so both ways may be taken in turn: an intrinsic that finds something unusual (a method
//! overridden, an attribute of another kind, an error to raise, a loop that is not ours) leaves the call to the Python code.
//! A coroutine made here, [`Acquire`], then runs the coroutine of that code in its own place.
#![forbid(unsafe_code)]

pub mod layout;
mod lock;
mod queue;

use super::coroutine::NativeCoroutine;
use super::event_loop::current;
use super::future;
use super::state::{aio, is_cancelled};
use lasti_core::objects::{BoundMethod, Exception, Function, Generator, Intrinsic};
use lasti_core::{Exc, Payload, PyResult, Ref, Resume, Resumed, Slot, Value, Vm};
use lasti_modules::Deque;
use layout::{KnownLock, LockKind, field};
use queue::Now;
use std::cell::Cell;

/// The object with the places of its attributes, if its methods are the library's.
#[inline]
fn known<'a>(vm: &Vm, v: &'a Value) -> Option<KnownLock<'a>> {
    aio(vm).layouts.known(vm, v)
}

/// What a coroutine does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Lock,
    Semaphore,
    /// `__aenter__`, of a lock and of a semaphore.
    EnterLock,
    EnterSemaphore,
    Exit,
    Get,
    Put,
}

impl Op {
    /// The number of its Python function.
    fn code(self) -> usize {
        match self {
            Op::Lock => 0,
            Op::Semaphore => 1,
            Op::EnterLock | Op::EnterSemaphore => 2,
            Op::Exit => 3,
            Op::Get => 4,
            Op::Put => 5,
        }
    }
    /// What taking a lock gives.
    fn result(self) -> Value {
        match self.inner() {
            Some(_) => Value::NONE,
            None => Value::TRUE,
        }
    }
    /// What `__aenter__` awaits.
    fn inner(self) -> Option<Op> {
        match self {
            Op::EnterLock => Some(Op::Lock),
            Op::EnterSemaphore => Some(Op::Semaphore),
            _ => None,
        }
    }
}

/// Every way such a coroutine can stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not awaited yet.
    New,
    /// Waits for its future, which is in the object's queue.
    Waiting,
    /// `__aenter__` whose inner coroutine was looked at: it awaits that.
    Seen,
    /// The coroutine of the Python code runs in its place.
    Code,
    Done,
}

/// The coroutine of `acquire`, `__aenter__`, `__aexit__`, `get` or `put`.
pub struct Acquire {
    this: Value,
    /// `put`'s item; the lock of a Condition; else None.
    extra: Slot,
    /// The future or coroutine that it waits for; else None. `__aexit__`'s arguments while it is new.
    on: Slot,
    stage: Cell<Stage>,
    op: Op,
}

// With the header, 48 bytes.
const _: () = assert!(size_of::<Acquire>() == 32);

impl Payload for Acquire {
    const CONTAINER: bool = true;
    const NAME: &'static str = "coroutine";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.this);
        self.extra.visit(visit);
        self.on.visit(visit);
    }
    fn clear(&self) {
        self.stage.set(Stage::Done);
        self.on.set(Value::NONE);
        self.extra.set(Value::NONE);
    }
}

impl Acquire {
    /// The lock, semaphore or queue.
    fn target(&self) -> Value {
        let extra = self.extra.get();
        if self.op == Op::Put || extra.is_none() {
            return self.this.clone();
        }
        extra
    }
    fn code(&self, vm: &Vm) -> PyResult<Ref<Function>> {
        code_of(vm, self.op)
    }
    /// The arguments of the Python function.
    fn args(&self) -> Vec<Value> {
        let mut args = vec![self.this.clone()];
        match self.op {
            Op::Put => args.push(self.extra.get()),
            Op::Exit => match self.on.get().downcast::<lasti_core::objects::Tuple>() {
                Some(given) => args.extend(given.iter().cloned()),
                None => args.extend([Value::NONE, Value::NONE, Value::NONE]),
            },
            _ => {}
        }
        args
    }
}

fn code_of(vm: &Vm, op: Op) -> PyResult<Ref<Function>> {
    let f = aio(vm).lock_functions[op.code()].get();
    f.ok_or_else(|| vm.runtime_error("asyncio's classes are not loaded"))
}

fn make(vm: &Vm, op: Op, this: &Value, extra: Value, on: Value) -> Value {
    let w = Acquire {
        this: this.clone(),
        extra: Slot::new(extra),
        on: Slot::new(on),
        stage: Cell::new(Stage::New),
        op,
    };
    let v: Value = vm.heap.alloc(&aio(vm).acquire_type, w).into();
    // "was never awaited" is due if it is dropped like this.
    vm.set_finalize(&v, true);
    v
}

// ---- the intrinsics ----

/// `Lock`, `Semaphore`, `BoundedSemaphore` and `Condition` of the library.
pub fn register_locks(vm: &Vm, classes: &[Value; 4]) -> PyResult<()> {
    let [lock, semaphore, bounded, condition] = classes;
    let layouts = &aio(vm).layouts;
    layouts.register(vm, LockKind::Lock, lock)?;
    layouts.register(vm, LockKind::Semaphore, semaphore)?;
    layouts.register(vm, LockKind::BoundedSemaphore, bounded)?;
    layouts.register(vm, LockKind::Condition, condition)?;
    let intrinsics = [
        (
            Op::Lock,
            lock,
            "acquire",
            acquire_lock as Intrinsic,
            acquire_lock_now as Intrinsic,
        ),
        (
            Op::Semaphore,
            semaphore,
            "acquire",
            acquire_semaphore,
            acquire_semaphore_now,
        ),
        (Op::EnterLock, lock, "__aenter__", enter, enter_now),
        (Op::Exit, lock, "__aexit__", exit, exit_now),
    ];
    for (op, class, name, intrinsic, now) in intrinsics {
        register(vm, op, class, name, intrinsic, now)?;
    }
    vm.set_intrinsic(&vm.getattr_str(lock, "release")?, release_lock)?;
    vm.set_intrinsic(&vm.getattr_str(semaphore, "release")?, release_semaphore)?;
    vm.set_intrinsic(&vm.getattr_str(bounded, "release")?, release_bounded)
}

/// `Queue` and `LifoQueue` of the library.
pub fn register_queues(vm: &Vm, classes: &[Value; 2]) -> PyResult<()> {
    let [queue, lifo] = classes;
    let layouts = &aio(vm).layouts;
    layouts.register(vm, LockKind::Queue, queue)?;
    layouts.register(vm, LockKind::LifoQueue, lifo)?;
    register(vm, Op::Get, queue, "get", get, get_nowait)?;
    register(vm, Op::Put, queue, "put", put, put_nowait)?;
    vm.set_intrinsic(&vm.getattr_str(queue, "get_nowait")?, get_nowait)?;
    vm.set_intrinsic(&vm.getattr_str(queue, "put_nowait")?, put_nowait)
}

fn register(
    vm: &Vm,
    op: Op,
    class: &Value,
    name: &str,
    intrinsic: Intrinsic,
    now: Intrinsic,
) -> PyResult<()> {
    let f = vm.getattr_str(class, name)?;
    vm.set_coroutine_intrinsic(&f, intrinsic, now)?;
    aio(vm).lock_functions[op.code()].set(f.as_ref::<Function>().cloned());
    Ok(())
}

type Outcome = PyResult<Option<Value>>;

fn acquire_lock(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    let on = known(vm, &args[0]).filter(|on| on.kind == LockKind::Lock);
    Ok(on.map(|on| make(vm, Op::Lock, on.value(), Value::NONE, Value::NONE)))
}

fn acquire_semaphore(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    let on = known(vm, &args[0]).filter(KnownLock::is_semaphore);
    Ok(on.map(|on| make(vm, Op::Semaphore, on.value(), Value::NONE, Value::NONE)))
}

fn acquire_lock_now(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    match known(vm, &args[0]) {
        Some(on) if on.kind == LockKind::Lock => taken(vm, &on, Value::TRUE),
        _ => Ok(None),
    }
}

fn acquire_semaphore_now(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    match known(vm, &args[0]) {
        Some(on) if on.is_semaphore() => taken(vm, &on, Value::TRUE),
        _ => Ok(None),
    }
}

fn taken(vm: &Vm, on: &KnownLock, result: Value) -> Outcome {
    Ok((lock::take(vm, on)? == Some(true)).then_some(result))
}

/// What is entered and left by `async with`: the object itself, or (the second) the lock of a Condition.
fn entered<'a>(
    vm: &Vm,
    this: &'a Value,
    attribute: usize,
    method: usize,
) -> Option<(KnownLock<'a>, Value)> {
    let on = known(vm, this)?;
    let lock = match on.kind {
        LockKind::Condition => lock_of(vm, &on, attribute, method)?,
        LockKind::Queue | LockKind::LifoQueue => return None,
        _ => Value::NONE,
    };
    Some((on, lock))
}

fn enter(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    let Some((on, lock)) = entered(vm, &args[0], field::ACQUIRE, 0) else {
        return Ok(None);
    };
    let op = if on.is_semaphore() {
        Op::EnterSemaphore
    } else {
        Op::EnterLock
    };
    Ok(Some(make(vm, op, on.value(), lock, Value::NONE)))
}

fn enter_now(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    match entered(vm, &args[0], field::ACQUIRE, 0) {
        Some((on, lock)) if lock.is_none() => taken(vm, &on, Value::NONE),
        Some((_, lock)) => match known(vm, &lock) {
            Some(on) => taken(vm, &on, Value::NONE),
            None => Ok(None),
        },
        None => Ok(None),
    }
}

fn exit(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    let Some((on, lock)) = entered(vm, &args[0], field::RELEASE, 1) else {
        return Ok(None);
    };
    let given = match &args[1..] {
        given if given.iter().all(Value::is_none) => Value::NONE,
        given => vm.new_tuple(given.to_vec()).into(),
    };
    Ok(Some(make(vm, Op::Exit, on.value(), lock, given)))
}

fn exit_now(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    let released = |on: &KnownLock| released(vm, on, on.kind == LockKind::BoundedSemaphore);
    match entered(vm, &args[0], field::RELEASE, 1) {
        Some((on, lock)) if lock.is_none() => released(&on),
        Some((_, lock)) => known(vm, &lock).map_or(Ok(None), |on| released(&on)),
        None => Ok(None),
    }
}

/// The lock of a Condition, whose attribute is that lock's method: 0 stands for acquire, 1 for release.
fn lock_of(vm: &Vm, on: &KnownLock, attribute: usize, method: usize) -> Option<Value> {
    let v = on.get(attribute);
    let m = v.downcast::<BoundMethod>()?;
    let lock = known(vm, &m.this).filter(|on| on.kind == LockKind::Lock)?;
    let own = aio(vm).layouts.method(LockKind::Lock, method)?;
    own.is(&m.func).then(|| lock.value().clone())
}

fn release_lock(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    match known(vm, &args[0]) {
        Some(on) if on.kind == LockKind::Lock => released(vm, &on, false),
        _ => Ok(None),
    }
}

fn release_semaphore(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    match known(vm, &args[0]) {
        Some(on) if on.is_semaphore() => released(vm, &on, false),
        _ => Ok(None),
    }
}

fn release_bounded(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    match known(vm, &args[0]) {
        Some(on) if on.kind == LockKind::BoundedSemaphore => released(vm, &on, true),
        _ => Ok(None),
    }
}

fn released(vm: &Vm, on: &KnownLock, bounded: bool) -> Outcome {
    Ok(lock::release(vm, on, bounded)?.map(|()| Value::NONE))
}

fn get(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    let on = known(vm, &args[0]).filter(KnownLock::is_queue);
    Ok(on.map(|on| make(vm, Op::Get, on.value(), Value::NONE, Value::NONE)))
}

fn put(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    let on = known(vm, &args[0]).filter(KnownLock::is_queue);
    Ok(on.map(|on| make(vm, Op::Put, on.value(), args[1].clone(), Value::NONE)))
}

fn get_nowait(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    match known(vm, &args[0]).filter(KnownLock::is_queue) {
        Some(on) => Ok(at_once(queue::get(vm, &on)?)),
        None => Ok(None),
    }
}

fn put_nowait(vm: &Vm, _: &Ref<Function>, args: &[Value]) -> Outcome {
    match known(vm, &args[0]).filter(KnownLock::is_queue) {
        Some(on) => Ok(at_once(queue::put(vm, &on, &args[1])?)),
        None => Ok(None),
    }
}

fn at_once(now: Option<Now>) -> Option<Value> {
    match now {
        Some(Now::Done(v)) => Some(v),
        // The Python code says that it is empty or full.
        Some(Now::Wait) | None => None,
    }
}

// ---- the coroutine ----

impl NativeCoroutine for Acquire {
    fn function(&self, vm: &Vm) -> PyResult<Ref<Function>> {
        self.code(vm)
    }
    fn is_new(&self) -> bool {
        self.stage.get() == Stage::New
    }
    fn waits(&self) -> bool {
        !matches!(self.stage.get(), Stage::New | Stage::Done)
    }
    fn send(vm: &Vm, v: &Value, input: &Value) -> PyResult<Resumed> {
        let w = vm.this::<Acquire>(v)?;
        match w.stage.get() {
            Stage::New if !input.is_none() => {
                Err(vm.type_error("can't send non-None value to a just-started coroutine"))
            }
            Stage::New => {
                vm.set_finalize(v, false);
                go(vm, v, w)
            }
            Stage::Waiting => match future::awaited(vm, &w.on.get()) {
                Ok(_) => woken(vm, v, w),
                Err(e) => Err(fail(vm, v, w, e)?),
            },
            Stage::Seen | Stage::Code => drive(vm, v, w, Resume::Send(input.clone())),
            Stage::Done => Err(vm.runtime_error("cannot reuse already awaited coroutine")),
        }
    }
    fn throw(vm: &Vm, v: &Value, e: Exc) -> PyResult<Value> {
        let w = vm.this::<Acquire>(v)?;
        match w.stage.get() {
            Stage::New | Stage::Waiting => Err(fail(vm, v, w, e)?),
            Stage::Seen | Stage::Code => match drive(vm, v, w, Resume::Throw(e))? {
                Resumed::Yield(x) => Ok(x),
                Resumed::Return(x) => Err(vm.stop_iteration(x)),
            },
            Stage::Done => Err(vm.runtime_error("cannot reuse already awaited coroutine")),
        }
    }
    fn close(vm: &Vm, v: &Value) -> PyResult<()> {
        let w = vm.this::<Acquire>(v)?;
        match w.stage.get() {
            Stage::Seen | Stage::Code => {
                let inner = end(vm, v, w);
                vm.call_method(&inner, "close", &[]).map(|_| ())
            }
            Stage::Waiting => give_up(vm, w, &end(vm, v, w), false),
            Stage::New | Stage::Done => {
                end(vm, v, w);
                Ok(())
            }
        }
    }
    fn cr_await(vm: &Vm, v: &Value) -> PyResult<Value> {
        let w = vm.this::<Acquire>(v)?;
        match w.stage.get() {
            Stage::Waiting => match w.op.inner() {
                Some(op) => Ok(see_inner(vm, w, op)),
                None => future::iter::materialize_iter(vm, &w.on.get()),
            },
            Stage::Seen => Ok(w.on.get()),
            Stage::Code => vm.getattr_str(&w.on.get(), "cr_await"),
            Stage::New | Stage::Done => Ok(Value::NONE),
        }
    }
    fn cr_frame(vm: &Vm, v: &Value) -> PyResult<Value> {
        materialize_frame(vm, vm.this::<Acquire>(v)?, v)
    }
    fn cr_suspended(vm: &Vm, v: &Value) -> PyResult<Value> {
        let w = vm.this::<Acquire>(v)?;
        match w.stage.get() {
            Stage::Code => vm.getattr_str(&w.on.get(), "cr_suspended"),
            stage => Ok(Value::bool(matches!(stage, Stage::Waiting | Stage::Seen))),
        }
    }
    fn cr_running(vm: &Vm, v: &Value) -> PyResult<Value> {
        let w = vm.this::<Acquire>(v)?;
        match w.stage.get() {
            Stage::Code => vm.getattr_str(&w.on.get(), "cr_running"),
            _ => Ok(Value::FALSE),
        }
    }
}

/// Does what can be done at once; else waits, or runs the Python code.
fn go(vm: &Vm, v: &Value, w: &Acquire) -> PyResult<Resumed> {
    let target = w.target();
    let tried = match known(vm, &target) {
        Some(on) => attempt(vm, v, w, &on),
        None => Ok(None),
    };
    match tried {
        Ok(Some(r)) => Ok(r),
        Ok(None) => {
            let inner = vm.coroutine_of(&w.code(vm)?, &w.args())?;
            w.on.set(inner);
            w.stage.set(Stage::Code);
            drive(vm, v, w, Resume::Send(Value::NONE))
        }
        Err(e) => {
            end(vm, v, w);
            Err(e)
        }
    }
}

/// None: the Python code has to run.
fn attempt(vm: &Vm, v: &Value, w: &Acquire, on: &KnownLock) -> PyResult<Option<Resumed>> {
    let taken = match w.op {
        Op::Lock | Op::EnterLock if on.kind == LockKind::Lock => lock::take(vm, on)?,
        Op::Semaphore | Op::EnterSemaphore if on.is_semaphore() => lock::take(vm, on)?,
        Op::Exit if !on.is_queue() && on.kind != LockKind::Condition => {
            let bounded = on.kind == LockKind::BoundedSemaphore;
            let done = lock::release(vm, on, bounded)?;
            return Ok(done.map(|()| finish(vm, v, w, Value::NONE)));
        }
        Op::Get | Op::Put if on.is_queue() => {
            let (now, waiters) = if w.op == Op::Get {
                (queue::get(vm, on)?, field::GETTERS)
            } else {
                (queue::put(vm, on, &w.extra.get())?, field::PUTTERS)
            };
            return match now {
                Some(Now::Done(x)) => Ok(Some(finish(vm, v, w, x))),
                Some(Now::Wait) => park(vm, v, w, on, waiters),
                None => Ok(None),
            };
        }
        _ => None,
    };
    match taken {
        Some(true) => Ok(Some(finish(vm, v, w, w.op.result()))),
        Some(false) => park(vm, v, w, on, field::WAITERS),
        None => Ok(None),
    }
}

/// Waits for a future at the end of the object's queue.
fn park(
    vm: &Vm,
    v: &Value,
    w: &Acquire,
    on: &KnownLock,
    waiters: usize,
) -> PyResult<Option<Resumed>> {
    let l = current::running(vm);
    if !current::keeps_natives(vm, &l) {
        return Ok(None);
    }
    let own = on.get(field::LOOP);
    if !own.is_unbound() && !own.is(&l) {
        // To be said by the Python code.
        return Ok(None);
    }
    let Some(waiting) = on.waiting(vm, waiters) else {
        return Ok(None);
    };
    let waiting = match waiting {
        Some(d) => d,
        None => {
            let d = Deque::empty(vm);
            on.set(waiters, d.value());
            d
        }
    };
    if own.is_unbound() {
        vm.setattr(on.value(), &vm.intern("_loop"), Some(&l))?;
    }
    let fut = future::new_blocking_future(vm, &l);
    waiting.reserve(vm)?;
    waiting.push_back(fut.clone());
    w.on.set(fut.clone());
    w.stage.set(Stage::Waiting);
    // Dropped while it waits, it leaves the queue.
    vm.set_finalize(v, true);
    Ok(Some(Resumed::Yield(fut)))
}

/// Goes on when its future was completed.
fn woken(vm: &Vm, v: &Value, w: &Acquire) -> PyResult<Resumed> {
    let target = w.target();
    let fut = end(vm, v, w);
    match w.op {
        // Its place may be taken: it looks again.
        Op::Get | Op::Put => return go(vm, v, w),
        Op::Lock | Op::EnterLock => lock::lock_taken(vm, &target, &fut)?,
        Op::Semaphore | Op::EnterSemaphore => lock::permit_taken(vm, &target, &fut)?,
        Op::Exit => {}
    }
    Ok(Resumed::Return(w.op.result()))
}

fn finish(vm: &Vm, v: &Value, w: &Acquire, result: Value) -> Resumed {
    end(vm, v, w);
    Resumed::Return(result)
}

/// Ends; gives what it waited for.
fn end(vm: &Vm, v: &Value, w: &Acquire) -> Value {
    vm.set_finalize(v, false);
    w.stage.set(Stage::Done);
    w.on.replace(Value::NONE)
}

/// Ends with an exception where it stands; gives that to raise.
fn fail(vm: &Vm, v: &Value, w: &Acquire, e: Exc) -> PyResult<Exc> {
    let waits = w.stage.get() == Stage::Waiting;
    let inner = match w.op.inner() {
        Some(op) if waits => Some(resting(vm, op, vec![w.target(), w.on.get()], true)?),
        _ => None,
    };
    let frame = materialize_frame(vm, w, &Value::NONE)?;
    let fut = end(vm, v, w);
    let mut e = e;
    if waits && let Err(later) = give_up(vm, w, &fut, is_cancelled(vm, &e)) {
        if let Some(x) = later.0.downcast::<Exception>() {
            x.context.set(e.0);
        }
        e = later;
    }
    for frame in inner.iter().chain([&frame]) {
        vm.traceback_resting(frame, &e);
    }
    Ok(e)
}

/// What the Python code does when its wait ends with an exception.
fn give_up(vm: &Vm, w: &Acquire, fut: &Value, cancelled: bool) -> PyResult<()> {
    let target = w.target();
    match w.op {
        Op::Lock | Op::EnterLock => lock::lock_given_up(vm, &target, fut, cancelled),
        Op::Semaphore | Op::EnterSemaphore => lock::permit_given_up(vm, &target, fut, cancelled),
        Op::Get | Op::Put => queue::given_up(vm, &target, fut, w.op == Op::Get),
        Op::Exit => Ok(()),
    }
}

/// Resumes the coroutine that it awaits or that runs in its place.
fn drive(vm: &Vm, v: &Value, w: &Acquire, input: Resume) -> PyResult<Resumed> {
    let inner = w.on.get();
    let r = match inner.as_ref::<Generator>() {
        Some(g) => vm.resume(g, input),
        None => match input {
            Resume::Send(x) => Acquire::send(vm, &inner, &x),
            Resume::Throw(e) => match Acquire::throw(vm, &inner, e) {
                Err(e) if vm.exc_is(&e, &vm.exc.stop_iteration) => Ok(Resumed::Return(Value::NONE)),
                r => r.map(Resumed::Yield),
            },
        },
    };
    match r {
        Ok(Resumed::Yield(x)) => Ok(Resumed::Yield(x)),
        Ok(Resumed::Return(x)) => {
            let seen = w.stage.get() == Stage::Seen;
            Ok(finish(vm, v, w, if seen { Value::NONE } else { x }))
        }
        Err(e) => {
            if w.stage.get() == Stage::Seen {
                vm.traceback_resting(&materialize_frame(vm, w, &Value::NONE)?, &e);
            }
            end(vm, v, w);
            Err(e)
        }
    }
}

/// The coroutine of `acquire` that a waiting `__aenter__` awaits: it does the waiting from now on.
fn see_inner(vm: &Vm, w: &Acquire, op: Op) -> Value {
    let inner = make(vm, op, &w.target(), Value::NONE, w.on.get());
    if let Some(i) = inner.downcast::<Acquire>() {
        i.stage.set(Stage::Waiting);
    }
    w.on.set(inner.clone());
    w.stage.set(Stage::Seen);
    inner
}

/// The frame of the Python code, standing where the coroutine stands; None when it has ended.
fn materialize_frame(vm: &Vm, w: &Acquire, owner: &Value) -> PyResult<Value> {
    let started = match w.stage.get() {
        Stage::Done => return Ok(Value::NONE),
        Stage::Code => return vm.getattr_str(&w.on.get(), "cr_frame"),
        Stage::New => false,
        Stage::Waiting | Stage::Seen => true,
    };
    let mut locals = w.args();
    if started && w.op.inner().is_none() {
        locals.push(w.on.get());
    }
    vm.resting_frame(&w.code(vm)?, owner, started.then_some(0), locals)
}

fn resting(vm: &Vm, op: Op, locals: Vec<Value>, started: bool) -> PyResult<Value> {
    vm.resting_frame(
        &code_of(vm, op)?,
        &Value::NONE,
        started.then_some(0),
        locals,
    )
}
