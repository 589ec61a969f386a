//! The heap: allocation by size class, release without recursion, the queue of finalizers, weak references.
//!
//! Objects up to [`MAX_SMALL`] bytes come from chunks of one slot size each; a freed slot goes to its class's
//! free list. Larger ones come from malloc and are listed. Releasing an object never runs Python: what
//! Python can see (`__del__`, weakref callbacks, a coroutine nobody awaited) is queued in [`Heap::pending`], and the
//! interpreter drains the queue between instructions.
mod cell;
mod gc;
pub(crate) mod header;
mod huge;
mod inspect;
mod pool;
pub(crate) mod reserve;
mod tagged;
#[cfg(test)]
mod tests;
mod value;
mod weak;

pub use cell::{RefSlot, Slot};
pub use gc::GcStats;
pub(crate) use header::{Header, Obj, flag};
pub use header::{Kind, Payload, VTable};
pub use huge::HugeBlocks;
pub use pool::PoolCounters;
pub(crate) use pool::Pooled;
pub use reserve::Growing;
pub use reserve::raise_alarm as memory_is_short;
pub use tagged::{Tagged, Untagged};
pub(crate) use value::class_of;
pub use value::{INT_MAX, INT_MIN, Ref, Unpacked, Value};
pub(crate) use weak::{WeakLinks, WeakList, upgrade};

use crate::objects::{Dict, HashKeys, Str, Type};
use rustc_hash::FxHashMap;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const GRAIN: usize = 16;
/// Largest block that comes from a chunk, in bytes.
const MAX_SMALL: usize = 1024;
const CLASSES: usize = MAX_SMALL / GRAIN + 1;
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks of the first arena, and of the largest of small pages: below the size from which the allocator takes huge ones.
const FIRST_ARENA: usize = 8;
const LARGEST_ARENA: usize = 24;
const _: () = assert!(LARGEST_ARENA * CHUNK_BYTES < huge::HUGE_PAGE);
/// A heap of so many bytes asks for huge pages from then on: the first touch of a small page is a good part of what a new object
/// costs there, and the way to it of what an old one does. A page not used to its end is a small part of such a heap.
const HUGE_FROM: usize = 3 << 20;
/// Chunks of an arena of huge pages.
const HUGE_ARENA: usize = 512;
/// What stands in front of an object with a block of its own.
#[repr(C, align(16))]
struct LargePrefix {
    /// Its place in `Heap::large`.
    index: u32,
    /// Its place in the collector's list of young ones, if it is young.
    young_index: u32,
    /// The collector's counter; 0 between collections.
    gc_refs: u32,
    /// Bytes of the object.
    size: usize,
}
const LARGE_PREFIX: usize = size_of::<LargePrefix>();

/// Reasons for the interpreter to leave its straight path, as bits of [`Heap::eval_breaker`].
pub mod eval_breaker {
    /// Enough containers were made: run the collector.
    pub const COLLECT: u32 = 1;
    /// The finalizer queue is not empty.
    pub const PENDING: u32 = 2;
    /// A signal arrived, or another thread left something to do.
    pub const SIGNAL: u32 = 4;
    /// Another thread asks for the GIL.
    pub const GIL_DROP_REQUEST: u32 = 8;
    /// The system refused memory, and the reserve was used: MemoryError is due.
    pub const NO_MEMORY: u32 = 16;
}

/// Work that became due when an object was released.
pub enum Pending {
    /// The object's last reference went: run its finalizer. The queue holds it alive.
    Finalize(Value),
    /// A weak reference's referent is gone: call back with the reference.
    WeakCallback { callback: Value, weakref: Value },
    /// Somebody may still look at the object: release it now and not before.
    Release(Value),
}

struct ChunkHead {
    stride: u32,
    /// 2^20 / (stride / GRAIN), rounded up: an object's number without a division.
    reciprocal: u32,
    /// The collector's counters, one per slot, made when first needed.
    gc_refs: *mut u32,
    /// Stands in the collector's list of chunks with young slots.
    young: Cell<bool>,
}

/// The chunk that a slot stands in, by its address alone.
#[inline(always)]
fn chunk_of(slot: *mut Header) -> *mut ChunkHead {
    slot.map_addr(|a| a & !(CHUNK_BYTES - 1)).cast()
}

/// So much that blocks of 64 bytes (futures, handles, timers) have a line of the cache each.
const CHUNK_HEAD: usize = LINE;
const LINE: usize = 64;
/// How many objects ahead a pass over many asks for memory.
const PREFETCH_DISTANCE: usize = 12;
const _: () = assert!(size_of::<ChunkHead>() <= CHUNK_HEAD);

/// A source of numbers that tell states apart. Each is given out once; when they are used up there are no more.
#[derive(Debug, Default)]
pub(crate) struct VersionCounter(Cell<u32>);

impl VersionCounter {
    pub fn next(&self) -> Option<NonZeroU32> {
        let next = NonZeroU32::new(self.0.get().wrapping_add(1))?;
        self.0.set(next.get());
        Some(next)
    }
    /// The number last given.
    #[cfg(test)]
    pub fn last(&self) -> u32 {
        self.0.get()
    }
    #[cfg(test)]
    pub fn set_last(&self, last: u32) {
        self.0.set(last);
    }
}

/// The numbers that inline caches compare, a counter for each kind of what they are of.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    /// Of a class and its bases.
    pub types: VersionCounter,
    /// Of the keys of a dict.
    pub dict_keys: VersionCounter,
    /// Of layouts of instances.
    pub shapes: VersionCounter,
}

/// All objects of one interpreter.
pub struct Heap {
    free: [Cell<*mut Header>; CLASSES],
    bump: [Cell<(*mut u8, *mut u8)>; CLASSES],
    chunks: RefCell<Vec<NonNull<ChunkHead>>>,
    /// Blocks that chunks are cut from.
    arenas: RefCell<Vec<(NonNull<u8>, Layout)>>,
    /// What is left of the newest: its next chunk, and how many.
    arena: Cell<(*mut u8, usize)>,
    large: RefCell<Vec<NonNull<u8>>>,
    /// A block taken beforehand for the next large object, by [`Heap::prepare_large`], and its layout.
    prepared: Cell<Option<(NonNull<u8>, Layout)>>,
    dead: RefCell<Vec<NonNull<Header>>>,
    /// By [`Pooled`].
    pools: [pool::Pool; 2],
    pooling: Cell<bool>,
    /// Objects being freed inside one another.
    freeing: Cell<u32>,
    closing: Cell<bool>,
    pub(crate) pending: RefCell<std::collections::VecDeque<Pending>>,
    /// The weak references to each object that has some, by its address.
    weakrefs: RefCell<FxHashMap<usize, WeakList>>,
    side_dicts: RefCell<FxHashMap<usize, Ref<Dict>>>,
    /// For long texts that are not ASCII: the byte at which every so many characters begin.
    str_indices: RefCell<FxHashMap<usize, Box<[u32]>>>,
    /// Interned strings by hash; each takes itself out when it dies.
    interned: RefCell<hashbrown::HashTable<NonNull<Obj<Str>>>>,
    /// See [`eval_breaker`]. Shared with signal handlers and other threads.
    pub eval_breaker: Arc<AtomicU32>,
    pub(crate) gc: gc::Collector,
    pub(crate) versions: Versions,
}

impl Heap {
    pub(crate) fn new() -> Heap {
        let eval_breaker = Arc::default();
        reserve::register(&eval_breaker);
        Heap {
            free: std::array::from_fn(|_| Cell::new(std::ptr::null_mut())),
            bump: std::array::from_fn(|_| Cell::new((std::ptr::null_mut(), std::ptr::null_mut()))),
            chunks: RefCell::default(),
            arenas: RefCell::default(),
            arena: Cell::new((std::ptr::null_mut(), 0)),
            large: RefCell::default(),
            prepared: Cell::new(None),
            dead: RefCell::default(),
            pools: Default::default(),
            pooling: Cell::new(true),
            freeing: Cell::new(0),
            closing: Cell::new(false),
            pending: RefCell::default(),
            weakrefs: RefCell::default(),
            side_dicts: RefCell::default(),
            str_indices: RefCell::default(),
            interned: RefCell::default(),
            eval_breaker,
            gc: gc::Collector::default(),
            versions: Versions::default(),
        }
    }

    #[inline(always)]
    pub fn alloc<T: Payload>(&self, class: &Ref<Type>, data: T) -> Ref<T> {
        self.alloc_with(class, data, 0)
    }

    /// Allocates `T` with `trailing` zeroed-or-stale bytes behind it that the caller fills at once.
    #[inline(always)]
    pub(crate) fn alloc_with<T: Payload>(
        &self,
        class: &Ref<Type>,
        data: T,
        trailing: usize,
    ) -> Ref<T> {
        let class = class.clone();
        let ptr = class.as_ptr();
        std::mem::forget(class);
        // SAFETY: the clone above is the counted reference that the header owns.
        unsafe { self.alloc_raw(ptr, data, trailing) }
    }

    /// # Safety
    /// `class` is one counted reference handed to the new object.
    #[inline(always)]
    pub(crate) unsafe fn alloc_raw<T: Payload>(
        &self,
        class: NonNull<Obj<Type>>,
        data: T,
        trailing: usize,
    ) -> Ref<T> {
        // What is called below may unwind. Without anything to drop then, the payload stays in registers until it is written.
        let data = std::mem::ManuallyDrop::new(data);
        let size = size_of::<Obj<T>>() + trailing;
        let size_class = size.div_ceil(GRAIN);
        let (slot, size_class, mut flags) = if size <= MAX_SMALL {
            let slot = self.take_slot(size_class);
            // SAFETY: a slot's header is initialised (zeroed, or left by the last free).
            let young = unsafe { (*slot).flags.get() } & flag::YOUNG;
            (slot, size_class as u8, young)
        } else {
            (self.take_large(size), u8::MAX, flag::LARGE)
        };
        // SAFETY: the reference handed over keeps the class alive.
        if T::CONTAINER || unsafe { class.as_ref() }.data.is_heap_type() {
            if flags & flag::YOUNG == 0 {
                // SAFETY: the slot is of this size.
                unsafe { self.note_young(slot, flags) };
            }
            flags |= flag::CONTAINER | flag::YOUNG;
            self.gc.count_alloc(&self.eval_breaker);
        }
        // SAFETY: the slot is free memory of at least `size` bytes, aligned to 16.
        unsafe {
            let obj = slot.cast::<Obj<T>>();
            obj.write(Obj {
                header: Header {
                    refs: Cell::new(1),
                    kind: Cell::new(T::KIND),
                    size_class,
                    flags: Cell::new(flags),
                    class: Cell::new(class),
                },
                data: std::mem::ManuallyDrop::into_inner(data),
            });
            Ref::from_raw(NonNull::new_unchecked(obj))
        }
    }

    /// # Safety
    /// `p` has one of this heap's slots or, where the flags say so, a block of its own.
    #[inline(always)]
    unsafe fn note_young(&self, p: *mut Header, flags: u16) {
        // SAFETY: by contract.
        unsafe {
            if flags & flag::LARGE == 0 {
                self.gc.note_young(p)
            } else {
                self.gc.note_young_large(p)
            }
        }
    }

    #[inline(always)]
    fn take_slot(&self, class: usize) -> *mut Header {
        let slot = self.free[class].get();
        if slot.is_null() {
            return self.bump_slot(class);
        }
        // SAFETY: a free slot keeps the next one in its class field.
        let next = unsafe { (*slot).class.as_ptr().cast::<*mut Header>().read() };
        // Where many objects died in any order, the next slot can be anywhere.
        prefetch(next);
        self.free[class].set(next);
        slot
    }

    #[cold]
    #[inline(never)]
    fn bump_slot(&self, class: usize) -> *mut Header {
        let stride = class * GRAIN;
        let (cur, end) = self.bump[class].get();
        if !cur.is_null() && (end as usize) - (cur as usize) >= stride {
            // SAFETY: stays within the chunk by the check.
            self.bump[class].set((unsafe { cur.add(stride) }, end));
            return cur.cast();
        }
        let head = self.take_chunk();
        let base = head.as_ptr().cast::<u8>();
        // SAFETY: the chunk is fresh and large enough.
        unsafe {
            head.as_ptr().write(ChunkHead {
                stride: stride as u32,
                reciprocal: (1_u32 << 20).div_ceil(class as u32),
                gc_refs: std::ptr::null_mut(),
                young: Cell::new(false),
            });
            let first = base.add(CHUNK_HEAD);
            self.bump[class].set((first.add(stride), base.add(CHUNK_BYTES)));
            let mut chunks = self.chunks.borrow_mut();
            chunks.make_room();
            chunks.push(head);
            first.cast()
        }
    }

    /// A zeroed chunk out of the newest arena. Arenas double in size, so that a small script takes little and a large one asks
    /// the allocator, whose aligned blocks are costly, seldom.
    fn take_chunk(&self) -> NonNull<ChunkHead> {
        let (cur, left) = self.arena.get();
        if left > 0 {
            // SAFETY: `left` chunks of the arena stand from `cur` on.
            self.arena.set((unsafe { cur.add(CHUNK_BYTES) }, left - 1));
            return NonNull::new(cur.cast()).expect("an arena is not at address 0");
        }
        let mut arenas = self.arenas.borrow_mut();
        let huge = self.chunks.borrow().len() * CHUNK_BYTES >= HUGE_FROM;
        // The allocator writes to the first page of a block before it can be asked for as part of a huge one. The first such
        // arena begins with small ones: a heap that grows little beyond would pay for 2 MiB at once (an import, 0.4 ms).
        let goes_on = arenas
            .last()
            .is_some_and(|(_, l)| l.align() == huge::HUGE_PAGE);
        let (chunks, align, skip) = if huge {
            (
                HUGE_ARENA,
                huge::HUGE_PAGE,
                if goes_on { huge::HUGE_PAGE } else { 0 },
            )
        } else {
            let doubled = FIRST_ARENA << arenas.len().min(8);
            (doubled.min(LARGEST_ARENA), CHUNK_BYTES, 0)
        };
        let layout = Layout::from_size_align(skip + chunks * CHUNK_BYTES, align)
            .expect("a bounded number of chunks");
        // SAFETY: the layout is not empty.
        let Some(base) = NonNull::new(unsafe { alloc_zeroed(layout) }) else {
            drop(arenas);
            return self.take_chunk_when_short();
        };
        arenas.push((base, layout));
        // SAFETY: the block has room for both.
        let first = unsafe { base.add(skip) };
        if huge {
            huge::advise(first, chunks * CHUNK_BYTES);
        }
        // SAFETY: as above.
        self.arena
            .set((unsafe { first.as_ptr().add(CHUNK_BYTES) }, chunks - 1));
        first.cast()
    }

    /// [`Heap::take_chunk`] when there is no memory for a whole arena: a single chunk, from the reserve in the end.
    #[cold]
    fn take_chunk_when_short(&self) -> NonNull<ChunkHead> {
        let layout =
            Layout::from_size_align(CHUNK_BYTES, CHUNK_BYTES).expect("a chunk is not large");
        // SAFETY: the layout is not empty.
        match NonNull::new(unsafe { alloc_zeroed(layout) }) {
            Some(base) => {
                self.arenas.borrow_mut().push((base, layout));
                base.cast()
            }
            None => match reserve::chunk() {
                Some(base) => base.cast(),
                None => reserve::exhausted(layout),
            },
        }
    }

    /// Takes the block for an object of `size` bytes, header included, that is made next. False: there is no memory for it.
    /// Small objects need no preparation.
    pub(crate) fn prepare_large(&self, size: usize) -> bool {
        self.drop_prepared();
        if size > isize::MAX as usize / 2 {
            return false;
        }
        let layout = large_layout(size);
        // SAFETY: the layout is not empty.
        let block = NonNull::new(unsafe { alloc_zeroed(layout) });
        self.prepared.set(block.map(|b| (b, layout)));
        block.is_some()
    }

    fn drop_prepared(&self) {
        if let Some((block, layout)) = self.prepared.take() {
            // SAFETY: the block was allocated with this layout, and nobody else knows it.
            unsafe { dealloc(block.as_ptr(), layout) };
        }
    }

    #[cold]
    fn take_large(&self, size: usize) -> *mut Header {
        let layout = large_layout(size);
        let block = match self.prepared.take() {
            Some((block, of)) if of == layout => block,
            other => {
                self.prepared.set(other);
                self.drop_prepared();
                // SAFETY: the layout is not empty.
                match NonNull::new(unsafe { alloc_zeroed(layout) }) {
                    Some(block) => block,
                    None => reserve::exhausted(layout),
                }
            }
        };
        let base = block.as_ptr();
        let mut large = self.large.borrow_mut();
        // SAFETY: the prefix is part of the block.
        unsafe {
            base.cast::<LargePrefix>().write(LargePrefix {
                index: large.len() as u32,
                young_index: 0,
                gc_refs: 0,
                size,
            });
            large.make_room();
            large.push(block);
            base.add(LARGE_PREFIX).cast()
        }
    }

    /// # Safety
    /// The payload was dropped and nobody refers to the slot. `flags` are those of its header.
    #[inline(always)]
    unsafe fn give_back(&self, p: NonNull<Header>, flags: u16) {
        // SAFETY: by contract; the header itself is still intact.
        unsafe {
            let h = p.as_ptr();
            let class = (*h).size_class as usize;
            (*h).kind.set(Kind::Free);
            (*h).flags.set(flags & flag::YOUNG);
            #[cfg(debug_assertions)]
            h.cast::<u8>().add(16).write_bytes(0xDB, class * GRAIN - 16);
            (*h).class
                .as_ptr()
                .cast::<*mut Header>()
                .write(self.free[class].get());
            self.free[class].set(h);
        }
    }

    #[cold]
    unsafe fn give_back_large(&self, p: NonNull<Header>) {
        // SAFETY: large objects have the prefix that `take_large` wrote.
        unsafe {
            if (*p.as_ptr()).has(flag::YOUNG) {
                self.gc.forget_young_large(p.as_ptr());
            }
            let prefix = large_prefix(p.as_ptr());
            let (index, size) = ((*prefix).index, (*prefix).size);
            let mut large = self.large.borrow_mut();
            large.swap_remove(index as usize);
            if let Some(moved) = large.get(index as usize) {
                (*moved.as_ptr().cast::<LargePrefix>()).index = index;
            }
            drop(large);
            dealloc(prefix.cast(), large_layout(size));
        }
    }

    /// # Safety
    /// `p` has no references left and nothing to finalize.
    #[inline(always)]
    unsafe fn free_now(&self, p: NonNull<Header>) {
        // SAFETY: by contract this is the last use of the object.
        unsafe {
            let h = p.as_ref();
            let class = h.class.get();
            (class.as_ref().data.layout().drop)(p.as_ptr());
            let flags = h.flags.get();
            if flags & flag::CONTAINER != 0 {
                self.gc.count_free();
            }
            if flags & (flag::SIDE_DICT | flag::LARGE | flag::POOLED) == 0 {
                self.give_back(p, flags);
            } else {
                self.give_back_special(p, flags);
            }
            drop(Ref::<Type>::from_raw(class));
        }
    }

    /// [`Heap::give_back`] of an object with a dict beside it, a large one, or one that a pool may take.
    ///
    /// # Safety
    /// As there.
    #[inline(never)]
    unsafe fn give_back_special(&self, p: NonNull<Header>, flags: u16) {
        // SAFETY: by contract.
        unsafe {
            if flags & flag::SIDE_DICT != 0 {
                let dict = self.side_dicts.borrow_mut().remove(&(p.as_ptr() as usize));
                drop(dict);
            }
            if flags & flag::LARGE != 0 {
                self.give_back_large(p);
            } else if flags & flag::POOLED == 0 || !self.return_to_pool(p) {
                self.give_back(p, flags);
            }
        }
    }

    /// Queues work for between two instructions.
    pub(crate) fn push_pending(&self, p: Pending) {
        let mut pending = self.pending.borrow_mut();
        pending.make_room();
        pending.push_back(p);
        drop(pending);
        self.eval_breaker
            .fetch_or(eval_breaker::PENDING, Ordering::Relaxed);
    }

    // ---- attributes of objects without a dict of their own ----

    pub fn side_dict(&self, v: &Value) -> Option<Ref<Dict>> {
        let h = v.header()?;
        if h.has(flag::SIDE_DICT) {
            self.side_dicts.borrow().get(&v.address()).cloned()
        } else {
            None
        }
    }

    /// Makes an object one that the collector looks at, if it is none: its payload holds no references, but now it has some beside.
    fn track(&self, h: &Header) {
        let flags = h.flags.get();
        if flags & flag::CONTAINER == 0 {
            h.set(flag::CONTAINER | flag::YOUNG);
            if flags & flag::YOUNG == 0 {
                // SAFETY: a live object of this heap.
                unsafe { self.note_young(h as *const Header as *mut Header, flags) };
            }
            self.gc.count_alloc(&self.eval_breaker);
        }
    }

    pub fn set_side_dict(&self, v: &Value, dict: Option<Ref<Dict>>) {
        let Some(h) = v.header() else { return };
        let old = match dict {
            Some(d) => {
                self.track(h);
                h.set(flag::SIDE_DICT);
                self.side_dicts.borrow_mut().insert(v.address(), d)
            }
            None => {
                h.unset(flag::SIDE_DICT);
                self.side_dicts.borrow_mut().remove(&v.address())
            }
        };
        drop(old);
    }

    /// Gives an object another class of the same layout. The old class is released between two instructions, so that who looks
    /// at it now ([`class_of`]) may go on.
    pub fn set_class(&self, v: &Value, class: &Ref<Type>) {
        let Some(h) = v.header() else { return };
        let new = class.clone();
        let old = h.class.replace(new.as_ptr());
        std::mem::forget(new);
        // SAFETY: the header's counted reference to the old class goes over to the queue.
        let old = unsafe { Ref::<Type>::from_raw(old) };
        self.push_pending(Pending::Release(old.into()));
    }

    /// Marks an object as having, or no longer having, a finalizer that Python can see.
    #[inline]
    pub(crate) fn set_finalize(v: &Value, on: bool) {
        if let Some(h) = v.header() {
            if on {
                h.set(flag::FINALIZE)
            } else {
                h.unset(flag::FINALIZE)
            }
        }
    }

    // ---- interned strings ----

    /// The one interned string of this text, made by `make` if there is none.
    pub(crate) fn intern(
        &self,
        bytes: &[u8],
        keys: &HashKeys,
        make: impl FnOnce() -> Ref<Str>,
    ) -> Ref<Str> {
        let hash = keys.hash_bytes(bytes);
        let mut table = self.interned.borrow_mut();
        // SAFETY: a string in the table is alive; it takes itself out when it dies.
        let text = |p: &NonNull<Obj<Str>>| unsafe { p.as_ref() }.data.as_bytes() == bytes;
        if let Some(p) = table.find(hash, text) {
            // SAFETY: as above; a count is added for the new reference.
            unsafe {
                let h = &p.as_ref().header;
                h.add_ref();
                return Ref::from_raw(*p);
            }
        }
        let s = make();
        s.hash_with(keys);
        s.set_interned();
        // SAFETY: as above; an interned string has its hash cached.
        let rehash = |p: &NonNull<Obj<Str>>| unsafe { p.as_ref() }.data.cached_hash();
        table.insert_unique(hash, s.as_ptr(), rehash);
        s
    }

    pub(crate) fn forget_interned(&self, p: *const Obj<Str>) {
        if self.closing.get() {
            return;
        }
        // SAFETY: the dying string is still whole.
        let hash = unsafe { &*p }.data.cached_hash();
        let mut table = self.interned.borrow_mut();
        if let Ok(entry) = table.find_entry(hash, |q| std::ptr::eq(q.as_ptr(), p)) {
            entry.remove();
        }
    }

    pub(crate) fn keep_index(&self, s: *const Obj<Str>, table: Box<[u32]>) {
        self.str_indices.borrow_mut().insert(s as usize, table);
    }
    pub(crate) fn index_entry(&self, s: *const Obj<Str>, n: usize) -> Option<u32> {
        self.str_indices
            .borrow()
            .get(&(s as usize))?
            .get(n)
            .copied()
    }
    pub(crate) fn forget_index(&self, s: *const Obj<Str>) {
        self.str_indices.borrow_mut().remove(&(s as usize));
    }

    /// Every live object with a block of its own.
    fn large_objects(&self) -> Vec<*mut Header> {
        // SAFETY: the block starts with the prefix.
        let object = |block: &NonNull<u8>| unsafe { block.as_ptr().add(LARGE_PREFIX).cast() };
        self.large.borrow().iter().map(object).collect()
    }

    /// Visits every live object of the heap.
    fn for_each_object(&self, mut visit: impl FnMut(NonNull<Header>)) {
        self.for_each_in_chunks(None, &mut visit);
        for p in self.large_objects() {
            // SAFETY: a block is not at address 0.
            visit(unsafe { NonNull::new_unchecked(p) });
        }
    }

    /// Visits the live objects in chunks, of one slot size or of all.
    fn for_each_in_chunks(&self, only: Option<usize>, mut visit: impl FnMut(NonNull<Header>)) {
        let chunks: Vec<_> = self.chunks.borrow().clone();
        for chunk in chunks {
            // SAFETY: chunks live as long as the heap.
            unsafe {
                if only.is_none_or(|stride| stride == chunk.as_ref().stride as usize) {
                    self.for_each_slot(chunk, |p, _| {
                        if (*p).kind.get() != Kind::Free {
                            visit(NonNull::new_unchecked(p));
                        }
                    });
                }
            }
        }
    }

    /// Visits the slots of a chunk that are or were in use, with their numbers.
    ///
    /// # Safety
    /// The chunk is one of this heap.
    #[inline(always)]
    unsafe fn for_each_slot(
        &self,
        chunk: NonNull<ChunkHead>,
        mut visit: impl FnMut(*mut Header, usize),
    ) {
        let head = chunk.as_ptr();
        // SAFETY: by contract.
        let stride = unsafe { (*head).stride } as usize;
        let (cur, _) = self.bump[stride / GRAIN].get();
        // What was not bumped yet is memory that was never touched.
        let used = match (cur as usize).wrapping_sub(head as usize) {
            used @ CHUNK_HEAD..CHUNK_BYTES => used,
            _ => CHUNK_BYTES,
        };
        for i in 0..(used - CHUNK_HEAD) / stride {
            // SAFETY: in the chunk.
            let p: *mut Header = unsafe { head.cast::<u8>().add(CHUNK_HEAD + i * stride).cast() };
            visit(p, i);
        }
    }
}

/// # Safety
/// `p` is an object with a block of its own.
unsafe fn large_prefix(p: *mut Header) -> *mut LargePrefix {
    // SAFETY: `take_large` put the prefix in front of it.
    unsafe { p.cast::<LargePrefix>().sub(1) }
}

fn large_layout(size: usize) -> Layout {
    Layout::from_size_align(size + LARGE_PREFIX, 16).expect("sizes are far below isize::MAX")
}

/// The bytes of an object's block, header included, if it has one of its own.
pub(crate) fn large_size(h: &Header) -> Option<usize> {
    // SAFETY: by the flag.
    let size = || unsafe { (*large_prefix(std::ptr::from_ref(h).cast_mut())).size };
    h.has(flag::LARGE).then(size)
}

/// An object's last reference went, or its count is saturated.
#[cold]
#[inline(never)]
pub(crate) fn release(p: NonNull<Header>) {
    // SAFETY: the object is still whole; only its count is 0.
    let h = unsafe { p.as_ref() };
    if h.refs.get() != 0 {
        return h.saturate();
    }
    let heap = h.heap();
    if heap.closing.get() {
        return;
    }
    let flags = h.flags.get();
    if flags & (flag::FINALIZE | flag::HAS_DEL | flag::WEAKREF) != 0 {
        if flags & (flag::FINALIZE | flag::HAS_DEL) != 0 && flags & flag::FINALIZED == 0 {
            h.set(flag::FINALIZED);
            h.refs.set(1);
            // SAFETY: the queue takes the one reference just restored.
            let v: Value = unsafe { Ref::<Type>::from_raw(p.cast()) }.into();
            heap.push_pending(Pending::Finalize(v));
            return;
        }
        if flags & flag::WEAKREF != 0 {
            heap.clear_weakrefs(p);
        }
    }
    let depth = heap.freeing.get();
    if depth >= NESTED {
        heap.dead.borrow_mut().push(p);
        return;
    }
    heap.freeing.set(depth + 1);
    // SAFETY: no references are left, and nothing to finalize.
    unsafe { heap.free_now(p) };
    // SAFETY: nobody else looks at the list meanwhile.
    if depth == 0 && unsafe { heap.dead.try_borrow_unguarded() }.is_ok_and(|dead| !dead.is_empty())
    {
        free_dead(heap);
    }
    heap.freeing.set(depth);
}

/// So many objects die inside one another, each before what holds it; the others wait for their turn, so that no chain of them
/// is too long for the native stack.
const NESTED: u32 = 32;

/// Frees what dying objects let go of, and what that lets go of.
#[inline(never)]
fn free_dead(heap: &Heap) {
    let mut first = 0;
    loop {
        let mut dead = heap.dead.borrow_mut();
        // What one object let go of dies in that order, each with all that is its own before the next.
        dead[first..].reverse();
        let Some(next) = dead.pop() else { break };
        first = dead.len();
        drop(dead);
        // SAFETY: as above, at the time it was pushed.
        unsafe { heap.free_now(next) };
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // References between dying objects count down without effect; the memory goes at the end.
        self.closing.set(true);
        reserve::forget(&self.eval_breaker);
        self.drop_prepared();
        self.pending.borrow_mut().clear();
        let mut objects = Vec::new();
        let mut types = Vec::new();
        self.for_each_object(|p| {
            // SAFETY: visited objects are live.
            if unsafe { p.as_ref() }.kind.get() == Kind::Type {
                types.push(p)
            } else {
                objects.push(p)
            }
        });
        for p in objects.into_iter().chain(types) {
            // SAFETY: every payload is dropped once; headers and types' plain fields stay readable.
            unsafe { (p.as_ref().class().data.layout().drop)(p.as_ptr()) };
        }
        self.side_dicts.borrow_mut().clear();
        for chunk in self.chunks.borrow_mut().drain(..) {
            // SAFETY: the chunk is whole until its arena goes.
            unsafe { gc::free_counters(chunk) };
        }
        for (base, layout) in self.arenas.borrow_mut().drain(..) {
            // SAFETY: the arena was allocated with this layout, and its chunks are not used any more.
            unsafe { dealloc(base.as_ptr(), layout) };
        }
        for block in self.large.borrow_mut().drain(..) {
            // SAFETY: the prefix holds the size that was asked for.
            unsafe {
                let size = (*block.as_ptr().cast::<LargePrefix>()).size;
                dealloc(block.as_ptr(), large_layout(size));
            }
        }
    }
}

/// Asks for the line of memory at an address, which will be needed soon. Any address will do.
#[inline(always)]
pub(crate) fn prefetch<T>(p: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint, which faults on no address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(p.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = p;
}

/// The function table of a payload type, to compare layouts with.
pub(crate) fn vtable<T: Payload>() -> &'static VTable {
    T::VTABLE
}
