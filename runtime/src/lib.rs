//! lasti: a runtime for Python's async scripts.
//!
//! The reactor, timers, tasks, the asyncio module, threads, sockets and the command line stand here, on top of the
//! interpreter in `lasti-core`.
mod aio;
pub mod cli;
mod disassemble;
mod host;
mod interpreter;
mod monitoring;
mod netaddr;
mod os;
mod posix;
pub mod reactor;
mod resource;
mod select;
mod signals;
mod socket;
mod stdio;
mod sys;
mod threads;
mod time;
mod uncaught;

pub use interpreter::{Interpreter, Settings};
pub use lasti_core as core;
