//! Number and text formatting and parsing, as pure functions. Knows no heap and no interpreter.
//!
//! Text is WTF-8: UTF-8 in which lone surrogates stand as three-byte sequences. Two neighbouring surrogates stay two
//! code points, as in a CPython string, so this is the generalized form.
#![forbid(unsafe_code)]

pub mod codecs;
mod error;
pub mod escape_codec;
pub mod filename;
pub mod float;
pub mod float_format;
pub mod format_spec;
pub mod int;
pub mod int_arith;
pub mod percent;
pub mod repr;
pub mod split;
pub mod str_format;
pub mod structfmt;
pub mod unicode;
mod unicode_tables;
pub mod wtf8;

pub use dashu_int::{IBig, UBig};
pub use error::{ErrorKind, TextError};
