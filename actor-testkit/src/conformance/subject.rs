use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actor_transport::Transport;

/// A transport that is put through the [conformance suite](crate::conformance!), where it takes more than a value of
/// it: a directory for its sockets, say, or certificates.
///
/// Each test makes a subject of its own, so that no two meet.
///
/// ```
/// use std::sync::Arc;
/// use actor_testkit::TransportUnderTest;
/// use actor_transport::Transport;
/// use transport_memory::MemoryTransport;
///
/// /// Each node has a transport of its own.
/// #[derive(Default)]
/// struct Places(MemoryTransport);
///
/// impl TransportUnderTest for Places {
///     fn transport(&self, _node: &str) -> Arc<dyn Transport> {
///         Arc::new(self.0.clone())
///     }
///
///     fn address(&self, node: &str) -> String {
///         format!("mem://{node}")
///     }
/// }
///
/// actor_testkit::conformance!(fixture = Places::default());
/// # fn main() {}
/// ```
pub trait TransportUnderTest: Send + Sync + 'static {
    /// The transport of the node of that name. Where nodes show certificates, the name has to stand in them.
    fn transport(&self, node: &str) -> Arc<dyn Transport>;

    /// Where the node of that name can listen. Each name is used for one listener at a time; an address with a port of
    /// 0 may be the same for all.
    fn address(&self, node: &str) -> String;
}

/// A transport of which all nodes of a test share one value.
pub struct Plain {
    transport: Arc<dyn Transport>,
    at: Option<String>,
}

impl Plain {
    /// Its nodes listen at `scheme://` and a name.
    #[must_use]
    pub fn new(transport: impl Transport) -> Self {
        Self { transport: Arc::new(transport), at: None }
    }

    /// They listen at this address, with a port of 0.
    #[must_use]
    pub fn at(transport: impl Transport, address: impl Into<String>) -> Self {
        Self { transport: Arc::new(transport), at: Some(address.into()) }
    }
}

impl TransportUnderTest for Plain {
    fn transport(&self, _node: &str) -> Arc<dyn Transport> {
        self.transport.clone()
    }

    fn address(&self, node: &str) -> String {
        // Tests of one process may share the place where names are looked up.
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        match &self.at {
            Some(address) => address.clone(),
            None => format!("{}://{node}-{}", self.transport.scheme(), NEXT.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").field("scheme", &self.transport.scheme()).field("at", &self.at).finish()
    }
}
