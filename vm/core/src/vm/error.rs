//! How Python exceptions travel through Rust: as the exception instance, one word wide.
use crate::memory::Value;

/// A raised Python exception (an instance of a BaseException subclass).
#[derive(Clone, Debug)]
#[must_use]
pub struct Exc(pub Value);

/// The result of anything that can raise.
pub type PyResult<T> = Result<T, Exc>;

const _: () = assert!(size_of::<Exc>() == 8);
const _: () = assert!(size_of::<PyResult<Value>>() <= 16);
