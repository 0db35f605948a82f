//! How a node is set up.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use actor_core::{BoxFuture, DeadLetter, MethodInfo, NodeId, SystemError};

use super::{
    Node, accept,
    identity::{Authorize, PeerIdentity, mint_id},
    inner::{Inner, Setup},
    join::{Joined, Joining},
    own_runtime::OwnRuntime,
    refused::{OnRefused, RefusedConnection},
    reply::ErrorPolicy,
};
use crate::{Address, IntoAddress, Limits, Transport, TransportError, cluster::Labels};

/// Sets up a [`Node`].
pub struct NodeBuilder {
    id: Option<NodeId>,
    name: String,
    listen: Vec<Result<Address, SystemError>>,
    transports: Vec<Arc<dyn Transport>>,
    limits: Limits,
    errors: ErrorPolicy,
    on_dead_letter: Option<OnDeadLetter>,
    on_refused: Option<OnRefused>,
    send_panic_text: bool,
    plaintext: bool,
    authorize: Option<Authorize>,
    shared_secret: Option<[u8; 32]>,
    pub(super) joining: Joining,
}

pub(super) type OnDeadLetter = Box<dyn Fn(&DeadLetter) + Send + Sync>;

/// A transport that every node has, unless its builder is given another one for the scheme. Transport crates submit
/// theirs where the facade links them.
pub struct DefaultTransport(pub fn() -> Arc<dyn Transport>);

inventory::collect!(DefaultTransport);

impl fmt::Debug for DefaultTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DefaultTransport")
    }
}

impl NodeBuilder {
    pub(super) fn new() -> Self {
        Self {
            id: None,
            name: String::new(),
            listen: Vec::new(),
            transports: Vec::new(),
            limits: Limits::default(),
            errors: ErrorPolicy::All,
            on_dead_letter: None,
            on_refused: None,
            send_panic_text: false,
            plaintext: false,
            authorize: None,
            shared_secret: None,
            joining: Joining::default(),
        }
    }

    /// A name, for people. At most 255 bytes of it travel.
    ///
    /// A node that shows certificates to its peers is called by a name in them: by the first, if none is set here.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Listens on this address; may be called several times. A port of 0 lets the system choose one.
    #[must_use]
    pub fn listen(mut self, address: impl IntoAddress) -> Self {
        self.listen.push(address.into_address());
        self
    }

    /// Adds a transport; it serves the addresses of its scheme, in place of one added before.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transports.push(Arc::new(transport));
        self
    }

    /// Other limits than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The time that a call has if it sets none. 10 s.
    #[must_use]
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.limits.call_deadline = timeout;
        self
    }

    /// Which errors of methods are sent in their types; the others arrive as their text. All.
    #[must_use]
    pub fn errors(mut self, policy: ErrorPolicy) -> Self {
        self.errors = policy;
        self
    }

    /// Sees each one-way call that came to nothing. Called on the node's own tasks: it must not block. A panic of it ends
    /// nothing else.
    #[must_use]
    pub fn on_dead_letter(mut self, hook: impl Fn(&DeadLetter) + Send + Sync + 'static) -> Self {
        self.on_dead_letter = Some(Box::new(hook));
        self
    }

    /// Sees each connection that was accepted and did not become a session, with the reason: bad certificates, other
    /// clusters, strangers. Who only asks for the node's id, and dials that cross, are none of them. Called on the tasks
    /// that shake hands: it must not block. A panic of it ends nothing else.
    #[must_use]
    pub fn on_refused(mut self, hook: impl Fn(&RefusedConnection) + Send + Sync + 'static) -> Self {
        self.on_refused = Some(Box::new(hook));
        self
    }

    /// Sends the text of a panic to a caller on another node. It may hold secrets; without this it stays here.
    #[must_use]
    pub fn send_panic_text(mut self, send: bool) -> Self {
        self.send_panic_text = send;
        self
    }

    /// Decides what each peer may do: with `false` its call fails with [`SystemError::Unauthorized`], and its arguments
    /// are not decoded. Asked for each call and cast, on tasks that serve all of the peer's calls: it must not block.
    /// Where it panics, nothing is allowed.
    ///
    /// What a node itself is asked has names of its own: `distributed_actor::Node::lookup`, `..::stop`, `..::watch`,
    /// and `..::gossip` for taking part in the cluster.
    ///
    /// ```
    /// # use actor_transport::Node;
    /// let builder = Node::builder().authorize(|peer, method| match peer.proven_name() {
    ///     Some("admin") => true,
    ///     Some(_) => method.actor() != "Vault",
    ///     None => method.name() == "distributed_actor::Node::lookup",
    /// });
    /// ```
    #[must_use]
    pub fn authorize(mut self, hook: impl Fn(&PeerIdentity, &MethodInfo) -> bool + Send + Sync + 'static) -> Self {
        self.authorize = Some(Box::new(hook));
        self
    }

    /// A secret that all nodes of a cluster have in common. Both sides of each connection have to prove that they know
    /// it, before anything else of them is looked at; it is never sent. It should be 32 random bytes: no password.
    ///
    /// It says who belongs to the cluster. It encrypts nothing: where others can reach the connection, use a transport
    /// that does, to which the proof is then bound.
    #[cfg(feature = "proofs")]
    #[must_use]
    pub fn shared_secret(mut self, secret: [u8; 32]) -> Self {
        self.shared_secret = Some(secret);
        self
    }

    /// Allows to listen in the clear on an address that others than this machine can reach. Whoever is in between can
    /// then read and change every call.
    #[must_use]
    pub fn danger_allow_plaintext(mut self) -> Self {
        self.plaintext = true;
        self
    }

    /// The incarnation's id, in place of a random one: for tests that have to repeat a run. An id that is used twice
    /// breaks what references promise, and peers that look at certificates refuse one that was not made for the name.
    #[must_use]
    pub fn id(mut self, id: NodeId) -> Self {
        self.id = Some(id);
        self
    }

    /// Starts the node in the tokio runtime that this is called in.
    ///
    /// # Errors
    /// [`SystemError::BadAddress`] for an address that cannot be listened on: of no known scheme, taken, in the clear
    /// where others can reach it, or, for a member of a cluster, where nobody can; for a contact that can never answer:
    /// of no known scheme, or `0.0.0.0`; and for a member of a cluster that is to listen nowhere.
    /// [`SystemError::BadLimits`] for limits that do not fit together.
    /// [`SystemError::Unauthorized`] for a name that does not stand in the certificates that the node shows.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(self) -> Result<Node, SystemError> {
        self.starting().await
    }

    /// In a box: see [`Inner::serve`].
    fn starting(self) -> BoxFuture<'static, Result<Node, SystemError>> {
        Box::pin(self.begin())
    }

    async fn begin(self) -> Result<Node, SystemError> {
        self.limits.validate().map_err(|error| SystemError::BadLimits { why: error.to_string().into() })?;
        let mut transports: HashMap<String, Arc<dyn Transport>> = HashMap::new();
        let defaults = inventory::iter::<DefaultTransport>.into_iter().map(|default| default.0());
        for transport in defaults.chain(self.transports) {
            transports.insert(transport.scheme().to_owned(), transport);
        }
        let (name, proven) = name_in_certificates(self.name, &transports)?;
        let joined = self.joining.prepare(!self.listen.is_empty())?;
        if let Some(joined) = &joined {
            joined.check_contacts(&transports)?;
        }
        let own_runtime = joined.as_ref().and_then(Joined::own_runtime);
        let mut listeners = Vec::new();
        for address in self.listen {
            let address = address?;
            if joined.is_some() {
                Joined::check_listen(&address)?;
            }
            let wrong = |why: String| SystemError::BadAddress { address: address.to_string().into(), why: why.into() };
            let transport = transport_of(&address, &transports)?;
            if transport.is_exposed(&address) && !self.plaintext {
                return Err(wrong(
                    "it is in the clear, and others than this machine can reach it; use a transport with encryption, \
                     or build the node with `danger_allow_plaintext()`"
                        .into(),
                ));
            }
            let listener = OwnRuntime::listen(own_runtime.as_ref(), transport, &address).await;
            listeners.push(listener.map_err(|error| match error {
                // Its text names the address, too.
                TransportError::Address { why, .. } => wrong(why),
                error => wrong(error.to_string()),
            })?);
        }
        let inner = Inner::new(Setup {
            id: self.id.map_or_else(|| mint_id(&proven), Ok)?,
            name,
            addresses: listeners.iter().map(|listener| listener.address()).collect(),
            transports,
            limits: self.limits,
            errors: self.errors,
            on_dead_letter: self.on_dead_letter,
            on_refused: self.on_refused,
            send_panic_text: self.send_panic_text,
            authorize: self.authorize,
            shared_secret: self.shared_secret,
            own_runtime,
            contacts: joined.as_ref().map_or_else(Vec::new, |joined| joined.contacts.clone()),
            discoveries: joined.as_ref().map_or_else(Vec::new, |joined| joined.discoveries.clone()),
            labels: joined.as_ref().map_or_else(Labels::new, |joined| joined.labels.clone()),
        });
        if let Some(joined) = joined {
            joined.start(&inner);
        }
        for listener in listeners {
            accept::listen(&inner, listener);
        }
        Ok(Node::guarded(inner))
    }
}

/// The transport that serves an address.
pub(super) fn transport_of<'a>(
    address: &Address,
    transports: &'a HashMap<String, Arc<dyn Transport>>,
) -> Result<&'a Arc<dyn Transport>, SystemError> {
    transports.get(address.scheme()).ok_or_else(|| SystemError::BadAddress {
        address: address.to_string().into(),
        why: no_transport(transports).into(),
    })
}

/// What to say of a scheme that nobody serves.
pub(super) fn no_transport(transports: &HashMap<String, Arc<dyn Transport>>) -> String {
    let mut schemes: Vec<_> = transports.keys().map(String::as_str).collect();
    schemes.sort_unstable();
    format!("no transport of this node has that scheme; it has: {}", schemes.join(", "))
}

/// The node's name, and the name that its certificates prove: empty if it has none.
fn name_in_certificates(
    name: String,
    transports: &HashMap<String, Arc<dyn Transport>>,
) -> Result<(String, String), SystemError> {
    let certificates: Vec<_> =
        transports.values().map(|transport| transport.own_names()).filter(|names| !names.is_empty()).collect();
    let Some(first) = certificates.first().and_then(|names| names.first()) else { return Ok((name, String::new())) };
    let name = if name.is_empty() { first.clone() } else { name };
    match certificates.iter().find(|names| !names.contains(&name)) {
        None => Ok((name.clone(), name)),
        Some(names) => {
            let why = format!("the node is called `{name}`, and its certificate is for {}", names.join(", "));
            Err(SystemError::Unauthorized { why: why.into() })
        }
    }
}

impl fmt::Debug for NodeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeBuilder").field("name", &self.name).field("listen", &self.listen).finish_non_exhaustive()
    }
}
