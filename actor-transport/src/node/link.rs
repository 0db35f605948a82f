//! The link to one peer: its session, shared by callers, reader and writer.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Instant,
};

use actor_core::{CancelToken, DecodeContext, NodeId, SystemError, Terminated};
use bytes::Bytes;
use tokio::{sync::Notify, task::AbortHandle};

use super::{
    identity::PeerIdentity,
    inner::{Inner, now},
    lock::{lock, lock_in_turn},
    rank::Rank,
    running::Running,
    watches::Watches,
};
use crate::{
    Proof,
    protocol::{Agreed, CloseReason, Delivery, Goodbye, InboundKey, Session},
    transport::{Connection, Sender, TransportError},
};

/// Bytes taken from the session for one write: enough for the largest socket buffers, small enough that a ping does
/// not wait long behind it.
const WRITE_LENGTH: usize = 256 * 1024;

/// Streams for large messages of one connection.
const BULK_STREAMS_MAX: usize = 64;

/// One link to a peer, from the first call that needs it until its connection is lost.
pub(crate) struct Link {
    peer: NodeId,
    pub(super) rank: Rank,
    pub(super) inner: Arc<Inner>,
    /// Who the peer is, once there is a connection.
    pub(super) identity: OnceLock<PeerIdentity>,
    /// What references in the peer's messages are resolved with.
    pub(super) context: DecodeContext,
    session: Mutex<Session>,
    /// There is something to send, or a deadline has moved.
    work: Notify,
    /// The link is attached, or closed.
    changed: Notify,
    /// The writer has ended.
    gone: Notify,
    ended: AtomicBool,
    /// The session is closed: for those who only look.
    closed: AtomicBool,
    /// While the reader serves the calls that it has read, it sends the answers itself, at its end.
    serving: AtomicBool,
    /// While the callers run that the reader has woken, it looks afterwards whether one of them has sent for all.
    attending: AtomicBool,
    /// Replies that lie in the cells of their callers.
    delivered: AtomicUsize,
    /// The last of them was taken, and nothing was sent since.
    all_taken: AtomicBool,
    outbox: Mutex<Outbox>,
    /// When the link was made.
    begun: Instant,
    /// The incoming calls that are queued or run.
    running: Mutex<Running>,
    /// How many they are: a call that was run at once shall not take the lock to find out that it is not there.
    running_count: AtomicUsize,
    /// Casts of the peer that are queued or run.
    casts: AtomicUsize,
    inbound: Inbound,
    pub(super) watches: Watches,
    reader: Mutex<Option<AbortHandle>>,
    writer: Mutex<Option<AbortHandle>>,
}

/// The sending half, and what it has not taken yet.
#[derive(Default)]
struct Outbox {
    sender: Option<Box<dyn Sender>>,
    batch: VecDeque<Bytes>,
    /// The same of each stream for large messages.
    bulk: Vec<VecDeque<Bytes>>,
    /// Counts how often the sender has taken something, of each stream.
    taken: Vec<u64>,
}

/// How a connection carries frames.
#[derive(Clone, Copy)]
pub(super) struct Carries {
    /// Each has a checksum.
    pub(super) checksum: bool,
    /// There are so many further streams for large messages.
    pub(super) bulk_streams: usize,
}

impl Carries {
    pub(super) fn of(connection: &dyn Connection) -> Self {
        Self { checksum: !connection.keeps_integrity(), bulk_streams: connection.bulk_streams().min(BULK_STREAMS_MAX) }
    }
}

/// What an operation on the session has left to do.
struct Left {
    /// There is something to send, or a deadline has moved.
    wants: bool,
    /// Who has called sends it: no other caller is expected, or there is enough for a write.
    sends: bool,
}

/// Whom an operation on the session has left to be woken.
#[derive(Default)]
pub(super) struct News {
    wakers: Vec<Waker>,
    deliveries: Vec<Delivery>,
    /// The peer waits for the news that its chunks have arrived.
    is_arrival_due: bool,
}

impl News {
    pub(super) fn is_empty(&self) -> bool {
        self.wakers.is_empty() && self.deliveries.is_empty()
    }
}

/// The bytes that this link holds of its peer's messages, as the node knows of them.
#[derive(Default)]
struct Inbound(AtomicU64);

impl Inbound {
    /// Changes below this are not worth a write that all links share.
    const STEP: u64 = 64 * 1024;

    fn publish(&self, held: u64, node: &AtomicU64) {
        let known = self.0.load(Ordering::Relaxed);
        if held.abs_diff(known) >= Self::STEP || (held == 0 && known > 0) {
            // Only under the session's lock: nobody else changes it meanwhile.
            self.0.store(held, Ordering::Relaxed);
            node.fetch_add(held.wrapping_sub(known), Ordering::Relaxed);
        }
    }
}

/// What a flush has come to.
pub(super) enum Flushed {
    /// All is sent.
    Done,
    /// The transport takes no more at the moment of one stream; how often it has taken something of that so far, whoever
    /// sent it.
    Stalled { taken: u64 },
    /// The transport has failed.
    Failed(TransportError),
}

impl Link {
    pub(super) fn new(inner: &Arc<Inner>, peer: NodeId, rank: Rank) -> Self {
        Self {
            peer,
            rank,
            inner: inner.clone(),
            identity: OnceLock::new(),
            context: inner.decode_context(),
            session: Mutex::new(Session::new(inner.limits.clone())),
            work: Notify::new(),
            changed: Notify::new(),
            gone: Notify::new(),
            ended: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            serving: AtomicBool::new(false),
            attending: AtomicBool::new(false),
            delivered: AtomicUsize::new(0),
            all_taken: AtomicBool::new(false),
            outbox: Mutex::default(),
            begun: now(),
            running: Mutex::default(),
            running_count: AtomicUsize::new(0),
            casts: AtomicUsize::new(0),
            inbound: Inbound::default(),
            watches: Watches::default(),
            reader: Mutex::default(),
            writer: Mutex::default(),
        }
    }

    pub(crate) fn peer(&self) -> NodeId {
        self.peer
    }

    /// Runs `run` on the session, then wakes whom it has to, the writer included.
    pub(crate) fn with<R>(&self, run: impl FnOnce(&mut Session) -> R) -> R {
        let (result, left) = self.run_and_wake(run);
        self.wake_writer(&left);
        result
    }

    /// The same for a call. Callers whose replies have come together run one after the other, and most of them call
    /// again; the last one sends what all of them have appended, on its own task, and before it whoever has appended
    /// enough for a write. So 64 calls in flight take two writes, and a lone caller waits for nobody. Where a caller is
    /// late the writer sends what the others have appended.
    pub(super) fn submit<R>(&self, run: impl FnOnce(&mut Session) -> R) -> R {
        let (result, left) = self.run_and_wake(run);
        if left.sends && !self.serving.load(Ordering::Relaxed) {
            self.flush_now();
        } else {
            self.wake_writer(&left);
        }
        result
    }

    /// The same for what wakes no caller: the reply that a caller takes, the answer to a call of the peer.
    #[inline]
    pub(super) fn exchange<R>(&self, run: impl FnOnce(&mut Session) -> R) -> R {
        let (result, wants) = {
            let mut session = lock_in_turn(&self.session);
            let result = run(&mut session);
            self.inbound.publish(session.inbound_bytes(), &self.inner.inbound_bytes);
            (result, session.wants_transmit())
        };
        if wants {
            self.notify_writer();
        }
        result
    }

    /// The same for the reader, which wakes the callers when it has learned what their replies refer to.
    pub(super) fn receive<R>(&self, news: &mut News, run: impl FnOnce(&mut Session) -> R) -> R {
        let (result, wants) = {
            let mut session = lock_in_turn(&self.session);
            let result = run(&mut session);
            self.take_news(&mut session, news);
            self.inbound.publish(session.inbound_bytes(), &self.inner.inbound_bytes);
            news.is_arrival_due = session.is_arrival_due();
            (result, session.wants_transmit())
        };
        if wants && !news.is_arrival_due {
            self.notify_writer();
        }
        result
    }

    /// Tells the peer that its chunks have arrived, if that is due: the reader does so, without waking the writer.
    pub(super) fn tell_arrival(&self, news: &News) {
        if news.is_arrival_due {
            self.flush_now();
        }
    }

    /// Under the session's lock, so that no caller takes itself for the last one.
    fn take_news(&self, session: &mut Session, news: &mut News) {
        session.take_wakers(&mut news.wakers);
        session.take_deliveries(&mut news.deliveries);
        let replies = news.deliveries.iter().filter(|delivery| delivery.reply.is_some()).count();
        if replies > 0 {
            self.delivered.fetch_add(replies, Ordering::Relaxed);
        }
    }

    /// Leaves the callers what they are to have. Returns who is to be woken.
    pub(super) fn deliver<'a>(&self, news: &'a mut News) -> &'a mut Vec<Waker> {
        for Delivery { to, reply } in news.deliveries.drain(..) {
            let is_reply = reply.is_some();
            match to.deliver(reply) {
                Some(waker) => news.wakers.push(waker),
                None if is_reply => self.taken(),
                None => {}
            }
        }
        &mut news.wakers
    }

    /// A caller has taken the reply that was left for it, or will not come for it.
    #[inline]
    pub(super) fn taken(&self) {
        if self.delivered.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.all_taken.store(true, Ordering::Release);
        }
    }

    /// The same without a look at who has to be woken: for what changes nothing that others wait for.
    pub(super) fn peek<R>(&self, run: impl FnOnce(&mut Session) -> R) -> R {
        run(&mut lock_in_turn(&self.session))
    }

    fn run_and_wake<R>(&self, run: impl FnOnce(&mut Session) -> R) -> (R, Left) {
        let mut news = News::default();
        let (result, left) = self.run(&mut news, run);
        for waker in self.deliver(&mut news).drain(..) {
            waker.wake();
        }
        (result, left)
    }

    fn run<R>(&self, news: &mut News, run: impl FnOnce(&mut Session) -> R) -> (R, Left) {
        let mut session = lock_in_turn(&self.session);
        let result = run(&mut session);
        self.take_news(&mut session, news);
        self.inbound.publish(session.inbound_bytes(), &self.inner.inbound_bytes);
        let sends = !session.timeout_moved()
            && (session.has_enough() || {
                self.delivered.load(Ordering::Acquire) == 0
                    && session.is_last_caller(self.all_taken.load(Ordering::Acquire))
            });
        (result, Left { wants: session.wants_transmit(), sends })
    }

    // Who sends, and who is told, is explored by loom in a model of this: `protocol/tests/sending.rs`.
    fn wake_writer(&self, left: &Left) {
        if left.wants {
            self.notify_writer();
        }
    }

    /// There is something to send. The reader sends it itself if it is about to look: its look comes after the flag.
    fn notify_writer(&self) {
        if !self.serving.load(Ordering::Relaxed) && !self.attending.load(Ordering::Relaxed) {
            self.work.notify_one();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// How calls fail, once the link is closed.
    pub(crate) fn failure(&self) -> Option<SystemError> {
        // A watch of no actor: a closed session refuses it as it would a call.
        self.peek(|session| if session.is_closed() { session.watch(0).err() } else { None })
    }

    pub(super) fn is_attached(&self) -> bool {
        self.peek(|session| session.is_attached() && !session.is_closed())
    }

    /// Whether callers are about to take replies that have come, and to call again.
    pub(super) fn expects_callers(&self) -> bool {
        self.delivered.load(Ordering::Acquire) > 0 || self.peek(|session| session.answers_not_taken() > 0)
    }

    /// Whether calls or casts of the peer are being run, or their answers have not left. A link that is still being dialed
    /// serves nobody, whatever waits for it.
    pub(super) fn serves_calls(&self) -> bool {
        self.casts.load(Ordering::Acquire) > 0
            || self.peek(|session| {
                let has_to_send = session.is_attached() && session.wants_transmit() && !session.is_closed();
                session.stats().calls_in > 0 || has_to_send
            })
    }

    /// Gives the session its connection; false if it has one, or is closed.
    pub(super) fn attach(&self, agreed: Agreed, proof: Proof, remote: String, carries: Carries) -> bool {
        let identity = PeerIdentity::new(&agreed, proof, remote);
        let attached = self.with(|session| {
            let free = !session.is_attached() && !session.is_closed();
            if free {
                let _ = self.identity.set(identity);
                session.attach_to(now(), agreed, carries.checksum, carries.bulk_streams);
            }
            free
        });
        self.changed.notify_waiters();
        if attached {
            self.inner.inbox.connection(self.peer, None);
        }
        attached
    }

    /// The sending half may be used from now on.
    pub(super) fn set_sender(&self, sender: Box<dyn Sender>, bulk_streams: usize) {
        let (bulk, taken) = (vec![VecDeque::new(); bulk_streams], vec![0; bulk_streams + 1]);
        *lock(&self.outbox) = Outbox { sender: Some(sender), batch: VecDeque::new(), bulk, taken };
        self.work.notify_one();
    }

    /// Ends when the link is attached or closed.
    pub(super) async fn settled(&self) {
        loop {
            let changed = self.changed.notified();
            if self.peek(|session| session.is_attached() || session.is_closed()) {
                return;
            }
            changed.await;
        }
    }

    /// Waits until there is something for the writer to do.
    pub(super) async fn work(&self) {
        self.work.notified().await;
    }

    /// The reader begins to serve what it has read.
    pub(super) fn begin_serving(&self) {
        self.serving.store(true, Ordering::Relaxed);
    }

    /// The reader has served what it has read: what came of it is sent at once, without waking the writer.
    pub(super) fn end_serving(&self) {
        self.serving.store(false, Ordering::Relaxed);
        let (wants, timeout_moved) = self.peek(|session| (session.wants_transmit(), session.timeout_moved()));
        if timeout_moved {
            self.work.notify_one();
        } else if wants {
            self.flush_now();
        }
    }

    /// The reader is about to wake callers.
    pub(super) fn begin_attending(&self) {
        self.attending.store(true, Ordering::Relaxed);
    }

    /// They have had their turn. If some are late, the writer waits for them a little, and sends what the others have
    /// appended.
    pub(super) fn end_attending(&self) {
        self.attending.store(false, Ordering::Relaxed);
        if self.peek(|session| session.wants_transmit()) {
            self.work.notify_one();
        }
    }

    /// Sends what there is, unless somebody else does; the writer takes over where the transport stalls.
    pub(super) fn flush_now(&self) {
        // Whoever holds the outbox may have seen the session before it had this: the writer looks again.
        let flushed = match self.outbox.try_lock() {
            Ok(mut outbox) => self.flush(&mut outbox, &mut Context::from_waker(Waker::noop())),
            Err(_) => return self.work.notify_one(),
        };
        if !matches!(flushed, Flushed::Done) {
            self.work.notify_one();
        }
    }

    /// Sends what there is. `cx` is woken when a stalled transport takes more.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Flushed {
        self.flush(&mut lock(&self.outbox), cx)
    }

    fn flush(&self, outbox: &mut Outbox, cx: &mut Context<'_>) -> Flushed {
        let Some(sender) = &mut outbox.sender else {
            // Before there is a connection a session has nothing but deadlines to tell.
            if !self.is_attached() {
                lock_in_turn(&self.session).transmit(now(), 0, &mut outbox.batch);
            }
            return Flushed::Done;
        };
        // After a stall: there may be more than the batch.
        let mut more = true;
        loop {
            if outbox.batch.is_empty() && more {
                more = self.transmit(&mut outbox.batch, &mut outbox.bulk);
            }
            if outbox.batch.is_empty() && outbox.bulk.iter().all(VecDeque::is_empty) {
                return Flushed::Done;
            }
            let (mut got_on, mut stalled) = (false, None);
            let batches = std::iter::once(&mut outbox.batch).chain(&mut outbox.bulk);
            for ((stream, batch), taken) in batches.enumerate().zip(&mut outbox.taken) {
                if batch.is_empty() {
                    continue;
                }
                // What is taken is taken from the front.
                let front = |batch: &VecDeque<Bytes>| (batch.len(), batch.front().map(Bytes::len));
                let before = front(batch);
                let polled = match stream.checked_sub(1) {
                    None => sender.poll_send(cx, batch),
                    Some(bulk) => sender.poll_send_bulk(cx, bulk, batch),
                };
                *taken += u64::from(front(batch) != before);
                match polled {
                    Poll::Ready(Ok(())) => got_on = true,
                    Poll::Ready(Err(error)) => return Flushed::Failed(error),
                    // What others take does not count.
                    Poll::Pending => stalled = stalled.or(Some((stream, *taken))),
                }
            }
            // A stream for large messages holds up nothing but itself.
            if let Some((stream, taken)) = stalled
                && (stream == 0 || !(got_on && more))
            {
                return Flushed::Stalled { taken };
            }
        }
    }

    /// Takes what the session has to send; whether there is more. What is added while it is being sent is not looked
    /// for: whoever adds it sends it, or wakes the writer.
    fn transmit(&self, batch: &mut VecDeque<Bytes>, bulk: &mut [VecDeque<Bytes>]) -> bool {
        let (more, _) = self.run_and_wake(|session| {
            if !session.wants_transmit() {
                return false;
            }
            if session.timeout_moved() {
                // The writer sleeps until the next deadline, and this flush may be another task's.
                self.work.notify_one();
            }
            self.all_taken.store(false, Ordering::Relaxed);
            // Only requests in lanes look at the time again.
            let now = if session.has_lanes() { now() } else { self.begun };
            session.transmit_all(now, WRITE_LENGTH, batch, bulk);
            session.wants_transmit()
        });
        more
    }

    /// An incoming call was not answered yet: `token` cancels it.
    pub(super) fn running(&self, key: InboundKey, token: CancelToken) {
        let mut running = lock(&self.running);
        running.insert(key, token);
        self.running_count.store(running.count(), Ordering::Release);
    }

    pub(super) fn no_longer_running(&self, key: InboundKey) {
        if self.running_count.load(Ordering::Acquire) > 0 {
            let mut running = lock(&self.running);
            running.remove(key);
            self.running_count.store(running.count(), Ordering::Release);
        }
    }

    /// A cast of the peer was taken in.
    pub(super) fn cast_begun(&self) {
        self.casts.fetch_add(1, Ordering::AcqRel);
    }

    /// It has been dealt with.
    pub(super) fn cast_ended(&self) {
        self.casts.fetch_sub(1, Ordering::AcqRel);
    }

    /// The caller has given up.
    pub(super) fn cancel(&self, key: InboundKey) {
        let token = lock(&self.running).get(key).cloned();
        if let Some(token) = token {
            token.cancel();
        }
    }

    /// Closes the link once its last word has been sent.
    pub(super) fn say_goodbye(&self, goodbye: Goodbye) {
        if self.is_attached() {
            self.with(|session| session.goodbye(goodbye.clone()));
            // The last word is sent here if the transport takes it: on a node that is being dropped no task may run.
            if let Ok(mut outbox) = self.outbox.try_lock() {
                self.flush(&mut outbox, &mut Context::from_waker(Waker::noop()));
            }
        }
        self.close(&CloseReason::OwnGoodbye(goodbye));
    }

    /// Closes the link: what was sent fails as lost, what waits as not connected.
    pub(super) fn close(&self, why: &CloseReason) {
        self.with(|session| {
            session.close(why, self.peer);
            self.closed.store(true, Ordering::Release);
        });
        self.after_close(why);
    }

    /// Closes a link that never had a connection: all its calls fail with `error`.
    pub(super) fn fail(&self, error: SystemError) {
        let why = CloseReason::TransportError(error.to_string().into());
        self.with(|session| {
            session.refuse_all(error, self.peer);
            self.closed.store(true, Ordering::Release);
        });
        self.after_close(&why);
    }

    fn after_close(&self, why: &CloseReason) {
        let running = std::mem::take(&mut *lock(&self.running));
        for token in running.into_tokens() {
            token.cancel();
        }
        let lost = actor_core::NetworkError::new(self.peer, why.to_string());
        self.watches.lose(&Terminated::NodeLost(lost));
        let has_ended = matches!(why, CloseReason::PeerGoodbye(Goodbye::Done | Goodbye::ShuttingDown));
        self.inner.spawned.without_owner(self.peer, has_ended);
        self.inner.inbox.connection(self.peer, self.failure());
        self.changed.notify_waiters();
        self.work.notify_one();
        if let Some(reader) = lock(&self.reader).take() {
            reader.abort();
        }
    }

    pub(super) fn set_reader(&self, reader: AbortHandle) {
        *lock(&self.reader) = Some(reader);
        if self.is_closed()
            && let Some(reader) = lock(&self.reader).take()
        {
            reader.abort();
        }
    }

    pub(super) fn set_writer(&self, writer: AbortHandle) {
        *lock(&self.writer) = Some(writer);
    }

    /// The writer has sent the last word and ended.
    pub(super) fn writer_ended(&self) {
        *lock(&self.outbox) = Outbox::default();
        self.ended.store(true, Ordering::Release);
        self.gone.notify_waiters();
    }

    pub(super) async fn gone(&self) {
        loop {
            let gone = self.gone.notified();
            if self.ended.load(Ordering::Acquire) {
                return;
            }
            gone.await;
        }
    }

    /// Cuts the connection, whatever was not sent.
    pub(super) fn abort(&self) {
        if let Some(writer) = lock(&self.writer).take() {
            writer.abort();
        }
        self.writer_ended();
    }

    pub(super) fn poll_close_sender(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut lock(&self.outbox).sender {
            Some(sender) => sender.poll_close(cx).map(drop),
            None => Poll::Ready(()),
        }
    }

    /// The session's timers.
    pub(super) fn next_timeout(&self) -> Option<std::time::Instant> {
        self.peek(|session| session.next_timeout())
    }
}

/// Two links are the same if they are one.
pub(super) fn same(left: &Arc<Link>, right: &Arc<Link>) -> bool {
    Arc::ptr_eq(left, right)
}
