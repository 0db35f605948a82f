//! How much of large messages is on its way (`docs/protocol.md`, section 6).
//!
//! What has been sent cannot be overtaken any more: a small message waits behind all bytes that lie in the buffers below.
//! So the sender keeps that little, and the receiver says what has arrived.

use std::time::{Duration, Instant};

/// What may be on its way while the round trip is measured, in bytes. Else twice or half as much is the least.
const WINDOW_MIN: u64 = 128 * 1024;
/// And in chunks: two for each piece of news of their arrival, as many to go on with meanwhile.
const CHUNKS_MIN: u64 = 4;
/// How often that may be on its way where no small message has passed for a while, which would have to wait for it. With
/// twice as much, messages of 64 KiB and 1 MiB go 1.7 times as fast over the loopback interface.
const ALONE: u64 = 2;
/// Which part of it may be where one has, on a path that carries no more: twice what the receiver tells of at once. Beside
/// transfers of 16 MiB, small calls took half as long then.
const SHARED: u64 = 2;
/// For how long one that has passed counts.
const SHARE_AGE: Duration = Duration::from_secs(1);
/// A round trip is measured when nothing is on its way, but no sooner after the last one: it costs a long path a pause.
const SAMPLE_AGE: Duration = Duration::from_secs(1);
/// Where there is never nothing on its way, the sender waits for that after such a time.
const DRAIN_AGE: Duration = Duration::from_secs(10);

/// The length that those of the window are parts or multiples of, and how much has to arrive before the sender is told,
/// which both sides know.
#[derive(Debug, Clone, Copy, Default)]
struct Bounds {
    least: u64,
    news: u64,
}

impl Bounds {
    fn new(chunk: u32) -> Self {
        let least = WINDOW_MIN.max(u64::from(chunk).saturating_mul(CHUNKS_MIN));
        Self { least, news: least / 4 }
    }
}

/// The sender's side.
///
/// The window follows what the path carries: twice what arrives in the time that a piece takes there and back when
/// nothing is before it. So there is always something to send, and what is sent waits for about as long as it travels.
/// Measured in rounds, each from the sending of a chunk to the news that it has arrived.
#[derive(Debug, Default)]
pub(crate) struct WindowOut {
    bounds: Bounds,
    /// What the receiver has room for.
    most: u64,
    length: u64,
    /// All bytes so far, and those of which the receiver has told.
    sent: u64,
    arrived: u64,
    /// The round trip is being measured: so many will have arrived, and when the last of them was sent.
    measured: Option<(u64, Instant)>,
    /// How long it took, or a later round that took less; and when it was measured.
    round_trip: Option<(Duration, Instant)>,
    round: Option<Round>,
    /// Nothing is sent until nothing is on its way.
    drains: bool,
    /// Until when small messages are expected to pass.
    shared: Option<Instant>,
    /// When something was sent or arrived last.
    moved: Option<Instant>,
}

#[derive(Debug)]
struct Round {
    began: Instant,
    arrived_before: u64,
    /// It ends when so much has arrived.
    ends: u64,
    /// Something may have waited for the window.
    was_full: bool,
}

impl WindowOut {
    /// `most` is what the receiver has room for.
    pub(crate) fn new(chunk: u32, most: u64) -> Self {
        let bounds = Bounds::new(chunk);
        Self { bounds, most: most.max(bounds.least), length: bounds.least, ..Self::default() }
    }

    fn on_its_way(&self) -> u64 {
        self.sent.saturating_sub(self.arrived)
    }

    /// Less is left than what the receiver tells of.
    fn is_empty(&self) -> bool {
        self.on_its_way() < self.bounds.news
    }

    /// Whether another chunk may be sent.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        // While the round trip is measured the sender must not be busy with more: with the whole window on its way, a
        // measured 20 us became 400.
        let length = match (self.measured, self.shared) {
            (Some(_), _) => self.bounds.least,
            (None, Some(_)) if self.length <= self.bounds.least => self.bounds.least / SHARED,
            (None, Some(_)) => self.length,
            (None, None) => self.length.max(self.bounds.least.saturating_mul(ALONE)).min(self.most),
        };
        !self.drains && self.on_its_way() < length
    }

    /// A small message passes what waits.
    pub(crate) fn share(&mut self, now: Instant) {
        self.shared = now.checked_add(SHARE_AGE);
    }

    /// Since when nothing has been sent nor has arrived.
    pub(crate) fn still_since(&self) -> Option<Instant> {
        self.moved
    }

    /// A part of a message in chunks leaves.
    pub(crate) fn send(&mut self, now: Instant, length: usize) {
        self.moved = Some(now);
        self.shared = self.shared.filter(|until| *until > now);
        let was_empty = self.is_empty();
        self.sent = self.sent.saturating_add(length as u64);
        if was_empty && !self.is_empty() {
            let age = self.round_trip.map(|(_, at)| now.saturating_duration_since(at));
            if age.is_none_or(|age| age >= SAMPLE_AGE) {
                self.measured = Some((self.sent, now));
            }
            self.round = None;
        }
        let (sent, arrived_before) = (self.sent, self.arrived);
        let round = self.round.get_or_insert(Round { began: now, arrived_before, ends: sent, was_full: false });
        round.was_full |= sent.saturating_sub(arrived_before) >= self.length;
    }

    /// The receiver has so much more; false if that was not sent.
    pub(crate) fn arrive(&mut self, now: Instant, length: u64) -> bool {
        if length > self.on_its_way() {
            return false;
        }
        self.moved = Some(now);
        self.arrived = self.arrived.saturating_add(length);
        if let Some((_, sent)) = self.measured.take_if(|(until, _)| *until <= self.arrived) {
            self.round_trip = Some((now.saturating_duration_since(sent), now));
        }
        if let Some(round) = self.round.take_if(|round| round.ends <= self.arrived) {
            self.end_round(now, &round);
        }
        self.drains &= !self.is_empty();
        true
    }

    fn end_round(&mut self, now: Instant, round: &Round) {
        let Some((known, sampled)) = self.round_trip else { return };
        let elapsed = now.saturating_duration_since(round.began);
        let round_trip = known.min(elapsed);
        self.round_trip = Some((round_trip, sampled));
        if round.was_full {
            let arrived = u128::from(self.arrived.saturating_sub(round.arrived_before));
            let carried = arrived.saturating_mul(round_trip.as_nanos()).checked_div(elapsed.as_nanos());
            let wanted = u64::try_from(carried.unwrap_or_default()).unwrap_or(u64::MAX).saturating_mul(2);
            self.length = wanted.clamp(self.bounds.least, self.most);
        }
        self.drains = now.saturating_duration_since(sampled) >= DRAIN_AGE;
    }
}

/// The receiver's side.
#[derive(Debug, Default)]
pub(crate) struct WindowIn {
    bounds: Bounds,
    /// Arrived, and the sender does not know.
    arrived: u64,
    /// It wants to know at once.
    is_urgent: bool,
}

impl WindowIn {
    pub(crate) fn new(chunk: u32) -> Self {
        Self { bounds: Bounds::new(chunk), arrived: 0, is_urgent: false }
    }

    #[inline]
    pub(crate) fn arrive(&mut self, length: usize) {
        self.arrived = self.arrived.saturating_add(length as u64);
    }

    /// The sender waits for the news of what has arrived so far.
    pub(crate) fn hurry(&mut self) {
        self.is_urgent = true;
    }

    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.arrived > 0 && (self.arrived >= self.bounds.news || self.is_urgent)
    }

    /// What the sender is to be told.
    pub(crate) fn take(&mut self) -> u64 {
        self.is_urgent = false;
        std::mem::take(&mut self.arrived)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::arithmetic_side_effects)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    const CHUNK: u32 = 16 * 1024;
    const MOST: u64 = 8 * 1024 * 1024;

    /// A sender that has always something to send, and a path of so many bytes a second, so long there and back.
    struct Sending {
        window: WindowOut,
        receiver: WindowIn,
        now: Instant,
        rate: u64,
        round_trip: Duration,
        /// When the path has taken in what was sent.
        free: Instant,
        news: VecDeque<(Instant, u64)>,
    }

    impl Sending {
        fn new(rate: u64, round_trip: Duration) -> Self {
            let (window, receiver) = (WindowOut::new(CHUNK, MOST), WindowIn::new(CHUNK));
            let now = Instant::now();
            Self { window, receiver, now, rate, round_trip, free: now, news: VecDeque::new() }
        }

        /// Returns the bytes that arrive in so many seconds.
        fn run(&mut self, seconds: u64) -> u64 {
            let each = Duration::from_nanos(u64::from(CHUNK) * 1_000_000_000 / self.rate);
            let (end, mut bytes) = (self.now + Duration::from_secs(seconds), 0);
            while self.now < end {
                while self.window.is_open() {
                    self.window.send(self.now, CHUNK as usize);
                    self.free = self.free.max(self.now) + each;
                    self.receiver.arrive(CHUNK as usize);
                    if self.receiver.is_due() {
                        self.news.push_back((self.free + self.round_trip, self.receiver.take()));
                    }
                }
                let (at, arrived) = self.news.pop_front().expect("a closed window, and nothing that would open it");
                self.now = at;
                bytes += arrived;
                assert!(self.window.arrive(at, arrived));
            }
            bytes
        }
    }

    #[test]
    fn a_long_path_is_filled_after_a_few_rounds() {
        let mut sending = Sending::new(50_000_000, Duration::from_millis(50));
        sending.run(1);
        let bytes = sending.run(5);
        assert!(bytes > 225_000_000, "{bytes} of 250,000,000");
        let length = sending.window.length;
        assert!(length < 6_000_000, "about twice of what the path carries, 2,500,000, and not {length}");
    }

    #[test]
    fn a_short_path_is_filled_with_little_that_waits_in_it() {
        let mut sending = Sending::new(1_000_000_000, Duration::from_micros(20));
        let bytes = sending.run(1);
        assert!(bytes > 980_000_000, "{bytes} of 1,000,000,000");
        assert!(sending.window.length < 256 * 1024, "{}", sending.window.length);
    }

    /// Nothing ever finds it empty by itself.
    #[test]
    fn a_path_that_becomes_longer_under_load_is_filled_again() {
        let mut sending = Sending::new(50_000_000, Duration::from_millis(1));
        assert!(sending.run(5) > 240_000_000);
        sending.round_trip = Duration::from_millis(50);
        sending.run(60);
        let bytes = sending.run(10);
        assert!(bytes > 450_000_000, "{bytes} of 500,000,000, with {:?}", sending.window);
    }

    /// Of what comes after nothing: as much as the receiver tells of, so that its news is of that alone.
    #[test]
    fn a_round_trip_is_measured_from_the_first_chunk_that_the_receiver_tells_of() {
        let (mut window, now) = (WindowOut::new(CHUNK, MOST), Instant::now());
        let sent = |window: &WindowOut| window.measured.map(|(until, _)| until);
        window.send(now, CHUNK as usize);
        assert_eq!(sent(&window), None);
        window.send(now, CHUNK as usize);
        assert_eq!(sent(&window), Some(2 * u64::from(CHUNK)));
        window.send(now, CHUNK as usize);
        assert_eq!(sent(&window), Some(2 * u64::from(CHUNK)));
        assert!(window.arrive(now + Duration::from_millis(1), 3 * u64::from(CHUNK)));
        assert_eq!(window.round_trip.map(|(time, _)| time), Some(Duration::from_millis(1)));
        // It is known for a while.
        window.send(now + Duration::from_millis(2), 2 * CHUNK as usize);
        assert_eq!(sent(&window), None);
    }

    #[test]
    fn a_round_tells_how_long_the_window_should_be_only_if_something_may_have_waited_for_it() {
        let mut window = WindowOut::new(CHUNK, MOST);
        let was_full = |window: &WindowOut| window.round.as_ref().map(|round| round.was_full);
        for sent in 1..=8 {
            assert!(window.is_open());
            window.send(Instant::now(), CHUNK as usize);
            assert_eq!(was_full(&window), Some(sent == 8));
        }
        assert!(!window.is_open());
    }

    #[test]
    fn more_may_be_on_its_way_until_a_small_message_passes_and_a_while_later_again() {
        let (mut window, now) = (WindowOut::new(CHUNK, MOST), Instant::now());
        let fill = |window: &mut WindowOut, now: Instant| {
            let mut sent = 0;
            while window.is_open() {
                window.send(now, CHUNK as usize);
                sent += u64::from(CHUNK);
            }
            assert!(window.arrive(now, sent));
            sent
        };
        // While the round trip is measured.
        assert_eq!(fill(&mut window, now), WINDOW_MIN);
        assert_eq!(fill(&mut window, now), ALONE * WINDOW_MIN);
        window.share(now);
        assert_eq!(fill(&mut window, now), WINDOW_MIN / SHARED);
        let longer = WINDOW_MIN + u64::from(CHUNK);
        window.length = longer;
        assert_eq!(fill(&mut window, now), longer);
        // It is measured again first.
        assert_eq!(fill(&mut window, now + SHARE_AGE), WINDOW_MIN);
        assert_eq!(fill(&mut window, now + SHARE_AGE), ALONE * WINDOW_MIN);
        // Never more than the receiver has room for.
        let mut narrow = WindowOut::new(CHUNK, WINDOW_MIN + 1);
        assert_eq!(fill(&mut narrow, now), WINDOW_MIN);
        assert_eq!(fill(&mut narrow, now), WINDOW_MIN + u64::from(CHUNK));
    }

    #[test]
    fn no_more_arrives_than_was_sent() {
        let mut window = WindowOut::new(CHUNK, MOST);
        let now = Instant::now();
        assert!(!window.arrive(now, 1));
        window.send(now, 10);
        assert!(!window.arrive(now, 11));
        assert!(window.arrive(now, 10) && !window.arrive(now, 1));
    }

    #[test]
    fn the_window_is_never_closed_by_what_the_receiver_does_not_tell_of() {
        for chunk in [1, 1024, 16 * 1024, 1 << 20] {
            let (mut window, now) = (WindowOut::new(chunk, 0), Instant::now());
            window.share(now);
            window.round_trip = Some((Duration::ZERO, now));
            let untold = window.bounds.news - 1;
            window.send(now, usize::try_from(untold).expect("some MiB"));
            assert!(window.measured.is_none() && window.is_open());
        }
    }

    #[test]
    fn the_window_has_room_for_four_chunks_however_long_they_are() {
        for chunk in [1, 1024, 16 * 1024, 1 << 20] {
            let (mut window, mut receiver) = (WindowOut::new(chunk, 0), WindowIn::new(chunk));
            let mut sent = 0;
            while window.is_open() {
                window.send(Instant::now(), chunk as usize);
                receiver.arrive(chunk as usize);
                sent += 1;
            }
            assert!(sent >= 4 && receiver.is_due());
        }
    }
}
