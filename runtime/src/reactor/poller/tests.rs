//! Readiness over socket pairs, which need no network and no waiting: bytes written are there at once.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use super::*;
use crate::reactor::{FakeClock, MonotonicClock};

fn pair() -> (UnixStream, UnixStream) {
    let (a, b) = UnixStream::pair().unwrap();
    a.set_nonblocking(true).unwrap();
    b.set_nonblocking(true).unwrap();
    (a, b)
}

/// What a poll that does not sleep finds, as (payload, direction).
fn now<T: Clone>(poller: &mut Poller<T>) -> Vec<(T, Direction)> {
    let mut ready = Vec::new();
    poller
        .poll(Wait::Not, &FakeClock::default(), &mut ready)
        .unwrap();
    ready
        .into_iter()
        .map(|entry| (entry.payload, entry.direction))
        .collect()
}

#[test]
fn a_reader_is_ready_when_bytes_arrive() {
    let mut poller = Poller::new().unwrap();
    let (a, mut b) = pair();
    assert_eq!(
        poller
            .set(a.as_raw_fd(), Direction::Read, Trigger::Edge, "reader")
            .unwrap(),
        None
    );
    assert!(now(&mut poller).is_empty());
    b.write_all(b"x").unwrap();
    assert_eq!(now(&mut poller), [("reader", Direction::Read)]);
}

#[test]
fn edges_come_once_and_levels_until_drained() {
    let mut poller = Poller::new().unwrap();
    let (edge, mut to_edge) = pair();
    let (mut level, mut to_level) = pair();
    poller
        .set(edge.as_raw_fd(), Direction::Read, Trigger::Edge, "edge")
        .unwrap();
    poller
        .set(level.as_raw_fd(), Direction::Read, Trigger::Level, "level")
        .unwrap();
    to_edge.write_all(b"two").unwrap();
    to_level.write_all(b"ab").unwrap();
    let mut first = now(&mut poller);
    first.sort_by_key(|(payload, _)| *payload);
    assert_eq!(
        first,
        [("edge", Direction::Read), ("level", Direction::Read)]
    );
    for _ in 0..2 {
        assert_eq!(now(&mut poller), [("level", Direction::Read)]);
        level.read_exact(&mut [0]).unwrap();
    }
    assert!(now(&mut poller).is_empty());
}

#[test]
fn both_directions_reader_first_and_removed_one_by_one() {
    let mut poller = Poller::new().unwrap();
    let (a, mut b) = pair();
    let fd = a.as_raw_fd();
    poller
        .set(fd, Direction::Write, Trigger::Level, "w")
        .unwrap();
    poller
        .set(fd, Direction::Read, Trigger::Level, "r")
        .unwrap();
    assert_eq!(poller.len(), 1);
    b.write_all(b"x").unwrap();
    assert_eq!(
        now(&mut poller),
        [("r", Direction::Read), ("w", Direction::Write)]
    );
    assert_eq!(poller.remove(fd, Direction::Read), Some("r"));
    assert_eq!(poller.remove(fd, Direction::Read), None);
    assert_eq!(now(&mut poller), [("w", Direction::Write)]);
    assert_eq!(poller.remove(fd, Direction::Write), Some("w"));
    assert!(now(&mut poller).is_empty());
    assert!(poller.is_empty());
}

#[test]
fn setting_again_replaces_the_payload() {
    let mut poller = Poller::new().unwrap();
    let (a, mut b) = pair();
    let fd = a.as_raw_fd();
    b.write_all(b"x").unwrap();
    assert_eq!(
        poller.set(fd, Direction::Read, Trigger::Level, 1).unwrap(),
        None
    );
    assert_eq!(
        poller.set(fd, Direction::Read, Trigger::Level, 2).unwrap(),
        Some(1)
    );
    assert_eq!(poller.get(fd, Direction::Read), Some(&2));
    assert_eq!(poller.get(fd, Direction::Write), None);
    assert_eq!(poller.iter().copied().collect::<Vec<_>>(), [2]);
    assert_eq!(now(&mut poller), [(2, Direction::Read)]);
}

#[test]
fn a_hang_up_wakes_the_reader() {
    let mut poller = Poller::new().unwrap();
    let (a, b) = pair();
    poller
        .set(a.as_raw_fd(), Direction::Read, Trigger::Level, ())
        .unwrap();
    drop(b);
    assert_eq!(now(&mut poller).len(), 1);
}

#[test]
fn a_descriptor_closed_early_can_be_registered_under_its_number() {
    let mut poller = Poller::new().unwrap();
    let (a, _b) = pair();
    let fd = a.as_raw_fd();
    poller
        .set(fd, Direction::Read, Trigger::Level, "old")
        .unwrap();
    drop(a);
    assert!(now(&mut poller).is_empty());
    // Other tests open descriptors beside this one, so put a socket onto just this number by asking until it comes.
    let mut others = Vec::new();
    let (again, mut peer) = loop {
        let (x, y) = pair();
        match (x.as_raw_fd() == fd, y.as_raw_fd() == fd) {
            (true, _) => break (x, y),
            (_, true) => break (y, x),
            _ if others.len() > 200 => return, // another test holds it
            _ => others.push((x, y)),
        }
    };
    assert_eq!(
        poller
            .set(again.as_raw_fd(), Direction::Read, Trigger::Level, "new")
            .unwrap(),
        Some("old")
    );
    peer.write_all(b"x").unwrap();
    assert_eq!(now(&mut poller), [("new", Direction::Read)]);
}

#[test]
fn a_failed_set_changes_nothing() {
    let mut poller = Poller::new().unwrap();
    assert!(poller.set(-1, Direction::Read, Trigger::Edge, ()).is_err());
    assert!(poller.is_empty());
    assert_eq!(poller.remove(-1, Direction::Read), None);
}

#[test]
fn never_early() {
    let mut poller = Poller::<()>::new().unwrap();
    let clock = MonotonicClock::new();
    for nanos in [1, 300_000, 1_700_000] {
        let deadline = clock.now() + nanos;
        assert_eq!(
            poller
                .poll(Wait::Until(deadline), &clock, &mut Vec::new())
                .unwrap(),
            Outcome::Done
        );
        assert!(clock.now() >= deadline);
    }
}

#[test]
fn timeouts_are_rounded_up() {
    let clock = FakeClock::at(1_000);
    assert_eq!(timeout(Wait::Until(1_000), &clock), Some(Duration::ZERO));
    assert_eq!(timeout(Wait::Until(0), &clock), Some(Duration::ZERO));
    assert_eq!(
        timeout(Wait::Until(1_001), &clock),
        Some(Duration::from_millis(1))
    );
    assert_eq!(
        timeout(Wait::Until(2_001_001), &clock),
        Some(Duration::from_millis(3))
    );
    assert_eq!(
        timeout(Wait::Until(u64::MAX), &clock),
        Some(Duration::from_nanos(LONGEST_SLEEP))
    );
    assert_eq!(timeout(Wait::Forever, &clock), None);
}

#[test]
fn a_past_deadline_still_looks_at_descriptors() {
    let mut poller = Poller::new().unwrap();
    let (a, mut b) = pair();
    poller
        .set(a.as_raw_fd(), Direction::Read, Trigger::Edge, ())
        .unwrap();
    b.write_all(b"x").unwrap();
    let mut ready = Vec::new();
    poller
        .poll(Wait::Until(3), &FakeClock::at(10), &mut ready)
        .unwrap();
    assert_eq!(
        ready,
        [Ready {
            fd: a.as_raw_fd(),
            direction: Direction::Read,
            payload: ()
        }]
    );
}

#[test]
fn the_waker_ends_a_sleep_from_another_thread() {
    let mut poller = Poller::<()>::new().unwrap();
    let waker = poller.waker();
    let other = std::thread::spawn(move || waker.wake().unwrap());
    let clock = MonotonicClock::new();
    assert_eq!(
        poller.poll(Wait::Forever, &clock, &mut Vec::new()).unwrap(),
        Outcome::Woken
    );
    other.join().unwrap();
    assert_eq!(
        poller.poll(Wait::Not, &clock, &mut Vec::new()).unwrap(),
        Outcome::Done
    );
}

#[test]
fn more_ready_descriptors_than_one_batch_holds() {
    let mut poller = Poller::new().unwrap();
    poller.sleeper.as_mut().expect("awake").events = Events::with_capacity(4);
    let pairs: Vec<_> = (0..10).map(|_| pair()).collect();
    for (n, (a, _)) in pairs.iter().enumerate() {
        poller
            .set(a.as_raw_fd(), Direction::Write, Trigger::Edge, n)
            .unwrap();
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.extend(now(&mut poller).into_iter().map(|(n, _)| n));
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..10).collect::<Vec<_>>());
}
