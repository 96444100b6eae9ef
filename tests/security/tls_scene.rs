//! Authorities that issue certificates, and clients that show them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::raw::{self, RawReply};

/// Whoever issues certificates.
pub(crate) struct Authority {
    pub(crate) pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) cert: String,
    pub(crate) key: String,
    der: CertificateDer<'static>,
    key_der: Vec<u8>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// A certificate with the common name `name` and the id `spiffe://acme/NAME`, changed by `edit`.
    pub(crate) fn issue(&self, name: &str, edit: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names.push(uri(&format!("spiffe://acme/{name}")));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        edit(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            cert: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
            key_der: key.serialize_der(),
        }
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.der.clone()
    }

    /// A server's certificate for these names.
    pub(crate) fn server(&self, names: &[&str]) -> Identity {
        self.issue("server", |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.subject_alt_names = names.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect();
        })
    }
}

pub(crate) fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

/// Valid from long ago for this long from now on, or until this long ago.
pub(crate) fn until(params: &mut CertificateParams, left: Result<Duration, Duration>) {
    let now = SystemTime::now();
    let end = left.map_or_else(|ago| now - ago, |left| now + left);
    params.not_before = (now - Duration::from_hours(48)).into();
    params.not_after = end.into();
}

impl Identity {
    /// A certificate that is its own authority, as `openssl req -x509` makes them, for `localhost`, changed by `edit`.
    pub(crate) fn self_signed(edit: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        edit(&mut params);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            cert: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
            key_der: key.serialize_der(),
        }
    }

    /// Puts both files in place at once, as careful programs do.
    pub(crate) fn write(&self, folder: &Path, name: &str) {
        for (kind, text) in [("pem", &self.cert), ("key", &self.key)] {
            let (path, new) = (folder.join(format!("{name}.{kind}")), folder.join("new"));
            std::fs::write(&new, text).unwrap();
            std::fs::rename(new, path).unwrap();
        }
    }

    pub(crate) fn der(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (vec![self.der.clone()], PrivateKeyDer::try_from(self.key_der.clone()).unwrap())
    }
}

/// Someone who trusts an authority and may have a certificate.
#[derive(Clone)]
pub(crate) struct Caller(TlsConnector);

impl Caller {
    pub(crate) fn new(trusted: &Authority, identity: Option<&Identity>) -> Self {
        Self::speaking(trusted, identity, &[&version::TLS13, &version::TLS12])
    }

    pub(crate) fn speaking(
        trusted: &Authority,
        identity: Option<&Identity>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.der.clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity.map(Identity::der) {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self(TlsConnector::from(Arc::new(config)))
    }

    pub(crate) async fn connect(&self, to: std::net::SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").unwrap();
        self.0.connect(name, TcpStream::connect(to).await?).await
    }

    /// One request on a connection of its own; `None` if there was no answer but the end of the connection.
    pub(crate) async fn get(&self, to: std::net::SocketAddr, path: &str, headers: &str) -> Option<RawReply> {
        let mut stream = self.connect(to).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        // The peer may close without a farewell once all is said.
        let ended = stream.read_to_end(&mut answer).await;
        if answer.is_empty() {
            assert!(ended.is_err(), "a connection that ended in peace without an answer");
            return None;
        }
        Some(raw::parse(&answer, false).unwrap())
    }
}

/// One request on a connection that is kept.
pub(crate) async fn get_kept(stream: &mut TlsStream<TcpStream>, path: &str) -> RawReply {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    loop {
        answer.push(stream.read_u8().await.unwrap());
        if let Ok(reply) = raw::parse(&answer, false) {
            return reply;
        }
    }
}
