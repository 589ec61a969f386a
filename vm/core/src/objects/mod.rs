//! Payloads of the built-in types: their storage and the operations that run no Python.
//!
//! Methods as Python sees them stand in `builtins`.
mod arity;
mod bytes;
mod code;
mod dict;
mod exception;
mod function;
mod generator;
mod instance;
mod number;
mod quick;
mod sequence;
mod set;
mod simple;
mod str;
mod r#type;

pub use arity::Arity;
pub use bytes::{ByteArray, Bytes};
pub(crate) use code::{Body, Library, Origin};
pub use code::{CallKind, Code, Instr, Intrinsic, YieldsOnce};
pub use dict::{Cursor, Dict, DictKey, Probe};
pub use exception::{Exception, Traceback};
pub use function::{
    BoundMethod, Function, HostFn, NativeFn, NativeFunction, NativeKind, PlainFn, Tail, TailFn,
};
pub use generator::*;
pub use instance::{Instance, Shape};
pub use number::{Complex, Float, Int};
pub use quick::Quick;
pub(crate) use quick::slow_units;
pub use sequence::{List, ListIter, Tuple, TupleIter};
pub use set::{Set, SetIter};
pub use simple::*;
pub(crate) use str::GROWS_FROM;
pub use str::{HashKeys, Pieces, Str, mix_words};
pub use r#type::*;
