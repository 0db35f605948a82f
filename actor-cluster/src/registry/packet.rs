//! What nodes tell one another of their entries.

use actor_core::NodeId;
use serde::{Deserialize, Serialize};

use crate::digest::Hashes;

/// What an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Kind {
    Group,
    Name,
}

/// One entry: an actor of the node that has written it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) key: String,
    /// The actor's number on that node.
    pub(crate) instance: u64,
}

/// What makes the next version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    /// Its number is that of the version.
    Add(Entry),
    Remove(u64),
}

/// How much of a node's entries is known: of those up to the number `reached`, the ones that were there in version
/// `as_of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) reached: u64,
    pub(crate) as_of: u64,
}

/// What leads from one progress to another. One from nothing begins anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    pub(crate) from: Progress,
    pub(crate) to: Progress,
    /// The receiver has to ask for what follows.
    pub(crate) asks: bool,
    /// By version, the entry that it has removed.
    pub(crate) removed: Vec<(u64, u64)>,
    pub(crate) added: Vec<(u64, Entry)>,
}

/// What nodes send to one another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Packet {
    /// The sender's own changes, from this version on, one by one.
    Changes { after: u64, changes: Vec<Change> },
    /// How far the sender is, how much it has to do, and a hash of the versions of all nodes that it knows.
    Summary { version: u64, load: u64, hash: u64 },
    /// The receiver is to tell of the entries of a node what is not known yet.
    Want { node: NodeId, known: Progress },
    /// It does.
    Since(NodeId, Stretch),
    /// The receiver is to tell the versions that it knows, of those parts of the nodes where its hashes are others.
    Compare(Box<Hashes>),
    /// Some of them.
    Versions(Vec<(NodeId, u64)>),
    /// The receiver is to tell how much it has to do.
    AskLoad,
    /// The sender has so much to do.
    Load(u64),
}

impl Entry {
    /// Bytes that it takes in a packet with its number, at most.
    pub(crate) fn length(&self) -> usize {
        self.key.len() + 34
    }
}

impl Change {
    /// Bytes that it takes in a packet, at most.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Add(entry) => entry.length(),
            Self::Remove(_) => 11,
        }
    }
}

/// No node makes so many changes. One that says so could make the versions of others overflow.
const VERSION_MAX: u64 = u64::MAX / 2;

impl Progress {
    /// What is known is a version.
    pub(crate) fn is_complete(self) -> bool {
        self.reached == self.as_of
    }
}

impl Stretch {
    /// None if that cannot be: its numbers do not rise, or lie elsewhere.
    pub(crate) fn in_order(self) -> Option<Self> {
        fn rises<T>(list: &[(u64, T)], mut after: u64, to: u64) -> bool {
            list.iter().all(|(number, _)| std::mem::replace(&mut after, *number) < *number) && after <= to
        }
        let Self { from, to, .. } = self;
        let is_in_order = from.reached <= from.as_of
            && to.reached <= to.as_of
            && to.as_of <= VERSION_MAX
            && rises(&self.removed, from.as_of, to.as_of)
            && rises(&self.added, from.reached, to.reached);
        is_in_order.then_some(self)
    }
}
