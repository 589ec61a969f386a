//! Numbers that do not fit in the value word.
use crate::memory::{Kind, Payload};
use dashu_int::IBig;

/// An int outside 51 bits, or an instance of a subclass of `int`.
pub struct Int(pub IBig);
impl Payload for Int {
    const KIND: Kind = Kind::Int;
    const NAME: &'static str = "int";
}

/// A NaN, or an instance of a subclass of `float`.
pub struct Float(pub f64);
impl Payload for Float {
    const KIND: Kind = Kind::Float;
    const NAME: &'static str = "float";
}

pub struct Complex(pub f64, pub f64);
impl Payload for Complex {
    const NAME: &'static str = "complex";
}
