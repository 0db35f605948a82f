//! The transport.

use std::path::{Path, PathBuf};

use actor_transport::{Address, Connection, Listener, Transport, TransportError, stream_connection};
use async_trait::async_trait;
use tokio::net::UnixStream;

use crate::listener::Accepting;

/// Connections over Unix domain sockets.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct UnixTransport {
    mode: u32,
}

impl UnixTransport {
    /// The transport, whose sockets only their own user may connect to.
    #[must_use]
    pub fn new() -> Self {
        Self { mode: 0o600 }
    }

    /// Other permissions for the sockets that it listens on, as `chmod` takes them: `0o660` for a group. To connect
    /// takes the permission to write.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }
}

impl Default for UnixTransport {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Transport for UnixTransport {
    fn scheme(&self) -> &str {
        "unix"
    }

    /// Listens at a path, and removes the socket at its end. A socket there that nobody listens on, as a process leaves
    /// it behind that was killed, is replaced.
    async fn listen(&self, address: &Address) -> Result<Box<dyn Listener>, TransportError> {
        Ok(Box::new(Accepting::bind(absolute(address)?, self.mode).await?))
    }

    async fn connect(&self, address: &Address) -> Result<Box<dyn Connection>, TransportError> {
        let path = absolute(address)?;
        connection(UnixStream::connect(&path).await?, &path)
    }

    fn is_local(&self) -> bool {
        true
    }
}

/// The path, also for processes that run in another directory.
fn absolute(address: &Address) -> Result<PathBuf, TransportError> {
    Ok(std::path::absolute(Path::new(address.rest()))?)
}

pub(crate) fn connection(stream: UnixStream, path: &Path) -> Result<Box<dyn Connection>, TransportError> {
    let peer = stream.peer_cred()?;
    // The limit of connections per address is one per process.
    let remote = match peer.pid() {
        Some(process) => format!("{}, process {process} of user {}", path.display(), peer.uid()),
        None => format!("{}, user {}", path.display(), peer.uid()),
    };
    let (reader, writer) = stream.into_split();
    Ok(stream_connection(reader, writer, remote, true))
}
