//! Tests for distributed actors, without a socket: a network of nodes in one process, in virtual time, repeatable from
//! a seed.

mod network;

pub use self::network::Network;
