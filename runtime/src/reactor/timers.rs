//! Deadlines in order, with cheap cancelling.
//!
//! A few timers stand in a binary heap. Once there are many, those that lie ahead stand in a wheel of wheels: lists by the highest
//! digit of their time that differs from the present's, so that setting one appends to a list and needs no memory but that list's
//! end, however many there are. When time reaches a list, what is due in it is sorted, and the rest goes to finer lists.
//! The order of firing is exact: by deadline, then in the order of scheduling.
//!
//! Cancelling only marks the payload. The marked are dropped when their time comes, and swept out when they are more than half of
//! all (asyncio does the same from 100 timers on: `_MIN_SCHEDULED_TIMER_HANDLES`), so memory follows the live timers.
#![forbid(unsafe_code)]

use std::collections::BinaryHeap;

#[cfg(test)]
mod tests;

/// Below this many entries a sweep gains less than it costs.
const MIN_SWEEP_LEN: usize = 64;
/// How many entries ahead the memory of a payload is asked for.
const PREFETCH_DISTANCE: usize = 8;
/// So many entries stand in the heap alone.
const HEAP_ALONE: usize = 256;

/// The wheel counts time in units of 65 microseconds.
const TICK_SHIFT: u32 = 16;
/// Bits of a digit: 64 lists a level.
const DIGIT: u32 = 6;
const LISTS: usize = 1 << DIGIT;
const LEVELS: usize = ((u64::BITS - TICK_SHIFT) / DIGIT) as usize;
const _: () = assert!(LEVELS as u32 * DIGIT + TICK_SHIFT == u64::BITS);

/// Every time lies before it: all entries belong into the heap.
const NO_WHEEL: u64 = u64::MAX;

/// What is scheduled. It knows itself whether it was cancelled, so that cancelling needs not find its entry.
pub trait Scheduled {
    fn is_cancelled(&self) -> bool;
    /// It leaves the timers.
    fn unscheduled(&self) {}
    /// It will be looked at soon.
    fn prefetch(&self) {}
}

#[derive(Debug)]
struct Entry<T> {
    deadline: u64,
    seq: u64,
    payload: T,
}

impl<T> Entry<T> {
    fn key(&self) -> (u64, u64) {
        (self.deadline, self.seq)
    }
}

/// In the heap the earliest is the greatest.
impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.key().cmp(&self.key())
    }
}
impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl<T> Eq for Entry<T> {}

/// The lists of one digit, with a bit for each that holds something.
#[derive(Debug)]
struct Level<T> {
    occupied: u64,
    lists: [Vec<Entry<T>>; LISTS],
    /// Not above the earliest deadline of each list; cancelled ones count until the list is split.
    earliest: [u64; LISTS],
}

impl<T> Level<T> {
    fn new() -> Self {
        Self {
            occupied: 0,
            lists: std::array::from_fn(|_| Vec::new()),
            earliest: [u64::MAX; LISTS],
        }
    }
    fn push(&mut self, digit: usize, e: Entry<T>) {
        self.occupied |= 1 << digit;
        self.earliest[digit] = self.earliest[digit].min(e.deadline);
        push(&mut self.lists[digit], e);
    }
    fn take(&mut self, digit: usize) -> Vec<Entry<T>> {
        self.occupied &= !(1 << digit);
        self.earliest[digit] = u64::MAX;
        std::mem::take(&mut self.lists[digit])
    }
}

/// Appends an entry. Where there is no memory for a list twice as long, there may be some for one that is a little longer.
#[inline]
fn push<T>(list: &mut Vec<Entry<T>>, e: Entry<T>) {
    #[cold]
    #[inline(never)]
    fn grow<T>(list: &mut Vec<Entry<T>>) {
        if list.try_reserve(1).is_err() {
            let few = 1 + list.len() / 16;
            // If this fails too, the push ends the process.
            let _ = list.try_reserve_exact(few);
        }
    }
    if list.len() == list.capacity() {
        grow(list);
    }
    list.push(e);
}

/// Fewer timers are no matter for memory.
const MIN_RESERVE_LEN: usize = 1 << 14;

/// Payloads `T`, each due at a deadline in nanoseconds of the loop's clock.
#[derive(Debug)]
pub struct Timers<T> {
    /// Those whose time lies before `base`, as far as they are not in `sorted`.
    heap: BinaryHeap<Entry<T>>,
    /// Before `base`, too: a run in order, the next one last.
    sorted: Vec<Entry<T>>,
    /// Those from `base` on. An entry stands in the level of the highest digit in which its time differs from `base`.
    wheel: [Option<Box<Level<T>>>; LEVELS],
    /// Entries in the wheel.
    ahead: usize,
    /// In units; never after the unit that follows the last time asked for, unless there is no wheel.
    base: u64,
    /// The last time asked for.
    now: u64,
    /// Entries that were cancelled.
    cancelled: usize,
    next_seq: u64,
}

impl<T: Scheduled> Default for Timers<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Scheduled> Timers<T> {
    pub fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            sorted: Vec::new(),
            wheel: [const { None }; LEVELS],
            ahead: 0,
            base: NO_WHEEL,
            now: 0,
            cancelled: 0,
            next_seq: 0,
        }
    }

    /// Timers that are scheduled and not cancelled.
    pub fn len(&self) -> usize {
        self.entries().saturating_sub(self.cancelled)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn entries(&self) -> usize {
        self.heap.len() + self.sorted.len() + self.ahead
    }

    /// Whether there is memory for a list of all timers, twice as long: no list of the wheel needs more when it grows.
    pub fn reserve(&self) -> Result<(), std::collections::TryReserveError> {
        let n = self.heap.len() + self.sorted.len() + self.ahead;
        if n < MIN_RESERVE_LEN || !n.is_power_of_two() {
            return Ok(());
        }
        Vec::<Entry<T>>::new().try_reserve_exact(2 * n)
    }

    pub fn insert(&mut self, deadline: u64, payload: T) {
        let seq = self.next_seq;
        self.next_seq += 1;
        if self.base == NO_WHEEL && self.heap.len() >= HEAP_ALONE {
            self.base = (self.now >> TICK_SHIFT) + 1;
            for e in std::mem::take(&mut self.heap) {
                self.place(e);
            }
        }
        self.place(Entry {
            deadline,
            seq,
            payload,
        });
    }

    fn place(&mut self, e: Entry<T>) {
        let time = e.deadline >> TICK_SHIFT;
        if time < self.base {
            if self.heap.len() == self.heap.capacity() && self.heap.try_reserve(1).is_err() {
                // As for a list.
                let few = 1 + self.heap.len() / 16;
                let _ = self.heap.try_reserve_exact(few);
            }
            self.heap.push(e);
            return;
        }
        // The lowest level has those of the base's own unit, too.
        let level = (((time ^ self.base) | 1).ilog2() / DIGIT) as usize;
        self.wheel[level]
            .get_or_insert_with(|| Box::new(Level::new()))
            .push(digit(time, level), e);
        self.ahead += 1;
    }

    /// To be told when a payload that is scheduled was cancelled. Gives what was swept out because of it, to be dropped.
    #[must_use]
    pub fn note_cancelled(&mut self) -> Vec<T> {
        self.cancelled += 1;
        let entries = self.entries();
        if entries >= MIN_SWEEP_LEN && 2 * self.cancelled > entries {
            return self.sweep();
        }
        Vec::new()
    }

    /// What is left where all were cancelled, to be dropped.
    #[must_use]
    pub fn take_dead(&mut self) -> Vec<T> {
        if self.cancelled == 0 || !self.is_empty() {
            return Vec::new();
        }
        self.sweep()
    }

    /// A time when the loop should look, at the latest that of the next live timer; earlier only where timers were cancelled.
    pub fn next_deadline(&mut self) -> Option<u64> {
        while let Some((_, true)) = self.next_near(|e| e.payload.is_cancelled()) {
            self.drop_cancelled_first();
        }
        if let Some((deadline, _)) = self.next_near(|_| ()) {
            return Some(deadline);
        }
        if self.is_empty() {
            return None;
        }
        let level = self.wheel.iter().flatten().find(|l| l.occupied != 0)?;
        Some(level.earliest[level.occupied.trailing_zeros() as usize])
    }

    /// The first timer that is due at `now`, with its deadline; call until `None`.
    pub fn pop_due(&mut self, now: u64) -> Option<(u64, T)> {
        self.now = self.now.max(now);
        // Without a wheel, no time is as late as the base.
        if now >> TICK_SHIFT >= self.base {
            self.turn_to((now >> TICK_SHIFT) + 1);
        }
        if self.sorted.is_empty() && self.heap.len() > HEAP_ALONE {
            // Popping each would go through memory that no cache holds once for every level.
            self.sorted = std::mem::take(&mut self.heap).into_vec();
            self.sorted.sort_unstable();
        }
        loop {
            let (deadline, _) = self.next_near(|_| ())?;
            if deadline > now {
                return None;
            }
            let e = self.pop_near()?;
            if let Some(soon) = self.sorted.len().checked_sub(PREFETCH_DISTANCE) {
                self.sorted[soon].payload.prefetch();
            }
            e.payload.unscheduled();
            if !e.payload.is_cancelled() {
                return Some((e.deadline, e.payload));
            }
            self.cancelled = self.cancelled.saturating_sub(1);
        }
    }

    /// Every payload, the cancelled among them, in no particular order (a collector's traversal, a debugger's list).
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let lists = self.wheel.iter().flatten().flat_map(|l| &l.lists);
        self.heap
            .iter()
            .chain(&self.sorted)
            .chain(lists.flatten())
            .map(|e| &e.payload)
    }

    /// Every payload with its deadline, in firing order, the cancelled among them.
    pub fn in_order(&self) -> Vec<(u64, &T)> {
        let lists = self.wheel.iter().flatten().flat_map(|l| &l.lists);
        let near = self.heap.iter().chain(&self.sorted);
        let mut all: Vec<_> = near.chain(lists.flatten()).collect();
        all.sort_unstable_by_key(|e| e.key());
        all.into_iter().map(|e| (e.deadline, &e.payload)).collect()
    }

    /// What `f` says of the first entry before the base, with its deadline.
    fn next_near<R>(&self, f: impl FnOnce(&Entry<T>) -> R) -> Option<(u64, R)> {
        let e = match (self.heap.peek(), self.sorted.last()) {
            (Some(a), Some(b)) => a.max(b),
            (a, b) => a.or(b)?,
        };
        Some((e.deadline, f(e)))
    }

    fn pop_near(&mut self) -> Option<Entry<T>> {
        let from_heap = match (self.heap.peek(), self.sorted.last()) {
            (Some(a), Some(b)) => a > b,
            (a, _) => a.is_some(),
        };
        let e = if from_heap {
            self.heap.pop()
        } else {
            self.sorted.pop()
        };
        if self.sorted.is_empty() {
            // What many timers took is given back.
            self.sorted = Vec::new();
            if self.ahead == 0 && self.heap.is_empty() {
                self.base = NO_WHEEL;
            }
        }
        e
    }

    fn drop_cancelled_first(&mut self) {
        if let Some(e) = self.pop_near() {
            e.payload.unscheduled();
            self.cancelled = self.cancelled.saturating_sub(1);
        }
    }

    /// Moves the base forward: what lies before it comes out of the wheel, sorted.
    fn turn_to(&mut self, base: u64) {
        let from = std::mem::replace(&mut self.base, base);
        if self.ahead == 0 {
            return;
        }
        let mut before = Vec::new();
        for level in 0..LEVELS {
            // The base moves on within this level, or beyond it.
            let above = DIGIT * (level as u32 + 1);
            let within = from >> above == base >> above;
            let here = digit(base, level);
            if let Some(l) = &mut self.wheel[level] {
                let passed = if within { (1 << here) - 1 } else { u64::MAX };
                let mut passed = l.occupied & passed;
                while passed != 0 {
                    let mut list = l.take(passed.trailing_zeros() as usize);
                    passed &= passed - 1;
                    self.ahead -= list.len();
                    list.sort_unstable_by_key(Entry::key);
                    append(&mut before, list);
                }
            }
            if within {
                self.split(level, here, &mut before);
                break;
            }
        }
        before.reverse();
        // Those that came out before are earlier than all of these.
        append(&mut before, std::mem::take(&mut self.sorted));
        self.sorted = before;
    }

    /// A list of which the base has reached a part.
    fn split(&mut self, level: usize, here: usize, before: &mut Vec<Entry<T>>) {
        let list = match &mut self.wheel[level] {
            Some(l) if level > 0 && l.occupied >> here & 1 != 0 => l.take(here),
            // A list of the lowest level is one unit.
            _ => return,
        };
        self.ahead -= list.len();
        let mut reached = Vec::new();
        for e in list {
            if e.deadline >> TICK_SHIFT < self.base {
                reached.push(e);
            } else if e.payload.is_cancelled() {
                e.payload.unscheduled();
                self.cancelled = self.cancelled.saturating_sub(1);
            } else {
                self.place(e);
            }
        }
        reached.sort_unstable_by_key(Entry::key);
        append(before, reached);
    }

    fn sweep(&mut self) -> Vec<T> {
        self.cancelled = 0;
        let mut swept = Vec::new();
        let mut sweep = |list: &mut Vec<Entry<T>>| {
            let mut live = 0;
            for i in 0..list.len() {
                if let Some(soon) = list.get(i + PREFETCH_DISTANCE) {
                    soon.payload.prefetch();
                }
                if list[i].payload.is_cancelled() {
                    list[i].payload.unscheduled();
                } else {
                    list.swap(live, i);
                    live += 1;
                }
            }
            swept.extend(list.drain(live..).map(|e| e.payload));
            // What many timers took is given back.
            if list.capacity() > 4 * list.len() + MIN_SWEEP_LEN {
                list.shrink_to_fit();
            }
        };
        let mut heap = std::mem::take(&mut self.heap).into_vec();
        sweep(&mut heap);
        self.heap = heap.into();
        sweep(&mut self.sorted);
        self.ahead = 0;
        for l in self.wheel.iter_mut().flatten() {
            for (digit, list) in l.lists.iter_mut().enumerate() {
                if list.is_empty() {
                    continue;
                }
                sweep(list);
                self.ahead += list.len();
                let earliest = list.iter().map(|e| e.deadline).min();
                l.earliest[digit] = earliest.unwrap_or(u64::MAX);
                if list.is_empty() {
                    l.occupied &= !(1 << digit);
                }
            }
        }
        if self.entries() == 0 {
            self.base = NO_WHEEL;
        }
        swept
    }
}

/// Moves the entries of `more` behind those of `list`.
fn append<T>(list: &mut Vec<Entry<T>>, mut more: Vec<Entry<T>>) {
    if list.is_empty() {
        *list = more;
    } else {
        list.append(&mut more);
    }
}

fn digit(time: u64, level: usize) -> usize {
    (time >> (DIGIT * level as u32)) as usize & (LISTS - 1)
}
