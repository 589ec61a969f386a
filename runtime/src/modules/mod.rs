//! The native modules that need the operating system, one each under CPython's name. `io` and `_asyncio` have folders of their own.
mod fcntl;
mod grp;
mod lasti_dis;
mod posix;
mod posixsubprocess;
mod pwd;
mod queue;
mod resource;
mod select;
pub mod signal;
mod socket;
pub mod sys;
mod termios;
pub mod thread;
mod time;

use lasti_core::Vm;

/// Registers them all but `sys`, which an interpreter makes as it starts.
pub fn register(vm: &Vm) {
    fcntl::register(vm);
    grp::register(vm);
    lasti_dis::register(vm);
    posix::register(vm);
    posixsubprocess::register(vm);
    pwd::register(vm);
    queue::register(vm);
    resource::register(vm);
    select::register(vm);
    signal::register(vm);
    socket::register(vm);
    termios::register(vm);
    thread::register(vm);
    time::register(vm);
}
