//! The two halves of a connection: those of its one stream.

use std::{
    collections::VecDeque,
    pin::pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use actor_transport::{Receiver, Sender, TransportError};
use bytes::{Bytes, BytesMut};
use quinn::{ReadError, RecvStream, SendStream, WriteError};
use tokio::{runtime::Handle, time::timeout};

use crate::error::{is_end, transport_error};

/// Bytes taken from the stream at once.
const READ_LENGTH: usize = 64 * 1024;
/// Time that a connection which nobody uses any more has to deliver what was sent last.
const LINGER_TIME: Duration = Duration::from_secs(1);

pub(crate) struct QuicReceiver {
    stream: RecvStream,
}

impl QuicReceiver {
    pub(crate) fn new(stream: RecvStream) -> Self {
        Self { stream }
    }
}

impl Receiver for QuicReceiver {
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
        match ready!(pin!(self.stream.read_chunk(READ_LENGTH, true)).poll(cx)) {
            Ok(Some(chunk)) => {
                into.extend_from_slice(&chunk.bytes);
                Poll::Ready(Ok(chunk.bytes.len()))
            }
            Ok(None) => Poll::Ready(Ok(0)),
            Err(ReadError::ConnectionLost(error)) if is_end(&error) => Poll::Ready(Ok(0)),
            Err(ReadError::ConnectionLost(error)) => Poll::Ready(Err(transport_error(error))),
            Err(error) => Poll::Ready(Err(TransportError::Io(error.into()))),
        }
    }
}

pub(crate) struct QuicSender {
    stream: SendStream,
    /// Kept: when all of a connection is dropped it ends at once, whatever was not sent.
    connection: quinn::Connection,
    runtime: Handle,
}

impl QuicSender {
    pub(crate) fn new(stream: SendStream, connection: quinn::Connection) -> Self {
        Self { stream, connection, runtime: Handle::current() }
    }
}

impl Sender for QuicSender {
    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>) -> Poll<Result<(), TransportError>> {
        loop {
            while batch.front().is_some_and(Bytes::is_empty) {
                batch.pop_front();
            }
            if batch.is_empty() {
                return Poll::Ready(Ok(()));
            }
            // What is written of a piece is taken from it.
            match ready!(pin!(self.stream.write_chunks(batch.make_contiguous())).poll(cx)) {
                Ok(_) => {}
                Err(WriteError::ConnectionLost(error)) => return Poll::Ready(Err(transport_error(error))),
                Err(error) => return Poll::Ready(Err(TransportError::Io(error.into()))),
            }
        }
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // It may be closed already.
        let _ = self.stream.finish();
        Poll::Ready(Ok(()))
    }
}

impl Drop for QuicSender {
    fn drop(&mut self) {
        let _ = self.stream.finish();
        let (connection, delivered) = (self.connection.clone(), self.stream.stopped());
        self.runtime.spawn(async move {
            let _ = timeout(LINGER_TIME, delivered).await;
            connection.close(0_u8.into(), &[]);
        });
    }
}
