//! TLS over TCP: `tls://host:port`, between machines.
//!
//! ```no_run
//! # use actor_transport::Node;
//! # use transport_tls::{Identity, Tls, TlsTransport, Trust};
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = Identity::from_pem_files("node0.pem", "node0.key")?;
//! let tls = Tls::mutual(identity, Trust::from_pem_file("ca.pem")?)?;
//! let node = Node::builder().transport(TlsTransport::new(tls)).listen("tls://0.0.0.0:5301").start().await?;
//! # Ok(())
//! # }
//! ```

mod connection;
mod transport;

pub use transport_security::{Identity, Tls, Trust};

pub use self::transport::TlsTransport;
