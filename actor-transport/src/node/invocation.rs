//! How a node writes and reads the arguments of a call.

use std::{cell::RefCell, mem};

use actor_core::{
    ActorId, Codec, CodecError, DecodeContext, EncodeBuffer, InvocationDecoder, InvocationEncoder, NodeId, Postcard,
    SystemError,
};
use bytes::Bytes;

thread_local! {
    /// The nodes that the references being encoded on this thread point to.
    static REFERENCES: RefCell<Vec<NodeId>> = const { RefCell::new(Vec::new()) };
}

/// A reference to an actor of another node is being encoded.
pub(super) fn note_reference(id: &ActorId) {
    REFERENCES.with(|references| {
        let mut references = references.borrow_mut();
        if !references.contains(&id.node()) {
            references.push(id.node());
        }
    });
}

/// The nodes noted since the last time.
pub(super) fn take_references() -> Vec<NodeId> {
    REFERENCES.with(|references| mem::take(&mut *references.borrow_mut()))
}

/// Writes the arguments of one call.
#[derive(Debug, Default)]
pub struct NodeEncoder {
    pub(super) body: EncodeBuffer,
    /// The nodes that references among the arguments point to.
    pub(super) references: Vec<NodeId>,
    /// Why an argument could not be encoded. The method is not known here; the node adds it.
    pub(super) failed: Option<Box<str>>,
}

impl InvocationEncoder for NodeEncoder {
    type Requirement = Postcard;
    type Error = SystemError;

    fn record_argument<T: 'static>(&mut self, value: &T) -> Result<(), SystemError>
    where
        Postcard: Codec<T>,
    {
        let encoded = Postcard::encode(value, &mut self.body);
        let references = take_references();
        if self.references.is_empty() {
            self.references = references;
        } else {
            self.references.extend(references);
        }
        if let Err(error) = encoded {
            self.failed.get_or_insert_with(|| error.to_string().into());
        }
        Ok(())
    }

    fn done(&mut self) -> Result<(), SystemError> {
        Ok(())
    }
}

/// Reads the arguments of one call.
#[derive(Debug)]
pub struct NodeDecoder {
    body: Bytes,
    context: DecodeContext,
}

impl NodeDecoder {
    pub(super) fn new(body: Bytes, context: DecodeContext) -> Self {
        Self { body, context }
    }
}

impl InvocationDecoder for NodeDecoder {
    type Requirement = Postcard;
    type Error = CodecError;

    fn next_argument<T: 'static>(&mut self) -> Result<T, CodecError>
    where
        Postcard: Codec<T>,
    {
        Postcard::decode(&mut self.body, &self.context)
    }

    fn done(&mut self) -> Result<(), CodecError> {
        match self.body.len() {
            0 => Ok(()),
            left => Err(CodecError::new(format_args!("{left} bytes are left behind the last argument"))),
        }
    }
}
