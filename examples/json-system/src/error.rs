//! What can go wrong beside the methods' own errors.

use std::fmt;

use distributed_actor::{Outcome, SystemError, SystemFailure};
use serde::{Deserialize, Serialize};

/// A failure of the system. It travels as JSON, like everything here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SampleError {
    /// No node of that name is on the wire.
    UnknownNode(String),
    /// A node of that name is on the wire already.
    NodeNameTaken(String),
    /// The node has ended while it was asked something.
    ProcessTerminated(String),
    /// The runtime on either side could not run the call.
    Runtime(SystemError),
}

impl fmt::Display for SampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownNode(node) => write!(f, "no node `{node}` is on the wire"),
            Self::NodeNameTaken(node) => write!(f, "a node `{node}` is on the wire already"),
            Self::ProcessTerminated(node) => write!(f, "node `{node}` has ended before it answered"),
            Self::Runtime(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SampleError {}

impl From<SystemError> for SampleError {
    fn from(error: SystemError) -> Self {
        Self::Runtime(error)
    }
}

impl SystemFailure for SampleError {
    fn outcome(&self) -> Outcome {
        match self {
            Self::UnknownNode(_) | Self::NodeNameTaken(_) => Outcome::NotExecuted,
            Self::ProcessTerminated(_) => Outcome::Unknown,
            Self::Runtime(error) => error.outcome(),
        }
    }
}
