//! The thread that wakes an executor when the loop has something to do.
//!
//! A poll of a Python future may not block, and what the loop waits for (descriptors, messages of other threads, the next
//! deadline) is nothing an executor knows. So a small thread, started when a poll first comes back pending, sleeps on the
//! loop's poller (an epoll or kqueue descriptor, which can itself be watched) and on the deadline, and calls the wakers once. It
//! touches nothing of the interpreter.
#![forbid(unsafe_code)]

use crate::host::clock;
use crate::reactor::{Clock, Direction, Inbox, Poller, Sender, Trigger, Wait};
use std::io;
use std::os::fd::AsRawFd;
use std::task::Waker;
use std::thread::JoinHandle;

enum Message {
    /// Call the wakers at the deadline, or when the loop's poller has something.
    Set {
        wakers: Vec<Waker>,
        deadline: Option<u64>,
    },
    Stop,
}

/// The thread's handle. Dropping it ends the thread and waits for that.
pub(super) struct Alarm {
    sender: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Alarm {
    /// `watched` is a handle of its own to the loop's poller, so that the descriptor stays what it is.
    pub(super) fn start(watched: mio::Registry) -> io::Result<Alarm> {
        let mut poller = Poller::new()?;
        let inbox = Inbox::new(poller.waker());
        let sender = inbox.sender();
        let thread = std::thread::Builder::new()
            .name("lasti-alarm".into())
            .spawn(move || run(&watched, &inbox, &mut poller))?;
        Ok(Alarm {
            sender,
            thread: Some(thread),
        })
    }

    /// Replaces what was set before. The deadline is in nanoseconds of the loop's clock.
    pub(super) fn set(&self, wakers: Vec<Waker>, deadline: Option<u64>) {
        if let Err(lost) = self.sender.send(Message::Set { wakers, deadline })
            && let Message::Set { wakers, .. } = lost.0
        {
            // The thread is gone (its poller failed): better too early than never.
            wakers.iter().for_each(Waker::wake_by_ref);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let _ = self.sender.send(Message::Stop);
        // A waker that panicked is told by the panic hook.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn run(watched: &mio::Registry, inbox: &Inbox<Message>, poller: &mut Poller<()>) {
    let mut armed: Option<(Vec<Waker>, Option<u64>)> = None;
    let mut found = Vec::new();
    loop {
        let wait = match &armed {
            Some((_, Some(deadline))) => Wait::Until(*deadline),
            _ => Wait::Forever,
        };
        let outcome = poller.poll(wait, clock(), &mut found);
        let mut fired = !found.is_empty() || outcome.is_err();
        found.clear();
        for message in inbox.drain() {
            match message {
                Message::Stop => return,
                Message::Set { wakers, deadline } => armed = Some((wakers, deadline)),
            }
            // Registering anew has the kernel look again, so that what came before is not missed.
            let fd = watched.as_raw_fd();
            fired = poller.set(fd, Direction::Read, Trigger::Edge, ()).is_err();
        }
        let due = match &armed {
            Some((_, Some(deadline))) => clock().now() >= *deadline,
            _ => false,
        };
        if (fired || due)
            && let Some((wakers, _)) = armed.take()
        {
            wakers.iter().for_each(Waker::wake_by_ref);
        }
        if let Err(error) = outcome {
            tracing::warn!(target: "lasti::embed", %error, "cannot wait for the loop");
            return;
        }
    }
}
