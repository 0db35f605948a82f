//! Every limit of a node, in one place.

use std::time::Duration;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// The limits of a node. No queue, table or retry is without one.
///
/// Start from [`Limits::default`], change fields, and have them checked by [`validate`](Self::validate), which the
/// node does when it is built. What two peers must agree on (marked *announced*) travels in the handshake, and the
/// smaller of both values holds for both directions of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Time for transport connection and handshake together. 5 s.
    pub handshake_time_max: Duration,
    /// Accepted connections that shake hands at a time, of a listener; others wait for their turn. 256.
    pub handshakes_pending_max: usize,
    /// Time for one attempt to reach a peer: name resolution, connection and handshake. 5 s.
    pub dial_time_max: Duration,
    /// Pause after the first failed attempt to reach a peer; doubled for each further one. 50 ms.
    pub backoff_min: Duration,
    /// The longest pause between attempts. 5 s.
    pub backoff_max: Duration,
    /// Connections of one listener. 4,096.
    pub connections_per_listener_max: usize,
    /// Connections from one remote address. 64.
    pub connections_per_address_max: usize,

    /// Length of the encoded arguments or result of one call, headers not counted, in bytes. *Announced.* 4 MiB, up
    /// to 64 MiB.
    pub message_length_max: u64,
    /// Longer messages are cut into pieces of this length, in bytes, between which other messages pass. *Announced.*
    /// 16 KiB, from 1 KiB to 1 MiB.
    pub chunk_length_max: u32,
    /// Bytes of messages that a connection holds for this node, received but not consumed. One half is for calls and
    /// casts, one for replies. At least 2 x `message_length_max`. *Announced.* 16 MiB.
    pub inbound_bytes_max: u64,
    /// The same for all connections together, in bytes. 256 MiB.
    pub inbound_bytes_per_node_max: u64,
    /// Calls in flight on a connection, each way; further ones wait in order until their deadline. *Announced.*
    /// 1,024, up to 65,536.
    pub calls_in_flight_max: u32,
    /// Casts on a connection, each way, that their receiver has not taken from its buffer. *Announced.* 1,024, up to
    /// 65,536.
    pub casts_in_flight_max: u32,
    /// Methods of which a connection remembers the names, each way. *Announced.* 1,024, up to 65,536.
    pub methods_max: u32,
    /// Calls and casts that wait here for room on one connection; a further one is `Overloaded`. 65,536.
    pub calls_waiting_max: usize,
    /// Bytes of their messages; a further one is `Overloaded`. 64 MiB.
    pub calls_waiting_bytes_max: u64,
    /// Bytes of replies that wait here for a peer to take them; a further one becomes `ReplyTooLarge`. 64 MiB.
    pub replies_waiting_bytes_max: u64,
    /// Actors of one peer that this node watches, and of this node that one peer watches. 65,536.
    pub watches_max: usize,
    /// Messages of other nodes' memberships that this node's has not looked at; further ones are dropped. 4,096.
    pub system_messages_max: usize,
    /// Of these, messages of one node. 256.
    pub system_messages_per_peer_max: usize,

    /// Actors that one peer has had started here, and that live. 65,536.
    pub spawned_per_peer_max: usize,
    /// The same for all peers together. 1,048,576.
    pub spawned_max: usize,

    /// Messages that wait for one actor, and methods of a reentrant one that interleave. 1,024.
    pub mailbox_length_max: u32,
    /// Actors that one actor is linked to, by itself and by others. 65,536.
    pub links_per_actor_max: u32,
    /// The deadline of a call that sets none. 10 s.
    pub call_deadline: Duration,
    /// The longest deadline; a longer one is cut to it, whether set here or by a peer. 1 h.
    pub call_deadline_max: Duration,
    /// Time that a method under `#[on_start]` or `#[on_stop]` has. 10 s.
    pub hook_time_max: Duration,
    /// Calls nested in one another before one is refused. 32.
    pub call_chain_length_max: u32,
    /// Levels of nesting in a decoded value. 128.
    pub decode_depth_max: u32,
    /// Bytes of heap that any decoded value may take. 64 KiB.
    pub decode_heap_base_bytes: usize,
    /// Bytes of heap that a decoded value may take in addition for each byte of its message. 32.
    pub decode_heap_per_message_byte: usize,

    /// A peer that has been silent for this long is sent a ping, and another one each time it passes again. 1 s.
    pub ping_interval: Duration,
    /// A peer that has been silent for this long is given up; any byte received is a sign of life. 5 s.
    pub silence_max: Duration,
    /// Bytes that the transport has not taken for this long end the connection. 5 s.
    pub write_stall_max: Duration,
    /// Time that a shutdown waits for the calls under way. 10 s.
    pub drain_time_max: Duration,
    /// Oddities of a peer that are overlooked; one more ends the connection. 100.
    pub anomalies_max: u32,
    /// Pings that a peer may send within one second; each further one is an anomaly. 10.
    pub pings_per_second_max: u32,
}

/// Bounds of what may be configured and announced, with their reasons.
impl Limits {
    /// A chunk below this would spend more on headers than on content.
    pub(crate) const CHUNK_LENGTH_LEAST: u32 = 1024;
    /// A chunk above this would delay small messages for milliseconds on a fast link.
    pub(crate) const CHUNK_LENGTH_MOST: u32 = 1024 * 1024;
    /// A message is assembled in one piece of memory.
    pub(crate) const MESSAGE_LENGTH_MOST: u64 = 64 * MIB;
    /// A slot is 16 bits of a call's id.
    pub(crate) const SLOTS_MOST: u32 = 65_536;

    /// Whether the values fit together.
    ///
    /// # Errors
    /// The first limit found that cannot hold, with the reason.
    pub fn validate(&self) -> Result<(), LimitsError> {
        let most = |limit, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(LimitsError::OutOfRange { limit, value, least, most })
            }
        };
        most("message_length_max", self.message_length_max, 1, Self::MESSAGE_LENGTH_MOST)?;
        let chunk = (Self::CHUNK_LENGTH_LEAST, Self::CHUNK_LENGTH_MOST);
        most("chunk_length_max", self.chunk_length_max.into(), chunk.0.into(), chunk.1.into())?;
        most("calls_in_flight_max", self.calls_in_flight_max.into(), 1, Self::SLOTS_MOST.into())?;
        most("casts_in_flight_max", self.casts_in_flight_max.into(), 1, Self::SLOTS_MOST.into())?;
        most("methods_max", self.methods_max.into(), 1, Self::SLOTS_MOST.into())?;
        if self.inbound_bytes_max / 2 < self.message_length_max {
            return Err(LimitsError::WindowTooSmall {
                window: self.inbound_bytes_max,
                message: self.message_length_max,
            });
        }
        if self.inbound_bytes_per_node_max < self.inbound_bytes_max {
            return Err(LimitsError::Order { less: "inbound_bytes_max", more: "inbound_bytes_per_node_max" });
        }
        for (less, more, holds) in [
            ("ping_interval", "silence_max", self.ping_interval < self.silence_max),
            ("backoff_min", "backoff_max", self.backoff_min <= self.backoff_max),
            ("call_deadline", "call_deadline_max", self.call_deadline <= self.call_deadline_max),
        ] {
            if !holds {
                return Err(LimitsError::Order { less, more });
            }
        }
        for (limit, value) in [
            ("handshake_time_max", self.handshake_time_max),
            ("dial_time_max", self.dial_time_max),
            ("backoff_min", self.backoff_min),
            ("call_deadline", self.call_deadline),
            ("hook_time_max", self.hook_time_max),
            ("ping_interval", self.ping_interval),
            ("write_stall_max", self.write_stall_max),
        ] {
            if value.is_zero() {
                return Err(LimitsError::Zero { limit });
            }
        }
        for (limit, value) in [
            ("handshakes_pending_max", self.handshakes_pending_max),
            ("connections_per_listener_max", self.connections_per_listener_max),
            ("connections_per_address_max", self.connections_per_address_max),
            ("calls_waiting_max", self.calls_waiting_max),
        ] {
            if value == 0 {
                return Err(LimitsError::Zero { limit });
            }
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake_time_max: Duration::from_secs(5),
            handshakes_pending_max: 256,
            dial_time_max: Duration::from_secs(5),
            backoff_min: Duration::from_millis(50),
            backoff_max: Duration::from_secs(5),
            connections_per_listener_max: 4096,
            connections_per_address_max: 64,
            message_length_max: 4 * MIB,
            chunk_length_max: 16 * 1024,
            inbound_bytes_max: 16 * MIB,
            inbound_bytes_per_node_max: 256 * MIB,
            calls_in_flight_max: 1024,
            casts_in_flight_max: 1024,
            methods_max: 1024,
            calls_waiting_max: 65_536,
            calls_waiting_bytes_max: 64 * MIB,
            replies_waiting_bytes_max: 64 * MIB,
            watches_max: 65_536,
            spawned_per_peer_max: 65_536,
            spawned_max: 1_048_576,
            system_messages_max: 4096,
            system_messages_per_peer_max: 256,
            mailbox_length_max: 1024,
            links_per_actor_max: 65_536,
            call_deadline: Duration::from_secs(10),
            call_deadline_max: Duration::from_secs(60 * 60),
            hook_time_max: Duration::from_secs(10),
            call_chain_length_max: 32,
            decode_depth_max: 128,
            decode_heap_base_bytes: 64 * 1024,
            decode_heap_per_message_byte: 32,
            ping_interval: Duration::from_secs(1),
            silence_max: Duration::from_secs(5),
            write_stall_max: Duration::from_secs(5),
            drain_time_max: Duration::from_secs(10),
            anomalies_max: 100,
            pings_per_second_max: 10,
        }
    }
}

/// Limits that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitsError {
    /// A value beyond what the protocol can carry.
    #[error("`{limit}` is {value}, and must lie between {least} and {most}")]
    OutOfRange {
        /// The field's name.
        limit: &'static str,
        /// What it was set to.
        value: u64,
        /// The least it may be.
        least: u64,
        /// The most it may be.
        most: u64,
    },
    /// A message could never be begun.
    #[error("`inbound_bytes_max` is {window}, and must be at least twice `message_length_max`, which is {message}")]
    WindowTooSmall {
        /// The window, in bytes.
        window: u64,
        /// The longest message, in bytes.
        message: u64,
    },
    /// One limit contradicts another.
    #[error("`{less}` must {} `{more}`", order_in_words(less))]
    Order {
        /// The field that is too large.
        less: &'static str,
        /// The field it is measured by.
        more: &'static str,
    },
    /// Nothing could ever happen.
    #[error("`{limit}` must not be zero")]
    Zero {
        /// The field's name.
        limit: &'static str,
    },
}

/// A peer that was pinged must have time to answer before it is given up.
fn order_in_words(less: &str) -> &'static str {
    if less == "ping_interval" { "be below" } else { "not be above" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limits_fit_together() {
        assert_eq!(Limits::default().validate(), Ok(()));
    }

    #[test]
    fn a_window_that_a_message_does_not_fit_into_is_refused() {
        let limits = Limits { inbound_bytes_max: 8 * MIB - 1, ..Limits::default() };
        assert_eq!(limits.validate(), Err(LimitsError::WindowTooSmall { window: 8 * MIB - 1, message: 4 * MIB }));
    }

    #[test]
    fn what_the_wire_cannot_carry_is_refused() {
        let too_many = Limits { calls_in_flight_max: 65_537, ..Limits::default() };
        assert!(matches!(too_many.validate(), Err(LimitsError::OutOfRange { limit: "calls_in_flight_max", .. })));
        let too_long = Limits { message_length_max: 64 * MIB + 1, ..Limits::default() };
        assert!(matches!(too_long.validate(), Err(LimitsError::OutOfRange { limit: "message_length_max", .. })));
        let too_short = Limits { chunk_length_max: 1023, ..Limits::default() };
        assert!(matches!(too_short.validate(), Err(LimitsError::OutOfRange { limit: "chunk_length_max", .. })));
        let silent = Limits { ping_interval: Duration::from_secs(5), ..Limits::default() };
        assert!(matches!(silent.validate(), Err(LimitsError::Order { .. })));
        assert_eq!(silent.validate().unwrap_err().to_string(), "`ping_interval` must be below `silence_max`");
        let patient = Limits { call_deadline: Duration::from_secs(3601), ..Limits::default() };
        let said = patient.validate().unwrap_err().to_string();
        assert_eq!(said, "`call_deadline` must not be above `call_deadline_max`");
        let hasty = Limits { dial_time_max: Duration::ZERO, ..Limits::default() };
        assert_eq!(hasty.validate(), Err(LimitsError::Zero { limit: "dial_time_max" }));
    }
}
