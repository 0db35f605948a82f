//! Asking the node's hook whether a peer may do something.

use actor_core::{__macro::MethodParts, MethodInfo, SystemError, contain};

use super::{
    link::Link,
    serve::{GOSSIP, LOOKUP, STOP, WATCH},
};

/// What a node itself can be asked, described for the hook as methods are.
static LOOK_UP: MethodInfo = own(LOOKUP, "lookup");
static STOP_ACTOR: MethodInfo = own(STOP, "stop");
static WATCH_ACTOR: MethodInfo = own(WATCH, "watch");
static TAKE_PART: MethodInfo = own(GOSSIP, "gossip");

const fn own(name: &'static str, method: &'static str) -> MethodInfo {
    MethodInfo::new(MethodParts {
        name,
        module: "distributed_actor",
        actor: "Node",
        method,
        parameters: &[],
        result: "()",
        error: None,
        docs: "",
        signature: "",
        is_async: false,
        uses_context: false,
        completes: false,
        is_urgent: false,
        constructs: false,
        position: 0,
    })
}

impl Link {
    /// Whether the peer may call a method.
    ///
    /// # Errors
    /// [`SystemError::Unauthorized`] if it may not, or the hook has panicked.
    pub(super) fn may_call(&self, method: &MethodInfo) -> Result<(), SystemError> {
        let Some(authorize) = &self.inner.authorize else { return Ok(()) };
        // On the task that serves all of the peer's calls, which is to go on.
        let why = match contain(|| self.identity.get().is_some_and(|peer| authorize(peer, method))) {
            Ok(true) => return Ok(()),
            Ok(false) => method.name().into(),
            Err(_) => format!("{}: the `authorize` hook of the node asked has panicked", method.name()).into(),
        };
        Err(SystemError::Unauthorized { why })
    }

    /// The same for what the node itself is asked, by name.
    pub(super) fn may_ask(&self, name: &str) -> Result<(), SystemError> {
        match [&LOOK_UP, &STOP_ACTOR, &WATCH_ACTOR, &TAKE_PART].into_iter().find(|method| method.name() == name) {
            Some(method) => self.may_call(method),
            // It is refused as unknown.
            None => Ok(()),
        }
    }
}
