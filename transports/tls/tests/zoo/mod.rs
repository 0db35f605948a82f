//! Bad certificates, each bad in one way; for every transport with encryption.

#![allow(unreachable_pub, clippy::unwrap_used, reason = "tests")]

use std::{collections::VecDeque, future::poll_fn};

use actor_transport::{Address, Connection, Refusal, Transport, TransportError};
use bytes::{Bytes, BytesMut};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use transport_security::{Identity, Tls, Trust};

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    Expired,
    NotYetValid,
    OtherAuthority,
    SelfSigned,
    OtherName,
    WrongUsage,
    Revoked,
}

/// An authority with everything that can be wrong with what it issues.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

const REVOKED: u64 = 13;

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        // Authorities are told apart by their names.
        params.distinguished_name.push(DnType::CommonName, format!("{:?}", key.public_key_raw()));
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Trust in this authority, less what it has revoked.
    pub fn trust(&self) -> Trust {
        self.trust_until(2100)
    }

    /// The same with a list that is meant to be used up to the beginning of that year.
    pub fn trust_until(&self, year: i32) -> Trust {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(REVOKED),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(year, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer).unwrap().pem().unwrap();
        Trust::from_pem(&self.pem).unwrap().with_revocations(list).unwrap()
    }

    pub fn good(&self) -> Identity {
        self.identity(|_| {})
    }

    /// A certificate for a server or a client that is bad in one way.
    pub fn bad(&self, flaw: Flaw, is_server: bool) -> Identity {
        match flaw {
            Flaw::Expired => self.identity(|params| params.not_after = date_time_ymd(2024, 1, 1)),
            Flaw::NotYetValid => self.identity(|params| params.not_before = date_time_ymd(2100, 1, 1)),
            Flaw::OtherAuthority => Self::new().good(),
            Flaw::SelfSigned => {
                let (params, key) = (params("127.0.0.1"), KeyPair::generate().unwrap());
                Identity::from_pem(params.self_signed(&key).unwrap().pem(), key.serialize_pem()).unwrap()
            }
            Flaw::OtherName => self.named("10.1.2.3"),
            Flaw::WrongUsage => self.identity(|params| {
                use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
                params.extended_key_usages = vec![if is_server { ClientAuth } else { ServerAuth }];
            }),
            Flaw::Revoked => self.identity(|params| params.serial_number = Some(SerialNumber::from(REVOKED))),
        }
    }

    fn named(&self, name: &str) -> Identity {
        self.issue(params(name))
    }

    fn identity(&self, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = params("127.0.0.1");
        change(&mut params);
        self.issue(params)
    }

    fn issue(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        Identity::from_pem(params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem()).unwrap()
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned(), "node".to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// What both sides say when a client connects to a server: the client first. Each sends a byte, and waits for the
/// other's.
pub async fn meet<T: Transport>(client: T, server: T) -> (Result<(), TransportError>, Result<(), TransportError>) {
    for _ in 0..5 {
        let (client, server) = meet_once(&client, &server).await;
        if !is_reset(&client) && !is_reset(&server) {
            return (client, server);
        }
    }
    panic!("each attempt was reset");
}

/// QUIC says why in a single packet, which may be lost: then there is a reset.
fn is_reset(result: &Result<(), TransportError>) -> bool {
    matches!(result, Err(TransportError::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionReset)
}

async fn meet_once(
    client: &impl Transport,
    server: &impl Transport,
) -> (Result<(), TransportError>, Result<(), TransportError>) {
    let address: Address = format!("{}://127.0.0.1:0", server.scheme()).parse().unwrap();
    let mut listener = server.listen(&address).await.unwrap();
    let address = listener.address();
    let client = async { exchange(client.connect(&address).await?).await };
    let server = async { exchange(listener.accept().await?).await };
    tokio::join!(client, server)
}

pub async fn exchange(mut connection: Box<dyn Connection>) -> Result<(), TransportError> {
    connection.establish().await?;
    let (mut receiver, mut sender) = connection.split();
    let mut batch = VecDeque::from([Bytes::from_static(b"!")]);
    // Who is refused may learn it here or there.
    let sent = poll_fn(|cx| sender.poll_send(cx, &mut batch)).await;
    match poll_fn(|cx| receiver.poll_receive(cx, &mut BytesMut::new())).await {
        Ok(0) => sent.and(Err(TransportError::Other("the end".into()))),
        Ok(_) => sent,
        Err(error) => Err(error),
    }
}

pub fn refused(result: Result<(), TransportError>) -> Option<Refusal> {
    match result {
        Err(TransportError::Refused(refusal)) => Some(refusal),
        other => panic!("not refused: {other:?}"),
    }
}

pub fn refused_by_peer(result: Result<(), TransportError>) -> Option<Refusal> {
    match result {
        Err(TransportError::RefusedByPeer(refusal)) => Some(refusal),
        other => panic!("not refused by the peer: {other:?}"),
    }
}

/// What the side says that has looked at the certificate, and what the other one hears.
pub fn expected(flaw: Flaw) -> (Refusal, Refusal) {
    match flaw {
        Flaw::Expired => (Refusal::Expired, Refusal::Expired),
        Flaw::NotYetValid => (Refusal::NotYetValid, Refusal::Expired),
        Flaw::OtherAuthority | Flaw::SelfSigned => (Refusal::UnknownIssuer, Refusal::UnknownIssuer),
        Flaw::OtherName => (Refusal::WrongName, Refusal::BadCertificate),
        Flaw::WrongUsage => (Refusal::WrongUsage, Refusal::WrongUsage),
        Flaw::Revoked => (Refusal::Revoked, Refusal::Revoked),
    }
}

pub fn mutual(identity: Identity, trust: Trust) -> Tls {
    Tls::mutual(identity, trust).unwrap()
}

/// The tests, for a transport that is made of a [`Tls`].
macro_rules! zoo {
    ($transport:expr) => {
        mod zoo_tests {
            use actor_transport::Refusal;
            use transport_security::Tls;

            use super::zoo::{Authority, Flaw, expected, meet, mutual, refused, refused_by_peer};

            async fn a_server_with(flaw: Flaw) {
                let ca = Authority::new();
                let server = $transport(mutual(ca.bad(flaw, true), ca.trust()));
                let client = $transport(mutual(ca.good(), ca.trust()));
                let (client, server) = meet(client, server).await;
                let (own, heard) = expected(flaw);
                assert_eq!((refused(client), refused_by_peer(server)), (Some(own), Some(heard)));
            }

            async fn a_client_with(flaw: Flaw) {
                let ca = Authority::new();
                let server = $transport(mutual(ca.good(), ca.trust()));
                let client = $transport(mutual(ca.bad(flaw, false), ca.trust()));
                let (client, server) = meet(client, server).await;
                let (own, heard) = expected(flaw);
                assert_eq!((refused(server), refused_by_peer(client)), (Some(own), Some(heard)));
            }

            // R54
            #[tokio::test]
            async fn good_certificates_on_both_sides_are_taken() {
                let ca = Authority::new();
                let transport = || $transport(mutual(ca.good(), ca.trust()));
                let (client, server) = meet(transport(), transport()).await;
                assert!(client.is_ok() && server.is_ok(), "{client:?}, {server:?}");
            }

            #[tokio::test]
            async fn an_expired_certificate_is_refused_in_both_directions() {
                a_server_with(Flaw::Expired).await;
                a_client_with(Flaw::Expired).await;
            }

            #[tokio::test]
            async fn a_certificate_that_is_not_valid_yet_is_refused_in_both_directions() {
                a_server_with(Flaw::NotYetValid).await;
                a_client_with(Flaw::NotYetValid).await;
            }

            #[tokio::test]
            async fn a_certificate_of_another_authority_is_refused_in_both_directions() {
                a_server_with(Flaw::OtherAuthority).await;
                a_client_with(Flaw::OtherAuthority).await;
            }

            #[tokio::test]
            async fn a_self_signed_certificate_is_refused_in_both_directions() {
                a_server_with(Flaw::SelfSigned).await;
                a_client_with(Flaw::SelfSigned).await;
            }

            #[tokio::test]
            async fn a_certificate_for_the_wrong_use_is_refused_in_both_directions() {
                a_server_with(Flaw::WrongUsage).await;
                a_client_with(Flaw::WrongUsage).await;
            }

            #[tokio::test]
            async fn a_revoked_certificate_is_refused_in_both_directions() {
                a_server_with(Flaw::Revoked).await;
                a_client_with(Flaw::Revoked).await;
            }

            #[tokio::test]
            async fn an_old_list_of_revocations_counts_unless_its_date_is_enforced() {
                let ca = Authority::new();
                let old = || mutual(ca.good(), ca.trust_until(2025));
                let dated = |year| $transport(mutual(ca.good(), ca.trust_until(year).enforce_revocation_dates()));
                let (client, server) = meet($transport(old()), $transport(old())).await;
                assert!(client.is_ok() && server.is_ok(), "{client:?}, {server:?}");
                let (client, server) = meet(dated(2100), dated(2100)).await;
                assert!(client.is_ok() && server.is_ok(), "{client:?}, {server:?}");
                let own_and_heard = (Some(Refusal::StaleRevocations), Some(Refusal::UnknownIssuer));
                let (client, server) = meet(dated(2025), $transport(old())).await;
                assert_eq!((refused(client), refused_by_peer(server)), own_and_heard);
                let (client, server) = meet($transport(old()), dated(2025)).await;
                assert_eq!((refused(server), refused_by_peer(client)), own_and_heard);
            }

            // Of a client, the name is compared by the node.
            #[tokio::test]
            async fn a_server_whose_certificate_names_another_host_is_refused() {
                a_server_with(Flaw::OtherName).await;
            }

            #[tokio::test]
            async fn a_client_without_a_certificate_is_refused_unless_strangers_are_welcome() {
                let ca = Authority::new();
                let client = || $transport(Tls::client(ca.trust()).unwrap());
                let server = || mutual(ca.good(), ca.trust());
                let (refused_client, refusing_server) = meet(client(), $transport(server())).await;
                let reasons = (refused(refusing_server), refused_by_peer(refused_client));
                assert_eq!(reasons, (Some(Refusal::NoCertificate), Some(Refusal::NoCertificate)));

                let (client, server) = meet(client(), $transport(server().allow_anonymous().unwrap())).await;
                assert!(client.is_ok() && server.is_ok(), "{client:?}, {server:?}");
            }

            #[tokio::test]
            async fn a_bad_certificate_is_refused_also_where_strangers_are_welcome() {
                let ca = Authority::new();
                let server = $transport(mutual(ca.good(), ca.trust()).allow_anonymous().unwrap());
                let client = $transport(mutual(ca.bad(Flaw::Expired, false), ca.trust()));
                let (client, server) = meet(client, server).await;
                assert_eq!(
                    (refused(server), refused_by_peer(client)),
                    (Some(Refusal::Expired), Some(Refusal::Expired))
                );
            }

            #[tokio::test]
            async fn certificates_are_exchanged_without_a_restart() {
                let ca = Authority::new();
                let server = mutual(ca.bad(Flaw::Expired, true), ca.trust());
                let client = mutual(ca.good(), ca.trust());
                let (refused_by, _) = meet($transport(client.clone()), $transport(server.clone())).await;
                assert_eq!(refused(refused_by), Some(Refusal::Expired));

                server.set_identity(ca.good()).unwrap();
                let (met, _) = meet($transport(client.clone()), $transport(server.clone())).await;
                assert!(met.is_ok(), "{met:?}");

                server.set_trust(Authority::new().trust()).unwrap();
                let (_, refusing) = meet($transport(client), $transport(server)).await;
                assert_eq!(refused(refusing), Some(Refusal::UnknownIssuer));
            }

            #[tokio::test]
            async fn a_listener_shows_the_certificate_of_the_moment() {
                use actor_transport::Transport;

                let ca = Authority::new();
                let tls = mutual(ca.bad(Flaw::Revoked, true), ca.trust());
                let server = $transport(tls.clone());
                let client = $transport(mutual(ca.good(), ca.trust()));
                let address = format!("{}://127.0.0.1:0", server.scheme()).parse().unwrap();
                let mut listener = server.listen(&address).await.unwrap();
                let address = listener.address();
                tls.set_identity(ca.good()).unwrap();
                let accept = async { super::zoo::exchange(listener.accept().await.unwrap()).await };
                let connect = async { super::zoo::exchange(client.connect(&address).await.unwrap()).await };
                let (accepted, connected) = tokio::join!(accept, connect);
                assert!(accepted.is_ok() && connected.is_ok(), "{accepted:?}, {connected:?}");
            }

            #[tokio::test]
            async fn both_ends_have_the_same_channel_binding_and_no_two_connections() {
                use actor_transport::Transport;

                let ca = Authority::new();
                let transport = $transport(mutual(ca.good(), ca.trust()));
                let address = format!("{}://127.0.0.1:0", transport.scheme()).parse().unwrap();
                let mut listener = transport.listen(&address).await.unwrap();
                let address = listener.address();
                let mut bindings = Vec::new();
                for _ in 0..2 {
                    let (connected, accepted) = super::zoo::bindings(&transport, &mut *listener, &address).await;
                    assert_eq!(connected, accepted);
                    bindings.push(connected.unwrap());
                }
                assert_ne!(bindings[0], bindings[1]);
            }
        }
    };
}
pub(crate) use zoo;

/// The channel bindings of both ends of a new connection.
pub async fn bindings(
    transport: &impl Transport,
    listener: &mut dyn actor_transport::Listener,
    address: &Address,
) -> (Option<[u8; 32]>, Option<[u8; 32]>) {
    let connect = async {
        let connection = transport.connect(address).await.unwrap();
        let binding = connection.channel_binding();
        exchange(connection).await.unwrap();
        binding
    };
    let accept = async {
        let mut connection = listener.accept().await.unwrap();
        connection.establish().await.unwrap();
        let binding = connection.channel_binding();
        exchange(connection).await.unwrap();
        binding
    };
    tokio::join!(connect, accept)
}
