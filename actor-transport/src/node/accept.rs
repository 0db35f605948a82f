//! How a node lets others connect.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bytes::BytesMut;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    dial::{receive, send},
    identity::check,
    inner::Inner,
    link::{Carries, Link},
    lock::lock,
    reader,
    refused::RefusedReason,
    turns::{Turn, Turns},
};
use crate::{
    protocol::{CloseReason, Handshake, HelloConfig, Progress, Reject},
    transport::{Connection, Listener, Receiver, Sender},
};

/// Pauses after a connection could not be accepted, say for want of file descriptors.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Connections that are being told that they are too many; further ones are closed without a word.
const REFUSALS_MAX: usize = 32;

/// Accepts connections in a task of its own, until the node ends.
pub(super) fn listen(inner: &Arc<Inner>, listener: Box<dyn Listener>) {
    let task = inner.serve(Box::pin(accept(inner.clone(), listener)));
    lock(&inner.tasks).push(task.abort_handle());
}

async fn accept(inner: Arc<Inner>, mut listener: Box<dyn Listener>) {
    let turns = Turns::new(inner.limits.handshakes_pending_max);
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let open = Arc::new(Open::new(&inner));
    let mut pause = PAUSE_MIN;
    loop {
        match listener.accept().await {
            Ok(connection) => {
                pause = PAUSE_MIN;
                let remote = connection.remote();
                // Whoever is beyond the limit of handshakes waits for its turn. Those beyond the limit of connections do
                // not take part in that: one address could keep all others out.
                if let Some(place) = open.admit(&remote) {
                    inner.serve(Box::pin(welcome(inner.clone(), connection, turns.queue(&remote), place)));
                } else if let Ok(permit) = refusals.clone().try_acquire_owned() {
                    inner.serve(Box::pin(turn_away(inner.clone(), connection, permit)));
                } else {
                    inner.refused(&remote, RefusedReason::Rejected(Reject::TooManyConnections));
                }
            }
            Err(error) => {
                tracing::warn!(%error, address = %listener.address(), "a connection could not be accepted");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// Shakes hands with whoever has connected, when it is its turn, and keeps its place until the link ends.
async fn welcome(inner: Arc<Inner>, connection: Box<dyn Connection>, mut turn: Turn, place: Place) {
    let visitor = Visitor::new(&inner, &*connection);
    if inner.unless_closed(turn.comes()).await.is_none() {
        return;
    }
    let link = unless_lost(&visitor, &mut turn, greet(&visitor, connection, true)).await;
    drop(turn);
    if let Some(link) = link {
        link.gone().await;
    }
    drop(place);
}

/// Until somebody else takes the turn.
async fn unless_lost(
    visitor: &Visitor<'_>,
    turn: &mut Turn,
    greet: impl Future<Output = Option<Arc<Link>>>,
) -> Option<Arc<Link>> {
    let (mut greet, mut lost) = (pin!(greet), pin!(turn.is_lost()));
    poll_fn(|cx| match greet.as_mut().poll(cx) {
        Poll::Pending => lost.as_mut().poll(cx).map(|()| {
            visitor.refused(RefusedReason::Displaced);
            None
        }),
        greeted => greeted,
    })
    .await
}

/// Tells whoever has connected that there is no room.
async fn turn_away(inner: Arc<Inner>, connection: Box<dyn Connection>, permit: OwnedSemaphorePermit) {
    let visitor = Visitor::new(&inner, &*connection);
    greet(&visitor, connection, false).await;
    drop(permit);
}

/// The handshake, in the time for it.
async fn greet(visitor: &Visitor<'_>, connection: Box<dyn Connection>, admitted: bool) -> Option<Arc<Link>> {
    let inner = visitor.inner;
    let shake_hands = shake_hands(visitor, connection, admitted);
    match inner.unless_closed(timeout(inner.limits.handshake_time_max, shake_hands)).await? {
        Ok(link) => link,
        Err(_) => {
            visitor.refused(RefusedReason::TimedOut);
            None
        }
    }
}

/// Whoever has connected.
struct Visitor<'a> {
    inner: &'a Arc<Inner>,
    remote: String,
    /// Refused: it may still be given time to read why.
    is_told_of: AtomicBool,
}

impl<'a> Visitor<'a> {
    fn new(inner: &'a Arc<Inner>, connection: &dyn Connection) -> Self {
        Self { inner, remote: connection.remote(), is_told_of: AtomicBool::new(false) }
    }

    fn refused(&self, reason: RefusedReason) {
        if !self.is_told_of.swap(true, Ordering::Relaxed) {
            self.inner.refused(&self.remote, reason);
        }
    }
}

async fn shake_hands(visitor: &Visitor<'_>, mut connection: Box<dyn Connection>, admitted: bool) -> Option<Arc<Link>> {
    let inner = visitor.inner;
    if let Err(error) = connection.establish().await {
        visitor.refused(error.into());
        return None;
    }
    let (proof, carries) = (connection.proof(), Carries::of(&*connection));
    let secret = inner.secret(&*connection).ok()?;
    let (mut receiver, mut sender) = connection.split();
    let mut handshake = Handshake::listen(HelloConfig { secret, ..inner.hello(None, 0) });
    let mut input = BytesMut::new();
    let hello = loop {
        match handshake.receive(&mut input) {
            Ok(Some(Progress::Offered(hello))) => break hello,
            Ok(Some(Progress::Rejected(reject))) => {
                visitor.refused(RefusedReason::RejectedByPeer(reject));
                return None;
            }
            Ok(_) => send(&mut handshake, &mut *sender).await.ok()?,
            Err(error) => {
                visitor.refused(RefusedReason::Handshake(error));
                part(handshake, receiver, sender).await;
                return None;
            }
        }
        match receive(&mut *receiver, &mut input).await {
            Ok(0) => {
                visitor.refused(RefusedReason::Broken(CloseReason::EndOfStream.to_string().into()));
                return None;
            }
            Ok(_) => {}
            Err(error) => {
                visitor.refused(error.into());
                return None;
            }
        }
    };
    // Room comes first: what is decided holds.
    let room = if admitted { Ok(()) } else { Err(Reject::TooManyConnections) };
    let decision = room.and_then(|()| check(&proof, &hello)).and_then(|()| inner.peers.decide(inner, &hello));
    let link = match decision {
        Ok(link) => link,
        Err(reject) => {
            handshake.reject(&reject);
            visitor.refused(RefusedReason::Rejected(reject));
            part(handshake, receiver, sender).await;
            return None;
        }
    };
    // Attached before the answer is sent: a dial of ours that crosses this one finds the link taken.
    let agreed = handshake.accept().ok()?;
    if !link.attach(agreed, proof, visitor.remote.clone(), carries) {
        return None;
    }
    if let Err(error) = send(&mut handshake, &mut *sender).await {
        super::writer::end(inner, &link, &crate::protocol::CloseReason::TransportError(error.to_string().into()));
        return None;
    }
    link.set_sender(sender, carries.bulk_streams);
    reader::start(inner, &link, receiver, input, carries.bulk_streams);
    Some(link)
}

/// Sends the refusal, and lets the peer read it: closing with unread input would throw it away.
async fn part(mut handshake: Handshake, mut receiver: Box<dyn Receiver>, mut sender: Box<dyn Sender>) {
    if send(&mut handshake, &mut *sender).await.is_err() {
        return;
    }
    let _ = poll_fn(|cx| sender.poll_close(cx)).await;
    let mut ignored = BytesMut::new();
    // Bounded by the time for the handshake, in which this runs, and by what a hello may have.
    for _ in 0..8 {
        match receive(&mut *receiver, &mut ignored).await {
            Ok(0) | Err(_) => return,
            Ok(_) => ignored.clear(),
        }
    }
}

/// The connections that are open, in all and by remote address.
struct Open {
    in_all_max: usize,
    per_address_max: usize,
    state: Mutex<(usize, HashMap<String, usize>)>,
}

/// One connection's place among them.
struct Place {
    open: Arc<Open>,
    remote: String,
}

impl Open {
    fn new(inner: &Inner) -> Self {
        Self {
            in_all_max: inner.limits.connections_per_listener_max,
            per_address_max: inner.limits.connections_per_address_max,
            state: Mutex::default(),
        }
    }

    fn admit(self: &Arc<Self>, remote: &str) -> Option<Place> {
        let mut state = lock(&self.state);
        let (in_all, by_address) = &mut *state;
        let here = by_address.get(remote).copied().unwrap_or(0);
        if *in_all >= self.in_all_max || here >= self.per_address_max {
            return None;
        }
        *in_all += 1;
        by_address.insert(remote.to_owned(), here + 1);
        Some(Place { open: self.clone(), remote: remote.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = lock(&self.open.state);
        let (in_all, by_address) = &mut *state;
        *in_all -= 1;
        if let Some(here) = by_address.get_mut(&self.remote) {
            *here -= 1;
            if *here == 0 {
                by_address.remove(&self.remote);
            }
        }
    }
}
