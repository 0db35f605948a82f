//! Packets of SWIM, short: without what both sides know. `foca` writes into each one who sends it and who is to have it,
//! with all that these say of themselves, and the same of every member of which there is news.

use std::sync::Arc;

use actor_core::NodeId;
use foca::{Header, Member, Message, State};
use serde::{Deserialize, Serialize};

use crate::identity::{About, Identity};

/// A member, without what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Who {
    pub(crate) node: NodeId,
    pub(crate) life: u32,
}

/// How it is with a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Update {
    pub(crate) who: Who,
    pub(crate) incarnation: u16,
    pub(crate) state: State,
}

/// One packet, between two nodes that know from whom it is and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Packet {
    /// Of the sender.
    life: u32,
    incarnation: u16,
    /// Of the receiver, as far as the sender knows.
    life_of_receiver: u32,
    message: Message<Who>,
    /// What the sender says of itself, to who may not know it.
    about: Option<About>,
    updates: Vec<Update>,
}

/// What a packet comes to with what its receiver knows.
pub(crate) struct Full {
    /// As `foca` reads it.
    pub(crate) data: Vec<u8>,
    /// Members that it has news of and that the receiver does not know.
    pub(crate) unknown: Vec<NodeId>,
}

impl Packet {
    /// Of what `foca` has written. None if that is no packet.
    pub(crate) fn short(data: &[u8]) -> Option<Self> {
        let (header, rest) = postcard::take_from_bytes::<Header<Identity>>(data).ok()?;
        // Who is told of members one by one asks for those that it does not know; a feed of them all is not needed,
        // since members are compared at the same time.
        let is_feed = header.message == Message::Feed;
        let introduces_itself = is_feed || header.message == Message::Announce;
        let (count, mut rest) = rest.split_first_chunk().unwrap_or((&[0, 0], &[]));
        let count = if is_feed { 0 } else { u16::from_be_bytes(*count) };
        let mut updates = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let (member, after) = postcard::take_from_bytes::<Member<Identity>>(rest).ok()?;
            rest = after;
            updates.push(Update { who: who(member.id()), incarnation: member.incarnation(), state: member.state() });
        }
        Some(Self {
            life: header.src.life,
            incarnation: header.src_incarnation,
            life_of_receiver: header.dst.life,
            message: exchanged(header.message, |identity| Some(who(&identity)))?,
            about: introduces_itself.then(|| About::clone(&header.src.about)),
            updates,
        })
    }

    /// As `foca` reads it, with what `known` says of nodes. None if the sender is not among them and says nothing of
    /// itself.
    pub(crate) fn full(self, from: NodeId, own: NodeId, known: impl Fn(NodeId) -> Option<Arc<About>>) -> Option<Full> {
        let identity = |Who { node, life }, about| Identity { node, life, about };
        let sender = Who { node: from, life: self.life };
        let receiver = Who { node: own, life: self.life_of_receiver };
        let header = Header {
            src: identity(sender, known(from).or(self.about.map(Arc::new))?),
            src_incarnation: self.incarnation,
            // Nothing is learned from it.
            dst: identity(receiver, Arc::default()),
            // These are passed on to, and not remembered.
            message: exchanged(self.message, |who| {
                let about = known(who.node).unwrap_or_default();
                Some(identity(who, about))
            })?,
        };
        let mut data = postcard::to_allocvec(&header).ok()?;
        let mut unknown = Vec::new();
        let mut members = Vec::with_capacity(self.updates.len());
        for Update { who, incarnation, state } in self.updates {
            match known(who.node) {
                Some(about) => members.push(Member::new(identity(who, about), incarnation, state)),
                None if state == State::Alive => unknown.push(who.node),
                // That somebody is gone is no news to who has not known him.
                None => {}
            }
        }
        if !members.is_empty() {
            data.extend_from_slice(&u16::try_from(members.len()).ok()?.to_be_bytes());
            for member in members {
                data = postcard::to_extend(&member, data).ok()?;
            }
        }
        Some(Full { data, unknown })
    }
}

fn who(identity: &Identity) -> Who {
    Who { node: identity.node, life: identity.life }
}

/// The same message with other names in it.
fn exchanged<A, B>(message: Message<A>, exchange: impl FnOnce(A) -> Option<B>) -> Option<Message<B>> {
    Some(match message {
        Message::Ping(number) => Message::Ping(number),
        Message::Ack(number) => Message::Ack(number),
        Message::PingReq { target, probe_number } => Message::PingReq { target: exchange(target)?, probe_number },
        Message::IndirectPing { origin, probe_number } => {
            Message::IndirectPing { origin: exchange(origin)?, probe_number }
        }
        Message::IndirectAck { target, probe_number } => {
            Message::IndirectAck { target: exchange(target)?, probe_number }
        }
        Message::ForwardedAck { origin, probe_number } => {
            Message::ForwardedAck { origin: exchange(origin)?, probe_number }
        }
        Message::Announce => Message::Announce,
        Message::Feed => Message::Feed,
        Message::Gossip => Message::Gossip,
        Message::Broadcast => Message::Broadcast,
        Message::TurnUndead => Message::TurnUndead,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(number: u128) -> Identity {
        let about = About { name: format!("node{number}"), addresses: vec!["tcp://h:1".into()], labels: Vec::new() };
        Identity { node: NodeId::from_bits(number), life: 3, about: about.into() }
    }

    fn about(of: NodeId, known: &[u128]) -> Option<Arc<About>> {
        known.iter().map(|number| member(*number)).find(|member| member.node == of).map(|member| member.about)
    }

    /// What `foca` writes.
    fn written(message: Message<Identity>, updates: &[Member<Identity>]) -> Vec<u8> {
        let header = Header { src: member(2), src_incarnation: 9, dst: Identity::unknown(member(1).node), message };
        let mut data = postcard::to_allocvec(&header).unwrap();
        if !updates.is_empty() {
            data.extend_from_slice(&(updates.len() as u16).to_be_bytes());
        }
        updates.iter().fold(data, |data, update| postcard::to_extend(update, data).unwrap())
    }

    #[test]
    fn a_packet_is_the_same_again_where_all_are_known() {
        let updates = [State::Alive, State::Suspect, State::Down].map(|state| Member::new(member(3), 7, state));
        for message in [
            Message::Ping(1),
            Message::PingReq { target: member(3), probe_number: 2 },
            Message::ForwardedAck { origin: member(4), probe_number: 3 },
            Message::Gossip,
        ] {
            let data = written(message, &updates);
            let packet = Packet::short(&data).unwrap();
            let length = postcard::to_allocvec(&packet).unwrap().len();
            assert!(length < data.len() / 2, "{length} of {}", data.len());
            let known = |node| about(node, &[1, 2, 3, 4]);
            let full = packet.full(member(2).node, member(1).node, known).unwrap();
            assert_eq!((full.data, full.unknown), (data, Vec::new()));
        }
    }

    #[test]
    fn who_is_not_known_is_asked_for_and_of_the_unknown_dead_nothing_is_made() {
        let updates = [
            Member::new(member(3), 0, State::Alive),
            Member::new(member(4), 0, State::Down),
            Member::new(member(5), 0, State::Suspect),
        ];
        let packet = Packet::short(&written(Message::Gossip, &updates)).unwrap();
        let full = packet.clone().full(member(2).node, member(1).node, |node| about(node, &[1, 2])).unwrap();
        assert_eq!((full.data, full.unknown), (written(Message::Gossip, &[]), vec![member(3).node]));
        // A sender of whom nothing is known has to say who it is.
        assert!(packet.full(member(2).node, member(1).node, |node| about(node, &[1])).is_none());
        let announced = Packet::short(&written(Message::Announce, &[])).unwrap();
        let full = announced.full(member(2).node, member(1).node, |node| about(node, &[1])).unwrap();
        assert_eq!(full.data, written(Message::Announce, &[]));
    }
}
