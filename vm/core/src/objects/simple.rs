//! Small payloads: cells, ranges, slices, modules, descriptors, weak references, views and iterators.
use crate::frame::Frame;
use crate::memory::{Header, Kind, Obj, Payload, Ref, RefSlot, Slot, Value, WeakLinks};
use crate::objects::{Code, Dict, Function, Generator, Str, Type};
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;

macro_rules! payload {
    ($t:ident $name:literal $kind:ident $($field:ident)*) => {
        impl Payload for $t {
            const KIND: Kind = Kind::$kind;
            const CONTAINER: bool = true;
            const NAME: &'static str = $name;
            fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                $(self.$field.visit(visit);)*
                let _ = visit;
            }
        }
    };
}

/// What `payload!` visits: a slot or a reference.
trait Visit {
    fn visit(&self, visit: &mut dyn FnMut(&Value));
}
impl Visit for Value {
    fn visit(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self);
    }
}
impl<T: Payload> Visit for Ref<T> {
    fn visit(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.as_value());
    }
}
impl<T: Visit> Visit for Option<T> {
    fn visit(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(v) = self {
            v.visit(visit);
        }
    }
}

/// A closure cell.
pub struct PyCell {
    pub content: Slot,
}
impl Payload for PyCell {
    const KIND: Kind = Kind::Cell;
    const CONTAINER: bool = true;
    const NAME: &'static str = "cell";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.content.visit(visit);
    }
    fn clear(&self) {
        self.content.take();
    }
}

/// `object()` itself, and types whose instances hold nothing.
pub struct Plain;
impl Payload for Plain {
    const NAME: &'static str = "object";
}

/// A module. `name` and the rest live in `dict`.
pub struct Module {
    pub dict: Ref<Dict>,
    /// Called for a missing attribute before `__getattr__` of the module is tried (lazily made natives).
    pub lazy: Cell<Option<LazyAttr>>,
}
/// Makes a module attribute when it is first asked for.
pub type LazyAttr =
    fn(&crate::vm::Vm, &Value, &Ref<Str>) -> crate::vm::error::PyResult<Option<Value>>;
impl Payload for Module {
    const KIND: Kind = Kind::Module;
    const CONTAINER: bool = true;
    const NAME: &'static str = "module";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.dict.as_value());
    }
}

/// `range`. Bounds outside the word make `big` carry the exact values.
pub struct Range {
    pub start: Value,
    pub stop: Value,
    pub step: Value,
}
payload!(Range "range" Range start stop step);

/// Iterator over a range whose bounds fit in i64.
pub struct RangeIter {
    pub next: Cell<i64>,
    pub step: i64,
    pub left: Cell<u64>,
}
impl Payload for RangeIter {
    const KIND: Kind = Kind::RangeIter;
    const NAME: &'static str = "range_iterator";
}
impl RangeIter {
    #[inline(always)]
    pub fn next(&self) -> Option<i64> {
        let left = self.left.get();
        if left == 0 {
            return None;
        }
        self.left.set(left - 1);
        let v = self.next.get();
        self.next.set(v.wrapping_add(self.step));
        Some(v)
    }
    /// As `next`, where the number stands in the word; none, and nothing done, where it does not.
    #[inline(always)]
    pub fn next_small(&self) -> Option<Option<Value>> {
        let left = self.left.get();
        if left == 0 {
            return Some(None);
        }
        let v = self.next.get();
        let value = Value::try_int(v)?;
        self.left.set(left - 1);
        self.next.set(v.wrapping_add(self.step));
        Some(Some(value))
    }
}

pub struct Slice {
    pub start: Value,
    pub stop: Value,
    pub step: Value,
}
payload!(Slice "slice" Slice start stop step);

#[derive(Default)]
pub struct Property {
    pub get: Slot,
    pub set: Slot,
    pub del: Slot,
    pub doc: Slot,
    pub name: Slot,
    pub getter_doc: Cell<bool>,
}
impl Payload for Property {
    const CONTAINER: bool = true;
    const NAME: &'static str = "property";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for s in [&self.get, &self.set, &self.del, &self.doc, &self.name] {
            s.visit(visit);
        }
    }
    fn clear(&self) {
        for s in [&self.get, &self.set, &self.del, &self.doc, &self.name] {
            s.set(Value::NONE);
        }
    }
}

/// `staticmethod`.
#[derive(Default)]
pub struct StaticMethod {
    pub func: Slot,
}
/// `classmethod`.
#[derive(Default)]
pub struct ClassMethod {
    pub func: Slot,
}
impl Payload for StaticMethod {
    const CONTAINER: bool = true;
    const NAME: &'static str = "staticmethod";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.func.visit(visit);
    }
    fn clear(&self) {
        self.func.set(Value::NONE);
    }
}
impl Payload for ClassMethod {
    const CONTAINER: bool = true;
    const NAME: &'static str = "classmethod";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.func.visit(visit);
    }
    fn clear(&self) {
        self.func.set(Value::NONE);
    }
}

/// A native attribute with a getter and perhaps a setter.
pub struct GetSet {
    pub name: Ref<Str>,
    pub owner: Ref<Type>,
    pub get: fn(&crate::vm::Vm, &Value) -> crate::vm::error::PyResult<Value>,
    pub set: Option<fn(&crate::vm::Vm, &Value, Option<&Value>) -> crate::vm::error::PyResult<()>>,
    pub doc: &'static str,
}
payload!(GetSet "getset_descriptor" Foreign name owner);

/// A name of `__slots__`.
pub struct Member {
    pub name: Ref<Str>,
    pub owner: Ref<Type>,
    pub index: usize,
}
payload!(Member "member_descriptor" Foreign name owner);

/// A method made from a slot: `int.__add__`, `list.__len__`.
pub struct SlotWrapper {
    pub name: Ref<Str>,
    pub owner: Ref<Type>,
    /// Row of the slot table.
    pub row: usize,
}
payload!(SlotWrapper "wrapper_descriptor" Foreign name owner);

/// A slot wrapper bound to an instance.
pub struct MethodWrapper {
    pub wrapper: Ref<SlotWrapper>,
    pub this: Value,
}
payload!(MethodWrapper "method-wrapper" Foreign wrapper this);

/// `super(type, obj)`.
#[derive(Default)]
pub struct Super {
    pub this_class: RefSlot<Type>,
    pub obj: Slot,
    pub obj_type: RefSlot<Type>,
}
impl Payload for Super {
    const CONTAINER: bool = true;
    const NAME: &'static str = "super";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.this_class.visit(visit);
        self.obj.visit(visit);
        self.obj_type.visit(visit);
    }
    fn clear(&self) {
        self.obj.set(Value::NONE);
        self.obj_type.set(None);
    }
}

/// `weakref.ref` and the weak half of proxies. Stands in the heap's table until its referent dies.
pub struct WeakRef {
    /// The referent, which this does not keep alive; None once it is gone.
    pub(crate) target: Cell<Option<NonNull<Header>>>,
    pub(crate) links: WeakLinks,
    pub callback: Cell<Option<Value>>,
    pub hash: Cell<u64>,
}

impl WeakRef {
    /// A reference that is not in the heap's table yet.
    pub(crate) fn new(target: &Value, callback: Option<Value>) -> WeakRef {
        WeakRef {
            target: Cell::new(target.header().map(NonNull::from)),
            links: WeakLinks::default(),
            callback: Cell::new(callback),
            hash: Cell::new(0),
        }
    }
    pub(crate) fn has_callback(&self) -> bool {
        let callback = self.callback.take();
        let there = callback.is_some();
        self.callback.set(callback);
        there
    }
}
impl Payload for WeakRef {
    const CONTAINER: bool = true;
    const NAME: &'static str = "weakref.ReferenceType";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let callback = self.callback.take();
        if let Some(c) = &callback {
            visit(c);
        }
        self.callback.set(callback);
    }
    unsafe fn drop_trailing(this: *mut Obj<WeakRef>) {
        // SAFETY: the object is still whole.
        unsafe {
            if let Some(target) = (*this).data.target.get() {
                let heap = (*this).header.heap();
                heap.drop_weakref(target, NonNull::new_unchecked(this));
            }
        }
    }
}
impl WeakRef {
    /// The referent, if it is still there.
    pub fn get(&self) -> Option<Value> {
        crate::memory::upgrade(self.target.get())
    }
}

/// A frame as Python sees it. Made when asked for; outlives its frame with a copy of the locals.
pub struct FrameObject {
    /// Null once the frame is gone.
    pub(crate) live: Cell<*const Frame>,
    pub code: Ref<Code>,
    pub function: Ref<Function>,
    pub(crate) locals: Slot,
    /// Fast locals and cells of a frame that is gone.
    pub(crate) saved: RefCell<Vec<Value>>,
    pub(crate) back: RefSlot<FrameObject>,
    pub(crate) lasti: Cell<i32>,
    pub(crate) generator: Cell<*const Generator>,
    /// What stands in the generator's place for a frame that is only shown.
    pub(crate) owner: Slot,
    pub trace: Slot,
    /// Extra names set through `f_locals`.
    pub extra_locals: RefSlot<Dict>,
}
impl Payload for FrameObject {
    const CONTAINER: bool = true;
    const NAME: &'static str = "frame";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.code.as_value());
        visit(self.function.as_value());
        self.locals.visit(visit);
        self.saved.borrow().iter().for_each(&mut *visit);
        self.back.visit(visit);
        self.owner.visit(visit);
        self.trace.visit(visit);
        self.extra_locals.visit(visit);
    }
    fn clear(&self) {
        let saved = self.saved.take();
        drop(saved);
        self.back.set(None);
        self.extra_locals.set(None);
        for s in [&self.locals, &self.owner, &self.trace] {
            s.take();
        }
    }
}

/// What a dict view or dict iterator shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DictPart {
    Keys,
    Values,
    Items,
}
pub struct DictView {
    pub dict: Ref<Dict>,
    pub part: DictPart,
}
payload!(DictView "dict_keys" Foreign dict);
pub struct DictIter {
    pub dict: RefSlot<Dict>,
    pub part: DictPart,
    pub index: Cell<usize>,
    /// Entries when the iterator was made, and how many of them are still to come.
    pub size: usize,
    pub left: Cell<usize>,
    pub reverse: bool,
}
impl Payload for DictIter {
    const KIND: Kind = Kind::DictIter;
    const CONTAINER: bool = true;
    const NAME: &'static str = "dict_keyiterator";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.dict.visit(visit);
    }
}
/// `types.MappingProxyType`.
pub struct MappingProxy {
    pub mapping: Value,
}
payload!(MappingProxy "mappingproxy" Foreign mapping);

/// Iterator over code points of a string, bytes, or anything with `__getitem__`.
pub struct SeqIter {
    pub seq: Slot,
    pub index: Cell<usize>,
}
impl Payload for SeqIter {
    const CONTAINER: bool = true;
    const NAME: &'static str = "iterator";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.seq.visit(visit);
    }
}

/// A native iterator made of a Rust closure's state: enumerate, zip, map, filter, reversed, itertools.
pub struct NativeIter {
    pub next: crate::objects::NextFn,
    pub state: RefCell<Vec<Value>>,
    pub count: Cell<i64>,
}
impl Payload for NativeIter {
    const CONTAINER: bool = true;
    const NAME: &'static str = "iterator";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.state.borrow().iter().for_each(visit);
    }
    fn clear(&self) {
        let old = self.state.take();
        drop(old);
    }
}
impl NativeIter {
    pub fn item(&self, i: usize) -> Value {
        self.state
            .borrow()
            .get(i)
            .cloned()
            .unwrap_or(Value::UNBOUND)
    }
    pub fn set_item(&self, i: usize, v: Value) {
        let old = std::mem::replace(&mut self.state.borrow_mut()[i], v);
        drop(old);
    }
}

/// What awaiting a coroutine by hand goes through (`coroutine.__await__()`).
pub struct CoroutineWrapper {
    pub coroutine: Ref<Generator>,
}
payload!(CoroutineWrapper "coroutine_wrapper" Foreign coroutine);
