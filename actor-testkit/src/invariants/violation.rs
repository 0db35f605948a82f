//! How an invariant is broken.

use std::{fmt, time::Duration};

/// What the entries of a ledger show that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// The call has not ended, and was not dropped.
    Unended {
        /// Its number.
        call: u64,
    },
    /// It has ended too long after its deadline.
    Late {
        /// Its number.
        call: u64,
        /// Time after the deadline.
        by: Duration,
    },
    /// It was executed more than once.
    ExecutedTwice {
        /// Its number.
        call: u64,
    },
    /// It was acknowledged, or reported as executed, and was not executed.
    NotExecuted {
        /// Its number.
        call: u64,
    },
    /// It was reported as not executed, and was.
    Executed {
        /// Its number.
        call: u64,
    },
    /// It was executed before an earlier one of its pair.
    OutOfOrder {
        /// Its number.
        call: u64,
        /// The number of the earlier one, which was executed later.
        before: u64,
    },
    /// Nobody has made the call that was executed.
    Unknown {
        /// Its number.
        call: u64,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unended { call } => write!(f, "invariant 1: call {call} has not ended"),
            Self::Late { call, by } => write!(f, "invariant 1: call {call} has ended {by:?} after its deadline"),
            Self::ExecutedTwice { call } => write!(f, "invariant 2: call {call} was executed twice"),
            Self::NotExecuted { call } => write!(f, "invariant 2: call {call} was acknowledged and not executed"),
            Self::Executed { call } => write!(f, "invariant 3: call {call} was executed, and reported as not executed"),
            Self::OutOfOrder { call, before } => write!(f, "invariant 5: call {call} was executed before {before}"),
            Self::Unknown { call } => write!(f, "invariant 2: call {call} was executed, and nobody has made it"),
        }
    }
}

impl std::error::Error for Violation {}
