//! The object model: attributes, special methods and their slots, classes, calls and the protocols of operators, iteration and
//! buffers.
pub mod attr;
pub mod buffer;
pub mod call;
pub(crate) mod class;
pub mod instance;
mod isinstance;
pub mod new;
pub(crate) mod protocol;
pub mod slots;
mod structseq;
