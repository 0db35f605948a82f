//! Memory: `mem://name`, between nodes of one process.
//!
//! The whole path of a call runs: encode, frame, dispatch, reply; only the socket is missing. Addresses belong to a
//! [`MemoryTransport`] and its clones, so that two of them never meet.

mod pipe;

use std::{
    collections::HashMap,
    io,
    sync::{Arc, LazyLock, Mutex, MutexGuard},
};

use actor_transport::{Address, Connection, Listener, Transport, TransportError};
use async_trait::async_trait;
use tokio::sync::mpsc;

pub use self::pipe::memory_pair;

/// Connections that nobody has accepted yet, for each listener.
const BACKLOG: usize = 128;

/// A place in memory where nodes listen and connect. Clones are the same place.
#[derive(Clone, Default)]
pub struct MemoryTransport {
    listening: Arc<Mutex<Listening>>,
}

#[derive(Default)]
struct Listening {
    listeners: HashMap<String, mpsc::Sender<Box<dyn Connection>>>,
    next: u64,
    connections: u64,
}

impl MemoryTransport {
    /// A place of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The place that all nodes of this process share which are given none of their own.
    #[must_use]
    pub fn shared() -> Self {
        static SHARED: LazyLock<MemoryTransport> = LazyLock::new(MemoryTransport::new);
        SHARED.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Listening> {
        self.listening.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl std::fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryTransport").field("listening", &self.lock().listeners.len()).finish()
    }
}

#[async_trait]
impl Transport for MemoryTransport {
    fn scheme(&self) -> &str {
        "mem"
    }

    /// Listens under a name; `mem://?` takes a free one.
    async fn listen(&self, address: &Address) -> Result<Box<dyn Listener>, TransportError> {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let mut listening = self.lock();
        let name = if address.rest() == "?" {
            listening.next += 1;
            format!("node-{}", listening.next)
        } else {
            address.rest().to_owned()
        };
        if listening.listeners.get(&name).is_some_and(|known| !known.is_closed()) {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens there already").into());
        }
        let address = format!("mem://{name}").parse().map_err(|error| TransportError::Other(format!("{error}")))?;
        listening.listeners.insert(name, sender);
        Ok(Box::new(Accepting { receiver, address }))
    }

    async fn connect(&self, address: &Address) -> Result<Box<dyn Connection>, TransportError> {
        let refused = || TransportError::Other(format!("nobody listens at {address}"));
        let (sender, number) = {
            let mut listening = self.lock();
            listening.connections += 1;
            (listening.listeners.get(address.rest()).cloned().ok_or_else(refused)?, listening.connections)
        };
        // Numbered, so that the limit of connections per address, meant for strangers, does not count those of one
        // process together.
        let (here, there) = memory_pair(&format!("{}, connection {number}", address.rest()));
        sender.send(there).await.map_err(|_| refused())?;
        Ok(here)
    }

    fn is_local(&self) -> bool {
        true
    }
}

struct Accepting {
    receiver: mpsc::Receiver<Box<dyn Connection>>,
    address: Address,
}

#[async_trait]
impl Listener for Accepting {
    fn address(&self) -> Address {
        self.address.clone()
    }

    async fn accept(&mut self) -> Result<Box<dyn Connection>, TransportError> {
        self.receiver.recv().await.ok_or_else(|| TransportError::Other("the listener is closed".into()))
    }
}
