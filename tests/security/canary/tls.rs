//! Certificates made for one test, and ends of TLS connections that use them.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

pub(crate) struct Authority {
    pub(crate) pem: String,
    der: rustls::pki_types::CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate for `localhost` and its key.
pub(crate) struct Issued {
    pub(crate) cert_pem: String,
    pub(crate) key: KeyPair,
    der: rustls::pki_types::CertificateDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    pub(crate) fn issue(&self) -> Issued {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued { cert_pem: certificate.pem(), der: certificate.der().clone(), key }
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        Arc::new(roots)
    }

    /// A vendor's end, which asks for a certificate of this authority.
    pub(crate) fn acceptor(&self, alpn: &[u8]) -> Acceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(self.roots(), Arc::clone(&provider));
        let own = self.issue();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![own.der], PrivateKeyDer::try_from(own.key.serialize_der()).unwrap())
            .unwrap();
        config.alpn_protocols = vec![alpn.to_vec()];
        Acceptor(TlsAcceptor::from(Arc::new(config)))
    }

    /// A caller's end.
    pub(crate) async fn connect(&self, socket: TcpStream) -> client::TlsStream<TcpStream> {
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots())
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(ServerName::try_from("localhost").unwrap(), socket).await.unwrap()
    }
}

#[derive(Clone)]
pub(crate) struct Acceptor(TlsAcceptor);

impl Acceptor {
    pub(crate) async fn accept(&self, socket: TcpStream) -> Option<server::TlsStream<TcpStream>> {
        self.0.accept(socket).await.ok()
    }
}

/// A vendor that speaks HTTP/2 and, as soon as it has a request, closes the connection with `words`.
pub(crate) async fn closing(acceptor: Acceptor, words: String) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Some(stream) = acceptor.accept(socket).await {
                let _ended = close(stream, &words).await;
            }
        }
    });
    (port, serving)
}

async fn close(mut stream: server::TlsStream<TcpStream>, words: &str) -> std::io::Result<()> {
    const HEADERS: u8 = 1;
    stream.read_exact(&mut [0; 24]).await?;
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        stream.read_exact(&mut vec![0; length]).await?;
        if head[3] == HEADERS {
            break;
        }
    }
    let length = u32::try_from(8 + words.len()).unwrap().to_be_bytes();
    let going_away = [&length[1..], &[7, 0, 0, 0, 0, 0], &[0, 0, 0, 1], &[0, 0, 0, 2], words.as_bytes()].concat();
    stream.write_all(&going_away).await?;
    stream.shutdown().await
}
