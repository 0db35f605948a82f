//! What a supervisor says of its children.

use std::fmt;

use actor_core::ExitReason;
use serde::{Deserialize, Serialize};

/// What a child is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ChildState {
    /// It runs.
    Running,
    /// It has crashed, and is about to be started again.
    Waiting,
    /// It has ended, or was stopped, and is not started again of itself.
    Stopped,
}

impl fmt::Display for ChildState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
        })
    }
}

/// One child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its name among its siblings.
    pub name: String,
    /// The id of its actor, as printed; none while it is not there.
    pub actor: Option<String>,
    /// Whether it is a supervisor.
    pub is_supervisor: bool,
    /// What it is at.
    pub state: ChildState,
    /// How often it was started again.
    pub restarts: u64,
    /// Why it ended the last time, if it has.
    pub last_exit: Option<ExitReason>,
    /// Its own children.
    pub children: Vec<ChildInfo>,
}

/// How many children there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChildCount {
    /// All that are specified.
    pub specified: u64,
    /// Those that run.
    pub running: u64,
    /// Those that are supervisors.
    pub supervisors: u64,
}
