//! Calls that make no sense, and calls that are taken back.

use std::collections::VecDeque;

use actor_testkit::{RawPeer, alone};
use actor_transport::protocol::{CallId, Frame, HelloConfig, Request};
use distributed_actor::{ActorId, ActorRef, Limits, Node, NodeId, SystemError};

use crate::{
    scene::{HANG, NUMBER, Scene, Victim, method_info},
    support::{self, Worker},
};

/// The system error of an answer.
fn error(frame: &Frame<'_>) -> SystemError {
    match frame {
        Frame::Error { error, .. } => postcard_error(error),
        other => panic!("{other:?}"),
    }
}

/// Which error it is: its position is the first byte on the wire.
fn postcard_error(bytes: &[u8]) -> SystemError {
    let text = String::from_utf8_lossy(bytes).into_owned();
    match bytes.first() {
        Some(0) => SystemError::UnknownActor { actor: text.into() },
        Some(1) => SystemError::UnknownMethod { method: text.into() },
        Some(2) => SystemError::SignatureMismatch { method: text.into(), ours: "".into(), theirs: "".into() },
        Some(3) => SystemError::BadArguments { method: text.into(), why: "".into() },
        Some(26) => SystemError::Cancelled,
        Some(13) => SystemError::UnknownName { name: text.into() },
        other => panic!("{other:?}"),
    }
}

/// The next answer to a call; other frames are passed over.
async fn answer(peer: &mut RawPeer) -> (CallId, Option<SystemError>) {
    loop {
        let frame = peer.receive().await.unwrap().expect("the node has closed");
        match frame.frame().unwrap() {
            Frame::Reply { id, .. } => return (id, None),
            frame @ Frame::Error { id, .. } => return (id, Some(error(&frame))),
            Frame::Goodbye { text, .. } => panic!("{text}"),
            _ => {}
        }
    }
}

/// An unknown actor, an unknown method, a wrong shape, arguments that are none: each gets its own error, any number of
/// times, and the session goes on.
#[test]
fn ten_thousand_calls_of_what_is_not_there_get_their_own_errors() {
    alone(async {
        let scene = Scene::begin().await;
        let mut peer = scene.peer(1).await;
        let number = method_info("number");
        let nobody = Frame::DefineMethod { index: 10, hash: 4711, name: "nobody::knows::it", signature: "fn()" };
        peer.send(&nobody).await.unwrap();
        // The hash of a method that there is, with another name; and its name with another shape.
        let forged =
            Frame::DefineMethod { index: 11, hash: number.hash(), name: "forged", signature: number.signature() };
        peer.send(&forged).await.unwrap();
        let shape = Frame::DefineMethod { index: 12, hash: number.hash(), name: number.name(), signature: "fn(u64)" };
        peer.send(&shape).await.unwrap();
        for round in 0..2_000_u16 {
            let id = |slot| CallId { slot, generation: round };
            let stranger = ActorId::new(scene.server.id(), 1_000_000 + u64::from(round));
            let mut bytes = peer.encode(&Frame::Call { id: id(0), request: RawPeer::request(&stranger, NUMBER, &[1]) });
            for (slot, method) in [(1, 10), (2, 11), (3, 12)] {
                bytes.extend(peer.encode(&scene.call(slot, round, method, &[1])));
            }
            bytes.extend(peer.encode(&scene.call(4, round, NUMBER, &[0xff; 20])));
            bytes.extend(peer.encode(&scene.call(5, round, NUMBER, &[1])));
            peer.send_bytes(bytes).await.unwrap();
            for _ in 0..6 {
                let (answered, error) = answer(&mut peer).await;
                assert_eq!(answered, id(answered.slot));
                match (answered.slot, error) {
                    (0, Some(SystemError::UnknownActor { .. }))
                    | (1 | 2, Some(SystemError::UnknownMethod { .. }))
                    | (3, Some(SystemError::SignatureMismatch { .. }))
                    | (4, Some(SystemError::BadArguments { .. }))
                    | (5, None) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        drop(peer);
        scene.end().await;
    });
}

/// A node that was stopped finds both in its socket: what nobody waits for any more does not run.
#[test]
fn a_call_that_arrives_with_its_cancellation_does_not_run() {
    alone(async {
        let scene = Scene::begin().await;
        let mut peer = scene.peer(1).await;
        for round in 0..200_u16 {
            let mut bytes = peer.encode(&scene.call(0, round, NUMBER, &[1]));
            bytes.extend(peer.encode(&Frame::Cancel { id: CallId { slot: 0, generation: round } }));
            peer.send_bytes(bytes).await.unwrap();
            let (_, error) = answer(&mut peer).await;
            assert!(matches!(error, Some(SystemError::Cancelled)), "round {round}: {error:?}");
        }
        drop(peer);
        scene.end().await;
    });
}

/// The rapid reset: a million calls, each taken back at once. A slot is free when the call's end is answered, so that
/// they are never more than were agreed.
#[test]
fn a_million_calls_that_are_cancelled_at_once_leave_nothing_behind() {
    alone(async {
        const PAIRS: usize = 1_000_000;
        let scene = Scene::begin().await;
        let mut peer = scene.peer(1).await;
        let mut free: VecDeque<CallId> = (0..512).map(|slot| CallId { slot, generation: 0 }).collect();
        let (mut begun, mut ended, mut most) = (0, 0, 0);
        while ended < PAIRS {
            let mut bytes = Vec::new();
            while begun < PAIRS
                && let Some(id) = free.pop_front()
            {
                bytes.extend(peer.encode(&scene.call(id.slot, id.generation, HANG, &[])));
                bytes.extend(peer.encode(&Frame::Cancel { id }));
                begun += 1;
            }
            if !bytes.is_empty() {
                peer.send_bytes(bytes).await.unwrap();
            }
            // At least one, then all that have come.
            let mut next = peer.receive().await.unwrap();
            while let Some(frame) = next {
                match frame.frame().unwrap() {
                    Frame::Error { id, error } => {
                        assert_eq!(postcard_error(error), SystemError::Cancelled);
                        free.push_back(CallId { slot: id.slot, generation: id.generation.wrapping_add(1) });
                        ended += 1;
                    }
                    Frame::Credit { .. } | Frame::Ping => {}
                    other => panic!("{other:?}"),
                }
                next = peer.try_receive();
            }
            most = most.max(scene.grown());
        }
        assert!(most < 4 << 20, "{most} bytes");
        drop(peer);
        scene.end().await;
    });
}

/// Who does not wait for the end of what it has taken back breaks the protocol.
#[test]
fn a_slot_whose_cancelled_call_has_not_ended_cannot_be_used_again() {
    alone(async {
        let scene = Scene::begin().await;
        let mut peer = scene.peer(1).await;
        let mut bytes = Vec::new();
        for generation in 0..3 {
            bytes.extend(peer.encode(&scene.call(0, generation, HANG, &[])));
            bytes.extend(peer.encode(&Frame::Cancel { id: CallId { slot: 0, generation } }));
        }
        peer.send_bytes(bytes).await.unwrap();
        let said = peer.goodbye().await.unwrap().unwrap();
        assert!(said.contains("more calls in flight") || said.contains("twice"), "{said}");
        drop(peer);
        scene.end().await;
    });
}

/// Names of actors, methods and nodes that nobody has: none of them stays behind.
#[test]
fn two_hundred_and_fifty_six_bogus_names_leave_nothing_behind() {
    alone(async {
        let scene = Scene::begin().await;
        for round in 0..20 {
            let mut peer = scene.peer(1 + round).await;
            let lookup = "distributed_actor::Node::lookup";
            for number in 0..256_u16 {
                let name = format!("bogus_{round}_{number}_{}", "x".repeat(200));
                let mut bytes = peer.encode(&Frame::DefineMethod {
                    index: 100 + u32::from(number),
                    hash: u64::from(number) << 32,
                    name: &name,
                    signature: &name,
                });
                bytes.extend(peer.encode(&scene.call(0, number * 2, 100 + u32::from(number), &[])));
                peer.send_bytes(bytes).await.unwrap();
                assert!(matches!(answer(&mut peer).await.1, Some(SystemError::UnknownMethod { .. })));
                let mut bytes = peer.encode(&Frame::DefineMethod { index: 5, hash: 0, name: lookup, signature: "" });
                let asked = [&[name.len() as u8 | 0x80, (name.len() >> 7) as u8][..], name.as_bytes()].concat();
                let request = Request { instance: 0, ..RawPeer::request(scene.victim.id(), 5, &asked) };
                let id = CallId { slot: 0, generation: number * 2 + 1 };
                bytes.extend(peer.encode(&Frame::Call { id, request }));
                peer.send_bytes(bytes).await.unwrap();
                match answer(&mut peer).await.1 {
                    Some(SystemError::UnknownName { name: said }) => assert!(said.contains(&name)),
                    other => panic!("{other:?}"),
                }
            }
        }
        // From the other side: what a client asks in vain.
        let client = Node::builder().start().await.unwrap();
        for number in 0..256 {
            let found = client.lookup::<Worker>(scene.server.address(), &format!("bogus{number}")).await;
            assert!(matches!(found.map(drop), Err(SystemError::UnknownName { .. })));
            let found = client.lookup::<Worker>(format!("tcp://127.1.0.{number}:1"), "x").await;
            assert!(matches!(found.map(drop), Err(SystemError::Connect { .. })));
        }
        assert_eq!(client.peers().len(), 1);
        client.shutdown().await;
        drop(client);
        scene.end().await;
    });
}

/// A peer introduces nodes without end: some thousands are remembered, and who was known before is not forgotten.
#[test]
fn introductions_without_end_push_nobody_out() {
    alone(async {
        let scene = Scene::begin().await;
        let friend = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
        let worker = friend.spawn(Worker::default());
        scene.server.introduce(friend.id(), friend.addresses());
        let mut peer = scene.peer(1).await;
        let address = format!("tcp://{}:1", "x".repeat(240));
        let mut most = 0;
        for batch in 0..200_u128 {
            let mut bytes = Vec::new();
            for number in 0..500 {
                let node = NodeId::from_bits(1 << 100 | batch << 32 | number);
                bytes.extend(peer.encode(&Frame::Introduce { node, addresses: vec![&address; 2] }));
            }
            peer.send_bytes(bytes).await.unwrap();
            most = most.max(scene.grown());
        }
        assert!(most < 12 << 20, "{most} bytes");
        peer.send(&scene.call(0, 0, NUMBER, &[1])).await.unwrap();
        assert_eq!(answer(&mut peer).await.1, None);
        drop(peer);
        support::until(|| support::sessions(&scene.server) == 1).await;
        let remote: ActorRef<Worker> = scene.server.resolve(worker.id()).unwrap();
        assert_eq!(remote.seen().await.unwrap(), []);
        drop(remote);
        friend.shutdown().await;
        drop((friend, worker));
        scene.end_with(12 << 20).await;
    });
}

/// Bytes that begin like a session, and go on at random.
#[test]
fn random_bytes_after_the_handshake_end_their_own_connection() {
    alone(async {
        let scene = Scene::begin().await;
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for number in 0..200 {
            let mut peer = scene.stranger().await;
            peer.dial(HelloConfig::new(NodeId::from_bits(1 + number), Limits::default())).await.unwrap();
            let mut bytes = Vec::new();
            for _ in 0..200 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                bytes.extend_from_slice(&random.to_le_bytes());
            }
            if number % 2 == 0 {
                // A length that may be, so that the checksum has to find it.
                bytes[..4].copy_from_slice(&100_u32.to_le_bytes());
            }
            let _ = peer.send_bytes(bytes).await;
            if let Ok(Some(said)) = peer.goodbye().await {
                assert!(said.contains("checksum") || said.contains("a frame of"), "{said}");
            }
        }
        scene.end().await;
    });
}

/// What a peer has said before it breaks the protocol counts, also where both come in one piece.
#[test]
fn replies_that_come_together_with_bytes_that_are_no_frame_reach_their_callers() {
    alone(async {
        let scene = Scene::begin().await;
        for (round, callers) in [(0, 1_usize), (1, 3)] {
            let number = 100 + round;
            let mut peer = scene.peer(number).await;
            let remote: ActorRef<Victim> = scene.server.resolve(&ActorId::new(NodeId::from_bits(number), 1)).unwrap();
            let mut calls = tokio::task::JoinSet::new();
            for _ in 0..callers {
                let remote = remote.clone();
                calls.spawn(async move { remote.number(1).await });
            }
            let mut answers = Vec::new();
            let mut answered = 0;
            while answered < callers {
                let frame = peer.receive().await.unwrap().expect("the node has closed");
                if let Frame::Call { id, .. } = frame.frame().unwrap() {
                    answers.extend(peer.encode(&Frame::Reply { id, thrown: false, total: None, payload: &[2] }));
                    answered += 1;
                }
            }
            answers.extend([0; 16]);
            peer.send_bytes(answers).await.unwrap();
            for result in calls.join_all().await {
                assert_eq!(result.unwrap(), 2);
            }
            assert!(peer.goodbye().await.unwrap().is_some(), "it learns what was wrong");
        }
        scene.end().await;
    });
}
