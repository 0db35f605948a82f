//! How a node connects to another one.

use std::{
    collections::{HashMap, VecDeque},
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use actor_core::{BoxFuture, NodeId, SystemError, later};
use bytes::BytesMut;
use tokio::time::{timeout, timeout_at};

use super::{
    builder::{no_transport, transport_of},
    identity::check,
    inner::{Inner, now},
    lifeline::Lifeline,
    link::{Carries, Link},
    lock::lock,
    reader,
};
use crate::{
    Address, Proof,
    protocol::{Agreed, CloseReason, Goodbye, Handshake, HandshakeError, HelloConfig, Progress, Reject, Session},
    transport::{Connection, Receiver, Sender, TransportError},
};

/// How long the connection that a peer prefers is waited for, before it is asked again whether it still does.
const DUPLICATE_WAIT: Duration = Duration::from_secs(1);
/// Addresses of which a node remembers who answered there.
const KNOWN_MAX: usize = 4096;

/// Who answered at an address, the last time.
#[derive(Default)]
pub(super) struct Addresses(Mutex<Known>);

#[derive(Default)]
struct Known {
    nodes: HashMap<Address, NodeId>,
    /// Who asks at an address has its lock: others wait for the answer.
    asking: HashMap<Address, Arc<tokio::sync::Mutex<()>>>,
}

impl Addresses {
    fn get(&self, address: &Address) -> Option<NodeId> {
        lock(&self.0).nodes.get(address).copied()
    }

    fn set(&self, address: &Address, node: NodeId) {
        let mut known = lock(&self.0);
        if known.nodes.len() >= KNOWN_MAX {
            known.nodes.clear();
        }
        known.nodes.insert(address.clone(), node);
    }

    fn asking(&self, address: &Address) -> Arc<tokio::sync::Mutex<()>> {
        let mut known = lock(&self.0);
        // Those that nobody has or waits for.
        known.asking.retain(|_, turn| Arc::strong_count(turn) > 1);
        known.asking.entry(address.clone()).or_default().clone()
    }
}

/// Dials the peer of a link that has no connection, in a task of its own.
pub(super) fn start(inner: &Arc<Inner>, link: &Arc<Link>) {
    let lifeline = Lifeline::of_dialer(inner, link);
    inner.serve(Box::pin(async move {
        dial(&lifeline.inner, &lifeline.link).await;
        lifeline.release();
    }));
}

async fn dial(inner: &Arc<Inner>, link: &Arc<Link>) {
    let node = link.peer();
    if let Some(retry_at) = inner.peers.retry_at(node)
        && timeout_at(retry_at.into(), link.settled()).await.is_ok()
    {
        return;
    }
    let mut tried = String::new();
    let mut last = String::new();
    let mut replaced = None;
    let mut refused = false;
    let addresses = inner.by_preference(inner.peers.addresses(node));
    for address in addresses {
        let until = later(now(), inner.limits.handshake_time_max);
        let attempt = loop {
            let attempt = match inner.peers.begin_dial(link) {
                Some(sessions) => before_it_settles(link, connect(inner, &address, node, sessions)).await,
                // The peer's connection was accepted.
                None => Some(Err(Failure::Duplicate)),
            };
            let Some(attempt) = attempt else { return };
            if !matches!(attempt, Err(Failure::Duplicate)) || now() >= until {
                break attempt;
            }
            // The peer's own dial has won: its connection is on the way, unless it fails just now.
            inner.peers.pause_dial(link);
            if timeout(DUPLICATE_WAIT.min(inner.limits.handshake_time_max), link.settled()).await.is_ok() {
                return;
            }
        };
        match attempt {
            Ok(connection) => {
                inner.peers.connected(connection.agreed.peer());
                connection.begin(inner, link);
                return;
            }
            // Another address may be its own still.
            Err(Failure::Replaced(new)) => {
                last = format!("node {new} answers there");
                if !inner.is_of_another_machine(&address, node) {
                    replaced = Some(new);
                }
            }
            Err(Failure::Duplicate) => last = "the peer prefers a connection of its own, which did not come".into(),
            Err(Failure::Refused(why)) => {
                refused = true;
                last = why;
            }
            Err(Failure::Address(why) | Failure::Other(why)) => last = why,
        }
        tried = if tried.is_empty() { address.to_string() } else { format!("{tried}, {address}") };
    }
    if !inner.peers.give_up(link) {
        return;
    }
    if let Some(new) = replaced {
        inner.peers.replaced(node, new);
        return link.fail(SystemError::NodeReplaced { old: node, new });
    }
    inner.peers.failed(node, |failures| backoff(inner, failures));
    link.fail(not_connected(&tried, refused, last));
}

/// How calls fail that wait for a connection. `refused` says that one side does not take the other for who it should be.
fn not_connected(tried: &str, refused: bool, why: String) -> SystemError {
    if refused {
        SystemError::Unauthorized { why: format!("{tried}: {why}").into() }
    } else {
        SystemError::Connect { address: tried.into(), why: why.into() }
    }
}

/// What `attempt` comes to, unless the link is attached or closed before.
async fn before_it_settles<T>(link: &Link, attempt: impl Future<Output = T>) -> Option<T> {
    let (mut attempt, mut settled) = (pin!(attempt), pin!(link.settled()));
    poll_fn(|cx| {
        if let Poll::Ready(result) = attempt.as_mut().poll(cx) {
            return Poll::Ready(Some(result));
        }
        settled.as_mut().poll(cx).map(|()| None)
    })
    .await
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
    proof: Proof,
    remote: String,
    carries: Carries,
    receiver: Box<dyn Receiver>,
    sender: Box<dyn Sender>,
    rest: BytesMut,
}

impl Connected {
    /// The session begins on this connection, unless its link has got another one meanwhile.
    pub(super) fn begin(self, inner: &Arc<Inner>, link: &Arc<Link>) {
        if link.attach(self.agreed, self.proof, self.remote, self.carries) {
            link.set_sender(self.sender, self.carries.bulk_streams);
            reader::start(inner, link, self.receiver, self.rest, self.carries.bulk_streams);
        }
    }
}

/// Why no connection was made.
pub(super) enum Failure {
    /// Another incarnation answers.
    Replaced(NodeId),
    /// There is a connection already, or one on the way.
    Duplicate,
    /// One side does not take the other for who it should be.
    Refused(String),
    /// The transport makes nothing of the address.
    Address(String),
    Other(String),
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Refused(_) | TransportError::RefusedByPeer(_) => Self::Refused(error.to_string()),
            TransportError::Address { why, .. } => Self::Address(why),
            error => Self::Other(error.to_string()),
        }
    }
}

impl From<Reject> for Failure {
    fn from(reject: Reject) -> Self {
        let why = format!("refused by the peer: {reject}");
        match reject {
            Reject::NodeReplaced { actual } => Self::Replaced(actual),
            Reject::Duplicate => Self::Duplicate,
            Reject::Unauthorized(_)
            | Reject::SecretRequired
            | Reject::SecretDiffers
            | Reject::NoSecret
            | Reject::NotItsName => Self::Refused(why),
            _ => Self::Other(why),
        }
    }
}

impl From<HandshakeError> for Failure {
    fn from(error: HandshakeError) -> Self {
        match error {
            HandshakeError::NodeReplaced { actual, .. } => Self::Replaced(actual),
            HandshakeError::SecretRequired
            | HandshakeError::SecretDiffers
            | HandshakeError::NoSecret
            | HandshakeError::OtherRealm => Self::Refused(format!("refused the peer: {error}")),
            error => Self::Other(error.to_string()),
        }
    }
}

impl Inner {
    /// The link to whoever answers at `address`. It is attached, or has failed by now.
    ///
    /// A connection whose other end is not known could cross one of that node: then both sides would have two, and no
    /// rule that both know to choose one. So the node is asked for its id first, on a connection of its own, and dialed
    /// like any other.
    pub(crate) fn link_at<'a>(
        self: &'a Arc<Self>,
        address: &'a Address,
    ) -> BoxFuture<'a, Result<Arc<Link>, SystemError>> {
        Box::pin(self.find_at(address))
    }

    async fn find_at(self: &Arc<Self>, address: &Address) -> Result<Arc<Link>, SystemError> {
        transport_of(address, &self.transports)?;
        let attached = || self.known_at.get(address).and_then(|node| self.peers.attached(node));
        if let Some(link) = attached() {
            return Ok(link);
        }
        let turn = self.known_at.asking(address);
        let _turn = turn.lock().await;
        if let Some(link) = attached() {
            return Ok(link);
        }
        let node = self.who_is_at(address).await?;
        self.known_at.set(address, node);
        if node == self.id {
            let why = "that is this node itself".into();
            return Err(SystemError::Connect { address: address.to_string().into(), why });
        }
        self.peers.answered(node, address);
        let link = self.peers.link(self, node)?;
        link.settled().await;
        Ok(link)
    }

    /// Those that do not leave the machine come first, the others as they are known.
    fn by_preference(&self, mut addresses: Vec<Address>) -> Vec<Address> {
        addresses.sort_by_key(|address| !self.is_local(address));
        addresses
    }

    fn is_local(&self, address: &Address) -> bool {
        self.transports.get(address.scheme()).is_some_and(|transport| transport.is_local())
    }

    /// Whether this may be an address of the node on its own machine alone, where it is something else on this one.
    fn is_of_another_machine(&self, address: &Address, node: NodeId) -> bool {
        self.is_local(address) && !self.peers.addresses(node).iter().all(|address| self.is_local(address))
    }

    /// Whether this node itself has answered at `address`.
    pub(super) fn is_at(&self, address: &Address) -> bool {
        self.addresses.contains(address) || self.known_at.get(address) == Some(self.id)
    }

    /// The id of the node at `address`: it says so to whoever asks for another one.
    async fn who_is_at(self: &Arc<Self>, address: &Address) -> Result<NodeId, SystemError> {
        let (refused, why) = match connect(self, address, NodeId::from_bits(0), 0).await {
            Ok(connection) => return Ok(connection.agreed.peer().node),
            Err(Failure::Replaced(node)) => return Ok(node),
            Err(Failure::Duplicate) => (false, Reject::Duplicate.to_string()),
            Err(Failure::Refused(why)) => (true, why),
            Err(Failure::Address(why)) => {
                return Err(SystemError::BadAddress { address: address.to_string().into(), why: why.into() });
            }
            Err(Failure::Other(why)) => (false, why),
        };
        Err(not_connected(address.as_str(), refused, why))
    }
}

/// Connects and shakes hands, within the time for it. `sessions` is how many there were when this was decided.
async fn connect(inner: &Arc<Inner>, address: &Address, expected: NodeId, sessions: u64) -> Result<Connected, Failure> {
    let Some(transport) = inner.transports.get(address.scheme()) else {
        return Err(Failure::Other(no_transport(&inner.transports)));
    };
    let attempt = async { shake_hands(inner, transport.connect(address).await?, expected, sessions).await };
    match timeout(inner.limits.dial_time_max, attempt).await {
        Ok(result) => result,
        Err(_) => Err(Failure::Other(format!("no answer within {} ms", inner.limits.dial_time_max.as_millis()))),
    }
}

async fn shake_hands(
    inner: &Arc<Inner>,
    mut connection: Box<dyn Connection>,
    expected: NodeId,
    sessions: u64,
) -> Result<Connected, Failure> {
    connection.establish().await?;
    let (proof, remote, carries) = (connection.proof(), connection.remote(), Carries::of(&*connection));
    let secret = inner.secret(&*connection)?;
    let (mut receiver, mut sender) = connection.split();
    let mut handshake = Handshake::dial(HelloConfig { secret, ..inner.hello(Some(expected), sessions) });
    let mut rest = BytesMut::new();
    loop {
        // An acceptor that has refused this node has said why, and may not have read.
        let sent = send(&mut handshake, &mut *sender).await;
        if receive(&mut *receiver, &mut rest).await? == 0 {
            sent?;
            return Err(Failure::Other(CloseReason::EndOfStream.to_string()));
        }
        match handshake.receive(&mut rest) {
            Ok(Some(Progress::Accepted(agreed))) => {
                if let Err(reject) = check(&proof, agreed.peer()) {
                    part(inner, agreed, carries, &mut *sender, &reject).await;
                    return Err(Failure::Refused(format!("refused the peer: {reject}")));
                }
                return Ok(Connected { agreed, proof, remote, carries, receiver, sender, rest });
            }
            Ok(Some(Progress::Rejected(reject))) => return Err(reject.into()),
            Ok(Some(Progress::Offered(_)) | None) => {}
            Err(error) => {
                // The acceptor is told, if it takes it.
                let _ = send(&mut handshake, &mut *sender).await;
                return Err(error.into());
            }
        }
    }
}

/// Tells an acceptor, for which the session has begun, why it has ended.
async fn part(inner: &Inner, agreed: Agreed, carries: Carries, sender: &mut dyn Sender, reject: &Reject) {
    let mut session = Session::new(inner.limits.clone());
    session.attach_to(now(), agreed, carries.checksum, carries.bulk_streams);
    session.goodbye(Goodbye::Protocol(reject.to_string().into()));
    let (mut batch, mut bulk) = (VecDeque::new(), vec![VecDeque::new(); carries.bulk_streams]);
    session.transmit_all(now(), usize::MAX, &mut batch, &mut bulk);
    for (stream, batch) in bulk.iter_mut().enumerate() {
        if poll_fn(|cx| sender.poll_send_bulk(cx, stream, batch)).await.is_err() {
            return;
        }
    }
    if poll_fn(|cx| sender.poll_send(cx, &mut batch)).await.is_ok() {
        let _ = poll_fn(|cx| sender.poll_close(cx)).await;
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
