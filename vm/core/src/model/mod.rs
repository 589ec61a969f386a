//! The object model: attributes, special methods, classes, calls, and the protocols that operators and built-ins go through.
pub(crate) mod attr;
pub mod call;
pub(crate) mod class;
pub(crate) mod protocol;
pub(crate) mod slots;
pub(crate) mod type_cache;
