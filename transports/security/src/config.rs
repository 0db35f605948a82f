//! Identity and trust together, for any number of transports.

use std::{
    fmt,
    sync::{Arc, RwLock},
};

use crate::{
    CertificateError, Identity, Trust,
    crypto::{
        provider,
        rustls::{
            ClientConfig, ServerConfig,
            client::{Resumption, WebPkiServerVerifier},
            server::WebPkiClientVerifier,
            version::TLS13,
        },
    },
};

/// How a node shows who it is, and whom it believes: for `tls`, `wss` and `quic` alike.
///
/// Clones share what is set. What is [set anew](Self::set_identity) counts from the next connection on; those that exist
/// go on.
#[derive(Clone)]
pub struct Tls {
    shared: Arc<RwLock<State>>,
}

struct State {
    identity: Option<Identity>,
    trust: Trust,
    takes_anonymous: bool,
    current: Arc<Current>,
}

/// What is used for the next connection.
struct Current {
    names: Vec<String>,
    client: Configs<ClientConfig>,
    /// None without an identity: nobody can be let in then.
    server: Option<Configs<ServerConfig>>,
}

/// One for each protocol that TLS is asked to carry.
struct Configs<C> {
    node: Arc<C>,
    web: Arc<C>,
}

/// What TLS is asked to carry, so that no side takes one thing for another (ALPN).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alpn {
    /// Sessions of nodes, as they are.
    Node,
    /// HTTP, from which a WebSocket begins.
    Web,
}

impl Tls {
    /// Both sides of each connection show a certificate: what nodes of one cluster use.
    ///
    /// # Errors
    /// When the certificates cannot be used: the key belongs to another one, say.
    pub fn mutual(identity: Identity, trust: Trust) -> Result<Self, CertificateError> {
        Self::new(Some(identity), trust)
    }

    /// Shows no certificate, and so can connect to services that [take anyone](Self::allow_anonymous), and not listen.
    ///
    /// # Errors
    /// When the certificates cannot be used.
    pub fn client(trust: Trust) -> Result<Self, CertificateError> {
        Self::new(None, trust)
    }

    fn new(identity: Option<Identity>, trust: Trust) -> Result<Self, CertificateError> {
        let current = Arc::new(Current::new(identity.as_ref(), &trust, false)?);
        let state = State { identity, trust, takes_anonymous: false, current };
        Ok(Self { shared: Arc::new(RwLock::new(state)) })
    }

    /// Takes connections without a certificate, too, for public services. Those who show one have to show a good one.
    /// Let [`NodeBuilder::authorize`](actor_transport::NodeBuilder::authorize) decide what strangers may call.
    ///
    /// # Errors
    /// When the certificates cannot be used.
    pub fn allow_anonymous(self) -> Result<Self, CertificateError> {
        self.change(|state| state.takes_anonymous = true)?;
        Ok(self)
    }

    /// Shows this from the next connection on, without a restart. The node keeps its name, so that has to be among the
    /// new certificate's, too.
    ///
    /// # Errors
    /// When the certificates cannot be used; then nothing has changed.
    pub fn set_identity(&self, identity: Identity) -> Result<(), CertificateError> {
        self.change(|state| state.identity = Some(identity))
    }

    /// Believes this from the next connection on, without a restart: say, with a newer list of what is revoked. Sessions
    /// that exist go on.
    ///
    /// # Errors
    /// When the certificates cannot be used; then nothing has changed.
    pub fn set_trust(&self, trust: Trust) -> Result<(), CertificateError> {
        self.change(|state| state.trust = trust)
    }

    /// The DNS names in its certificate; none without one.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.current().names.clone()
    }

    /// What rustls needs for the next connection that is made.
    #[must_use]
    pub fn client_config(&self, alpn: Alpn) -> Arc<ClientConfig> {
        self.current().client.get(alpn)
    }

    /// What rustls needs for the next connection that is accepted; none without an identity.
    #[must_use]
    pub fn server_config(&self, alpn: Alpn) -> Option<Arc<ServerConfig>> {
        self.current().server.as_ref().map(|server| server.get(alpn))
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> Result<(), CertificateError> {
        let mut state = self.shared.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut next = State {
            identity: state.identity.clone(),
            trust: state.trust.clone(),
            takes_anonymous: state.takes_anonymous,
            current: state.current.clone(),
        };
        change(&mut next);
        next.current = Arc::new(Current::new(next.identity.as_ref(), &next.trust, next.takes_anonymous)?);
        *state = next;
        Ok(())
    }

    fn current(&self) -> Arc<Current> {
        self.shared.read().unwrap_or_else(|poisoned| poisoned.into_inner()).current.clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("names", &self.names()).finish_non_exhaustive()
    }
}

impl Current {
    fn new(identity: Option<&Identity>, trust: &Trust, takes_anonymous: bool) -> Result<Self, CertificateError> {
        let client = client(identity, trust)?;
        let server = identity.map(|identity| server(identity, trust, takes_anonymous)).transpose()?;
        Ok(Self {
            names: identity.map(|identity| identity.names().to_vec()).unwrap_or_default(),
            client: Configs::new(client, |config, protocols| config.alpn_protocols = protocols),
            server: server.map(|server| Configs::new(server, |config, protocols| config.alpn_protocols = protocols)),
        })
    }
}

impl<C: Clone> Configs<C> {
    fn new(config: C, set_protocols: impl Fn(&mut C, Vec<Vec<u8>>)) -> Self {
        let with = |protocol: &str| {
            let mut config = config.clone();
            set_protocols(&mut config, vec![protocol.into()]);
            Arc::new(config)
        };
        Self { node: with("distributed-actor/1"), web: with("http/1.1") }
    }

    fn get(&self, alpn: Alpn) -> Arc<C> {
        match alpn {
            Alpn::Node => self.node.clone(),
            Alpn::Web => self.web.clone(),
        }
    }
}

fn client(identity: Option<&Identity>, trust: &Trust) -> Result<ClientConfig, CertificateError> {
    let mut verifier = WebPkiServerVerifier::builder_with_provider(trust.roots.clone(), provider());
    if !trust.revoked.is_empty() {
        verifier = verifier.with_crls(trust.revoked.clone()).allow_unknown_revocation_status();
    }
    if trust.enforces_dates {
        verifier = verifier.enforce_revocation_expiration();
    }
    let verifier = verifier.build().map_err(unusable)?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(unusable)?
        .with_webpki_verifier(verifier);
    let mut config = match identity {
        Some(identity) => {
            builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key()).map_err(unusable)?
        }
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn server(identity: &Identity, trust: &Trust, takes_anonymous: bool) -> Result<ServerConfig, CertificateError> {
    let mut verifier = WebPkiClientVerifier::builder_with_provider(trust.roots.clone(), provider());
    if !trust.revoked.is_empty() {
        verifier = verifier.with_crls(trust.revoked.clone()).allow_unknown_revocation_status();
    }
    if trust.enforces_dates {
        verifier = verifier.enforce_revocation_expiration();
    }
    if takes_anonymous {
        verifier = verifier.allow_unauthenticated();
    }
    let verifier = verifier.build().map_err(unusable)?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(unusable)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(unusable)?;
    // A session that is resumed would be one whose certificate nobody has looked at since.
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn unusable(error: impl fmt::Display) -> CertificateError {
    CertificateError::Unusable(error.to_string())
}
