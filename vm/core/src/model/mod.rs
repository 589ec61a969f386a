//! The object model: attributes, special methods and their slots, classes, calls and the protocols of operators, iteration and
//! buffers.
pub(crate) mod attr;
pub mod buffer;
pub mod call;
pub(crate) mod class;
pub(crate) mod instance;
mod isinstance;
pub(crate) mod new;
pub(crate) mod protocol;
pub(crate) mod slots;
mod structseq;
pub(crate) mod type_cache;
