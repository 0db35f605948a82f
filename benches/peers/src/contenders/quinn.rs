//! The floors of calls over QUIC: quinn with a stream for each call, and the hand-written multiplexer over one stream.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use bytes::Bytes;
use distributed_actor::security::DevelopmentCa;
use quinn::{
    ClientConfig, Connection, Endpoint, ServerConfig,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use crate::{
    contender::{Kept, Remote},
    floors,
};

const LENGTH_MAX: usize = 64 << 20;

#[derive(Clone)]
pub(crate) struct Streams(Connection);

impl Remote for Streams {
    async fn serve() -> (String, Kept) {
        serve(|connection| async move {
            while let Ok((mut sender, mut receiver)) = connection.accept_bi().await {
                tokio::spawn(async move {
                    let body = receiver.read_to_end(LENGTH_MAX).await.unwrap();
                    sender.write_chunk(body.into()).await.unwrap();
                    sender.finish().unwrap();
                });
            }
        })
    }

    async fn connect(address: String) -> [Self; 2] {
        let streams = Self(connect(&address).await);
        [streams.clone(), streams]
    }

    async fn echo(&self, body: Bytes) -> Bytes {
        let (mut sender, mut receiver) = self.0.open_bi().await.unwrap();
        sender.write_chunk(body).await.unwrap();
        sender.finish().unwrap();
        receiver.read_to_end(LENGTH_MAX).await.unwrap().into()
    }
}

#[derive(Clone)]
pub(crate) struct Multiplexer(floors::Multiplexer);

impl Remote for Multiplexer {
    async fn serve() -> (String, Kept) {
        serve(|connection| async move {
            let (sender, receiver) = connection.accept_bi().await.unwrap();
            floors::Multiplexer::serve_over(receiver, sender);
            connection.closed().await;
        })
    }

    async fn connect(address: String) -> [Self; 2] {
        let (sender, receiver) = connect(&address).await.open_bi().await.unwrap();
        let multiplexer = Self(floors::Multiplexer::over(receiver, sender));
        [multiplexer.clone(), multiplexer]
    }

    async fn echo(&self, body: Bytes) -> Bytes {
        self.0.call(body).await
    }
}

/// With certificates on both sides, as ours.
fn serve<F: Future<Output = ()> + Send + 'static>(each: impl Fn(Connection) -> F + Send + 'static) -> (String, Kept) {
    let directory = std::env::temp_dir().join(format!("peers-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let ca = DevelopmentCa::new().unwrap();
    ca.write_to(&directory).unwrap();
    for name in ["server", "client"] {
        ca.issue(name).unwrap().write_to(&directory).unwrap();
    }
    let (roots, chain, key) = credentials(&directory, "server");
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider.clone()).build().unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(config).unwrap()));
    let endpoint = Endpoint::server(config, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = format!("{} {}", endpoint.local_addr().unwrap(), directory.display());
    let serving = tokio::spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            if let Ok(connection) = incoming.await {
                tokio::spawn(each(connection));
            }
        }
    });
    (address, Box::new(serving))
}

async fn connect(address: &str) -> Connection {
    let (address, directory) = address.split_once(' ').unwrap();
    let (roots, chain, key) = credentials(Path::new(directory), "client");
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap();
    let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).unwrap()));
    let endpoint = Endpoint::client(SocketAddr::from(([0, 0, 0, 0], 0))).unwrap();
    let connection = endpoint.connect_with(config, address.parse().unwrap(), "127.0.0.1").unwrap().await.unwrap();
    fs::remove_dir_all(directory).unwrap();
    connection
}

type Credentials = (Arc<RootCertStore>, Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn credentials(directory: &Path, name: &str) -> Credentials {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(directory.join("ca.pem")).unwrap()).unwrap();
    let chain = CertificateDer::pem_file_iter(directory.join(format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(directory.join(format!("{name}.key"))).unwrap();
    (Arc::new(roots), chain.map(Result::unwrap).collect(), key)
}
