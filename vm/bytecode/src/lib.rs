//! Opcode table, code objects as plain data, disassembler and marshalling. Knows no heap.
#![forbid(unsafe_code)]

pub mod code;
pub mod dis;
pub mod marshal;
pub mod opcode;
mod positions;
pub mod verify;
