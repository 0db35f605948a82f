//! What is neither a call nor a reply.

use actor_core::{NodeId, SystemError};
use bytes::Bytes;

use super::Session;
use crate::protocol::{
    close::{CloseReason, Goodbye},
    frame::{Frame, clip_addresses},
    links::Verdict,
};

/// Bytes of system messages that may wait here for the transport.
const SYSTEM_BYTES_MAX: usize = 1024 * 1024;

/// What was said before there was a connection.
#[derive(Debug)]
pub(super) enum Control {
    Introduce { node: NodeId, addresses: Vec<String> },
    Watch { instance: u64 },
    Unwatch { instance: u64 },
    System(Bytes),
}

impl Session {
    /// Tells the peer where a node can be reached that a following call or reply refers to; once for each node. Of the
    /// addresses, the first sixteen that are not above 256 bytes are told.
    pub fn introduce(&mut self, node: NodeId, addresses: &[String]) {
        let is_known = self.peer.as_ref().is_some_and(|peer| peer.node == node);
        if !is_known && self.links.introduce(node, self.is_attached()) {
            self.say(Control::Introduce {
                node,
                addresses: clip_addresses(addresses).into_iter().map(String::from).collect(),
            });
        }
    }

    /// Asks to be told when an actor of the peer ends; the answer is
    /// [`Event::Terminated`](super::super::Event::Terminated).
    ///
    /// # Errors
    /// `Overloaded` if too many are watched, and what the session was closed with.
    pub fn watch(&mut self, instance: u64) -> Result<(), SystemError> {
        if let Some(error) = &self.closed {
            return Err((**error).clone());
        }
        match self.links.watch(instance, self.limits.watches_max) {
            Verdict::Tell => self.say(Control::Watch { instance }),
            Verdict::TooMany => {
                return Err(SystemError::Overloaded { what: "too many actors of the node are watched".into() });
            }
            Verdict::Ignore | Verdict::Anomaly => {}
        }
        Ok(())
    }

    /// Takes a watch back.
    pub fn unwatch(&mut self, instance: u64) {
        // Also of a connection that is ending: its end is not told to who does not wait for it.
        if self.links.unwatch(instance) {
            self.say(Control::Unwatch { instance });
        }
    }

    /// Sends a message of what is built on nodes: membership, registry.
    ///
    /// # Errors
    /// `MessageTooLarge` above the length of a chunk, `Overloaded` if too many bytes of such messages wait for the
    /// transport, and what the session was closed with.
    pub fn system(&mut self, payload: Bytes) -> Result<(), SystemError> {
        if let Some(error) = &self.closed {
            return Err((**error).clone());
        }
        let (length, limit) = (payload.len() as u64, u64::from(self.agreed.chunk_length_max));
        if length > limit {
            return Err(SystemError::MessageTooLarge { length, limit });
        }
        let early = self.early.iter().map(|control| if let Control::System(bytes) = control { bytes.len() } else { 0 });
        let waiting = early.fold(self.output.unbounded_len(), usize::saturating_add);
        if waiting.saturating_add(payload.len()) > SYSTEM_BYTES_MAX || self.early.len() > self.limits.watches_max {
            return Err(SystemError::Overloaded { what: "too many system messages wait for the connection".into() });
        }
        self.say(Control::System(payload));
        Ok(())
    }

    /// The last word: after it nothing more is sent, and what arrives is refused with
    /// [`CloseReason::OwnGoodbye`]. Calls under way are not answered; a graceful end waits for them first.
    pub fn goodbye(&mut self, goodbye: Goodbye) {
        if self.failed.is_none() {
            let _ = self.fail::<()>(CloseReason::OwnGoodbye(goodbye));
        }
    }

    pub(super) fn flush_early(&mut self) {
        for control in std::mem::take(&mut self.early) {
            self.say(control);
        }
    }

    fn say(&mut self, control: Control) {
        if self.failed.is_some() || self.is_closed() {
            return;
        }
        if !self.is_attached() {
            // Bounded: introductions and watches by what `Links` remembers, system messages above. A watch that comes
            // and goes must not add up.
            if let Control::Unwatch { instance: gone } = control {
                self.early.retain(|said| !matches!(said, Control::Watch { instance } if *instance == gone));
            } else {
                self.early.push(control);
            }
            return;
        }
        match &control {
            Control::Introduce { node, addresses } => {
                let addresses = addresses.iter().map(String::as_str).collect();
                self.output.unbounded_frame(&Frame::Introduce { node: *node, addresses });
            }
            Control::Watch { instance } => self.output.unbounded_frame(&Frame::Watch { instance: *instance }),
            Control::Unwatch { instance } => self.output.unbounded_frame(&Frame::Unwatch { instance: *instance }),
            Control::System(payload) => self.output.unbounded_frame(&Frame::System(payload)),
        }
    }
}
