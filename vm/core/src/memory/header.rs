//! The 16-byte header of every heap object and the table of functions its payload brings.
use super::{Heap, Value};
use crate::objects::Type;
use std::any::TypeId;
use std::cell::Cell;
use std::ptr::NonNull;

/// Native layout of a heap object. What has a kind of its own is told apart by one byte; payloads of
/// other crates share [`Kind::Foreign`] and are told apart by their `TypeId`.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Free = 0,
    Type,
    Str,
    Int,
    Float,
    Bytes,
    Tuple,
    List,
    Dict,
    Set,
    Function,
    NativeFunction,
    BoundMethod,
    Code,
    Generator,
    Exception,
    Module,
    Instance,
    Cell,
    Range,
    Slice,
    RangeIter,
    ListIter,
    TupleIter,
    DictIter,
    Asend,
    WrappedValue,
    Foreign,
}

pub(crate) mod flag {
    /// The slot stands in the collector's young list.
    pub const YOUNG: u16 = 1;
    /// The payload can be part of a cycle.
    pub const CONTAINER: u16 = 2;
    /// A weak reference to the object stands in the side table.
    pub const WEAKREF: u16 = 4;
    /// Something Python can see has to run before the object goes.
    pub const FINALIZE: u16 = 8;
    /// The finalizer has been queued once (PEP 442: once only).
    pub const FINALIZED: u16 = 16;
    /// A `__dict__` for the object stands in the side table.
    pub const SIDE_DICT: u16 = 32;
    /// Under examination in the running collection.
    pub const COLLECTING: u16 = 64;
    /// Under examination, and leads to nothing else that is.
    pub const LEAF: u16 = 128;
    /// Allocated by malloc, listed in `Heap::large`.
    pub const LARGE: u16 = 256;
    /// Python's dunder methods of this instance's class may define `__del__`.
    pub const HAS_DEL: u16 = 512;
    /// The slot goes back to a free list of its own.
    pub const POOLED: u16 = 1024;
}

/// Functions of a payload type, one static table each.
pub struct VTable {
    pub name: &'static str,
    pub kind: Kind,
    pub container: bool,
    pub type_id: TypeId,
    /// Fixed size in bytes of header and payload.
    pub size: usize,
    // SAFETY contract of the three: the pointer is a live object of this payload type.
    pub(crate) drop: unsafe fn(*mut Header),
    pub(crate) traverse: unsafe fn(*mut Header, &mut dyn FnMut(&Value)),
    pub(crate) clear: unsafe fn(*mut Header),
}

impl VTable {
    /// Whether two tables are of the same payload type. (A table may exist more than once, so addresses do not tell.)
    pub fn same(&self, other: &VTable) -> bool {
        self.type_id == other.type_id
    }
}

#[repr(C)]
pub struct Header {
    pub(crate) refs: Cell<u32>,
    pub(crate) kind: Cell<Kind>,
    pub(crate) size_class: u8,
    pub(crate) flags: Cell<u16>,
    pub(crate) class: Cell<NonNull<Obj<Type>>>,
}

const _: () = assert!(size_of::<Header>() == 16);

const SATURATED: u32 = 3 << 30;

#[repr(C)]
pub struct Obj<T> {
    pub(crate) header: Header,
    pub(crate) data: T,
}

impl Header {
    /// Counts one more reference.
    ///
    /// That is not checked here, where it would cost 1 to 4 % of all instructions (measured at 9eff584). A count in the upper half
    /// of its range is saturated: [`Header::drop_ref`] notices it, at no cost, and the places that make very many references
    /// without dropping one call [`Header::check_count`].
    #[inline(always)]
    pub(crate) fn add_ref(&self) {
        self.refs.set(self.refs.get().wrapping_add(1));
    }
    /// Counts one reference less. True: the caller has to call [`release`](super::release).
    #[inline(always)]
    pub(crate) fn drop_ref(&self) -> bool {
        let n = self.refs.get() as i32;
        self.refs.set(n.wrapping_sub(1) as u32);
        n <= 1
    }
    /// Keeps an object for good whose count left the lower half of its range (2^31 references are 16 GiB of words).
    pub(crate) fn check_count(&self) {
        if self.refs.get() > i32::MAX as u32 {
            self.saturate();
        }
    }
    /// Sets the count to the middle of the upper half: what is counted before the next check does not lead out of it.
    #[cold]
    #[inline(never)]
    pub(super) fn saturate(&self) {
        self.refs.set(SATURATED);
    }
    #[inline]
    pub(crate) fn has(&self, flag: u16) -> bool {
        self.flags.get() & flag != 0
    }
    #[inline]
    pub(crate) fn set(&self, flag: u16) {
        self.flags.set(self.flags.get() | flag);
    }
    #[inline]
    pub(crate) fn unset(&self, flag: u16) {
        self.flags.set(self.flags.get() & !flag);
    }
    #[inline]
    pub(crate) fn class(&self) -> &Obj<Type> {
        // SAFETY: an object owns a reference to its class, so the class outlives it.
        unsafe { self.class.get().as_ref() }
    }
    #[inline]
    pub(crate) fn heap(&self) -> &Heap {
        // SAFETY: the heap outlives every object in it; the type keeps its address.
        unsafe { self.class().data.heap().as_ref() }
    }
}

/// What a payload type has to tell the heap.
pub trait Payload: Sized + 'static {
    const KIND: Kind = Kind::Foreign;
    /// Can hold references that lead back to itself.
    const CONTAINER: bool = false;
    const NAME: &'static str;
    /// Shows every reference the payload owns to the collector, each exactly once.
    fn traverse(&self, _visit: &mut dyn FnMut(&Value)) {}
    /// Drops references that can be part of a cycle. Must not run Python.
    fn clear(&self) {}
    /// Drops what stands behind the payload in the same block (variable-size objects).
    ///
    /// # Safety
    /// Called once, by the heap, with the object's own address, before the payload is dropped.
    unsafe fn drop_trailing(_this: *mut Obj<Self>) {}

    const VTABLE: &'static VTable = &VTable {
        name: Self::NAME,
        kind: Self::KIND,
        container: Self::CONTAINER,
        type_id: TypeId::of::<Self>(),
        size: size_of::<Obj<Self>>(),
        drop: drop_payload::<Self>,
        traverse: traverse_payload::<Self>,
        clear: clear_payload::<Self>,
    };
}

/// # Safety
/// `p` is an object with payload `T` that nobody uses any more.
unsafe fn drop_payload<T: Payload>(p: *mut Header) {
    let p = p.cast::<Obj<T>>();
    // SAFETY: the caller hands over the last use of the object.
    unsafe {
        T::drop_trailing(p);
        std::ptr::drop_in_place(&raw mut (*p).data);
    }
}

/// # Safety
/// `p` is a live object with payload `T`.
unsafe fn traverse_payload<T: Payload>(p: *mut Header, visit: &mut dyn FnMut(&Value)) {
    // SAFETY: by contract.
    unsafe { (*p.cast::<Obj<T>>()).data.traverse(visit) }
}

/// # Safety
/// `p` is a live object with payload `T`.
unsafe fn clear_payload<T: Payload>(p: *mut Header) {
    // SAFETY: by contract.
    unsafe { (*p.cast::<Obj<T>>()).data.clear() }
}
