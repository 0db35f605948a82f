//! What members send to one another: one byte that says what, and the rest.

use actor_core::NodeId;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{digest::Hashes, identity::Identity, packet, registry};

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// Nothing: a reason to connect.
    Nothing,
    /// For SWIM.
    Swim(packet::Packet),
    /// The sender leaves.
    Leave,
    /// The sender suspects the receiver, in that life and incarnation.
    Doubt { life: u32, incarnation: u16 },
    /// Hashes of the members that the sender knows; of those parts where the receiver's differ, it sends those that it
    /// knows.
    Compare(Box<Hashes>),
    /// Some of them, with their incarnations.
    Roster(Vec<(Identity, u16)>),
    /// For the registry.
    Registry(registry::Packet),
    /// The receiver is to send its `Roster` of these nodes, as far as it knows them.
    Want(Vec<NodeId>),
}

impl Message {
    /// None for what a later version may know.
    pub(crate) fn parse(payload: &Bytes) -> Option<Self> {
        match payload.first()? {
            0 => Some(Self::Nothing),
            1 => decoded(payload).map(Self::Swim),
            2 => Some(Self::Leave),
            3 => decoded(payload).map(Self::Registry),
            4 => {
                let (life, incarnation) = payload.get(1..)?.split_at_checked(4)?;
                let (life, incarnation) = (life.try_into().ok()?, incarnation.try_into().ok()?);
                Some(Self::Doubt { life: u32::from_le_bytes(life), incarnation: u16::from_le_bytes(incarnation) })
            }
            5 => {
                let (hashes, []) = payload.get(1..)?.as_chunks::<8>() else { return None };
                let hashes: Vec<_> = hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect();
                hashes.try_into().ok().map(|hashes| Self::Compare(Box::new(hashes)))
            }
            6 => decoded(payload).map(Self::Roster),
            7 => decoded(payload).map(Self::Want),
            _ => None,
        }
    }

    pub(crate) fn encode(&self) -> Bytes {
        match self {
            Self::Nothing => Bytes::from_static(&[0]),
            Self::Swim(packet) => encoded(1, packet),
            Self::Leave => Bytes::from_static(&[2]),
            Self::Doubt { life, incarnation } => {
                let mut payload = vec![4];
                payload.extend_from_slice(&life.to_le_bytes());
                payload.extend_from_slice(&incarnation.to_le_bytes());
                payload.into()
            }
            Self::Compare(hashes) => {
                [5].into_iter().chain(hashes.iter().flat_map(|hash| hash.to_le_bytes())).collect::<Vec<_>>().into()
            }
            Self::Registry(packet) => encoded(3, packet),
            Self::Roster(members) => encoded(6, members),
            Self::Want(nodes) => encoded(7, nodes),
        }
    }
}

fn decoded<'a, T: Deserialize<'a>>(payload: &'a Bytes) -> Option<T> {
    postcard::from_bytes(payload.get(1..)?).ok()
}

fn encoded(kind: u8, content: &impl Serialize) -> Bytes {
    // There is nothing in it that could not be encoded.
    postcard::to_extend(content, vec![kind]).map_or_else(|_| Bytes::from_static(&[0]), Bytes::from)
}
