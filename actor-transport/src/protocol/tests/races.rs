//! Every interleaving of those who share a session under its lock, as a link's callers, reader and writer do. Run with
//! `RUSTFLAGS="--cfg loom" cargo test -p actor-transport --lib --release loom_`.
//!
//! Each takes the lock for one operation, takes the wakers with it, and wakes them afterwards, as
//! `node/link.rs` does.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
    task::{Poll, Wake, Waker},
    time::Instant,
};

use actor_core::{Outcome, SystemError};
use bytes::{Bytes, BytesMut};
use loom::{
    sync::{Arc, Mutex},
    thread,
};

use super::{
    pair::{TIMEOUT, agree, body, node, outgoing},
    raw::{define, enclose, id, request},
};
use crate::{
    Limits,
    protocol::{CallKey, CloseReason, Event, Frame, InboundKey, Reply, ReplyBody, Session},
};

/// What a link is to those who share it.
struct Shared {
    now: Instant,
    session: Mutex<Session>,
}

impl Shared {
    fn new(limits: &Limits) -> Arc<Self> {
        let now = Instant::now();
        let mut session = Session::new(limits.clone());
        session.attach(now, agree(limits, limits).1, false);
        Arc::new(Self { now, session: Mutex::new(session) })
    }

    fn with<R>(&self, run: impl FnOnce(&mut Session) -> R) -> R {
        let mut wakers = Vec::new();
        let result = {
            let mut session = self.session.lock().unwrap();
            let result = run(&mut session);
            session.take_wakers(&mut wakers);
            result
        };
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    fn call(&self) -> CallKey {
        self.with(|session| session.call(self.now, &outgoing(self.now, 1), body(1))).unwrap()
    }

    fn receive(&self, frame: &Frame<'_>) {
        let bytes = enclose(frame, false);
        self.with(|session| session.receive(self.now, &mut BytesMut::from(&bytes[..]))).unwrap();
    }

    fn answer(&self, slot: u16, generation: u16) {
        self.receive(&Frame::Reply { id: id(slot, generation), thrown: false, total: None, payload: b"r" });
    }

    fn poll(&self, key: CallKey, waker: &Waker) -> Poll<Result<ReplyBody, SystemError>> {
        self.with(|session| session.poll_reply(key, waker))
    }

    /// Waits as a caller's task does: until its waker is used.
    fn wait(&self, key: CallKey) -> Result<ReplyBody, SystemError> {
        let woken = std::sync::Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(woken.clone());
        loop {
            if let Poll::Ready(result) = self.poll(key, &waker) {
                return result;
            }
            while !woken.0.swap(false, Ordering::SeqCst) {
                thread::yield_now();
            }
        }
    }

    fn overdue(&self) {
        self.with(|session| session.handle_timeout(self.now + TIMEOUT)).unwrap();
    }

    fn close(&self) {
        self.with(|session| session.close(&CloseReason::EndOfStream, node(1)));
    }

    /// What is to be sent, frame by frame.
    fn sent(&self) -> Vec<Vec<u8>> {
        let mut out: VecDeque<Bytes> = VecDeque::new();
        self.with(|session| while session.transmit(self.now, usize::MAX, &mut out) {});
        let bytes: Vec<u8> = out.into_iter().flatten().collect();
        let mut rest = &bytes[..];
        let mut frames = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (body, after) = after.split_at(u32::from_le_bytes(*length) as usize);
            frames.push(body.to_vec());
            rest = after;
        }
        frames
    }

    fn assert_at_rest(&self) {
        let stats = self.with(|session| session.stats());
        assert_eq!((stats.callers, stats.calls_out, stats.calls_in, stats.waiting), (0, 0, 0, 0), "{stats:?}");
        assert_eq!((stats.inbound_bytes, stats.answers_bytes, stats.waiting_bytes), (0, 0, 0), "{stats:?}");
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn spawn<R: 'static>(shared: &Arc<Shared>, run: impl FnOnce(&Shared) -> R + 'static) -> thread::JoinHandle<R> {
    let shared = shared.clone();
    thread::spawn(move || run(&shared))
}

/// Few slots, so that they are fought over; pings play no part.
fn limits(slots: u32) -> Limits {
    let century = std::time::Duration::from_secs(1_000_000_000);
    Limits { calls_in_flight_max: slots, silence_max: century, ping_interval: century / 2, ..Limits::default() }
}

/// The next call in the slot works, whatever became of the last one.
fn assert_slot_works(shared: &Shared, generation: u16) {
    let key = shared.call();
    shared.answer(0, generation);
    assert!(matches!(shared.wait(key), Ok(ReplyBody::Value(_))));
    shared.sent();
    shared.assert_at_rest();
    assert_eq!(shared.with(|session| session.stats().anomalies), 0);
}

#[test]
fn loom_a_reply_that_races_with_its_caller_giving_up_and_its_deadline_frees_the_slot_once() {
    loom::model(|| {
        let shared = Shared::new(&limits(1));
        let key = shared.call();
        shared.sent();
        let reader = spawn(&shared, |shared| shared.answer(0, 0));
        let writer = spawn(&shared, Shared::overdue);
        // A caller that looks once, and is dropped.
        let polled = shared.poll(key, Waker::noop());
        let now = shared.now;
        if polled.is_pending() {
            shared.with(|session| session.cancel(now, key));
        }
        reader.join().unwrap();
        writer.join().unwrap();
        match polled {
            Poll::Ready(Err(SystemError::Deadline { outcome, .. })) => assert_eq!(outcome, Outcome::Unknown),
            Poll::Ready(Ok(_)) | Poll::Pending => {}
            other => panic!("{other:?}"),
        }
        // The peer is told at most once that nobody waits.
        let cancels = shared.sent().iter().filter(|body| body[0] == 7).count();
        assert!(cancels <= 1, "{cancels} cancels");
        assert_slot_works(&shared, 1);
    });
}

#[test]
fn loom_a_caller_that_waits_is_woken_by_its_reply_its_deadline_or_the_end() {
    loom::model(|| {
        let shared = Shared::new(&limits(1));
        let key = shared.call();
        shared.sent();
        let reader = spawn(&shared, |shared| shared.answer(0, 0));
        let writer = spawn(&shared, Shared::overdue);
        let result = shared.wait(key);
        reader.join().unwrap();
        writer.join().unwrap();
        assert!(matches!(result, Ok(_) | Err(SystemError::Deadline { outcome: Outcome::Unknown, .. })), "{result:?}");
        shared.sent();
        assert_slot_works(&shared, 1);
    });
    loom::model(|| {
        let shared = Shared::new(&limits(1));
        let key = shared.call();
        let writer = spawn(&shared, Shared::overdue);
        let ending = spawn(&shared, Shared::close);
        let result = shared.wait(key);
        writer.join().unwrap();
        ending.join().unwrap();
        assert!(matches!(result, Err(SystemError::Network(_) | SystemError::Deadline { .. })), "{result:?}");
        shared.assert_at_rest();
    });
}

#[test]
fn loom_a_slot_that_becomes_free_goes_to_who_waits_for_it_and_not_to_who_has_gone() {
    loom::model(|| {
        let shared = Shared::new(&limits(1));
        let first = shared.call();
        let leaving = shared.call();
        let staying = shared.call();
        shared.sent();
        let reader = spawn(&shared, |shared| shared.answer(0, 0));
        let gone = spawn(&shared, move |shared| shared.with(|session| session.cancel(shared.now, leaving)));
        assert!(shared.wait(first).is_ok());
        reader.join().unwrap();
        gone.join().unwrap();
        // Either the slot went to the one that left, which is cancelled then, or it went to the other at once.
        let began: Vec<_> = shared.sent().iter().map(|body| body[0]).collect();
        match &began[..] {
            [1, 7] => {
                shared.answer(0, 1);
                assert_eq!(shared.sent().len(), 1);
                shared.answer(0, 2);
            }
            [1] => shared.answer(0, 1),
            other => panic!("{other:?}"),
        }
        assert!(shared.wait(staying).is_ok());
        shared.assert_at_rest();
    });
}

#[test]
fn loom_a_call_that_races_with_the_end_fails_and_none_waits_for_ever() {
    loom::model(|| {
        let shared = Shared::new(&limits(1));
        let early = shared.call();
        let ending = spawn(&shared, Shared::close);
        let calling =
            spawn(&shared, |shared| shared.with(|session| session.call(shared.now, &outgoing(shared.now, 1), body(1))));
        assert!(matches!(shared.wait(early), Err(SystemError::Network(_))));
        ending.join().unwrap();
        // It had no slot, so it cannot have run.
        let late = match calling.join().unwrap() {
            Ok(key) => match shared.poll(key, Waker::noop()) {
                Poll::Ready(result) => result.unwrap_err(),
                Poll::Pending => panic!("it waits for ever"),
            },
            Err(error) => error,
        };
        assert_eq!(late.outcome(), Outcome::NotExecuted);
        shared.assert_at_rest();
    });
}

#[test]
fn loom_a_goodbye_is_the_last_word_whatever_is_answered_or_called_meanwhile() {
    loom::model(|| {
        let shared = Shared::new(&limits(2));
        let key = inbound(&shared);
        let ending = spawn(&shared, |shared| {
            shared.with(|session| session.goodbye(crate::protocol::Goodbye::ShuttingDown));
            let sent = shared.sent();
            shared.close();
            sent
        });
        let answering = spawn(&shared, move |shared| shared.with(|session| session.reply(key, Reply::Value(body(1)))));
        let call = shared.with(|session| session.call(shared.now, &outgoing(shared.now, 1), body(1)));
        if let Ok(key) = call {
            assert!(shared.wait(key).is_err());
        }
        answering.join().unwrap();
        let sent = ending.join().unwrap();
        assert_eq!(sent.last().map(|body| body[0]), Some(12), "{sent:?}");
        assert!(shared.sent().is_empty());
        shared.assert_at_rest();
    });
}

/// A call of the peer, as its handler has it.
fn inbound(shared: &Shared) -> InboundKey {
    shared.receive(&define(0));
    shared.receive(&Frame::Call { id: id(0, 0), request: request(b"x") });
    match shared.with(Session::poll_event) {
        Some(Event::Call(key, _)) => key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn loom_a_call_of_the_peer_is_answered_once_when_its_handler_its_cancellation_and_the_end_race() {
    loom::model(|| {
        let shared = Shared::new(&limits(1));
        let key = inbound(&shared);
        let handler = spawn(&shared, move |shared| shared.with(|session| session.reply(key, Reply::Value(body(1)))));
        let reader = spawn(&shared, move |shared| {
            shared.receive(&Frame::Cancel { id: id(0, 0) });
            // Who is told to give up answers as well, if nobody has.
            if let Some(Event::Cancel(key)) = shared.with(Session::poll_event) {
                shared.with(|session| session.reply(key, Reply::System(SystemError::Cancelled)));
            }
        });
        handler.join().unwrap();
        reader.join().unwrap();
        let answers = shared.sent().iter().filter(|body| matches!(body[0], 3..=5)).count();
        assert_eq!(answers, 1);
        shared.assert_at_rest();
        // The slot is good for the next call.
        shared.receive(&Frame::Call { id: id(0, 1), request: request(b"x") });
        assert_eq!(shared.with(|session| session.stats().anomalies), 0);
    });
    loom::model(|| {
        let shared = Shared::new(&limits(1));
        let key = inbound(&shared);
        let handler = spawn(&shared, move |shared| shared.with(|session| session.reply(key, Reply::Value(body(1)))));
        shared.close();
        // The handler is told to give up, unless it has answered.
        let told = shared.with(Session::poll_event);
        assert!(matches!(told, None | Some(Event::Cancel(_))), "{told:?}");
        handler.join().unwrap();
        shared.sent();
        shared.assert_at_rest();
    });
}
