//! What the fuzzers run: one function for each parser. Each panics where what it checks does not hold.
//!
//! They are plain functions, so that `cargo test` can put the corpora through them without a fuzzer.
#![forbid(unsafe_code)]

#[cfg(test)]
mod corpus;
mod decode;
mod frame;
mod hello;
mod pair;
mod session;
mod value;

use std::sync::OnceLock;

use actor_core::DecodeContext;
use actor_transport::Node;
use tokio::runtime::Runtime;

pub use actor_cluster::__fuzz::receive as cluster;

pub use self::{frame::frame, hello::hello, pair::pair, session::session, value::value};

/// One target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, by the names of their binaries and corpora.
pub const TARGETS: [Target; 7] = [
    ("cluster", cluster),
    ("decode", decode),
    ("frame", frame),
    ("hello", hello),
    ("pair", pair),
    ("session", session),
    ("value", value),
];

/// Decodes the input as types of every shape, as a node would.
pub fn decode(data: &[u8]) {
    /// The runtime is kept because the node lives in it.
    static NODE: OnceLock<(Runtime, DecodeContext)> = OnceLock::new();
    let (_, context) = NODE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let node = runtime.block_on(Node::builder().start()).expect("a node that neither listens nor dials");
        (runtime, DecodeContext::new(node))
    });
    decode::decode_any(data, context);
}
