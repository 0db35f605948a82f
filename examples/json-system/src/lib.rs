//! An actor system of one's own: [`JsonSystem`] sends JSON texts over channels.
//!
//! It is the `SampleActorSystem` of Swift's article "Implementing a Custom Distributed Actor System", made real: every
//! failure is answered, calls have deadlines and can be cancelled, references travel.

mod asked;
mod codec;
mod elector;
mod error;
mod id;
mod invocation;
mod receive;
mod running;
mod system;
mod wire;

pub use self::{
    codec::Json,
    elector::{Elector, ElectorCodec, ElectorMethods},
    error::SampleError,
    id::SampleId,
    invocation::{JsonDecoder, JsonEncoder, JsonReply},
    system::JsonSystem,
    wire::Wire,
};
