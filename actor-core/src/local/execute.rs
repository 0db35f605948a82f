//! A call that came from elsewhere: decode, run, answer.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::{
    cancel::CancelToken,
    contain::contain,
    job::{Answer, Job},
    now,
    port::{Port, Tried, now_or_never},
};
use crate::{
    Arguments, CallScope, DecoderOf, DistributedActor, HandlerOf, InvocationDecoder, Method, MethodInfo, Reply,
    ResultHandler, SystemError, TraceParent,
    call::{Opened, work},
};

/// What came with a call from elsewhere, beside its arguments.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IncomingCall {
    /// What was left of the caller's time when the call arrived.
    pub timeout: Duration,
    /// When that is over, on this system's clock.
    pub deadline: Instant,
    /// The chain of calls that it descends from; [`CallScope::from_links`] makes it.
    pub parent: Option<CallScope>,
    /// The trace context that came with it.
    pub trace: Option<TraceParent>,
    /// Whether a method that has proved short may run before `execute` returns.
    pub inline: bool,
}

impl IncomingCall {
    /// A root call with `timeout` left, that is not run inline.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self::arrived(now(), timeout)
    }

    /// The same for a call that arrived at `at`.
    #[must_use]
    pub fn arrived(at: Instant, timeout: Duration) -> Self {
        Self { timeout, deadline: at + timeout, parent: None, trace: None, inline: false }
    }
}

pub(crate) fn execute<A: DistributedActor, M: Method<A>>(
    port: &dyn Port<A>,
    decoder: DecoderOf<A>,
    handler: HandlerOf<A>,
    call: IncomingCall,
) -> Option<CancelToken> {
    let args = match arguments::<M::Args, _>(M::INFO, decoder) {
        Ok(args) => args,
        Err(error) => {
            handler.on_failure(error);
            return None;
        }
    };
    let mut call = Some(call);
    let mut pending = Some((args, handler));
    if !M::INFO.is_async() && call.as_ref().is_some_and(|call| call.inline) {
        let open = &mut || match call.take() {
            Some(IncomingCall { timeout, deadline, parent, trace, .. }) => {
                Ok(Opened { deadline, timeout, parent, trace })
            }
            None => Err(SystemError::Cancelled),
        };
        // The handler stays outside the closure until the method has returned, so that a panic can be answered.
        let mut handler = None;
        let tried = port.try_run(M::INFO, open, &mut |actor, context| {
            if let Some((args, reply_to)) = pending.take() {
                let reply_to = handler.insert(Some(reply_to));
                if let Some(result) = now_or_never(M::invoke(actor, context, args))
                    && let Some(reply_to) = reply_to.take()
                {
                    M::Reply::answer(result, reply_to);
                }
            }
        });
        match tried {
            Tried::Ran => return None,
            Tried::Panicked(message) => {
                if let Some(Some(handler)) = handler {
                    handler.on_failure(SystemError::Panicked { method: M::INFO.name().into(), message });
                }
                return None;
            }
            Tried::Refused(error) => {
                if let Some((_, handler)) = pending {
                    handler.on_failure(error);
                }
                return None;
            }
            Tried::NotNow => {}
        }
    }
    match (pending, call) {
        (Some((args, handler)), Some(call)) => queue::<A, M>(port, args, handler, call),
        _ => None,
    }
}

/// Decodes the arguments of `method`.
pub(super) fn arguments<Args: Arguments<D::Requirement>, D: InvocationDecoder>(
    method: &'static MethodInfo,
    mut decoder: D,
) -> Result<Args, SystemError> {
    // The user's `Deserialize` runs here, on the system's own task: a panic of it is the caller's fault.
    let decoded = contain(|| Args::take(&mut decoder).map_err(|error| error.to_string().into_boxed_str()));
    match decoded {
        Ok(Ok(args)) => Ok(args),
        Ok(Err(why)) => Err(SystemError::BadArguments { method: method.name().into(), why }),
        // Its text stays here, as that of any panic.
        Err(_) => {
            let why = "a `Deserialize` impl panicked".into();
            Err(SystemError::BadArguments { method: method.name().into(), why })
        }
    }
}

fn queue<A: DistributedActor, M: Method<A>>(
    port: &dyn Port<A>,
    args: M::Args,
    handler: HandlerOf<A>,
    call: IncomingCall,
) -> Option<CancelToken> {
    let IncomingCall { timeout, deadline, parent, trace, inline } = call;
    let cancel = CancelToken::new();
    let answer = Arc::new(Handler { handler: Mutex::new(Some(handler)) });
    let reply_to = answer.clone();
    let work = work::<M, A>(args, move |result| {
        if let Some(handler) = reply_to.take() {
            M::Reply::answer(result, handler);
        }
    });
    let job = Job {
        method: Some(M::INFO),
        work,
        answer: Some(answer),
        parent,
        trace,
        deadline: Some(deadline),
        timeout,
        cancel: Some(cancel.clone()),
        redirects: 0,
    };
    if let Err(refused) = port.enqueue(job, inline) {
        if let Some(answer) = refused.job.answer {
            answer.fail(refused.error);
        }
        return None;
    }
    Some(cancel)
}

/// A result handler that is used once, by whoever comes first.
struct Handler<H> {
    handler: Mutex<Option<H>>,
}

impl<H> Handler<H> {
    fn take(&self) -> Option<H> {
        self.handler.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }
}

impl<H: ResultHandler> Answer for Handler<H> {
    fn begin(&self) -> bool {
        true
    }

    fn fail(&self, error: SystemError) {
        if let Some(handler) = self.take() {
            handler.on_failure(error);
        }
    }
}
