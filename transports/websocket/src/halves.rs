//! The two halves of a connection. Bytes go in binary messages, which are cut and joined as is best.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, ready},
};

use actor_transport::{Receiver, Sender, TransportError};
use bytes::{Bytes, BytesMut};
use futures_util::{Sink, Stream as _};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message},
};

use crate::connection::{Stream, transport_error};

/// Longest message that is sent, in bytes.
const MESSAGE_LENGTH: usize = 64 * 1024;

/// Locked for single polls, in which nothing waits.
type Shared = Arc<Mutex<WebSocketStream<Box<dyn Stream>>>>;

pub(crate) fn split(stream: WebSocketStream<Box<dyn Stream>>) -> (Box<dyn Receiver>, Box<dyn Sender>) {
    let shared = Arc::new(Mutex::new(stream));
    (Box::new(WebSocketReceiver(shared.clone())), Box::new(WebSocketSender(shared)))
}

fn lock(shared: &Shared) -> MutexGuard<'_, WebSocketStream<Box<dyn Stream>>> {
    shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

struct WebSocketReceiver(Shared);

impl Receiver for WebSocketReceiver {
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
        let mut stream = lock(&self.0);
        loop {
            let message = match ready!(Pin::new(&mut *stream).poll_next(cx)) {
                Some(Ok(message)) => message,
                None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => return Poll::Ready(Ok(0)),
                Some(Err(error)) => return Poll::Ready(Err(transport_error(error))),
            };
            match message {
                Message::Binary(bytes) if bytes.is_empty() => {}
                Message::Binary(bytes) => {
                    into.extend_from_slice(&bytes);
                    return Poll::Ready(Ok(bytes.len()));
                }
                Message::Close(_) => return Poll::Ready(Ok(0)),
                // Pings are answered below this.
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Text(_) | Message::Frame(_) => {
                    return Poll::Ready(Err(TransportError::Other("the peer sent text over its WebSocket".into())));
                }
            }
        }
    }
}

struct WebSocketSender(Shared);

impl Sender for WebSocketSender {
    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>) -> Poll<Result<(), TransportError>> {
        let mut stream = lock(&self.0);
        loop {
            ready!(Pin::new(&mut *stream).poll_ready(cx)).map_err(transport_error)?;
            let Some(message) = next_message(batch) else { break };
            Pin::new(&mut *stream).start_send(Message::Binary(message)).map_err(transport_error)?;
        }
        Pin::new(&mut *stream).poll_flush(cx).map_err(transport_error)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        match ready!(Pin::new(&mut *lock(&self.0)).poll_close(cx)) {
            Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(transport_error(error))),
        }
    }
}

/// What is sent as one message: a long piece as it is, short ones together.
fn next_message(batch: &mut VecDeque<Bytes>) -> Option<Bytes> {
    let first = take(batch, MESSAGE_LENGTH)?;
    let fits = |batch: &VecDeque<Bytes>, length: usize| {
        batch.front().is_some_and(|next| length + next.len() <= MESSAGE_LENGTH)
    };
    if !fits(batch, first.len()) {
        return Some(first);
    }
    let mut joined = BytesMut::from(first);
    while fits(batch, joined.len())
        && let Some(next) = batch.pop_front()
    {
        joined.extend_from_slice(&next);
    }
    Some(joined.freeze())
}

/// The first bytes there are, at most so many.
fn take(batch: &mut VecDeque<Bytes>, length_max: usize) -> Option<Bytes> {
    loop {
        let first = batch.front_mut()?;
        if first.len() > length_max {
            return Some(first.split_to(length_max));
        }
        let first = batch.pop_front()?;
        if !first.is_empty() {
            return Some(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_pieces_are_joined_and_long_ones_cut() {
        let piece = |length: usize| Bytes::from(vec![7; length]);
        let mut batch = VecDeque::from([
            piece(0),
            piece(10),
            piece(20),
            piece(2 * MESSAGE_LENGTH + 5),
            piece(MESSAGE_LENGTH - 5),
            piece(1),
        ]);
        let lengths: Vec<_> = std::iter::from_fn(|| next_message(&mut batch)).map(|message| message.len()).collect();
        assert_eq!(lengths, [30, MESSAGE_LENGTH, MESSAGE_LENGTH, MESSAGE_LENGTH, 1]);
    }
}
