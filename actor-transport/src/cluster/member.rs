//! One node of a cluster.

use std::{collections::BTreeMap, fmt, sync::Arc};

use actor_core::NodeId;

use crate::Address;

/// What a node says of itself to the cluster beside its name, by key: a zone, a role. At most 1 KiB together.
pub type Labels = BTreeMap<String, String>;

/// A node of a cluster, as one of the others sees it. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    about: Arc<About>,
    state: MemberState,
}

#[derive(PartialEq, Eq)]
struct About {
    id: NodeId,
    name: String,
    addresses: Vec<Address>,
    labels: Labels,
}

/// How it is with a member, as this node sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MemberState {
    /// Nothing speaks against it.
    Alive,
    /// This node cannot connect to it, though others may: calls to it fail with the reason.
    Unreachable,
    /// It has not answered, neither this node nor others that were asked, and has some seconds to object.
    Suspect,
    /// It did not object. It is a member no more; if it was alive all the same it joins again.
    Dead,
    /// It has left in order. It is a member no more.
    Left,
    /// Another incarnation of the node has been started at its address. It is a member no more, and cannot come back.
    Replaced,
}

impl Member {
    /// A member. For who writes a [`Membership`](crate::cluster::Membership).
    #[must_use]
    pub fn new(id: NodeId, name: String, addresses: Vec<Address>, labels: Labels, state: MemberState) -> Self {
        Self { about: Arc::new(About { id, name, addresses, labels }), state }
    }

    /// The same node in another state.
    #[must_use]
    pub fn with_state(&self, state: MemberState) -> Self {
        Self { about: self.about.clone(), state }
    }

    /// The incarnation.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.about.id
    }

    /// Its name, for people. Empty if it has none; several nodes may have the same.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.about.name
    }

    /// Where it can be reached.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.about.addresses
    }

    /// What it says of itself.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        &self.about.labels
    }

    /// How it is with it.
    #[must_use]
    pub fn state(&self) -> MemberState {
        self.state
    }

    /// Whether it is [`Alive`](MemberState::Alive).
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.state == MemberState::Alive
    }
}

impl fmt::Display for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alive => "alive",
            Self::Unreachable => "unreachable",
            Self::Suspect => "suspect",
            Self::Dead => "dead",
            Self::Left => "left",
            Self::Replaced => "replaced",
        })
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name().is_empty() {
            write!(f, "{} ({})", self.id(), self.state)
        } else {
            write!(f, "{} ({})", self.name(), self.state)
        }
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("addresses", &self.addresses())
            .field("labels", &self.labels())
            .field("state", &self.state)
            .finish()
    }
}
