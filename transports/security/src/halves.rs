//! The halves of a connection over TLS, whose errors say who has refused whom.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
};

use actor_transport::{Receiver, Sender, TransportError, stream_connection};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::transport_error;

/// Splits an encrypted stream.
pub fn split(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> (Box<dyn Receiver>, Box<dyn Sender>) {
    let (reader, writer) = tokio::io::split(stream);
    let (receiver, sender) = stream_connection(reader, writer, "", true).split();
    (Box::new(TlsReceiver(receiver)), Box::new(TlsSender(sender)))
}

struct TlsReceiver(Box<dyn Receiver>);

impl Receiver for TlsReceiver {
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
        self.0.poll_receive(cx, into).map_err(explain)
    }
}

struct TlsSender(Box<dyn Sender>);

impl Sender for TlsSender {
    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>) -> Poll<Result<(), TransportError>> {
        self.0.poll_send(cx, batch).map_err(explain)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.0.poll_close(cx).map_err(explain)
    }
}

fn explain(error: TransportError) -> TransportError {
    match error {
        TransportError::Io(error) => transport_error(error),
        error => error,
    }
}
