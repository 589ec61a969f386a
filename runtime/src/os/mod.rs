//! What several native modules use of the operating system.
pub mod buffer;
pub mod environ;
pub mod fd;
pub mod open;
pub mod path;
pub mod sockets;
pub mod stdin;
