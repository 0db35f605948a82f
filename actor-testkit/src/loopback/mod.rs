//! A system in one process that has no wire, and still encodes every call.

mod call;
mod invocation;
mod observed;
mod reply;
mod system;

pub use self::{
    invocation::{LoopbackDecoder, LoopbackEncoder},
    observed::{Observed, Recorded},
    reply::{Answer, LoopbackReply},
    system::LoopbackSystem,
};
