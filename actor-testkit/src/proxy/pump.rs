//! One direction of one connection.

use std::{io, sync::atomic::Ordering};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::Way;

/// Bytes of one read.
const READ_LENGTH: usize = 16 * 1024;
/// Reads under way: what a stalled direction takes before its sender is held up.
const PIECES_MAX: usize = 16;

/// Carries bytes until their end, which is handed on; an error when the connection is cut or broken.
pub(super) async fn pump(from: OwnedReadHalf, to: OwnedWriteHalf, way: &Way) -> io::Result<()> {
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    tokio::try_join!(read(from, sender), write(receiver, to, way)).map(drop)
}

/// Reads, and notes when, so that a delay does not make a connection slower than it is late.
async fn read(mut from: OwnedReadHalf, sender: mpsc::Sender<(Instant, Bytes)>) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ_LENGTH);
        if from.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        if sender.send((Instant::now(), buffer.split().freeze())).await.is_err() {
            return Ok(());
        }
    }
}

async fn write(mut receiver: mpsc::Receiver<(Instant, Bytes)>, mut to: OwnedWriteHalf, way: &Way) -> io::Result<()> {
    let mut flows = way.flow.subscribe();
    let mut carried = 0_u64;
    while let Some((at, mut bytes)) = receiver.recv().await {
        while !bytes.is_empty() {
            let Ok(flow) = flows.wait_for(|flow| !flow.stalled).await.map(|flow| flow.clone()) else { return Ok(()) };
            let due = at + flow.delay;
            if due > Instant::now() {
                sleep_until(due).await;
                // It may have been stalled meanwhile.
                continue;
            }
            if flow.lost {
                break;
            }
            let room = flow.cut_after.map_or(u64::MAX, |most| most.saturating_sub(carried));
            if room == 0 {
                return Err(cut());
            }
            let length = flow.portion(bytes.len()).min(usize::try_from(room).unwrap_or(usize::MAX));
            let time = flow.time_for(length);
            if !time.is_zero() {
                sleep(time).await;
            }
            to.write_all(&bytes.split_to(length)).await?;
            carried += length as u64;
            way.passed.fetch_add(length as u64, Ordering::SeqCst);
            if length as u64 == room {
                return Err(cut());
            }
        }
    }
    to.shutdown().await
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut")
}
