//! Copies of the directory, without nodes.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use actor_core::{ActorId, NodeId};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

use super::{
    directory::{Directory, ENTRIES_MAX},
    packet::{Change, Entry, Kind, Packet, Progress, Stretch},
};
use crate::wire::Message;

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
    let now = Instant::now();
    let mut wants = to.0.receive(from.1, packet, (now, 0), |_| true);
    while let Some(want) = wants.pop() {
        let answers = from.0.receive(to.1, want, (now, 0), |_| true);
        let lengths = answers.iter().map(|answer| Message::Registry(answer.clone()).encode().len());
        assert!(lengths.clone().all(|length| length < 1024), "{:?}", lengths.max());
        assert!(answers.len() < 100 && lengths.sum::<usize>() < 64 * 1024, "no more than can be taken in");
        for answer in answers {
            wants.extend(to.0.receive(from.1, answer, (now, 0), |_| true));
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
    assert_eq!(first.remove(7, usize::MAX, |_| true), 1);
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
            if let Some(Message::Registry(packet)) = Message::parse(&bytes) {
                Directory::new(node(1)).receive(node(2), packet, (Instant::now(), 0), |_| true);
            }
        }
    }
}

/// R96: as many as there may be, in pieces that a node can take in, and the next change after them.
#[test]
fn a_full_directory_is_copied_piece_by_piece() {
    let (mut first, mut second) = (Directory::new(node(1)), Directory::new(node(2)));
    for instance in 0..ENTRIES_MAX as u64 {
        first.add(entry(Kind::Group, &format!("{:0>200}", instance % 9), instance)).unwrap();
    }
    assert_eq!(first.add(entry(Kind::Group, "more", 1)), None);
    // More have come and gone than anybody remembers.
    for instance in 0..3000 {
        assert_eq!(first.remove(instance, usize::MAX, |_| true), 1);
        first.add(entry(Kind::Group, &format!("{:0>200}", instance % 9), instance)).unwrap();
    }
    let told = first.take_changes();
    assert!(matches!(told.as_slice(), [Packet::Summary { .. }]), "too many to tell them all");
    for packet in told {
        exchange((&mut first, node(1)), (&mut second, node(2)), packet);
    }
    let key = format!("{:0>200}", 3);
    assert_eq!(names_of(&second, &key).len(), ENTRIES_MAX.div_ceil(9));
    // Where there is no room for one more there is one for one less.
    assert_eq!(first.remove(3, usize::MAX, |_| true), 1);
    let told = first.take_changes();
    assert!(matches!(told.as_slice(), [Packet::Changes { .. }]));
    for packet in told {
        assert_eq!(second.receive(node(1), packet, (Instant::now(), 0), |_| true), []);
    }
    assert_eq!(names_of(&second, &key), names_of(&first, &key));
}

/// R96: while what is missing is on its way, it is not asked for again with each change that cannot be taken for it.
#[test]
fn what_is_missing_is_asked_for_once() {
    let (mut first, mut second) = (Directory::new(node(1)), Directory::new(node(2)));
    first.add(entry(Kind::Group, "workers", 0)).unwrap();
    drop(first.take_changes());
    let now = Instant::now();
    let mut wants = Vec::new();
    for instance in 1..100 {
        first.add(entry(Kind::Group, "workers", instance)).unwrap();
        for packet in first.take_changes() {
            wants.extend(second.receive(node(1), packet, (now, 0), |_| true));
        }
    }
    assert_eq!(wants, [Packet::Want { node: node(1), known: Progress::default() }]);
    // It was lost.
    let summary = first.summary(0);
    let later = now + Duration::from_secs(1);
    assert_eq!(second.receive(node(1), summary.clone(), (now, 0), |_| true).len(), 1, "other versions alone");
    assert_eq!(second.receive(node(1), summary, (later, 0), |_| true).len(), 2);
}

/// R96: changes, some of the messages that tell them lost, and the copies of three nodes; without loss they become the same.
#[test]
fn copies_become_the_same_whatever_was_lost() {
    for seed in 0..100 {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut now = Instant::now();
        let mut all = [1, 2, 3].map(|number| Directory::new(node(number)));
        let mut queue = VecDeque::new();
        for round in 0..120 {
            let (is_lossy, writer) = (round < 80, random.random_range(0..3));
            for _ in 0..if is_lossy { random.random_range(0..60) } else { 0 } {
                let key = format!("{:0>90}", random.random_range(0..7));
                let instance = random.random_range(0..40);
                if random.random_bool(0.55) {
                    all[writer].add(entry(Kind::Group, &key, instance)).unwrap();
                } else {
                    all[writer].remove(instance, random.random_range(0..3), |_| true);
                }
            }
            for (from, directory) in all.iter_mut().enumerate() {
                let told = directory.take_changes().into_iter().chain([directory.summary(0)]);
                for packet in told.collect::<Vec<_>>() {
                    queue.extend((0..3).filter(|to| *to != from).map(|to| (from, to, packet.clone())));
                }
            }
            now += Duration::from_millis(300);
            while let Some((from, to, packet)) = queue.pop_front() {
                if !is_lossy || random.random_bool(0.8) {
                    let peer = node(from as u128 + 1);
                    let answers = all[to].receive(peer, packet, (now, 0), |_| true);
                    queue.extend(answers.into_iter().map(|answer| (to, from, answer)));
                }
            }
        }
        for key in (0..7).map(|key| format!("{key:0>90}")) {
            let of = |directory: &Directory| directory.actors(Kind::Group, &key).collect::<Vec<_>>();
            assert_eq!(of(&all[1]), of(&all[0]), "seed {seed}");
            assert_eq!(of(&all[2]), of(&all[0]), "seed {seed}");
        }
    }
}

/// R100: a peer that says so has made more changes than there can be.
#[test]
fn versions_that_no_node_can_have_are_not_taken() {
    let mut own = Directory::new(node(1));
    let mut receive = |packet| own.receive(node(2), packet, (Instant::now(), 0), |_| true);
    let workers = || entry(Kind::Group, "workers", 1);
    let progress = |(reached, as_of)| Progress { reached, as_of };
    for (from, to, removed, added) in [
        ((0, 0), (u64::MAX, u64::MAX), vec![], vec![]),
        ((0, 0), (5, 4), vec![], vec![]),
        ((0, u64::MAX), (1, u64::MAX), vec![], vec![(1, workers())]),
        ((0, 0), (5, 5), vec![], vec![(0, workers())]),
        ((0, 0), (5, 5), vec![], vec![(3, workers()), (3, workers())]),
        ((0, 0), (5, 5), vec![], vec![(6, workers())]),
        ((0, 7), (5, 5), vec![], vec![(4, workers())]),
        ((0, 0), (5, 5), vec![(6, 1)], vec![(4, workers())]),
        ((9, 9), (10, 10), vec![], vec![(10, workers())]),
    ] {
        let stretch = Stretch { from: progress(from), to: progress(to), asks: false, removed, added };
        receive(Packet::Since(node(2), stretch));
    }
    receive(Packet::Changes { after: u64::MAX, changes: vec![Change::Add(workers())] });
    receive(Packet::Want { node: node(1), known: progress((u64::MAX, u64::MAX)) });
    assert_eq!(names_of(&own, "workers"), []);
}
