//! How members are told apart.

use std::sync::Arc;

use actor_core::NodeId;
use serde::{Deserialize, Serialize};

/// A node, and how often it has come back after it was declared dead: a verdict is final for one life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) node: NodeId,
    pub(crate) life: u32,
    #[serde(with = "shared")]
    pub(crate) about: Arc<About>,
}

/// What a member says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) name: String,
    pub(crate) addresses: Vec<String>,
    pub(crate) labels: Vec<(String, String)>,
}

impl Identity {
    /// Bytes that it takes in a message, about.
    pub(crate) fn length(&self) -> usize {
        let About { name, addresses, labels } = &*self.about;
        let texts = addresses.iter().chain(labels.iter().flat_map(|(key, value)| [key, value]));
        32 + name.len() + texts.map(|text| text.len() + 2).sum::<usize>()
    }

    /// A node of which nothing else is known: good for the first word to it.
    pub(crate) fn unknown(node: NodeId) -> Self {
        Self { node, life: 0, about: Arc::default() }
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        (self.node, self.life) == (other.node, other.life)
    }
}

impl Eq for Identity {}

impl foca::Identity for Identity {
    type Addr = NodeId;

    fn renew(&self) -> Option<Self> {
        Some(Self { life: self.life.checked_add(1)?, ..self.clone() })
    }

    fn addr(&self) -> NodeId {
        self.node
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self.life > adversary.life
    }
}

mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::About;

    pub(super) fn serialize<S: Serializer>(about: &Arc<About>, serializer: S) -> Result<S::Ok, S::Error> {
        about.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<About>, D::Error> {
        About::deserialize(deserializer).map(Arc::new)
    }
}
