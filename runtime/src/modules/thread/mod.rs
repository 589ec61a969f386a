//! Python threads: the `_thread` module, over OS threads that take turns with the GIL.
use crate::gil::{self, Gil, Interrupts};
use crate::wait::{self, Monitor};
use lasti_core::model::new::object_init;
use lasti_core::objects::{Dict, InitFn, Module, NativeKind, Type, TypeFlags, WeakRef};
use lasti_core::vm::ThreadState;
use lasti_core::{Args, Exc, Payload, PyResult, Ref, Slot, Value, Vm};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

/// Smallest stack that a script may ask for, as CPython has it.
const LEAST_STACK: usize = 53_248;
/// Native stack below what a script asked for, for code that does not check.
const RESERVED_STACK: usize = 1024 * 1024;
/// CPython's `TIMEOUT_MAX`, in nanoseconds.
const LONGEST: i64 = 9_223_372_036_000_000_000;

/// What the interpreter keeps about its threads.
#[derive(Default)]
struct Threads {
    /// Which threads have a namespace in which thread-local data; dead entries go when the list is full.
    locals: RefCell<Vec<(u64, Ref<WeakRef>)>>,
    handles: RefCell<Vec<Arc<Done>>>,
    /// As `stack_size` was told; 0 is the default.
    stack_size: Cell<usize>,
}

fn threads(vm: &Vm) -> Rc<Threads> {
    vm.module_state(Threads::default)
}

fn current(vm: &Vm) -> u64 {
    gil::state(vm).current.get()
}

/// A thread's end, for those who join it.
#[derive(Default)]
struct Done {
    finished: Monitor<bool>,
    daemon: AtomicBool,
}

impl Done {
    fn set(&self) {
        self.finished.notify_all(|f| *f = true);
    }
    fn is_set(&self) -> bool {
        self.finished.with(|f| *f)
    }
    fn wait(&self, vm: &Vm, until: Option<Instant>) -> PyResult<bool> {
        let r = self.finished.wait(vm, until, |f| f.then_some(()))?;
        Ok(r.is_some())
    }
}

/// What a new thread is given.
struct Job {
    vm: *const Vm,
    callable: Value,
    args: Vec<Value>,
    names: Vec<Value>,
    context: Value,
    ident: u64,
    stack: usize,
    done: Arc<Done>,
    gil: Arc<Gil>,
    interrupts: Arc<Interrupts>,
    eval_breaker: Arc<AtomicU32>,
}

// SAFETY: the receiving thread touches the interpreter and the values only while it holds the GIL (see `gil.rs`). Nothing of
// the interpreter is in Rust thread-locals.
unsafe impl Send for Job {}

/// Address space for a thread that was not given a size: the system's limit for stacks, as in CPython.
fn default_stack() -> usize {
    let soft = rustix::process::getrlimit(rustix::process::Resource::Stack).current;
    soft.and_then(|n| usize::try_from(n).ok())
        .map_or(8 << 20, |n| n.clamp(1 << 20, 64 << 20))
}

fn start(
    vm: &Vm,
    callable: Value,
    args: Vec<Value>,
    names: Vec<Value>,
    done: Arc<Done>,
) -> PyResult<u64> {
    let (g, t) = (gil::state(vm), threads(vm));
    let ident = gil::new_ident();
    let stack = match t.stack_size.get() {
        0 => default_stack(),
        n => n + RESERVED_STACK,
    };
    let job = Job {
        vm,
        callable,
        args,
        names,
        context: Value::UNBOUND,
        ident,
        stack,
        done: done.clone(),
        gil: g.gil.clone(),
        interrupts: g.interrupts.clone(),
        eval_breaker: vm.heap.eval_breaker.clone(),
    };
    let spawned = std::thread::Builder::new()
        .stack_size(stack)
        .spawn(move || run(job));
    // The new thread waits for the GIL, so it has not looked at these yet.
    match spawned {
        Ok(_) => {
            g.count.set(g.count.get() + 1);
            t.handles.borrow_mut().push(done);
            Ok(ident)
        }
        Err(_) => Err(vm.runtime_error("can't start new thread")),
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
        stack,
        done,
        gil,
        interrupts,
        eval_breaker,
    } = job;
    gil.acquire(&eval_breaker);
    // SAFETY: the GIL is held, and the interpreter waits for its threads before it goes.
    let vm = unsafe { &*vm };
    let here = 0u8;
    let floor = (&raw const here as usize).saturating_sub(stack - RESERVED_STACK / 2);
    let mut state = ThreadState::default();
    vm.swap_thread(&mut state, floor);
    let g = gil::state(vm);
    g.current.set(ident);
    vm.context.set(context);
    let body = AssertUnwindSafe(|| {
        let r = vm.call_args(&callable, Args::split(&args, &names));
        if let Err(e) = r
            && !vm.exc_is(&e, &vm.exc.system_exit)
        {
            let what = "Exception ignored in thread started by";
            vm.unraisable(&e, what, Some(&callable));
        }
        drop((callable, args, names));
        drop_locals(vm, ident);
        vm.run_due();
    });
    let outcome = catch_unwind(body);
    vm.swap_thread(&mut state, 0);
    if outcome.is_err() {
        // The panic has left frames and values in any state, so they are not touched again.
        std::mem::forget(state);
        g.panicked.set(true);
        interrupts.notify();
    }
    g.count.set(g.count.get() - 1);
    drop(g);
    let t = threads(vm);
    t.handles.borrow_mut().retain(|h| !Arc::ptr_eq(h, &done));
    drop(t);
    done.set();
    gil.release();
}

fn drop_locals(vm: &Vm, ident: u64) {
    let t = threads(vm);
    let locals = t.locals.take();
    let (mine, others): (Vec<_>, Vec<_>) = locals.into_iter().partition(|l| l.0 == ident);
    *t.locals.borrow_mut() = others;
    for (_, w) in mine {
        if let Some(v) = w.get()
            && let Some(l) = v.downcast::<Local>()
        {
            let gone = l.dicts.borrow_mut().extract_if(.., |d| d.0 == ident).next();
            drop(gone);
        }
    }
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
        h.wait(vm, None)?;
    }
}

// ---- locks ----

/// `_thread.lock`.
#[derive(Default)]
pub struct Lock {
    locked: Arc<Monitor<bool>>,
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

fn take(locked: &mut bool) -> bool {
    !std::mem::replace(locked, true)
}

impl Lock {
    pub fn try_acquire(&self) -> bool {
        self.locked.with(take)
    }
    pub fn acquire(&self, vm: &Vm, limit: Limit) -> PyResult<bool> {
        if self.try_acquire() {
            return Ok(true);
        }
        let until = match limit {
            Limit::Not => return Ok(false),
            Limit::Nanoseconds(ns) => wait::after(ns),
            Limit::Forever => None,
        };
        let locked = self.locked.clone();
        let r = locked.wait(vm, until, |l| take(l).then_some(()))?;
        Ok(r.is_some())
    }
    pub fn release(&self) -> bool {
        self.locked.notify_one(std::mem::take)
    }
    fn locked(&self) -> bool {
        self.locked.with(|l| *l)
    }
}

/// How long an acquisition waits.
#[derive(Clone, Copy)]
pub enum Limit {
    Not,
    Nanoseconds(i64),
    Forever,
}

/// `blocking=True, timeout=-1` of acquire.
fn acquire_args(vm: &Vm, a: Args) -> PyResult<Limit> {
    let [block, timeout] = a.bind(vm, "acquire", ["blocking", "timeout"], 0)?;
    let block = block.map_or(Ok(true), |b| vm.is_true(b))?;
    let ns = timeout.map_or(Ok(-1_000_000_000), |t| wait::nanoseconds(vm, t, 1.0))?;
    let default = ns == -1_000_000_000;
    match (block, default) {
        (false, true) => Ok(Limit::Not),
        (false, false) => Err(vm.value_error("can't specify a timeout for a non-blocking call")),
        (true, true) => Ok(Limit::Forever),
        _ if ns < 0 => Err(vm.value_error("timeout value must be a non-negative number")),
        _ if ns > LONGEST => Err(vm.overflow_error("timeout value is too large")),
        _ => Ok(Limit::Nanoseconds(ns)),
    }
}

fn not_locked(vm: &Vm) -> Exc {
    vm.runtime_error("release unlocked lock")
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
        vm.method(
            &t,
            name,
            "(blocking=True, timeout=-1)\n--\n\n",
            |vm, v, a| {
                let l = vm.this::<Lock>(v)?;
                let limit = acquire_args(vm, a)?;
                Ok(Value::bool(l.acquire(vm, limit)?))
            },
        );
    }
    for name in ["release", "release_lock"] {
        vm.method(&t, name, "()\n--\n\n", |vm, v, _| {
            if vm.this::<Lock>(v)?.release() {
                Ok(Value::NONE)
            } else {
                Err(not_locked(vm))
            }
        });
    }
    for name in ["locked", "locked_lock"] {
        vm.method(&t, name, "()\n--\n\n", |vm, v, _| {
            Ok(Value::bool(vm.this::<Lock>(v)?.locked()))
        });
    }
    vm.add_methods(&t, LOCK_TYPE_METHODS);
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

lasti_core::methods! { LOCK_TYPE_METHODS =
    "__enter__" "__enter__($self, /)\n--\n\n" enter;
    "__exit__" "__exit__($self, /, *exc_info)\n--\n\n" exit;
    "_at_fork_reinit" "_at_fork_reinit($self, /)\n--\n\n" at_fork_reinit;
}

fn enter(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = vm.this::<Lock>(v)?;
    Ok(Value::bool(l.acquire(vm, Limit::Forever)?))
}

fn exit(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    if vm.this::<Lock>(v)?.release() {
        Ok(Value::NONE)
    } else {
        Err(not_locked(vm))
    }
}

fn at_fork_reinit(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.this::<Lock>(v)?.release();
    Ok(Value::NONE)
}

fn rlock_acquire(vm: &Vm, l: &RLock, limit: Limit) -> PyResult<bool> {
    let me = current(vm);
    if l.owner.get() == me && l.depth.get() > 0 {
        l.depth.set(l.depth.get() + 1);
        return Ok(true);
    }
    let got = l.lock.acquire(vm, limit)?;
    if got {
        l.owner.set(me);
        l.depth.set(1);
    }
    Ok(got)
}

fn rlock_release(vm: &Vm, l: &RLock) -> PyResult<()> {
    if l.depth.get() == 0 || l.owner.get() != current(vm) {
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
    vm.add_methods(&t, RLOCK_TYPE_METHODS);
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

lasti_core::methods! { RLOCK_TYPE_METHODS =
    "acquire" "acquire($self, /, blocking=True, timeout=-1)\n--\n\n" acquire_method;
    "release" "release($self, /)\n--\n\n" release_method;
    "__enter__" "__enter__($self, /)\n--\n\n" enter_method;
    "__exit__" "__exit__($self, /, *exc_info)\n--\n\n" exit_method;
    "locked" "locked($self, /)\n--\n\n" locked_method;
    "_is_owned" "_is_owned($self, /)\n--\n\n" is_owned;
    "_recursion_count" "_recursion_count($self, /)\n--\n\n" recursion_count;
    "_release_save" "_release_save($self, /)\n--\n\n" release_save;
    "_acquire_restore" "_acquire_restore($self, state, /)\n--\n\n" acquire_restore;
    "_at_fork_reinit" "_at_fork_reinit($self, /)\n--\n\n" |_, _, _| Ok(Value::NONE);
}

fn acquire_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let limit = acquire_args(vm, a)?;
    Ok(Value::bool(rlock_acquire(vm, vm.this::<RLock>(v)?, limit)?))
}

fn release_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    rlock_release(vm, vm.this::<RLock>(v)?)?;
    Ok(Value::NONE)
}

fn enter_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(rlock_acquire(
        vm,
        vm.this::<RLock>(v)?,
        Limit::Forever,
    )?))
}

fn exit_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    rlock_release(vm, vm.this::<RLock>(v)?)?;
    Ok(Value::NONE)
}

fn locked_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(Value::bool(vm.this::<RLock>(v)?.lock.locked()))
}

fn is_owned(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = vm.this::<RLock>(v)?;
    Ok(Value::bool(
        l.depth.get() > 0 && l.owner.get() == current(vm),
    ))
}

fn recursion_count(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let l = vm.this::<RLock>(v)?;
    let mine = l.owner.get() == current(vm);
    Ok(vm.new_int(if mine { l.depth.get() as i64 } else { 0 }))
}

fn release_save(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
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
}

fn acquire_restore(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [saved] = a.exactly::<1>(vm, "_acquire_restore")?;
    let parts = vm.collect(saved)?;
    let l = vm.this::<RLock>(v)?;
    l.lock.acquire(vm, Limit::Forever)?;
    if let [depth, owner] = &parts[..] {
        l.depth.set(vm.to_i64(depth)? as u64);
        l.owner.set(vm.to_i64(owner)? as u64);
    }
    Ok(Value::NONE)
}

// ---- thread-local data and handles ----

/// `_thread._local`: one namespace per thread.
struct Local {
    args: Slot,
    kwargs: Slot,
    /// The threads' namespaces.
    dicts: RefCell<Vec<(u64, Ref<Dict>)>>,
}
impl Payload for Local {
    const CONTAINER: bool = true;
    const NAME: &'static str = "_local";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.args.visit(visit);
        self.kwargs.visit(visit);
        for (_, d) in self.dicts.borrow().iter() {
            visit(d.as_value());
        }
    }
    fn clear(&self) {
        let dicts = self.dicts.take();
        drop(dicts);
    }
}

/// Gives a thread its namespace.
fn add_local_dict(vm: &Vm, v: &Value, l: &Local) -> Ref<Dict> {
    let (ident, d) = (current(vm), vm.new_dict());
    l.dicts.borrow_mut().push((ident, d.clone()));
    let t = threads(vm);
    let w = vm.new_weakref(&vm.types.weakref, v, None);
    let mut locals = t.locals.borrow_mut();
    let dead: Vec<_> = if locals.len() == locals.capacity() {
        locals.extract_if(.., |l| l.1.get().is_none()).collect()
    } else {
        Vec::new()
    };
    locals.push((ident, w));
    drop(locals);
    drop(dead);
    d
}

/// The namespace of this thread, made (with `__init__` run for a subclass) on first use.
fn local_dict(vm: &Vm, v: &Value) -> PyResult<Ref<Dict>> {
    let l = vm.this::<Local>(v)?;
    let ident = current(vm);
    let found = l
        .dicts
        .borrow()
        .iter()
        .find(|d| d.0 == ident)
        .map(|d| d.1.clone());
    if let Some(d) = found {
        return Ok(d);
    }
    let d = add_local_dict(vm, v, l);
    if let Some(init) = vm.type_of(v).slots.init.get() {
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
        let init = class.slots.init.get();
        let takes_any = init.is_some_and(|f| !std::ptr::fn_addr_eq(f, object_init as InitFn));
        if !a.is_empty() && !takes_any {
            return Err(vm.type_error("Initialization arguments are not supported"));
        }
        let kw = vm.new_dict();
        for (k, x) in a.names.iter().zip(a.kw) {
            vm.dict_insert(&kw, k.clone(), x.clone())?;
        }
        let l = Local {
            args: Slot::new(vm.new_tuple(a.pos.to_vec()).into()),
            kwargs: Slot::new(kw.into()),
            dicts: RefCell::default(),
        };
        let l = vm.heap.alloc(class, l);
        // The maker's __init__ runs by the class call, so its namespace is there already.
        add_local_dict(vm, l.as_value(), &l);
        Ok(l.into())
    }));
    t.slots.init.set(Some(|_, _, _| Ok(())));
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
    vm.add_methods(&t, HANDLE_TYPE_METHODS);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { HANDLE_TYPE_METHODS =
    "is_done" "is_done($self, /)\n--\n\n" is_done;
    "_set_done" "_set_done($self, /)\n--\n\n" set_done;
    "join" "(timeout=None, /)\n--\n\n" join;
}

fn is_done(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let d = vm.this::<Handle>(v)?.done.borrow().clone();
    Ok(Value::bool(d.is_set()))
}

fn set_done(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let d = vm.this::<Handle>(v)?.done.borrow().clone();
    d.set();
    Ok(Value::NONE)
}

fn join(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let until = match a.between(vm, "join", 0, 1)? {
        [t] if !t.is_none() => match wait::nanoseconds(vm, t, 1.0)? {
            ns if ns < 0 => None,
            ns => wait::after(ns),
        },
        _ => None,
    };
    let h = vm.this::<Handle>(v)?;
    if h.ident.get() == current(vm) {
        return Err(vm.runtime_error("Cannot join current thread"));
    }
    let d = h.done.borrow().clone();
    d.wait(vm, until)?;
    Ok(Value::NONE)
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
        vm.add_function(&m, name, "()\n--\n\n", |vm, _, _| {
            let types = vm.module_state(|| make_types(vm));
            Ok(vm.heap.alloc(&types.lock, Lock::default()).into())
        });
    }
    vm.add_functions(&m, FUNCTIONS);
    for name in ["exit", "exit_thread"] {
        vm.add_function(&m, name, "()\n--\n\n", |vm, _, _| {
            Err(Exc(vm.call(vm.exc.system_exit.as_value(), &[])?))
        });
    }
    for name in ["start_new_thread", "start_new"] {
        vm.add_function(
            &m,
            name,
            "(function, args, kwargs=None, /)\n--\n\n",
            |vm, _, a| {
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
            },
        );
    }
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
                current(vm).to_string()
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

lasti_core::methods! { FUNCTIONS =
    "get_ident" "get_ident()\n--\n\n" get_ident;
    "_get_main_thread_ident" "_get_main_thread_ident($module, /)\n--\n\n" get_main_thread_ident;
    "get_native_id" "get_native_id($module, /)\n--\n\n" get_native_id;
    "_count" "_count($module, /)\n--\n\n" count;
    "_is_main_interpreter" "_is_main_interpreter($module, /)\n--\n\n" |_, _, _| Ok(Value::TRUE);
    "daemon_threads_allowed" "daemon_threads_allowed($module, /)\n--\n\n" |_, _, _| Ok(Value::TRUE);
    "stack_size" "stack_size($module, size=0, /)\n--\n\n" stack_size;
    "set_name" "set_name($module, /, name)\n--\n\n" |_, _, _| Ok(Value::NONE);
    "_shutdown" "_shutdown($module, /)\n--\n\n" shutdown;
    "_make_thread_handle" "_make_thread_handle($module, ident, /)\n--\n\n" make_thread_handle;
    "interrupt_main" "interrupt_main($module, signum=signal.SIGINT, /)\n--\n\n" interrupt_main;
    "start_joinable_thread" "start_joinable_thread($module, /, function, handle=None, daemon=True)\n--\n\n" start_joinable_thread;
}

fn get_ident(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(current(vm) as i64))
}

fn get_main_thread_ident(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(gil::state(vm).main as i64))
}

fn get_native_id(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let id = rustix::thread::gettid().as_raw_nonzero().get();
    Ok(vm.new_int(id as i64))
}

fn count(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(gil::state(vm).count.get() as i64))
}

fn stack_size(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let new = match a.between(vm, "stack_size", 0, 1)? {
        [n] => vm.to_i64(n)?,
        _ => 0,
    };
    let new = match usize::try_from(new) {
        Ok(n) if n == 0 || n >= LEAST_STACK => n,
        _ => {
            let text = format!("size must be at least {LEAST_STACK} bytes");
            return Err(vm.value_error(text));
        }
    };
    if new > isize::MAX as usize / 2 {
        return Err(vm.value_error(format!("size not valid: {new} bytes")));
    }
    Ok(vm.new_int(threads(vm).stack_size.replace(new) as i64))
}

fn shutdown(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    join_all(vm)?;
    Ok(Value::NONE)
}

fn make_thread_handle(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [ident] = a.exactly::<1>(vm, "_make_thread_handle")?;
    let ident = vm.to_i64(ident)? as u64;
    let types = vm.module_state(|| make_types(vm));
    let h = Handle {
        done: RefCell::default(),
        ident: Cell::new(ident),
    };
    Ok(vm.heap.alloc(&types.handle, h).into())
}

fn interrupt_main(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [signum] = a.bind(vm, "interrupt_main", ["signum"], 0)?;
    crate::modules::signal::simulate(vm, signum)?;
    Ok(Value::NONE)
}

fn start_joinable_thread(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
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
}

#[cfg(test)]
mod tests;
