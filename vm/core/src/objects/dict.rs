//! `dict` storage: compact and ordered, an open-addressing index over an entry table.
//!
//! Look-ups that need Python's `__eq__` are done in steps by `Vm::dict_find`: no borrow is open while Python runs. Keys
//! that are strings, ints, or the same object compare here.
use crate::memory::{Heap, Kind, Payload, Ref, Value};
use crate::objects::Str;
use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;

const EMPTY: u32 = u32::MAX;
const DELETED: u32 = u32::MAX - 1;
/// From so many entries on, memory for more is asked for, since the heap's reserve is too small for it.
const MIN_LARGE_ENTRIES: usize = 1 << 15;

#[derive(Clone)]
struct Entry {
    hash: u64,
    /// Unbound when deleted.
    key: Value,
    value: Value,
}

#[derive(Default)]
struct Table {
    entries: Vec<Entry>,
    /// Power-of-two number of cells holding entry numbers; empty while there are at most 8 entries.
    index: Vec<u32>,
    live: usize,
    /// Cells of `index` that are not EMPTY.
    used: usize,
}

#[derive(Default)]
pub struct Dict {
    table: RefCell<Table>,
    /// Changes whenever a key comes, goes or moves: with an entry number it makes an inline cache. 0: none given yet.
    keys_version: Cell<u32>,
    /// Counts every change of the key set, for "changed size during iteration".
    changes: Cell<u32>,
}

/// A key with its hash.
pub struct DictKey<'a> {
    pub hash: u64,
    pub key: &'a Value,
}

/// What a look-up step without Python found.
pub enum Probe {
    Found(usize),
    Absent,
    /// Entry with the same hash whose key must be compared by Python's `==`, and where to go on if it is another.
    Compare(usize, Value, Cursor),
}

/// How far a look-up came. It holds as long as the key set does not change.
#[derive(Clone, Copy, Default)]
pub struct Cursor {
    at: usize,
    step: usize,
}

impl Payload for Dict {
    const KIND: Kind = Kind::Dict;
    const CONTAINER: bool = true;
    const NAME: &'static str = "dict";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for e in &self.table.borrow().entries {
            visit(&e.key);
            visit(&e.value);
        }
    }
    fn clear(&self) {
        self.clear_entries();
    }
}

fn simple_eq(a: &Value, b: &Value) -> Option<bool> {
    if a.is(b) {
        return Some(true);
    }
    if let (Some(a), Some(b)) = (a.as_ref::<Str>(), b.as_ref::<Str>()) {
        // Subclasses of str may define __eq__.
        if a.class().is(b.class()) && !a.class().is_heap_type() {
            return Some(a.as_bytes() == b.as_bytes());
        }
        return None;
    }
    if a.as_small_int().is_some() && b.as_small_int().is_some() {
        return Some(false);
    }
    if a.is_none() || b.is_none() {
        let other = if a.is_none() { b } else { a };
        if !other.is_object() {
            return Some(false);
        }
    }
    None
}

impl Table {
    fn probe(&self, k: &DictKey, from: Cursor) -> Probe {
        let check = |n: usize, e: &Entry, next: Cursor| -> Option<Probe> {
            if e.hash != k.hash || e.key.is_unbound() {
                return None;
            }
            match simple_eq(&e.key, k.key) {
                Some(true) => Some(Probe::Found(n)),
                Some(false) => None,
                None => Some(Probe::Compare(n, e.key.clone(), next)),
            }
        };
        if self.index.is_empty() {
            for (n, e) in self.entries.iter().enumerate().skip(from.step) {
                let next = Cursor { at: 0, step: n + 1 };
                if let Some(p) = check(n, e, next) {
                    return p;
                }
            }
            return Probe::Absent;
        }
        let mask = self.index.len() - 1;
        let (mut at, mut step) = match from.step {
            0 => (spread(k.hash) & mask, 0),
            step => (from.at & mask, step),
        };
        loop {
            match self.index[at] {
                EMPTY => return Probe::Absent,
                DELETED => {}
                n => {
                    let next = Cursor {
                        at: (at + step + 1) & mask,
                        step: step + 1,
                    };
                    if let Some(p) = check(n as usize, &self.entries[n as usize], next) {
                        return p;
                    }
                }
            }
            step += 1;
            at = (at + step) & mask;
        }
    }

    /// The entry that a key's hash leads to first, if it holds that very object: nearly every look-up of an int or an
    /// interned string that succeeds.
    #[inline]
    fn first(&self, k: &DictKey) -> Option<usize> {
        let mask = self.index.len().checked_sub(1)?;
        let n = self.index[spread(k.hash) & mask] as usize;
        let e = self.entries.get(n)?;
        (e.hash == k.hash && e.key.bits() == k.key.bits()).then_some(n)
    }

    /// The entry of a string key, by identity or text.
    #[inline]
    fn find_str(&self, key: &Str, key_bits: u64, hash: u64) -> Option<usize> {
        let same = |e: &Entry| {
            e.hash == hash
                && (e.key.bits() == key_bits
                    || e.key
                        .downcast::<Str>()
                        .is_some_and(|s| s.as_bytes() == key.as_bytes()))
        };
        if self.index.is_empty() {
            return self.entries.iter().position(same);
        }
        let mask = self.index.len() - 1;
        let mut at = spread(hash) & mask;
        let mut step = 0;
        loop {
            match self.index[at] {
                EMPTY => return None,
                DELETED => {}
                n => {
                    if same(&self.entries[n as usize]) {
                        return Some(n as usize);
                    }
                }
            }
            step += 1;
            at = (at + step) & mask;
        }
    }

    fn live_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| !e.key.is_unbound())
    }

    /// Whether the key is here; `None` when Python must compare.
    #[inline]
    fn holds(&self, hash: u64, key: &Value) -> Option<bool> {
        if self.index.is_empty() {
            return match self.probe(&DictKey { hash, key }, Cursor::default()) {
                Probe::Found(_) => Some(true),
                Probe::Absent => Some(false),
                Probe::Compare(..) => None,
            };
        }
        let mask = self.index.len() - 1;
        let mut at = spread(hash) & mask;
        let mut step = 0;
        loop {
            match self.index[at] {
                EMPTY => return Some(false),
                DELETED => {}
                n => {
                    let e = &self.entries[n as usize];
                    if e.hash == hash
                        && !e.key.is_unbound()
                        && (e.key.bits() == key.bits() || simple_eq(&e.key, key)?)
                    {
                        return Some(true);
                    }
                }
            }
            step += 1;
            at = (at + step) & mask;
        }
    }

    /// Copies of the entries that `other` has, or has not.
    #[inline]
    fn select(&self, other: &Table, present: bool, out: &mut Vec<Entry>) -> Option<()> {
        for e in self.live_entries() {
            if other.holds(e.hash, &e.key)? == present {
                out.push(e.clone());
            }
        }
        Some(())
    }

    /// A copy without holes.
    fn copy(&self) -> Table {
        let whole = self.live == self.entries.len() && self.used == self.live;
        let mut new = Table {
            entries: self.entries.clone(),
            index: Vec::new(),
            live: self.live,
            used: 0,
        };
        if whole && !self.index.is_empty() {
            new.index = self.index.clone();
            new.used = self.used;
        } else {
            new.rebuild();
        }
        new
    }

    fn index_insert(index: &mut [u32], hash: u64, n: usize) {
        let mask = index.len() - 1;
        let mut at = spread(hash) & mask;
        let mut step = 0;
        while index[at] != EMPTY {
            step += 1;
            at = (at + step) & mask;
        }
        index[at] = n as u32;
    }

    /// Drops deleted entries and sizes the index for the live ones.
    fn rebuild(&mut self) {
        if self.live < self.entries.len() {
            self.entries.retain(|e| !e.key.is_unbound());
        }
        if self.entries.len() < 8 {
            self.index = Vec::new();
            self.used = 0;
            return;
        }
        let size = (self.entries.len() * 3).next_power_of_two();
        self.index.clear();
        self.index.resize(size, EMPTY);
        for (n, e) in self.entries.iter().enumerate() {
            Table::index_insert(&mut self.index, e.hash, n);
        }
        self.used = self.entries.len();
    }

    #[inline]
    fn crowded(&self) -> bool {
        if self.index.is_empty() {
            self.entries.len() >= 8
        } else {
            (self.used + 1) * 3 > self.index.len() * 2
        }
    }

    /// Whether there is memory for one entry more.
    #[inline]
    fn has_room(&mut self) -> bool {
        self.entries.len() < MIN_LARGE_ENTRIES
            || (self.entries.len() < self.entries.capacity() && !self.crowded())
            || self.make_room()
    }

    /// Takes the memory that the next entry needs. False: there is none.
    #[cold]
    fn make_room(&mut self) -> bool {
        if self.entries.try_reserve(1).is_err() {
            return false;
        }
        if self.crowded() {
            let size = ((self.live + 1) * 3).next_power_of_two();
            // The old index is of no use any more once entries move, but until then the dict must be whole.
            let more = size.saturating_sub(self.index.len());
            return self.index.try_reserve_exact(more).is_ok();
        }
        true
    }

    fn push(&mut self, hash: u64, key: Value, value: Value) {
        let crowded = self.crowded();
        let n = self.entries.len();
        self.entries.push(Entry { hash, key, value });
        self.live += 1;
        if crowded {
            self.rebuild();
        } else if !self.index.is_empty() {
            Table::index_insert(&mut self.index, hash, n);
            self.used += 1;
        }
    }

    fn remove(&mut self, n: usize) -> (Value, Value) {
        if !self.index.is_empty() {
            let mask = self.index.len() - 1;
            let mut at = spread(self.entries[n].hash) & mask;
            let mut step = 0;
            while self.index[at] != n as u32 {
                step += 1;
                at = (at + step) & mask;
            }
            self.index[at] = DELETED;
        }
        self.live -= 1;
        let e = &mut self.entries[n];
        let key = std::mem::replace(&mut e.key, Value::UNBOUND);
        let value = std::mem::replace(&mut e.value, Value::UNBOUND);
        (key, value)
    }

    /// Takes holes off the end, so that a dict emptied from there does not look at them again. Other removals leave
    /// theirs: an iterator tells by them that keys were exchanged.
    fn trim(&mut self) {
        while self.entries.last().is_some_and(|e| e.key.is_unbound()) {
            self.entries.pop();
        }
        if self.live == 0 {
            self.index = Vec::new();
            self.used = 0;
        }
    }
}

#[inline]
fn spread(hash: u64) -> usize {
    (hash ^ (hash >> 32) ^ (hash >> 16)) as usize
}

impl Dict {
    #[inline]
    pub fn len(&self) -> usize {
        self.table.borrow().live
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn keys_changed(&self) {
        self.keys_version.set(0);
        self.changes.set(self.changes.get().wrapping_add(1));
    }
    /// Counts changes of the key set.
    pub fn changes(&self) -> u32 {
        self.changes.get()
    }
    /// The version of the key layout, given now if there is none. None: the numbers are used up, do not cache.
    pub fn keys_version(&self, heap: &Heap) -> Option<NonZeroU32> {
        if self.keys_version.get() == 0 {
            let version = heap.versions.dict_keys.next();
            self.keys_version.set(version.map_or(0, NonZeroU32::get));
        }
        NonZeroU32::new(self.keys_version.get())
    }
    /// The present version, or 0.
    #[inline(always)]
    pub fn current_version(&self) -> u32 {
        self.keys_version.get()
    }

    /// See [`Table::first`].
    #[inline]
    pub(crate) fn first(&self, k: &DictKey) -> Option<usize> {
        self.table.borrow().first(k)
    }
    /// One step of a look-up: see [`Probe`].
    pub(crate) fn probe(&self, k: &DictKey, from: Cursor) -> Probe {
        self.table.borrow().probe(k, from)
    }
    pub(crate) fn insert_new(&self, hash: u64, key: Value, value: Value) {
        self.table.borrow_mut().push(hash, key, value);
        self.keys_changed();
    }
    /// Whether there is memory for one entry more, which is taken then.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.table.borrow_mut().has_room()
    }
    pub fn value_at(&self, n: usize) -> Value {
        self.table.borrow().entries[n].value.clone()
    }
    /// The value of entry `n` if there is one there.
    #[inline(always)]
    pub(crate) fn get_at(&self, n: usize) -> Option<Value> {
        // SAFETY: the reference goes before anything else happens; cloning a value runs nothing. (An ordinary borrow
        // would count itself in and out, on the way of every global.)
        let table = unsafe { self.table.try_borrow_unguarded() }.ok()?;
        table.entries.get(n).map(|e| e.value.clone())
    }
    /// Where the value of entry `n` stands until [`Dict::current_version`] changes.
    pub(crate) fn place_of(&self, n: usize) -> *const Value {
        &raw const self.table.borrow().entries[n].value
    }
    #[inline(always)]
    pub(crate) fn replace_at(&self, n: usize, value: Value) -> Value {
        std::mem::replace(&mut self.table.borrow_mut().entries[n].value, value)
    }
    pub fn remove_at(&self, n: usize) -> (Value, Value) {
        let pair = self.table.borrow_mut().remove(n);
        self.keys_changed();
        pair
    }

    /// `popitem`: the last entry.
    pub fn pop_last(&self) -> Option<(Value, Value)> {
        let (n, ..) = self.previous_entry(usize::MAX)?;
        let mut table = self.table.borrow_mut();
        let pair = table.remove(n);
        table.trim();
        drop(table);
        self.keys_changed();
        Some(pair)
    }

    /// The entry number of a string key.
    #[inline]
    pub(crate) fn find_str(&self, key: &Ref<Str>, hash: u64) -> Option<usize> {
        self.table
            .borrow()
            .find_str(key, key.as_value().bits(), hash)
    }

    /// The hashes of the keys.
    pub(crate) fn each_hash(&self, visit: impl FnMut(u64)) {
        let table = self.table.borrow();
        table.live_entries().map(|e| e.hash).for_each(visit);
    }

    /// The next live entry at or after `from`: its number, key and value.
    #[inline]
    pub fn next_entry(&self, from: usize) -> Option<(usize, Value, Value)> {
        let table = self.table.borrow();
        let mut n = from;
        while let Some(e) = table.entries.get(n) {
            if !e.key.is_unbound() {
                return Some((n, e.key.clone(), e.value.clone()));
            }
            n += 1;
        }
        None
    }
    /// The last live entry at or before `from` (exclusive).
    pub fn previous_entry(&self, from: usize) -> Option<(usize, Value, Value)> {
        let table = self.table.borrow();
        let mut n = from.min(table.entries.len());
        while n > 0 {
            n -= 1;
            let e = &table.entries[n];
            if !e.key.is_unbound() {
                return Some((n, e.key.clone(), e.value.clone()));
            }
        }
        None
    }
    pub fn entry_hash(&self, n: usize) -> u64 {
        self.table.borrow().entries[n].hash
    }
    /// Bytes that a copy takes.
    pub fn footprint(&self) -> usize {
        let table = self.table.borrow();
        size_of_val(&table.entries[..]) + size_of_val(&table.index[..])
    }
    /// Entries with their hashes, for copying.
    pub fn snapshot(&self) -> Vec<(u64, Value, Value)> {
        let table = self.table.borrow();
        let live = table.entries.iter().filter(|e| !e.key.is_unbound());
        live.map(|e| (e.hash, e.key.clone(), e.value.clone()))
            .collect()
    }
    pub fn keys(&self) -> Vec<Value> {
        self.snapshot().into_iter().map(|e| e.1).collect()
    }
    pub fn values(&self) -> Vec<Value> {
        self.snapshot().into_iter().map(|e| e.2).collect()
    }
    pub fn items(&self) -> Vec<(Value, Value)> {
        self.snapshot().into_iter().map(|e| (e.1, e.2)).collect()
    }
    /// Makes this dict a copy of another.
    pub fn copy_from(&self, other: &Dict) {
        self.replace_table(other.table.borrow().copy());
    }
    fn replace_table(&self, new: Table) {
        let old = self.table.replace(new);
        self.keys_changed();
        drop(old);
    }

    // ---- two key sets at once; `None` when a comparison needs Python ----

    /// The entries of `self` whose keys `other` has (or has not, as `present` says).
    pub fn select(&self, other: &Dict, present: bool) -> Option<Dict> {
        let mut new = Table::default();
        self.table
            .borrow()
            .select(&other.table.borrow(), present, &mut new.entries)?;
        Some(Dict::of(new))
    }
    /// The entries of `self`, then those that only `other` has.
    pub fn joined(&self, other: &Dict) -> Option<Dict> {
        let (a, b) = (self.table.borrow(), other.table.borrow());
        let mut new = a.copy();
        for e in b.live_entries() {
            if !new.holds(e.hash, &e.key)? {
                new.push(e.hash, e.key.clone(), e.value.clone());
            }
        }
        Some(Dict {
            table: RefCell::new(new),
            ..Dict::default()
        })
    }
    /// Takes up the keys of another, with None as value. False: not all, since a comparison needs Python.
    pub fn absorb(&self, other: &Dict) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        let (mut a, b) = (self.table.borrow_mut(), other.table.borrow());
        let before = a.live;
        let mut all = true;
        for e in b.live_entries() {
            match a.holds(e.hash, &e.key) {
                Some(true) => {}
                Some(false) => a.push(e.hash, e.key.clone(), Value::NONE),
                None => {
                    all = false;
                    break;
                }
            }
        }
        let changed = a.live != before;
        drop(a);
        if changed {
            self.keys_changed();
        }
        all
    }
    /// The entries of either that the other has not.
    pub fn either(&self, other: &Dict) -> Option<Dict> {
        let (a, b) = (self.table.borrow(), other.table.borrow());
        let mut new = Table::default();
        a.select(&b, false, &mut new.entries)?;
        b.select(&a, false, &mut new.entries)?;
        Some(Dict::of(new))
    }
    /// Whether `other` has every key.
    pub fn within(&self, other: &Dict) -> Option<bool> {
        let (a, b) = (self.table.borrow(), other.table.borrow());
        for e in a.live_entries() {
            if !b.holds(e.hash, &e.key)? {
                return Some(false);
            }
        }
        Some(true)
    }
    /// A dict of entries that have no index yet.
    fn of(mut table: Table) -> Dict {
        table.live = table.entries.len();
        table.rebuild();
        Dict {
            table: RefCell::new(table),
            ..Dict::default()
        }
    }
    /// `dict.clear`.
    pub fn clear_entries(&self) {
        let old = self.table.take();
        self.keys_changed();
        drop(old);
    }
}

#[cfg(test)]
mod tests;
