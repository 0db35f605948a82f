//! The protocol, without input, output and clock: `foca`, and what it leaves to its users.
//!
//! That is: timers; suspicion that takes longer on a node that is slow itself (Lifeguard); a suspicion that is shown only
//! when its suspect has let most of its time pass, and told to the suspect; a verdict of one's own on suspects whose accuser
//! is away; the reasons of departures; words to the dead, who may be back; and a comparison of what two members know.

use std::{
    collections::{BTreeMap, VecDeque},
    num::{NonZeroU8, NonZeroUsize},
    sync::Arc,
    time::{Duration, Instant},
};

use actor_core::NodeId;
use actor_transport::cluster::MemberState;
use foca::{
    AccumulatingRuntime, Config, Foca, Member, NoCustomBroadcast, OwnedNotification, PeriodicParams, PostcardCodec,
    State, Timer,
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

use crate::{
    digest::{self, Hashes},
    identity::{About, Identity},
    packet::{Full, Packet},
    times::Times,
    wire::Message,
};

/// How often a suspect is told so.
const DOUBT_PERIOD: Duration = Duration::from_secs(1);
/// A suspect is dead for every member that has suspected it for so much longer than it takes.
const OVERDUE: Duration = Duration::from_secs(2);
/// How soon after the start it is compared with others whether both know the same ones; and twice as late each time, up
/// to the period that was asked for.
const COMPARE_PERIOD_MIN: Duration = Duration::from_millis(500);
/// With how many others, until it is done so rarely.
const EARLY_COMPARISONS: usize = 3;
/// How many of the dead are written to at a time.
const RECONTACTS: usize = 3;
/// With each further so many members it is done so much less often.
const RECONTACTING: u32 = 16;
/// The dead that are written to, and those of whom it is remembered why they are gone.
const LOST_MAX: usize = 1024;
const DEPARTED_MAX: usize = 256;
/// Who was asked for so long ago, and is not known yet, is asked for again.
const WANT_TIME: Duration = Duration::from_secs(1);
/// How often it is looked who is suspected.
const LOOK_PERIOD: Duration = Duration::from_millis(250);
/// A timer that is late by more says that this node has not run.
const LATE: Duration = Duration::from_millis(250);
/// A slow node that was on time for so long is less slow.
const RECOVERY: Duration = Duration::from_secs(10);

/// Bytes of a message: some 80 members.
pub(crate) const PACKET_LENGTH: usize = 8 * 1024;

type Runtime = AccumulatingRuntime<Identity>;

/// One member's part of the protocol.
pub(crate) struct Swim {
    foca: Foca<Identity, PostcardCodec, SmallRng, NoCustomBroadcast>,
    times: Times,
    packet_length: usize,
    random: SmallRng,
    compare_pause: Duration,
    runtime: Runtime,
    timers: BTreeMap<(Instant, u64), Event>,
    timers_made: u64,
    sends: VecDeque<(Identity, Message)>,
    /// How slow this node is itself; its suspicions take so many times longer, and once.
    slowness: u32,
    on_time_since: Instant,
    /// For how many members foca was set up.
    size: usize,
    suspects: BTreeMap<NodeId, Suspicion>,
    /// Nodes that were asked for, since there is news of them, and when.
    wanted: BTreeMap<NodeId, Instant>,
    /// Who was declared dead, and may be alive all the same.
    lost: BTreeMap<NodeId, Identity>,
    /// Who of them was written to last.
    recontacted: NodeId,
    /// Why nodes are gone that did not simply die.
    gone: BTreeMap<NodeId, MemberState>,
    departed: VecDeque<(Identity, MemberState)>,
    joined: Vec<Identity>,
    changed: bool,
}

/// Since when a member is suspected, of what, and when it was told.
#[derive(Clone, Copy)]
struct Suspicion {
    incarnation: u16,
    since: Instant,
    told: Instant,
}

enum Event {
    Foca(Timer<Identity>),
    Look,
    Recontact,
    Compare,
}

impl Swim {
    pub(crate) fn new(own: Identity, times: Times, packet_length: usize, now: Instant) -> Self {
        let bits = own.node.to_bits();
        let seed = (bits >> 64) as u64 ^ bits as u64;
        let mut swim = Self {
            times: times.clone(),
            foca: Foca::new(own, config(&times, 1, 0, packet_length), SmallRng::seed_from_u64(seed), PostcardCodec),
            packet_length,
            random: SmallRng::seed_from_u64(!seed),
            compare_pause: COMPARE_PERIOD_MIN,
            runtime: Runtime::new(),
            timers: BTreeMap::new(),
            timers_made: 0,
            sends: VecDeque::new(),
            slowness: 0,
            on_time_since: now,
            size: 1,
            suspects: BTreeMap::new(),
            wanted: BTreeMap::new(),
            lost: BTreeMap::new(),
            recontacted: NodeId::from_bits(0),
            gone: BTreeMap::new(),
            departed: VecDeque::new(),
            joined: Vec::new(),
            changed: true,
        };
        swim.schedule(now + LOOK_PERIOD, Event::Look);
        swim.schedule(now + times.recontact_period, Event::Recontact);
        swim.schedule(now + COMPARE_PERIOD_MIN, Event::Compare);
        swim
    }

    /// A message of another member.
    pub(crate) fn receive(&mut self, now: Instant, from: NodeId, message: Message) {
        if self.gone.contains_key(&from) {
            return;
        }
        match message {
            Message::Swim(packet) => self.receive_packet(now, from, packet),
            Message::Doubt { life, incarnation } => self.doubted(now, life, incarnation),
            Message::Compare(hashes) => self.send_roster(from, &hashes),
            Message::Roster(members) => {
                let news = members.into_iter().filter(|(identity, _)| !self.gone.contains_key(&identity.node));
                // What this node has asked for is news, and is passed on; the others know of the rest.
                let (wanted, known): (Vec<_>, Vec<_>) = news
                    .map(|(identity, incarnation)| Member::new(identity, incarnation, State::Alive))
                    .partition(|member| self.wanted.remove(&member.id().node).is_some());
                for (members, is_passed_on) in [(wanted, true), (known, false)] {
                    let applied = self.foca.apply_many(members.into_iter(), is_passed_on, &mut self.runtime);
                    self.settle(now, applied);
                }
            }
            Message::Want(nodes) => self.send_members(from, |identity| nodes.contains(&identity.node)),
            Message::Leave => self.depart(now, from, MemberState::Left),
            Message::Nothing | Message::Registry(_) => {}
        }
    }

    fn receive_packet(&mut self, now: Instant, from: NodeId, packet: Packet) {
        let own = self.foca.identity();
        let (own_node, own_about) = (own.node, &own.about);
        let known = |node: NodeId| -> Option<Arc<About>> {
            if node == own_node {
                return Some(own_about.clone());
            }
            let mut all = self.foca.iter_membership_state().map(Member::id);
            all.find(|identity| identity.node == node).map(|identity| identity.about.clone())
        };
        match packet.full(from, own_node, known) {
            Some(Full { data, unknown }) => {
                let handled = self.foca.handle_data(&data, &mut self.runtime);
                self.settle(now, handled);
                self.want(now, from, unknown);
            }
            None => self.want(now, from, vec![from]),
        }
    }

    /// Asks another member who they are.
    fn want(&mut self, now: Instant, from: NodeId, mut nodes: Vec<NodeId>) {
        nodes.retain(|node| {
            let is_new = !self.wanted.contains_key(node) && self.wanted.len() < LOST_MAX;
            is_new && self.wanted.insert(*node, now).is_none()
        });
        if !nodes.is_empty() {
            self.sends.push_back((Identity::unknown(from), Message::Want(nodes)));
        }
    }

    /// Another member suspects this one, which objects.
    fn doubted(&mut self, now: Instant, life: u32, incarnation: u16) {
        let own = self.foca.identity().clone();
        if own.life == life {
            let doubt = std::iter::once(Member::new(own, incarnation, State::Suspect));
            let objected = self.foca.apply_many(doubt, false, &mut self.runtime);
            self.settle(now, objected);
        }
    }

    /// Asks a node, which may be a stranger, for all that it knows.
    pub(crate) fn announce(&mut self, now: Instant, to: NodeId) {
        let announced = self.foca.announce(Identity::unknown(to), &mut self.runtime);
        self.settle(now, announced);
        self.compare_with(Identity::unknown(to));
    }

    /// A node is gone for certain: it has left, or another incarnation has taken its place.
    pub(crate) fn depart(&mut self, now: Instant, node: NodeId, why: MemberState) {
        if self.gone.len() >= LOST_MAX {
            self.gone.pop_first();
        }
        self.gone.insert(node, why);
        self.lost.remove(&node);
        let Some(identity) = self.find(node) else {
            // Others may have been faster to tell that it is gone than this node to learn why.
            if let Some((_, known)) = self.departed.iter_mut().rfind(|(identity, _)| identity.node == node) {
                self.changed |= *known != why;
                *known = why;
            }
            return;
        };
        let down = std::iter::once(Member::down(identity));
        let applied = self.foca.apply_many(down, true, &mut self.runtime);
        self.settle(now, applied);
    }

    /// The last words of this node.
    pub(crate) fn leave(&mut self, now: Instant) {
        let left = self.foca.leave_cluster(&mut self.runtime);
        self.settle(now, left);
    }

    /// When [`tick`](Self::tick) is due.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.timers.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn tick(&mut self, now: Instant) {
        if let Some(due) = self.next_timeout()
            && now.saturating_duration_since(due) > LATE
        {
            // What others did meanwhile could not be seen: the time did not pass for this node.
            let late = now.saturating_duration_since(due);
            self.timers = std::mem::take(&mut self.timers)
                .into_iter()
                .map(|((at, number), event)| ((at + late, number), event))
                .collect();
            for suspicion in self.suspects.values_mut() {
                suspicion.since += late;
            }
            self.slowness = (self.slowness + 1).min(self.times.slowness_max);
            self.on_time_since = now;
            self.configure();
        }
        while let Some(entry) = self.timers.first_entry()
            && entry.key().0 <= now
        {
            match entry.remove() {
                Event::Foca(timer) => {
                    let handled = self.foca.handle_timer(timer, &mut self.runtime);
                    self.settle(now, handled);
                }
                Event::Look => {
                    self.look(now);
                    self.schedule(now + LOOK_PERIOD, Event::Look);
                }
                Event::Compare => {
                    // Who has just joined at a crowded place may have missed many.
                    let count = if self.compare_pause < self.times.compare_period { EARLY_COMPARISONS } else { 1 };
                    for _ in 0..count {
                        self.compare_with_any();
                    }
                    self.compare_pause = (self.compare_pause * 2).min(self.times.compare_period);
                    self.schedule(now + self.compare_pause, Event::Compare);
                }
                Event::Recontact => {
                    self.recontact(now);
                    // All of them together do not write more for being more.
                    let others = u32::try_from(self.size()).unwrap_or(u32::MAX);
                    self.schedule(now + self.times.recontact_period * (1 + others / RECONTACTING), Event::Recontact);
                }
            }
        }
    }

    /// What is to be sent.
    pub(crate) fn poll_send(&mut self) -> Option<(Identity, Message)> {
        self.sends.pop_front()
    }

    /// Whether the members or their states have changed since this was asked.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Who has joined since this was asked.
    pub(crate) fn take_joined(&mut self) -> Vec<Identity> {
        std::mem::take(&mut self.joined)
    }

    /// The other members, and whether they are suspected.
    pub(crate) fn members(&self, now: Instant) -> impl Iterator<Item = (&Identity, bool)> {
        self.foca.iter_members().map(move |member| {
            let suspicion = self.suspects.get(&member.id().node);
            let is_shown =
                |suspicion: &Suspicion| now.saturating_duration_since(suspicion.since) >= self.times.shown_after;
            (member.id(), suspicion.is_some_and(is_shown))
        })
    }

    pub(crate) fn size(&self) -> usize {
        self.foca.num_members()
    }

    pub(crate) fn is_member(&self, node: NodeId) -> bool {
        self.foca.iter_members().any(|member| member.id().node == node)
    }

    /// Who was a member, the latest at the end.
    pub(crate) fn departed(&self) -> impl Iterator<Item = &(Identity, MemberState)> {
        self.departed.iter()
    }

    fn find(&self, node: NodeId) -> Option<Identity> {
        self.foca.iter_members().map(Member::id).find(|identity| identity.node == node).cloned()
    }

    fn schedule(&mut self, at: Instant, event: Event) {
        self.timers_made += 1;
        self.timers.insert((at, self.timers_made), event);
    }

    /// Takes what an operation has come to.
    fn settle(&mut self, now: Instant, result: Result<(), foca::Error>) {
        if let Err(error) = result {
            tracing::debug!(%error, "a message or a timer of the cluster came to nothing");
        }
        while let Some((after, timer)) = self.runtime.to_schedule() {
            self.schedule(now + after, Event::Foca(timer));
        }
        let mut has_renewed = false;
        while let Some(notification) = self.runtime.to_notify() {
            match notification {
                OwnedNotification::MemberUp(identity) => {
                    if self.lost.remove(&identity.node).is_some() {
                        // It may know others that are back.
                        self.compare_with(identity.clone());
                    }
                    self.joined.push(identity);
                    self.changed = true;
                }
                OwnedNotification::MemberDown(identity) => self.down(identity),
                OwnedNotification::Rejoin(_) => has_renewed = true,
                _ => {}
            }
        }
        while let Some((to, packet)) = self.runtime.to_send() {
            if let Some(packet) = Packet::short(&packet) {
                self.sends.push_back((to, Message::Swim(packet)));
            }
        }
        if self.size != self.size() {
            self.configure();
        }
        if has_renewed {
            self.recontact(now);
        }
    }

    fn compare_with_any(&mut self) {
        let others = self.foca.num_members();
        let any = (others > 0).then(|| self.random.random_range(0..others));
        if let Some(other) = any.and_then(|any| self.foca.iter_members().nth(any)) {
            let other = other.id().clone();
            self.compare_with(other);
        }
    }

    /// Has the other one send those members that may not be known here.
    fn compare_with(&mut self, other: Identity) {
        let hashes = self.hashes();
        self.sends.push_back((other, Message::Compare(Box::new(hashes))));
    }

    /// Of each part of the members, equal for two nodes that know the same ones.
    fn hashes(&self) -> Hashes {
        let all = self.foca.iter_members().map(Member::id).chain([self.foca.identity()]);
        digest::hashes(all.map(|identity| (identity.node, u64::from(identity.life))))
    }

    /// Sends the members of those parts that are not the same.
    fn send_roster(&mut self, to: NodeId, hashes: &Hashes) {
        let own = self.hashes();
        self.send_members(to, |identity| {
            let part = digest::part(identity.node);
            own.get(part) != hashes.get(part)
        });
    }

    /// Sends the members that are chosen, this one among them, some in each message.
    fn send_members(&mut self, to: NodeId, chosen: impl Fn(&Identity) -> bool) {
        let mut members: Vec<_> =
            self.foca.iter_members().map(|member| (member.id().clone(), member.incarnation())).collect();
        members.push((self.foca.identity().clone(), 0));
        let (mut piece, mut length) = (Vec::new(), 0);
        let mut pieces = Vec::new();
        for member in members.into_iter().filter(|(identity, _)| identity.node != to && chosen(identity)) {
            length += member.0.length();
            piece.push(member);
            if length > self.packet_length / 2 {
                pieces.push(std::mem::take(&mut piece));
                length = 0;
            }
        }
        pieces.push(piece);
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            self.sends.push_back((Identity::unknown(to), Message::Roster(piece)));
        }
    }

    fn down(&mut self, identity: Identity) {
        let why = self.gone.get(&identity.node).copied().unwrap_or(MemberState::Dead);
        if why == MemberState::Dead {
            if self.lost.len() >= LOST_MAX {
                self.lost.pop_first();
            }
            self.lost.insert(identity.node, identity.clone());
        }
        self.suspects.remove(&identity.node);
        if self.departed.len() >= DEPARTED_MAX {
            self.departed.pop_front();
        }
        self.departed.push_back((identity, why));
        self.changed = true;
    }

    fn configure(&mut self) {
        self.size = self.size();
        let configured = self.foca.set_config(config(&self.times, self.size + 1, self.slowness, self.packet_length));
        if let Err(error) = configured {
            tracing::debug!(%error, "the protocol could not be set up for another size");
        }
    }

    /// Looks who is suspected, and whether this node is on time again.
    fn look(&mut self, now: Instant) {
        self.wanted.retain(|_, asked| now.saturating_duration_since(*asked) < WANT_TIME);
        let known = std::mem::take(&mut self.suspects);
        let mut overdue = Vec::new();
        for member in self.foca.iter_members().filter(|member| member.state() == State::Suspect) {
            let (identity, incarnation) = (member.id(), member.incarnation());
            let known = known.get(&identity.node).filter(|known| known.incarnation == incarnation).copied();
            let mut suspicion = known.unwrap_or(Suspicion { incarnation, since: now, told: now });
            if now.saturating_duration_since(suspicion.told) >= DOUBT_PERIOD {
                // Gossip may have passed it by; what it does not know it cannot object to.
                suspicion.told = now;
                self.sends.push_back((identity.clone(), Message::Doubt { life: identity.life, incarnation }));
            }
            if now.saturating_duration_since(suspicion.since) >= self.times.suspicion * (self.slowness + 1) + OVERDUE {
                overdue.push(Member::new(identity.clone(), incarnation, State::Down));
            }
            self.suspects.insert(identity.node, suspicion);
        }
        self.changed |= !known.is_empty() || !self.suspects.is_empty();
        // Whoever has suspected them first may have died himself, or have been away.
        let applied = self.foca.apply_many(overdue.into_iter(), true, &mut self.runtime);
        self.settle(now, applied);
        if self.slowness > 0 && now.saturating_duration_since(self.on_time_since) >= RECOVERY {
            self.slowness -= 1;
            self.on_time_since = now;
            self.configure();
        }
    }

    /// Writes to some of the dead, in turn: they may be behind a partition that has ended.
    fn recontact(&mut self, now: Instant) {
        let after = (std::ops::Bound::Excluded(self.recontacted), std::ops::Bound::Unbounded);
        let turn: Vec<_> =
            self.lost.range(after).chain(self.lost.iter()).take(RECONTACTS).map(|(_, lost)| lost.clone()).collect();
        for identity in turn {
            self.recontacted = identity.node;
            let announced = self.foca.announce(identity, &mut self.runtime);
            self.settle(now, announced);
        }
    }
}

#[allow(clippy::expect_used, reason = "the numbers stand here")]
fn config(times: &Times, members: usize, slowness: u32, packet_length: usize) -> Config {
    let number = |number: usize| NonZeroUsize::new(number).expect("not zero");
    // Of `n` members, each of which tells a change `k` others, all but `n / e^k` hear of it.
    let transmissions = 4 + members.ilog2();
    Config {
        probe_period: times.probe_period,
        probe_rtt: times.probe_time,
        num_indirect_probes: number(times.helpers.max(1)),
        max_transmissions: NonZeroU8::new(transmissions as u8).expect("not zero"),
        suspect_to_down_after: times.suspicion * (slowness + 1),
        remove_down_after: Some(times.dead_remembered),
        max_packet_size: number(packet_length.max(512)),
        notify_down_members: true,
        // Ours tell the differences alone, and do it for a member that has lost all others, too.
        periodic_announce: None,
        periodic_announce_to_down_members: None,
        periodic_gossip: Some(PeriodicParams {
            frequency: times.news_period,
            num_members: number(times.news_receivers.max(1)),
        }),
    }
}

#[cfg(test)]
mod churn;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
