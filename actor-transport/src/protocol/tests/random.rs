//! Whatever two peers do that mean well, nothing is lost, doubled, reordered or stuck.

use std::{collections::HashMap, task::Poll, time::Duration};

use actor_core::SystemError;
use proptest::prelude::*;

use super::pair::Pair;
use crate::{
    Limits,
    protocol::{CallKey, Event, InboundCastKey, InboundKey, Reply},
};

#[derive(Debug, Clone)]
enum Step {
    Call { instance: u64, length: usize },
    Cast { instance: u64, length: usize },
    Cancel { which: usize },
    Take { which: usize },
    Reply { which: usize, length: usize },
    TakeCast { which: usize },
    ClientSends { budget: usize },
    ServerSends { budget: usize },
    Wait { ms: u64 },
    Arrive { at_server: bool, stream: usize, bytes: usize },
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![0..20_usize, 900..1100_usize, 0..8000_usize]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u64, length()).prop_map(|(instance, length)| Step::Call { instance, length }),
        2 => (0..4_u64, length()).prop_map(|(instance, length)| Step::Cast { instance, length }),
        1 => any::<usize>().prop_map(|which| Step::Cancel { which }),
        3 => any::<usize>().prop_map(|which| Step::Take { which }),
        3 => (any::<usize>(), length()).prop_map(|(which, length)| Step::Reply { which, length }),
        2 => any::<usize>().prop_map(|which| Step::TakeCast { which }),
        3 => (1..5000_usize).prop_map(|budget| Step::ClientSends { budget }),
        3 => (1..5000_usize).prop_map(|budget| Step::ServerSends { budget }),
        1 => (0..400_u64).prop_map(|ms| Step::Wait { ms }),
        8 => (any::<bool>(), any::<usize>(), 1..5000_usize)
            .prop_map(|(at_server, stream, bytes)| Step::Arrive { at_server, stream, bytes }),
    ]
}

fn tight() -> Limits {
    Limits {
        message_length_max: 8000,
        inbound_bytes_max: 16_000,
        chunk_length_max: 1024,
        calls_in_flight_max: 5,
        casts_in_flight_max: 3,
        methods_max: 2,
        silence_max: Duration::from_secs(10_000),
        ping_interval: Duration::from_secs(1000),
        write_stall_max: Duration::from_secs(1000),
        ..Limits::default()
    }
}

/// What the test knows of both sides.
struct World {
    pair: Pair,
    /// Calls that were neither taken nor cancelled.
    open: Vec<CallKey>,
    /// Calls that the server has to answer.
    running: Vec<InboundKey>,
    casts: Vec<InboundCastKey>,
    /// For each actor the number of the next message sent, and of the last one received.
    sent: HashMap<u64, u64>,
    received: HashMap<u64, u64>,
}

impl World {
    fn new(pair: Pair) -> Self {
        Self {
            pair,
            open: Vec::new(),
            running: Vec::new(),
            casts: Vec::new(),
            sent: HashMap::new(),
            received: HashMap::new(),
        }
    }

    /// Each message to an actor bears a number, so that order can be checked.
    fn message(&mut self, instance: u64, length: usize) -> actor_core::EncodeBuffer {
        let number = self.sent.entry(instance).or_default();
        *number += 1;
        let mut body = actor_core::EncodeBuffer::new();
        body.put_slice(&number.to_le_bytes());
        body.put_bytes(vec![*number as u8; length.min(8000 - 8)].into());
        body
    }

    fn step(&mut self, step: Step) {
        let now = self.pair.now;
        match step {
            Step::Call { instance, length } => {
                let body = self.message(instance, length);
                let call = super::pair::outgoing(now, instance);
                self.open.push(self.pair.client.session.call(now, &call, body).unwrap());
            }
            Step::Cast { instance, length } => {
                let body = self.message(instance, length);
                let call = super::pair::outgoing(now, instance);
                let key = self.pair.client.session.cast(now, &call, body).unwrap();
                // Waiting casts are polled to their end together with calls.
                self.open.extend(key.0);
            }
            Step::Cancel { which } if !self.open.is_empty() => {
                let key = self.open.swap_remove(which % self.open.len());
                self.pair.client.session.cancel(now, key);
            }
            Step::Take { which } if !self.open.is_empty() => {
                let position = which % self.open.len();
                if self.pair.poll(self.open[position]).is_ready() {
                    self.open.swap_remove(position);
                }
            }
            Step::Reply { which, length } if !self.running.is_empty() => {
                let key = self.running.swap_remove(which % self.running.len());
                self.pair.reply(key, length);
            }
            Step::TakeCast { which } if !self.casts.is_empty() => {
                let key = self.casts.swap_remove(which % self.casts.len());
                self.pair.server.session.cast_done(key);
            }
            Step::ClientSends { budget } => drop(self.pair.client_sends(budget)),
            Step::ServerSends { budget } => drop(self.pair.server_sends(budget)),
            Step::Arrive { at_server, stream, bytes } => {
                let stream = stream % self.pair.client.late.len();
                self.pair.arrive(at_server, stream, bytes);
            }
            Step::Wait { ms } => self.pair.advance(Duration::from_millis(ms)),
            _ => {}
        }
        self.take_events();
    }

    fn take_events(&mut self) {
        for event in std::mem::take(&mut self.pair.server.events) {
            let call = match event {
                Event::Call(key, call) => {
                    self.running.push(key);
                    call
                }
                Event::Cast(key, call) => {
                    self.casts.push(key);
                    call
                }
                Event::Cancel(key) => {
                    if let Some(position) = self.running.iter().position(|running| *running == key) {
                        self.running.swap_remove(position);
                        self.pair.server.session.reply(key, Reply::System(SystemError::Cancelled));
                    }
                    continue;
                }
                other => panic!("{other:?}"),
            };
            let (number, rest) = call.body.split_at(8);
            let number = u64::from_le_bytes(number.try_into().unwrap());
            assert!(rest.iter().all(|byte| *byte == number as u8), "a message was mixed up");
            let last = self.received.insert(call.instance, number).unwrap_or(0);
            assert!(number > last, "message {number} came after {last}");
        }
    }

    /// Everybody does what is due; then nothing may be left.
    fn finish(&mut self) {
        for _ in 0..2000 {
            while let Some(key) = self.running.pop() {
                self.pair.reply(key, 2000);
            }
            while let Some(key) = self.casts.pop() {
                self.pair.server.session.cast_done(key);
            }
            self.pair.settle();
            self.take_events();
            let mut open = std::mem::take(&mut self.open);
            open.retain(|key| match self.pair.poll(*key) {
                Poll::Pending => true,
                Poll::Ready(Ok(_) | Err(SystemError::Deadline { .. })) => false,
                Poll::Ready(Err(error)) => panic!("{error}"),
            });
            self.open = open;
            if self.open.is_empty()
                && self.running.is_empty()
                && self.casts.is_empty()
                && !self.pair.client_sends(1)
                && !self.pair.server_sends(1)
            {
                break;
            }
        }
        assert!(self.open.is_empty(), "{} calls wait for ever", self.open.len());
        self.pair.assert_at_rest();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// R61, R68
    #[test]
    fn nothing_is_lost_or_reordered_and_nothing_waits_for_ever(steps in prop::collection::vec(step(), 0..200)) {
        let mut world = World::new(Pair::with(tight(), tight()));
        for step in steps {
            world.step(step);
        }
        world.finish();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// R61, R68: over streams of which each may be late by any time.
    #[test]
    fn nothing_is_lost_or_reordered_over_several_streams(
        streams in 1..5_usize,
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let mut world = World::new(Pair { is_prompt: false, ..Pair::with_streams(&tight(), streams) });
        for step in steps {
            world.step(step);
        }
        world.finish();
    }
}
