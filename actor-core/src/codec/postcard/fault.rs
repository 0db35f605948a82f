//! What can be wrong with bytes.

use std::fmt::Display;

use serde::de;

/// Why bytes do not hold the value that was asked for. The deserializer stands where it was noticed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("the value is cut off")]
    CutOff,
    #[error("an integer does not fit its {0} bits")]
    Varint(u32),
    #[error("{0} is neither false (0) nor true (1)")]
    Bool(u8),
    #[error("{0} is neither absent (0) nor present (1)")]
    Option(u8),
    #[error("these bytes are not one character")]
    Char,
    #[error("the string is not UTF-8")]
    Utf8,
    #[error("a length of {announced} is announced where {left} bytes are left")]
    Length { announced: u64, left: usize },
    #[error("the value is nested too deep")]
    TooDeep,
    #[error("the value needs more memory than a message of this length may take ({left} bytes of that are left)")]
    TooMuchHeap { left: usize },
    #[error("the type did not read {0} elements that are there")]
    Unread(usize),
    #[error("the type asks what comes next, which this encoding does not tell")]
    NotSelfDescribing,
    #[error("{0}")]
    Custom(Box<str>),
}

impl de::Error for Fault {
    #[cold]
    fn custom<M: Display>(message: M) -> Self {
        Self::Custom(message.to_string().into())
    }
}
