//! Order, ties, cancelling and how much is kept, on a fake clock.

use super::*;
use crate::reactor::{Clock, FakeClock};
use std::cell::Cell;
use std::rc::Rc;

/// A payload with what a handle has.
#[derive(Debug)]
struct Timer<N>(Rc<State<N>>);

impl<N> Clone for Timer<N> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[derive(Debug)]
struct State<N> {
    name: N,
    cancelled: Cell<bool>,
    scheduled: Cell<bool>,
}

impl<N> Scheduled for Timer<N> {
    fn is_cancelled(&self) -> bool {
        self.0.cancelled.get()
    }
    fn unscheduled(&self) {
        assert!(self.0.scheduled.replace(false), "it leaves once");
    }
}

impl<N> Timers<Timer<N>> {
    fn set(&mut self, deadline: u64, name: N) -> Timer<N> {
        let timer = Timer(Rc::new(State {
            name,
            cancelled: Cell::new(false),
            scheduled: Cell::new(true),
        }));
        self.insert(deadline, timer.clone());
        timer
    }
    /// As a handle does; whether it was not cancelled before.
    fn cancel(&mut self, timer: &Timer<N>) -> bool {
        if timer.0.cancelled.replace(true) {
            return false;
        }
        if timer.0.scheduled.get() {
            drop(self.note_cancelled());
        }
        true
    }
    fn pop(&mut self, now: u64) -> Option<(u64, N)>
    where
        N: Copy,
    {
        self.pop_due(now).map(|(at, timer)| (at, timer.0.name))
    }
    fn due(&mut self, clock: &FakeClock) -> Vec<N>
    where
        N: Copy,
    {
        std::iter::from_fn(|| self.pop(clock.now()).map(|(_, name)| name)).collect()
    }
}

/// A small linear generator: the same mix of calls on every run.
fn random() -> impl FnMut(u64) -> u64 {
    let mut state = 12345u64;
    move |below| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) % below
    }
}

#[test]
fn fires_by_deadline_then_by_scheduling() {
    let clock = FakeClock::default();
    let mut timers = Timers::new();
    for (deadline, name) in [(30, "c"), (10, "a1"), (20, "b"), (10, "a2"), (10, "a3")] {
        timers.set(deadline, name);
    }
    assert_eq!(timers.next_deadline(), Some(10));
    assert!(timers.due(&clock).is_empty());
    clock.advance(10);
    assert_eq!(timers.due(&clock), ["a1", "a2", "a3"]);
    clock.advance(9);
    assert!(timers.due(&clock).is_empty());
    clock.advance(100);
    assert_eq!(timers.due(&clock), ["b", "c"]);
    assert_eq!(timers.next_deadline(), None);
    assert!(timers.is_empty());
}

#[test]
fn pop_tells_how_late() {
    let mut timers = Timers::new();
    timers.set(7, ());
    assert_eq!(timers.pop(9), Some((7, ())));
}

#[test]
fn the_cancelled_does_not_fire() {
    let mut timers = Timers::new();
    let first = timers.set(5, "x");
    let second = timers.set(6, "y");
    assert!(timers.cancel(&first));
    assert!(!timers.cancel(&first));
    assert_eq!(timers.len(), 1);
    assert_eq!(timers.next_deadline(), Some(6));
    assert_eq!(timers.pop(u64::MAX), Some((6, "y")));
    assert_eq!(timers.pop(u64::MAX), None);
    // It has fired: the timers have nothing to note.
    assert!(timers.cancel(&second));
    assert_eq!(timers.len(), 0);
    assert_eq!(timers.entries(), 0);
}

#[test]
fn where_all_are_cancelled_there_is_no_deadline() {
    for many in [3, 1000] {
        let mut timers = Timers::new();
        let all: Vec<_> = (0..many).map(|n| timers.set(n << 20, n)).collect();
        for timer in &all {
            timers.cancel(timer);
        }
        assert_eq!(timers.next_deadline(), None);
        drop(timers.take_dead());
        assert_eq!(timers.entries(), 0);
        assert!(all.iter().all(|t| !t.0.scheduled.get()));
    }
}

#[test]
fn cancelled_timers_do_not_pile_up() {
    let mut timers = Timers::new();
    timers.set(0, 0);
    for round in 1..=100_000 {
        let timer = timers.set(round, round);
        timers.cancel(&timer);
        assert!(timers.entries() <= MIN_SWEEP_LEN);
    }
    let all: Vec<_> = (0..10_000).map(|n| timers.set((n + 1) << 20, n)).collect();
    for timer in &all[100..] {
        timers.cancel(timer);
    }
    assert_eq!(timers.len(), 101);
    assert!(timers.entries() <= 2 * timers.len());
    assert_eq!(timers.iter().count(), timers.entries());
    let kept = all.iter().filter(|t| Rc::strong_count(&t.0) > 1);
    assert_eq!(kept.count(), timers.entries() - 1);
    let fired = std::iter::from_fn(|| timers.pop(u64::MAX));
    assert_eq!(fired.count(), 101);
    assert_eq!(timers.entries(), 0);
}

/// Sets, cancels and fires at random, beside a plain list; `reach` is how far deadlines lie ahead.
fn agrees_with_a_list(steps: u64, reach: u64, pace: u64, set: u64) {
    let mut random = random();
    let mut timers = Timers::new();
    let mut model: Vec<(u64, u64, Timer<u64>)> = Vec::new();
    let mut now = 0;
    for id in 0..steps {
        match random(set + 2) {
            0 if !model.is_empty() => {
                let (.., timer) = model.swap_remove(random(model.len() as u64) as usize);
                assert!(timers.cancel(&timer));
            }
            1 => {
                now += random(pace);
                model.sort_by_key(|(deadline, id, _)| (*deadline, *id));
                let split = model.partition_point(|(deadline, ..)| *deadline <= now);
                let expected: Vec<_> = model.drain(..split).map(|(at, id, _)| (at, id)).collect();
                let got: Vec<_> = std::iter::from_fn(|| timers.pop(now)).collect();
                assert_eq!(got, expected);
                assert!(timers.next_deadline().is_none_or(|d| d > now));
            }
            _ => {
                // Some in the past, and many at the same time.
                let deadline = (now + random(reach)).saturating_sub(reach / 16) / 8 * 8;
                model.push((deadline, id, timers.set(deadline, id)));
            }
        }
        assert_eq!(timers.len(), model.len());
        if id % 64 == 0 {
            let next = model.iter().map(|(deadline, ..)| *deadline).min();
            match (timers.next_deadline(), next) {
                (Some(look), Some(next)) => assert!(look <= next),
                (look, next) => assert_eq!(look, next),
            }
            assert_eq!(timers.iter().count(), timers.entries());
        }
    }
    model.sort_by_key(|(deadline, id, _)| (*deadline, *id));
    let live = timers.in_order().into_iter();
    let live = live.filter(|(_, t)| !t.is_cancelled());
    let live: Vec<_> = live.map(|(at, t)| (at, t.0.name)).collect();
    let expected: Vec<_> = model.iter().map(|(at, id, _)| (*at, *id)).collect();
    assert_eq!(live, expected);
}

#[test]
fn agrees_with_a_list_at_every_scale() {
    // From less than a unit of the wheel to its upper levels.
    for shift in [6, 14, 18, 24, 30, 40, 52] {
        agrees_with_a_list(6_000, 1 << shift, 1 << shift >> 2, 8);
        agrees_with_a_list(6_000, 1 << shift, (1 << shift >> 8).max(2), 30);
    }
    agrees_with_a_list(20_000, 50, 10, 2);
}

#[test]
fn looking_until_the_deadline_comes_to_every_timer() {
    let mut random = random();
    let mut timers = Timers::new();
    let all: Vec<_> = (0..3000)
        .map(|id| timers.set(random(1 << (20 + id % 20)), id))
        .collect();
    for timer in all.iter().step_by(3) {
        timers.cancel(timer);
    }
    let (mut last, mut fired, mut idle) = (0, 0, 0);
    // As a loop sleeps: to the time it is told, then again.
    while let Some(now) = timers.next_deadline() {
        assert!(now >= last);
        last = now;
        let before = fired;
        while let Some((at, _)) = timers.pop(now) {
            assert_eq!(at, now, "it slept no longer than it should");
            fired += 1;
        }
        idle += u32::from(fired == before);
    }
    assert_eq!(fired, 2000);
    // Only where the earliest of a list was cancelled.
    assert!(idle < 200, "{idle} rounds for nothing");
}

#[test]
fn the_latest_time_can_be_waited_for() {
    let mut timers = Timers::new();
    for id in 0..200 {
        timers.set(u64::MAX - id % 2, id);
    }
    assert_eq!(timers.next_deadline(), Some(u64::MAX - 1));
    assert_eq!(timers.pop(1 << 60), None);
    let fired: Vec<_> = std::iter::from_fn(|| timers.pop(u64::MAX)).collect();
    assert_eq!(fired.len(), 200);
    assert_eq!((fired[0], fired[199]), ((u64::MAX - 1, 1), (u64::MAX, 198)));
}

#[test]
fn many_that_are_due_at_once_fire_in_order() {
    for scale in [1, 1 << 18] {
        let mut timers = Timers::new();
        let at = |i: u64| i * 7919 % 5003 / 2 * scale;
        let all: Vec<_> = (0..5000).map(|i| timers.set(at(i), i)).collect();
        for timer in all.iter().step_by(7) {
            assert!(timers.cancel(timer));
        }
        let mut expected: Vec<_> = (0..5000)
            .filter(|i| i % 7 != 0)
            .map(|i| (at(i), i))
            .collect();
        expected.extend((5000..5010).map(|i| (600 * scale, i)));
        expected.sort();
        let mut got = Vec::new();
        for now in [3 * scale, 1500 * scale, u64::MAX] {
            while let Some(fired) = timers.pop(now) {
                if got.len() == 100 {
                    // Set while some wait to be popped, these come in between.
                    for i in 5000..5010 {
                        timers.set(600 * scale, i);
                    }
                }
                got.push(fired);
                assert_eq!(
                    timers.len(),
                    expected.len() - got.len() - if got.len() <= 100 { 10 } else { 0 }
                );
            }
            assert!(timers.next_deadline().is_none_or(|d| d > now));
        }
        assert_eq!(got, expected);
    }
}
