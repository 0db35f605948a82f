//! Who never gets as far as a session.

use std::time::{Duration, Instant};

use actor_testkit::alone;
use actor_transport::protocol::{Frame, Handshake, HelloConfig};
use distributed_actor::{ActorRef, Limits, Node, NodeId};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    scene::{NUMBER, Scene},
    support::{self, Worker},
};

fn hello(number: u128) -> Vec<u8> {
    let config = HelloConfig::new(NodeId::from_bits(number), Limits::default());
    Handshake::dial(config).transmit().unwrap().to_vec()
}

/// No frame is looked at before the handshake is over, whichever it is.
#[test]
fn frames_before_the_handshake_is_over_are_not_looked_at() {
    alone(async {
        let scene = Scene::begin().await;
        let call = scene.call(0, 0, NUMBER, &[1]);
        let goodbye = Frame::Goodbye { code: 0, text: "" };
        for frame in [&call, &Frame::Ping, &Frame::System(b"join"), &goodbye, &Frame::Watch { instance: 1 }] {
            let mut peer = scene.stranger().await;
            let bytes = peer.encode(frame);
            peer.send_bytes(bytes).await.unwrap();
            assert_eq!(peer.rest().await, [], "{frame:?} instead of a hello");
            let mut peer = scene.stranger().await;
            let both = [hello(5), peer.encode(frame)].concat();
            peer.send_bytes(both).await.unwrap();
            let said = peer.rest().await;
            let said = String::from_utf8_lossy(&said);
            assert!(said.contains("before the handshake"), "{frame:?} behind a hello: {said}");
        }
        // Two hellos are one too many.
        let mut peer = scene.stranger().await;
        peer.send_bytes([hello(5), hello(6)].concat()).await.unwrap();
        assert!(String::from_utf8_lossy(&peer.rest().await).contains("before the handshake"));
        drop(peer);
        scene.end().await;
    });
}

/// Who connects and resets the connection at once does not make the others wait.
#[test]
fn who_connects_and_resets_at_once_does_not_slow_others_down() {
    alone(async {
        let scene = Scene::begin().await;
        for _ in 0..300 {
            let stream = scene.connect_from(2).await.unwrap();
            // Closed with a reset.
            stream.set_zero_linger().unwrap();
            drop(stream);
        }
        let late = Node::builder().start().await.unwrap();
        let started = Instant::now();
        late.connect(scene.server.address()).await.unwrap();
        let took = started.elapsed();
        assert!(took < Duration::from_millis(800), "{took:?}");
        late.shutdown().await;
        drop(late);
        scene.end().await;
    });
}

/// Connections beyond those of one address are refused at once, so that silent ones of one address do not take the
/// handshakes of all.
#[test]
fn silent_connections_of_one_address_do_not_keep_other_addresses_out() {
    alone(async {
        let scene = Scene::begin().await;
        let mut silent = Vec::new();
        for _ in 0..600 {
            silent.push(scene.connect_from(2).await.unwrap());
        }
        let late = Node::builder().start().await.unwrap();
        let started = Instant::now();
        late.connect(scene.server.address()).await.unwrap();
        let took = started.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
        drop(silent);
        late.shutdown().await;
        drop(late);
        scene.end().await;
    });
}

/// 20,000 connections from 250 addresses, up to 320 at a time: others get in afterwards, and none is left.
#[test]
fn twenty_thousand_connections_leave_nothing_behind() {
    alone(async {
        let mut limits = Limits::default();
        // Each has two sockets in this process, and a process may have 1,024 by default.
        limits.connections_per_listener_max = 300;
        limits.connections_per_address_max = 64;
        let scene = Scene::with(limits).await;
        let mut held: Vec<TcpStream> = Vec::new();
        for number in 0..20_000_u32 {
            let mut stream = scene.connect_from(2 + (number % 250) as u16).await.unwrap();
            if number % 64 == 0 {
                let _ = stream.write_all(b"\xdaCT1").await;
            }
            held.push(stream);
            if held.len() >= 320 {
                held.truncate(150);
            }
        }
        drop(held);
        let late = Node::builder().start().await.unwrap();
        let found = late.lookup::<Worker>(scene.server.address(), "nobody").await.map(|_: ActorRef<Worker>| ());
        assert!(found.unwrap_err().to_string().contains("nobody"));
        late.shutdown().await;
        drop(late);
        scene.end().await;
    });
}

/// A client that nobody here refers to is forgotten with its connection.
#[test]
fn clients_that_came_and_went_are_not_remembered() {
    alone(async {
        let scene = Scene::begin().await;
        for _ in 0..200 {
            let client = Node::builder().start().await.unwrap();
            client.connect(scene.server.address()).await.unwrap();
            client.shutdown().await;
        }
        support::until(|| scene.server.peers().len() == 1).await;
        scene.end().await;
    });
}
