//! TLS for both ends, with one certificate that is generated for the benchmark and trusted only there.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::Failure;

const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";
pub(crate) const HTTP1: &[u8] = b"http/1.1";
pub(crate) const HTTP2: &[u8] = b"h2";

/// A connection, plaintext or TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Writes a certificate for loopback, and its key, into `folder`.
///
/// # Errors
/// The files cannot be written.
pub(crate) fn write_certificate(folder: &Path) -> Result<(), Failure> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    std::fs::write(folder.join(CERTIFICATE), made.cert.pem())?;
    std::fs::write(folder.join(KEY), made.signing_key.serialize_pem())?;
    Ok(())
}

/// The accepting end, with the certificate in `folder`.
///
/// # Errors
/// The files do not exist, or are not a certificate and a key.
pub(crate) fn acceptor(folder: &Path, alpn: &[u8]) -> Result<TlsAcceptor, Failure> {
    let certificate = CertificateDer::from_pem_file(folder.join(CERTIFICATE))?;
    let key = PrivateKeyDer::from_pem_file(folder.join(KEY))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![alpn.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The connecting end, which trusts the certificate in `folder`.
///
/// # Errors
/// The file does not exist, or is not a certificate.
pub(crate) fn connector(folder: &Path, alpn: &[u8]) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join(CERTIFICATE))?)?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The caller's end of a connection over `tcp`, with TLS if there is a connector.
///
/// # Errors
/// The handshake failed.
pub(crate) async fn dial(tcp: TcpStream, connector: Option<&TlsConnector>) -> std::io::Result<Box<dyn Stream>> {
    let Some(connector) = connector else { return Ok(Box::new(tcp)) };
    let name = ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into());
    Ok(Box::new(connector.connect(name, tcp).await?))
}
