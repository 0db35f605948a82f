//! A connection over any pair of byte streams.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use crate::transport::{Connection, Receiver, Sender, TransportError};

/// Bytes asked for in one read: several hundred small calls, or one large chunk with room to spare.
const READ_LENGTH: usize = 64 * 1024;
/// Pieces handed to one vectored write; what Linux takes at once is 1,024.
const PIECES_MAX: usize = 64;

/// A connection that reads from `reader` and writes to `writer`; `remote` says who is at the other end.
/// `keeps_integrity` says whether the streams themselves make sure that no bit is changed on the way.
pub fn stream_connection(
    reader: impl AsyncRead + Send + Unpin + 'static,
    writer: impl AsyncWrite + Send + Unpin + 'static,
    remote: impl Into<String>,
    keeps_integrity: bool,
) -> Box<dyn Connection> {
    Box::new(StreamConnection { reader, writer, remote: remote.into(), keeps_integrity })
}

struct StreamConnection<R, W> {
    reader: R,
    writer: W,
    remote: String,
    keeps_integrity: bool,
}

impl<R, W> Connection for StreamConnection<R, W>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    fn remote(&self) -> String {
        self.remote.clone()
    }

    fn keeps_integrity(&self) -> bool {
        self.keeps_integrity
    }

    fn split(self: Box<Self>) -> (Box<dyn Receiver>, Box<dyn Sender>) {
        (Box::new(StreamReceiver { reader: self.reader }), Box::new(StreamSender { writer: self.writer }))
    }
}

struct StreamReceiver<R> {
    reader: R,
}

impl<R: AsyncRead + Send + Unpin + 'static> Receiver for StreamReceiver<R> {
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
        if into.capacity() - into.len() < READ_LENGTH / 4 {
            into.reserve(READ_LENGTH);
        }
        let read = ready!(pin!(self.reader.read_buf(into)).poll(cx))?;
        Poll::Ready(Ok(read))
    }
}

struct StreamSender<W> {
    writer: W,
}

impl<W: AsyncWrite + Send + Unpin + 'static> Sender for StreamSender<W> {
    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>) -> Poll<Result<(), TransportError>> {
        while !batch.is_empty() {
            let written = if batch.len() == 1 || !self.writer.is_write_vectored() {
                let first = batch.front().map(Bytes::as_ref).unwrap_or_default();
                ready!(Pin::new(&mut self.writer).poll_write(cx, first))?
            } else {
                let mut pieces = [IoSlice::new(&[]); PIECES_MAX];
                let count = batch.len().min(PIECES_MAX);
                for (piece, bytes) in pieces.iter_mut().zip(batch.iter()) {
                    *piece = IoSlice::new(bytes);
                }
                ready!(Pin::new(&mut self.writer).poll_write_vectored(cx, pieces.get(..count).unwrap_or_default()))?
            };
            if written == 0 && batch.iter().any(|piece| !piece.is_empty()) {
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero).into()));
            }
            advance(batch, written);
        }
        ready!(Pin::new(&mut self.writer).poll_flush(cx))?;
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        ready!(Pin::new(&mut self.writer).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}

/// Takes what was written, and empty pieces, from the front.
fn advance(batch: &mut VecDeque<Bytes>, mut written: usize) {
    while let Some(first) = batch.front_mut() {
        if first.len() > written {
            first.advance(written);
            return;
        }
        written -= first.len();
        batch.pop_front();
    }
}
