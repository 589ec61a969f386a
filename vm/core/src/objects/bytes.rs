//! `bytes` and `bytearray` storage.
use crate::memory::{Kind, Payload};
use std::cell::{Cell, RefCell};

/// `bytes`: immutable.
pub struct Bytes {
    pub data: Box<[u8]>,
    pub hash: Cell<u64>,
}
impl Payload for Bytes {
    const KIND: Kind = Kind::Bytes;
    const NAME: &'static str = "bytes";
}
impl Bytes {
    pub fn new(data: Box<[u8]>) -> Bytes {
        Bytes {
            data,
            hash: Cell::new(0),
        }
    }
}

/// `bytearray`. `exports` counts memoryviews that forbid a change of size.
#[derive(Default)]
pub struct ByteArray {
    pub data: RefCell<Vec<u8>>,
    pub exports: Cell<usize>,
}
impl Payload for ByteArray {
    const NAME: &'static str = "bytearray";
}
