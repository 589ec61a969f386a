//! The cycle collector: trial deletion over containers, in two generations.
//!
//! A slot that held a container since the last collection is young (its header remembers that across reuse), and so is its
//! chunk. A young collection looks at young objects alone; a full one at all containers, and is due when the old
//! generation is three times what the last one left, so that a large live heap does not make each new object pay.
//!
//! A young collection is due when the heap has grown by half, or is three times as large where the last one found nothing. The
//! collector's own young collections look for cycles only: an object that leads to nothing still in the set leaves it in the first
//! pass, and dies with the cycle that it hangs on. `gc.collect` looks for, and counts, all garbage.
//!
//! Streams among the garbage are finalized in the order text, buffered, raw (`TypeFlags::STREAM`), because a stream may still write to
//! the next one. CPython 3.13 goes by age, and loses what a buffer in a cycle held.
//!
//! Inline caches hold what they name weakly: a reference of theirs keeps nothing alive that only they, and its own cycle, refer to.
//!
//! A collection passes over its set twice, chunk by chunk, so that it goes through memory in order and needs no list of
//! what it looks at: it examines each object (`examine`), then marks what is alive (`find_garbage`).
use super::header::{Header, flag};
use super::{
    CHUNK_BYTES, CHUNK_HEAD, ChunkHead, GRAIN, Heap, Kind, LINE, Obj, PREFETCH_DISTANCE, Pending,
    Ref, Value, chunk_of, eval_breaker, large_prefix, prefetch,
};
use crate::objects::{Code, Type, TypeFlags, WeakRef};
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
    /// Chunks with young slots, each once.
    young: RefCell<Vec<NonNull<ChunkHead>>>,
    /// Young objects that have a block of their own.
    young_large: RefCell<Vec<*mut Header>>,
    /// Containers made less containers freed since the last collection.
    balance: Cell<i64>,
    due_at: Cell<i64>,
    /// Containers that outlived a collection.
    old: Cell<i64>,
    old_at_full: Cell<i64>,
    running: Cell<bool>,
    /// Code whose inline caches hold something, while a collection runs.
    caches: RefCell<Vec<*mut Header>>,
    /// A full collection is made at every so many-th chance; 0: the collector goes by its own rules.
    stress: Cell<i64>,
    /// Chances that are left until then, and `balance` at the last one.
    stress_left: Cell<i64>,
    stress_seen: Cell<i64>,
    pub(crate) enabled: Cell<bool>,
    pub(crate) threshold: Cell<i64>,
    pub(crate) stats: Cell<[GcStats; 2]>,
}

impl Default for Collector {
    fn default() -> Collector {
        Collector {
            young: RefCell::default(),
            young_large: RefCell::default(),
            balance: Cell::new(0),
            due_at: Cell::new(DEFAULT_THRESHOLD),
            old: Cell::new(0),
            old_at_full: Cell::new(0),
            running: Cell::new(false),
            caches: RefCell::default(),
            stress: Cell::new(0),
            stress_left: Cell::new(0),
            stress_seen: Cell::new(0),
            enabled: Cell::new(true),
            threshold: Cell::new(DEFAULT_THRESHOLD),
            stats: Cell::default(),
        }
    }
}

const DEFAULT_THRESHOLD: i64 = 10_000;
/// A collection that needs so many bytes asks for them first.
const ASKED_FOR: usize = 2 << 20;

/// What tells objects of a set from others, until it is known what becomes of them.
const EXAMINED: u16 = flag::COLLECTING | flag::LEAF | flag::YOUNG;

impl Collector {
    /// Notes that a slot of a chunk became young.
    ///
    /// # Safety
    /// `slot` stands in a chunk.
    #[inline]
    pub(super) unsafe fn note_young(&self, slot: *mut Header) {
        let chunk = chunk_of(slot);
        // SAFETY: by contract.
        if !unsafe { (*chunk).young.replace(true) } {
            self.push_young(chunk);
        }
    }
    #[cold]
    #[inline(never)]
    fn push_young(&self, chunk: *mut ChunkHead) {
        let chunk = NonNull::new(chunk).expect("a chunk is not at address 0");
        self.young.borrow_mut().push(chunk);
    }
    /// Notes that an object with a block of its own became young.
    ///
    /// # Safety
    /// `p` is such an object.
    pub(super) unsafe fn note_young_large(&self, p: *mut Header) {
        let mut young = self.young_large.borrow_mut();
        // SAFETY: by contract.
        unsafe { (*large_prefix(p)).young_index = young.len() as u32 };
        young.push(p);
    }
    /// Takes a young object with a block of its own, which dies, out of the list. (A collection that runs has taken the list, and
    /// is not asked.)
    ///
    /// # Safety
    /// As for [`Collector::note_young_large`].
    pub(super) unsafe fn forget_young_large(&self, p: *mut Header) {
        let mut young = self.young_large.borrow_mut();
        // SAFETY: by contract, for `p` and for what stands in the list.
        unsafe {
            let index = (*large_prefix(p)).young_index;
            if young.get(index as usize) == Some(&p) {
                young.swap_remove(index as usize);
                if let Some(&moved) = young.get(index as usize) {
                    (*large_prefix(moved)).young_index = index;
                }
            }
        }
    }
    #[inline]
    pub(super) fn count_alloc(&self, eval_breaker: &AtomicU32) {
        let n = self.balance.get() + 1;
        self.balance.set(n);
        if n == self.due_at.get() {
            eval_breaker.fetch_or(eval_breaker::COLLECT, Ordering::Relaxed);
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
    Layout::array::<u32>((CHUNK_BYTES - CHUNK_HEAD) / stride as usize + 1).expect("a small array")
}

/// The counters of a chunk, one for each slot, made when first asked for.
///
/// # Safety
/// `head` is a live chunk.
#[inline(always)]
unsafe fn counters(head: *mut ChunkHead) -> *mut u32 {
    #[cold]
    unsafe fn make(head: *mut ChunkHead) -> *mut u32 {
        // SAFETY: as for `counters`; the layout is not empty.
        unsafe {
            let layout = counters_layout((*head).stride);
            let made: *mut u32 = alloc_zeroed(layout).cast();
            if made.is_null() {
                std::alloc::handle_alloc_error(layout);
            }
            (*head).gc_refs = made;
            made
        }
    }
    // SAFETY: by contract.
    unsafe {
        let there = (*head).gc_refs;
        if there.is_null() { make(head) } else { there }
    }
}

/// The collector's counter of an object; 0 between collections.
///
/// # Safety
/// `p` is a live object of this heap.
#[inline(always)]
unsafe fn counter(p: *mut Header) -> *mut u32 {
    // SAFETY: small objects stand in a chunk aligned to its size; large ones have a prefix.
    unsafe {
        if (*p).has(flag::LARGE) {
            return large_counter(p);
        }
        let head = chunk_of(p);
        // Exact: there are fewer than 2^12 grains in a chunk, and at most 2^6 in a slot.
        let grains = ((p.addr() & (CHUNK_BYTES - 1)) - CHUNK_HEAD) / GRAIN;
        let index = (grains * (*head).reciprocal as usize) >> 20;
        debug_assert_eq!(index, grains * GRAIN / (*head).stride as usize);
        counters(head).add(index)
    }
}

/// # Safety
/// `p` is a live object with a block of its own.
unsafe fn large_counter(p: *mut Header) -> *mut u32 {
    // SAFETY: the prefix stands in front of it.
    unsafe { &raw mut (*large_prefix(p)).gc_refs }
}

/// Shows all that an object refers to: what its payload does, the dict beside it, and its class where that is no native one.
///
/// # Safety
/// `p` is a live object.
pub(super) unsafe fn traverse(heap: &Heap, p: *mut Header, visit: &mut dyn FnMut(&Value)) {
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

/// Where a collection looks.
struct Places {
    chunks: Vec<NonNull<ChunkHead>>,
    large: Vec<*mut Header>,
}

impl Heap {
    /// Runs the collector if it is due. Called between two instructions.
    pub(crate) fn collect_if_due(&self) {
        if self.gc.stress.get() > 0 {
            return self.collect_under_stress();
        }
        self.eval_breaker
            .fetch_and(!eval_breaker::COLLECT, Ordering::Relaxed);
        let gc = &self.gc;
        if !gc.enabled.get() || gc.balance.get() < gc.due_at.get() {
            return;
        }
        // Looking at everything costs most where many objects were made for the first time: who made no cycle so far waits longer.
        let first = if gc.stats.get().iter().all(|s| s.collected == 0) {
            32
        } else {
            8
        };
        let full = gc.old.get() > 3 * gc.old_at_full.get() + first * gc.threshold.get();
        self.collect_set(full, !full);
    }

    /// Collects fully at every `n`-th container that is made, as far as the interpreter looks at the eval breaker in between, so that
    /// what forgets to hold an object is noticed soon. 0 switches that off.
    pub fn set_gc_stress(&self, n: u32) {
        self.gc.stress.set(n.into());
        self.gc.stress_left.set(n.into());
        self.eval_breaker
            .fetch_or(eval_breaker::COLLECT, Ordering::Relaxed);
    }

    /// Leaves the eval breaker's bit set, so that the interpreter comes back at its next look. Where more
    /// was freed in between than made, that counts as one container made.
    #[cold]
    fn collect_under_stress(&self) {
        let gc = &self.gc;
        let balance = gc.balance.get();
        let made = balance - gc.stress_seen.get();
        let made = if made == 0 { 0 } else { made.max(1) };
        gc.stress_seen.set(balance);
        gc.stress_left.set(gc.stress_left.get() - made);
        if gc.stress_left.get() <= 0 && gc.enabled.get() {
            self.collect_set(true, false);
            gc.stress_left.set(gc.stress.get());
            gc.stress_seen.set(gc.balance.get());
        }
    }

    /// Finds and clears unreachable cycles, of young objects or of all, with what hangs on them; returns how many objects were
    /// found. Runs no Python: finalizers are queued.
    pub fn collect(&self, full: bool) -> usize {
        self.collect_set(full, false)
    }

    /// `cycles_only`: does not ask about what cannot be part of a cycle (see `examine`). That goes with the cycle it hangs on,
    /// uncounted, as an old object does.
    fn collect_set(&self, full: bool, cycles_only: bool) -> usize {
        let gc = &self.gc;
        if gc.running.replace(true) {
            return 0;
        }
        if !self.can_collect(full) {
            // Without memory for its own tables the collector waits, so that it does not use up the reserve.
            gc.due_at
                .set(gc.balance.get() + 8 * gc.threshold.get().max(1));
            gc.running.set(false);
            return 0;
        }
        let young = Places {
            chunks: std::mem::take(&mut *gc.young.borrow_mut()),
            large: std::mem::take(&mut *gc.young_large.borrow_mut()),
        };
        for chunk in &young.chunks {
            // SAFETY: chunks live as long as the heap.
            unsafe { chunk.as_ref() }.young.set(false);
        }
        let places = if full {
            Places {
                chunks: self.chunks.borrow().clone(),
                large: self.large_objects(),
            }
        } else {
            young
        };
        // SAFETY: nothing is released until the garbage is known.
        let (survivors, (garbage, uncached)) = unsafe {
            let (looked_at, asked) = self.examine_all(&places, full, cycles_only);
            (looked_at as i64, self.find_garbage(&places, asked))
        };
        let found = garbage.len();
        self.clear_garbage(garbage);
        drop(uncached);
        let survivors = survivors - found as i64;
        if full {
            gc.old.set(survivors);
            gc.old_at_full.set(survivors);
        } else {
            gc.old.set(gc.old.get() + survivors);
        }
        gc.balance.set(0);
        // Who makes no cycles pays less: the next one comes when the heap is three times as large, else half as large again.
        let old = gc.old.get();
        let growth = if found == 0 { 2 * old } else { old / 2 };
        gc.due_at.set(gc.threshold.get().max(growth));
        let mut stats = gc.stats.get();
        stats[full as usize].collections += 1;
        stats[full as usize].collected += found;
        gc.stats.set(stats);
        gc.running.set(false);
        found
    }

    /// Whether there is memory for what a collection needs: the counters of chunks that have none yet, and the list of objects
    /// that are still to be marked.
    fn can_collect(&self, full: bool) -> bool {
        let missing = |chunks: &[NonNull<ChunkHead>]| -> usize {
            let heads = chunks.iter().map(|chunk| chunk.as_ptr());
            // SAFETY: chunks live as long as the heap.
            let strides = heads.filter_map(|head| unsafe {
                (*head).gc_refs.is_null().then_some((*head).stride as usize)
            });
            strides
                .map(|stride| CHUNK_BYTES / stride * size_of::<u32>())
                .sum()
        };
        let counters = if full {
            missing(&self.chunks.borrow())
        } else {
            missing(&self.gc.young.borrow())
        };
        let objects = self.gc.balance.get() + if full { self.gc.old.get() } else { 0 };
        let wanted = counters + objects.max(0) as usize * size_of::<*mut Header>();
        wanted < ASKED_FOR || Vec::<u8>::new().try_reserve_exact(wanted).is_ok()
    }

    /// Trial deletion, the first of its two passes. Gives the number of objects looked at, and of those in question.
    ///
    /// # Safety
    /// What stands in the places is not released meanwhile.
    unsafe fn examine_all(&self, places: &Places, full: bool, cycles_only: bool) -> (usize, usize) {
        // A young object stays so until it is found alive: that says who is in the set.
        let member = if full {
            flag::CONTAINER
        } else {
            flag::CONTAINER | flag::YOUNG
        };
        let (mut looked_at, mut asked) = (0, 0);
        // SAFETY: by contract; free slots have a header, too.
        unsafe {
            for &chunk in &places.chunks {
                let mut own: *mut u32 = std::ptr::null_mut();
                self.for_each_slot(chunk, |p, i| {
                    let flags = (*p).flags.get();
                    if (*p).kind.get() == Kind::Free || flags & flag::CONTAINER == 0 {
                        (*p).flags.set(flags & !flag::YOUNG);
                    } else if flags & member == member {
                        if own.is_null() {
                            own = counters(chunk.as_ptr());
                        }
                        asked += self.examine(p, own.add(i), member, cycles_only) as usize;
                        looked_at += 1;
                    }
                });
            }
            for &p in &places.large {
                if (*p).flags.get() & member == member {
                    asked += self.examine(p, large_counter(p), member, cycles_only) as usize;
                    looked_at += 1;
                } else {
                    (*p).unset(flag::YOUNG);
                }
            }
        }
        (looked_at, asked)
    }

    /// Adds an object's references to its counter, and takes away from those of what it refers to in the set, which has the
    /// flags `member`. False where the object leaves the set.
    ///
    /// With `cycles_only` an object leaves that leads to nothing that is still in: it cannot be part of a cycle. Where children are
    /// made before what holds them, as coroutines are before their tasks, one such pass over young objects is nearly all there
    /// is to do. (A weak reference stays, so that one that is garbage itself does not call back.)
    ///
    /// # Safety
    /// `p` is a live object of the set, and `own` its counter.
    #[inline(always)]
    unsafe fn examine(
        &self,
        p: *mut Header,
        own: *mut u32,
        member: u16,
        cycles_only: bool,
    ) -> bool {
        // SAFETY: by contract, and what live objects refer to is live.
        unsafe {
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
            if (*p).kind.get() == Kind::Code {
                self.examine_caches(p, member);
            }
            if cycles_only
                && !leads_on
                && !(*p).class().data.layout().same(super::vtable::<WeakRef>())
            {
                *own = 0;
                (*p).unset(flag::YOUNG);
                return false;
            }
            *own = (*own).wrapping_add((*p).refs.get());
            let leaf = if leads_on { 0 } else { flag::LEAF };
            (*p).set(flag::COLLECTING | leaf);
            true
        }
    }

    /// Takes what the inline caches of a code object refer to from the counters, as `examine` does; but marking does not follow it.
    ///
    /// # Safety
    /// `p` is a live code object.
    unsafe fn examine_caches(&self, p: *mut Header, member: u16) {
        let mut any = false;
        // SAFETY: by contract, and what live objects refer to is live.
        unsafe {
            (*p.cast::<Obj<Code>>()).data.show_cached(&mut |v| {
                if let Some(h) = v.header()
                    && h.flags.get() & member == member
                {
                    let c = counter(h as *const Header as *mut Header);
                    *c = (*c).wrapping_sub(1);
                    any = true;
                }
            });
        }
        if any {
            self.gc.caches.borrow_mut().push(p);
        }
    }

    /// What nothing outside of its own set refers to, and references that inline caches had to it. An object loses its flag when
    /// it is found alive. Where all of the `asked` did, nothing is left to do. Sets the counters back.
    ///
    /// # Safety
    /// `examine_all` went over the places, and nothing was released since.
    unsafe fn find_garbage(&self, places: &Places, asked: usize) -> (Vec<*mut Header>, Vec<Value>) {
        let caches = self.gc.caches.take();
        // SAFETY: by contract.
        unsafe {
            // Whatever is referred to from outside is alive, and so is all it leads to.
            let mut grey = Vec::new();
            let mut alive = 0;
            for &chunk in &places.chunks {
                let (head, stride) = (chunk.as_ptr(), (*chunk.as_ptr()).stride as usize);
                if (*head).gc_refs.is_null() {
                    continue;
                }
                let first = head.cast::<u8>().add(CHUNK_HEAD);
                let own = std::slice::from_raw_parts_mut(
                    (*head).gc_refs,
                    (CHUNK_BYTES - CHUNK_HEAD) / stride,
                );
                for (i, c) in own.iter_mut().enumerate() {
                    if *c != 0 {
                        *c = 0;
                        let p: *mut Header = first.add(i * stride).cast();
                        prefetch(p.wrapping_byte_add(PREFETCH_DISTANCE * stride));
                        if (*p).has(flag::COLLECTING) {
                            alive += self.mark(p, &mut grey);
                        }
                    }
                }
            }
            for &p in &places.large {
                let outside = std::mem::take(&mut *large_counter(p));
                if outside != 0 && (*p).has(flag::COLLECTING) {
                    alive += self.mark(p, &mut grey);
                }
            }
            if alive == asked {
                return Default::default();
            }
            let mut left = Vec::with_capacity(asked - alive);
            for &chunk in &places.chunks {
                self.for_each_slot(chunk, |p, _| {
                    if (*p).has(flag::COLLECTING) {
                        left.push(p);
                    }
                });
            }
            let under = |p: &*mut Header| (**p).has(flag::COLLECTING);
            left.extend(places.large.iter().copied().filter(under));
            // What must run a finalizer first stays, with all it leads to; a later collection takes it.
            let to_finalize = |p: &*mut Header| {
                (**p).has(flag::FINALIZE | flag::HAS_DEL) && !(**p).has(flag::FINALIZED)
            };
            let mut due: Vec<_> = left.iter().copied().filter(to_finalize).collect();
            // A file that closes before what has still to be written to it would lose that.
            due.sort_by_key(|p| (**p).class().data.flags.get() & TypeFlags::STREAM);
            for p in due {
                let h = &*p;
                h.set(flag::FINALIZED);
                h.add_ref();
                let v: Value = Ref::<Type>::from_raw(NonNull::new_unchecked(p.cast())).into();
                self.push_pending(Pending::Finalize(v));
                if under(&p) {
                    self.mark(p, &mut grey);
                }
            }
            left.retain(under);
            // A class that gave such a value is garbage or has changed since, so that the cache's guard holds no more.
            let mut uncached = Vec::new();
            for p in caches {
                let code = &(*p.cast::<Obj<Code>>()).data;
                code.uncache(&mut uncached, |v| {
                    v.header().is_some_and(|h| h.has(flag::COLLECTING))
                });
            }
            for &p in &left {
                (*p).unset(EXAMINED);
            }
            (left, uncached)
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
                if let Some(&soon) = grey.get(grey.len().wrapping_sub(PREFETCH_DISTANCE)) {
                    prefetch(soon);
                    prefetch(soon.wrapping_byte_add(LINE));
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
                (*p).add_ref();
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

#[cfg(test)]
mod tests;
