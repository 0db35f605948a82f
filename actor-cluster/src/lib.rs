//! Who the members of a cluster are: SWIM, by way of the nodes' own sessions.
//!
//! Users depend on the facade crate, `distributed-actor`, with its feature `cluster`.

mod contacts;
mod digest;
mod dns;
mod driver;
mod fuzz;
mod gossip;
mod identity;
mod packet;
mod registry;
mod swim;
mod times;
mod wire;

pub use self::{
    dns::DnsName,
    gossip::Gossip,
    registry::{Claim, Key, LeastLoaded, Listing, Registry, Router, Singleton},
    times::Times,
};

/// What the fuzzer runs. Not for use by hand.
#[doc(hidden)]
pub mod __fuzz {
    pub use crate::fuzz::{receive, seeds};
}
