//! One call, from its encoded arguments to its encoded result.

use actor_core::{
    ActorId, ActorSystem, AnyLocal, CallScope, CancelToken, DecodeContext, IncomingCall, MethodInfo, Outcome,
    RemoteCall, SystemError, execute_distributed_target,
};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    LoopbackDecoder, LoopbackEncoder, LoopbackSystem,
    observed::Observed,
    reply::{Answer, LoopbackReply},
};

/// A call that has been handed to its actor. Dropped before its end, it is cancelled.
pub(super) struct Pending {
    answer: oneshot::Receiver<Answer>,
    cancel: Option<CancelToken>,
}

/// What the system hands to `actor`, as if it had come from elsewhere.
pub(super) fn deliver(
    system: &LoopbackSystem,
    target: &ActorId,
    method: &'static MethodInfo,
    invocation: LoopbackEncoder,
    call: &RemoteCall,
) -> Result<Pending, SystemError> {
    if let Some(error) = &invocation.failed {
        return Err(SystemError::Unencodable { method: method.name().into(), why: error.to_string().into() });
    }
    let actor: AnyLocal<LoopbackSystem> = system.local(target)?;
    let body = invocation.body.into_bytes();
    system.observe(|| Observed::Sent { target: *target, method: method.name(), length: body.len() });
    let mut incoming = IncomingCall::new(call.timeout);
    incoming.deadline = call.deadline;
    // Through its travelling form, as over a wire.
    incoming.parent = call.parent.as_ref().and_then(|parent| CallScope::from_links(parent.to_links(), None));
    incoming.trace = call.trace;
    let decoder = LoopbackDecoder::new(body, DecodeContext::new(system.unguarded()));
    let (reply, answer) = LoopbackReply::new(method.name(), system.settings().send_panic_text);
    let cancel = execute_distributed_target(&actor, method.name(), decoder, reply, incoming);
    Ok(Pending { answer, cancel })
}

/// Hands bytes that nobody has checked to `actor`, and waits for what comes of them.
pub(super) async fn deliver_raw(
    system: &LoopbackSystem,
    actor: &AnyLocal<LoopbackSystem>,
    method: &'static MethodInfo,
    arguments: Bytes,
) -> Answer {
    let call = RemoteCall::new(system.settings().call_timeout);
    let decoder = LoopbackDecoder::new(arguments, DecodeContext::new(system.unguarded()));
    let (reply, answer) = LoopbackReply::new(method.name(), system.settings().send_panic_text);
    let cancel = actor.execute(method, decoder, reply, IncomingCall::new(call.timeout));
    Pending { answer, cancel }.answer(system, &call).await.unwrap_or_else(Answer::Failed)
}

impl Pending {
    /// The encoded value, or the encoded error.
    pub(super) async fn answer(mut self, system: &LoopbackSystem, call: &RemoteCall) -> Result<Answer, SystemError> {
        let answer = tokio::select! {
            biased;
            answer = &mut self.answer => answer,
            () = system.sleep_until(call.deadline) => return Err(call.deadline_passed(Outcome::Unknown)),
        };
        self.cancel = None;
        match answer {
            // How long the caller has waited, it knows best.
            Ok(Answer::Failed(SystemError::Deadline { outcome, .. })) => Err(call.deadline_passed(outcome)),
            Ok(Answer::Failed(error)) => Err(error),
            Ok(answer) => Ok(answer),
            Err(_) => Err(SystemError::ActorStopped { outcome: Outcome::Unknown }),
        }
    }

    /// Lets it run, whatever becomes of it.
    pub(super) fn detach(mut self) -> oneshot::Receiver<Answer> {
        self.cancel = None;
        let (_, never) = oneshot::channel();
        std::mem::replace(&mut self.answer, never)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(cancel) = &self.cancel {
            cancel.cancel();
        }
    }
}
