//! The one error type of this crate: which Python exception to raise, and its message in CPython's words.

/// The Python exception an error stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    Value,
    Type,
    Overflow,
    ZeroDivision,
    Memory,
    /// `struct.error`
    Struct,
}

impl ErrorKind {
    /// The name of the exception class.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::Value => "ValueError",
            ErrorKind::Type => "TypeError",
            ErrorKind::Overflow => "OverflowError",
            ErrorKind::ZeroDivision => "ZeroDivisionError",
            ErrorKind::Memory => "MemoryError",
            ErrorKind::Struct => "struct.error",
        }
    }
}

/// MemoryError where so many bytes cannot be had.
pub(crate) fn room(bytes: usize) -> Result<(), TextError> {
    const LARGE: usize = 1 << 20;
    if bytes < LARGE {
        return Ok(());
    }
    let mut room = Vec::<u8>::new();
    room.try_reserve_exact(bytes)
        .map_err(|_| TextError::memory())
}

/// An exception to be raised by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    pub kind: ErrorKind,
    pub msg: String,
}

impl TextError {
    pub fn new(kind: ErrorKind, msg: impl Into<String>) -> Self {
        TextError {
            kind,
            msg: msg.into(),
        }
    }

    pub fn value(msg: impl Into<String>) -> Self {
        Self::new(ErrorKind::Value, msg)
    }

    pub fn type_(msg: impl Into<String>) -> Self {
        Self::new(ErrorKind::Type, msg)
    }

    pub fn overflow(msg: impl Into<String>) -> Self {
        Self::new(ErrorKind::Overflow, msg)
    }

    pub fn zero_division(msg: impl Into<String>) -> Self {
        Self::new(ErrorKind::ZeroDivision, msg)
    }

    pub fn memory() -> Self {
        Self::new(ErrorKind::Memory, "")
    }

    pub fn struct_(msg: impl Into<String>) -> Self {
        Self::new(ErrorKind::Struct, msg)
    }
}

impl std::fmt::Display for TextError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.msg)
    }
}

impl std::error::Error for TextError {}
