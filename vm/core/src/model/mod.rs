//! The object model: attributes, special methods and their slots, classes, calls and the protocols of operators, iteration and
//! buffers.
pub(crate) mod attr;
pub mod call;
pub(crate) mod class;
pub(crate) mod protocol;
pub(crate) mod slots;
pub(crate) mod type_cache;
