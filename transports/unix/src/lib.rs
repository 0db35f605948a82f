//! Unix domain sockets: `unix:///path/of/the/socket`, between processes of one machine.
//!
//! Nothing leaves the machine, and the file system says who may connect: the socket is made for its own user alone,
//! unless [`UnixTransport::mode`] says otherwise. On systems without such sockets the crate is empty.
#![cfg(unix)]

mod listener;
mod transport;

pub use self::transport::UnixTransport;
