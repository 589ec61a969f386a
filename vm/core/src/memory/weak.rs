//! The side table of weak references: those to one object form a list through the references themselves, oldest first
//! (`wr_prev` and `wr_next` in CPython's Objects/weakrefobject.c), so that one leaves it without a look at the others.
use super::{Header, Heap, Obj, Pending, Ref, Value, flag};
use crate::objects::{Type, WeakRef};
use std::cell::Cell;
use std::ptr::NonNull;

type Node = NonNull<Obj<WeakRef>>;

/// A reference's neighbours in the list of its referent.
#[derive(Debug, Default)]
pub(crate) struct WeakLinks {
    older: Cell<Option<Node>>,
    newer: Cell<Option<Node>>,
}

/// The ends of one referent's list.
#[derive(Debug)]
pub(crate) struct WeakList {
    oldest: Node,
    newest: Node,
}

/// # Safety
/// `node` stands in a list of the table: a reference takes itself out when it dies.
unsafe fn weak<'a>(node: Node) -> &'a Obj<WeakRef> {
    // SAFETY: by contract.
    unsafe { node.as_ref() }
}

impl Heap {
    /// Whether there is memory for one referent more.
    pub(crate) fn has_room_for_weakref(&self) -> bool {
        self.weakrefs.borrow_mut().try_reserve(1).is_ok()
    }
    pub(crate) fn add_weakref(&self, target: &Value, new: &Ref<WeakRef>) {
        let Some(h) = target.header() else { return };
        h.set(flag::WEAKREF);
        let node = new.as_ptr();
        let mut table = self.weakrefs.borrow_mut();
        let list = table.entry(target.address()).or_insert(WeakList {
            oldest: node,
            newest: node,
        });
        if list.newest != node {
            new.links.older.set(Some(list.newest));
            // SAFETY: it stands in this list.
            unsafe { weak(list.newest) }
                .data
                .links
                .newer
                .set(Some(node));
            list.newest = node;
        }
    }

    /// Whether a weak reference to any object satisfies a condition.
    pub(super) fn any_weakref(&self, condition: impl Fn(&WeakRef) -> bool) -> bool {
        let table = self.weakrefs.borrow();
        table.values().any(|list| {
            let nodes = std::iter::successors(Some(list.oldest), |node| {
                // SAFETY: it stands in the list, and so does what follows it.
                unsafe { weak(*node) }.data.links.newer.get()
            });
            // SAFETY: as above.
            nodes
                .into_iter()
                .any(|node| condition(unsafe { &weak(node).data }))
        })
    }

    /// Takes a weak reference that dies before its referent out of the table.
    pub(crate) fn drop_weakref(&self, target: NonNull<Header>, node: Node) {
        let mut table = self.weakrefs.borrow_mut();
        let address = target.as_ptr().addr();
        let Some(list) = table.get_mut(&address) else {
            return;
        };
        // SAFETY: the dying reference is still whole, and its neighbours stand in the list.
        let (older, newer) = unsafe {
            let links = &weak(node).data.links;
            let (older, newer) = (links.older.take(), links.newer.take());
            if let Some(older) = older {
                weak(older).data.links.newer.set(newer);
            }
            if let Some(newer) = newer {
                weak(newer).data.links.older.set(older);
            }
            (older, newer)
        };
        match (older, newer) {
            (None, None) => drop(table.remove(&address)),
            (None, Some(newer)) => list.oldest = newer,
            (Some(older), None) => list.newest = older,
            (Some(_), Some(_)) => {}
        }
    }

    /// The weak references to an object, oldest first.
    pub(crate) fn weakrefs_of(&self, target: &Value) -> Vec<Ref<WeakRef>> {
        let table = self.weakrefs.borrow();
        let mut found = Vec::new();
        let mut next = table.get(&target.address()).map(|list| list.oldest);
        while let Some(node) = next {
            // SAFETY: it stands in the list.
            let w = unsafe { weak(node) };
            // One whose count is 0 is about to take itself out.
            if w.header.refs.get() > 0 {
                w.header.add_ref();
                // SAFETY: alive, and the count was just added.
                found.push(unsafe { Ref::from_raw(node) });
            }
            next = w.data.links.newer.get();
        }
        found
    }

    /// Clears the weak references to a dying object and queues their callbacks, last made first.
    pub(super) fn clear_weakrefs(&self, p: NonNull<Header>) {
        // SAFETY: the caller keeps the object's header alive.
        unsafe { p.as_ref() }.unset(flag::WEAKREF);
        let list = self.weakrefs.borrow_mut().remove(&p.as_ptr().addr());
        let mut next = list.map(|list| list.newest);
        while let Some(node) = next {
            // SAFETY: it stood in the list, and leaves it here. Nothing is released before the loop goes on, but for the
            // callback, which is queued.
            let w = unsafe { weak(node) };
            next = w.data.links.older.take();
            w.data.links.newer.set(None);
            w.data.target.set(None);
            let callback = w.data.callback.take();
            if let Some(callback) = callback {
                if w.header.refs.get() > 0 {
                    w.header.add_ref();
                    // SAFETY: the count was just added.
                    let weakref = unsafe { Ref::from_raw(node) };
                    self.push_pending(Pending::WeakCallback {
                        callback,
                        weakref: weakref.into(),
                    });
                } else {
                    // Its release may free further references, also the next of this list.
                    self.push_pending(Pending::Release(callback));
                }
            }
        }
    }
}

/// A new reference to the referent of a weak reference in the table.
pub(crate) fn upgrade(target: Option<NonNull<Header>>) -> Option<Value> {
    let p = target?;
    // SAFETY: a weak reference's target is taken from it before the referent is freed.
    unsafe {
        let h = p.as_ref();
        if h.refs.get() == 0 {
            return None;
        }
        h.add_ref();
        Some(Ref::<Type>::from_raw(p.cast()).into())
    }
}
