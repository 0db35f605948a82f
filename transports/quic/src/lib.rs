//! QUIC: `quic://host:port`, over UDP, between machines.
//!
//! Encrypted with the same certificates as TLS. Large messages have a stream of their own beside that of small calls, so that
//! a lost packet of one holds up nothing of the other. A connection is made in one round trip.
//!
//! ```no_run
//! # use actor_transport::Node;
//! # use transport_quic::{Identity, QuicTransport, Tls, Trust};
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = Identity::from_pem_files("node0.pem", "node0.key")?;
//! let tls = Tls::mutual(identity, Trust::from_pem_file("ca.pem")?)?;
//! let node = Node::builder().transport(QuicTransport::new(tls)).listen("quic://0.0.0.0:5301").start().await?;
//! # Ok(())
//! # }
//! ```

mod config;
mod connection;
mod error;
mod halves;
mod transport;

pub use transport_security::{Identity, Tls, Trust};

pub use self::transport::QuicTransport;
