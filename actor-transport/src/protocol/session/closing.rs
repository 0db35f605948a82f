//! The end of a session.

use actor_core::{NetworkError, NodeId, SystemError, Terminated};

use super::{Session, bulk::Bulk};
use crate::protocol::{close::CloseReason, event::Event, frame::Frame, request::CallState};

impl Session {
    /// Ends the session for good: calls that have begun fail with `Network`, calls that have not, and all that come
    /// later, with `Connect`. `peer` is the node that the errors name.
    ///
    /// Events that were not taken are dropped. What follows are one [`Event::Cancel`] for each call of the peer that
    /// still runs and one [`Event::Terminated`] for each actor of it that is watched; answers to those calls are
    /// ignored.
    pub fn close(&mut self, why: &CloseReason, peer: NodeId) {
        let network = NetworkError::new(peer, why.to_string());
        let unsent = SystemError::Connect { address: peer.to_string().into(), why: network.to_string().into() };
        self.end(&SystemError::Network(network.clone()), unsent, &Terminated::NodeLost(network));
    }

    /// Ends a session that could not be attached: all calls fail with this error, now and later.
    pub fn refuse_all(&mut self, error: SystemError, peer: NodeId) {
        let lost = Terminated::NodeLost(NetworkError::new(peer, error.to_string()));
        self.end(&error.clone(), error, &lost);
    }

    fn end(&mut self, sent: &SystemError, unsent: SystemError, lost: &Terminated) {
        if self.is_closed() {
            return;
        }
        let mut answered = 0_u64;
        for key in self.calls.keys() {
            let error = match self.calls.get_mut(key).map(|entry| &entry.state) {
                Some(CallState::Begun { .. }) => sent.clone(),
                Some(CallState::Waiting(_)) => unsent.clone(),
                Some(CallState::Answered { cost, .. }) => {
                    answered = answered.saturating_add(*cost);
                    continue;
                }
                Some(CallState::Free { .. }) | None => continue,
            };
            self.finish(key, Err(error), 0);
        }
        self.closed = Some(Box::new(unsent));
        self.events.clear();
        let running = self.inbound.running().into_iter().map(Event::Cancel);
        self.events.extend(running);
        for instance in self.links.take_watching() {
            self.events.push_back(Event::Terminated { instance, how: lost.clone() });
        }
        self.let_go();
        // Of all that has arrived only these replies are still here, until their callers take them. What is not given
        // back would count against the node for ever.
        self.replies_in.end(answered);
    }

    /// The protocol ends here: the peer is told why, and nothing else is sent any more.
    pub(super) fn fail<T>(&mut self, reason: CloseReason) -> Result<T, CloseReason> {
        if self.is_attached() {
            let goodbye = reason.goodbye();
            let (code, text) = goodbye.to_wire();
            self.output.seal(&Frame::Goodbye { code, text });
            for bulk in &mut self.bulk {
                bulk.output.seal(&Frame::Goodbye { code, text });
            }
        }
        self.failed = Some(reason.clone());
        Err(reason)
    }

    /// Gives up the memory of all that will not be sent or received any more.
    fn let_go(&mut self) {
        self.lanes.clear();
        self.answers.clear();
        self.answers_bytes = 0;
        self.waiting.clear();
        self.waiting_stale = 0;
        self.waiting_bytes = 0;
        self.partial_casts = Vec::new();
        self.bulk.iter_mut().for_each(Bulk::let_go);
        self.requests_in.end(0);
        self.casts_in.end(0);
        self.inbound = Default::default();
        self.flights = Default::default();
        self.methods_in = Default::default();
        self.methods_out = Default::default();
        self.early = Vec::new();
        self.deadline_next = None;
        self.expiry_next = None;
        self.keepalive = None;
    }
}
