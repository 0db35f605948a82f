//! The raw peer, on both sides of a handshake.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use actor_core::{MethodInfo, NodeId, distributed_actor};
use actor_testkit::{RawPeer, RawPeerError};
use actor_transport::{
    Address, Limits, Node,
    protocol::{CallId, Frame, HelloConfig, Reject},
    stream_connection,
};
use transport_memory::MemoryTransport;

struct Adder;

#[distributed_actor(crate = actor_core, system = Node)]
impl Adder {
    #[distributed]
    fn add(&self, one: u8, other: u8) -> u8 {
        one + other
    }
}

fn hello(number: u128) -> HelloConfig {
    HelloConfig::new(NodeId::from_bits(number), Limits::default())
}

async fn node() -> (Node, MemoryTransport) {
    let memory = MemoryTransport::new();
    let node = Node::builder().transport(memory.clone()).listen("mem://?").start().await.unwrap();
    (node, memory)
}

#[tokio::test]
async fn a_raw_peer_calls_an_actor_by_hand() {
    let (node, memory) = node().await;
    let adder = node.spawn(Adder);
    let mut peer = RawPeer::connect(&memory, node.address()).await.unwrap();
    let agreed = peer.dial(hello(1)).await.unwrap();
    assert_eq!(agreed.peer().node, node.id());
    peer.define(3, MethodInfo::find("raw_peer::Adder::add").unwrap()).await.unwrap();
    let id = CallId { slot: 9, generation: 0 };
    peer.send(&Frame::Call { id, request: RawPeer::request(adder.id(), 3, &[40, 2]) }).await.unwrap();
    let answer = peer.receive().await.unwrap().unwrap();
    assert_eq!(answer.frame().unwrap(), Frame::Reply { id, thrown: false, total: None, payload: &[42] });
    assert!(peer.try_receive().is_none());
    node.shutdown().await;
    assert!(peer.goodbye().await.unwrap().is_some());
    assert_eq!(peer.receive().await.unwrap(), None);
}

#[tokio::test]
async fn a_refusal_is_told_and_a_frame_can_be_sent_in_part() {
    let (node, memory) = node().await;
    let mut peer = RawPeer::connect(&memory, node.address()).await.unwrap();
    match peer.dial(hello(node.id().to_bits())).await {
        Err(RawPeerError::Rejected(Reject::SelfConnection)) => {}
        other => panic!("{other:?}"),
    }
    let mut peer = RawPeer::connect(&memory, node.address()).await.unwrap();
    peer.dial(hello(2)).await.unwrap();
    let ping = peer.encode(&Frame::Ping);
    peer.send_bytes(&ping[..2]).await.unwrap();
    tokio::task::yield_now().await;
    assert!(peer.try_receive().is_none());
    peer.send_bytes(&ping[2..]).await.unwrap();
    assert_eq!(peer.receive().await.unwrap().unwrap().frame().unwrap(), Frame::Pong);
    peer.close().await.unwrap();
    assert_eq!(peer.rest().await, []);
}

/// Over a pair of streams, as a node that somebody has connected to; its bytes carry checksums there.
#[tokio::test]
async fn two_raw_peers_shake_hands_over_any_stream() {
    let (one, other) = tokio::io::duplex(64);
    let end = |stream| {
        let (reader, writer) = tokio::io::split(stream);
        RawPeer::over(stream_connection(reader, writer, "the other", false))
    };
    let (mut dialer, mut acceptor) = (end(one), end(other));
    let (dialed, accepted) = tokio::join!(dialer.dial(hello(1)), acceptor.accept(hello(2)));
    assert_eq!(dialed.unwrap().peer().node, NodeId::from_bits(2));
    assert_eq!(accepted.unwrap().peer().node, NodeId::from_bits(1));
    let text = "a goodbye that is longer than what the stream takes at once, so that it comes in several pieces";
    let goodbye = Frame::Goodbye { code: 4, text };
    let (sent, said) = tokio::join!(dialer.send(&goodbye), acceptor.goodbye());
    sent.unwrap();
    assert_eq!(said.unwrap().unwrap(), text);
    assert_eq!(dialer.encode(&Frame::Ping), [1, 0, 0, 0, 41, 87, 222, 171, 9]);
    drop(dialer);
    let nobody: Address = "mem://nobody".parse().unwrap();
    assert!(RawPeer::connect(&MemoryTransport::new(), &nobody).await.is_err());
}
