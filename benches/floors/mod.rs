//! What a call is measured against: the least code that does the same job without a framework.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};

const QUEUE: usize = 1024;
const BATCH: usize = 64 * 1024;

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Bytes>>>>;

/// A hand-written multiplexer: length-prefixed frames with a request id, a oneshot for each call, one task that writes
/// what has queued up and one that reads.
#[derive(Clone)]
pub(crate) struct Multiplexer {
    calls: mpsc::Sender<(Bytes, oneshot::Sender<Bytes>)>,
}

impl Multiplexer {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (reader, writer) = stream.into_split();
        Self::over(reader, writer)
    }

    pub(crate) fn over(
        reader: impl AsyncRead + Unpin + Send + 'static,
        writer: impl AsyncWrite + Unpin + Send + 'static,
    ) -> Self {
        let (calls, queue) = mpsc::channel(QUEUE);
        let waiting = Waiting::default();
        tokio::spawn(write_calls(writer, queue, waiting.clone()));
        tokio::spawn(async move {
            let mut frames = Frames::of(reader);
            while let Some((id, body)) = frames.next().await {
                if let Some(caller) = waiting.lock().unwrap().remove(&id) {
                    let _ = caller.send(body);
                }
            }
        });
        Self { calls }
    }

    pub(crate) async fn call(&self, body: Bytes) -> Bytes {
        let (reply_to, reply) = oneshot::channel();
        self.calls.send((body, reply_to)).await.unwrap();
        reply.await.unwrap()
    }

    /// Echoes what it is sent.
    pub(crate) async fn serve(listener: TcpListener) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (reader, writer) = stream.into_split();
            Self::serve_over(reader, writer);
        }
    }

    pub(crate) fn serve_over(
        reader: impl AsyncRead + Unpin + Send + 'static,
        writer: impl AsyncWrite + Unpin + Send + 'static,
    ) {
        let (replies, queue) = mpsc::channel(QUEUE);
        tokio::spawn(write_replies(writer, queue));
        tokio::spawn(async move {
            let mut frames = Frames::of(reader);
            while let Some(frame) = frames.next().await {
                let _ = replies.send(frame).await;
            }
        });
    }
}

async fn write_calls(
    mut writer: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<(Bytes, oneshot::Sender<Bytes>)>,
    waiting: Waiting,
) {
    let mut batch = BytesMut::new();
    let mut next = 0;
    while let Some(first) = queue.recv().await {
        let mut call = Some(first);
        while let Some((body, caller)) = call {
            next += 1;
            waiting.lock().unwrap().insert(next, caller);
            put_frame(next, &body, &mut batch);
            call = if batch.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        if writer.write_all_buf(&mut batch).await.is_err() {
            return;
        }
    }
}

async fn write_replies(mut writer: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<(u64, Bytes)>) {
    let mut batch = BytesMut::new();
    while let Some(first) = queue.recv().await {
        let mut reply = Some(first);
        while let Some((id, body)) = reply {
            put_frame(id, &body, &mut batch);
            reply = if batch.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        if writer.write_all_buf(&mut batch).await.is_err() {
            return;
        }
    }
}

fn put_frame(id: u64, body: &[u8], batch: &mut BytesMut) {
    batch.put_u32_le(body.len() as u32 + 8);
    batch.put_u64_le(id);
    batch.extend_from_slice(body);
}

struct Frames<R> {
    reader: R,
    input: BytesMut,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    fn of(reader: R) -> Self {
        Self { reader, input: BytesMut::with_capacity(BATCH) }
    }

    async fn next(&mut self) -> Option<(u64, Bytes)> {
        loop {
            if let Some(head) = self.input.first_chunk::<4>() {
                let length = u32::from_le_bytes(*head) as usize;
                if self.input.len() >= 4 + length {
                    self.input.advance(4);
                    let mut frame = self.input.split_to(length).freeze();
                    return Some((frame.get_u64_le(), frame));
                }
            }
            if self.reader.read_buf(&mut self.input).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }
}
