//! A transport whose connections break as they do on a bad day.

mod halves;
mod state;

use std::{
    fmt,
    future::poll_fn,
    io,
    sync::{Arc, Mutex, MutexGuard},
    task::Poll,
};

use actor_transport::{Address, Connection, Listener, Proof, Receiver, Sender, Transport, TransportError};
use async_trait::async_trait;

use self::{
    halves::{FaultyReceiver, FaultySender},
    state::{Handle, State},
};

/// Which way bytes go, as seen by the node that has the [`Faulty`] transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// To its peers.
    Out,
    /// From its peers.
    In,
}

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It breaks: this side gets an error, the other one whatever the transport makes of an end that has gone.
    Reset,
    /// That way ends: whoever reads there comes to the end of the stream, and may think that it was meant.
    End,
    /// Nothing more arrives, and nobody is told: half-open.
    Lose,
    /// Nothing more goes through until [`Faults::heal`].
    Stall,
}

/// A transport that stands between a node and the one that it really uses, and breaks, cuts and stalls its connections
/// at any byte. It works over every transport, and in both directions, of connections that the node makes and of those
/// that it accepts.
///
/// What is set holds at once, for connections that there are and for later ones.
///
/// ```
/// use actor_testkit::{Fault, Faulty, Way};
/// use actor_transport::Node;
/// use transport_memory::MemoryTransport;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let memory = MemoryTransport::new();
/// let server = Node::builder().transport(memory.clone()).listen("mem://server").start().await?;
/// let faulty = Faulty::new(memory);
/// let faults = faulty.faults();
/// let client = Node::builder().transport(faulty).start().await?;
/// faults.set(Way::In, 10, Fault::Reset);
/// assert!(client.connect(server.address()).await.is_err());
/// faults.heal();
/// assert_eq!(client.connect(server.address()).await?, server.id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Faulty {
    transport: Arc<dyn Transport>,
    faults: Faults,
}

/// The hand on a [`Faulty`] transport. Clones are the same hand.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

impl Faulty {
    /// Connections of `transport`, which are whole until something is [set](Faults::set).
    #[must_use]
    pub fn new(transport: impl Transport) -> Self {
        Self::over(Arc::new(transport))
    }

    /// The same, of one that is shared.
    #[must_use]
    pub fn over(transport: Arc<dyn Transport>) -> Self {
        Self { transport, faults: Faults::default() }
    }

    /// What breaks its connections.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }
}

impl Faults {
    /// Does this to each connection when so many bytes have gone that way over it, to the byte.
    pub fn set(&self, way: Way, after: u64, fault: Fault) {
        self.change(|state| state.way(way).fault = Some((after, fault)));
    }

    /// Lets bytes go that way in pieces of so many at most.
    pub fn fragment(&self, way: Way, length: usize) {
        self.change(|state| state.way(way).fragment = Some(length.max(1)));
    }

    /// Nobody answers: connecting waits until [`heal`](Self::heal).
    pub fn stall_connecting(&self) {
        self.change(|state| state.connecting_stalls = true);
    }

    /// Whoever connects is refused, until [`heal`](Self::heal).
    pub fn refuse_connecting(&self) {
        self.change(|state| state.connecting_fails = true);
    }

    /// Breaks all connections that there are.
    pub fn reset(&self) {
        self.change(State::reset);
    }

    /// Ends all that was set. What was stalled goes on; what was lost stays lost.
    pub fn heal(&self) {
        self.change(State::heal);
    }

    /// Connections that somebody holds.
    #[must_use]
    pub fn open(&self) -> usize {
        self.lock().open()
    }

    /// Connections that were made or accepted so far.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.lock().made()
    }

    /// Bytes that went that way so far, over all connections together.
    #[must_use]
    pub fn passed(&self, way: Way) -> u64 {
        self.lock().way(way).passed
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let wakers = {
            let mut state = self.lock();
            change(&mut state);
            state.take_wakers()
        };
        for waker in wakers {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn wrap(&self, connection: Box<dyn Connection>) -> Box<dyn Connection> {
        Box::new(FaultyConnection { connection, handle: Handle::new(self) })
    }

    /// Waits while nobody answers.
    async fn reach(&self) -> Result<(), TransportError> {
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.connecting_fails {
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()));
            }
            if state.connecting_stalls {
                state.connecting.push(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(Ok(()))
        })
        .await
    }
}

#[async_trait]
impl Transport for Faulty {
    fn scheme(&self) -> &str {
        self.transport.scheme()
    }

    async fn listen(&self, address: &Address) -> Result<Box<dyn Listener>, TransportError> {
        let listener = self.transport.listen(address).await?;
        Ok(Box::new(FaultyListener { listener, faults: self.faults.clone() }))
    }

    async fn connect(&self, address: &Address) -> Result<Box<dyn Connection>, TransportError> {
        self.faults.reach().await?;
        Ok(self.faults.wrap(self.transport.connect(address).await?))
    }

    fn is_exposed(&self, address: &Address) -> bool {
        self.transport.is_exposed(address)
    }

    fn is_local(&self) -> bool {
        self.transport.is_local()
    }

    fn own_names(&self) -> Vec<String> {
        self.transport.own_names()
    }
}

struct FaultyListener {
    listener: Box<dyn Listener>,
    faults: Faults,
}

#[async_trait]
impl Listener for FaultyListener {
    fn address(&self) -> Address {
        self.listener.address()
    }

    async fn accept(&mut self) -> Result<Box<dyn Connection>, TransportError> {
        let connection = self.listener.accept().await?;
        Ok(self.faults.wrap(connection))
    }
}

struct FaultyConnection {
    connection: Box<dyn Connection>,
    handle: Handle,
}

#[async_trait]
impl Connection for FaultyConnection {
    fn remote(&self) -> String {
        self.connection.remote()
    }

    fn keeps_integrity(&self) -> bool {
        self.connection.keeps_integrity()
    }

    async fn establish(&mut self) -> Result<(), TransportError> {
        self.connection.establish().await
    }

    fn proof(&self) -> Proof {
        self.connection.proof()
    }

    fn channel_binding(&self) -> Option<[u8; 32]> {
        self.connection.channel_binding()
    }

    fn bulk_streams(&self) -> usize {
        self.connection.bulk_streams()
    }

    fn split(self: Box<Self>) -> (Box<dyn Receiver>, Box<dyn Sender>) {
        let streams = 1 + self.connection.bulk_streams();
        let (receiver, sender) = self.connection.split();
        let other = self.handle.clone();
        (
            Box::new(FaultyReceiver::new(receiver, streams, self.handle)),
            Box::new(FaultySender::new(sender, streams, other)),
        )
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty").field("scheme", &self.scheme()).field("faults", &self.faults).finish()
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Faults").field("open", &state.open()).field("made", &state.made()).finish_non_exhaustive()
    }
}
