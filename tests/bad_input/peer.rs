//! The other end of a connection, byte by byte.

use std::{
    collections::VecDeque,
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use actor_transport::protocol::{
    Agreed, CallKey, Event, Handshake, HelloConfig, MethodKey, OutgoingCall, Progress, Reject, ReplyBody, Session,
};
use bytes::{Bytes, BytesMut};
use distributed_actor::{EncodeBuffer, Limits, MethodInfo, NodeId, SystemError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::Scene;

/// All that the node says until it closes.
pub(crate) async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    // A reset is an end too.
    let _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut said)).await.expect("the node does not close");
    said
}

/// A hello of a node of that number, as it is sent.
pub(crate) fn hello(number: u128) -> (Handshake, Vec<u8>) {
    let mut handshake = Handshake::dial(HelloConfig::new(NodeId::from_bits(number), Limits::default()));
    let hello = handshake.transmit().unwrap().to_vec();
    (handshake, hello)
}

/// The refusal of a hello.
pub(crate) fn refusal(said: &[u8]) -> Reject {
    match hello(1).0.receive(&mut said.into()) {
        Ok(Some(Progress::Rejected(reject))) => reject,
        other => panic!("{other:?}"),
    }
}

/// A peer that knows the protocol, and has its own ideas about its bytes.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    session: Session,
    input: BytesMut,
}

impl Peer {
    pub(crate) async fn shake_hands(scene: &Scene, number: u128) -> Self {
        let mut stream = scene.connect().await;
        let (mut handshake, hello) = hello(number);
        stream.write_all(&hello).await.unwrap();
        let mut input = BytesMut::new();
        let agreed: Agreed = loop {
            match handshake.receive(&mut input).unwrap() {
                Some(Progress::Accepted(agreed)) => break agreed,
                Some(other) => panic!("{other:?}"),
                None => assert!(stream.read_buf(&mut input).await.unwrap() > 0),
            }
        };
        let mut session = Session::new(Limits::default());
        session.attach(Instant::now(), agreed, true);
        Self { stream, session, input }
    }

    /// The first bytes of a call of that method with these arguments: all, unless they fill the window.
    pub(crate) fn call(&mut self, scene: &Scene, method: &str, body: &[u8]) -> (CallKey, Vec<u8>) {
        let info = MethodInfo::find(&format!("bad_input::Victim::{method}")).unwrap();
        let method = MethodKey { hash: info.hash(), name: info.name(), signature: info.signature() };
        self.call_of(scene.victim.id().instance(), method, body)
    }

    /// Calls the node itself with these arguments, and waits for the answer.
    pub(crate) async fn ask_node(&mut self, method: &str, body: &[u8]) -> Result<Bytes, SystemError> {
        let method = MethodKey { hash: MethodInfo::hash_of(method), name: method, signature: "" };
        let (key, bytes) = self.call_of(0, method, body);
        self.stream.write_all(&bytes).await.unwrap();
        self.answer(key).await
    }

    fn call_of(&mut self, instance: u64, method: MethodKey<'_>, body: &[u8]) -> (CallKey, Vec<u8>) {
        let mut buffer = EncodeBuffer::new();
        buffer.put_slice(body);
        let now = Instant::now();
        let time = Duration::from_secs(10);
        let call = OutgoingCall { instance, method, deadline: now + time, timeout: time, trace: None, chain: &[] };
        let key = self.session.call(now, &call, buffer).unwrap();
        (key, self.transmit())
    }

    fn transmit(&mut self) -> Vec<u8> {
        let mut pieces = VecDeque::new();
        while self.session.transmit(Instant::now(), usize::MAX, &mut pieces) {}
        pieces.iter().flat_map(|piece| piece.to_vec()).collect()
    }

    /// The answer to a call whose first bytes were sent.
    pub(crate) async fn answer(&mut self, key: CallKey) -> Result<Bytes, SystemError> {
        loop {
            if let Poll::Ready(reply) = self.session.poll_reply(key, Waker::noop()) {
                return reply.map(|(ReplyBody::Value(body) | ReplyBody::Thrown(body))| body);
            }
            let read = timeout(Duration::from_secs(5), self.stream.read_buf(&mut self.input)).await.unwrap().unwrap();
            assert!(read > 0, "the node has closed");
            self.session.receive(Instant::now(), &mut self.input).unwrap();
            // What the window held back.
            let bytes = self.transmit();
            self.stream.write_all(&bytes).await.unwrap();
        }
    }

    /// Calls with these arguments, and waits for the answer.
    pub(crate) async fn ask(&mut self, scene: &Scene, method: &str, body: &[u8]) -> Result<Bytes, SystemError> {
        let (key, bytes) = self.call(scene, method, body);
        self.stream.write_all(&bytes).await.unwrap();
        self.answer(key).await
    }

    /// What the node's goodbye says.
    pub(crate) async fn goodbye(mut self) -> String {
        let said = rest(&mut self.stream).await;
        self.input.extend_from_slice(&said);
        self.session.receive(Instant::now(), &mut self.input).unwrap();
        while let Some(event) = self.session.poll_event() {
            if let Event::Goodbye(goodbye) = event {
                return goodbye.to_string();
            }
        }
        String::new()
    }
}
