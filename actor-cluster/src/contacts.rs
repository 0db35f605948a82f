//! The addresses that a user has named to join at.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actor_core::NodeId;
use actor_transport::{
    Address,
    cluster::{Discovery, Host},
};
use tokio::{sync::mpsc, time::timeout};

/// The pause after the first attempt, doubled for each further one while the node is alone.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// The same for a contact that has not answered while others have, and for those that have when all others are lost.
const PAUSE_OF_A_MEMBER: Duration = Duration::from_secs(2);

/// How often a discovery is asked while the node is alone, and later.
const DISCOVERY_PAUSE: Duration = Duration::from_secs(1);
const DISCOVERY_PAUSE_OF_A_MEMBER: Duration = Duration::from_secs(30);
/// Addresses that are tried of what a discovery has found.
const DISCOVERED_MAX: usize = 64;

/// Tries each contact until it has answered, and again when the node is alone.
pub(crate) struct Contacts {
    answers: mpsc::Receiver<NodeId>,
    is_alone: Arc<AtomicBool>,
}

impl Contacts {
    pub(crate) fn new(host: &Host, pause_max: Duration) -> Self {
        let (sender, answers) = mpsc::channel(64);
        let is_alone = Arc::new(AtomicBool::new(true));
        for contact in host.contacts() {
            host.spawn(try_contact(host.clone(), contact.clone(), pause_max, sender.clone(), is_alone.clone()));
        }
        for discovery in host.discoveries() {
            host.spawn(discover(host.clone(), discovery.clone(), sender.clone(), is_alone.clone()));
        }
        Self { answers, is_alone }
    }

    /// Whether no other member is known.
    pub(crate) fn set_alone(&self, is_alone: bool) {
        self.is_alone.store(is_alone, Ordering::Relaxed);
    }

    /// The next contact that has answered.
    pub(crate) async fn answer(&mut self) -> NodeId {
        match self.answers.recv().await {
            Some(node) => node,
            None => std::future::pending().await,
        }
    }
}

async fn try_contact(
    host: Host,
    contact: Address,
    pause_max: Duration,
    answers: mpsc::Sender<NodeId>,
    is_alone: Arc<AtomicBool>,
) {
    if host.own().addresses().contains(&contact) {
        return;
    }
    let mut has_answered = false;
    let mut pause = PAUSE_MIN;
    loop {
        if !has_answered || is_alone.load(Ordering::Relaxed) {
            match host.connect(&contact).await {
                Ok(node) => {
                    has_answered = true;
                    if answers.send(node).await.is_err() {
                        return;
                    }
                }
                Err(error) => tracing::debug!(%contact, %error, "a contact has not answered"),
            }
        }
        let is_hurried = !has_answered && is_alone.load(Ordering::Relaxed);
        pause = if is_hurried { (pause * 2).min(pause_max) } else { PAUSE_OF_A_MEMBER };
        // Until the node has ended, or left.
        if timeout(pause, answers.closed()).await.is_ok() {
            return;
        }
    }
}

/// Tries what a discovery finds, all of it at once.
async fn discover(host: Host, discovery: Arc<dyn Discovery>, answers: mpsc::Sender<NodeId>, is_alone: Arc<AtomicBool>) {
    loop {
        match discovery.addresses().await {
            Ok(addresses) => {
                for address in addresses.into_iter().take(DISCOVERED_MAX) {
                    let (host, answers) = (host.clone(), answers.clone());
                    host.clone().spawn(async move {
                        if let Ok(node) = host.connect(&address).await {
                            let _ = answers.send(node).await;
                        }
                    });
                }
            }
            Err(error) => tracing::debug!(%error, "nothing was discovered"),
        }
        let is_alone = is_alone.load(Ordering::Relaxed);
        let pause = if is_alone { DISCOVERY_PAUSE } else { DISCOVERY_PAUSE_OF_A_MEMBER };
        if timeout(pause, answers.closed()).await.is_ok() {
            return;
        }
    }
}
