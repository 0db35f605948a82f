//! The protocol between two nodes, without input or output of its own: bytes and the time in, bytes and events out.
//!
//! A connection begins with a [`Handshake`], whose outcome, an [`Agreed`], attaches a [`Session`]. The wire format is
//! specified in `docs/protocol.md`, and so is everything that one side may expect of the other; the code here says why
//! it is as it is.
//!
//! Architecture invariants: no clock, no task, no randomness, no lock, no logging; no panic that bytes can
//! reach; no table, queue or buffer without a limit, and memory for what has arrived, never for what was announced.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod assembly;
mod close;
mod credit;
mod errors;
mod event;
mod flights;
mod frame;
mod handshake;
mod hello;
mod inbound;
mod input;
mod keepalive;
mod lanes;
mod links;
mod methods;
mod output;
mod request;
mod secret;
mod session;
#[cfg(test)]
mod tests;
mod window;
mod wire;

pub(crate) use self::keepalive::{FOR_EVER, earlier, later};
pub use self::{
    close::{CloseReason, Fault, Goodbye},
    event::{
        CallKey, CastKey, Delivery, Event, InboundCall, InboundCastKey, InboundKey, OutgoingCall, Recipient, Reply,
        ReplyBody,
    },
    frame::{
        ADDRESS_LENGTH_MAX, ADDRESSES_MAX, CHAIN_LENGTH_MAX, CallId, ChunkOf, ERROR_LENGTH_MAX, FRAME_OVERHEAD_MAX,
        Frame, FrameError, GOODBYE_TEXT_LENGTH_MAX, METHOD_NAME_LENGTH_MAX, Request, SIGNATURE_LENGTH_MAX,
        TRACE_LENGTH,
    },
    handshake::{Agreed, Handshake, HandshakeError, Progress, survives},
    hello::{
        Announced, HELLO_LENGTH_MAX, HelloConfig, NODE_NAME_LENGTH_MAX, PeerHello, REALM_LENGTH, Reject, VersionRange,
    },
    methods::{MethodKey, RemoteMethod},
    secret::Secret,
    session::{Session, SessionStats},
};
