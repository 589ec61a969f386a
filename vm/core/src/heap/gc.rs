//! The cycle collector: trial deletion over containers, in two generations.
//!
//! Every slot that held a container since the last collection stands once in the young list (its header
//! remembers that across reuse, so making and freeing tasks does not grow the list). A young collection looks at
//! those alone; a full one at all containers, and is due when the old generation is three times what the last one left, so
//! that a large live heap does not make each new object pay (of three million new objects that stay, each is looked at 1.5 times).
//!
//! A collection passes over its set twice: it examines each object (`examine`), then marks what is alive (`find_garbage`).
use super::header::{Header, flag};
use super::{
    AHEAD, CHUNK, CHUNK_HEAD, ChunkHead, GRAIN, Heap, Kind, LARGE_PREFIX, LINE, Pending, Ref,
    Value, breaker, prefetch,
};
use crate::objects::{Type, WeakRef};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// What `gc.get_stats()` shows, per generation (young, full).
#[derive(Clone, Copy, Default, Debug)]
pub struct GcStats {
    pub collections: usize,
    pub collected: usize,
}

pub(crate) struct Collector {
    young: RefCell<Vec<*mut Header>>,
    /// Containers made less containers freed since the last collection.
    balance: Cell<i64>,
    due_at: Cell<i64>,
    /// Containers that outlived a collection.
    old: Cell<i64>,
    old_at_full: Cell<i64>,
    running: Cell<bool>,
    pub(crate) enabled: Cell<bool>,
    pub(crate) threshold: Cell<i64>,
    pub(crate) stats: Cell<[GcStats; 2]>,
}

impl Default for Collector {
    fn default() -> Collector {
        Collector {
            young: RefCell::default(),
            balance: Cell::new(0),
            due_at: Cell::new(DEFAULT_THRESHOLD),
            old: Cell::new(0),
            old_at_full: Cell::new(0),
            running: Cell::new(false),
            enabled: Cell::new(true),
            threshold: Cell::new(DEFAULT_THRESHOLD),
            stats: Cell::default(),
        }
    }
}

const DEFAULT_THRESHOLD: i64 = 10_000;

/// What tells objects of a set from others, until it is known what becomes of them.
const EXAMINED: u16 = flag::COLLECTING | flag::LEAF | flag::YOUNG;

impl Collector {
    #[inline]
    pub(super) fn push_young(&self, slot: *mut Header) {
        self.young.borrow_mut().push(slot);
    }
    pub(super) fn forget_young(&self, slot: *mut Header) {
        let mut young = self.young.borrow_mut();
        if let Some(i) = young.iter().rposition(|p| *p == slot) {
            young.swap_remove(i);
        }
    }
    #[inline]
    pub(super) fn count_alloc(&self, breaker: &AtomicU32) {
        let n = self.balance.get() + 1;
        self.balance.set(n);
        if n == self.due_at.get() {
            breaker.fetch_or(breaker::COLLECT, Ordering::Relaxed);
        }
    }
    #[inline]
    pub(super) fn count_free(&self) {
        self.balance.set(self.balance.get() - 1);
    }
    pub(crate) fn balance(&self) -> i64 {
        self.balance.get()
    }
}

/// # Safety
/// `chunk` is a live chunk.
pub(super) unsafe fn free_counters(chunk: NonNull<ChunkHead>) {
    // SAFETY: the counters, if there, were allocated with this layout.
    unsafe {
        let head = chunk.as_ptr();
        if !(*head).gc_refs.is_null() {
            dealloc((*head).gc_refs.cast(), counters_layout((*head).stride));
            (*head).gc_refs = std::ptr::null_mut();
        }
    }
}

fn counters_layout(stride: u32) -> Layout {
    Layout::array::<u32>((CHUNK - CHUNK_HEAD) / stride as usize + 1).expect("a small array")
}

/// The collector's counter of an object; 0 between collections.
///
/// # Safety
/// `p` is a live object of this heap.
unsafe fn counter(p: *mut Header) -> *mut u32 {
    // SAFETY: small objects stand in a chunk aligned to its size; large ones have a prefix.
    unsafe {
        if (*p).has(flag::LARGE) {
            return p.cast::<u8>().sub(LARGE_PREFIX).cast::<u32>().add(1);
        }
        let head = (p as usize & !(CHUNK - 1)) as *mut ChunkHead;
        let stride = (*head).stride;
        if (*head).gc_refs.is_null() {
            (*head).gc_refs = alloc_zeroed(counters_layout(stride)).cast();
            if (*head).gc_refs.is_null() {
                std::alloc::handle_alloc_error(counters_layout(stride));
            }
        }
        // Exact: there are fewer than 2^12 grains in a chunk, and at most 2^6 in a slot.
        let grains = ((p as usize & (CHUNK - 1)) - CHUNK_HEAD) / GRAIN;
        let index = (grains * (*head).reciprocal as usize) >> 20;
        debug_assert_eq!(index, grains * GRAIN / stride as usize);
        (*head).gc_refs.add(index)
    }
}

/// # Safety
/// `p` is a live object.
unsafe fn traverse(heap: &Heap, p: *mut Header, visit: &mut dyn FnMut(&Value)) {
    // SAFETY: by contract.
    unsafe {
        ((*p).class().data.layout().traverse)(p, visit);
        if (*p).has(flag::SIDE_DICT)
            && let Some(d) = heap.side_dicts.borrow().get(&(p as usize))
        {
            visit(d.as_value());
        }
        if (*p).class().data.is_heap_type() {
            visit(super::class_of(&*p).as_value());
        }
    }
}

/// Asks for the object that a pass over the set will come to some steps later.
#[inline(always)]
fn prefetch_ahead(set: &[*mut Header], i: usize) {
    if let Some(&p) = set.get(i + AHEAD) {
        prefetch(p);
        prefetch(p.wrapping_byte_add(LINE));
    }
}

impl Heap {
    /// Runs the collector if it is due. Called between two instructions.
    pub(crate) fn collect_if_due(&self) {
        self.breaker.fetch_and(!breaker::COLLECT, Ordering::Relaxed);
        let gc = &self.gc;
        if !gc.enabled.get() || gc.balance.get() < gc.due_at.get() {
            return;
        }
        let full = gc.old.get() > 3 * gc.old_at_full.get() + 8 * gc.threshold.get();
        self.collect(full);
    }

    /// Finds and clears unreachable cycles; returns how many objects were found. Runs no Python: finalizers are queued.
    pub fn collect(&self, full: bool) -> usize {
        let gc = &self.gc;
        if gc.running.replace(true) {
            return 0;
        }
        // The young list becomes the set, so that a large heap needs no second one.
        let mut set = std::mem::take(&mut *gc.young.borrow_mut());
        // SAFETY: slots in the list are never unmapped while they are in it, visited objects are live, and nothing is
        // allocated or released until the garbage is known.
        unsafe {
            if full {
                for (i, &p) in set.iter().enumerate() {
                    prefetch_ahead(&set, i);
                    (*p).unset(flag::YOUNG);
                }
                set.clear();
                set.reserve_exact((gc.old.get() + gc.balance.get()).max(0) as usize);
                self.for_each_object(|p| {
                    if p.as_ref().has(flag::CONTAINER) {
                        self.examine(p.as_ptr(), flag::CONTAINER);
                        set.push(p.as_ptr());
                    }
                });
            } else {
                let mut kept = 0;
                for i in 0..set.len() {
                    prefetch_ahead(&set, i);
                    let p = set[i];
                    if (*p).kind.get() != Kind::Free && (*p).has(flag::CONTAINER) {
                        // It stays young until it is found alive: that says who is in the set.
                        self.examine(p, flag::CONTAINER | flag::YOUNG);
                        set[kept] = p;
                        kept += 1;
                    } else {
                        (*p).unset(flag::YOUNG);
                    }
                }
                set.truncate(kept);
            }
        }
        let survivors = set.len() as i64;
        let garbage = self.find_garbage(&set);
        if gc.young.borrow().is_empty() {
            // Its memory serves the next one.
            set.clear();
            gc.young.replace(set);
        } else {
            drop(set);
        }
        let found = garbage.len();
        self.clear_garbage(garbage);
        let survivors = survivors - found as i64;
        if full {
            gc.old.set(survivors);
            gc.old_at_full.set(survivors);
        } else {
            gc.old.set(gc.old.get() + survivors);
        }
        gc.balance.set(0);
        // Where nothing was found the next one can wait until the heap has doubled: who makes no cycles pays less.
        let patience = if found == 0 { 1 } else { 2 };
        gc.due_at
            .set(gc.threshold.get().max(gc.old.get() / patience));
        let mut stats = gc.stats.get();
        stats[full as usize].collections += 1;
        stats[full as usize].collected += found;
        gc.stats.set(stats);
        gc.running.set(false);
        found
    }

    /// Trial deletion, the first of its two passes: adds an object's references to its counter, and takes away from those of what
    /// it refers to in the set, which has the flags `member`.
    ///
    /// # Safety
    /// `p` is a live object of the set.
    unsafe fn examine(&self, p: *mut Header, member: u16) {
        // SAFETY: by contract, and what live objects refer to is live.
        unsafe {
            let c = counter(p);
            *c = (*c).wrapping_add((*p).refs.get());
            let mut leads_on = false;
            traverse(self, p, &mut |v| {
                if let Some(h) = v.header()
                    && h.flags.get() & member == member
                {
                    let c = counter(h as *const Header as *mut Header);
                    *c = (*c).wrapping_sub(1);
                    leads_on = true;
                }
            });
            let leaf = if leads_on { 0 } else { flag::LEAF };
            (*p).set(flag::COLLECTING | leaf);
        }
    }

    /// What nothing outside of its own set refers to. Each pass over the set is one over memory that is seldom in a cache: objects
    /// lose their flag as they are found alive, and where all did, nothing is left to do.
    fn find_garbage(&self, set: &[*mut Header]) -> Vec<*mut Header> {
        // SAFETY: every pointer in `set` is a live container of this heap that was examined, and nothing is allocated or
        // released until the function returns.
        unsafe {
            // Whatever is referred to from outside is alive, and so is all it leads to.
            let mut grey = Vec::new();
            let mut alive = 0;
            for (i, &p) in set.iter().enumerate() {
                prefetch_ahead(set, i);
                let outside = std::mem::take(&mut *counter(p));
                if outside != 0 && (*p).has(flag::COLLECTING) {
                    alive += self.mark(p, &mut grey);
                }
            }
            if alive == set.len() {
                return Vec::new();
            }
            let under = |p: &*mut Header| (**p).has(flag::COLLECTING);
            let mut left: Vec<_> = set.iter().copied().filter(under).collect();
            // What must run a finalizer first stays, with all it leads to; a later collection takes it.
            for &p in &left {
                let h = &*p;
                if h.has(flag::FINALIZE | flag::HAS_DEL) && !h.has(flag::FINALIZED) {
                    h.set(flag::FINALIZED);
                    h.refs.set(h.refs.get() + 1);
                    let v: Value = Ref::<Type>::from_raw(NonNull::new_unchecked(p.cast())).into();
                    self.push_pending(Pending::Finalize(v));
                    if under(&p) {
                        self.mark(p, &mut grey);
                    }
                }
            }
            left.retain(under);
            for &p in &left {
                (*p).unset(EXAMINED);
            }
            left
        }
    }

    /// Marks an object of the set, and what it leads to, as found alive: they are no longer under examination. Gives their number.
    /// `grey` is empty before and after.
    ///
    /// # Safety
    /// `p` is a live object that is under examination.
    unsafe fn mark(&self, p: *mut Header, grey: &mut Vec<*mut Header>) -> usize {
        // SAFETY: by contract, and what live objects refer to is live.
        unsafe {
            let mut found = 0;
            let mut reach = |h: &Header, grey: &mut Vec<*mut Header>| {
                found += 1;
                let leaf = h.has(flag::LEAF);
                h.unset(EXAMINED);
                if !leaf {
                    grey.push(h as *const Header as *mut Header);
                }
            };
            reach(&*p, grey);
            while let Some(p) = grey.pop() {
                if let Some(&next) = grey.last() {
                    prefetch(next);
                }
                traverse(self, p, &mut |v| {
                    if let Some(h) = v.header()
                        && h.has(flag::COLLECTING)
                    {
                        reach(h, grey);
                    }
                });
            }
            found
        }
    }

    fn clear_garbage(&self, garbage: Vec<*mut Header>) {
        // Hold all of them while their contents go, so that none is freed under the next one's feet.
        let held: Vec<Value> = garbage
            .iter()
            // SAFETY: garbage objects are still whole; each gets a count for the reference made here.
            .map(|&p| unsafe {
                (*p).refs.set((*p).refs.get() + 1);
                Ref::<Type>::from_raw(NonNull::new_unchecked(p.cast())).into()
            })
            .collect();
        // A weak reference that is garbage itself tells nobody: what its callback needs may be cleared by then.
        let unheard: Vec<_> = held
            .iter()
            .filter_map(|v| v.downcast::<WeakRef>()?.callback.take())
            .collect();
        for &p in &garbage {
            // SAFETY: held above.
            unsafe {
                if (*p).has(flag::WEAKREF) {
                    self.clear_weakrefs(NonNull::new_unchecked(p));
                }
            }
        }
        for &p in &garbage {
            // SAFETY: held above.
            unsafe {
                ((*p).class().data.layout().clear)(p);
                if (*p).has(flag::SIDE_DICT) {
                    let dict = self.side_dicts.borrow().get(&(p as usize)).cloned();
                    if let Some(d) = dict {
                        d.clear_entries();
                    }
                }
            }
        }
        drop(unheard);
        drop(held);
    }
}
