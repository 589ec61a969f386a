//! Memory held back for the time when the system refuses more.
//!
//! Code that makes small blocks cannot fail: an allocator may not unwind, and `Vec::push` aborts on a null pointer. When the system
//! refuses such a block, it comes from the reserve, and [`eval_breaker::NO_MEMORY`] makes the interpreter raise MemoryError before its
//! next instruction. A block above [`LARGEST`] is refused, so whoever asks for a size that a program decides must use
//! `try_reserve` or ask for room beforehand (see `vm/fallible.rs`). The process ends only when the reserve is used up.
//!
//! The reserve is part of the program's zeroed data: it takes address space, and pages only as they are touched.
use super::{CHUNK_BYTES, eval_breaker};
use std::alloc::Layout;
use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

const SIZE: usize = 64 << 20;
/// Blocks from so many bytes on are refused.
const LARGEST: usize = 32 << 20;
/// Blocks from so many bytes on leave [`FOR_SMALL`] bytes alone: there is always something left for the handler.
const SMALL: usize = 1 << 20;
const FOR_SMALL: usize = 16 << 20;
/// MemoryError is raised again when so many more bytes were taken: the handler of the first one has them for itself.
const BYTES_BETWEEN_ERRORS: usize = 1 << 20;

#[repr(C, align(65536))]
struct Memory(UnsafeCell<[MaybeUninit<u8>; SIZE]>);
// SAFETY: each part is handed out once, under the lock of `STATE`, and is its owner's until it is given back.
unsafe impl Sync for Memory {}
const _: () = assert!(align_of::<Memory>() == CHUNK_BYTES);

static MEMORY: Memory = Memory(UnsafeCell::new([MaybeUninit::zeroed(); SIZE]));

struct State {
    /// Blocks stand below, one behind the other; none is used again before all were given back.
    blocks: usize,
    live: usize,
    /// Chunks of heaps stand in so many bytes at the end. They stay with their heap.
    chunks: usize,
    /// Bytes in use at which MemoryError is due again.
    due: usize,
}

static STATE: Mutex<State> = Mutex::new(State {
    blocks: 0,
    live: 0,
    chunks: 0,
    due: 0,
});
/// Something was taken since the last time that memory came back.
static DRAWN: AtomicBool = AtomicBool::new(false);
/// The eval_breakers of all interpreters.
static BREAKERS: Mutex<Vec<Arc<AtomicU32>>> = Mutex::new(Vec::new());

thread_local! {
    /// The address of the eval breaker of the interpreter that this thread runs, or 0.
    static MINE: Cell<usize> = const { Cell::new(0) };
}

/// Makes an interpreter known, which is told when the reserve is used.
pub(super) fn register(eval_breaker: &Arc<AtomicU32>) {
    BREAKERS
        .lock()
        .unwrap_or_else(|e| e.into_inner())
        .push(eval_breaker.clone());
    enter(eval_breaker);
}

pub(super) fn forget(eval_breaker: &Arc<AtomicU32>) {
    BREAKERS
        .lock()
        .unwrap_or_else(|e| e.into_inner())
        .retain(|b| !Arc::ptr_eq(b, eval_breaker));
}

/// This thread runs that interpreter from now on.
pub(crate) fn enter(eval_breaker: &Arc<AtomicU32>) {
    MINE.set(Arc::as_ptr(eval_breaker) as usize);
}

/// Has this thread's interpreter raise MemoryError; all of them when it runs none.
pub fn raise_alarm() {
    // The lock is held only by who registers; that one is served without a MemoryError.
    if let Ok(all) = BREAKERS.try_lock() {
        let mine = MINE.get();
        let known = all.iter().any(|b| Arc::as_ptr(b) as usize == mine);
        for b in all.iter() {
            if !known || Arc::as_ptr(b) as usize == mine {
                b.fetch_or(eval_breaker::NO_MEMORY, Ordering::Relaxed);
            }
        }
    }
}

impl State {
    /// Takes `size` bytes more, of which `at` is the place.
    fn taken(&mut self) {
        DRAWN.store(true, Ordering::Relaxed);
        let used = self.blocks + self.chunks;
        if used >= self.due {
            self.due = used + BYTES_BETWEEN_ERRORS;
            raise_alarm();
        }
    }
}

fn base() -> *mut u8 {
    MEMORY.0.get().cast()
}

/// A block for which the system has no memory.
#[cold]
pub(super) fn block(layout: Layout) -> Option<NonNull<u8>> {
    if layout.size() >= LARGEST || layout.align() >= CHUNK_BYTES {
        return None;
    }
    let mut s = STATE.lock().unwrap_or_else(|e| e.into_inner());
    let at = s.blocks.next_multiple_of(layout.align());
    let kept = if layout.size() < SMALL { 0 } else { FOR_SMALL };
    if at + layout.size() > SIZE - kept.max(s.chunks) {
        return None;
    }
    s.blocks = at + layout.size();
    s.live += 1;
    s.taken();
    NonNull::new(base().wrapping_add(at))
}

/// A chunk of a heap, zeroed, which stays with that heap.
#[cold]
pub(super) fn chunk() -> Option<NonNull<u8>> {
    let mut s = STATE.lock().unwrap_or_else(|e| e.into_inner());
    if s.blocks + s.chunks + CHUNK_BYTES > SIZE {
        return None;
    }
    s.chunks += CHUNK_BYTES;
    s.taken();
    let p = NonNull::new(base().wrapping_add(SIZE - s.chunks))?;
    // SAFETY: these bytes are in the reserve, and were just taken; blocks that stood here before were given back.
    unsafe { p.write_bytes(0, CHUNK_BYTES) };
    Some(p)
}

/// Whether a block is the reserve's.
#[inline(always)]
pub(super) fn holds(p: *const u8) -> bool {
    (p as usize).wrapping_sub(base() as usize) < SIZE
}

/// A block of the reserve is not used any more.
#[cold]
pub(super) fn give_back(p: *const u8, layout: Layout) {
    let mut s = STATE.lock().unwrap_or_else(|e| e.into_inner());
    s.live -= 1;
    // A vector that grows gives its last block back soon.
    let at = p.addr() - base().addr();
    if at + layout.size() == s.blocks {
        s.blocks = at;
    }
    if s.live == 0 {
        s.blocks = 0;
        s.due = s.chunks;
    }
}

/// Memory came back: the next shortage is a new one.
pub(super) fn rearm() {
    if DRAWN.load(Ordering::Relaxed) && DRAWN.swap(false, Ordering::Relaxed) {
        let mut s = STATE.lock().unwrap_or_else(|e| e.into_inner());
        s.due = s.blocks + s.chunks;
    }
}

/// Ends the process: the system has no memory and the reserve is used up.
#[cold]
pub(super) fn exhausted(layout: Layout) -> ! {
    std::alloc::handle_alloc_error(layout)
}

/// Room for `more` items: as much again as there are, or an eighth of that where memory is short. False: there is none.
#[cold]
pub(crate) fn try_grow<T>(v: &mut Vec<T>, more: usize) -> bool {
    v.try_reserve(more).is_ok() || v.try_reserve_exact(more.max(v.len() / 8)).is_ok()
}

/// A table of the runtime itself, whose growth cannot raise. Where there is no memory for twice as many items, it takes some for a
/// few more, and MemoryError is raised before the next instruction.
pub trait Growing {
    /// Makes room for one item more.
    fn make_room(&mut self);
}

impl<T> Growing for Vec<T> {
    #[inline]
    fn make_room(&mut self) {
        #[cold]
        #[inline(never)]
        fn grow<T>(v: &mut Vec<T>) {
            if v.try_reserve(1).is_err() {
                raise_alarm();
                // If this fails too, the push that follows ends the process.
                let _ = v.try_reserve_exact(1 + v.len() / 16);
            }
        }
        if self.len() == self.capacity() {
            grow(self);
        }
    }
}

impl<T> Growing for std::collections::VecDeque<T> {
    #[inline]
    fn make_room(&mut self) {
        #[cold]
        #[inline(never)]
        fn grow<T>(v: &mut std::collections::VecDeque<T>) {
            if v.try_reserve(1).is_err() {
                raise_alarm();
                // As above.
                let _ = v.try_reserve_exact(1 + v.len() / 16);
            }
        }
        if self.len() == self.capacity() {
            grow(self);
        }
    }
}
