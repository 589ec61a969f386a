//! Values, memory, types, frames, the interpreter and imports. The built-in types' methods and the `builtins`
//! module stand in the crate above, `vm/builtins`. Knows no clock, socket, thread or file: what it
//! needs from a host stands in the trait [`host::Host`].
// The pattern of the slow opcodes is made row by row, a step of the recursion each.
#![recursion_limit = "256"]

mod frame;
mod interp;
pub mod memory;
pub mod model;
pub mod objects;
#[cfg(test)]
mod testing;
// The unit tests run scripts, which need the built-in types. A dependency on that crate would bring a second copy of this one, so its
// files are compiled in, and find this crate under its name.
#[cfg(test)]
extern crate self as lasti_core;
#[cfg(test)]
#[path = "../../builtins/src/lib.rs"]
pub mod builtins;
pub mod vm;

pub use interp::{Outcome, frame_object};
pub use memory::{HugeBlocks, Kind, Payload, Ref, RefSlot, Slot, Tagged, Untagged, Value};
pub use model::attr::is_plain;
pub use model::buffer;
pub use model::protocol::self_iter;
pub use vm::args::{Args, Resume, Resumed, Stepped};
pub use vm::error::{self, Exc, PyResult};
pub use vm::host;
pub use vm::{BuiltinHooks, Vm, VmFlags, VmOptions};
