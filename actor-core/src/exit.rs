//! Why an actor ended, down to the root of it.

use std::{error::Error, fmt};

use serde::{Deserialize, Serialize};

use crate::{NetworkError, Terminated};

/// Causes that are kept; of a longer chain those in the middle are left out, never the root.
const CAUSES_MAX: usize = 16;
/// Bytes of one text that are kept.
const TEXT_LENGTH_MAX: usize = 256;

/// How an actor came to its end, from what was asked for to what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Exit {
    /// It was asked to stop, or its last reference went.
    Stopped,
    /// Its supervisor, or its node, ended it in order.
    Shutdown,
    /// It did not stop in time, and was given up.
    Killed,
    /// There was no such actor.
    NoSuchActor,
    /// It could not start.
    StartFailed,
    /// It gave up, by `ctx.fail(error)`.
    Failed,
    /// One of its methods panicked.
    Panicked,
    /// Its node was lost.
    NodeLost,
    /// It is a supervisor, and its children failed too often.
    Escalated,
    /// An actor that it was linked to has ended, otherwise than it was meant to.
    Linked,
}

/// Why an actor ended, with the chain of causes.
///
/// Ordered by how it ended, then by the words. `Display` gives the chain on one line, each cause behind `: `.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExitReason {
    exit: Exit,
    why: Box<str>,
    causes: Vec<Cause>,
}

/// One link of the chain behind an [`ExitReason`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cause {
    exit: Exit,
    why: Box<str>,
}

impl ExitReason {
    /// An end of this kind; `why` says more, in words.
    pub fn new(exit: Exit, why: impl fmt::Display) -> Self {
        Self { exit, why: text(&why), causes: Vec::new() }
    }

    /// What an actor's own error says, with the errors that are its [`source`](Error::source)s. A reason that is the
    /// error, or among its sources, keeps what it is.
    pub(crate) fn of_error(exit: Exit, error: &(dyn Error + 'static)) -> Self {
        let mut reason = Self::new(exit, error);
        let mut next = match error.downcast_ref::<Self>() {
            Some(known) => {
                reason.why = text(&known.why);
                reason.add(known.links().skip(1));
                None
            }
            None => error.source(),
        };
        while let Some(source) = next {
            match source.downcast_ref::<Self>() {
                Some(known) => {
                    reason.add(known.links());
                    break;
                }
                None => reason.add([Cause { exit, why: text(&source) }]),
            }
            next = source.source();
        }
        reason
    }

    /// The same with what led to it.
    #[must_use]
    pub fn caused_by(mut self, cause: &Self) -> Self {
        self.add(cause.links());
        self
    }

    /// How the actor ended.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether it ended as it was meant to.
    #[must_use]
    pub fn is_normal(&self) -> bool {
        matches!(self.exit, Exit::Stopped | Exit::Shutdown)
    }

    /// In words, without the causes.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What led to it, one after the other; the last one is the root.
    #[must_use]
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// Where it all began: the last cause, or itself.
    #[must_use]
    pub fn root(&self) -> Cause {
        self.causes.last().cloned().unwrap_or_else(|| Cause { exit: self.exit, why: self.why.clone() })
    }

    fn links(&self) -> impl Iterator<Item = Cause> {
        std::iter::once(Cause { exit: self.exit, why: self.why.clone() }).chain(self.causes.iter().cloned())
    }

    fn add(&mut self, causes: impl IntoIterator<Item = Cause>) {
        for cause in causes {
            if self.causes.len() >= CAUSES_MAX {
                self.causes.pop();
            }
            self.causes.push(cause);
        }
    }
}

impl Cause {
    /// How it ended.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// In words.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        for cause in &self.causes {
            write!(f, ": {}", cause.why)?;
        }
        Ok(())
    }
}

impl Error for ExitReason {}

impl From<&Terminated> for ExitReason {
    fn from(how: &Terminated) -> Self {
        match how {
            Terminated::Stopped => Self::new(Exit::Stopped, "it was stopped"),
            Terminated::Panicked => Self::new(Exit::Panicked, "one of its methods panicked"),
            Terminated::Failed(reason) => (**reason).clone(),
            Terminated::NodeLost(lost) => lost.into(),
            Terminated::NoSuchActor => Self::new(Exit::NoSuchActor, "there was no such actor"),
        }
    }
}

impl From<&NetworkError> for ExitReason {
    fn from(lost: &NetworkError) -> Self {
        Self::new(Exit::NodeLost, lost)
    }
}

/// The front of a text.
fn text(of: &dyn fmt::Display) -> Box<str> {
    let mut text = of.to_string();
    if text.len() > TEXT_LENGTH_MAX {
        let end = (0..4).map(|back| TEXT_LENGTH_MAX - back).find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{what}")]
    struct Layer {
        what: &'static str,
        #[source]
        source: Option<Box<dyn Error>>,
    }

    /// R76 in part
    #[test]
    fn the_sources_of_an_error_are_its_causes_down_to_the_root() {
        let root = Layer { what: "no such file", source: None };
        let middle = Layer { what: "no configuration", source: Some(Box::new(root)) };
        let top = Layer { what: "cannot work", source: Some(Box::new(middle)) };
        let reason = ExitReason::of_error(Exit::Failed, &top);
        assert_eq!(reason.to_string(), "cannot work: no configuration: no such file");
        assert_eq!((reason.exit(), reason.root().why()), (Exit::Failed, "no such file"));
        let outer = ExitReason::new(Exit::Escalated, "gave up").caused_by(&reason);
        assert_eq!(outer.to_string(), "gave up: cannot work: no configuration: no such file");
        let again = ExitReason::of_error(Exit::Failed, &outer);
        assert_eq!(again.to_string(), outer.to_string());
        assert!(!again.is_normal() && ExitReason::from(&Terminated::Stopped).is_normal());
    }

    #[test]
    fn a_long_chain_keeps_its_root_and_a_long_text_its_front() {
        let mut reason = ExitReason::new(Exit::Panicked, "the root");
        for depth in 0..100 {
            reason = ExitReason::new(Exit::Escalated, format!("level {depth}")).caused_by(&reason);
        }
        assert_eq!(reason.causes().len(), CAUSES_MAX);
        assert_eq!((reason.root().exit(), reason.root().why()), (Exit::Panicked, "the root"));
        let long = ExitReason::new(Exit::Failed, "\u{20ac}".repeat(1000));
        assert!(long.why().len() <= TEXT_LENGTH_MAX && long.why().len() > TEXT_LENGTH_MAX - 4);
    }

    #[test]
    fn reasons_are_ordered_by_how_bad_they_are() {
        let of = |exit| ExitReason::new(exit, "");
        assert!(of(Exit::Stopped) < of(Exit::Failed) && of(Exit::Failed) < of(Exit::Escalated));
    }
}
