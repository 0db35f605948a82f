//! A session: all that one connection between two nodes carries.

mod answers;
mod bulk;
mod calls;
mod closing;
mod control;
mod incoming;
mod receive;
mod requests;
mod timeouts;
mod transmit;

use std::{collections::VecDeque, sync::Arc, task::Waker, time::Instant};

use actor_core::{SystemError, later};

use self::{answers::Answer, bulk::Bulk, control::Control};
use super::{
    assembly::Assembly,
    close::{CloseReason, Goodbye},
    credit::{CreditIn, CreditOut},
    event::{CallKey, Delivery, Event, InboundCall},
    flights::Flights,
    frame::{CHAIN_LENGTH_MAX, FRAME_OVERHEAD_MAX},
    handshake::Agreed,
    hello::{Announced, PeerHello},
    inbound::Inbound,
    input::Framing,
    keepalive::Keepalive,
    lanes::Lanes,
    links::Links,
    methods::{MethodsIn, MethodsOut, RemoteMethod},
    output::Output,
    request::Calls,
    window::{WindowIn, WindowOut},
};
use crate::Limits;

/// The calls between two nodes, and the connection that carries them.
///
/// A session knows no socket, no clock and no task. Its owner keeps it in a mutex that three parties share:
///
/// - **Callers** [`call`](Self::call) or [`cast`](Self::cast), and poll for the outcome. They may come before there is a
///   connection: their calls wait, in order.
/// - **The reader** gives what it has read to [`receive`](Self::receive), and then takes all events with
///   [`poll_event`](Self::poll_event) before it reads again.
/// - **The writer** sends what [`transmit`](Self::transmit) gives it while [`wants_transmit`](Self::wants_transmit), and
///   calls [`handle_timeout`](Self::handle_timeout) at [`next_timeout`](Self::next_timeout).
///
/// Whoever has called a method that takes `&mut self` takes the wakers with [`take_wakers`](Self::take_wakers), and the
/// [deliveries](Self::take_deliveries), and wakes and delivers after unlocking, and wakes the writer if the session wants to transmit. No operation blocks, and none
/// takes longer than what it moves, but for scans of all calls when a deadline has passed.
///
/// A session is attached once, by the proof of a [`Handshake`](super::Handshake), and closed once, for good: after
/// [`close`](Self::close) every call fails. What happens in which order is written in `docs/protocol.md`.
#[derive(Debug)]
pub struct Session {
    limits: Limits,
    /// The limits that hold; this node's own until the session is attached.
    agreed: Announced,
    peer: Option<Box<PeerHello>>,
    /// What ended the session as far as the protocol is concerned; it may still have a goodbye to send.
    failed: Option<CloseReason>,
    /// How calls fail now that the session is closed.
    closed: Option<Box<SystemError>>,
    framing: Framing,
    output: Output,
    lanes: Lanes,
    /// The streams which the lanes go over, where the connection has such.
    bulk: Vec<Bulk>,
    /// How much has arrived over the first stream.
    main_arrived: u64,
    /// The peer's last word, and on how many streams it was heard: what came before it on the others counts.
    goodbyes: Option<(Goodbye, usize)>,
    /// Of the lanes, in both directions.
    window_out: WindowOut,
    window_in: WindowIn,
    /// When to look whether the peer has let chunks wait for too long.
    stall_next: Option<Instant>,
    keepalive: Option<Keepalive>,
    anomalies: u32,
    events: VecDeque<Event>,
    wakers: Vec<Waker>,
    deliveries: Vec<Delivery>,

    // Calls and casts to the peer.
    calls: Calls,
    /// Those that have not begun, in order. Some may be gone: `waiting_stale` counts them.
    waiting: VecDeque<CallKey>,
    waiting_stale: usize,
    waiting_bytes: u64,
    /// The method of the last one that waited.
    method_waiting: Option<Arc<RemoteMethod>>,
    flights: Flights,
    methods_out: MethodsOut,
    requests_out: CreditOut,
    casts_out: CreditOut,
    /// Slots of casts of which chunks are to be sent.
    cast_slots: VecDeque<u16>,
    cast_slots_used: u16,
    replies_in: CreditIn,
    /// No call to the peer has an earlier deadline.
    deadline_next: Option<Instant>,
    /// Answers that their callers have not taken.
    answered: usize,
    /// The last of them was taken, and nothing was sent since.
    all_taken: bool,
    /// The frame that is being received is a part of a message, and not its end.
    is_partial: bool,
    /// Whether the writer has to look at `next_timeout` again.
    timeout_moved: bool,

    // Calls and casts of the peer.
    inbound: Inbound,
    methods_in: MethodsIn,
    requests_in: CreditIn,
    casts_in: CreditIn,
    /// Casts of which chunks are to come, by slot.
    partial_casts: Vec<Option<Box<PartialCast>>>,
    /// Answers that wait for credit, in order.
    answers: VecDeque<Answer>,
    answers_bytes: u64,
    replies_out: CreditOut,
    /// No incomplete call of the peer has an earlier deadline.
    expiry_next: Option<Instant>,

    links: Links,
    /// What was said before there was a connection.
    early: Vec<Control>,
}

/// A cast of the peer that is not complete.
#[derive(Debug)]
struct PartialCast {
    call: InboundCall,
    assembly: Assembly,
    cost: u64,
}

/// Figures of a session, for tests and tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SessionStats {
    /// Slots of calls to the peer in use, those of cancelled calls included.
    pub calls_out: usize,
    /// Slots of the peer's calls in use.
    pub calls_in: usize,
    /// Calls and casts of this node that somebody waits for.
    pub callers: usize,
    /// Calls and casts that wait for room or for a connection.
    pub waiting: usize,
    /// Bytes of their messages.
    pub waiting_bytes: u64,
    /// Bytes of the peer's messages that were not consumed: calls, casts, replies.
    pub inbound_bytes: u64,
    /// Bytes of answers that wait for the peer's credit.
    pub answers_bytes: u64,
    /// Bytes of small frames that wait for the transport.
    pub output_bytes: usize,
    /// Oddities of the peer.
    pub anomalies: u32,
}

impl Session {
    /// A session without a connection, with this node's limits: those that the handshake announces.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            agreed: Announced::of(&limits),
            peer: None,
            failed: None,
            closed: None,
            framing: Framing { checksum: false, length_max: 0 },
            output: Output::default(),
            lanes: Lanes::default(),
            bulk: Vec::new(),
            main_arrived: 0,
            goodbyes: None,
            window_out: WindowOut::default(),
            window_in: WindowIn::default(),
            stall_next: None,
            keepalive: None,
            anomalies: 0,
            events: VecDeque::new(),
            wakers: Vec::new(),
            deliveries: Vec::new(),
            calls: Calls::new(),
            waiting: VecDeque::new(),
            waiting_stale: 0,
            waiting_bytes: 0,
            method_waiting: None,
            flights: Flights::default(),
            methods_out: MethodsOut::default(),
            requests_out: CreditOut::default(),
            casts_out: CreditOut::default(),
            cast_slots: VecDeque::new(),
            cast_slots_used: 0,
            replies_in: CreditIn::default(),
            deadline_next: None,
            answered: 0,
            all_taken: false,
            is_partial: false,
            timeout_moved: false,
            inbound: Inbound::default(),
            methods_in: MethodsIn::default(),
            requests_in: CreditIn::default(),
            casts_in: CreditIn::default(),
            partial_casts: Vec::new(),
            answers: VecDeque::new(),
            answers_bytes: 0,
            replies_out: CreditOut::default(),
            expiry_next: None,
            links: Links::default(),
            early: Vec::new(),
            limits,
        }
    }

    /// There is a connection now: calls that wait begin, in order.
    ///
    /// `checksum`: whether frames carry a checksum, which both sides must say alike; transports that protect their
    /// bytes go without. Does nothing if the session was attached or closed before.
    pub fn attach(&mut self, now: Instant, agreed: Agreed, checksum: bool) {
        self.attach_to(now, agreed, checksum, 0);
    }

    /// The same to a connection that has so many further streams for large messages, which both sides must say alike. What
    /// they carry goes through [`transmit_all`](Self::transmit_all) and [`receive_bulk`](Self::receive_bulk).
    pub fn attach_to(&mut self, now: Instant, agreed: Agreed, checksum: bool, bulk_streams: usize) {
        if self.is_attached() || self.is_closed() {
            return;
        }
        let limits = *agreed.limits();
        let window = limits.inbound_bytes_max / 2;
        let largest = limits.message_length_max.saturating_add(CHAIN_LENGTH_MAX as u64);
        self.framing = Framing { checksum, length_max: limits.chunk_length_max.saturating_add(FRAME_OVERHEAD_MAX) };
        self.output.attach(checksum);
        self.bulk = (0..bulk_streams).map(|_| Bulk::new(checksum, limits.methods_max)).collect();
        self.lanes = Lanes::with_streams(bulk_streams);
        self.window_out = WindowOut::new(limits.chunk_length_max, window);
        self.window_in = WindowIn::new(limits.chunk_length_max);
        self.keepalive = Some(Keepalive::new(now));
        self.flights = Flights::new(limits.calls_in_flight_max);
        self.inbound = Inbound::new(limits.calls_in_flight_max);
        self.methods_out = MethodsOut::new(limits.methods_max);
        self.methods_in = MethodsIn::new(limits.methods_max);
        self.requests_out = CreditOut::new(window);
        self.replies_out = CreditOut::new(window);
        self.requests_in = CreditIn::new(window, largest);
        self.replies_in = CreditIn::new(window, largest);
        self.casts_out = CreditOut::new(limits.casts_in_flight_max.into());
        self.casts_in = CreditIn::new(limits.casts_in_flight_max.into(), 1);
        self.agreed = limits;
        self.peer = Some(Box::new(agreed.into_peer()));
        self.timeout_moved = true;
        self.flush_early();
        self.begin_waiting(now);
    }

    /// What happened, in order. The reader takes all events after each [`receive`](Self::receive).
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The same for all events at once. `into` is empty; its memory is used for the next ones.
    pub fn take_events(&mut self, into: &mut VecDeque<Event>) {
        debug_assert!(into.is_empty(), "events that were not dealt with");
        std::mem::swap(&mut self.events, into);
    }

    /// Moves the wakers of callers whose calls have got on into `into`. They are woken after the session is unlocked.
    pub fn take_wakers(&mut self, into: &mut Vec<Waker>) {
        hand_over(&mut self.wakers, into);
    }

    /// The same for what callers are to have that wait [outside](Self::deliver_to). Call it together with the former.
    pub fn take_deliveries(&mut self, into: &mut Vec<Delivery>) {
        hand_over(&mut self.deliveries, into);
    }

    /// Whether there is a connection.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.peer.is_some()
    }

    /// Whether the session was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// The limits that hold: agreed with the peer, or this node's own until then.
    #[must_use]
    pub fn agreed(&self) -> &Announced {
        &self.agreed
    }

    /// Whether nothing is under way: no calls in either direction, nothing to send but what keeps the connection alive.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.calls.live() == 0
            && self.flights.in_flight() == 0
            && self.inbound.busy() == 0
            && self.lanes.is_empty()
            && self.output.is_empty()
            && !self.wants_bulk()
    }

    /// Bytes of the peer's messages that were not consumed: calls, casts, replies.
    #[must_use]
    #[inline]
    pub fn inbound_bytes(&self) -> u64 {
        self.requests_in.held().saturating_add(self.replies_in.held())
    }

    /// Figures.
    #[must_use]
    pub fn stats(&self) -> SessionStats {
        SessionStats {
            calls_out: self.flights.in_flight(),
            calls_in: self.inbound.busy(),
            callers: self.calls.live(),
            waiting: self.waiting.len().saturating_sub(self.waiting_stale),
            waiting_bytes: self.waiting_bytes,
            inbound_bytes: self.inbound_bytes(),
            answers_bytes: self.answers_bytes,
            output_bytes: self.output.len(),
            anomalies: self.anomalies,
        }
    }

    /// Something that makes no sense, but does no harm if it is rare.
    fn anomaly(&mut self, last: &'static str) -> Result<(), CloseReason> {
        self.anomalies = self.anomalies.saturating_add(1);
        let limit = self.limits.anomalies_max;
        if self.anomalies > limit { Err(CloseReason::TooManyAnomalies { limit, last }) } else { Ok(()) }
    }

    /// A deadline that `next_timeout` has to know.
    #[inline]
    fn note_deadline(&mut self, deadline: Instant) {
        if self.deadline_next.is_none_or(|next| deadline < next) {
            self.deadline_next = Some(deadline);
            self.timeout_moved = true;
        }
    }

    fn latest_deadline(&self, now: Instant) -> Instant {
        later(now, self.limits.call_deadline_max)
    }
}

/// Into an empty vector nothing is copied; its memory is used for what comes next. Where there is nothing to hand over
/// both keep theirs: a caller's, which has none, would cost the session its own with each call.
#[inline]
fn hand_over<T>(from: &mut Vec<T>, into: &mut Vec<T>) {
    if from.is_empty() {
        return;
    }
    if into.is_empty() {
        std::mem::swap(from, into);
    } else {
        into.append(from);
    }
}
