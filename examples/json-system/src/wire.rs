//! The wire: a channel of JSON texts for each node.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use distributed_actor::{ChainLink, Terminated};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{SampleError, SampleId};

/// Connects the nodes that are started with it. Clones are the same wire.
///
/// Nothing bounds what waits in a channel: a wire for real use would.
#[derive(Clone, Default)]
pub struct Wire {
    nodes: Arc<Mutex<HashMap<String, UnboundedSender<String>>>>,
}

/// What nodes send each other.
#[derive(Serialize, Deserialize)]
pub(crate) enum Envelope {
    /// With a number where `from` waits for an answer.
    Ask {
        from: String,
        number: Option<u64>,
        actor: SampleId,
        question: Question,
    },
    /// `from` has given up waiting.
    Cancel {
        from: String,
        number: u64,
    },
    Answer {
        number: u64,
        answer: Answer,
    },
    /// A node has ended.
    Gone {
        node: String,
    },
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Question {
    Call(Invocation),
    Stop,
    /// Answered when the actor ends.
    Watch,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Invocation {
    pub(crate) method: String,
    pub(crate) arguments: Vec<Box<RawValue>>,
    pub(crate) timeout: Duration,
    pub(crate) chain: Vec<ChainLink>,
    pub(crate) trace: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Answer {
    Value(Box<RawValue>),
    Thrown(Box<RawValue>),
    Failed(SampleError),
    Ended(Terminated),
}

impl Wire {
    /// A wire without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a node of that name is there.
    #[must_use]
    pub fn has(&self, node: &str) -> bool {
        self.lock().contains_key(node)
    }

    /// A new node; what is sent to it comes out of the receiver.
    pub(crate) fn attach(&self, node: &str) -> Result<UnboundedReceiver<String>, SampleError> {
        let mut nodes = self.lock();
        if nodes.contains_key(node) {
            return Err(SampleError::NodeNameTaken(node.into()));
        }
        let (sender, receiver) = unbounded_channel();
        nodes.insert(node.into(), sender);
        Ok(receiver)
    }

    /// The node has ended; the others are told.
    pub(crate) fn detach(&self, node: &str) {
        let mut nodes = self.lock();
        nodes.remove(node);
        let text = text(&Envelope::Gone { node: node.into() });
        for other in nodes.values() {
            let _ = other.send(text.clone());
        }
    }

    pub(crate) fn send(&self, node: &str, envelope: &Envelope) -> Result<(), SampleError> {
        let unknown = || SampleError::UnknownNode(node.into());
        let nodes = self.lock();
        nodes.get(node).ok_or_else(unknown)?.send(text(envelope)).map_err(|_| unknown())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, UnboundedSender<String>>> {
        self.nodes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn text(envelope: &Envelope) -> String {
    // It holds texts, numbers, and values that are JSON already.
    serde_json::to_string(envelope).expect("an envelope can be written")
}
