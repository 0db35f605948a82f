//! Copies of the directory, without nodes.

use actor_core::{ActorId, NodeId};

use super::directory::{Directory, Entry, Kind, Packet};

fn node(number: u128) -> NodeId {
    NodeId::from_bits(number)
}

fn entry(kind: Kind, key: &str, instance: u64) -> Entry {
    Entry { kind, key: key.into(), instance }
}

fn names_of(directory: &Directory, key: &str) -> Vec<ActorId> {
    directory.actors(Kind::Group, key).map(|(actor, _)| actor).collect()
}

/// Gives `to` what `from` answers to its wants, until it wants no more.
fn exchange(from: (&mut Directory, NodeId), to: (&mut Directory, NodeId), packet: Packet) {
    let mut wants = to.0.receive(from.1, packet, 0, |_| true);
    while let Some(want) = wants.pop() {
        for answer in from.0.receive(to.1, want, 0, |_| true) {
            wants.extend(to.0.receive(from.1, answer, 0, |_| true));
        }
    }
}

/// R96: who has missed a change asks for all there is, also of another node than its own.
#[test]
fn a_copy_that_has_missed_a_change_gets_all_entries_from_whoever_has_them() {
    let (mut first, mut second, mut third) =
        (Directory::new(node(1)), Directory::new(node(2)), Directory::new(node(3)));
    for instance in 1..=500 {
        first.add(entry(Kind::Group, "workers", instance)).unwrap();
    }
    assert_eq!(first.remove(usize::MAX, |entry| entry.instance == 7), 1);
    for packet in first.take_changes() {
        exchange((&mut first, node(1)), (&mut second, node(2)), packet);
    }
    assert_eq!(names_of(&second, "workers").len(), 499);
    // The third one hears of the first from the second alone.
    let summary = second.summary(0);
    exchange((&mut second, node(2)), (&mut third, node(3)), summary);
    assert_eq!(names_of(&third, "workers"), names_of(&first, "workers"));
    // A change is lost, the next one is not.
    first.add(entry(Kind::Group, "workers", 501)).unwrap();
    drop(first.take_changes());
    first.add(entry(Kind::Group, "workers", 502)).unwrap();
    for packet in first.take_changes() {
        exchange((&mut first, node(1)), (&mut third, node(3)), packet);
    }
    assert_eq!(names_of(&third, "workers").len(), 501);
    third.forget(node(1));
    assert_eq!(names_of(&third, "workers"), []);
}

/// R96
#[test]
fn of_two_claims_that_of_the_smaller_id_holds() {
    let (mut first, mut second) = (Directory::new(node(1)), Directory::new(node(2)));
    first.add(entry(Kind::Name, "king", 10)).unwrap();
    second.add(entry(Kind::Name, "king", 20)).unwrap();
    let (of_first, of_second) = (first.take_changes(), second.take_changes());
    for packet in of_first {
        exchange((&mut first, node(1)), (&mut second, node(2)), packet);
    }
    for packet in of_second {
        exchange((&mut second, node(2)), (&mut first, node(1)), packet);
    }
    assert!(second.take_has_yielded() && !first.take_has_yielded());
    for packet in second.take_changes() {
        exchange((&mut second, node(2)), (&mut first, node(1)), packet);
    }
    for directory in [&first, &second] {
        assert_eq!(directory.named("king"), Some(ActorId::new(node(1), 10)));
        assert_eq!(directory.actors(Kind::Name, "king").count(), 1);
    }
}

#[test]
fn bytes_that_make_no_sense_are_no_packet() {
    for length in 0..64 {
        for byte in [0, 1, 3, 0x7f, 0xff] {
            let bytes = bytes::Bytes::from([vec![3], vec![byte; length]].concat());
            if let Some(crate::wire::Message::Registry(packet)) = crate::wire::Message::parse(&bytes) {
                Directory::new(node(1)).receive(node(2), packet, 0, |_| true);
            }
        }
    }
}
