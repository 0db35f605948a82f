//! A transport over pipes: `pipe://name`.
//!
//! Nodes of one process connect to one another by name. A program that it has [started](start) connects to it as
//! `pipe://parent`, over its own standard input and output.
#![cfg(unix)]

mod writer;

use std::{
    collections::BTreeMap,
    future::pending,
    io,
    os::fd::AsFd,
    process::Stdio,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use distributed_actor::{Address, Connection, Listener, Transport, TransportError, stream_connection};
use tokio::{
    net::unix::pipe,
    process::Command,
    sync::mpsc::{Receiver, Sender, channel},
};

use crate::writer::Writer;

/// Connections over pipes.
pub struct PipeTransport;

/// Connections that nobody has accepted yet, for each listener.
const BACKLOG: usize = 128;

/// Who listens in this process, by name.
static LISTENING: Mutex<BTreeMap<String, Sender<Box<dyn Connection>>>> = Mutex::new(BTreeMap::new());

fn listening() -> MutexGuard<'static, BTreeMap<String, Sender<Box<dyn Connection>>>> {
    LISTENING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Transport for PipeTransport {
    fn scheme(&self) -> &str {
        "pipe"
    }

    async fn listen(&self, address: &Address) -> Result<Box<dyn Listener>, TransportError> {
        let mut listening = listening();
        listening.retain(|_, listener| !listener.is_closed());
        if listening.contains_key(address.rest()) {
            return Err(io::Error::from(io::ErrorKind::AddrInUse).into());
        }
        let (sender, incoming) = channel(BACKLOG);
        listening.insert(address.rest().to_owned(), sender);
        Ok(Box::new(Accepting { incoming, address: address.clone() }))
    }

    async fn connect(&self, address: &Address) -> Result<Box<dyn Connection>, TransportError> {
        if address.rest() == "parent" {
            let reader = pipe::Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;
            let writer = pipe::Sender::from_owned_fd(io::stdout().as_fd().try_clone_to_owned()?)?;
            return Ok(stream_connection(reader, Writer::new(writer), "parent", true));
        }
        let (their_writer, my_reader) = pipe::pipe()?;
        let (my_writer, their_reader) = pipe::pipe()?;
        let theirs = stream_connection(their_reader, Writer::new(their_writer), "this process", true);
        hand_over(address, theirs).await?;
        Ok(stream_connection(my_reader, Writer::new(my_writer), address.rest(), true))
    }

    fn is_local(&self) -> bool {
        true
    }
}

/// Starts a program whose node connects to the one that listens at `address`, as `pipe://parent`. Its standard output is
/// taken for that: what it has to say to people goes to its standard error.
pub async fn start(mut program: Command, address: &Address) -> Result<(), TransportError> {
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(TransportError::Other("the program has no pipes".into()));
    };
    // It is to end when its connection does; somebody has to hear of it.
    tokio::spawn(async move { child.wait().await });
    hand_over(address, stream_connection(stdout, Writer::new(stdin), "a child", true)).await
}

async fn hand_over(address: &Address, connection: Box<dyn Connection>) -> Result<(), TransportError> {
    let refused = || TransportError::Io(io::ErrorKind::ConnectionRefused.into());
    let listener = listening().get(address.rest()).cloned().ok_or_else(refused)?;
    listener.send(connection).await.map_err(|_| refused())
}

struct Accepting {
    incoming: Receiver<Box<dyn Connection>>,
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
            None => pending().await,
        }
    }
}
