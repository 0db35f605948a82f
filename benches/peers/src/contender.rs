//! What is measured, and what it has to be able to do.

use std::{any::Any, time::Duration};

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{
    local, process, remote,
    row::{Figures, Work},
};

/// State in this process with one short method, which adds to a number.
pub(crate) trait Service: Clone + Send + Sync + 'static {
    /// What it takes to make one.
    type Host: Send + Sync + 'static;

    fn host() -> impl Future<Output = Self::Host> + Send;
    fn spawn(host: &Self::Host) -> impl Future<Output = Self> + Send;
    fn call(&self, n: u64) -> impl Future<Output = u64> + Send;
}

/// Such a state that is an actor.
pub(crate) trait Actor: Service {
    /// Ends when the message is handed over.
    fn send(&self, n: u64) -> impl Future<Output = ()> + Send;
    /// Ends the actor soon; nobody else has a reference to it.
    fn stop(self);
}

/// One method of something in another process, which answers with the bytes that it is given.
pub(crate) trait Remote: Clone + Send + Sync + 'static {
    /// Serves at an address until what comes with it is dropped.
    fn serve() -> impl Future<Output = (String, Kept)> + Send;
    /// Two callees (actors, where there are any) behind one connection.
    fn connect(address: String) -> impl Future<Output = [Self; 2]> + Send;
    fn echo(&self, body: Bytes) -> impl Future<Output = Bytes> + Send;

    /// Hands bytes that do not come back to the callee of that number, where there are as many.
    fn transfer(&self, callee: usize, body: Bytes) -> impl Future<Output = ()> + Send {
        let _ = callee;
        async { drop(self.echo(body).await) }
    }

    /// Connects anew, makes a call, and disconnects.
    fn connect_again(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

pub(crate) type Kept = Box<dyn Any + Send>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Ours,
    Floor,
    Peer,
}

type Measure = fn(Work, Duration) -> BoxFuture<'static, Figures>;
type Serve = fn() -> BoxFuture<'static, (String, Kept)>;

#[derive(Clone, Copy)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    service: Option<Measure>,
    actor: Option<Measure>,
    remote: Option<(Measure, Serve)>,
    /// Over another transport.
    over: Option<(Measure, Serve)>,
    /// That one alone, and with small calls.
    over_alone: Option<&'static str>,
    in_flight_max: usize,
}

impl Contender {
    pub(crate) fn new(kind: Kind, name: &'static str) -> Self {
        let in_flight_max = usize::MAX;
        Self { name, kind, service: None, actor: None, remote: None, over: None, over_alone: None, in_flight_max }
    }

    pub(crate) fn service<S: Service>(mut self) -> Self {
        self.service = Some(|work, time| Box::pin(local::service::<S>(work, time)));
        self
    }

    pub(crate) fn actor<A: Actor>(mut self) -> Self {
        self.actor = Some(|work, time| Box::pin(local::actor::<A>(work, time)));
        self.service::<A>()
    }

    pub(crate) fn remote<R: Remote>(mut self) -> Self {
        self.remote = Some((|work, time| Box::pin(remote::measure::<R>(work, time)), || Box::pin(R::serve())));
        self
    }

    #[cfg(feature = "transports")]
    pub(crate) fn over<R: Remote>(mut self) -> Self {
        self.over = Some((|work, time| Box::pin(remote::measure::<R>(work, time)), || Box::pin(R::serve())));
        self
    }

    #[cfg(feature = "transports")]
    pub(crate) fn over_alone<R: Remote>(mut self, scheme: &'static str) -> Self {
        self.over_alone = Some(scheme);
        self.over::<R>()
    }

    /// It cannot have more calls under way.
    pub(crate) fn in_flight_max(mut self, calls: usize) -> Self {
        self.in_flight_max = calls;
        self
    }

    /// What measures `work`, if it can do that.
    pub(crate) fn measure(&self, work: Work) -> Option<Measure> {
        let in_flight = match work {
            Work::Sequential | Work::Callers => return self.service,
            Work::Sends | Work::Lives | Work::Memory => return self.actor,
            Work::One => 1,
            Work::Calls(calls) => calls,
            Work::Echo(_) => 16,
            Work::Beside => 2,
            Work::Over(scheme) => {
                let over = self.over.filter(|_| self.over_alone.is_none_or(|alone| alone == scheme));
                return over.map(|(measure, _)| measure);
            }
            Work::BesideOver(_) | Work::Lossy(_) | Work::Handshakes | Work::Slow => {
                return self.over.filter(|_| self.over_alone.is_none()).map(|(measure, _)| measure);
            }
        };
        self.remote.map(|(measure, _)| measure).filter(|_| in_flight <= self.in_flight_max)
    }

    pub(crate) fn serve(&self) -> Option<Serve> {
        let serves_over = std::env::var_os(process::OVER).is_some();
        let serving = if serves_over { self.over } else { self.remote };
        serving.map(|(_, serve)| serve)
    }
}
