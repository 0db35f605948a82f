//! Who the members of a cluster are: SWIM, by way of the nodes' own sessions.
//!
//! Users depend on the facade crate, `distributed-actor`, with its feature `cluster`.

mod contacts;
mod dns;
mod driver;
mod gossip;
mod identity;
mod registry;
mod swim;
mod wire;

pub use self::{
    dns::DnsName,
    gossip::Gossip,
    registry::{Claim, Key, LeastLoaded, Listing, Registry, Singleton},
};
