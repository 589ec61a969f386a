//! The method cache: what a look-up through a type's MRO found, by the type's version and the interned name.
//!
//! It grows with what it is asked for, since a short script would pay for every page of a large one.
use crate::memory::{Ref, Value};
use crate::objects::Str;
use std::cell::{Cell, RefCell};

const FIRST: usize = 256;
const LARGEST: usize = 4096;

struct Entry {
    /// 0 where nothing was kept yet.
    version: u32,
    name: usize,
    /// What the look-up found; a strong reference.
    value: Option<Value>,
    /// Keeps the name's address from being used again.
    _name: Option<Ref<Str>>,
}

const EMPTY: Entry = Entry {
    version: 0,
    name: 0,
    value: None,
    _name: None,
};

pub(crate) struct TypeCache {
    /// A power of two of them.
    entries: RefCell<Box<[Entry]>>,
    used: Cell<usize>,
}

fn empty(len: usize) -> Box<[Entry]> {
    std::iter::repeat_with(|| EMPTY).take(len).collect()
}

#[inline(always)]
fn slot(version: u32, name: usize, len: usize) -> usize {
    (version as usize ^ (name >> 4)) & (len - 1)
}

impl Default for TypeCache {
    fn default() -> TypeCache {
        TypeCache {
            entries: RefCell::new(empty(FIRST)),
            used: Cell::new(0),
        }
    }
}

impl TypeCache {
    /// What the look-up of this name found the last time, if that is known. The version is not 0.
    #[inline(always)]
    pub fn get(&self, version: u32, name: usize) -> Option<Option<Value>> {
        let entries = self.entries.borrow();
        let e = &entries[slot(version, name, entries.len())];
        (e.version == version && e.name == name).then(|| e.value.clone())
    }

    pub fn put(&self, version: u32, name: &Ref<Str>, value: Option<Value>) {
        let new = Entry {
            version,
            name: name.as_value().address(),
            value,
            _name: Some(name.clone()),
        };
        if 2 * self.used.get() > self.entries.borrow().len() {
            self.grow();
        }
        let mut entries = self.entries.borrow_mut();
        let i = slot(new.version, new.name, entries.len());
        let old = std::mem::replace(&mut entries[i], new);
        drop(entries);
        self.used.set(self.used.get() + (old.version == 0) as usize);
        drop(old);
    }

    #[cold]
    fn grow(&self) {
        let len = 2 * self.entries.borrow().len();
        if len > LARGEST {
            return;
        }
        let old = self.entries.replace(empty(len));
        let mut entries = self.entries.borrow_mut();
        for e in old {
            // No two of the smaller table fall together in the larger one.
            let i = slot(e.version, e.name, len);
            if e.version != 0 {
                entries[i] = e;
            }
        }
    }

    /// Lets go of everything, so that it keeps nothing alive.
    pub fn clear(&self) {
        if self.used.replace(0) > 0 {
            let old = self.entries.replace(empty(FIRST));
            drop(old);
        }
    }
}
