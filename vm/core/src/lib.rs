//! Values, heap, types, frames, the interpreter, builtins and imports. Knows no clock, socket, thread or file: what it
//! needs from a host stands in the trait [`host::Host`].
// The pattern of the slow opcodes is made row by row, a step of the recursion each.
#![recursion_limit = "256"]

mod attr;
pub mod builtins;
pub mod call;
mod class;
pub mod error;
mod frame;
pub mod heap;
pub mod host;
mod interp;
mod make;
pub mod memory;
pub mod objects;
mod protocol;
mod slots;
#[cfg(test)]
mod testing;
mod type_cache;
pub mod vm;

pub use attr::is_plain;
pub use builtins::self_iter;
pub use call::{Args, Resume, Resumed, Stepped};
pub use error::{Exc, PyResult};
pub use heap::{HugeBlocks, Kind, Payload, Ref, RefSlot, Slot, Tagged, Untagged, Value};
pub use vm::{Vm, VmFlags, VmOptions};
