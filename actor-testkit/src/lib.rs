//! Tests for distributed actors, without a socket: a network of nodes in one process, in virtual time, repeatable from
//! a seed.

pub mod contract;
pub mod loopback;
mod network;

pub use self::{contract::SystemUnderTest, loopback::LoopbackSystem, network::Network};
