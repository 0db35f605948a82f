//! Finding actors in a cluster: names and groups, of which every node has a copy.

mod copy;
mod directory;
mod groups;
mod handle;
mod least_loaded;
mod names;
mod packet;
mod router;
mod shared;
mod singleton;
#[cfg(test)]
mod tests;

pub use self::{
    groups::{Key, Listing},
    handle::Registry,
    least_loaded::LeastLoaded,
    names::Claim,
    router::Router,
    singleton::Singleton,
};
pub(crate) use self::{
    packet::{Change, Entry, Kind, Packet, Progress, Stretch},
    shared::{Outgoing, Shared},
};
