//! Reactor, timers, tasks, the asyncio module, threads, sockets and the command line.

pub mod reactor;
