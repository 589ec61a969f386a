//! `set` and `frozenset` storage: a dict of keys, with the same two-step look-up.
use crate::memory::{Kind, Payload, Ref, Value};
use crate::objects::Dict;
use std::cell::Cell;

pub struct Set {
    /// Keys with None as value.
    pub dict: Dict,
    /// Cached hash of a frozenset; 0 while not computed.
    pub hash: Cell<u64>,
}

impl Payload for Set {
    const KIND: Kind = Kind::Set;
    const CONTAINER: bool = true;
    const NAME: &'static str = "set";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.dict.traverse(visit);
    }
    fn clear(&self) {
        self.dict.clear_entries();
    }
}

impl Default for Set {
    fn default() -> Set {
        Set {
            dict: Dict::default(),
            hash: Cell::new(0),
        }
    }
}

impl Set {
    pub fn len(&self) -> usize {
        self.dict.len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub fn to_vec(&self) -> Vec<Value> {
        self.dict.keys()
    }
}

/// Iterator over a set.
pub struct SetIter {
    pub set: Ref<Set>,
    pub index: Cell<usize>,
    /// Items when the iterator was made, and how many of them are still to come.
    pub size: usize,
    pub remaining: Cell<usize>,
}
impl Payload for SetIter {
    const CONTAINER: bool = true;
    const NAME: &'static str = "set_iterator";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.set.as_value());
    }
}
