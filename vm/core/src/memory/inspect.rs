//! What the `gc` module shows of the collector and the heap.
use super::gc::{GcStats, traverse};
use super::header::flag;
use super::{GRAIN, Heap, Kind, Obj, Payload, Ref, Value};
use crate::objects::{Code, Type, WeakRef};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::ptr::NonNull;

impl Heap {
    pub fn set_gc_enabled(&self, on: bool) {
        self.gc.enabled.set(on);
    }
    pub fn gc_enabled(&self) -> bool {
        self.gc.enabled.get()
    }
    /// Containers made since the last collection, less those released.
    pub fn gc_balance(&self) -> i64 {
        self.gc.balance()
    }
    /// Figures of young and of full collections.
    pub fn gc_stats(&self) -> [GcStats; 2] {
        self.gc.stats.get()
    }
    /// Every live container.
    pub fn gc_objects(&self) -> Vec<Value> {
        let mut out = Vec::new();
        self.for_each_object(|p| {
            // SAFETY: visited objects are live; a count is added for the reference made here.
            unsafe {
                let h = p.as_ref();
                if h.has(flag::CONTAINER) && h.refs.get() > 0 {
                    h.add_ref();
                    out.push(Ref::<Type>::from_raw(p.cast()).into());
                }
            }
        });
        out
    }
    /// Every live object with this payload, those of subclasses too. Only chunks of its slot size are looked at.
    pub fn objects_of<T: Payload>(&self) -> Vec<Value> {
        let mut out = Vec::new();
        let stride = size_of::<Obj<T>>().div_ceil(GRAIN) * GRAIN;
        self.for_each_in_chunks(Some(stride), |p| {
            // SAFETY: visited objects are live; a count is added for the reference made here.
            unsafe {
                let h = p.as_ref();
                if h.refs.get() > 0 && h.class().data.layout().same(T::VTABLE) {
                    h.add_ref();
                    out.push(Value::from_counted(p));
                }
            }
        });
        out
    }
    /// How many objects there are of each class, by its full name as far as that needs no Python. The second number: how many of them
    /// have a reference that no object shows to the collector, such as one on a Rust stack, or a field that `traverse` forgets.
    pub fn census(&self) -> BTreeMap<String, (usize, usize)> {
        let mut shown = FxHashMap::<usize, u32>::default();
        self.for_each_object(|p| {
            // SAFETY: visited objects are live.
            unsafe {
                let mut show = |v: &Value| {
                    if v.is_object() {
                        *shown.entry(v.address()).or_default() += 1;
                    }
                };
                traverse(self, p.as_ptr(), &mut show);
                if p.as_ref().kind.get() == Kind::Code {
                    (*p.as_ptr().cast::<Obj<Code>>())
                        .data
                        .show_cached(&mut show);
                }
            }
        });
        let mut found = BTreeMap::<String, (usize, usize)>::new();
        self.for_each_object(|p| {
            // SAFETY: visited objects are live.
            let h = unsafe { p.as_ref() };
            let class = &h.class().data;
            let kind = if class.is_heap_type() {
                "instance of "
            } else {
                ""
            };
            let (count, held) = found.entry(format!("{kind}{}", class.name())).or_default();
            *count += 1;
            let by_objects = shown.get(&p.as_ptr().addr()).copied().unwrap_or(0);
            *held += (h.refs.get() > by_objects) as usize;
        });
        found
    }
    /// Whether Python would hear of an object's end: one with a finalizer that did not run, or a weak reference that calls back.
    pub fn has_finalizers(&self) -> bool {
        if self.any_weakref(WeakRef::has_callback) {
            return true;
        }
        let mut found = false;
        self.for_each_object(|p| {
            // SAFETY: visited objects are live.
            let h = unsafe { p.as_ref() };
            found |= h.has(flag::FINALIZE | flag::HAS_DEL) && !h.has(flag::FINALIZED);
        });
        found
    }
    /// Whether its finalizer was queued or has run.
    pub fn gc_is_finalized(&self, v: &Value) -> bool {
        v.header().is_some_and(|h| h.has(flag::FINALIZED))
    }
    /// Whether the collector looks at it.
    pub fn gc_is_tracked(&self, v: &Value) -> bool {
        v.header().is_some_and(|h| h.has(flag::CONTAINER))
    }
    /// What an object refers to directly, its class included where that is no native one.
    pub fn gc_referents(&self, v: &Value) -> Vec<Value> {
        let mut out = Vec::new();
        if let Some(h) = v.header()
            && h.has(flag::CONTAINER)
        {
            let p = NonNull::from(h).as_ptr();
            // SAFETY: the value keeps its object alive; the visitor only clones.
            unsafe { traverse(self, p, &mut |x| out.push(x.clone())) };
        }
        out.retain(|x| x.is_object());
        out
    }
}
