//! Deadlines in order, with cheap cancelling: a binary heap of small entries beside a slab of payloads.
//!
//! Cancelling empties the slab slot and leaves the heap entry behind as a *stale* one, which is recognised by its sequence
//! number. Stale entries are dropped when they reach the top, and swept out when they are more than half of the heap
//! (asyncio does the same from 100 timers on: `_MIN_SCHEDULED_TIMER_HANDLES`), so memory follows the live timers.
#![forbid(unsafe_code)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use slab::Slab;

#[cfg(test)]
mod tests;

/// Below this many entries a sweep gains less than it costs.
const MIN_SWEEP: usize = 64;

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
/// Between calls the top of the heap is live, so that the next deadline is a plain read.
#[derive(Debug)]
pub struct Timers<T> {
    heap: BinaryHeap<Reverse<Entry>>,
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
        self.heap.peek().map(|top| top.0.deadline)
    }

    /// The first timer that is due at `now`, with its deadline; call until `None`.
    pub fn pop_due(&mut self, now: u64) -> Option<(u64, T)> {
        let Reverse(entry) = *self.heap.peek()?;
        if entry.deadline > now {
            return None;
        }
        self.heap.pop();
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

    fn drop_stale(&mut self) {
        let slots = &self.slots;
        if self.heap.len() >= MIN_SWEEP && self.heap.len() > 2 * slots.len() {
            self.heap
                .retain(|entry| is_live(slots, entry.0.slot, entry.0.seq));
            return;
        }
        while self
            .heap
            .peek()
            .is_some_and(|top| !is_live(slots, top.0.slot, top.0.seq))
        {
            self.heap.pop();
        }
    }
}

fn is_live<T>(slots: &Slab<Slot<T>>, slot: usize, seq: u64) -> bool {
    slots.get(slot).is_some_and(|found| found.seq == seq)
}
