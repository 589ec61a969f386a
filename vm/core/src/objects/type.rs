//! Type objects: method resolution order, namespace, slots, and the version that inline caches check.
use crate::memory::{Heap, Kind, Payload, Ref, RefSlot, Slot, VTable, Value};
use crate::objects::{Dict, Shape, Str, Tuple};
use crate::vm::Vm;
use crate::vm::args::Args;
use crate::vm::error::PyResult;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::ptr::NonNull;
use std::rc::Rc;

/// Rich comparison operators, in the order of `CMP_OP`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CmpOp {
    Lt,
    Le,
    Eq,
    Ne,
    Gt,
    Ge,
}

/// Binary operators with a slot and a reflected method each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    MatMul,
    TrueDiv,
    FloorDiv,
    Mod,
    DivMod,
    Pow,
    LShift,
    RShift,
    And,
    Xor,
    Or,
}
pub const BIN_OPS: usize = 14;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum UnOp {
    Neg,
    Pos,
    Invert,
    Abs,
}

pub type UnaryFn = fn(&Vm, &Value) -> PyResult<Value>;
pub type BinaryFn = fn(&Vm, &Value, &Value) -> PyResult<Value>;
pub type NextFn = fn(&Vm, &Value) -> PyResult<Option<Value>>;
pub type HashFn = fn(&Vm, &Value) -> PyResult<u64>;
pub type CallFn = fn(&Vm, &Value, Args) -> PyResult<Value>;
/// `Ok(None)` means "no such attribute" without an exception made.
pub type GetAttrFn = fn(&Vm, &Value, &Ref<Str>) -> PyResult<Option<Value>>;
/// No value: delete.
pub type SetAttrFn = fn(&Vm, &Value, &Ref<Str>, Option<&Value>) -> PyResult<()>;
pub type RichCmpFn = fn(&Vm, &Value, &Value, CmpOp) -> PyResult<Value>;
pub type LenFn = fn(&Vm, &Value) -> PyResult<usize>;
pub type SetItemFn = fn(&Vm, &Value, &Value, Option<&Value>) -> PyResult<()>;
pub type ContainsFn = fn(&Vm, &Value, &Value) -> PyResult<bool>;
pub type BoolFn = fn(&Vm, &Value) -> PyResult<bool>;
/// Descriptor, instance (none when read from the class), class.
pub type DescrGetFn = fn(&Vm, &Value, Option<&Value>, &Value) -> PyResult<Value>;
pub type DescrSetFn = fn(&Vm, &Value, &Value, Option<&Value>) -> PyResult<()>;
pub type InitFn = fn(&Vm, &Value, Args) -> PyResult<()>;
/// Sends a value into an awaitable and says whether it yielded or returned.
pub type SendFn = fn(&Vm, &Value, &Value) -> PyResult<crate::vm::args::Resumed>;
pub type NewFn = fn(&Vm, &Ref<Type>, Args) -> PyResult<Value>;

/// What a type does by native code. A class written in Python has functions here that call its methods.
#[derive(Default, Clone)]
pub struct Slots {
    pub repr: Cell<Option<UnaryFn>>,
    pub str: Cell<Option<UnaryFn>>,
    pub hash: Cell<Option<HashFn>>,
    pub call: Cell<Option<CallFn>>,
    pub getattr: Cell<Option<GetAttrFn>>,
    pub setattr: Cell<Option<SetAttrFn>>,
    pub richcmp: Cell<Option<RichCmpFn>>,
    pub iter: Cell<Option<UnaryFn>>,
    pub next: Cell<Option<NextFn>>,
    pub len: Cell<Option<LenFn>>,
    pub getitem: Cell<Option<BinaryFn>>,
    pub setitem: Cell<Option<SetItemFn>>,
    pub contains: Cell<Option<ContainsFn>>,
    pub bool_: Cell<Option<BoolFn>>,
    pub int: Cell<Option<UnaryFn>>,
    pub float: Cell<Option<UnaryFn>>,
    pub index: Cell<Option<UnaryFn>>,
    pub descr_get: Cell<Option<DescrGetFn>>,
    pub descr_set: Cell<Option<DescrSetFn>>,
    pub init: Cell<Option<InitFn>>,
    pub new: Cell<Option<NewFn>>,
    pub await_: Cell<Option<UnaryFn>>,
    pub aiter: Cell<Option<UnaryFn>>,
    pub anext: Cell<Option<UnaryFn>>,
    /// `am_send`: one step of an awaitable that is no generator.
    pub send: Cell<Option<SendFn>>,
    pub binary: [Cell<Option<BinaryFn>>; BIN_OPS],
    pub inplace: [Cell<Option<BinaryFn>>; BIN_OPS],
    pub unary: [Cell<Option<UnaryFn>>; 4],
}

/// Bits of [`Type::flags`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct TypeFlags(pub u32);
impl TypeFlags {
    /// Made by a class statement or `type()`.
    pub const HEAP: u32 = 1;
    /// May be subclassed.
    pub const BASE: u32 = 2;
    /// Instances have a `__dict__`.
    pub const DICT: u32 = 4;
    /// Instances can be weakly referenced.
    pub const WEAKREF: u32 = 8;
    /// Defines `__del__`.
    pub const DEL: u32 = 16;
    /// Abstract methods are left (`__abstractmethods__`).
    pub const ABSTRACT: u32 = 32;
    /// Pattern matching treats instances as sequences / mappings.
    pub const SEQUENCE: u32 = 64;
    pub const MAPPING: u32 = 128;
    /// Attributes of the class itself cannot be set.
    pub const IMMUTABLE: u32 = 256;
    /// `case C(x)` with one positional pattern matches the subject itself.
    pub const MATCH_SELF: u32 = 512;
    /// A function of this type is a method: LOAD_METHOD may skip binding.
    pub const METHOD_DESCR: u32 = 1024;
    /// `T()` from Python raises "cannot create 'T' instances".
    pub const NO_NEW: u32 = 2048;
    /// `__await__` gives the object itself, or an error.
    pub const COROUTINE: u32 = 4096;
    /// Of garbage, instances are finalized after what writes to them: text streams, then what they write to, then raw streams.
    pub const TEXT_STREAM: u32 = 1 << 13;
    pub const BUFFERED_STREAM: u32 = 2 << 13;
    pub const RAW_STREAM: u32 = 3 << 13;
    pub const STREAM: u32 = 3 << 13;
}

pub struct Type {
    heap: NonNull<Heap>,
    layout: Cell<&'static VTable>,
    pub flags: Cell<u32>,
    /// Unique for this state of the type and its bases; 0 when caches must not be used.
    version: Cell<u32>,
    pub name: Slot,
    pub qualname: Slot,
    pub base: RefSlot<Type>,
    pub bases: RefSlot<Tuple>,
    mro: RefCell<Rc<[Ref<Type>]>>,
    pub(crate) dict: RefSlot<Dict>,
    pub slots: Slots,
    subclasses: RefCell<Vec<Ref<crate::objects::WeakRef>>>,
    /// Layout that new instances of this class start with.
    pub(crate) shape: OnceCell<Rc<Shape>>,
    /// LayoutCache that deletions led to lately, each with the layout before and the slot. Nothing else may hold them.
    pub(crate) deletion_shapes: OnceCell<Box<RefCell<VecDeque<(NonZeroU32, usize, Rc<Shape>)>>>>,
    /// Inline slots to give a new instance, learned from earlier ones.
    pub(crate) inline_slots: Cell<u16>,
    /// The most attributes that one of its instances has had, and how many were made while that is being learned.
    pub(crate) max_attrs: Cell<u16>,
    pub(crate) made: Cell<u8>,
    /// Names of `__slots__` in this class and its bases.
    pub member_count: Cell<u16>,
    /// `__init__` of a class whose calls need nothing but an instance and that function, for one version of the class.
    simple_init: RefSlot<crate::objects::Function>,
    init_version: Cell<u32>,
    /// What a native payload's objects do when their last reference goes (set the object's flag too).
    finalizer: Cell<Option<fn(&Vm, &Value)>>,
}

impl Payload for Type {
    const KIND: Kind = Kind::Type;
    const CONTAINER: bool = true;
    const NAME: &'static str = "type";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.name.visit(visit);
        self.qualname.visit(visit);
        self.base.visit(visit);
        self.bases.visit(visit);
        for t in self.mro.borrow().iter() {
            visit(t.as_value());
        }
        self.dict.visit(visit);
        self.simple_init.visit(visit);
        for w in self.subclasses.borrow().iter() {
            visit(w.as_value());
        }
    }
    fn clear(&self) {
        if !self.is_heap_type() {
            return;
        }
        self.simple_init.set(None);
        self.init_version.set(0);
        if let Some(d) = self.dict.get() {
            d.clear_entries();
        }
        // Keep `base`: instances released later still ask for it.
        let old = self.mro.replace(Rc::from([]));
        drop(old);
        let subclasses = self.subclasses.take();
        drop(subclasses);
    }
}

impl Type {
    pub(crate) fn new(heap: NonNull<Heap>, layout: &'static VTable, flags: u32) -> Type {
        Type {
            heap,
            layout: Cell::new(layout),
            flags: Cell::new(flags),
            version: Cell::new(0),
            simple_init: RefSlot::default(),
            init_version: Cell::new(0),
            name: Slot::empty(),
            qualname: Slot::empty(),
            base: RefSlot::default(),
            bases: RefSlot::default(),
            mro: RefCell::new(Rc::from([])),
            dict: RefSlot::default(),
            slots: Slots::default(),
            subclasses: RefCell::default(),
            shape: OnceCell::new(),
            deletion_shapes: OnceCell::new(),
            inline_slots: Cell::new(4),
            max_attrs: Cell::new(0),
            made: Cell::new(0),
            member_count: Cell::new(0),
            finalizer: Cell::new(None),
        }
    }
    #[inline]
    pub(crate) fn heap(&self) -> NonNull<Heap> {
        self.heap
    }
    #[inline]
    pub fn layout(&self) -> &'static VTable {
        self.layout.get()
    }
    #[inline]
    pub fn has(&self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }
    pub fn set_flag(&self, flag: u32) {
        self.flags.set(self.flags.get() | flag);
    }
    #[inline]
    pub fn is_heap_type(&self) -> bool {
        self.has(TypeFlags::HEAP)
    }
    pub fn name(&self) -> String {
        self.name
            .get()
            .downcast::<Str>()
            .map_or(String::new(), |s| s.to_string_lossy().into_owned())
    }
    pub fn dict(&self) -> Ref<Dict> {
        self.dict
            .get()
            .expect("every type gets its dict when it is made")
    }
    pub fn mro(&self) -> Rc<[Ref<Type>]> {
        self.mro.borrow().clone()
    }
    pub fn set_mro(&self, mro: Rc<[Ref<Type>]>) {
        let old = self.mro.replace(mro);
        drop(old);
    }
    pub fn base(&self) -> Option<Ref<Type>> {
        self.base.get()
    }
    /// Whether this type is `other` or derives from it (by MRO).
    pub fn is_subtype(&self, other: &Ref<Type>) -> bool {
        let me: *const Type = self;
        if std::ptr::eq(me, &**other) {
            return true;
        }
        self.mro.borrow().iter().any(|t| t.is(other))
    }
    pub(crate) fn layout_finalizer(&self) -> Option<fn(&Vm, &Value)> {
        self.finalizer
            .get()
            .or_else(|| self.base.get().and_then(|b| b.layout_finalizer()))
    }
    /// Sets what runs when an object of this native type that asked for it (`Vm::set_finalize`) is dropped.
    pub fn set_finalizer(&self, f: fn(&Vm, &Value)) {
        self.finalizer.set(Some(f));
    }
    /// The version for inline caches, given now if there is none. None: the numbers are used up, do not cache.
    #[inline]
    pub fn version(&self) -> Option<NonZeroU32> {
        if self.version.get() == 0 {
            // SAFETY: the heap outlives its types.
            let heap = unsafe { self.heap.as_ref() };
            let next = heap.versions.types.next();
            self.version.set(next.map_or(0, NonZeroU32::get));
        }
        NonZeroU32::new(self.version.get())
    }
    /// What `simple_init` found for the present version of the class, worked out by `find` when there is nothing yet.
    #[inline]
    pub(crate) fn simple_init(
        &self,
        find: impl FnOnce() -> Option<Ref<crate::objects::Function>>,
    ) -> Option<Ref<crate::objects::Function>> {
        let Some(version) = self.version().map(NonZeroU32::get) else {
            return find();
        };
        if self.init_version.get() != version {
            self.simple_init.set(find());
            self.init_version.set(version);
        }
        self.simple_init.get()
    }
    /// What [`Type::simple_init`] found, while it holds.
    #[inline(always)]
    pub(crate) fn known_init(&self) -> Option<Ref<crate::objects::Function>> {
        let version = self.version.get();
        if version == 0 || version != self.init_version.get() {
            return None;
        }
        self.simple_init.get()
    }
    /// Whether a version that was seen is still the present one.
    #[inline(always)]
    pub fn has_version(&self, seen: Option<NonZeroU32>) -> bool {
        seen.is_some_and(|v| v.get() == self.version.get())
    }
    /// The present version, or 0.
    #[inline(always)]
    pub(crate) fn current_version(&self) -> u32 {
        self.version.get()
    }
    pub fn add_subclass(&self, w: Ref<crate::objects::WeakRef>) {
        let mut list = self.subclasses.borrow_mut();
        // So seldom that a class with many subclasses does not go through all of them for each new one.
        if list.len() == list.capacity() {
            list.retain(|w| w.target.get().is_some());
        }
        list.push(w);
    }
    pub fn remove_subclass(&self, t: &Ref<Type>) {
        let gone = |w: &Ref<crate::objects::WeakRef>| w.get().is_some_and(|v| v.is(t.as_value()));
        let removed: Vec<_> = self
            .subclasses
            .borrow_mut()
            .extract_if(.., |w| gone(w))
            .collect();
        drop(removed);
    }
    pub fn subclasses(&self) -> Vec<Ref<Type>> {
        let list = self.subclasses.borrow().clone();
        list.iter()
            .filter_map(|w| w.get()?.into_ref::<Type>().ok())
            .collect()
    }
    /// Forgets the version of this type and of all that inherit from it.
    pub fn modified(&self) {
        self.version.set(0);
        for t in self.subclasses() {
            t.modified();
        }
    }
}
