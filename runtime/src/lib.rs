//! lasti: a runtime for Python's async scripts.
//!
//! The reactor, timers, tasks, the asyncio module, threads, sockets and the command line stand here, on top of the
//! interpreter in `lasti-core`. [`Interpreter`] is where a program that embeds it begins.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

mod aio;
mod bench;
pub mod cli;
mod disassemble;
mod embed;
mod host;
mod interpreter;
mod io;
mod leaks;
mod main_module;
mod monitoring;
mod netaddr;
mod os;
mod posix;
mod process;
mod terminal;
mod users;
mod wait;
mod zone;
// Public for its own tests and benches; not part of the embedding API.
mod gil;
mod queue;
#[doc(hidden)]
pub mod reactor;
mod resource;
mod scratch;
mod select;
mod signals;
mod socket;
mod stdio;
mod sys;
mod threads;
mod time;
mod uncaught;

pub use embed::{Bytes, Error, FromArgs, FromPython, Object, PyFuture, Python, ToArgs, ToPython};
pub use interpreter::{Interpreter, Settings};
pub use lasti_core::HugeBlocks;
