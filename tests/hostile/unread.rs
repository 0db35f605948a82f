//! Who asks for much and takes, or sends, little.

use std::time::Duration;

use actor_testkit::alone;
use actor_transport::protocol::{CallId, Frame};
use distributed_actor::Limits;
use tokio::time::{sleep, timeout};

use crate::{
    scene::{MADE, NUMBER, Scene, TEXT, varint},
    support,
};

const MIB: usize = 1 << 20;

/// 10,000 calls whose replies nobody reads: the connection ends, and until then they take what the limits allow.
#[test]
fn ten_thousand_calls_whose_replies_nobody_reads_are_bounded() {
    alone(async {
        let mut limits = Limits::default();
        limits.write_stall_max = Duration::from_millis(500);
        let scene = Scene::with(limits).await;
        let mut peer = scene.peer(1).await;
        let length = varint(20_000);
        let mut most = 0;
        for number in 0..10_000_u32 {
            let frame = scene.call((number % 1024) as u16, (number / 1024) as u16, MADE, &length);
            // What comes after the end of the connection cannot be sent.
            if peer.send(&frame).await.is_err() {
                break;
            }
            most = most.max(scene.grown());
        }
        support::until(|| support::sessions(&scene.server) == 1).await;
        assert!(most < 40 * MIB, "{most} bytes");
        drop(peer);
        scene.end().await;
    });
}

/// A reader that stops: replies wait for it up to the credit that it gave, then the connection is given up.
#[test]
fn a_reader_that_stops_reading_is_given_up() {
    alone(async {
        let mut limits = Limits::default();
        limits.write_stall_max = Duration::from_millis(500);
        let scene = Scene::with(limits).await;
        let mut peer = scene.peer(1).await;
        let length = varint(MIB as u64);
        for slot in 0..200 {
            peer.send(&scene.call(slot, 0, MADE, &length)).await.unwrap();
        }
        // It goes on to send, as if all were well.
        let mut most = 0;
        while support::sessions(&scene.server) > 1 {
            let _ = peer.send(&Frame::Ping).await;
            most = most.max(scene.grown());
            sleep(Duration::from_millis(150)).await;
        }
        // 64 MiB of replies may wait here, and half of 16 MiB be on their way.
        assert!(most < 100 * MIB, "{most} bytes");
        drop(peer);
        scene.end().await;
    });
}

/// Announces 1 MiB, as a frame and as a message, and sends 10 bytes.
#[test]
fn a_peer_that_announces_a_mebibyte_and_sends_ten_bytes_costs_what_it_sent() {
    alone(async {
        let mut limits = Limits::default();
        limits.chunk_length_max = MIB as u32;
        limits.ping_interval = Duration::from_millis(200);
        limits.silence_max = Duration::from_millis(1500);
        let scene = Scene::with(limits).await;
        let mut peers = Vec::new();
        for number in 0..40 {
            // The default chunk is agreed: a frame may have 16 KiB and its overhead, a message be longer.
            let mut peer = scene.peer(1 + number).await;
            if number % 2 == 0 {
                peer.send_bytes([&30_000_u32.to_le_bytes()[..], &[1; 10]].concat()).await.unwrap();
            } else {
                let mut frame = scene.call(0, 0, TEXT, &[b'x'; 16 * 1024]);
                if let Frame::Call { request, .. } = &mut frame {
                    request.total = Some(MIB as u64);
                }
                peer.send(&frame).await.unwrap();
                let chunk = Frame::Chunk {
                    of: actor_transport::protocol::ChunkOf::Call(CallId { slot: 0, generation: 0 }),
                    payload: &[0; 16 * 1024],
                };
                let bytes = peer.encode(&chunk);
                peer.send_bytes(&bytes[..10]).await.unwrap();
            }
            peers.push(peer);
        }
        // A reader's buffer has 64 KiB, and what it was sent is 16 KiB.
        let grown = scene.grown();
        assert!(grown < 40 * 200 * 1024, "{grown} bytes");
        for mut peer in peers {
            let said = timeout(support::LONG, peer.goodbye()).await.unwrap().unwrap();
            assert!(said.as_deref().is_some_and(|said| said.contains("silent")), "{said:?}");
        }
        scene.end().await;
    });
}

/// Pings by the thousand: ten in a second are answered, some more overlooked, and then the connection ends.
#[test]
fn a_peer_that_pings_by_the_thousand_is_cut_off() {
    alone(async {
        let scene = Scene::begin().await;
        let mut peer = scene.peer(1).await;
        let pings = peer.encode(&Frame::Ping).repeat(5000);
        let _ = peer.send_bytes(pings).await;
        let (mut pongs, mut said) = (0, None);
        while let Ok(Some(frame)) = peer.receive().await {
            match frame.frame().unwrap() {
                Frame::Pong => pongs += 1,
                Frame::Goodbye { text, .. } => said = Some(text.to_owned()),
                other => panic!("{other:?}"),
            }
        }
        assert!(pongs <= 110, "{pongs}");
        drop(peer);
        // With bytes unread the end may come as a reset, in front of the goodbye.
        assert!(said.is_none_or(|said| said.contains("make no sense")));
        // One that pings as often as it may is answered for as long as it likes.
        let mut peer = scene.peer(2).await;
        for slot in 0..20 {
            peer.send(&Frame::Ping).await.unwrap();
            peer.send(&scene.call(slot, 0, NUMBER, &[1])).await.unwrap();
            let mut answers = 0;
            while answers < 2 {
                peer.receive().await.unwrap().unwrap();
                answers += 1;
            }
            sleep(Duration::from_millis(110)).await;
        }
        drop(peer);
        scene.end().await;
    });
}
