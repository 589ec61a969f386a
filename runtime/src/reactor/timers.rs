//! Deadlines in order, with cheap cancelling: a binary heap of small entries beside a slab of payloads.
//!
//! Cancelling empties the slab slot and leaves the heap entry behind as a *stale* one, which is recognised by its sequence
//! number. Stale entries are dropped when they reach the top, and swept out when they are more than half of the heap
//! (asyncio does the same from 100 timers on: `_MIN_SCHEDULED_TIMER_HANDLES`), so memory follows the live timers.
//!
//! Where a good part of a large heap is due at once, that part is taken out and sorted: popping each would go through
//! memory that no cache holds once for every level.
#![forbid(unsafe_code)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use slab::Slab;

#[cfg(test)]
mod tests;

/// Below this many entries a sweep gains less than it costs.
const MIN_SWEEP: usize = 64;

/// From so many entries on, those that are due are counted before they are popped.
const MIN_BATCH: usize = 1024;
/// The part of the heap, 1 in so many, that is worth taking out together.
const BATCH_PART: usize = 8;

/// Names one scheduled timer, also after it is gone: a key is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerKey {
    slot: usize,
    seq: u64,
}

/// Field order is the firing order: by deadline, then in the order of scheduling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    deadline: u64,
    seq: u64,
    slot: usize,
}

#[derive(Debug)]
struct Slot<T> {
    seq: u64,
    payload: T,
}

/// Payloads `T`, each due at a deadline in nanoseconds of the loop's clock.
///
/// Between calls the next entry is live, so that the next deadline is a plain read.
#[derive(Debug)]
pub struct Timers<T> {
    heap: BinaryHeap<Reverse<Entry>>,
    /// Taken out of the heap together, the next one last.
    due: Vec<Entry>,
    /// The time for which those due were counted last.
    counted_at: Option<u64>,
    slots: Slab<Slot<T>>,
    next_seq: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Timers<T> {
    pub fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            due: Vec::new(),
            counted_at: None,
            slots: Slab::new(),
            next_seq: 0,
        }
    }

    /// Timers that are scheduled and not cancelled.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub fn insert(&mut self, deadline: u64, payload: T) -> TimerKey {
        let seq = self.next_seq;
        self.next_seq += 1;
        let slot = self.slots.insert(Slot { seq, payload });
        self.heap.push(Reverse(Entry {
            deadline,
            seq,
            slot,
        }));
        TimerKey { slot, seq }
    }

    /// Takes a timer out; `None` when it has fired or was cancelled before.
    pub fn cancel(&mut self, key: TimerKey) -> Option<T> {
        if !is_live(&self.slots, key.slot, key.seq) {
            return None;
        }
        let payload = self.slots.remove(key.slot).payload;
        self.drop_stale();
        Some(payload)
    }

    /// When the next live timer is due.
    pub fn next_deadline(&self) -> Option<u64> {
        self.next().map(|e| e.deadline)
    }

    /// The first timer that is due at `now`, with its deadline; call until `None`.
    pub fn pop_due(&mut self, now: u64) -> Option<(u64, T)> {
        let entry = self.next()?;
        if entry.deadline > now {
            return None;
        }
        if self.heap.len() >= MIN_BATCH && self.due.is_empty() && self.counted_at != Some(now) {
            self.counted_at = Some(now);
            self.take_batch(now);
        }
        self.drop_next();
        let payload = self.slots.remove(entry.slot).payload;
        self.drop_stale();
        Some((entry.deadline, payload))
    }

    /// Every live payload, in no particular order (a collector's traversal, a debugger's list).
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().map(|(_, slot)| &slot.payload)
    }

    /// Takes everything out in firing order, as closing a loop does.
    pub fn drain(&mut self) -> Vec<T> {
        let mut all = Vec::with_capacity(self.len());
        while let Some((_, payload)) = self.pop_due(u64::MAX) {
            all.push(payload);
        }
        all
    }

    fn next(&self) -> Option<Entry> {
        let first = self.heap.peek().map(|top| top.0);
        match (first, self.due.last()) {
            (Some(a), Some(b)) => Some(a.min(*b)),
            (a, b) => a.or(b.copied()),
        }
    }

    fn drop_next(&mut self) {
        let next = self.next();
        if self.due.last() == next.as_ref() {
            self.due.pop();
            if self.due.is_empty() {
                self.due = Vec::new();
            }
        } else {
            self.heap.pop();
        }
    }

    /// Takes what is due out of the heap, if that is a good part of it.
    fn take_batch(&mut self, now: u64) {
        let wanted = self.heap.len() / BATCH_PART;
        let mut found = 0;
        // Entries that are due stand together at the top, each below another one.
        let entries = self.heap.as_slice();
        let mut look = vec![0];
        while let Some(at) = look.pop() {
            if entries.get(at).is_some_and(|e| e.0.deadline <= now) {
                found += 1;
                look.extend([2 * at + 1, 2 * at + 2]);
            }
            if found >= wanted {
                break;
            }
        }
        if found < wanted {
            return;
        }
        let mut later = std::mem::take(&mut self.heap).into_vec();
        let due = &mut self.due;
        later.retain(|e| {
            let stays = e.0.deadline > now;
            if !stays {
                due.push(e.0);
            }
            stays
        });
        due.sort_unstable_by_key(|e| Reverse(*e));
        self.heap = later.into();
    }

    fn drop_stale(&mut self) {
        let slots = &self.slots;
        let live = |e: &Entry| is_live(slots, e.slot, e.seq);
        let entries = self.heap.len() + self.due.len();
        if entries >= MIN_SWEEP && entries > 2 * slots.len() {
            self.heap.retain(|e| live(&e.0));
            self.due.retain(live);
            return;
        }
        while self.heap.peek().is_some_and(|top| !live(&top.0)) {
            self.heap.pop();
        }
        while self.due.last().is_some_and(|e| !live(e)) {
            self.due.pop();
        }
    }
}

fn is_live<T>(slots: &Slab<Slot<T>>, slot: usize, seq: u64) -> bool {
    slots.get(slot).is_some_and(|found| found.seq == seq)
}
