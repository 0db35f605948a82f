//! How nodes talk to one another: the [`Transport`] traits, the session protocol, and [`Node`], the actor system that
//! stands on both.
//!
//! Users depend on the facade crate, `distributed-actor`, which re-exports what they need. Who writes a transport
//! starts at [`Transport`].

mod address;
pub mod cluster;
mod limits;
mod node;
mod proof;
pub mod protocol;
mod refusal;
mod stream;
mod transport;

#[cfg(feature = "proofs")]
pub use self::proof::PeerCertificate;
pub use self::{
    address::{Address, IntoAddress},
    cluster::Cluster,
    limits::{Limits, LimitsError},
    node::{
        DefaultTransport, ErrorPolicy, Node, NodeBuilder, PeerIdentity, PeerInfo, RefusedConnection, RefusedReason,
    },
    proof::Proof,
    refusal::Refusal,
    stream::stream_connection,
    transport::{Connection, Listener, Receiver, Sender, Transport, TransportError},
};

#[doc(hidden)]
pub mod __private {
    pub use inventory;
}
