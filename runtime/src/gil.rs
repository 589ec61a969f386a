//! The global interpreter lock: which thread may touch the interpreter, how it releases the lock around a blocking call, and
//! what ends the main thread's waits.
//!
//! An interpreter is not `Send`, yet its threads share it. A thread touches it only between [`Gil::acquire`] and
//! [`Gil::release`], whose mutex orders one holder's accesses before the next one's. What belongs to a thread (frames,
//! exception state, running task) is taken out of the interpreter before the lock is released and put back after it is
//! acquired again. A closure that runs without the lock is `Send`, so it cannot hold a value of the heap.
#![forbid(unsafe_code)]

use lasti_core::memory::eval_breaker::{GIL_DROP_REQUEST, SIGNAL};
use lasti_core::vm::ThreadState;
use lasti_core::{PyResult, Slot, Value, Vm};
use rustix::event::EventfdFlags;
use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::Waker;
use std::thread::Thread;
use std::time::Duration;

/// How long a thread waits for the lock before it asks the holder for it (`sys.getswitchinterval`).
const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Turn {
    held: bool,
    waiting: u32,
    /// Counts acquisitions, so that a holder that was asked for the lock can see that somebody else had it.
    taken: u64,
}

/// The right to run Python in one interpreter.
#[derive(Default)]
pub struct Gil {
    turn: Mutex<Turn>,
    released: Condvar,
    switched: Condvar,
    /// Called when a thread has to wait for the lock: the holder is an executor that does other things meanwhile.
    idle: Mutex<Vec<Waker>>,
}

/// Threads of any interpreter that wait for a lock after a blocking call.
static RETURNING: AtomicU32 = AtomicU32::new(0);

/// Whether a thread may wait for the lock after a blocking call. One that was asked to release it does not count.
#[inline]
pub fn is_wanted() -> bool {
    RETURNING.load(Ordering::Relaxed) > 0
}

/// The data behind these locks is plain, so a panic of a holder does not damage it.
pub fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(|e| e.into_inner())
}

impl Gil {
    fn take<'a>(&'a self, mut t: MutexGuard<'a, Turn>, eval_breaker: &AtomicU32) {
        t.waiting += 1;
        if t.held {
            std::mem::take(&mut *lock(&self.idle))
                .into_iter()
                .for_each(Waker::wake);
        }
        while t.held {
            let seen = t.taken;
            let (next, timeout) = self
                .released
                .wait_timeout(t, SWITCH_INTERVAL)
                .unwrap_or_else(|e| e.into_inner());
            t = next;
            if timeout.timed_out() && t.held && t.taken == seen {
                eval_breaker.fetch_or(GIL_DROP_REQUEST, Ordering::Relaxed);
            }
        }
        t.waiting -= 1;
        t.held = true;
        t.taken += 1;
        drop(t);
        self.switched.notify_all();
    }
    /// Waits for the lock and takes it.
    pub fn acquire(&self, eval_breaker: &AtomicU32) {
        RETURNING.fetch_add(1, Ordering::Relaxed);
        self.take(lock(&self.turn), eval_breaker);
        RETURNING.fetch_sub(1, Ordering::Relaxed);
    }
    /// Has the holder told when a thread waits for the lock, once. It is told at once when one waits already.
    pub fn when_wanted(&self, wakers: &[Waker]) {
        let t = lock(&self.turn);
        if t.waiting == 0 {
            *lock(&self.idle) = wakers.to_vec();
            return;
        }
        drop(t);
        wakers.iter().for_each(Waker::wake_by_ref);
    }
    pub fn release(&self) {
        lock(&self.turn).held = false;
        self.released.notify_one();
    }
    /// Lets another thread have the lock, if one waits, and takes it again.
    fn pass(&self, eval_breaker: &AtomicU32) {
        let mut t = lock(&self.turn);
        t.held = false;
        let taken = t.taken;
        self.released.notify_one();
        while t.waiting > 0 && t.taken == taken {
            t = self.switched.wait(t).unwrap_or_else(|e| e.into_inner());
        }
        self.take(t, eval_breaker);
    }
}

/// What ends the waits of an interpreter's main thread.
pub struct Interrupts {
    /// Set by signal handlers: there is something that the main thread has to do.
    pub tripped: Arc<AtomicBool>,
    /// Readable after a notification, for waits on descriptors.
    wake: OwnedFd,
    /// The main thread, for waits that are parked.
    main: Thread,
    eval_breaker: Arc<AtomicU32>,
}

impl Interrupts {
    /// Whether the main thread should look at signals.
    pub fn pending(&self) -> bool {
        self.tripped.load(Ordering::SeqCst)
    }
    /// Has the main thread look at signals at once.
    pub fn notify(&self) {
        self.tripped.store(true, Ordering::SeqCst);
        self.eval_breaker.fetch_or(SIGNAL, Ordering::Relaxed);
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        self.main.unpark();
    }
    /// The descriptor that a wait of the main thread watches beside its own.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
    /// Makes the descriptor not readable until the next notification.
    pub fn drain(&self) {
        let _ = rustix::io::read(&self.wake, &mut [0u8; 8]);
    }
    /// Whether there was something to do; from here on there is not.
    pub fn take(&self) -> bool {
        self.drain();
        self.tripped.swap(false, Ordering::SeqCst)
    }
}

/// Where a value stands that each thread has of its own.
pub type ThreadSlot = fn(&Vm) -> &Slot;

/// What the interpreter keeps about its lock.
pub struct GilState {
    pub gil: Arc<Gil>,
    pub interrupts: Arc<Interrupts>,
    pub main: u64,
    /// Threads besides the main one.
    pub count: Cell<usize>,
    /// Identifier of the thread that holds the lock.
    pub current: Cell<u64>,
    slots: RefCell<Vec<ThreadSlot>>,
    /// A thread panicked, and the main thread was not told yet.
    pub panicked: Cell<bool>,
}

static NEXT_IDENT: AtomicU64 = AtomicU64::new(1);

pub fn new_ident() -> u64 {
    NEXT_IDENT.fetch_add(1, Ordering::Relaxed)
}

pub fn state(vm: &Vm) -> Rc<GilState> {
    vm.module_state(|| {
        let gil = Arc::new(Gil::default());
        // The thread that makes the interpreter holds the lock from the start.
        lock(&gil.turn).held = true;
        let main = new_ident();
        let wake = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .expect("the system has a descriptor left for an interpreter");
        GilState {
            gil,
            interrupts: Arc::new(Interrupts {
                tripped: Arc::default(),
                wake,
                main: std::thread::current(),
                eval_breaker: vm.heap.eval_breaker.clone(),
            }),
            main,
            count: Cell::new(0),
            current: Cell::new(main),
            slots: RefCell::default(),
            panicked: Cell::new(false),
        }
    })
}

/// Gives each thread a value of its own in this place.
pub fn per_thread(vm: &Vm, slot: ThreadSlot) {
    state(vm).slots.borrow_mut().push(slot);
}

/// What is taken out of the interpreter while a thread does not hold the lock.
struct Parked {
    state: ThreadState,
    stack_limit: usize,
    values: Vec<Value>,
    ident: u64,
}

fn park(vm: &Vm, s: &GilState) -> Parked {
    let mut state = ThreadState::default();
    let stack_limit = vm.swap_thread(&mut state, 0);
    let slots = s.slots.borrow();
    Parked {
        state,
        stack_limit,
        values: slots.iter().map(|f| f(vm).replace(Value::NONE)).collect(),
        ident: s.current.get(),
    }
}

fn unpark(vm: &Vm, s: &GilState, mut p: Parked) {
    vm.swap_thread(&mut p.state, p.stack_limit);
    let slots = s.slots.borrow();
    for (f, v) in slots.iter().zip(p.values) {
        f(vm).set(v);
    }
    s.current.set(p.ident);
}

/// A thread without the lock. Dropping it, by a panic too, takes the lock again.
struct Detached<'a> {
    vm: &'a Vm,
    state: Rc<GilState>,
    parked: Option<Parked>,
}

impl<'a> Detached<'a> {
    fn new(vm: &'a Vm, state: Rc<GilState>) -> Self {
        let parked = Some(park(vm, &state));
        Detached { vm, state, parked }
    }
}

impl Drop for Detached<'_> {
    fn drop(&mut self) {
        if let Some(p) = self.parked.take() {
            unpark(self.vm, &self.state, p);
        }
        // Another thread may have cleared the bit, and signals are the main thread's.
        if self.state.current.get() == self.state.main && self.state.interrupts.pending() {
            self.vm
                .heap
                .eval_breaker
                .fetch_or(SIGNAL, Ordering::Relaxed);
        }
    }
}

/// Takes the lock when it goes.
struct Reacquire<'a>(&'a Gil, &'a AtomicU32);

impl Drop for Reacquire<'_> {
    fn drop(&mut self) {
        self.0.acquire(self.1);
    }
}

/// Runs something that blocks with the lock released, so that other threads may run Python. What `f` holds is `Send`: no
/// value of the heap can be touched meanwhile.
pub fn blocking<R: Send>(vm: &Vm, f: impl FnOnce() -> R + Send) -> R {
    let s = state(vm);
    if s.count.get() == 0 {
        // Nobody else could run.
        return f();
    }
    let gil = s.gil.clone();
    let eval_breaker = vm.heap.eval_breaker.clone();
    let _detached = Detached::new(vm, s);
    let _reacquire = Reacquire(&gil, &eval_breaker);
    gil.release();
    f()
}

/// Lets another thread run Python, if one waits for the lock.
pub fn give_turn(vm: &Vm) {
    let s = state(vm);
    if s.count.get() == 0 {
        return;
    }
    let gil = s.gil.clone();
    let _detached = Detached::new(vm, s);
    gil.pass(&vm.heap.eval_breaker);
}

/// Whether threads besides this one exist.
pub fn others(vm: &Vm) -> bool {
    state(vm).count.get() > 0
}

/// Whether the thread that made the interpreter holds the lock.
pub fn is_main(vm: &Vm) -> bool {
    let s = state(vm);
    s.current.get() == s.main
}

/// What ends this thread's waits: signals, if it is the main thread.
pub fn interrupts(vm: &Vm) -> Option<Arc<Interrupts>> {
    let s = state(vm);
    (s.current.get() == s.main).then(|| s.interrupts.clone())
}

/// Calls the Python handlers of signals that arrived, if this is the main thread.
pub fn check_interrupts(vm: &Vm) -> PyResult<()> {
    let s = state(vm);
    if s.current.get() == s.main && s.interrupts.pending() {
        vm.heap.eval_breaker.fetch_or(SIGNAL, Ordering::Relaxed);
    }
    vm.check_signals()
}
