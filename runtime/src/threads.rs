//! Python threads: OS threads that take turns with the interpreter's baton, and the `_thread` module.
//!
//! The one place outside the heap with `unsafe`: an interpreter is not `Send`, yet its threads share it. The argument:
//! a thread touches the interpreter only between [`Baton::acquire`] and [`Baton::release`], whose mutex orders one
//! holder's accesses before the next one's; nothing of the interpreter is in Rust thread-locals; and what belongs to a
//! thread (frames, exception state, running task) is taken out of the interpreter before the baton is given up and
//! put back after it is taken again. The interpreter outlives its threads because `shutdown` waits for those that hold
//! references to it, or the process ends.
use crate::aio::aio;
use lasti_core::memory::breaker;
use lasti_core::objects::{Dict, Module, NativeKind, Type, TypeFlags};
use lasti_core::vm::ThreadState;
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Slot, Value, Vm};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long a thread waits for the baton before it asks the holder for it (`sys.getswitchinterval`).
const SWITCH_INTERVAL: Duration = Duration::from_millis(5);
/// Longest single wait, so that Ctrl-C is seen.
pub const SLICE: Duration = Duration::from_millis(50);
/// Native stack of a Python thread; pages are used as they are touched.
const STACK: usize = 64 * 1024 * 1024;

#[derive(Default)]
struct Turn {
    held: bool,
    waiting: u32,
    /// Counts acquisitions, so that a holder asked for the baton can let somebody else have it.
    taken: u64,
}

/// The right to run Python in one interpreter.
#[derive(Default)]
pub struct Baton {
    turn: Mutex<Turn>,
    changed: Condvar,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the lock was held ends the process's usefulness elsewhere; the data is plain.
    m.lock().unwrap_or_else(|e| e.into_inner())
}

impl Baton {
    fn acquire(&self, breaker: &std::sync::atomic::AtomicU32) {
        let mut t = lock(&self.turn);
        t.waiting += 1;
        while t.held {
            let (next, timeout) = self
                .changed
                .wait_timeout(t, SWITCH_INTERVAL)
                .unwrap_or_else(|e| e.into_inner());
            t = next;
            if timeout.timed_out() && t.held {
                breaker.fetch_or(breaker::BATON, Ordering::Relaxed);
            }
        }
        t.waiting -= 1;
        t.held = true;
        t.taken += 1;
        self.changed.notify_all();
    }
    fn release(&self) {
        lock(&self.turn).held = false;
        self.changed.notify_all();
    }
    /// Waits until somebody else had a turn, if somebody waits.
    fn let_others(&self, taken: u64) {
        let mut t = lock(&self.turn);
        while t.waiting > 0 && t.taken == taken {
            let (next, timeout) = self
                .changed
                .wait_timeout(t, SWITCH_INTERVAL)
                .unwrap_or_else(|e| e.into_inner());
            t = next;
            if timeout.timed_out() {
                return;
            }
        }
    }
    fn taken(&self) -> u64 {
        lock(&self.turn).taken
    }
}

/// What the interpreter keeps about its threads.
pub struct Threads {
    baton: Arc<Baton>,
    main: u64,
    count: Cell<usize>,
    /// Identifier of the thread that holds the baton.
    current: Cell<u64>,
    locals: RefCell<Vec<(u64, usize, Ref<Dict>)>>,
    handles: RefCell<Vec<Arc<Done>>>,
}

static NEXT_IDENT: AtomicU64 = AtomicU64::new(1);

pub fn threads(vm: &Vm) -> Rc<Threads> {
    vm.module_state(|| {
        let baton = Arc::new(Baton::default());
        // The thread that makes the interpreter holds the baton from the start.
        lock(&baton.turn).held = true;
        let main = NEXT_IDENT.fetch_add(1, Ordering::Relaxed);
        Threads {
            baton,
            main,
            count: Cell::new(0),
            current: Cell::new(main),
            locals: RefCell::default(),
            handles: RefCell::default(),
        }
    })
}

/// What is taken out of the interpreter while a thread does not hold the baton.
struct Parked {
    state: ThreadState,
    stack_limit: usize,
    running: Value,
    task: Value,
    ident: u64,
}

fn park(vm: &Vm, t: &Threads) -> Parked {
    let mut state = ThreadState::default();
    let stack_limit = vm.swap_thread(&mut state, 0);
    let a = aio(vm);
    Parked {
        state,
        stack_limit,
        running: a.running.replace(Value::NONE),
        task: a.current_task.replace(Value::NONE),
        ident: t.current.get(),
    }
}

fn unpark(vm: &Vm, t: &Threads, mut p: Parked) {
    vm.swap_thread(&mut p.state, p.stack_limit);
    let a = aio(vm);
    a.running.set(p.running);
    a.current_task.set(p.task);
    t.current.set(p.ident);
}

/// Runs something that blocks while other threads may run. `f` must not touch the interpreter.
pub fn blocking<R>(vm: &Vm, f: impl FnOnce() -> R) -> R {
    let t = threads(vm);
    if t.count.get() == 0 {
        // Nobody else could run.
        return f();
    }
    let parked = park(vm, &t);
    let baton = t.baton.clone();
    let breaker = vm.heap.breaker.clone();
    baton.release();
    let r = f();
    baton.acquire(&breaker);
    unpark(vm, &t, parked);
    // Another thread may have seen the breaker first, and signals are the main thread's.
    if is_main(vm) && crate::signals::waiting() {
        breaker.fetch_or(breaker::SIGNAL, Ordering::Relaxed);
    }
    r
}

/// Whether threads besides this one exist.
pub fn others(vm: &Vm) -> bool {
    threads(vm).count.get() > 0
}

/// Whether the thread that made the interpreter holds the baton.
pub fn is_main(vm: &Vm) -> bool {
    let t = threads(vm);
    t.current.get() == t.main
}

/// Gives other threads a turn when one asked for it.
pub fn yield_baton(vm: &Vm) {
    let t = threads(vm);
    if t.count.get() == 0 {
        return;
    }
    let baton = t.baton.clone();
    let taken = baton.taken();
    blocking(vm, || baton.let_others(taken));
}

/// A thread's end, for those who join it.
#[derive(Default)]
struct Done {
    finished: Mutex<bool>,
    changed: Condvar,
    daemon: AtomicBool,
}

impl Done {
    fn set(&self) {
        *lock(&self.finished) = true;
        self.changed.notify_all();
    }
    fn wait(&self, limit: Duration) -> bool {
        let g = lock(&self.finished);
        if *g {
            return true;
        }
        let (g, _) = self
            .changed
            .wait_timeout(g, limit)
            .unwrap_or_else(|e| e.into_inner());
        *g
    }
}

/// What a new thread is given. Sent under the rules in the module text.
struct Job {
    vm: *const Vm,
    callable: Value,
    args: Vec<Value>,
    names: Vec<Value>,
    context: Value,
    ident: u64,
    done: Arc<Done>,
    baton: Arc<Baton>,
    breaker: Arc<std::sync::atomic::AtomicU32>,
}

// SAFETY: the receiving thread touches the interpreter and the values only while it holds the baton.
unsafe impl Send for Job {}

fn start(
    vm: &Vm,
    callable: Value,
    args: Vec<Value>,
    names: Vec<Value>,
    done: Arc<Done>,
) -> PyResult<u64> {
    let t = threads(vm);
    let ident = NEXT_IDENT.fetch_add(1, Ordering::Relaxed);
    let job = Job {
        vm,
        callable,
        args,
        names,
        context: Value::UNBOUND,
        ident,
        done: done.clone(),
        baton: t.baton.clone(),
        breaker: vm.heap.breaker.clone(),
    };
    t.count.set(t.count.get() + 1);
    t.handles.borrow_mut().push(done);
    let spawned = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || run(job));
    match spawned {
        Ok(_) => Ok(ident),
        Err(_) => {
            t.count.set(t.count.get() - 1);
            Err(vm.runtime_error("can't start new thread"))
        }
    }
}

fn run(job: Job) {
    let Job {
        vm,
        callable,
        args,
        names,
        context,
        ident,
        done,
        baton,
        breaker,
    } = job;
    baton.acquire(&breaker);
    // SAFETY: the baton is held, and the interpreter waits for its threads before it goes.
    let vm = unsafe { &*vm };
    let t = threads(vm);
    let here = 0u8;
    let floor = (&raw const here as usize).saturating_sub(STACK - 512 * 1024);
    let mut state = ThreadState::default();
    vm.swap_thread(&mut state, floor);
    t.current.set(ident);
    vm.context.set(context);
    let r = vm.call_args(&callable, Args::split(&args, &names));
    if let Err(e) = r
        && !vm.exc_is(&e, &vm.exc.system_exit)
    {
        vm.unraisable(
            &e,
            "Exception ignored in thread started by",
            Some(&callable),
        );
    }
    drop((callable, args, names));
    let locals = t.locals.take();
    let (mine, others): (Vec<_>, Vec<_>) = locals.into_iter().partition(|l| l.0 == ident);
    *t.locals.borrow_mut() = others;
    drop(mine);
    vm.run_due();
    vm.swap_thread(&mut state, 0);
    t.count.set(t.count.get() - 1);
    t.handles.borrow_mut().retain(|h| !Arc::ptr_eq(h, &done));
    drop(t);
    baton.release();
    done.set();
}

/// Waits for every thread that is not a daemon.
pub fn join_all(vm: &Vm) -> PyResult<()> {
    loop {
        let next = threads(vm)
            .handles
            .borrow()
            .iter()
            .find(|h| !h.daemon.load(Ordering::Relaxed))
            .cloned();
        let Some(h) = next else { return Ok(()) };
        blocking(vm, || h.wait(SLICE));
        vm.check_signals()?;
    }
}

// ---- locks ----

/// `_thread.lock`.
#[derive(Default)]
pub struct Lock {
    state: Arc<(Mutex<bool>, Condvar)>,
}
impl Payload for Lock {
    const NAME: &'static str = "lock";
}

/// `_thread.RLock`.
#[derive(Default)]
pub struct RLock {
    lock: Lock,
    owner: Cell<u64>,
    depth: Cell<u64>,
}
impl Payload for RLock {
    const NAME: &'static str = "RLock";
}

impl Lock {
    fn try_acquire(&self) -> bool {
        !std::mem::replace(&mut *lock(&self.state.0), true)
    }
    /// `None` waits for ever.
    fn acquire(&self, vm: &Vm, limit: Option<Duration>) -> PyResult<bool> {
        if self.try_acquire() {
            return Ok(true);
        }
        let deadline = limit.map(|l| Instant::now() + l);
        loop {
            let left = deadline.map_or(SLICE, |d| {
                d.saturating_duration_since(Instant::now()).min(SLICE)
            });
            let state = self.state.clone();
            let got = blocking(vm, move || {
                let mut g = lock(&state.0);
                if *g {
                    g = state
                        .1
                        .wait_timeout(g, left)
                        .unwrap_or_else(|e| e.into_inner())
                        .0;
                }
                !std::mem::replace(&mut *g, true)
            });
            // The wait cannot tell "was free" from "is still held" after the swap: `got` is the former.
            if got {
                return Ok(true);
            }
            vm.check_signals()?;
            if deadline.is_some_and(|d| Instant::now() >= d) {
                return Ok(false);
            }
        }
    }
    fn release(&self) -> bool {
        let was = std::mem::replace(&mut *lock(&self.state.0), false);
        self.state.1.notify_one();
        was
    }
    fn locked(&self) -> bool {
        *lock(&self.state.0)
    }
}

/// `blocking=True, timeout=-1` of acquire: no wait, a limit, or for ever.
fn acquire_args(vm: &Vm, a: Args) -> PyResult<Option<Option<Duration>>> {
    let [block, timeout] = a.bind(vm, "acquire", ["blocking", "timeout"], 0)?;
    let block = block.map_or(Ok(true), |b| vm.is_true(b))?;
    let timeout = timeout.map_or(Ok(-1.0), |t| vm.to_f64(t))?;
    if !block {
        if timeout != -1.0 {
            return Err(vm.value_error("can't specify a timeout for a non-blocking call"));
        }
        return Ok(None);
    }
    if timeout == -1.0 {
        return Ok(Some(None));
    }
    if timeout < 0.0 || timeout.is_nan() {
        return Err(vm.value_error("timeout value must be a non-negative number"));
    }
    match Duration::try_from_secs_f64(timeout) {
        Ok(d) => Ok(Some(Some(d))),
        Err(_) => Err(vm.overflow_error("timeout value is too large")),
    }
}

struct Types {
    lock: Ref<Type>,
    rlock: Ref<Type>,
    local: Ref<Type>,
    handle: Ref<Type>,
}

fn make_types(vm: &Vm) -> Types {
    Types {
        lock: lock_type(vm),
        rlock: rlock_type(vm),
        local: local_type(vm),
        handle: handle_type(vm),
    }
}

fn lock_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Lock>("_thread.lock", &vm.types.object, TypeFlags::WEAKREF);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, Lock::default()).into())
    }));
    for name in ["acquire", "acquire_lock"] {
        vm.method(&t, name, "", |vm, v, a| {
            let l = vm.this::<Lock>(v)?;
            Ok(Value::bool(match acquire_args(vm, a)? {
                None => l.try_acquire(),
                Some(limit) => l.acquire(vm, limit)?,
            }))
        });
    }
    for name in ["release", "release_lock"] {
        vm.method(&t, name, "", |vm, v, _| {
            if vm.this::<Lock>(v)?.release() {
                Ok(Value::NONE)
            } else {
                Err(vm.runtime_error("release unlocked lock"))
            }
        });
    }
    for name in ["locked", "locked_lock"] {
        vm.method(&t, name, "", |vm, v, _| {
            Ok(Value::bool(vm.this::<Lock>(v)?.locked()))
        });
    }
    vm.method(&t, "__enter__", "", |vm, v, _| {
        Ok(Value::bool(vm.this::<Lock>(v)?.acquire(vm, None)?))
    });
    vm.method(&t, "__exit__", "", |vm, v, _| {
        vm.this::<Lock>(v)?.release();
        Ok(Value::NONE)
    });
    vm.method(&t, "_at_fork_reinit", "", |vm, v, _| {
        vm.this::<Lock>(v)?.release();
        Ok(Value::NONE)
    });
    t.slots.repr.set(Some(|vm, v| {
        let state = if vm.this::<Lock>(v)?.locked() {
            "locked"
        } else {
            "unlocked"
        };
        Ok(vm.str_value(&format!("<{state} _thread.lock object at {:#x}>", vm.id(v))))
    }));
    vm.ready_type(&t);
    t
}

fn rlock_acquire(vm: &Vm, l: &RLock, limit: Option<Option<Duration>>) -> PyResult<bool> {
    let me = threads(vm).current.get();
    if l.owner.get() == me && l.depth.get() > 0 {
        l.depth.set(l.depth.get() + 1);
        return Ok(true);
    }
    let got = match limit {
        None => l.lock.try_acquire(),
        Some(limit) => l.lock.acquire(vm, limit)?,
    };
    if got {
        l.owner.set(me);
        l.depth.set(1);
    }
    Ok(got)
}

fn rlock_release(vm: &Vm, l: &RLock) -> PyResult<()> {
    if l.depth.get() == 0 || l.owner.get() != threads(vm).current.get() {
        return Err(vm.runtime_error("cannot release un-acquired lock"));
    }
    l.depth.set(l.depth.get() - 1);
    if l.depth.get() == 0 {
        l.owner.set(0);
        l.lock.release();
    }
    Ok(())
}

fn rlock_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<RLock>(
        "_thread.RLock",
        &vm.types.object,
        TypeFlags::BASE | TypeFlags::WEAKREF,
    );
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, RLock::default()).into())
    }));
    t.slots.init.set(Some(|_, _, _| Ok(())));
    vm.method(&t, "acquire", "", |vm, v, a| {
        let limit = acquire_args(vm, a)?;
        Ok(Value::bool(rlock_acquire(vm, vm.this::<RLock>(v)?, limit)?))
    });
    vm.method(&t, "release", "", |vm, v, _| {
        rlock_release(vm, vm.this::<RLock>(v)?)?;
        Ok(Value::NONE)
    });
    vm.method(&t, "__enter__", "", |vm, v, _| {
        Ok(Value::bool(rlock_acquire(
            vm,
            vm.this::<RLock>(v)?,
            Some(None),
        )?))
    });
    vm.method(&t, "__exit__", "", |vm, v, _| {
        rlock_release(vm, vm.this::<RLock>(v)?)?;
        Ok(Value::NONE)
    });
    vm.method(&t, "locked", "", |vm, v, _| {
        Ok(Value::bool(vm.this::<RLock>(v)?.lock.locked()))
    });
    vm.method(&t, "_is_owned", "", |vm, v, _| {
        let l = vm.this::<RLock>(v)?;
        Ok(Value::bool(
            l.depth.get() > 0 && l.owner.get() == threads(vm).current.get(),
        ))
    });
    vm.method(&t, "_recursion_count", "", |vm, v, _| {
        let l = vm.this::<RLock>(v)?;
        let mine = l.owner.get() == threads(vm).current.get();
        Ok(vm.new_int(if mine { l.depth.get() as i64 } else { 0 }))
    });
    vm.method(&t, "_release_save", "", |vm, v, _| {
        let l = vm.this::<RLock>(v)?;
        if l.depth.get() == 0 {
            return Err(vm.runtime_error("cannot release un-acquired lock"));
        }
        let saved = vm.tuple_value([
            vm.new_int(l.depth.get() as i64),
            vm.new_int(l.owner.get() as i64),
        ]);
        l.depth.set(0);
        l.owner.set(0);
        l.lock.release();
        Ok(saved)
    });
    vm.method(&t, "_acquire_restore", "", |vm, v, a| {
        let [saved] = a.exactly::<1>(vm, "_acquire_restore")?;
        let parts = vm.collect(saved)?;
        let l = vm.this::<RLock>(v)?;
        l.lock.acquire(vm, None)?;
        if let [depth, owner] = &parts[..] {
            l.depth.set(vm.to_i64(depth)? as u64);
            l.owner.set(vm.to_i64(owner)? as u64);
        }
        Ok(Value::NONE)
    });
    vm.method(&t, "_at_fork_reinit", "", |_, _, _| Ok(Value::NONE));
    t.slots.repr.set(Some(|vm, v| {
        let l = vm.this::<RLock>(v)?;
        Ok(vm.str_value(&format!(
            "<{} _thread.RLock object owner={} count={} at {:#x}>",
            if l.depth.get() > 0 {
                "locked"
            } else {
                "unlocked"
            },
            l.owner.get(),
            l.depth.get(),
            vm.id(v)
        )))
    }));
    vm.ready_type(&t);
    t
}

// ---- thread-local data and handles ----

/// `_thread._local`: one namespace per thread.
struct Local {
    args: Slot,
    kwargs: Slot,
}
impl Payload for Local {
    const CONTAINER: bool = true;
    const NAME: &'static str = "_local";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.args.visit(visit);
        self.kwargs.visit(visit);
    }
}

/// The namespace of this thread, made (with `__init__` run for a subclass) on first use.
fn local_dict(vm: &Vm, v: &Value) -> PyResult<Ref<Dict>> {
    let t = threads(vm);
    let key = (t.current.get(), v.bits() as usize);
    let found = t
        .locals
        .borrow()
        .iter()
        .find(|l| (l.0, l.1) == key)
        .map(|l| l.2.clone());
    if let Some(d) = found {
        return Ok(d);
    }
    let d = vm.new_dict();
    t.locals.borrow_mut().push((key.0, key.1, d.clone()));
    if let Some(init) = vm.type_of(v).slots.init.get() {
        let l = vm.this::<Local>(v)?;
        let pos = vm.collect(&l.args.get())?;
        let (names, kw): (Vec<Value>, Vec<Value>) = match l.kwargs.get().downcast::<Dict>() {
            Some(d) => d.items().into_iter().unzip(),
            None => Default::default(),
        };
        init(
            vm,
            v,
            Args {
                pos: &pos,
                kw: &kw,
                names: &names,
            },
        )?;
    }
    Ok(d)
}

fn local_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Local>(
        "_thread._local",
        &vm.types.object,
        TypeFlags::BASE | TypeFlags::WEAKREF,
    );
    t.slots.new.set(Some(|vm, class, a| {
        let kw = vm.new_dict();
        for (k, x) in a.names.iter().zip(a.kw) {
            vm.dict_insert(&kw, k.clone(), x.clone())?;
        }
        let l = Local {
            args: Slot::new(vm.new_tuple(a.pos.to_vec()).into()),
            kwargs: Slot::new(kw.into()),
        };
        let v: Value = vm.heap.alloc(class, l).into();
        // The maker's __init__ runs by the class call, so its namespace is there already.
        let t = threads(vm);
        t.locals
            .borrow_mut()
            .push((t.current.get(), v.bits() as usize, vm.new_dict()));
        vm.set_finalize(&v, true);
        Ok(v)
    }));
    t.slots.init.set(Some(|_, _, _| Ok(())));
    t.set_finalizer(|vm, v| {
        let t = threads(vm);
        let all = t.locals.take();
        let (gone, kept): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|l| l.1 == v.bits() as usize);
        *t.locals.borrow_mut() = kept;
        drop(gone);
    });
    t.slots.getattr.set(Some(|vm, v, name| {
        let d = local_dict(vm, v)?;
        if name.as_bytes() == b"__dict__" {
            return Ok(Some(d.into()));
        }
        match vm.dict_get_str(&d, name) {
            Some(x) => Ok(Some(x)),
            None => vm.generic_getattr(v, name),
        }
    }));
    t.slots.setattr.set(Some(|vm, v, name, x| {
        let d = local_dict(vm, v)?;
        match x {
            Some(x) => {
                vm.dict_set_str(&d, name, x.clone());
                Ok(())
            }
            None => match vm.dict_del_str(&d, name) {
                Some(_) => Ok(()),
                None => Err(vm.no_attribute(v, name)),
            },
        }
    }));
    vm.ready_type(&t);
    t
}

/// `_thread._ThreadHandle`.
struct Handle {
    done: RefCell<Arc<Done>>,
    ident: Cell<u64>,
}
impl Payload for Handle {
    const NAME: &'static str = "_ThreadHandle";
}

fn handle_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Handle>(
        "_thread._ThreadHandle",
        &vm.types.object,
        TypeFlags::WEAKREF,
    );
    t.slots.new.set(Some(|vm, class, _| {
        let h = Handle {
            done: RefCell::default(),
            ident: Cell::new(0),
        };
        Ok(vm.heap.alloc(class, h).into())
    }));
    vm.getset(
        &t,
        "ident",
        |vm, v| Ok(vm.new_int(vm.this::<Handle>(v)?.ident.get() as i64)),
        None,
    );
    vm.method(&t, "is_done", "", |vm, v, _| {
        let d = vm.this::<Handle>(v)?.done.borrow().clone();
        let finished = *lock(&d.finished);
        Ok(Value::bool(finished))
    });
    vm.method(&t, "_set_done", "", |vm, v, _| {
        let d = vm.this::<Handle>(v)?.done.borrow().clone();
        d.set();
        Ok(Value::NONE)
    });
    vm.method(&t, "join", "", |vm, v, a| {
        let timeout = match a.between(vm, "join", 0, 1)? {
            [t] if !t.is_none() => vm.to_f64(t)?,
            _ => -1.0,
        };
        let h = vm.this::<Handle>(v)?;
        if h.ident.get() == threads(vm).current.get() {
            return Err(vm.runtime_error("Cannot join current thread"));
        }
        let deadline = Duration::try_from_secs_f64(timeout)
            .ok()
            .map(|d| Instant::now() + d);
        let d = h.done.borrow().clone();
        loop {
            let left = deadline.map_or(SLICE, |d| {
                d.saturating_duration_since(Instant::now()).min(SLICE)
            });
            if blocking(vm, || d.wait(left)) || deadline.is_some_and(|d| Instant::now() >= d) {
                return Ok(Value::NONE);
            }
            vm.check_signals()?;
        }
    });
    vm.ready_type(&t);
    t
}

pub fn register(vm: &Vm) {
    vm.register_module("_thread", init);
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_thread");
    let types = vm.module_state(|| make_types(vm));
    vm.add_value(&m, "LockType", types.lock.value());
    vm.add_value(&m, "lock", types.lock.value());
    vm.add_value(&m, "RLock", types.rlock.value());
    vm.add_value(&m, "_local", types.local.value());
    vm.add_value(&m, "_ThreadHandle", types.handle.value());
    vm.add_value(&m, "error", vm.exc.runtime_error.value());
    vm.add_value(&m, "TIMEOUT_MAX", vm.new_float(9223372036.0));
    vm.add_value(&m, "_NOT_SET", vm.new_int(-1));
    for name in ["allocate_lock", "allocate"] {
        vm.add_function(&m, name, "", |vm, _, _| {
            let types = vm.module_state(|| make_types(vm));
            Ok(vm.heap.alloc(&types.lock, Lock::default()).into())
        });
    }
    vm.add_function(&m, "get_ident", "get_ident()\n--\n\n", |vm, _, _| {
        Ok(vm.new_int(threads(vm).current.get() as i64))
    });
    vm.add_function(&m, "_get_main_thread_ident", "", |vm, _, _| {
        Ok(vm.new_int(threads(vm).main as i64))
    });
    vm.add_function(&m, "get_native_id", "", |vm, _, _| {
        let pid = std::process::id() as i64;
        Ok(vm.new_int(pid + threads(vm).current.get() as i64 - 1))
    });
    vm.add_function(&m, "_count", "", |vm, _, _| {
        Ok(vm.new_int(threads(vm).count.get() as i64))
    });
    vm.add_function(&m, "_is_main_interpreter", "", |_, _, _| Ok(Value::TRUE));
    vm.add_function(&m, "daemon_threads_allowed", "", |_, _, _| Ok(Value::TRUE));
    vm.add_function(&m, "stack_size", "", |_, _, _| Ok(Value::small_int(0)));
    vm.add_function(&m, "set_name", "", |_, _, _| Ok(Value::NONE));
    vm.add_function(&m, "_shutdown", "", |vm, _, _| {
        join_all(vm)?;
        Ok(Value::NONE)
    });
    vm.add_function(&m, "_make_thread_handle", "", |vm, _, a| {
        let [ident] = a.exactly::<1>(vm, "_make_thread_handle")?;
        let ident = vm.to_i64(ident)? as u64;
        let types = vm.module_state(|| make_types(vm));
        let h = Handle {
            done: RefCell::default(),
            ident: Cell::new(ident),
        };
        Ok(vm.heap.alloc(&types.handle, h).into())
    });
    for name in ["exit", "exit_thread"] {
        vm.add_function(&m, name, "", |vm, _, _| {
            Err(Exc(vm.call(vm.exc.system_exit.as_value(), &[])?))
        });
    }
    vm.add_function(&m, "interrupt_main", "", |vm, _, a| {
        let [signum] = a.bind(vm, "interrupt_main", ["signum"], 0)?;
        crate::signals::simulate(vm, signum)?;
        Ok(Value::NONE)
    });
    for name in ["start_new_thread", "start_new"] {
        vm.add_function(&m, name, "", |vm, _, a| {
            let pos = a.between(vm, "start_new_thread", 2, 3)?;
            let mut args = vm.collect(&pos[1])?;
            let mut names = Vec::new();
            if let Some(d) = pos.get(2).and_then(|d| d.downcast::<Dict>()) {
                for (k, x) in d.items() {
                    names.push(k);
                    args.push(x);
                }
            }
            let done = Arc::new(Done::default());
            done.daemon.store(true, Ordering::Relaxed);
            let ident = start(vm, pos[0].clone(), args, names, done)?;
            Ok(vm.new_int(ident as i64))
        });
    }
    vm.add_function(&m, "start_joinable_thread", "", |vm, _, a| {
        let [function, handle, daemon] = a.bind(
            vm,
            "start_joinable_thread",
            ["function", "handle", "daemon"],
            1,
        )?;
        let types = vm.module_state(|| make_types(vm));
        let h: Value = match handle {
            Some(h) if !h.is_none() => h.clone(),
            _ => vm
                .heap
                .alloc(
                    &types.handle,
                    Handle {
                        done: RefCell::default(),
                        ident: Cell::new(0),
                    },
                )
                .into(),
        };
        let inner = vm.this::<Handle>(&h)?;
        let done = inner.done.borrow().clone();
        done.daemon.store(
            daemon.map_or(Ok(true), |d| vm.is_true(d))?,
            Ordering::Relaxed,
        );
        let ident = start(
            vm,
            function.cloned().unwrap_or(Value::NONE),
            Vec::new(),
            Vec::new(),
            done,
        )?;
        inner.ident.set(ident);
        Ok(h)
    });
    let args = vm.new_structseq_type(
        "_thread._ExceptHookArgs",
        &["exc_type", "exc_value", "exc_traceback", "thread"],
        4,
    );
    vm.add_value(&m, "_ExceptHookArgs", args.into());
    let hook = |vm: &Vm, a: Args| {
        let [x] = a.exactly::<1>(vm, "_excepthook")?;
        let (e, thread) = (
            vm.getattr_str(x, "exc_value")?,
            vm.getattr_str(x, "thread")?,
        );
        let quiet = e.as_ref::<lasti_core::objects::Exception>().is_some()
            && vm.is_instance(&e, &vm.exc.system_exit);
        if !quiet {
            let name = if thread.is_none() {
                threads(vm).current.get().to_string()
            } else {
                vm.display(&vm.getattr_str(&thread, "name")?)
            };
            crate::uncaught::write_stderr(vm, &format!("Exception in thread {name}:\n"));
            crate::uncaught::print(vm, &e);
        }
        Ok(Value::NONE)
    };
    let f = vm.new_native(
        "_excepthook",
        "",
        NativeKind::Host(Rc::new(hook)),
        Value::NONE,
        vm.str_value("_thread"),
    );
    vm.add_value(&m, "_excepthook", f);
    Ok(m)
}
