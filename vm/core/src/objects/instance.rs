//! Instances of classes: a shape that maps names to slot numbers, and the slots in the object's own block.
use crate::memory::{Heap, Kind, Obj, Payload, Ref, RefSlot, Slot, Value};
use crate::objects::{Dict, Str, Type};
use crate::vm::Vm;
use rustc_hash::FxHashMap;
use std::cell::{OnceCell, RefCell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::num::NonZeroU32;
use std::rc::{Rc, Weak};

/// Attributes above this number make an instance keep a dict instead.
const MAX_SHAPE: usize = 64;
/// Children of one shape above this number: the class is used as a mapping.
const MAX_CHILDREN: usize = 128;
/// LayoutCache that a class remembers from deletions.
const MAX_SHRUNK: usize = 8;

/// So many instances of a class show how many attributes they have.
const LEARN: u8 = 32;

impl Type {
    /// Counts an instance. Once enough were made, others get as many slots as those had attributes.
    #[cold]
    #[inline(never)]
    fn sample_instance(&self) {
        self.made.set(self.made.get() + 1);
        // Instances without any get theirs later, from outside.
        if self.made.get() == LEARN && self.max_attrs.get() > 0 {
            let most = self.max_attrs.get().max(self.member_count.get());
            self.inline_slots.set(self.inline_slots.get().min(most));
        }
    }
}

/// A layout of attribute names. Shapes form a tree: adding a name leads to a child.
pub struct Shape {
    /// Unique in the heap. None: inline caches leave the layout alone, because the numbers are used up, or because the
    /// attributes live in a dict.
    id: Option<NonZeroU32>,
    /// Interned names by slot number. The first `hidden` are `__slots__` members.
    pub keys: Vec<Ref<Str>>,
    pub hidden: usize,
    map: FxHashMap<usize, u16>,
    children: RefCell<FxHashMap<usize, Weak<Shape>>>,
    /// Of a root: the layout of those instances whose attributes live in a dict.
    with_dict: OnceCell<Rc<Shape>>,
    is_dict_layout: bool,
    /// Keeps the tree's inner nodes alive.
    parent: Option<Rc<Shape>>,
}

impl Shape {
    pub(crate) fn root(heap: &Heap, members: Vec<Ref<Str>>) -> Rc<Shape> {
        let hidden = members.len();
        let id = heap.versions.shapes.next();
        Rc::new(Shape::with_keys(id, members, hidden, None))
    }
    fn with_keys(
        id: Option<NonZeroU32>,
        keys: Vec<Ref<Str>>,
        hidden: usize,
        parent: Option<Rc<Shape>>,
    ) -> Shape {
        let map = if keys.len() > 8 {
            keys.iter()
                .enumerate()
                .map(|(i, k)| (k.as_value().address(), i as u16))
                .collect()
        } else {
            FxHashMap::default()
        };
        Shape {
            id,
            keys,
            hidden,
            map,
            children: RefCell::default(),
            with_dict: OnceCell::new(),
            is_dict_layout: false,
            parent,
        }
    }
    /// Slot number of an interned name.
    #[inline]
    pub fn find(&self, name: &Ref<Str>) -> Option<usize> {
        if self.keys.len() > 8 {
            return self
                .map
                .get(&name.as_value().address())
                .map(|i| *i as usize);
        }
        self.keys.iter().position(|k| k.is(name))
    }
    /// The layout of an instance of the same class whose attributes live in a dict: the members alone, and no number, so that no
    /// inline cache applies.
    fn with_dict(self: &Rc<Shape>) -> Rc<Shape> {
        let mut root = self;
        while let Some(parent) = &root.parent {
            root = parent;
        }
        if root.is_dict_layout {
            return root.clone();
        }
        let make = || {
            let members = root.keys[..root.hidden].to_vec();
            let mut shape = Shape::with_keys(None, members, root.hidden, None);
            shape.is_dict_layout = true;
            Rc::new(shape)
        };
        root.with_dict.get_or_init(make).clone()
    }
    /// The shape without slot `i`, found by walking the tree of `class` again; none when there are too many.
    fn without(&self, vm: &Vm, class: &Type, i: usize) -> Option<Rc<Shape>> {
        let lately = class.deletion_shapes.get_or_init(Box::default);
        let known = |e: &&(NonZeroU32, usize, Rc<Shape>)| (Some(e.0), e.1) == (self.id, i);
        if let Some((_, _, shape)) = lately.borrow().iter().find(known) {
            return Some(shape.clone());
        }
        let mut shape = class.shape.get()?.clone();
        for (n, key) in self.keys.iter().enumerate().skip(self.hidden) {
            if n != i {
                shape = shape.extend(&vm.heap, key)?;
            }
        }
        if let Some(id) = self.id {
            let mut lately = lately.borrow_mut();
            if lately.len() >= MAX_SHRUNK {
                lately.pop_front();
            }
            lately.push_back((id, i, shape.clone()));
        }
        Some(shape)
    }
    /// The shape with one more name; none when there are too many.
    fn extend(self: &Rc<Shape>, heap: &Heap, name: &Ref<Str>) -> Option<Rc<Shape>> {
        let key = name.as_value().address();
        if let Some(s) = self.children.borrow().get(&key).and_then(Weak::upgrade) {
            return Some(s);
        }
        let mut children = self.children.borrow_mut();
        if children.len() >= MAX_CHILDREN {
            children.retain(|_, s| s.strong_count() > 0);
        }
        if self.keys.len() >= MAX_SHAPE + self.hidden || children.len() >= MAX_CHILDREN {
            return None;
        }
        let mut keys = self.keys.clone();
        keys.push(name.clone());
        let s = Rc::new(Shape::with_keys(
            heap.versions.shapes.next(),
            keys,
            self.hidden,
            Some(self.clone()),
        ));
        children.insert(key, Rc::downgrade(&s));
        Some(s)
    }
}

/// Slots that do not fit inline: a word in each instance, which seldom has any.
#[derive(Default)]
#[allow(clippy::box_collection, reason = "one word")]
struct Overflow(RefCell<ManuallyDrop<Option<Box<Vec<Value>>>>>);

impl Drop for Overflow {
    #[inline(always)]
    fn drop(&mut self) {
        if self.0.get_mut().is_some() {
            self.free();
        }
    }
}

impl Overflow {
    #[cold]
    #[inline(never)]
    fn free(&mut self) {
        drop(self.0.get_mut().take());
    }
}

pub struct Instance {
    shape: UnsafeCell<Rc<Shape>>,
    overflow: Overflow,
    /// Once asked for as `__dict__`, attributes live here and no longer in slots.
    dict: RefSlot<Dict>,
    inline: u16,
}

impl Payload for Instance {
    const KIND: Kind = Kind::Instance;
    const CONTAINER: bool = true;
    const NAME: &'static str = "object";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for i in 0..self.inline as usize {
            self.inline_slot(i).visit(visit);
        }
        if let Some(more) = &**self.overflow.0.borrow() {
            more.iter().for_each(&mut *visit);
        }
        self.dict.visit(visit);
    }
    fn clear(&self) {
        for i in 0..self.inline as usize {
            self.inline_slot(i).set(Value::UNBOUND);
        }
        let old = self.overflow.0.borrow_mut().take();
        drop(old);
        self.dict.set(None);
    }
    unsafe fn drop_trailing(this: *mut Obj<Instance>) {
        // SAFETY: `inline` initialised slots stand behind the payload; this is their last use.
        unsafe {
            let slots = this.add(1).cast::<Slot>();
            for i in 0..(*this).data.inline as usize {
                slots.add(i).drop_in_place();
            }
        }
    }
}

impl Instance {
    #[inline(always)]
    pub(crate) fn alloc(heap: &Heap, class: &Ref<Type>) -> Ref<Instance> {
        let root = class.shape.get_or_init(|| Shape::root(heap, Vec::new()));
        let shape = root.clone();
        if class.made.get() < LEARN {
            class.sample_instance();
        }
        let inline = class.inline_slots.get();
        let data = Instance {
            shape: UnsafeCell::new(shape),
            overflow: Overflow::default(),
            dict: RefSlot::default(),
            inline,
        };
        let o = heap.alloc_with(class, data, inline as usize * size_of::<Slot>());
        // SAFETY: the block has room for `inline` slots behind the payload.
        unsafe {
            let slots = o.as_ptr().as_ptr().add(1).cast::<Slot>();
            for i in 0..inline as usize {
                slots.add(i).write(Slot::empty());
            }
        }
        o
    }

    #[inline(always)]
    fn inline_slot(&self, i: usize) -> &Slot {
        assert!(i < self.inline as usize);
        // SAFETY: in range by the assertion; an Instance exists only inside its object.
        unsafe {
            let base = (self as *const Instance)
                .cast::<u8>()
                .add(size_of::<Instance>());
            &*base.cast::<Slot>().add(i)
        }
    }
    #[inline(always)]
    fn shape_ref(&self) -> &Rc<Shape> {
        // SAFETY: replaced only in `set_shape`, where no borrow from here is held.
        unsafe { &*self.shape.get() }
    }
    pub(crate) fn shape(&self) -> Rc<Shape> {
        self.shape_ref().clone()
    }
    /// Adds the attribute that leads from the present layout to `shape`.
    #[inline(always)]
    pub(crate) fn extend_to(&self, shape: Rc<Shape>, v: Value) {
        let slot = shape.keys.len() - 1;
        self.set_shape(shape);
        self.set_slot(slot, v);
    }
    #[inline(always)]
    fn set_shape(&self, s: Rc<Shape>) {
        // SAFETY: borrows of the shape never leave this file's methods.
        let old = unsafe { std::mem::replace(&mut *self.shape.get(), s) };
        drop(old);
    }
    /// Identifies the layout for inline caches. 0: they must leave it alone.
    #[inline(always)]
    pub fn shape_id(&self) -> u32 {
        self.shape_ref().id.map_or(0, NonZeroU32::get)
    }
    /// True when attributes live in a dict.
    #[inline]
    pub fn has_dict(&self) -> bool {
        !self.dict.is_none()
    }
    #[inline(always)]
    pub fn slot(&self, i: usize) -> Value {
        if i < self.inline as usize {
            return self.inline_slot(i).get();
        }
        self.overflow_slot(i - self.inline as usize)
    }
    #[cold]
    #[inline(never)]
    fn overflow_slot(&self, n: usize) -> Value {
        let overflow = self.overflow.0.borrow();
        let more = overflow.as_ref().and_then(|o| o.get(n));
        more.cloned().unwrap_or(Value::UNBOUND)
    }
    #[inline(always)]
    pub fn set_slot(&self, i: usize, v: Value) {
        if i < self.inline as usize {
            self.inline_slot(i).set(v);
            return;
        }
        self.set_overflow(i - self.inline as usize, v);
    }
    #[cold]
    #[inline(never)]
    fn set_overflow(&self, n: usize, v: Value) {
        let mut overflow = self.overflow.0.borrow_mut();
        let more = overflow.get_or_insert_default();
        while more.len() <= n {
            more.push(Value::UNBOUND);
        }
        let old = std::mem::replace(&mut more[n], v);
        drop(overflow);
        drop(old);
    }
    /// Slot number of a name in the present layout.
    #[inline]
    pub fn find(&self, name: &Ref<Str>) -> Option<usize> {
        self.shape_ref().find(name)
    }
    /// An attribute of the instance itself.
    #[inline]
    pub fn get(&self, name: &Ref<Str>, hash: u64) -> Option<Value> {
        if let Some(d) = self.dict.get() {
            return d.find_str(name, hash).map(|n| d.value_at(n));
        }
        let i = self.find(name)?;
        if i < self.shape_ref().hidden {
            return None;
        }
        let v = self.slot(i);
        if v.is_unbound() { None } else { Some(v) }
    }
    /// Sets an attribute; `name` is interned.
    pub fn set(&self, vm: &Vm, class: &Type, name: &Ref<Str>, hash: u64, v: Value) {
        if let Some(d) = self.dict.get() {
            match d.find_str(name, hash) {
                Some(n) => drop(d.replace_at(n, v)),
                None => d.insert_new(hash, name.value(), v),
            }
            return;
        }
        if let Some(i) = self.find(name) {
            // An attribute set again after its deletion comes last, as in a dict.
            if self.slot(i).is_unbound()
                && i + 1 < self.shape_ref().keys.len()
                && i >= self.shape_ref().hidden
            {
                self.forget(vm, class, i);
                return self.set(vm, class, name, hash, v);
            }
            self.set_slot(i, v);
            return;
        }
        match self.shape_ref().extend(&vm.heap, name) {
            Some(shape) => {
                let i = shape.keys.len() - 1;
                class.max_attrs.set(class.max_attrs.get().max(i as u16 + 1));
                if i >= class.inline_slots.get() as usize && class.inline_slots.get() < 32 {
                    class.inline_slots.set(i as u16 + 1);
                }
                self.set_shape(shape);
                self.set_slot(i, v);
            }
            None => {
                self.to_dict(vm);
                self.set(vm, class, name, hash, v);
            }
        }
    }
    /// Takes slot `i` out of the layout.
    fn forget(&self, vm: &Vm, class: &Type, i: usize) {
        let old = self.shape_ref().clone();
        let Some(new) = old.without(vm, class, i) else {
            self.to_dict(vm);
            return;
        };
        let last = old.keys.len() - 1;
        for n in i..last {
            self.set_slot(n, self.slot(n + 1));
        }
        self.set_slot(last, Value::UNBOUND);
        self.set_shape(new);
    }
    /// Deletes an attribute; false when it is not there.
    pub fn delete(&self, vm: &Vm, class: &Type, name: &Ref<Str>, hash: u64) -> bool {
        if let Some(d) = self.dict.get() {
            return match d.find_str(name, hash) {
                Some(n) => {
                    drop(d.remove_at(n));
                    true
                }
                None => false,
            };
        }
        match self.find(name) {
            Some(i) if i >= self.shape_ref().hidden && !self.slot(i).is_unbound() => {
                let old = self.slot(i);
                self.set_slot(i, Value::UNBOUND);
                self.forget(vm, class, i);
                drop(old);
                true
            }
            _ => false,
        }
    }
    /// Attributes in order, members of `__slots__` left out.
    pub fn attributes(&self) -> Vec<(Ref<Str>, Value)> {
        let shape = self.shape_ref();
        let all = shape.keys.iter().enumerate().skip(shape.hidden);
        all.map(|(i, k)| (k.clone(), self.slot(i)))
            .filter(|(_, v)| !v.is_unbound())
            .collect()
    }
    /// The dict, made and filled now if attributes were in slots (the caller gives its class and hashes).
    pub(crate) fn dict(&self) -> Option<Ref<Dict>> {
        self.dict.get()
    }
    fn to_dict(&self, vm: &Vm) {
        self.move_into(vm, vm.new_dict());
    }
    /// Makes `d` the home of the attributes, moving the present ones into it.
    pub(crate) fn move_into(&self, vm: &Vm, d: Ref<Dict>) {
        for (k, v) in self.attributes() {
            d.insert_new(k.hash_with(&vm.hash_keys), k.value(), v);
        }
        self.use_dict(d);
    }
    /// Makes `d` the home of the attributes and drops the present ones.
    pub(crate) fn use_dict(&self, d: Ref<Dict>) {
        let hidden = self.shape_ref().hidden;
        let dropped: Vec<Value> = (hidden..self.shape_ref().keys.len())
            .map(|i| {
                let v = self.slot(i);
                self.set_slot(i, Value::UNBOUND);
                v
            })
            .collect();
        let shape = self.shape_ref().with_dict();
        self.set_shape(shape);
        self.dict.set(Some(d));
        drop(dropped);
    }
}

#[cfg(test)]
mod tests;
