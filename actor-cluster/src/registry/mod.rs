//! Finding actors in a cluster: names and groups, of which every node has a copy.

mod directory;
mod groups;
mod handle;
mod least_loaded;
mod names;
mod router;
mod shared;
mod singleton;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    directory::{Change, Entry, Kind, Packet},
    shared::{Outgoing, Shared},
};
pub use self::{
    groups::{Key, Listing},
    handle::Registry,
    least_loaded::LeastLoaded,
    names::Claim,
    router::Router,
    singleton::Singleton,
};
