//! The two halves of a connection: those of its stream in both directions, and of the ones for large messages.

use std::{
    collections::VecDeque,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use actor_transport::{Receiver, Sender, TransportError};
use bytes::{Bytes, BytesMut};
use quinn::{ConnectionError, ReadError, RecvStream, SendStream, WriteError};
use tokio::{runtime::Handle, time::timeout};

use crate::error::{is_end, transport_error};

/// Bytes taken from the stream at once.
const READ_LENGTH: usize = 64 * 1024;
/// Time that a connection which nobody uses any more has to deliver what was sent last.
const LINGER_TIME: Duration = Duration::from_secs(1);

type Opening<S> = Pin<Box<dyn Future<Output = Result<S, ConnectionError>> + Send>>;

/// The streams for large messages of one direction. They are opened, by this side or the other one, one after the other, when
/// there is something to send over the last of them.
struct Late<S> {
    streams: Vec<S>,
    next: Option<Opening<S>>,
    open: Box<dyn Fn() -> Opening<S> + Send>,
}

impl<S: Send> Late<S> {
    fn new<F: Future<Output = Result<S, ConnectionError>> + Send + 'static>(
        connection: quinn::Connection,
        open: impl Fn(quinn::Connection) -> F + Send + 'static,
    ) -> Self {
        Self { streams: Vec::new(), next: None, open: Box::new(move || Box::pin(open(connection.clone()))) }
    }

    /// The next one, when it is there.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
        let next = self.next.get_or_insert_with(&self.open);
        let opened = ready!(next.as_mut().poll(cx));
        self.next = None;
        self.streams.push(opened?);
        Poll::Ready(Ok(()))
    }

    /// All up to that one are opened.
    fn poll_open(&mut self, cx: &mut Context<'_>, stream: usize) -> Poll<Result<&mut S, ConnectionError>> {
        while self.streams.len() <= stream {
            ready!(self.poll_next(cx))?;
        }
        Poll::Ready(Ok(&mut self.streams[stream]))
    }

    /// That one, if the other side has opened it. Where all of them are polled, one alone looks for new ones.
    fn poll_opened(&mut self, cx: &mut Context<'_>, stream: usize) -> Poll<Result<&mut S, ConnectionError>> {
        if stream == self.streams.len() {
            while self.poll_next(cx)?.is_ready() {}
            if self.streams.len() > stream + 1 {
                // Who was polled for one of these before did not see it.
                cx.waker().wake_by_ref();
            }
        }
        self.streams.get_mut(stream).map_or(Poll::Pending, |stream| Poll::Ready(Ok(stream)))
    }
}

pub(crate) struct QuicReceiver {
    stream: RecvStream,
    bulk: Late<RecvStream>,
}

impl QuicReceiver {
    pub(crate) fn new(stream: RecvStream, connection: quinn::Connection) -> Self {
        let bulk = Late::new(connection, |connection| async move { connection.accept_uni().await });
        Self { stream, bulk }
    }
}

impl Receiver for QuicReceiver {
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
        receive(&mut self.stream, cx, into)
    }

    fn poll_receive_bulk(
        &mut self,
        cx: &mut Context<'_>,
        stream: usize,
        into: &mut BytesMut,
    ) -> Poll<Result<usize, TransportError>> {
        match ready!(self.bulk.poll_opened(cx, stream)) {
            Ok(stream) => receive(stream, cx, into),
            Err(error) => received(Err(ReadError::ConnectionLost(error)), into),
        }
    }
}

fn receive(stream: &mut RecvStream, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
    let read = ready!(pin!(stream.read_chunk(READ_LENGTH, true)).poll(cx));
    received(read.map(|chunk| chunk.map(|chunk| chunk.bytes)), into)
}

fn received(read: Result<Option<Bytes>, ReadError>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
    match read {
        Ok(Some(bytes)) => {
            into.extend_from_slice(&bytes);
            Poll::Ready(Ok(bytes.len()))
        }
        Ok(None) => Poll::Ready(Ok(0)),
        Err(ReadError::ConnectionLost(error)) if is_end(&error) => Poll::Ready(Ok(0)),
        Err(ReadError::ConnectionLost(error)) => Poll::Ready(Err(transport_error(error))),
        Err(error) => Poll::Ready(Err(TransportError::Io(error.into()))),
    }
}

pub(crate) struct QuicSender {
    stream: SendStream,
    bulk: Late<SendStream>,
    /// Kept: when all of a connection is dropped it ends at once, whatever was not sent.
    connection: quinn::Connection,
    runtime: Handle,
}

impl QuicSender {
    pub(crate) fn new(stream: SendStream, connection: quinn::Connection) -> Self {
        // Whatever is there goes before what large messages have left.
        let _ = stream.set_priority(1);
        let bulk = Late::new(connection.clone(), |connection| async move { connection.open_uni().await });
        Self { stream, bulk, connection, runtime: Handle::current() }
    }

    /// Whatever stream there is ends behind what was sent over it.
    fn finish(&mut self) {
        // They may be closed already.
        let _ = self.stream.finish();
        for bulk in &mut self.bulk.streams {
            let _ = bulk.finish();
        }
    }
}

fn send(
    stream: &mut SendStream,
    cx: &mut Context<'_>,
    batch: &mut VecDeque<Bytes>,
) -> Poll<Result<(), TransportError>> {
    loop {
        while batch.front().is_some_and(Bytes::is_empty) {
            batch.pop_front();
        }
        if batch.is_empty() {
            return Poll::Ready(Ok(()));
        }
        // What is written of a piece is taken from it.
        match ready!(pin!(stream.write_chunks(batch.make_contiguous())).poll(cx)) {
            Ok(_) => {}
            Err(WriteError::ConnectionLost(error)) => return Poll::Ready(Err(transport_error(error))),
            Err(error) => return Poll::Ready(Err(TransportError::Io(error.into()))),
        }
    }
}

impl Sender for QuicSender {
    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>) -> Poll<Result<(), TransportError>> {
        send(&mut self.stream, cx, batch)
    }

    fn poll_send_bulk(
        &mut self,
        cx: &mut Context<'_>,
        stream: usize,
        batch: &mut VecDeque<Bytes>,
    ) -> Poll<Result<(), TransportError>> {
        match ready!(self.bulk.poll_open(cx, stream)) {
            Ok(stream) => send(stream, cx, batch),
            Err(error) => Poll::Ready(Err(transport_error(error))),
        }
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.finish();
        Poll::Ready(Ok(()))
    }
}

impl Drop for QuicSender {
    fn drop(&mut self) {
        self.finish();
        let (connection, delivered) = (self.connection.clone(), self.stream.stopped());
        let bulk: Vec<_> = self.bulk.streams.iter().map(SendStream::stopped).collect();
        self.runtime.spawn(async move {
            let all = async {
                let _ = delivered.await;
                for bulk in bulk {
                    let _ = bulk.await;
                }
            };
            let _ = timeout(LINGER_TIME, all).await;
            connection.close(0_u8.into(), &[]);
        });
    }
}
