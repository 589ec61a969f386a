//! Cells for references inside payloads: read by copy, so that no borrow is ever open while Python runs.
use super::{Payload, Ref, Value};
use std::cell::UnsafeCell;

/// A changeable value. Reading clones it; replacing drops the old one afterwards.
#[repr(transparent)]
pub struct Slot(UnsafeCell<Value>);

impl Slot {
    #[inline]
    pub const fn new(v: Value) -> Slot {
        Slot(UnsafeCell::new(v))
    }
    /// An unbound slot.
    #[inline]
    pub const fn empty() -> Slot {
        Slot::new(Value::UNBOUND)
    }
    #[inline(always)]
    pub fn get(&self) -> Value {
        // SAFETY: no reference to the content outlives a method of this type; cloning runs no other code.
        unsafe { (*self.0.get()).clone() }
    }
    /// The value, unless unbound.
    #[inline(always)]
    pub fn get_bound(&self) -> Option<Value> {
        let v = self.get();
        if v.is_unbound() { None } else { Some(v) }
    }
    #[inline(always)]
    pub fn set(&self, v: Value) {
        drop(self.replace(v));
    }
    #[inline(always)]
    pub fn replace(&self, v: Value) -> Value {
        // SAFETY: as for `get`; the old value is moved out before anything is dropped.
        unsafe { std::mem::replace(&mut *self.0.get(), v) }
    }
    /// Takes the value out, leaving the slot unbound.
    #[inline]
    pub fn take(&self) -> Value {
        self.replace(Value::UNBOUND)
    }
    #[inline]
    pub fn is_unbound(&self) -> bool {
        // SAFETY: as for `get`.
        unsafe { (*self.0.get()).is_unbound() }
    }
    /// Asks for two lines of its object's memory, which will be needed soon.
    #[inline(always)]
    pub fn prefetch_two(&self) {
        // SAFETY: as for `get`.
        unsafe { (*self.0.get()).prefetch_two() }
    }
    /// Whether it holds this very value.
    #[inline]
    pub fn holds(&self, v: &Value) -> bool {
        // SAFETY: as for `get`.
        unsafe { (*self.0.get()).is(v) }
    }
    /// Shows the collector the reference, if it holds one.
    #[inline(always)]
    pub fn visit(&self, visit: &mut dyn FnMut(&Value)) {
        // SAFETY: visitors of the collector neither release nor replace anything.
        let v = unsafe { &*self.0.get() };
        if v.is_object() {
            visit(v);
        }
    }
}

impl Default for Slot {
    fn default() -> Slot {
        Slot::empty()
    }
}

/// A changeable typed reference, or none.
#[repr(transparent)]
pub struct RefSlot<T: Payload>(UnsafeCell<Option<Ref<T>>>);

impl<T: Payload> RefSlot<T> {
    pub const fn new(r: Option<Ref<T>>) -> RefSlot<T> {
        RefSlot(UnsafeCell::new(r))
    }
    #[inline(always)]
    pub fn get(&self) -> Option<Ref<T>> {
        // SAFETY: no reference to the content outlives a method of this type.
        unsafe { (*self.0.get()).clone() }
    }
    #[inline]
    pub fn set(&self, r: Option<Ref<T>>) {
        drop(self.replace(r));
    }
    #[inline]
    pub fn replace(&self, r: Option<Ref<T>>) -> Option<Ref<T>> {
        // SAFETY: as above; the old reference is moved out before it is dropped.
        unsafe { std::mem::replace(&mut *self.0.get(), r) }
    }
    pub fn take(&self) -> Option<Ref<T>> {
        self.replace(None)
    }
    pub fn is_none(&self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.0.get()).is_none() }
    }
    /// The reference or None, as a Python value.
    pub fn value(&self) -> Value {
        self.get().map_or(Value::NONE, Value::from)
    }
    pub fn visit(&self, visit: &mut dyn FnMut(&Value)) {
        // SAFETY: visitors of the collector neither release nor replace anything.
        if let Some(r) = unsafe { &*self.0.get() } {
            visit(r.as_value());
        }
    }
}

impl<T: Payload> Default for RefSlot<T> {
    fn default() -> RefSlot<T> {
        RefSlot::new(None)
    }
}
