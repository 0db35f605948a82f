//! WebSocket: `ws://host:port/path`, and with the feature `tls` `wss://host:port/path`.
//!
//! For firewalls and proxies that let nothing else through. `ws` is in the clear, and meant for one machine, or for a
//! proxy there that ends TLS.

mod connection;
mod halves;
mod transport;

#[cfg(feature = "tls")]
pub use transport_security::{Identity, Tls, Trust};

pub use self::transport::WebSocketTransport;
