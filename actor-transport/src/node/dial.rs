//! How a node connects to another one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use actor_core::{NodeId, SystemError};
use bytes::BytesMut;
use tokio::time::timeout;

use super::{builder::no_transport, inner::Inner, link::Link, reader};
use crate::{
    Address,
    protocol::{Agreed, CloseReason, Handshake, HandshakeError, Progress, Reject},
    transport::{Connection, Receiver, Sender, TransportError},
};

/// Addresses of which a node remembers who answered there.
const KNOWN_MAX: usize = 4096;

/// Who answered at an address, the last time.
#[derive(Default)]
pub(super) struct Addresses(Mutex<HashMap<Address, NodeId>>);

impl Addresses {
    fn get(&self, address: &Address) -> Option<NodeId> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get(address).copied()
    }

    fn set(&self, address: &Address, node: NodeId) {
        let mut known = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(address.clone(), node);
    }
}

/// Dials the peer of a link that has no connection, in a task of its own.
pub(super) fn start(inner: &Arc<Inner>, link: &Arc<Link>) {
    inner.runtime.spawn(dial(inner.clone(), link.clone()));
}

async fn dial(inner: Arc<Inner>, link: Arc<Link>) {
    let node = link.peer();
    if let Some(retry_at) = inner.peers.retry_at(node) {
        tokio::time::sleep_until(retry_at.into()).await;
    }
    let mut tried = String::new();
    let mut last = String::new();
    for address in inner.peers.addresses(node) {
        if link.is_closed() || link.is_attached() {
            return;
        }
        match connect(&inner, &address, Some(node)).await {
            Ok(connection) => {
                inner.peers.connected(connection.agreed.peer());
                connection.begin(&inner, &link);
                return;
            }
            Err(Failure::Replaced(new)) => {
                inner.peers.replaced(node, new);
                return link.fail(SystemError::NodeReplaced { old: node, new });
            }
            Err(Failure::Duplicate) => {
                // The peer's own dial has won: its connection is on the way.
                if timeout(inner.limits.handshake_time_max, link.settled()).await.is_ok() {
                    return;
                }
                last = "the peer prefers a connection of its own, which did not come".into();
            }
            Err(Failure::Other(why)) => last = why,
        }
        tried = if tried.is_empty() { address.to_string() } else { format!("{tried}, {address}") };
    }
    if link.is_attached() {
        return;
    }
    inner.peers.failed(node, |failures| backoff(&inner, failures));
    inner.peers.lost(&link);
    link.fail(SystemError::Connect { address: tried.into(), why: last.into() });
}

/// Half of the exponential pause, and up to half of it more, so that many nodes do not come back at once.
fn backoff(inner: &Inner, failures: u32) -> Duration {
    let limits = &inner.limits;
    let pause = limits.backoff_min.saturating_mul(1 << failures.min(16)).min(limits.backoff_max);
    // The id is random, so that this is too, and yet a simulated run can be repeated.
    let jitter = inner.id.to_bits().wrapping_mul(u128::from(failures) * 2 + 1) >> 64 & 0x3ff;
    pause / 2 + pause.mul_f64(jitter as f64 / 2048.0)
}

/// A connection whose handshake is over.
pub(super) struct Connected {
    pub(super) agreed: Agreed,
    checksum: bool,
    receiver: Box<dyn Receiver>,
    sender: Box<dyn Sender>,
    rest: BytesMut,
}

impl Connected {
    /// The session begins on this connection, unless its link has got another one meanwhile.
    pub(super) fn begin(self, inner: &Arc<Inner>, link: &Arc<Link>) {
        if link.attach(self.agreed, self.checksum) {
            link.set_sender(self.sender);
            reader::start(inner, link, self.receiver, self.rest);
        }
    }
}

/// Why no connection was made.
pub(super) enum Failure {
    /// Another incarnation answers.
    Replaced(NodeId),
    /// There is a connection already, or one on the way.
    Duplicate,
    Other(String),
}

impl Inner {
    /// The attached link to whoever answers at `address`.
    pub(super) async fn link_at(self: &Arc<Self>, address: &Address) -> Result<Arc<Link>, SystemError> {
        if !self.transports.contains_key(address.scheme()) {
            let why = no_transport(&self.transports).into();
            return Err(SystemError::BadAddress { address: address.to_string().into(), why });
        }
        let failed = |why: String| SystemError::Connect { address: address.to_string().into(), why: why.into() };
        // A second round is needed where the node has been started again, or where two dials have crossed.
        let mut last = String::new();
        for _ in 0..3 {
            if let Some(link) = self.known_at.get(address).and_then(|node| self.peers.attached(node)) {
                return Ok(link);
            }
            match connect(self, address, None).await {
                Ok(connection) => {
                    let node = connection.agreed.peer().node;
                    self.known_at.set(address, node);
                    let (link, free) = self.peers.adopt(self, node)?;
                    self.peers.learn(node, [address.clone()]);
                    if free {
                        self.peers.connected(connection.agreed.peer());
                        connection.begin(self, &link);
                    }
                    link.settled().await;
                    return Ok(link);
                }
                Err(Failure::Replaced(node)) => {
                    self.known_at.set(address, node);
                    last = format!("node {node} answers there");
                }
                Err(Failure::Duplicate) => {
                    last = "the peer has another connection, which this node does not know".into();
                    tokio::time::sleep(self.limits.backoff_min).await;
                }
                Err(Failure::Other(why)) => return Err(failed(why)),
            }
        }
        Err(failed(last))
    }
}

/// Connects and shakes hands, within the time for it.
pub(super) async fn connect(
    inner: &Arc<Inner>,
    address: &Address,
    expected: Option<NodeId>,
) -> Result<Connected, Failure> {
    let Some(transport) = inner.transports.get(address.scheme()) else {
        return Err(Failure::Other(no_transport(&inner.transports)));
    };
    let attempt = async {
        let connection = transport.connect(address).await.map_err(|error| Failure::Other(error.to_string()))?;
        shake_hands(inner, connection, expected).await
    };
    match timeout(inner.limits.dial_time_max, attempt).await {
        Ok(result) => result,
        Err(_) => Err(Failure::Other(format!("no answer within {} ms", inner.limits.dial_time_max.as_millis()))),
    }
}

async fn shake_hands(
    inner: &Arc<Inner>,
    connection: Box<dyn Connection>,
    expected: Option<NodeId>,
) -> Result<Connected, Failure> {
    let checksum = !connection.keeps_integrity();
    let (mut receiver, mut sender) = connection.split();
    let sessions = expected.map_or(0, |node| inner.peers.sessions(node));
    let mut handshake = Handshake::dial(inner.hello(expected, sessions));
    let broken = |error: TransportError| Failure::Other(error.to_string());
    send(&mut handshake, &mut *sender).await.map_err(broken)?;
    let mut rest = BytesMut::new();
    loop {
        match handshake.receive(&mut rest) {
            Ok(Some(Progress::Accepted(agreed))) => return Ok(Connected { agreed, checksum, receiver, sender, rest }),
            Ok(Some(Progress::Rejected(Reject::NodeReplaced { actual }))) => return Err(Failure::Replaced(actual)),
            Ok(Some(Progress::Rejected(Reject::Duplicate))) => return Err(Failure::Duplicate),
            Ok(Some(Progress::Rejected(reject))) => return Err(Failure::Other(format!("refused: {reject}"))),
            Ok(Some(Progress::Offered(_)) | None) => {}
            Err(HandshakeError::NodeReplaced { actual, .. }) => return Err(Failure::Replaced(actual)),
            Err(error) => return Err(Failure::Other(error.to_string())),
        }
        if receive(&mut *receiver, &mut rest).await.map_err(broken)? == 0 {
            return Err(Failure::Other(CloseReason::EndOfStream.to_string()));
        }
    }
}

/// Sends what the handshake has to say.
pub(super) async fn send(handshake: &mut Handshake, sender: &mut dyn Sender) -> Result<(), TransportError> {
    let mut batch = handshake.transmit().into_iter().collect();
    std::future::poll_fn(|cx| sender.poll_send(cx, &mut batch)).await
}

pub(super) async fn receive(receiver: &mut dyn Receiver, into: &mut BytesMut) -> Result<usize, TransportError> {
    std::future::poll_fn(|cx| receiver.poll_receive(cx, into)).await
}
