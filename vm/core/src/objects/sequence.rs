//! `tuple` and `list` storage and their iterators.
use crate::memory::{Heap, Kind, Obj, Payload, Ref, Value};
use crate::objects::Type;
use std::cell::{Cell, RefCell};

/// `tuple`: the items stand in the object's own block.
pub struct Tuple {
    len: usize,
}

impl Payload for Tuple {
    const KIND: Kind = Kind::Tuple;
    const CONTAINER: bool = true;
    const NAME: &'static str = "tuple";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.iter().for_each(visit);
    }
    unsafe fn drop_trailing(this: *mut Obj<Tuple>) {
        // SAFETY: the block holds `len` initialised values; this is their last use.
        unsafe {
            let items = this.add(1).cast::<Value>();
            for i in (0..(*this).data.len).rev() {
                items.add(i).drop_in_place();
            }
        }
    }
}

impl Tuple {
    pub fn alloc(
        heap: &Heap,
        class: &Ref<Type>,
        len: usize,
        items: impl Iterator<Item = Value>,
    ) -> Ref<Tuple> {
        let t = heap.alloc_with(class, Tuple { len: 0 }, len * size_of::<Value>());
        let mut items = items;
        // SAFETY: at most `len` values are written into the block's `len` slots, then counted.
        unsafe {
            let base = t.as_ptr().as_ptr();
            let slots = base.add(1).cast::<Value>();
            let mut n = 0;
            while n < len {
                let Some(v) = items.next() else { break };
                slots.add(n).write(v);
                n += 1;
            }
            (*base).data.len = n;
        }
        t
    }
    /// A tuple of so many values that their number is known.
    #[inline]
    pub(crate) fn alloc_array<const N: usize>(
        heap: &Heap,
        class: &Ref<Type>,
        items: [Value; N],
    ) -> Ref<Tuple> {
        let items = std::mem::ManuallyDrop::new(items);
        // SAFETY: the array gives its values up.
        unsafe { Tuple::alloc_moved(heap, class, items.as_ptr(), N) }
    }

    /// A tuple of values moved out of a frame's stack.
    ///
    /// # Safety
    /// `from` points at `len` initialised values that the caller gives up.
    #[inline]
    pub(crate) unsafe fn alloc_moved(
        heap: &Heap,
        class: &Ref<Type>,
        from: *const Value,
        len: usize,
    ) -> Ref<Tuple> {
        let t = heap.alloc_with(class, Tuple { len }, len * size_of::<Value>());
        // SAFETY: by contract; the block has room for `len` values.
        unsafe {
            let slots = t.as_ptr().as_ptr().add(1).cast::<Value>();
            std::ptr::copy_nonoverlapping(from, slots, len);
        }
        t
    }
}

impl std::ops::Deref for Tuple {
    type Target = [Value];
    #[inline]
    fn deref(&self) -> &[Value] {
        // SAFETY: `len` initialised values stand behind the payload; a Tuple exists only inside its object.
        unsafe {
            let items = (self as *const Tuple)
                .cast::<u8>()
                .add(size_of::<Tuple>())
                .cast::<Value>();
            std::slice::from_raw_parts(items, self.len)
        }
    }
}

/// `list`. No borrow of the items leaves this file except through closures that run no Python.
#[derive(Default)]
pub struct List {
    items: RefCell<Vec<Value>>,
}

impl Payload for List {
    const KIND: Kind = Kind::List;
    const CONTAINER: bool = true;
    const NAME: &'static str = "list";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let items = self.items.borrow();
        for (i, v) in items.iter().enumerate() {
            if let Some(soon) = items.get(i + 2 * PREFETCH_DISTANCE) {
                soon.prefetch();
            }
            visit(v);
        }
    }
    fn clear(&self) {
        drop_back(self.items.take());
    }
}

impl Drop for List {
    fn drop(&mut self) {
        drop_back(std::mem::take(self.items.get_mut()));
    }
}

/// Drops items from the last to the first, which is the order their finalizers run in.
fn drop_back(mut items: Vec<Value>) {
    while let Some(v) = items.pop() {
        // No cache may hold what a long list leads to.
        if let Some(soon) = items.len().checked_sub(2 * PREFETCH_DISTANCE) {
            items[soon].prefetch();
        }
        drop(v);
    }
}

/// How many items ahead memory is asked for.
const PREFETCH_DISTANCE: usize = 8;
/// Lists of more items than this lead to more than a cache holds.
const LONG_LIST_LEN: usize = 4096;

impl List {
    pub fn new(items: Vec<Value>) -> List {
        List {
            items: RefCell::new(items),
        }
    }
    #[inline]
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    #[inline]
    pub fn get(&self, i: usize) -> Option<Value> {
        self.items.borrow().get(i).cloned()
    }
    /// Replaces an item; false when there is no such index.
    #[inline]
    pub fn set(&self, i: usize, v: Value) -> bool {
        let old = match self.items.borrow_mut().get_mut(i) {
            Some(slot) => std::mem::replace(slot, v),
            None => return false,
        };
        drop(old);
        true
    }
    #[inline]
    pub fn push(&self, v: Value) {
        self.items.borrow_mut().push(v);
    }
    /// Appends an item, or gives it back when there is no memory.
    #[inline]
    pub fn try_push(&self, v: Value) -> Result<(), Value> {
        let mut items = self.items.borrow_mut();
        if items.len() == items.capacity() {
            if !crate::memory::reserve::try_grow(&mut items, 1) {
                return Err(v);
            }
            v.check_count();
        }
        items.push(v);
        Ok(())
    }
    /// Takes memory for so many more items. False: there is none.
    pub fn try_reserve(&self, more: usize) -> bool {
        let mut items = self.items.borrow_mut();
        items.capacity() - items.len() >= more || crate::memory::reserve::try_grow(&mut items, more)
    }
    pub fn pop(&self) -> Option<Value> {
        self.items.borrow_mut().pop()
    }
    pub fn insert(&self, i: usize, v: Value) {
        let mut items = self.items.borrow_mut();
        let i = i.min(items.len());
        items.insert(i, v);
    }
    pub fn remove(&self, i: usize) -> Option<Value> {
        let mut items = self.items.borrow_mut();
        if i < items.len() {
            Some(items.remove(i))
        } else {
            None
        }
    }
    /// A copy of the items, for walking while Python may change the list.
    pub fn to_vec(&self) -> Vec<Value> {
        self.items.borrow().clone()
    }
    pub fn extend(&self, values: impl IntoIterator<Item = Value>) {
        self.items.borrow_mut().extend(values);
    }
    /// Takes all items out, leaving the list empty.
    /// Removes every item.
    pub fn clear(&self) {
        drop_back(self.items.take());
    }
    pub fn take(&self) -> Vec<Value> {
        self.items.take()
    }
    /// Puts items in place of the present ones, which are returned.
    pub fn replace(&self, items: Vec<Value>) -> Vec<Value> {
        self.items.replace(items)
    }
    /// Reads the items. `f` must not run Python.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&[Value]) -> R) -> R {
        f(&self.items.borrow())
    }
    /// An item of a list that is gone through.
    #[inline]
    fn get_and_prefetch(&self, i: usize) -> Option<Value> {
        let items = self.items.borrow();
        if items.len() > LONG_LIST_LEN
            && let Some(soon) = items.get(i + PREFETCH_DISTANCE)
        {
            soon.prefetch();
        }
        items.get(i).cloned()
    }
    /// Changes the items. `f` must not run Python.
    #[inline]
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut Vec<Value>) -> R) -> R {
        f(&mut self.items.borrow_mut())
    }
}

/// Iterator over a list by index; sees changes as CPython's does. `list` is emptied at the end.
pub struct ListIter {
    pub list: RefCell<Option<Ref<List>>>,
    pub index: Cell<usize>,
}
impl Payload for ListIter {
    const KIND: Kind = Kind::ListIter;
    const CONTAINER: bool = true;
    const NAME: &'static str = "list_iterator";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(l) = &*self.list.borrow() {
            visit(l.as_value());
        }
    }
}
impl ListIter {
    #[inline]
    pub fn next(&self) -> Option<Value> {
        let i = self.index.get();
        let item = self.list.borrow().as_ref()?.get_and_prefetch(i);
        match item {
            Some(v) => {
                self.index.set(i + 1);
                Some(v)
            }
            None => {
                let list = self.list.take();
                drop(list);
                None
            }
        }
    }
}

pub struct TupleIter {
    pub tuple: Ref<Tuple>,
    pub index: Cell<usize>,
}
impl Payload for TupleIter {
    const KIND: Kind = Kind::TupleIter;
    const CONTAINER: bool = true;
    const NAME: &'static str = "tuple_iterator";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.tuple.as_value());
    }
}
impl TupleIter {
    #[inline]
    pub fn next(&self) -> Option<Value> {
        let i = self.index.get();
        let v = self.tuple.get(i)?.clone();
        self.index.set(i + 1);
        Some(v)
    }
}
