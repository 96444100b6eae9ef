//! TLS of a listener: versions, ALPN, client certificates, reload.

use std::sync::Arc;

use crate::scene::{TestServer, read_to_end, read_until};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use switchboard::net::settings::ListenerSettings;
use switchboard::net::tls::acceptor::{NextTls, Tls, TlsError, TlsMaterial};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const PEER: &str = "GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

struct Authority {
    pem: String,
    der: rustls::pki_types::CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names.push(SanType::URI(format!("spiffe://acme/{name}").try_into().unwrap()));
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn material(&self, client_ca: Option<&Self>) -> TlsMaterial {
        let (certificate, key) = self.issue("server");
        TlsMaterial {
            certificate_chain: certificate.pem().into_bytes(),
            private_key: key.serialize_pem().into_bytes().into(),
            client_ca: client_ca.map(|ca| ca.pem.clone().into_bytes()),
            tls13_only: false,
        }
    }

    fn client(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        alpn: &[&str],
        identity: Option<(&Self, &str)>,
    ) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some((authority, name)) => {
                let (certificate, key) = authority.issue(name);
                let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
                builder.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
            }
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}

async fn start(tls: &Tls) -> TestServer {
    TestServer::start(ListenerSettings::default(), Some(tls.clone())).await
}

async fn connect(server: &TestServer, client: &TlsConnector) -> std::io::Result<TlsStream<tokio::net::TcpStream>> {
    client.connect(ServerName::try_from("localhost").unwrap(), server.connect().await).await
}

async fn peer(server: &TestServer, client: &TlsConnector) -> std::io::Result<String> {
    let mut stream = connect(server, client).await?;
    stream.write_all(PEER.as_bytes()).await?;
    let mut text = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut text).await?;
    Ok(String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn both_versions_are_spoken_and_alpn_chooses_the_protocol() {
    let authority = Authority::new();
    let server = start(&Tls::new(&authority.material(None)).unwrap()).await;
    for (version, name) in [(&version::TLS13, "TLSv1_3"), (&version::TLS12, "TLSv1_2")] {
        let text = peer(&server, &authority.client(&[version], &["http/1.1"], None)).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK") && text.contains(name), "{text}");
        assert!(text.contains("http2: Some(false), certificate: None"), "{text}");
        let text = peer(&server, &authority.client(&[version], &[], None)).await.unwrap();
        assert!(text.contains("http2: None"), "{text}");
    }
    let both = authority.client(&[&version::TLS13], &["h2", "http/1.1"], None);
    let stream = connect(&server, &both).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn malformed_requests_get_a_response_inside_tls() {
    let authority = Authority::new();
    let server = start(&Tls::new(&authority.material(None)).unwrap()).await;
    let client = authority.client(&[&version::TLS13], &["http/1.1"], None);
    let mut stream = connect(&server, &client).await.unwrap();
    stream.write_all(b"GET /good HTTP/1.1\r\nHost: x\r\n\r\nBAD\r\n\r\n").await.unwrap();
    assert!(read_until(&mut stream, "GET /good 0").await.starts_with("HTTP/1.1 200 OK"));
    crate::scene::assert_bare_400(&read_to_end(&mut stream).await);
    let mut stream = connect(&server, &client).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n").await.unwrap();
    crate::scene::assert_problem(&read_to_end(&mut stream).await, 400);
}

#[tokio::test]
async fn a_connection_without_a_handshake_is_evicted() {
    let authority = Authority::new();
    let never = std::time::Duration::from_secs(24 * 3600);
    let settings = ListenerSettings { max_connections: 2, handshake_timeout: never, ..Default::default() };
    let server = TestServer::start(settings, Some(Tls::new(&authority.material(None)).unwrap())).await;
    let mut silent = [server.connect().await, server.connect().await];
    let client = authority.client(&[&version::TLS13], &[], None);
    let served = tokio::time::timeout(std::time::Duration::from_secs(60), peer(&server, &client)).await;
    assert!(served.expect("a permit").unwrap().starts_with("HTTP/1.1 200 OK"));
    assert_eq!(read_to_end(&mut silent[0]).await, "");
}

#[tokio::test]
async fn a_client_certificate_is_required_verified_and_parsed() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = start(&Tls::new(&authority.material(Some(&clients))).unwrap()).await;
    let versions = [&version::TLS13];
    let known = authority.client(&versions, &[], Some((&clients, "crm")));
    let text = peer(&server, &known).await.unwrap();
    assert!(text.contains("CN=crm") && text.contains("spiffe://acme/crm"), "{text}");
    assert!(peer(&server, &authority.client(&versions, &[], None)).await.is_err());
    let foreign = authority.client(&versions, &[], Some((&authority, "crm")));
    assert!(peer(&server, &foreign).await.is_err());
    assert_eq!(server.seen.requests(), 1);
}

#[tokio::test]
async fn a_reload_applies_to_later_handshakes_and_an_invalid_one_changes_nothing() {
    let (old, new) = (Authority::new(), Authority::new());
    let tls = Tls::new(&old.material(None)).unwrap();
    let server = start(&tls).await;
    let versions = [&version::TLS13];
    let mut kept = connect(&server, &old.client(&versions, &[], None)).await.unwrap();
    tls.replace(NextTls::new(&new.material(None)).unwrap());
    assert!(peer(&server, &new.client(&versions, &[], None)).await.is_ok());
    assert!(peer(&server, &old.client(&versions, &[], None)).await.is_err());
    kept.write_all(PEER.as_bytes()).await.unwrap();
    assert!(read_to_end(&mut kept).await.starts_with("HTTP/1.1 200 OK"));
    let mut mixed = old.material(None);
    mixed.private_key = new.material(None).private_key;
    assert!(matches!(NextTls::new(&mixed), Err(TlsError::Rustls(_))));
    assert!(peer(&server, &new.client(&versions, &[], None)).await.is_ok());
}

#[test]
fn the_error_names_unusable_material() {
    let authority = Authority::new();
    let broken = |change: fn(&mut TlsMaterial)| {
        let mut material = authority.material(None);
        change(&mut material);
        Tls::new(&material).unwrap_err()
    };
    assert!(matches!(broken(|m| m.certificate_chain.clear()), TlsError::Certificate));
    assert!(matches!(broken(|m| m.private_key = b"no key".to_vec().into()), TlsError::Key));
    assert!(matches!(broken(|m| m.client_ca = Some(Vec::new())), TlsError::ClientCa));
    let missing = TlsMaterial::read("/nonexistent/a.pem".as_ref(), "/nonexistent/b.pem".as_ref(), None);
    assert!(missing.unwrap_err().to_string().starts_with("cannot read /nonexistent/a.pem"));
    assert_eq!(format!("{:?}", authority.material(None)), "TlsMaterial { client_ca: false, .. }");
}

#[tokio::test]
async fn plain_http_on_a_tls_port_does_not_reach_the_service() {
    let authority = Authority::new();
    let server = start(&Tls::new(&authority.material(None)).unwrap()).await;
    let mut stream = server.connect().await;
    stream.write_all(PEER.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut response).await;
    assert!(!response.starts_with(b"HTTP"));
    assert_eq!(server.seen.requests(), 0);
}
