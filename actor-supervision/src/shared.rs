//! What all handles of one supervisor share.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use actor_core::{Exit, ExitReason};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    child::Child,
    factory::{Arguments, NewChild},
    report::{ChildCount, ChildInfo},
    tree::ChildError,
};

/// Commands that wait for one supervisor; then whoever has another one waits.
const COMMANDS_MAX: usize = 64;

/// What a supervisor is asked for.
pub(crate) enum Command<S> {
    List(oneshot::Sender<Listed<S>>),
    Count(oneshot::Sender<ChildCount>),
    StartNew(Vec<Arguments>, oneshot::Sender<Vec<Result<NewChild, ChildError>>>),
    Add(Child<S>, oneshot::Sender<Result<(), ChildError>>),
    Start(String, oneshot::Sender<Result<(), ChildError>>),
    Stop(String, oneshot::Sender<Result<(), ChildError>>),
    Restart(String, oneshot::Sender<Result<(), ChildError>>),
    Remove(String, oneshot::Sender<Result<(), ChildError>>),
    End,
}

/// Children, and those who know theirs.
pub(crate) type Listed<S> = Vec<(ChildInfo, Option<Arc<Shared<S>>>)>;

pub(crate) struct Shared<S> {
    commands: mpsc::Sender<Command<S>>,
    /// The references of the children, by their names.
    actors: Mutex<HashMap<Arc<str>, Box<dyn Any + Send + Sync>>>,
    /// To be ended, and whether without waiting: not behind commands that wait.
    asked: watch::Sender<Option<bool>>,
    /// All children have.
    stopped: watch::Sender<bool>,
    ended: watch::Sender<Option<ExitReason>>,
}

impl<S> Shared<S> {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Command<S>>) {
        let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
        let shared = Self {
            commands,
            actors: Mutex::default(),
            asked: watch::Sender::new(None),
            stopped: watch::Sender::new(false),
            ended: watch::Sender::new(None),
        };
        (shared, receiver)
    }

    /// Sends a command and waits for what it comes to; none if the supervisor has ended.
    pub(crate) async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command<S>) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.commands.send(command(sender)).await.ok()?;
        receiver.await.ok()
    }

    /// All children, with theirs.
    pub(crate) async fn list(&self) -> Vec<ChildInfo> {
        let mut list = Vec::new();
        for (mut info, below) in self.ask(Command::List).await.unwrap_or_default() {
            if let Some(below) = below {
                info.children = Box::pin(below.list()).await;
            }
            list.push(info);
        }
        list
    }

    pub(crate) fn ask_to_stop(&self, at_once: bool) {
        self.asked.send_modify(|asked| *asked = Some(asked.unwrap_or_default() || at_once));
        // Wakes it; where there is no room it is awake.
        let _ = self.commands.try_send(Command::End);
    }

    /// Whether it was asked to end, and then whether at once.
    pub(crate) fn asked_to_stop(&self) -> Option<bool> {
        *self.asked.borrow()
    }

    /// Waits until it is asked to end at once.
    pub(crate) async fn asked_to_stop_at_once(&self) {
        let mut asked = self.asked.subscribe();
        // The sender lives as long as this.
        let _ = asked.wait_for(|asked| *asked == Some(true)).await;
    }

    /// No child is left.
    pub(crate) fn has_stopped(&self) {
        self.actors().clear();
        self.stopped.send_replace(true);
    }

    /// Waits until no child is left.
    pub(crate) async fn stopped(&self) {
        let mut stopped = self.stopped.subscribe();
        // The sender lives as long as this.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }

    pub(crate) fn has_ended(&self, reason: ExitReason) {
        self.ended.send_replace(Some(reason));
    }

    /// Nobody runs it any more: unless it has ended before, it has now.
    pub(crate) fn is_gone(&self) {
        self.actors().clear();
        self.stopped.send_replace(true);
        self.ended.send_if_modified(|ended| {
            let is_first = ended.is_none();
            ended.get_or_insert_with(|| ExitReason::new(Exit::Shutdown, "its node has ended"));
            is_first
        });
    }

    pub(crate) fn ended(&self) -> watch::Receiver<Option<ExitReason>> {
        self.ended.subscribe()
    }

    pub(crate) fn actors(&self) -> MutexGuard<'_, HashMap<Arc<str>, Box<dyn Any + Send + Sync>>> {
        self.actors.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
