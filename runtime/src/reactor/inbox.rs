//! Messages from other threads to the loop: a channel, and a wake-up of the poller for the first message of a batch.
//!
//! Behind `call_soon_threadsafe`, executors and signals. The flag spares a system call for each message that comes
//! while an earlier one is still waiting.
#![forbid(unsafe_code)]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, unbounded};
use mio::Waker;

/// The loop's end. Dropping it makes every later `send` fail.
#[derive(Debug)]
pub struct Inbox<M> {
    receiver: Receiver<M>,
    sender: Sender<M>,
}

/// The other threads' end; cheap to clone.
pub struct Sender<M> {
    channel: crossbeam_channel::Sender<M>,
    waker: Arc<Waker>,
    /// Set by the sender who wakes the loop, cleared by the loop before it looks: a message is either seen by that look
    /// or its sender finds the flag clear.
    signalled: Arc<AtomicBool>,
}

/// The loop is gone; the message comes back.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed<M>(pub M);

impl<M: Send> Inbox<M> {
    pub fn new(waker: Arc<Waker>) -> Self {
        let (channel, receiver) = unbounded();
        let signalled = Arc::new(AtomicBool::new(false));
        Self {
            receiver,
            sender: Sender {
                channel,
                waker,
                signalled,
            },
        }
    }

    pub fn sender(&self) -> Sender<M> {
        self.sender.clone()
    }

    /// Takes what has arrived, in order of arrival; messages that come meanwhile wait for the next call.
    pub fn drain(&self) -> impl Iterator<Item = M> + '_ {
        // Acquire: pairs with the swap in `send`, so what that sender put in is in the channel by now.
        self.sender.signalled.swap(false, Ordering::AcqRel);
        self.receiver.try_iter().take(self.receiver.len())
    }

    /// Whether a poll must not sleep.
    pub fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }
}

impl<M: Send> Sender<M> {
    pub fn send(&self, message: M) -> Result<(), Closed<M>> {
        self.channel
            .send(message)
            .map_err(|error| Closed(error.0))?;
        if !self.signalled.swap(true, Ordering::AcqRel) {
            // Fails only when the process is out of kernel memory; the message is in the channel all the same.
            if let Err(error) = self.waker.wake() {
                tracing::warn!(target: "lasti::loop", %error, "cannot wake the loop");
            }
        }
        Ok(())
    }
}

impl<M> Clone for Sender<M> {
    fn clone(&self) -> Self {
        Self {
            channel: self.channel.clone(),
            waker: Arc::clone(&self.waker),
            signalled: Arc::clone(&self.signalled),
        }
    }
}

impl<M> fmt::Debug for Sender<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("waiting", &self.channel.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactor::{MonotonicClock, Outcome, Poller, Wait};

    /// Polls until `count` messages are there; each poll sleeps until it is woken.
    fn collect(
        poller: &mut Poller<()>,
        inbox: &Inbox<(usize, usize)>,
        count: usize,
    ) -> Vec<(usize, usize)> {
        let clock = MonotonicClock::new();
        let mut got = Vec::new();
        while got.len() < count {
            let outcome = poller.poll(Wait::Forever, &clock, &mut Vec::new()).unwrap();
            assert!(matches!(outcome, Outcome::Woken | Outcome::Interrupted));
            got.extend(inbox.drain());
        }
        got
    }

    #[test]
    fn every_message_arrives_and_each_thread_s_are_in_order() {
        let mut poller = Poller::new().unwrap();
        let inbox = Inbox::new(poller.waker());
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let sender = inbox.sender();
                std::thread::spawn(move || (0..500).for_each(|n| sender.send((thread, n)).unwrap()))
            })
            .collect();
        let got = collect(&mut poller, &inbox, 2000);
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        for thread in 0..4 {
            let own: Vec<_> = got
                .iter()
                .filter(|(from, _)| *from == thread)
                .map(|(_, n)| *n)
                .collect();
            assert_eq!(own, (0..500).collect::<Vec<_>>());
        }
        assert!(inbox.is_empty());
    }

    #[test]
    fn a_message_before_the_poll_is_not_lost() {
        let mut poller = Poller::new().unwrap();
        let inbox = Inbox::new(poller.waker());
        inbox.sender().send((0, 1)).unwrap();
        inbox.sender().send((0, 2)).unwrap();
        assert_eq!(collect(&mut poller, &inbox, 2), [(0, 1), (0, 2)]);
    }

    #[test]
    fn a_sender_learns_that_the_loop_is_gone() {
        let poller = Poller::<()>::new().unwrap();
        let inbox = Inbox::new(poller.waker());
        let sender = inbox.sender();
        sender.send("in time").unwrap();
        drop(inbox);
        assert_eq!(sender.send("too late"), Err(Closed("too late")));
    }
}
