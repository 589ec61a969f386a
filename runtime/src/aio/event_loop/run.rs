//! One round of the loop, the only place where callbacks run (CPython's asyncio/base_events.py, `_run_once`).
//!
//! - `poll` runs on a detached `Sleeper` without the GIL. Other threads may change meanwhile what is watched.
//! - The poller is asked every 16th round while callbacks are ready.
use super::current::call_exception_handler;
use super::{Loop, PREFETCH_DISTANCE, Ready, TAG_STEP, TAG_WAKE, clock_time, timers_time};
use crate::aio::data::{State, Task, data_of};
use crate::aio::state::aio;
use crate::aio::{gather, handle, task, trace, wakeup};
use crate::host::clock;
use crate::reactor::{Clock, Outcome, Poller, Wait, timeout};
use lasti_core::{Exc, PyResult, Ref, Value, Vm};

/// With callbacks ready, the poller is asked only every so many rounds.
const POLL_EVERY: u32 = 16;

/// What a ring of more entries than this leads to is in no cache of one core.
const LONG_RING: usize = 2048;

impl Loop {
    fn take_wakes(&self, vm: &Vm) -> PyResult<()> {
        let keys: Vec<u64> = match &*self.inbox.borrow() {
            Some(i) => i.drain().collect(),
            None => return Ok(()),
        };
        for key in keys {
            let f = self.expected.borrow_mut().remove(&key);
            if let Some(f) = f
                && data_of(&f).is_some_and(|f| f.state.get() == State::Pending)
            {
                wakeup::set_result(vm, &f, Value::NONE)?;
            }
        }
        Ok(())
    }

    /// One round that does not sleep; true when there is more to run.
    pub fn turn(&self, vm: &Vm) -> PyResult<bool> {
        self.round(vm, false)?;
        Ok(self.has_ready())
    }

    pub fn run_once(&self, vm: &Vm) -> PyResult<()> {
        self.round(vm, true)
    }

    /// One round: wait for I/O or the next deadline, collect what is due, then run what was ready at that point.
    fn round(&self, vm: &Vm, may_sleep: bool) -> PyResult<()> {
        let busy = !self.ready.borrow().is_empty() || self.stopping.get();
        let rounds = self.rounds.get().wrapping_add(1);
        self.rounds.set(rounds);
        let has_io = self.poller.borrow().is_some();
        if !busy || has_io && rounds.is_multiple_of(POLL_EVERY) {
            let deadline = self.next_deadline();
            let wait = match (busy || !may_sleep, deadline) {
                (true, _) => Wait::Not,
                (false, Some(d)) => Wait::Until(d),
                (false, None) => Wait::Forever,
            };
            self.poll(vm, wait)?;
        }
        // A thread that is back from a blocking call gets its turn now, as at each of CPython's select calls.
        if busy && crate::gil::is_wanted() {
            crate::gil::give_turn(vm);
        }
        self.take_wakes(vm)?;
        self.collect_due(vm)?;
        let n = self.ready.borrow().len();
        for _ in 0..n {
            let Some(r) = self.take_ready() else {
                break;
            };
            self.run_ready(vm, r)?;
            vm.run_due();
        }
        vm.check_signals()
    }

    /// The first of the ring. Where it is long, no cache holds all that it leads to: what comes next is asked for ahead.
    #[inline]
    fn take_ready(&self) -> Option<Ready> {
        let mut ready = self.ready.borrow_mut();
        let first = ready.pop_front();
        if ready.len() > LONG_RING {
            ready[PREFETCH_DISTANCE].prefetch();
            // Of a task that was asked for some time ago.
            if let Some((t, TAG_STEP | TAG_WAKE)) = ready[PREFETCH_DISTANCE / 2].first() {
                t.coro.prefetch_two();
            }
        }
        first.map(Ready::from)
    }

    #[inline]
    fn run_ready(&self, vm: &Vm, r: Ready) -> PyResult<()> {
        if self.debug.get() || trace::callbacks() {
            return self.run_timed(vm, r);
        }
        self.run_item(vm, r)
    }

    /// Debug mode, or somebody listens: what holds the loop up for too long is told.
    #[cold]
    fn run_timed(&self, vm: &Vm, r: Ready) -> PyResult<()> {
        let (what, handle) = match &r {
            Ready::Step(t) | Ready::Wake(t) | Ready::Throw(t) => (t.value(), None),
            Ready::Gathered(g) => (g.value(), None),
            // Its callback is gone once it has run.
            Ready::Handle(h) => (h.clone(), Some(trace::callback_name(vm, h))),
        };
        let me = aio(vm).running.get();
        let began = clock().now();
        let result = self.run_item(vm, r);
        let took = (clock().now() - began) as f64 / 1e9;
        let name = || match what.as_ref::<Task>() {
            Some(t) => trace::task_name(t),
            None => handle.unwrap_or_default(),
        };
        trace::took(name, began);
        result?;
        if me.is_none() || !self.debug.get() {
            return Ok(());
        }
        let limit = vm.getattr_str(&me, "slow_callback_duration")?;
        if took >= vm.to_f64(&limit)? {
            vm.call_method(&me, "_report_slow", &[what, vm.new_float(took)])?;
        }
        Ok(())
    }

    #[inline]
    fn run_item(&self, vm: &Vm, r: Ready) -> PyResult<()> {
        match r {
            Ready::Step(t) => step(vm, &t, None),
            Ready::Wake(t) => wake(vm, &t),
            Ready::Throw(t) => {
                let e = self.operands.borrow_mut().pop_front();
                step(vm, &t, e.map(Exc))
            }
            Ready::Gathered(g) => {
                let child = self.operands.borrow_mut().pop_front();
                child.map_or(Ok(()), |child| gather::child_done(vm, &g, &child))
            }
            Ready::Handle(h) => handle::python::run(vm, &h),
        }
    }

    fn poll(&self, vm: &Vm, wait: Wait) -> PyResult<()> {
        let mut found = Vec::new();
        loop {
            let mut sleeper = self.with_poller(vm, Poller::begin)?;
            let timeout = timeout(wait, clock());
            // Sleeping releases the GIL; asking costs less than handing it round.
            let slept = match wait {
                Wait::Not => sleeper.sleep(timeout),
                _ => crate::gil::blocking(vm, || sleeper.sleep(timeout)),
            };
            let outcome =
                self.with_poller(vm, |p| p.finish(sleeper, slept, timeout, &mut found))?;
            for r in found.drain(..) {
                self.push_handle(r.payload);
            }
            vm.check_signals()?;
            match outcome {
                None => {}
                Some(Outcome::Interrupted) if self.ready.borrow().is_empty() => {}
                Some(_) => return Ok(()),
            }
        }
    }

    fn collect_due(&self, vm: &Vm) -> PyResult<()> {
        if self.timers.borrow().is_empty() {
            let dead = self.timers.borrow_mut().take_dead();
            handle::drop_timers(dead);
            return Ok(());
        }
        let now = clock().now();
        loop {
            let due = self.timers.borrow_mut().pop_due(timers_time(now as i64));
            let Some((deadline, due)) = due else {
                return Ok(());
            };
            trace::timer(clock_time(deadline), now);
            if !due.handle.completes {
                self.push_handle(due.into());
                continue;
            }
            let fut = due.handle.callback.get();
            if data_of(&fut).is_some_and(|f| f.state.get() == State::Pending) {
                wakeup::set_result(vm, &fut, due.handle.args.get())?;
            }
        }
    }
}

fn step(vm: &Vm, t: &Ref<Task>, e: Option<Exc>) -> PyResult<()> {
    if t.data.done() {
        return Ok(());
    }
    report(vm, t, task::step::step(vm, t, e))
}

fn wake(vm: &Vm, t: &Ref<Task>) -> PyResult<()> {
    if t.data.done() {
        return Ok(());
    }
    report(vm, t, task::step::wakeup(vm, t, &t.waiting_for.get()))
}

#[inline(always)]
fn report(vm: &Vm, t: &Ref<Task>, r: PyResult<()>) -> PyResult<()> {
    match r {
        Ok(()) => Ok(()),
        Err(e) => report_fault(vm, t, e),
    }
}

/// KeyboardInterrupt and SystemExit leave the loop; anything else is a fault in a callback.
#[cold]
fn report_fault(vm: &Vm, t: &Ref<Task>, e: Exc) -> PyResult<()> {
    if vm.exc_is(&e, &vm.exc.keyboard_interrupt) || vm.exc_is(&e, &vm.exc.system_exit) {
        return Err(e);
    }
    let pairs = [
        (
            "message",
            vm.str_value("Exception in callback Task.task_step()"),
        ),
        ("exception", e.0),
    ];
    call_exception_handler(vm, &t.data.event_loop.get(), &pairs)
}
