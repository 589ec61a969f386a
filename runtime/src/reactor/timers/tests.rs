//! Order, ties, cancelling and the size of the heap, on a fake clock.

use super::*;
use crate::reactor::{Clock, FakeClock};

fn due<T>(timers: &mut Timers<T>, clock: &FakeClock) -> Vec<T> {
    std::iter::from_fn(|| timers.pop_due(clock.now()).map(|(_, payload)| payload)).collect()
}

#[test]
fn fires_by_deadline_then_by_scheduling() {
    let clock = FakeClock::default();
    let mut timers = Timers::new();
    for (deadline, name) in [(30, "c"), (10, "a1"), (20, "b"), (10, "a2"), (10, "a3")] {
        timers.insert(deadline, name);
    }
    assert_eq!(timers.next_deadline(), Some(10));
    assert!(due(&mut timers, &clock).is_empty());
    clock.advance(10);
    assert_eq!(due(&mut timers, &clock), ["a1", "a2", "a3"]);
    clock.advance(9);
    assert!(due(&mut timers, &clock).is_empty());
    clock.advance(100);
    assert_eq!(due(&mut timers, &clock), ["b", "c"]);
    assert_eq!(timers.next_deadline(), None);
    assert!(timers.is_empty());
}

#[test]
fn pop_tells_how_late() {
    let mut timers = Timers::new();
    timers.insert(7, ());
    assert_eq!(timers.pop_due(9), Some((7, ())));
}

#[test]
fn cancelling_gives_the_payload_once() {
    let mut timers = Timers::new();
    let key = timers.insert(5, "x");
    assert_eq!(timers.cancel(key), Some("x"));
    assert_eq!(timers.cancel(key), None);
    assert_eq!(timers.next_deadline(), None);
    assert_eq!(timers.pop_due(u64::MAX), None);
}

#[test]
fn an_old_key_does_not_touch_the_slot_s_new_owner() {
    let mut timers = Timers::new();
    let old = timers.insert(5, "old");
    timers.cancel(old);
    let new = timers.insert(5, "new");
    assert_eq!(old.slot, new.slot, "the slab reuses the slot");
    assert_eq!(timers.cancel(old), None);
    assert_eq!(timers.pop_due(5), Some((5, "new")));
    assert_eq!(timers.cancel(new), None);
}

#[test]
fn a_stale_entry_does_not_fire_the_slot_s_new_owner() {
    let mut timers = Timers::new();
    timers.insert(1, "first");
    let stale = timers.insert(2, "cancelled");
    timers.cancel(stale);
    timers.insert(9, "later");
    assert_eq!(timers.pop_due(5), Some((1, "first")));
    assert_eq!(timers.pop_due(5), None);
    assert_eq!(timers.next_deadline(), Some(9));
}

#[test]
fn cancelled_timers_do_not_pile_up() {
    let mut timers = Timers::new();
    timers.insert(0, 0);
    for round in 1..=100_000 {
        let key = timers.insert(round, round);
        timers.cancel(key);
        assert!(timers.heap.len() <= MIN_SWEEP);
    }
    let keys: Vec<_> = (0..10_000).map(|n| timers.insert(n + 1, n)).collect();
    for key in keys.iter().skip(100) {
        timers.cancel(*key);
    }
    assert_eq!(timers.len(), 101);
    assert!(timers.heap.len() <= 2 * timers.len());
    assert_eq!(timers.drain().len(), 101);
    assert!(timers.heap.is_empty());
}

#[test]
fn agrees_with_a_sorted_list() {
    // A small linear generator: the same mix of calls on every run.
    let mut state = 12345u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) % below
    };
    let mut timers = Timers::new();
    let mut model: Vec<(u64, u64, TimerKey)> = Vec::new();
    let mut now = 0;
    for id in 0..20_000 {
        match random(4) {
            0 | 1 => {
                let deadline = now + random(50);
                let key = timers.insert(deadline, id);
                model.push((deadline, id, key));
            }
            2 if !model.is_empty() => {
                let (_, id, key) = model.swap_remove(random(model.len() as u64) as usize);
                assert_eq!(timers.cancel(key), Some(id));
            }
            _ => {
                now += random(10);
                model.sort_by_key(|(deadline, id, _)| (*deadline, *id));
                let split = model.partition_point(|(deadline, ..)| *deadline <= now);
                let expected: Vec<_> = model
                    .drain(..split)
                    .map(|(deadline, id, _)| (deadline, id))
                    .collect();
                let got: Vec<_> = std::iter::from_fn(|| timers.pop_due(now)).collect();
                assert_eq!(got, expected);
            }
        }
        assert_eq!(timers.len(), model.len());
        assert_eq!(
            timers.next_deadline(),
            model.iter().map(|(deadline, ..)| *deadline).min()
        );
    }
}

#[test]
fn many_that_are_due_at_once_fire_in_order() {
    let mut timers = Timers::new();
    let at = |i: u64| i * 7919 % 5003 / 2;
    let keys: Vec<_> = (0..5000).map(|i| timers.insert(at(i), i)).collect();
    for key in keys.iter().step_by(7) {
        assert!(timers.cancel(*key).is_some());
    }
    let mut expected: Vec<_> = (0..5000)
        .filter(|i| i % 7 != 0)
        .map(|i| (at(i), i))
        .collect();
    expected.extend((5000..5010).map(|i| (600, i)));
    expected.sort();
    let mut got = Vec::new();
    for now in [3, 1500, u64::MAX] {
        while let Some(fired) = timers.pop_due(now) {
            if got.len() == 100 {
                // Set while some wait to be popped, these come in between.
                for i in 5000..5010 {
                    timers.insert(600, i);
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
