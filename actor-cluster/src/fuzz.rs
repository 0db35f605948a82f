//! What a fuzzer gives to a member: messages of another one, of which nothing is to be believed.

use std::time::{Duration, Instant};

use actor_core::NodeId;
use bytes::Bytes;

use crate::{
    digest::PARTS,
    identity::{About, Identity},
    registry::{Change, Entry, Kind, Packet, Progress, Shared, Stretch},
    swim::{PACKET_LENGTH, Swim},
    times::Times,
    wire::Message,
};

/// Gives a member the messages in `data`, each behind its length (u16), and lets time pass between them. Panics where
/// what has to hold does not: an answer that the other side could not read, more members than were told of.
pub fn receive(data: &[u8]) {
    let mut now = Instant::now();
    let (own, peer) = (NodeId::from_bits(1), NodeId::from_bits(2));
    let mut swim = Swim::new(identity(1), Times::default(), PACKET_LENGTH, now);
    let registry = Shared::new(own);
    let mut rest = data;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(after.len());
        let (payload, after) = after.split_at(length);
        rest = after;
        match Message::parse(&Bytes::copy_from_slice(payload)) {
            Some(Message::Registry(packet)) => {
                drop(registry.receive(peer, packet, (now, 0), |node| swim.is_member(node)))
            }
            Some(message) => swim.receive(now, peer, message),
            None => {}
        }
        now += Duration::from_millis(400);
        swim.tick(now);
        while let Some((_, message)) = swim.poll_send() {
            assert!(Message::parse(&message.encode()).is_some(), "{message:?}");
        }
        assert!(swim.size() <= data.len(), "more members than there were bytes");
    }
    registry.keep_members(|_| false);
}

/// Messages to begin with.
#[must_use]
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let now = Instant::now();
    let mut peer = Swim::new(identity(2), Times::default(), PACKET_LENGTH, now);
    peer.announce(now, NodeId::from_bits(1));
    let mut joining = Vec::new();
    while let Some((_, message)) = peer.poll_send() {
        put(&mut joining, &message);
    }
    let mut roster = Vec::new();
    put(&mut roster, &Message::Roster(vec![(identity(2), 0), (identity(3), 7)]));
    put(&mut roster, &Message::Doubt { life: 0, incarnation: 0 });
    put(&mut roster, &Message::Compare(Box::new([0; PARTS])));
    put(&mut roster, &Message::Want(vec![NodeId::from_bits(1), NodeId::from_bits(3)]));
    put(&mut roster, &Message::Leave);
    let entry = |kind, key: &str| Entry { kind, key: key.into(), instance: 1 };
    let mut registry = joining.clone();
    put(&mut registry, &Message::Roster(vec![(identity(2), 0)]));
    let changes = [entry(Kind::Group, "workers"), entry(Kind::Name, "king")].map(Change::Add).into();
    put(&mut registry, &Message::Registry(Packet::Changes { after: 0, changes }));
    put(&mut registry, &Message::Registry(Packet::Want { node: NodeId::from_bits(1), known: Progress::default() }));
    put(&mut registry, &Message::Registry(Packet::Summary { version: 2, load: 1, hash: 7 }));
    put(&mut registry, &Message::Registry(Packet::Compare(Box::new([0; PARTS]))));
    put(&mut registry, &Message::Registry(Packet::Versions(vec![(NodeId::from_bits(2), 5)])));
    put(&mut registry, &Message::Registry(Packet::AskLoad));
    let progress = |(reached, as_of)| Progress { reached, as_of };
    for (from, to, asks, removed, added) in [
        ((2, 2), (4, 9), true, vec![(3, 1)], vec![(4, entry(Kind::Name, "queen"))]),
        ((0, 12), (5, 12), false, vec![], vec![(5, entry(Kind::Name, "queen"))]),
        ((5, 12), (13, 13), false, vec![(13, 5)], vec![]),
    ] {
        let stretch = Stretch { from: progress(from), to: progress(to), asks, removed, added };
        put(&mut registry, &Message::Registry(Packet::Since(NodeId::from_bits(2), stretch)));
    }
    vec![("joining", joining), ("roster", roster), ("registry", registry)]
}

fn put(into: &mut Vec<u8>, message: &Message) {
    let payload = message.encode();
    into.extend_from_slice(&(payload.len() as u16).to_le_bytes());
    into.extend_from_slice(&payload);
}

fn identity(number: u128) -> Identity {
    let about = About { name: "node".into(), addresses: vec!["tcp://10.0.0.1:1".into()], labels: Vec::new() };
    Identity { node: NodeId::from_bits(number), life: 0, about: about.into() }
}
