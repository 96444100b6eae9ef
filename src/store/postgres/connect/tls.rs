//! TLS by rustls, as `sslmode` asks for it, and what binds the password's proof to it.
//!
//! Files are read for each connection, so that renewed certificates need no restart.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use sha2::{Digest, Sha256, Sha384, Sha512};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;

use crate::value::{PostgresTls, PostgresUrl, verifier};

use super::failure::ConnectFailure;

/// The protocol's name, which `sslnegotiation=direct` has to offer.
const ALPN: &[u8] = b"postgresql";

/// How one connection is encrypted, if it is.
pub(super) struct Tls(Option<(TlsConnector, ServerName<'static>)>);

impl Tls {
    /// For a Unix socket.
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) async fn new(url: &Arc<PostgresUrl>, host: &str) -> Result<Self, ConnectFailure> {
        if url.tls == PostgresTls::Disable {
            return Ok(Self::none());
        }
        let unusable = |why: String| ConnectFailure::TlsFiles(why);
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| unusable(format!("`{host}` is no name that a certificate can be for")))?;
        let url = Arc::clone(url);
        let built = tokio::task::spawn_blocking(move || build(&url)).await;
        let config = built.map_err(|error| unusable(error.to_string()))?.map_err(unusable)?;
        Ok(Self(Some((TlsConnector::from(Arc::new(config)), name))))
    }

    pub(super) fn is_possible(&self) -> bool {
        self.0.is_some()
    }
}

fn build(url: &PostgresUrl) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    let builder = match url.tls {
        PostgresTls::VerifyFull => builder.with_root_certificates(roots(url.roots.as_deref())?),
        PostgresTls::VerifyCa => {
            let roots = Arc::new(roots(url.roots.as_deref())?);
            let issued = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
            let issued = issued.map_err(|error| error.to_string())?;
            builder.dangerous().with_custom_certificate_verifier(any_name(&provider, issued))
        }
        // Any certificate, whose key the server must have all the same (`require` and `prefer`).
        _ => builder.dangerous().with_custom_certificate_verifier(verifier(&provider, |_, _, _, _, _| Ok(()))),
    };
    let mut config = match &url.identity {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => {
            let chain = certificates(cert)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| format!("`{}`: {error}", key.display()))?;
            let built = builder.with_client_auth_cert(chain, key);
            built.map_err(|error| format!("`{}` and its key cannot be used: {error}", cert.display()))?
        }
    };
    if url.is_direct_tls {
        config.alpn_protocols = vec![ALPN.to_vec()];
    }
    Ok(config)
}

/// Certificates of trusted issuers, for any name (`verify-ca`).
fn any_name(provider: &CryptoProvider, issued: Arc<WebPkiServerVerifier>) -> Arc<dyn ServerCertVerifier> {
    verifier(provider, move |certificate, intermediates, name, ocsp, now| {
        match issued.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is checked last, when the issuer is known to be trusted.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(()),
            verified => verified.map(drop),
        }
    })
}

/// The issuers of a file, or those of the system.
fn roots(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    match file {
        Some(path) => {
            for certificate in certificates(path)? {
                store.add(certificate).map_err(|error| format!("`{}`: {error}", path.display()))?;
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                return Err(
                    "the system has no certificates of issuers; install them, or name a file in `sslrootcert`".into()
                );
            }
        }
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable = |error: rustls_pki_types::pem::Error| format!("`{}`: {error}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(unreadable)?;
    if certificates.is_empty() { Err(format!("`{}` holds no certificate", path.display())) } else { Ok(certificates) }
}

impl<S> TlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let Some((connector, name)) = self.0 else { return Err(io::Error::other("a Unix socket has no TLS")) };
            connector.connect(name, stream).await.map(Encrypted)
        })
    }
}

/// A stream with TLS.
pub(super) struct Encrypted<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    /// `tls-server-end-point` of RFC 5929: the digest of the server's certificate.
    fn channel_binding(&self) -> ChannelBinding {
        let (_, connection) = self.0.get_ref();
        let certificate = connection.peer_certificates().and_then(|chain| chain.first());
        certificate
            .and_then(|certificate| digest(certificate))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// By the algorithm that the certificate is signed with, or SHA-256 for weaker ones; `None` where the RFC names none.
fn digest(der: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let certificate = CertificateInner::<Raw>::from_der(der).ok()?;
    Some(match certificate.signature_algorithm().oid.to_string().as_str() {
        // RSA with MD5, SHA-1 and SHA-256; ECDSA with SHA-1 and SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => Sha256::digest(der).to_vec(),
        // RSA and ECDSA with SHA-384, then with SHA-512.
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Sha384::digest(der).to_vec(),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Sha512::digest(der).to_vec(),
        _ => return None,
    })
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
