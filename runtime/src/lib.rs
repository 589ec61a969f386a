//! lasti: a runtime for Python's async scripts.
//!
//! The reactor, timers, tasks, the asyncio module, threads, sockets and the command line stand here, on top of the
//! interpreter in `lasti-core`. [`Interpreter`] is where a program that embeds it begins.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

mod aio;
pub mod cli;
mod embed;
mod gil;
mod host;
mod interpreter;
mod io;
mod main_module;
mod modules;
mod os;
// Public for its own tests and benches; not part of the embedding API.
#[doc(hidden)]
pub mod reactor;
mod uncaught;
mod wait;

pub use embed::{Bytes, Error, FromArgs, FromPython, Object, PyFuture, Python, ToArgs, ToPython};
pub use interpreter::{Interpreter, Settings};
pub use lasti_core::HugeBlocks;
