//! Every interleaving of what races in the mailbox. Run with
//! `RUSTFLAGS="--cfg loom" cargo test -p actor-core --lib --release loom_`.
//!
//! The state of the actor is the list of the jobs that have run: whoever has it runs alone, or this would not compile.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    task::{Wake, Waker},
    time::Duration,
};

use loom::{
    sync::{Arc, Mutex},
    thread,
};

use super::{
    estimate::Verdict,
    futures::Futures,
    job::Answer,
    mailbox::{Mailbox, Next, NextShared, Pushed, Queued, Stop},
    reply_cell::{ReplyCell, Waited},
};
use crate::{Never, Outcome, SystemError};

/// Jobs from this number on may interleave.
const SHARED: u32 = 100;

impl Queued for u32 {
    fn is_shared(&self) -> bool {
        *self >= SHARED
    }

    fn is_urgent(&self) -> bool {
        false
    }
}

const LIMIT: Duration = Duration::from_secs(1);

/// An actor without its tasks: they are run by whoever gets the state, to the end.
struct Actor {
    mailbox: Mailbox<Vec<u32>, u32>,
    /// What did not run.
    refused: Mutex<Vec<u32>>,
    /// What had run when the actor ended, once for each end.
    ends: Mutex<Vec<Vec<u32>>>,
}

impl Actor {
    fn with_mailbox(capacity: u32) -> Arc<Self> {
        let mailbox = Mailbox::new(Vec::new(), capacity);
        // The method has proved short.
        mailbox.record(0, 1, Duration::from_nanos(1));
        Arc::new(Self { mailbox, refused: Mutex::default(), ends: Mutex::default() })
    }

    fn new() -> Arc<Self> {
        Self::with_mailbox(8)
    }

    /// A call on the slow path; the ticket if it waits.
    fn push(&self, job: u32) -> Option<u64> {
        match self.mailbox.push(job, true, None, |_, _| false) {
            Pushed::Start(mut state, job, verdict) => {
                assert!(verdict == Verdict::Schedule);
                state.push(job);
                self.work(state);
                None
            }
            Pushed::Queued(ticket) => Some(ticket),
            Pushed::Ended(job) => {
                self.refused.lock().unwrap().push(job);
                None
            }
            Pushed::Full(_) | Pushed::Deadlock(_) => panic!("it was asked to wait, and descends from nothing"),
        }
    }

    /// A call of a short `fn`: on this thread if the actor is idle.
    fn call(&self, job: u32) {
        match self.mailbox.take(0, LIMIT) {
            Some((mut state, _)) => {
                state.push(job);
                if let Some(state) = self.mailbox.restore(state) {
                    self.work(state);
                }
            }
            None => {
                self.push(job);
            }
        }
    }

    /// The actor's task.
    fn work(&self, mut state: Vec<u32>) {
        let mut pause = true;
        loop {
            match self.mailbox.next(state, pause) {
                Next::Job(returned, job) => {
                    state = returned;
                    state.push(job);
                }
                Next::Pause(returned) => {
                    state = returned;
                    pause = false;
                }
                Next::Idle => return,
                Next::Stop(state) => return self.end(state),
            }
        }
    }

    fn stop(&self) {
        if let Some(state) = self.mailbox.stop(Stop::AfterCurrent) {
            self.end(state);
        }
    }

    fn end(&self, state: Vec<u32>) {
        self.refused.lock().unwrap().extend(self.mailbox.end());
        self.ends.lock().unwrap().push(state);
    }

    /// What has run, of an actor that must be idle now.
    fn ran(&self) -> Vec<u32> {
        let state = self.mailbox.stop(Stop::AfterCurrent);
        assert!(self.mailbox.end().is_empty(), "an idle actor has work");
        state.expect("nobody has given the state back")
    }

    /// What has run and what has not, of an actor that must have ended once.
    fn ran_and_refused(&self) -> (Vec<u32>, Vec<u32>) {
        let ends = self.ends.lock().unwrap();
        assert_eq!(ends.len(), 1, "it has to end once");
        (ends[0].clone(), self.refused.lock().unwrap().clone())
    }
}

fn spawn(actor: &Arc<Actor>, run: impl FnOnce(&Actor) + 'static) -> thread::JoinHandle<()> {
    let actor = actor.clone();
    thread::spawn(move || run(&actor))
}

fn sorted(mut jobs: Vec<u32>) -> Vec<u32> {
    jobs.sort_unstable();
    jobs
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn waker() -> (std::sync::Arc<Woken>, Waker) {
    let woken = std::sync::Arc::new(Woken::default());
    (woken.clone(), Waker::from(woken))
}

/// What three threads do has too many interleavings: those with up to four preemptions.
fn three_threads(run: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(4);
    model.check(run);
}

#[test]
fn loom_of_two_callers_one_gets_the_state_and_both_jobs_run() {
    loom::model(|| {
        let actor = Actor::new();
        let other = spawn(&actor, |actor| {
            actor.push(1);
        });
        actor.push(2);
        other.join().unwrap();
        assert_eq!(sorted(actor.ran()), [1, 2]);
    });
}

#[test]
fn loom_three_callers_lose_nothing_on_any_path() {
    three_threads(|| {
        let actor = Actor::new();
        let one = spawn(&actor, |actor| actor.call(1));
        let two = spawn(&actor, |actor| {
            actor.push(2);
        });
        actor.call(3);
        one.join().unwrap();
        two.join().unwrap();
        assert_eq!(sorted(actor.ran()), [1, 2, 3]);
    });
}

#[test]
fn loom_what_is_pushed_while_the_state_is_given_back_runs() {
    loom::model(|| {
        let actor = Actor::new();
        let (mut state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        let other = spawn(&actor, |actor| {
            actor.push(2);
        });
        state.push(1);
        if let Some(state) = actor.mailbox.restore(state) {
            actor.work(state);
        }
        other.join().unwrap();
        assert_eq!(actor.ran(), [1, 2]);
    });
}

#[test]
fn loom_what_is_pushed_while_the_task_looks_for_work_runs() {
    loom::model(|| {
        let actor = Actor::new();
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        let other = spawn(&actor, |actor| {
            actor.push(1);
            actor.push(2);
        });
        actor.work(state);
        other.join().unwrap();
        assert_eq!(actor.ran(), [1, 2]);
    });
}

#[test]
fn loom_jobs_of_one_sender_run_in_order_whatever_path_others_take() {
    loom::model(|| {
        let actor = Actor::new();
        let other = spawn(&actor, |actor| actor.call(10));
        actor.push(1);
        actor.call(2);
        actor.push(3);
        other.join().unwrap();
        let ran = actor.ran();
        assert_eq!(ran.iter().copied().filter(|job| *job < 10).collect::<Vec<_>>(), [1, 2, 3], "{ran:?}");
        assert_eq!(ran.len(), 4);
    });
}

#[test]
fn loom_a_job_that_races_with_a_stop_runs_or_is_refused() {
    three_threads(|| {
        let actor = Actor::new();
        let stopping = spawn(&actor, Actor::stop);
        let calling = spawn(&actor, |actor| actor.call(1));
        actor.push(2);
        stopping.join().unwrap();
        calling.join().unwrap();
        let (ran, refused) = actor.ran_and_refused();
        assert_eq!(sorted([ran, refused].concat()), [1, 2]);
    });
}

#[test]
fn loom_an_actor_that_is_stopped_twice_ends_once() {
    three_threads(|| {
        let actor = Actor::new();
        let one = spawn(&actor, Actor::stop);
        let two = spawn(&actor, Actor::stop);
        actor.call(1);
        one.join().unwrap();
        two.join().unwrap();
        let (ran, refused) = actor.ran_and_refused();
        assert_eq!([ran, refused].concat(), [1]);
    });
}

#[test]
fn loom_a_job_that_races_with_the_end_of_a_panicked_actor_is_refused() {
    loom::model(|| {
        let actor = Actor::new();
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        let other = spawn(&actor, |actor| {
            actor.push(1);
            actor.call(2);
        });
        actor.end(state);
        other.join().unwrap();
        let (ran, refused) = actor.ran_and_refused();
        assert!(ran.is_empty());
        assert_eq!(refused, [1, 2]);
        assert!(actor.mailbox.has_ended());
    });
}

/// The inline path: who runs a call itself has the state, and must end the actor when the call panics.
#[test]
fn loom_a_panic_on_a_callers_thread_that_races_with_a_stop_and_a_call_ends_the_actor_once() {
    three_threads(|| {
        let actor = Actor::new();
        let stopping = spawn(&actor, |actor| {
            if let Some(state) = actor.mailbox.stop(Stop::Now) {
                actor.end(state);
            }
        });
        let calling = spawn(&actor, |actor| actor.call(1));
        if let Some((state, _)) = actor.mailbox.take(0, LIMIT) {
            actor.end(state);
        } else {
            actor.stop();
        }
        stopping.join().unwrap();
        calling.join().unwrap();
        let (ran, refused) = actor.ran_and_refused();
        assert_eq!([ran, refused].concat(), [1]);
        assert!(actor.mailbox.has_ended());
    });
}

#[test]
fn loom_a_job_that_waits_for_room_is_told_when_there_is_some() {
    loom::model(|| {
        let actor = Actor::with_mailbox(1);
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        actor.push(1);
        let other = spawn(&actor, |actor| {
            let (woken, waker) = waker();
            let Some(ticket) = actor.push(2) else { return };
            if actor.mailbox.poll_admitted(ticket, &waker).is_pending() {
                while !woken.0.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
                assert!(actor.mailbox.poll_admitted(ticket, &waker).is_ready());
            }
        });
        actor.work(state);
        other.join().unwrap();
        assert_eq!(actor.ran(), [1, 2]);
    });
}

#[test]
fn loom_room_that_a_withdrawn_job_leaves_is_passed_on() {
    loom::model(|| {
        let actor = Actor::with_mailbox(1);
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        let first = actor.push(1).unwrap();
        let second = actor.push(2).unwrap();
        let other = spawn(&actor, move |actor| {
            let (woken, waker) = waker();
            if actor.mailbox.poll_admitted(second, &waker).is_pending() {
                while !woken.0.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
            }
        });
        assert_eq!(actor.mailbox.withdraw(first), Some(1));
        other.join().unwrap();
        actor.work(state);
        assert_eq!(actor.ran(), [2]);
    });
}

#[test]
fn loom_whoever_waits_for_room_is_told_of_the_end() {
    loom::model(|| {
        let actor = Actor::with_mailbox(1);
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        actor.push(1);
        let ticket = actor.push(2).unwrap();
        let other = spawn(&actor, move |actor| {
            let (woken, waker) = waker();
            if actor.mailbox.poll_admitted(ticket, &waker).is_pending() {
                while !woken.0.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
            }
        });
        actor.end(state);
        other.join().unwrap();
        assert_eq!(actor.ran_and_refused().1, [1, 2]);
    });
}

#[test]
fn loom_a_withdrawn_job_has_not_run_and_one_that_ran_cannot_be_withdrawn() {
    loom::model(|| {
        let actor = Actor::new();
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        let ticket = actor.push(1).unwrap();
        actor.push(2);
        let withdrawn = Arc::new(Mutex::new(None));
        let left = withdrawn.clone();
        let other = spawn(&actor, move |actor| *left.lock().unwrap() = actor.mailbox.withdraw(ticket));
        actor.work(state);
        other.join().unwrap();
        match *withdrawn.lock().unwrap() {
            Some(1) => assert_eq!(actor.ran(), [2]),
            None => assert_eq!(actor.ran(), [1, 2]),
            Some(_) => panic!("another job was withdrawn"),
        }
    });
}

#[test]
fn loom_a_job_that_makes_room_has_not_run() {
    loom::model(|| {
        let actor = Actor::new();
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        actor.push(1);
        actor.push(2);
        let other = spawn(&actor, |actor| actor.refused.lock().unwrap().extend(actor.mailbox.displace()));
        actor.work(state);
        other.join().unwrap();
        let refused = actor.refused.lock().unwrap().clone();
        assert_eq!(sorted([actor.ran(), refused].concat()), [1, 2]);
    });
}

#[test]
fn loom_a_running_method_hears_of_an_urgent_stop() {
    loom::model(|| {
        let actor = Actor::new();
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        let other = spawn(&actor, |actor| assert!(actor.mailbox.stop(Stop::Now).is_none()));
        let (woken, waker) = waker();
        if !actor.mailbox.poll_stop_now(&waker) {
            while !woken.0.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            assert!(actor.mailbox.poll_stop_now(&waker));
        }
        other.join().unwrap();
        actor.work(state);
        assert!(actor.ran_and_refused().0.is_empty());
    });
}

/// Takes what may interleave, and waits for it, until `count` have come.
fn interleave(actor: &Actor, count: usize) -> Vec<u32> {
    let (woken, waker) = waker();
    let mut taken = Vec::new();
    loop {
        match actor.mailbox.next_shared(1 + taken.len(), &waker) {
            NextShared::Job(job) => taken.push(job),
            NextShared::StopNow => return taken,
            NextShared::None if taken.len() == count => return taken,
            NextShared::None => {
                while !woken.0.swap(false, Ordering::SeqCst) {
                    thread::yield_now();
                }
            }
        }
    }
}

#[test]
fn loom_what_interleaves_hears_of_jobs_that_may_join_it() {
    loom::model(|| {
        let actor = Actor::new();
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        actor.mailbox.begin_shared(Some(1));
        let one = spawn(&actor, |actor| {
            actor.push(101);
        });
        let two = spawn(&actor, |actor| {
            let pushed = actor.mailbox.push(102, false, None, |_, runs| runs(1));
            assert!(matches!(pushed, Pushed::Queued(_)));
        });
        assert_eq!(sorted(interleave(&actor, 2)), [101, 102]);
        one.join().unwrap();
        two.join().unwrap();
        actor.mailbox.end_shared(1);
        actor.work(state);
        assert!(actor.ran().is_empty());
    });
}

#[test]
fn loom_what_interleaves_hears_when_a_job_that_was_in_the_way_is_withdrawn() {
    loom::model(|| {
        let actor = Actor::new();
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        actor.mailbox.begin_shared(Some(1));
        let other = spawn(&actor, |actor| {
            let ticket = actor.push(2).unwrap();
            actor.push(101);
            assert_eq!(actor.mailbox.withdraw(ticket), Some(2));
        });
        assert_eq!(interleave(&actor, 1), [101]);
        other.join().unwrap();
        actor.work(state);
        assert!(actor.ran().is_empty());
    });
}

#[test]
fn loom_a_shared_job_that_comes_when_those_before_it_have_ended_runs() {
    loom::model(|| {
        let actor = Actor::new();
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        actor.mailbox.begin_shared(Some(1));
        let one = spawn(&actor, |actor| {
            actor.push(101);
        });
        let two = spawn(&actor, |actor| {
            // Descends from it as long as it is pending.
            match actor.mailbox.push(102, true, None, |_, runs| runs(1)) {
                Pushed::Queued(_) => {}
                Pushed::Start(mut state, job, _) => {
                    state.push(job);
                    actor.work(state);
                }
                _ => panic!("it is asked to wait, and may interleave"),
            }
        });
        actor.mailbox.end_shared(1);
        actor.work(state);
        one.join().unwrap();
        two.join().unwrap();
        assert_eq!(sorted(actor.ran()), [101, 102]);
    });
}

#[test]
fn loom_what_interleaves_hears_of_an_urgent_stop() {
    loom::model(|| {
        let actor = Actor::new();
        let (state, _) = actor.mailbox.take(0, LIMIT).unwrap();
        actor.mailbox.begin_shared(Some(1));
        let stopping = spawn(&actor, |actor| assert!(actor.mailbox.stop(Stop::Now).is_none()));
        let calling = spawn(&actor, |actor| {
            actor.push(101);
        });
        // One more than there are: it ends by the stop.
        let taken = interleave(&actor, 2);
        stopping.join().unwrap();
        calling.join().unwrap();
        actor.end(state);
        assert_eq!([taken, actor.ran_and_refused().1].concat(), [101]);
    });
}

#[test]
fn loom_a_member_that_is_woken_is_polled_again() {
    loom::model(|| {
        let mut futures = Futures::new();
        let (place, member) = futures.reserve();
        futures.settle(place, Some(()));
        let twice = member.clone();
        let other = thread::spawn(move || {
            twice.wake_by_ref();
            twice.wake();
        });
        let (woken, waker) = waker();
        // As long as it waits, a wake of its comes to the task of all.
        let mut polled = 0;
        while polled == 0 {
            futures.listen(&waker);
            while let Some((member, place, _)) = futures.next_woken() {
                polled += 1;
                futures.settle(place, Some(member));
            }
            while polled == 0 && !woken.0.swap(false, Ordering::SeqCst) {
                thread::yield_now();
            }
        }
        other.join().unwrap();
        while let Some((member, place, _)) = futures.next_woken() {
            polled += 1;
            futures.settle(place, Some(member));
        }
        assert!(polled <= 2);
        drop(member);
    });
}

type Cell = ReplyCell<u32, Never, SystemError>;

#[test]
fn loom_a_call_given_up_before_it_began_never_begins() {
    loom::model(|| {
        let cell = Arc::new(Cell::new());
        let running = cell.clone();
        let actor = thread::spawn(move || {
            let begun = running.begin();
            if begun {
                running.fill(Ok(7));
            }
            begun
        });
        let waited = cell.abandon();
        let begun = actor.join().unwrap();
        assert_eq!(begun, !matches!(waited, Waited::NeverBegan));
    });
}

#[test]
fn loom_a_result_reaches_whoever_waits_for_it() {
    loom::model(|| {
        let cell = Arc::new(Cell::new());
        let running = cell.clone();
        let actor = thread::spawn(move || {
            assert!(running.begin());
            running.fill(Ok(7));
            running.fail(SystemError::ActorStopped { outcome: Outcome::Unknown });
        });
        let (woken, waker) = waker();
        let mut polled = cell.poll(&waker);
        if polled.is_pending() {
            while !woken.0.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            polled = cell.poll(&waker);
        }
        assert!(matches!(polled, std::task::Poll::Ready(Ok(7))));
        actor.join().unwrap();
    });
}
