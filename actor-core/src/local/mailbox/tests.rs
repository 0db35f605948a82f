//! What the mailbox does on one thread; `loom_tests.rs` has what races in it.

use super::*;

impl Queued for u32 {
    fn is_shared(&self) -> bool {
        *self >= SHARED
    }

    fn is_urgent(&self) -> bool {
        self.is_multiple_of(URGENT) && *self > 0
    }
}

/// Multiples of it go ahead.
const URGENT: u32 = 1000;

/// Jobs from this number on may interleave.
const SHARED: u32 = 100;

fn mailbox(capacity: u32) -> Mailbox<&'static str, u32> {
    Mailbox::new("state", capacity)
}

fn push(mailbox: &Mailbox<&'static str, u32>, job: u32) -> Pushed<&'static str, u32> {
    mailbox.push(job, true, None, |_, _| false)
}

#[test]
fn an_idle_actor_hands_its_state_to_the_first_and_queues_the_rest_in_order() {
    let mailbox = mailbox(8);
    assert!(matches!(push(&mailbox, 1), Pushed::Start("state", 1, Verdict::Schedule)));
    assert!(matches!(push(&mailbox, 2), Pushed::Queued(FIRST_TICKET)));
    assert!(matches!(push(&mailbox, 3), Pushed::Queued(ticket) if ticket == FIRST_TICKET + 1));
    assert!(matches!(mailbox.next("state", false), Next::Job("state", 2)));
    assert!(matches!(mailbox.next("state", false), Next::Job("state", 3)));
    assert!(matches!(mailbox.next("state", false), Next::Idle));
}

/// R69
#[test]
fn urgent_jobs_go_ahead_in_their_own_order_and_can_be_withdrawn() {
    let mailbox = mailbox(2);
    let Pushed::Start(state, ..) = push(&mailbox, 0) else { panic!() };
    let (Pushed::Queued(one), Pushed::Queued(_)) = (push(&mailbox, 1), push(&mailbox, 2)) else { panic!() };
    let tickets: Vec<_> = [1000, 2000, 3000]
        .map(|job| match push(&mailbox, job) {
            Pushed::Queued(ticket) => ticket,
            _ => panic!("the actor is busy"),
        })
        .into();
    let waker = Waker::noop();
    // Those that had room wait for it again, but are not withdrawn; urgent ones have no more room than others.
    assert!(
        mailbox.poll_admitted(tickets[1], waker).is_ready() && mailbox.poll_admitted(tickets[2], waker).is_pending()
    );
    assert_eq!(mailbox.withdraw(tickets[0]), Some(1000));
    assert!(mailbox.poll_admitted(tickets[2], waker).is_ready() && mailbox.poll_admitted(one, waker).is_pending());
    assert_eq!(mailbox.withdraw(one), Some(1));
    assert!(matches!(mailbox.next(state, false), Next::Job(_, 2000)));
    assert!(matches!(mailbox.next("state", false), Next::Job(_, 3000)));
    assert!(matches!(push(&mailbox, 4000), Pushed::Queued(_)));
    assert!(matches!(mailbox.next("state", false), Next::Job(_, 4000)));
    assert!(matches!(mailbox.next("state", false), Next::Job(_, 2)));
    assert!(matches!(mailbox.next("state", false), Next::Idle));
}

/// R67
#[test]
fn what_is_beyond_the_capacity_waits_for_room_in_order() {
    let mailbox = mailbox(1);
    let waker = Waker::noop();
    let Pushed::Start(state, ..) = push(&mailbox, 0) else { panic!() };
    assert!(matches!(push(&mailbox, 1), Pushed::Queued(FIRST_TICKET)));
    assert!(matches!(push(&mailbox, 2), Pushed::Queued(ticket) if ticket == FIRST_TICKET + 1));
    assert!(mailbox.poll_admitted(FIRST_TICKET, waker).is_ready());
    assert!(mailbox.poll_admitted(FIRST_TICKET + 1, waker).is_pending());
    assert!(matches!(mailbox.push(3, false, None, |_, _| false), Pushed::Full(3)));
    assert!(matches!(mailbox.next(state, false), Next::Job(_, 1)));
    assert!(mailbox.poll_admitted(FIRST_TICKET + 1, waker).is_ready());
}

#[test]
fn a_withdrawn_job_does_not_run() {
    let mailbox = mailbox(8);
    let Pushed::Start(state, ..) = push(&mailbox, 0) else { panic!() };
    let Pushed::Queued(ticket) = push(&mailbox, 1) else { panic!() };
    assert_eq!(mailbox.withdraw(ticket), Some(1));
    assert_eq!(mailbox.withdraw(ticket), None);
    assert!(matches!(mailbox.next(state, false), Next::Idle));
}

#[derive(Default)]
struct Woken(std::sync::atomic::AtomicUsize);

impl std::task::Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

fn waker() -> (std::sync::Arc<Woken>, Waker) {
    let woken = std::sync::Arc::new(Woken::default());
    (woken.clone(), Waker::from(woken))
}

impl Woken {
    fn take(&self) -> bool {
        self.0.swap(0, std::sync::atomic::Ordering::SeqCst) > 0
    }
}

fn next_shared(mailbox: &Mailbox<&'static str, u32>, pending: usize, waker: &Waker) -> Option<u32> {
    match mailbox.next_shared(pending, waker) {
        NextShared::Job(job) => Some(job),
        NextShared::None => None,
        NextShared::StopNow => panic!("nobody asked for it"),
    }
}

/// R6
#[test]
fn shared_jobs_join_those_that_interleave_as_long_as_no_other_is_before_them() {
    let mailbox = mailbox(3);
    let (woken, waker) = waker();
    let Pushed::Start(state, ..) = push(&mailbox, 100) else { panic!() };
    mailbox.begin_shared(Some(1));
    assert_eq!(next_shared(&mailbox, 1, &waker), None);
    push(&mailbox, 101);
    assert!(woken.take());
    assert_eq!(next_shared(&mailbox, 1, &waker), Some(101));
    // No room for a fourth.
    push(&mailbox, 102);
    assert_eq!(next_shared(&mailbox, 3, &waker), None);
    assert_eq!(next_shared(&mailbox, 2, &waker), Some(102));
    assert_eq!(next_shared(&mailbox, 2, &waker), None);
    assert!(!woken.take());
    let Pushed::Queued(exclusive) = push(&mailbox, 3) else { panic!() };
    push(&mailbox, 103);
    assert!(!woken.take());
    assert_eq!(next_shared(&mailbox, 2, &waker), None);
    assert_eq!(mailbox.withdraw(exclusive), Some(3));
    assert!(woken.take());
    assert_eq!(next_shared(&mailbox, 2, &waker), Some(103));
    push(&mailbox, 4);
    push(&mailbox, 104);
    assert_eq!(next_shared(&mailbox, 0, &waker), None);
    assert_eq!(mailbox.displace(), Some(4));
    assert!(woken.take());
    assert!(matches!(mailbox.next(state, false), Next::Job(_, 104)));
    assert!(matches!(mailbox.next(state, false), Next::Idle));
}

/// R6
#[test]
fn what_descends_from_a_pending_call_goes_ahead_and_only_that() {
    let mailbox = mailbox(1);
    let (woken, waker) = waker();
    let descends_from = |call: u64| move |_: &u32, runs: &dyn Fn(u64) -> bool| runs(call);
    let Pushed::Start(state, ..) = push(&mailbox, 100) else { panic!() };
    for call in [1, 2] {
        mailbox.begin_shared(Some(call));
    }
    push(&mailbox, 1);
    assert_eq!(next_shared(&mailbox, 1, &waker), None);
    assert!(matches!(mailbox.push(2, true, None, descends_from(2)), Pushed::Deadlock(2)));
    assert!(matches!(mailbox.push(101, true, None, descends_from(3)), Pushed::Queued(_)));
    assert!(!woken.take());
    // Full or not.
    assert!(matches!(mailbox.push(102, false, None, descends_from(2)), Pushed::Queued(_)));
    assert!(woken.take());
    let Pushed::Queued(given_up) = mailbox.push(103, false, None, descends_from(1)) else { panic!() };
    assert_eq!(next_shared(&mailbox, 5, &waker), Some(102));
    assert_eq!(mailbox.withdraw(given_up), Some(103));
    mailbox.end_shared(2);
    assert!(matches!(mailbox.push(104, false, None, descends_from(2)), Pushed::Full(104)));
    // Those that are left when all have ended come first.
    assert!(matches!(mailbox.push(105, false, None, descends_from(1)), Pushed::Queued(_)));
    mailbox.end_shared(1);
    assert!(matches!(mailbox.next(state, true), Next::Pause(_)));
    assert!(matches!(mailbox.next(state, false), Next::Job(_, 105)));
    assert!(matches!(mailbox.next(state, false), Next::Job(_, 1)));
    mailbox.set_running(9);
    assert!(matches!(mailbox.push(106, true, None, descends_from(9)), Pushed::Deadlock(106)));
    assert_eq!(mailbox.end(), [101]);
}

/// R6
#[test]
fn a_stop_lets_only_what_descends_from_a_pending_call_begin() {
    let mailbox = mailbox(8);
    let (woken, waker) = waker();
    let Pushed::Start(..) = push(&mailbox, 100) else { panic!() };
    mailbox.begin_shared(Some(1));
    assert_eq!(next_shared(&mailbox, 1, &waker), None);
    assert!(mailbox.stop(Stop::AfterCurrent).is_none());
    push(&mailbox, 101);
    assert!(!woken.take());
    mailbox.push(102, true, None, |_, runs| runs(1));
    assert!(woken.take());
    assert_eq!(next_shared(&mailbox, 1, &waker), Some(102));
    assert_eq!(next_shared(&mailbox, 1, &waker), None);
    mailbox.push(103, true, None, |_, runs| runs(1));
    assert!(mailbox.stop(Stop::Now).is_none());
    assert!(matches!(mailbox.next_shared(1, &waker), NextShared::StopNow));
    assert_eq!(mailbox.end(), [103, 101]);
}

#[test]
fn after_the_end_nothing_is_taken_and_what_waited_is_returned() {
    let mailbox = mailbox(8);
    let Pushed::Start(..) = push(&mailbox, 0) else { panic!() };
    push(&mailbox, 1);
    assert_eq!(mailbox.end(), [1]);
    assert!(matches!(push(&mailbox, 2), Pushed::Ended(2)));
}
