//! The transport of a simulated network.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use actor_transport::{Address, Connection, Listener, Receiver, Sender, Transport, TransportError};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep_until},
};

use super::{Network, State, cable::Cable};

/// What one node sees of the network: the addresses `sim://name`.
pub(super) struct SimulatedTransport {
    network: Network,
    name: String,
    /// Which of the nodes at that place it is: one that has crashed reaches nobody.
    started: u64,
}

impl SimulatedTransport {
    pub(super) fn new(network: Network, name: String, started: u64) -> Self {
        Self { network, name, started }
    }
}

#[async_trait]
impl Transport for SimulatedTransport {
    fn scheme(&self) -> &str {
        "sim"
    }

    async fn listen(&self, address: &Address) -> Result<Box<dyn Listener>, TransportError> {
        let (sender, incoming) = mpsc::unbounded_channel();
        self.network.lock().cables.listen(address.rest(), sender);
        Ok(Box::new(Accepting { incoming, address: address.clone() }))
    }

    /// Waits while the two are partitioned, as a connection attempt over TCP would.
    async fn connect(&self, address: &Address) -> Result<Box<dyn Connection>, TransportError> {
        let to = address.rest();
        poll_fn(|cx| {
            let mut state = self.network.lock();
            if state.is_cut(&self.name, to) || state.is_cut(to, &self.name) {
                state.cables.wait_for_heal(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        let delay = self.network.lock().delay(&self.name, to);
        if !delay.is_zero() {
            tokio::time::sleep(delay * 2).await;
        }
        let mut state = self.network.lock();
        if !state.is_current(&self.name, self.started) {
            return Err(TransportError::Other("this node has crashed".into()));
        }
        let refused = || TransportError::Other(format!("nobody listens at {address}"));
        let listener = state.cables.listener(to).ok_or_else(refused)?;
        let there = state.cables.add(&self.name, to);
        let back = state.cables.add(to, &self.name);
        let end = |from: &str, remote: &str, receive: u64, send: u64| {
            Box::new(End {
                remote: remote.to_owned(),
                receiver: Incoming { network: self.network.clone(), cable: receive, sleep: None },
                sender: Outgoing { network: self.network.clone(), cable: send, from: from.into(), to: remote.into() },
            })
        };
        let (mine, theirs) = (end(&self.name, to, back, there), end(to, &self.name, there, back));
        drop(state);
        listener.send(theirs).map_err(|_| refused())?;
        Ok(mine)
    }
}

struct Accepting {
    incoming: mpsc::UnboundedReceiver<Box<End>>,
    address: Address,
}

#[async_trait]
impl Listener for Accepting {
    fn address(&self) -> Address {
        self.address.clone()
    }

    async fn accept(&mut self) -> Result<Box<dyn Connection>, TransportError> {
        match self.incoming.recv().await {
            Some(connection) => Ok(connection),
            None => Err(TransportError::Other("another node listens at this address".into())),
        }
    }
}

pub(super) struct End {
    remote: String,
    receiver: Incoming,
    sender: Outgoing,
}

impl Connection for End {
    fn remote(&self) -> String {
        self.remote.clone()
    }

    fn split(self: Box<Self>) -> (Box<dyn Receiver>, Box<dyn Sender>) {
        (Box::new(self.receiver), Box::new(self.sender))
    }
}

struct Incoming {
    network: Network,
    cable: u64,
    /// Wakes when the next piece arrives.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Receiver for Incoming {
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
        loop {
            let arrival = {
                let mut state = self.network.lock();
                let Some(mut cable) = state.cables.take(self.cable) else { return Poll::Ready(Ok(0)) };
                let polled = poll_cable(&mut state, &mut cable, into);
                let is_held = state.is_cut(&cable.from, &cable.to) || cable.room() == 0;
                let arrival = cable.next_arrival().filter(|_| !is_held);
                let mut wakers = Vec::new();
                match &polled {
                    Poll::Ready(arrived) => {
                        wakers.extend(cable.sender.take());
                        if arrived.is_ok() {
                            wakers.extend(state.note(&mut cable, Instant::now()));
                        }
                        if cable.breaks_now() {
                            cable.broken = true;
                            wakers.extend(state.cables.reset(&cable.from, &cable.to));
                        }
                    }
                    Poll::Pending => cable.receiver = Some(cx.waker().clone()),
                }
                state.cables.put(self.cable, cable);
                drop(state);
                for waker in wakers {
                    waker.wake();
                }
                if polled.is_ready() {
                    return polled;
                }
                arrival
            };
            let Some(at) = arrival else { return Poll::Pending };
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
            if sleep.deadline() != at {
                sleep.as_mut().reset(at);
            }
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// What has arrived by now.
fn poll_cable(state: &mut State, cable: &mut Cable, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
    if cable.broken || cable.breaks_now() {
        return Poll::Ready(Err(TransportError::Other("connection reset".into())));
    }
    if cable.hold_at.is_some_and(|(_, hold)| !state.watchers.is_holding(hold)) {
        cable.hold_at = None;
    }
    if state.is_cut(&cable.from, &cable.to) {
        return Poll::Pending;
    }
    match (cable.next_arrival(), cable.room()) {
        (Some(at), room @ 1..) if at <= Instant::now() => {
            let bytes = cable.arrive(room).unwrap_or_default();
            state.delivered(cable, &bytes);
            into.extend_from_slice(&bytes);
            Poll::Ready(Ok(bytes.len()))
        }
        (None, _) if cable.ended => Poll::Ready(Ok(0)),
        _ => Poll::Pending,
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let cable = self.network.lock().cables.take(self.cable);
        for waker in cable.into_iter().flat_map(|mut cable| cable.take_wakers()) {
            waker.wake();
        }
    }
}

struct Outgoing {
    network: Network,
    cable: u64,
    from: String,
    to: String,
}

impl Outgoing {
    fn end(&self) {
        let waker = self.network.lock().cables.get(self.cable).and_then(|cable| {
            cable.ended = true;
            cable.receiver.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Sender for Outgoing {
    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>) -> Poll<Result<(), TransportError>> {
        let wakers = {
            let mut state = self.network.lock();
            let now = Instant::now();
            let delay = state.delay(&self.from, &self.to);
            let gone = || Poll::Ready(Err(TransportError::Other("the other end is gone".into())));
            // Nobody can say so while the two are cut off from one another.
            let is_cut = state.is_cut(&self.from, &self.to) || state.is_cut(&self.to, &self.from);
            let Some(mut cable) = state.cables.take(self.cable) else {
                if is_cut {
                    batch.clear();
                    return Poll::Ready(Ok(()));
                }
                return gone();
            };
            let mut wakers = Vec::new();
            let is_broken = cable.broken;
            while !is_broken
                && cable.has_room()
                && let Some(bytes) = batch.pop_front()
            {
                if !bytes.is_empty() {
                    wakers.extend(state.look(&mut cable, &bytes, now));
                    let left = state.lines.get(&self.from, &self.to).map_or(now, |line| line.leave(now, bytes.len()));
                    cable.send(left + delay, bytes);
                }
            }
            if !batch.is_empty() {
                cable.sender = Some(cx.waker().clone());
            }
            wakers.extend(cable.receiver.take());
            state.cables.put(self.cable, cable);
            if is_broken {
                return gone();
            }
            wakers
        };
        for waker in wakers {
            waker.wake();
        }
        if batch.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.end();
    }
}
