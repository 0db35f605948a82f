//! Two ends of one connection in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

use actor_transport::{Connection, Receiver, Sender, TransportError};
use bytes::{Bytes, BytesMut};

/// Bytes on their way before a sender has to wait.
const CAPACITY: usize = 256 * 1024;

/// Two connected ends. Bytes are handed over as they are, without a copy where the receiver is waiting for them.
#[must_use]
pub fn memory_pair(name: &str) -> (Box<dyn Connection>, Box<dyn Connection>) {
    let there = Arc::new(Pipe::default());
    let back = Arc::new(Pipe::default());
    let end = |from: &Arc<Pipe>, to: &Arc<Pipe>| {
        Box::new(End {
            remote: name.to_owned(),
            receiver: PipeReceiver { pipe: from.clone() },
            sender: PipeSender { pipe: to.clone() },
        })
    };
    (end(&back, &there), end(&there, &back))
}

/// One direction.
#[derive(Default)]
struct Pipe {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<Bytes>,
    length: usize,
    closed: bool,
    receiver: Option<Waker>,
    sender: Option<Waker>,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn close(&self) {
        let wakers = {
            let mut state = self.lock();
            state.closed = true;
            [state.receiver.take(), state.sender.take()]
        };
        for waker in wakers.into_iter().flatten() {
            waker.wake();
        }
    }
}

struct End {
    remote: String,
    receiver: PipeReceiver,
    sender: PipeSender,
}

impl Connection for End {
    fn remote(&self) -> String {
        self.remote.clone()
    }

    fn keeps_integrity(&self) -> bool {
        true
    }

    fn split(self: Box<Self>) -> (Box<dyn Receiver>, Box<dyn Sender>) {
        (Box::new(self.receiver), Box::new(self.sender))
    }
}

struct PipeReceiver {
    pipe: Arc<Pipe>,
}

impl Receiver for PipeReceiver {
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
        let (pieces, length, sender) = {
            let mut state = self.pipe.lock();
            if state.pieces.is_empty() {
                if state.closed {
                    return Poll::Ready(Ok(0));
                }
                state.receiver = Some(cx.waker().clone());
                return Poll::Pending;
            }
            (std::mem::take(&mut state.pieces), std::mem::take(&mut state.length), state.sender.take())
        };
        if let Some(sender) = sender {
            sender.wake();
        }
        for piece in pieces {
            match piece.try_into_mut() {
                Ok(piece) if into.is_empty() => *into = piece,
                Ok(piece) => into.extend_from_slice(&piece),
                Err(piece) => into.extend_from_slice(&piece),
            }
        }
        Poll::Ready(Ok(length))
    }
}

impl Drop for PipeReceiver {
    fn drop(&mut self) {
        self.pipe.close();
    }
}

struct PipeSender {
    pipe: Arc<Pipe>,
}

impl Sender for PipeSender {
    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>) -> Poll<Result<(), TransportError>> {
        let (receiver, done) = {
            let mut state = self.pipe.lock();
            if state.closed {
                return Poll::Ready(Err(TransportError::Other("the other end is gone".into())));
            }
            let mut moved = false;
            while state.length < CAPACITY
                && let Some(piece) = batch.pop_front()
            {
                if !piece.is_empty() {
                    state.length += piece.len();
                    state.pieces.push_back(piece);
                    moved = true;
                }
            }
            if !batch.is_empty() {
                state.sender = Some(cx.waker().clone());
            }
            (if moved { state.receiver.take() } else { None }, batch.is_empty())
        };
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        if done { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.pipe.close();
        Poll::Ready(Ok(()))
    }
}

impl Drop for PipeSender {
    fn drop(&mut self) {
        self.pipe.close();
    }
}
