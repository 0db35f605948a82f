//! A node: the actor system that lives in one process and talks to others over any transport.
//!
//! This is the thin shell around [`protocol`](crate::protocol): it owns connections, clocks and tasks.

mod accept;
mod actors;
mod authorize;
mod builder;
mod construct;
mod dial;
mod handle;
mod identity;
mod inbox;
mod inner;
mod invocation;
mod join;
mod kept;
mod lifeline;
mod link;
mod lock;
mod own_runtime;
mod peers;
mod place;
mod rank;
mod reader;
mod refused;
mod reply;
mod reply_cell;
mod running;
mod serve;
mod spawn;
mod spawned;
mod system;
mod turns;
mod watch_node;
mod watches;
mod writer;

pub use self::{
    builder::{DefaultTransport, NodeBuilder},
    handle::Node,
    identity::PeerIdentity,
    peers::PeerInfo,
    refused::{RefusedConnection, RefusedReason},
    reply::ErrorPolicy,
};
pub(crate) use self::{inner::Inner, lock::lock};
