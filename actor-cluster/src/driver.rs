//! The task that drives the protocol: gives it messages, time and news of connections, and posts what it makes of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    ops::Bound,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use actor_core::{NodeId, SystemError};
use actor_transport::{
    Address,
    cluster::{Host, Member, MemberState, News},
};
use tokio::time::sleep_until;

use crate::{
    contacts::Contacts,
    identity::{About, Identity},
    registry::{Outgoing, Packet, Shared},
    swim::{PACKET_LENGTH, Swim},
    times::Times,
    wire::Message,
};

/// To how many of the members that cannot be reached it is tried again to connect at once.
const RETRIES: usize = 8;
/// How often it is told how far the registry's entries are, and to how many members.
const SUMMARY_PERIOD: Duration = Duration::from_secs(1);
const SUMMARIES: usize = 2;

pub(crate) struct Driver {
    host: Host,
    contacts: Contacts,
    swim: Swim,
    registry: Arc<Shared>,
    /// When the registry is told next, and who was told last.
    summary_at: Instant,
    told: NodeId,
    /// The members, as users see them but for their states.
    members: BTreeMap<NodeId, (u32, Member)>,
    connected: BTreeSet<NodeId>,
    /// Members that could not be connected to.
    unreachable: BTreeSet<NodeId>,
    /// Who of them was tried last.
    retried: NodeId,
    retry_at: Instant,
    reconnect_period: Duration,
}

/// What there is to do next.
enum Step {
    News(News),
    Contact(NodeId),
    Registry,
    Time,
    End,
}

impl Driver {
    pub(crate) fn new(host: Host, times: Times) -> Self {
        let own = host.own();
        let about = About {
            name: own.name().to_owned(),
            addresses: own.addresses().iter().map(Address::to_string).collect(),
            labels: own.labels().iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        };
        let identity = Identity { node: own.id(), life: 0, about: about.into() };
        // With the byte before it, it has to fit into a chunk.
        let packet_length = PACKET_LENGTH.min((host.limits().chunk_length_max as usize).saturating_sub(1));
        let registry = Arc::new(Shared::new(own.id()));
        let reconnect_period = times.reconnect_period;
        host.lend(registry.clone());
        Self {
            registry,
            summary_at: now(),
            told: NodeId::from_bits(0),
            contacts: Contacts::new(&host, times.contact_pause_max),
            swim: Swim::new(identity, times, packet_length, now()),
            members: BTreeMap::new(),
            connected: BTreeSet::new(),
            unreachable: BTreeSet::new(),
            retried: NodeId::from_bits(0),
            retry_at: now(),
            reconnect_period,
            host,
        }
    }

    /// Until the node has ended or left.
    pub(crate) async fn run(mut self) {
        self.work().await;
        self.registry.end();
    }

    async fn work(&mut self) {
        loop {
            self.flush();
            match self.next().await {
                Step::News(News::Message { from, payload }) => match Message::parse(&payload) {
                    Some(Message::Registry(packet)) => {
                        let members = &self.members;
                        let load = if packet == Packet::AskLoad { self.host.load() } else { 0 };
                        let outgoing =
                            self.registry.receive(from, packet, (now(), load), |node| members.contains_key(&node));
                        self.tell(outgoing);
                    }
                    Some(message) => self.swim.receive(now(), from, message),
                    None => {}
                },
                Step::News(News::Connection { node, lost }) => self.connection(node, lost),
                Step::News(News::Leave) => return self.leave(),
                Step::News(_) | Step::Time => {}
                Step::Contact(node) => self.swim.announce(now(), node),
                Step::Registry => {
                    for watch in self.registry.take_to_watch() {
                        self.host.spawn(watch);
                    }
                    let outgoing = self.registry.take_changes();
                    self.tell(outgoing);
                    self.ask_loads();
                }
                Step::End => return,
            }
            // Also while messages do not end.
            let now = now();
            if self.swim.next_timeout().is_some_and(|due| due <= now) {
                self.swim.tick(now);
            }
            if self.retry_at <= now {
                self.retry_at = now + self.reconnect_period;
                self.retry();
            }
            if self.summary_at <= now {
                self.summary_at = now + SUMMARY_PERIOD;
                self.summarize();
            }
        }
    }

    async fn next(&mut self) -> Step {
        let own = self.retry_at.min(self.summary_at);
        let due = self.swim.next_timeout().map_or(own, |due| due.min(own));
        let (mut news, mut contact) = (pin!(self.host.next()), pin!(self.contacts.answer()));
        let mut registry = pin!(self.registry.to_send());
        let mut time = pin!(sleep_until(due.into()));
        poll_fn(|cx| {
            if let Poll::Ready(news) = news.as_mut().poll(cx) {
                return Poll::Ready(news.map_or(Step::End, Step::News));
            }
            if let Poll::Ready(node) = contact.as_mut().poll(cx) {
                return Poll::Ready(Step::Contact(node));
            }
            if registry.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Step::Registry);
            }
            time.as_mut().poll(cx).map(|()| Step::Time)
        })
        .await
    }

    /// Sends what there is to send, and posts what has changed.
    fn flush(&mut self) {
        let joined = self.swim.take_joined();
        for joined in &joined {
            self.joined(joined);
        }
        while let Some((to, message)) = self.swim.poll_send() {
            if !self.host.is_connected(to.node) {
                self.host.introduce(to.node, &addresses(&to.about));
            }
            self.send(to.node, &message);
        }
        if self.swim.take_changed() {
            self.post();
        }
        for joined in joined {
            let summary = self.registry.summary(self.host.load());
            self.send(joined.node, &Message::Registry(summary));
        }
    }

    /// Asks all for their load, while somebody wants to know; its own this node knows.
    fn ask_loads(&mut self) {
        if self.registry.wants_loads() {
            self.registry.summary(self.host.load());
            self.tell(vec![Outgoing::ToAll(Packet::AskLoad)]);
        }
    }

    /// Tells some members, in turn, how far the entries of all are.
    fn summarize(&mut self) {
        let after = (Bound::Excluded(self.told), Bound::Unbounded);
        let turn = self.members.range(after).chain(&self.members).map(|(node, _)| *node).take(SUMMARIES);
        for node in turn.take(self.members.len()).collect::<Vec<_>>() {
            self.told = node;
            let summary = self.registry.summary(self.host.load());
            self.send(node, &Message::Registry(summary));
        }
        self.ask_loads();
    }

    fn tell(&mut self, outgoing: Vec<Outgoing>) {
        for outgoing in outgoing {
            match outgoing {
                Outgoing::To(node, packet) => self.send(node, &Message::Registry(packet)),
                Outgoing::ToAll(packet) => {
                    let message = Message::Registry(packet);
                    for node in self.members.keys().copied().collect::<Vec<_>>() {
                        self.send(node, &message);
                    }
                }
            }
        }
    }

    fn send(&mut self, node: NodeId, message: &Message) {
        match self.host.send(node, message.encode()) {
            Ok(()) => {}
            Err(SystemError::NodeReplaced { .. }) => self.replaced(node),
            Err(error) => tracing::debug!(%node, %error, "a message to a member could not be sent"),
        }
    }

    fn joined(&mut self, identity: &Identity) {
        let addresses = addresses(&identity.about);
        self.host.introduce(identity.node, &addresses);
        // If it has taken the place of another one, whoever connects to that one learns so. Others may have done that, and
        // have told that it is gone.
        let dead = self.swim.departed().filter(|(_, why)| *why == MemberState::Dead);
        let dead = dead.map(|(identity, _)| (identity.node, self::addresses(&identity.about)));
        let members = self.members.values().map(|(_, member)| (member.id(), member.addresses().to_vec()));
        let replaced: BTreeSet<_> = members
            .chain(dead)
            .filter(|(other, at)| *other != identity.node && at.iter().any(|address| addresses.contains(address)))
            .filter(|(other, _)| !self.connected.contains(other))
            .map(|(other, _)| other)
            .collect();
        for node in replaced {
            self.send(node, &Message::Nothing);
        }
    }

    fn connection(&mut self, node: NodeId, lost: Option<SystemError>) {
        match lost {
            _ if self.host.is_connected(node) => {
                self.connected.insert(node);
                if self.unreachable.remove(&node) {
                    self.post();
                }
            }
            Some(SystemError::NodeReplaced { .. }) => self.replaced(node),
            _ if !self.swim.is_member(node) => {
                self.connected.remove(&node);
            }
            // Whether it can be reached is seen by trying.
            _ if self.connected.remove(&node) => self.send(node, &Message::Nothing),
            _ => {
                self.unreachable.insert(node);
                self.post();
            }
        }
    }

    fn replaced(&mut self, node: NodeId) {
        self.connected.remove(&node);
        self.host.disconnect(node);
        self.swim.depart(now(), node, MemberState::Replaced);
    }

    fn retry(&mut self) {
        let after = (Bound::Excluded(self.retried), Bound::Unbounded);
        let turn: Vec<_> = self.unreachable.range(after).chain(&self.unreachable).copied().take(RETRIES).collect();
        for node in turn {
            self.retried = node;
            self.send(node, &Message::Nothing);
        }
    }

    fn post(&mut self) {
        let now = now();
        let swim = &self.swim;
        self.unreachable.retain(|node| swim.is_member(*node));
        let mut members = BTreeMap::new();
        let mut posted = Vec::with_capacity(swim.size());
        for (identity, is_suspect) in swim.members(now) {
            let known = self.members.remove(&identity.node).filter(|(life, _)| *life == identity.life);
            let (_, member) = known.unwrap_or_else(|| (identity.life, member(identity, MemberState::Alive)));
            let state = if is_suspect {
                MemberState::Suspect
            } else if self.unreachable.contains(&identity.node) {
                MemberState::Unreachable
            } else {
                MemberState::Alive
            };
            posted.push(member.with_state(state));
            members.insert(identity.node, (identity.life, member));
        }
        let gone: Vec<_> = std::mem::replace(&mut self.members, members).into_keys().collect();
        for node in gone.iter().filter(|node| !self.members.contains_key(node)) {
            self.host.forget(*node);
        }
        if !gone.is_empty() {
            let (own, members) = (self.host.own().id(), &self.members);
            self.registry.keep_members(|node| node == own || members.contains_key(&node));
        }
        self.contacts.set_alone(posted.is_empty());
        let departed = swim.departed().map(|(identity, why)| member(identity, *why)).collect();
        self.host.post(posted, departed);
    }

    fn leave(&mut self) {
        // First, so that nobody takes the gossip for news of a death. Also to those that it does not know yet as members.
        let members: BTreeSet<_> = self.members.keys().chain(&self.connected).copied().collect();
        for node in members {
            self.send(node, &Message::Leave);
        }
        self.swim.leave(now());
        while let Some((to, message)) = self.swim.poll_send() {
            self.send(to.node, &message);
        }
        self.host.left();
    }
}

fn member(identity: &Identity, state: MemberState) -> Member {
    let About { name, labels, .. } = &*identity.about;
    Member::new(identity.node, name.clone(), addresses(&identity.about), labels.iter().cloned().collect(), state)
}

fn addresses(about: &About) -> Vec<Address> {
    about.addresses.iter().filter_map(|address| address.parse().ok()).collect()
}

/// The time, virtual in a paused tokio runtime.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
