//! Free lists of one payload type each, in front of the size classes (3.8's `ag_asend_freelist` and `ag_value_freelist`
//! in Objects/genobject.c).
//!
//! A pooled object carries a flag in its header, so that releasing any other object does not ask for pools. `LASTI_FREELIST=0`
//! leaves the flag out, and every object goes through its size class.
use super::header::{Header, flag};
use super::{GRAIN, Heap, Kind, Payload, Ref};
use crate::objects::Type;
use std::cell::Cell;
use std::ptr::NonNull;

/// Slots a list keeps, as 3.8's `_PyAsyncGen_MAXFREELIST`.
const MAX_FREE: u32 = 80;

/// Which list an object belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pooled {
    Asend,
    Wrapped,
}

/// One list of spare slots with its counters.
pub(crate) struct Pool {
    first: Cell<*mut Header>,
    spare: Cell<u32>,
    reused: Cell<u64>,
    made: Cell<u64>,
    returned: Cell<u64>,
}

impl Default for Pool {
    fn default() -> Pool {
        Pool {
            first: Cell::new(std::ptr::null_mut()),
            spare: Cell::new(0),
            reused: Cell::new(0),
            made: Cell::new(0),
            returned: Cell::new(0),
        }
    }
}

/// What can be read of a free list; objects are counted since the interpreter started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounters {
    /// Slots in the list now, at most 80.
    pub free: u64,
    /// Objects that took a slot out of the list.
    pub reused: u64,
    /// Objects made while the list was empty or switched off.
    pub made: u64,
    /// Slots put back into the list.
    pub returned: u64,
}

fn add_one(c: &Cell<u64>) {
    c.set(c.get() + 1);
}

impl Heap {
    /// Allocates an object whose slot comes from its pool, if one is there, and goes back to it.
    #[inline]
    pub(crate) fn alloc_pooled<T: Payload>(
        &self,
        which: Pooled,
        class: &Ref<Type>,
        data: T,
    ) -> Ref<T> {
        let pool = &self.pools[which as usize];
        let slot = pool.first.get();
        if slot.is_null() {
            add_one(&pool.made);
        } else {
            let size_class = size_of::<super::Obj<T>>().div_ceil(GRAIN);
            // Moved to the front of the size class, from where the allocation takes it at once.
            // SAFETY: a spare slot keeps the next one in its class field.
            unsafe {
                let link = (*slot).class.as_ptr().cast::<*mut Header>();
                pool.first.set(link.read());
                link.write(self.free[size_class].get());
            }
            self.free[size_class].set(slot);
            pool.spare.set(pool.spare.get() - 1);
            add_one(&pool.reused);
        }
        let object = self.alloc(class, data);
        if self.pooling.get() {
            object.head().set(flag::POOLED);
        }
        object
    }

    /// Takes a pooled object's slot; false when its pool is full.
    ///
    /// # Safety
    /// As for `give_back`; the payload is dropped.
    pub(super) unsafe fn return_to_pool(&self, p: NonNull<Header>) -> bool {
        // SAFETY: the header is still intact.
        let h = unsafe { p.as_ref() };
        let which = match h.kind.get() {
            Kind::Asend => Pooled::Asend,
            _ => Pooled::Wrapped,
        };
        let pool = &self.pools[which as usize];
        if pool.spare.get() >= MAX_FREE {
            return false;
        }
        h.kind.set(Kind::Free);
        h.flags.set(h.flags.get() & flag::YOUNG);
        // SAFETY: the payload is dropped; the class field of a free slot holds the link, and the class itself is
        // released by the caller.
        unsafe {
            #[cfg(debug_assertions)]
            p.as_ptr()
                .cast::<u8>()
                .add(16)
                .write_bytes(0xDB, h.size_class as usize * GRAIN - 16);
            h.class
                .as_ptr()
                .cast::<*mut Header>()
                .write(pool.first.get());
        }
        pool.first.set(p.as_ptr());
        pool.spare.set(pool.spare.get() + 1);
        add_one(&pool.returned);
        true
    }

    /// Switches the free lists off or on for objects made from now on.
    pub fn set_pooling(&self, on: bool) {
        self.pooling.set(on);
    }

    pub(crate) fn pool_counters(&self, which: Pooled) -> PoolCounters {
        let p = &self.pools[which as usize];
        PoolCounters {
            free: p.spare.get() as u64,
            reused: p.reused.get(),
            made: p.made.get(),
            returned: p.returned.get(),
        }
    }
}
