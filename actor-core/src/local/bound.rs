//! An actor that is bound to a locality, is supervised, or has something else that few have.

use std::{sync::Arc, time::Duration};

use super::{
    estimate::{Estimates, Verdict},
    keeper::Tenure,
    locality::Locality,
    options::{Overflow, SpawnOptions},
    port::{OpenCall, RunNow, Tried},
    seat::Seat,
};
use crate::{ActorSystem, BoxFuture, DistributedActor, MethodInfo};

/// What few actors have.
pub(super) struct Special<A: DistributedActor> {
    pub(super) overflow: Overflow<A>,
    locality: Option<Locality>,
    estimates: Estimates,
    /// Set where the state may be replaced.
    pub(super) tenure: Option<Arc<Tenure>>,
}

impl<A: DistributedActor> Special<A> {
    /// What is asked for in `options` and beside them, if it is.
    pub(super) fn of(options: SpawnOptions<A>, tenure: Option<Arc<Tenure>>) -> Option<Box<Self>> {
        match (options.overflow, options.locality, tenure) {
            (Overflow::Wait, None, None) => None,
            (overflow, locality, tenure) => {
                Some(Box::new(Self { overflow, locality, estimates: Estimates::default(), tenure }))
            }
        }
    }
}

impl<A: DistributedActor> Seat<A> {
    /// The locality that it is bound to.
    pub(super) fn locality(&self) -> Option<&Locality> {
        self.special.as_ref()?.locality.as_ref()
    }

    /// Whether this thread runs an actor of the same locality, and so may run this one, too.
    pub(super) fn is_within(&self) -> bool {
        self.locality().is_some_and(Locality::is_current)
    }

    /// Has a task of the actor's run: where all of its locality run, if it has one. Without a runtime the task is dropped.
    pub(super) fn run_task(&self, task: BoxFuture<'static, ()>) {
        match self.locality() {
            Some(locality) => locality.execute(&self.system, task),
            None => drop(self.system.execute(task)),
        }
    }

    /// How fast the methods have proved of an actor with a locality. In its mailbox nothing is known of that: its state is
    /// taken by those alone who have the locality.
    fn estimates(&self) -> Option<&Estimates> {
        Some(&self.special.as_ref()?.estimates)
    }

    /// Takes a measurement into account.
    pub(super) fn measured(&self, method: &'static MethodInfo, elapsed: Duration) {
        let (position, methods) = (method.position(), A::METHODS.len());
        match self.locality() {
            Some(_) => self.estimates().into_iter().for_each(|known| known.record(position, methods, elapsed)),
            None => self.mailbox.record(position, methods, elapsed),
        }
    }

    /// The same as [`try_run`](Port::try_run) for an actor whose mailbox knows of no short method: if it has a locality, it
    /// may run at once for who has that, too.
    #[inline(never)]
    pub(super) fn try_run_bound(&self, method: &'static MethodInfo, open: OpenCall<'_>, run: RunNow<'_, A>) -> Tried {
        // How long it takes is of no concern to those within: wherever else it ran, they would wait.
        if !self.is_within() {
            return self.try_run_entering(method, open, run);
        }
        match self.mailbox.take_unless_needed() {
            Some(state) => self.run_taken((state, Verdict::Inline), method, open, run),
            None => self.not_now(),
        }
    }

    /// The same for somebody who gets the locality now, if nobody has it.
    #[inline(never)]
    fn try_run_entering(&self, method: &'static MethodInfo, open: OpenCall<'_>, run: RunNow<'_, A>) -> Tried {
        let taken = self.special.as_deref().and_then(|Special { locality, estimates, .. }| {
            let verdict = match estimates.judge(method.position(), self.system.settings().inline_time_max) {
                Verdict::Schedule => return None,
                verdict => verdict,
            };
            let entered = locality.as_ref()?.try_enter()?;
            Some((self.mailbox.take_unless_needed()?, verdict, entered))
        });
        match taken {
            Some((state, verdict, _entered)) => self.run_taken((state, verdict), method, open, run),
            None => self.not_now(),
        }
    }

    fn not_now(&self) -> Tried {
        if self.mailbox.has_ended() { Tried::Refused(self.gone_for_now()) } else { Tried::NotNow }
    }

    /// Whether a job that finds the mailbox full waits.
    pub(super) fn waits_for_room(&self) -> bool {
        self.special.as_ref().is_none_or(|special| matches!(special.overflow, Overflow::Wait))
    }
}
