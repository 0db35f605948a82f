//! Every interleaving of those who send on a link: the callers, the reader and the writer. Run with
//! `RUSTFLAGS="--cfg loom" cargo test -p actor-transport --lib --release loom_`.
//!
//! The link itself needs tokio, which loom does not know. This is its part that decides who sends, step by step as in
//! `node/link.rs`, around a real session: whoever changes one of them changes the other.

use std::{
    collections::VecDeque,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use loom::{
    model::Builder,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize},
    },
    thread,
};

use super::{
    pair::{agree, body, outgoing},
    raw::{enclose, id},
};
use crate::{
    Limits,
    protocol::{Frame, OutgoingCall, Session},
};

struct Link {
    now: Instant,
    session: Mutex<Session>,
    /// What was sent. Whoever sends holds it.
    outbox: Mutex<VecDeque<Bytes>>,
    serving: AtomicBool,
    attending: AtomicBool,
    /// Replies in the cells of their callers.
    delivered: AtomicUsize,
    all_taken: AtomicBool,
    /// The permit that `Notify::notify_one` leaves for the writer.
    work: AtomicBool,
    /// Until when the writer sleeps.
    sleeps: Mutex<Option<Instant>>,
}

impl Link {
    /// A link that has been quiet since one call was answered, and whose writer sleeps.
    fn new() -> Arc<Self> {
        let now = Instant::now();
        let limits = Limits { silence_max: DAY * 2, ping_interval: DAY, ..Limits::default() };
        let mut session = Session::new(limits.clone());
        session.attach(now, agree(&limits, &limits).1, false);
        let key = session.call(now, &lasting(now, LONG / 2), body(1)).unwrap();
        receive(&mut session, now, &Frame::Reply { id: id(0, 0), thrown: false, total: None, payload: b"" });
        let _ = session.poll_reply(key, std::task::Waker::noop());
        session.transmit(now, usize::MAX, &mut VecDeque::new());
        let sleeps = session.next_timeout();
        Arc::new(Self {
            now,
            session: Mutex::new(session),
            outbox: Mutex::default(),
            serving: AtomicBool::new(false),
            attending: AtomicBool::new(false),
            delivered: AtomicUsize::new(0),
            all_taken: AtomicBool::new(false),
            work: AtomicBool::new(false),
            sleeps: Mutex::new(sleeps),
        })
    }

    fn submit(&self, timeout: Duration) {
        let (sends, wants) = {
            let mut session = self.session.lock().unwrap();
            session.call(self.now, &lasting(self.now, timeout), body(1)).unwrap();
            let is_last = self.delivered.load(Ordering::Acquire) == 0
                && session.is_last_caller(self.all_taken.load(Ordering::Acquire));
            (!session.timeout_moved() && (session.has_enough() || is_last), session.wants_transmit())
        };
        if sends && !self.serving.load(Ordering::Relaxed) {
            self.flush_now();
        } else if wants {
            self.notify_writer();
        }
    }

    /// A caller takes the reply that lies in its cell.
    fn take(&self) {
        if self.delivered.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.all_taken.store(true, Ordering::Release);
        }
    }

    fn end_attending(&self) {
        self.attending.store(false, Ordering::Relaxed);
        if self.session.lock().unwrap().wants_transmit() {
            self.notify();
        }
    }

    /// One round of the reader, of a frame that asks for an answer.
    fn serve(&self, frame: &Frame<'_>) {
        let wants = {
            let mut session = self.session.lock().unwrap();
            receive(&mut session, self.now, frame);
            session.wants_transmit()
        };
        if wants {
            self.notify_writer();
        }
        self.serving.store(true, Ordering::Relaxed);
        // What it answers to what it has read: one half is sent before the other one is made.
        self.answer();
        self.flush_now();
        self.answer();
        self.serving.store(false, Ordering::Relaxed);
        let (wants, timeout_moved) = {
            let session = self.session.lock().unwrap();
            (session.wants_transmit(), session.timeout_moved())
        };
        if timeout_moved {
            self.notify();
        } else if wants {
            self.flush_now();
        }
    }

    fn answer(&self) {
        let wants = {
            let mut session = self.session.lock().unwrap();
            session.system(Bytes::from_static(b"answer")).unwrap();
            session.wants_transmit()
        };
        if wants {
            self.notify_writer();
        }
    }

    fn notify_writer(&self) {
        if !self.serving.load(Ordering::Relaxed) && !self.attending.load(Ordering::Relaxed) {
            self.notify();
        }
    }

    fn flush_now(&self) {
        match self.outbox.try_lock() {
            Ok(mut outbox) => self.flush(&mut outbox),
            Err(_) => self.notify(),
        }
    }

    fn flush(&self, outbox: &mut VecDeque<Bytes>) {
        let mut more = true;
        while more {
            outbox.clear();
            let mut session = self.session.lock().unwrap();
            if !session.wants_transmit() {
                return;
            }
            if session.timeout_moved() {
                self.notify();
            }
            self.all_taken.store(false, Ordering::Relaxed);
            session.transmit(self.now, usize::MAX, outbox);
            more = session.wants_transmit() && !outbox.is_empty();
        }
    }

    /// One round of the writer.
    fn write(&self) {
        if self.work.swap(false, Ordering::AcqRel) {
            self.flush(&mut self.outbox.lock().unwrap());
            let next = self.session.lock().unwrap().next_timeout();
            *self.sleeps.lock().unwrap() = next;
        }
    }

    fn notify(&self) {
        self.work.store(true, Ordering::Release);
    }

    /// Nothing waits to be sent, and the writer sleeps no longer than until the first deadline, unless it is about to
    /// run.
    fn assert_nobody_is_forgotten(&self) {
        if self.work.load(Ordering::Acquire) {
            return;
        }
        let session = self.session.lock().unwrap();
        assert!(!session.wants_transmit(), "something waits to be sent, and nobody was told");
        let sleeps = *self.sleeps.lock().unwrap();
        assert!(sleeps <= session.next_timeout(), "the writer sleeps beyond a deadline");
    }
}

fn lasting(now: Instant, timeout: Duration) -> OutgoingCall<'static> {
    OutgoingCall { deadline: now + timeout, timeout, ..outgoing(now, 1) }
}

fn receive(session: &mut Session, now: Instant, frame: &Frame<'_>) {
    session.receive(now, &mut BytesMut::from(&enclose(frame, false)[..])).unwrap();
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(20);

fn explore(run: fn(&Arc<Link>) -> Vec<thread::JoinHandle<()>>) {
    let mut builder = Builder::new();
    // Each thread is interrupted three times at most: more takes hours, and finds no more.
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let link = Link::new();
        for thread in run(&link) {
            thread.join().unwrap();
        }
        link.assert_nobody_is_forgotten();
    });
}

fn spawn(link: &Arc<Link>, run: impl FnOnce(&Link) + 'static) -> thread::JoinHandle<()> {
    let link = link.clone();
    thread::spawn(move || run(&link))
}

#[test]
fn loom_what_two_callers_and_a_reader_leave_is_sent_or_the_writer_is_told() {
    explore(|link| {
        let first = spawn(link, |link| link.submit(LONG));
        let second = spawn(link, |link| link.submit(LONG));
        link.serve(&Frame::Watch { instance: 3 });
        vec![first, second]
    });
}

#[test]
fn loom_an_earlier_deadline_wakes_the_writer_whoever_sends_meanwhile() {
    explore(|link| {
        let long = spawn(link, |link| link.submit(LONG));
        let short = spawn(link, |link| link.submit(SHORT));
        link.serve(&Frame::Watch { instance: 3 });
        vec![long, short]
    });
}

#[test]
fn loom_the_writer_leaves_nothing_that_was_appended_while_it_wrote() {
    explore(|link| {
        link.notify();
        let writer = spawn(link, Link::write);
        let caller = spawn(link, |link| link.submit(SHORT));
        link.submit(LONG);
        vec![writer, caller]
    });
}

#[test]
fn loom_of_callers_that_were_woken_together_one_sends_or_the_reader_or_the_writer_does() {
    explore(|link| {
        link.delivered.store(2, Ordering::Relaxed);
        link.attending.store(true, Ordering::Relaxed);
        let again = spawn(link, |link| {
            link.take();
            link.submit(LONG);
        });
        let no_more = spawn(link, Link::take);
        link.end_attending();
        vec![again, no_more]
    });
}
