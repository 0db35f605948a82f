//! Who is who.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

use serde::{Deserialize, Serialize};

/// An actor: the name of its node, and a random number that no other actor has.
///
/// As it is serializable, references are: they travel as their ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SampleId {
    /// The name of its node.
    pub node: String,
    /// Its number. A node that is started again under the same name does not give the same ones.
    pub instance: u64,
}

impl SampleId {
    /// A new id on that node.
    pub(crate) fn mint(node: &str) -> Self {
        // Each `RandomState` has random keys, and so hashes the same name differently.
        Self { node: node.into(), instance: RandomState::new().hash_one(node) }
    }
}

impl fmt::Display for SampleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:016x}", self.node, self.instance)
    }
}
