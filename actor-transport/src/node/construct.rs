//! Actors that others have started here.

use std::{collections::HashMap, sync::Arc};

use actor_core::{ActorId, AnyLocal, ConstructorEntry, IncomingCall, InvocationDecoder, Orphan, Pace, SystemError};
use serde::{Deserialize, Serialize};

use super::{Node, inner::Inner, invocation::NodeDecoder, link::Link, reply::NodeReply, spawned::Place};
use crate::protocol::RemoteMethod;

/// Bytes of a name under which an actor is registered from elsewhere.
const NAME_LENGTH_MAX: usize = 1024;

/// What stands before the arguments of a constructor (`docs/protocol.md`, section 5).
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) name: Option<String>,
    pub(super) owner: Option<Orphan>,
}

/// The constructors of this binary, by the hashes of their names.
pub(super) struct Constructors(HashMap<u64, Vec<Constructor>>);

/// A constructor, and how fast it has proved on this node.
struct Constructor {
    entry: &'static ConstructorEntry<Node>,
    pace: Pace,
}

impl Constructors {
    pub(super) fn of_this_binary() -> Self {
        let mut by_hash = HashMap::<_, Vec<_>>::new();
        for entry in ConstructorEntry::<Node>::all() {
            by_hash.entry(entry.info().hash()).or_default().push(Constructor { entry, pace: Pace::new() });
        }
        Self(by_hash)
    }

    /// The constructor that the peer names, and has the same idea of.
    fn find(&self, inner: &Inner, wanted: &RemoteMethod) -> Result<&Constructor, SystemError> {
        let unknown = |why: &str| SystemError::UnknownConstructor {
            constructor: wanted.name.clone(),
            node: inner.id,
            why: format!("its program{} has {why}", program()).into(),
        };
        let known = self.0.get(&wanted.hash).map(Vec::as_slice).unwrap_or_default();
        let mut named = known.iter().filter(|known| *known.entry.info().name() == *wanted.name);
        let constructor = named.next().ok_or_else(|| unknown("none of that name"))?;
        if named.next().is_some() {
            return Err(unknown("two of that name; `#[distributed(spawn, name = \"..\")]` tells them apart"));
        }
        let signature = constructor.entry.info().signature();
        if *signature != *wanted.signature {
            return Err(SystemError::SignatureMismatch {
                method: wanted.name.clone(),
                ours: wanted.signature.clone(),
                theirs: signature.into(),
            });
        }
        Ok(constructor)
    }
}

/// The name of this binary, to be put behind a word.
fn program() -> String {
    let path = std::env::current_exe().ok();
    let name = path.as_deref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    name.map(|name| format!(", `{name}`,")).unwrap_or_default()
}

/// Starts an actor on behalf of the peer.
pub(super) fn construct(
    inner: &Arc<Inner>,
    link: &Arc<Link>,
    mut decoder: NodeDecoder,
    reply: NodeReply,
    call: IncomingCall,
) {
    let key = reply.key();
    let prepared = prepare(inner, link, &mut decoder, reply.method());
    let (Constructor { entry, pace }, keep) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return reply.fail(error),
    };
    let system = Node::without_guard(inner.clone());
    let link_of_caller = link.clone();
    let keep = move |actor, id: &_| keep.keep(&link_of_caller, actor, id);
    let token = entry.execute(&system, decoder, reply, call, pace, keep);
    if let (Some(token), Some(key)) = (token, key) {
        link.running(key, token);
    }
}

fn prepare<'a>(
    inner: &'a Arc<Inner>,
    link: &Link,
    decoder: &mut NodeDecoder,
    method: &RemoteMethod,
) -> Result<(&'a Constructor, Keep), SystemError> {
    let constructor = inner.constructors().find(inner, method)?;
    link.may_call(constructor.entry.info())?;
    let bad = |why: String| SystemError::BadArguments { method: method.name.clone(), why: why.into() };
    let Wanted { name, owner } = decoder.next_argument().map_err(|error| bad(error.to_string()))?;
    if name.as_ref().is_some_and(|name| name.len() > NAME_LENGTH_MAX) {
        return Err(bad(format!("the name has more than {NAME_LENGTH_MAX} bytes")));
    }
    let place = inner.spawned.admit(inner, link.peer())?;
    let name = name.map(|name| Reserved::new(inner, name)).transpose()?;
    Ok((constructor, Keep { place, name, owner }))
}

/// What keeps an actor that is made for a peer.
struct Keep {
    place: Place,
    name: Option<Reserved>,
    owner: Option<Orphan>,
}

impl Keep {
    fn keep(self, link: &Link, actor: AnyLocal<Node>, id: &ActorId) -> Result<(), SystemError> {
        let inner = link.inner.clone();
        if let Some(name) = self.name {
            name.register(id, actor.clone())?;
        }
        if !self.place.keep(id, actor, self.owner) {
            return Err(SystemError::ShuttingDown);
        }
        // Nobody would ever know of it. A link that is closed from now on asks what it owns.
        if link.is_closed() {
            inner.kept.forget(id.instance());
            inner.spawned.forget(id.instance());
            return Err(SystemError::Cancelled);
        }
        Ok(())
    }
}

/// A name that is kept for an actor to come; dropped, it is free again.
pub(super) struct Reserved {
    inner: Arc<Inner>,
    name: String,
}

impl Reserved {
    pub(super) fn new(inner: &Arc<Inner>, name: String) -> Result<Self, SystemError> {
        inner.kept.reserve(&name)?;
        Ok(Self { inner: inner.clone(), name })
    }

    pub(super) fn register(self, id: &ActorId, actor: AnyLocal<Node>) -> Result<(), SystemError> {
        self.inner.kept.redeem(&self.name, *id, actor)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.inner.kept.unreserve(&self.name);
    }
}
