//! An HTTP client for commands that talk to a gateway, mostly on this machine.
//!
//! Over TLS it trusts the platform's issuers, or those in the file that `SSL_CERT_FILE` names. Of the gateway that its own
//! configuration describes it trusts the certificate that this configuration names.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::value::verifier;

use super::Failure;

/// Sends one request and reads at most 64 MiB of the response, all within `timeout`; an error names the URL. `certificate` is
/// the file with the certificate that the server has to show, if it is known.
pub(super) async fn send(
    request: Request<Full<Bytes>>,
    timeout: Duration,
    certificate: Option<&Path>,
) -> Result<Response<Bytes>, Failure> {
    let url = request.uri().clone();
    match tokio::time::timeout(timeout, exchange(request, certificate)).await {
        Ok(answered) => answered.map_err(|error| format!("{url} does not answer: {error}").into()),
        Err(_) => Err(format!("{url} did not answer within {} s", timeout.as_secs()).into()),
    }
}

async fn exchange(request: Request<Full<Bytes>>, certificate: Option<&Path>) -> Result<Response<Bytes>, Failure> {
    if request.uri().scheme() == Some(&Scheme::HTTPS) {
        return exchange_over_tls(request, certificate).await;
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    read(client.request(request).await.map_err(|error| plain_cause(&error))?).await
}

async fn exchange_over_tls(
    mut request: Request<Full<Bytes>>,
    certificate: Option<&Path>,
) -> Result<Response<Bytes>, Failure> {
    let uri = request.uri().clone();
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let tcp = TcpStream::connect((host.as_str(), uri.port_u16().unwrap_or(443))).await?;
    let wanted = Arc::new(WantedCertificate::default());
    let connector = TlsConnector::from(Arc::new(tls_config(certificate, Arc::clone(&wanted))?));
    let tls = connector.connect(ServerName::try_from(host)?, tcp).await;
    let tls = tls.map_err(|error| tls_cause(&error, certificate))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(tls)).await?;
    if let Some(authority) = uri.authority() {
        request.headers_mut().insert(header::HOST, authority.as_str().parse()?);
    }
    *request.uri_mut() = uri.path_and_query().map_or("/", |path| path.as_str()).parse::<Uri>()?;
    let exchange = async move { read(sender.send_request(request).await?).await };
    let (response, ended) = futures_util::future::join(exchange, connection).await;
    match (response, ended) {
        (Err(_), _) if wanted.0.load(Ordering::Relaxed) => {
            Err("it wants a certificate of its callers (`client_ca`), and this command shows none; ask it with \
                 `curl --cert`, or leave `client_ca` out of `[server.admin_tls]`"
                .into())
        }
        // The exchange knows only that there is no connection any more.
        (Err(_), Err(ended)) => Err(root_cause(&ended).into()),
        (response, _) => response,
    }
}

/// Shows no certificate and notes that the server wants one. A server says only after the handshake that it refuses a client
/// without one, and the request that is under way by then fails in one of several ways.
#[derive(Debug, Default)]
struct WantedCertificate(AtomicBool);

impl ResolvesClientCert for WantedCertificate {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

fn tls_config(certificate: Option<&Path>, wanted: Arc<WantedCertificate>) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match certificate {
        Some(path) => {
            let certificate = CertificateDer::from_pem_file(path);
            let certificate = certificate.map_err(|error| format!("`{}`: {error}", path.display()))?;
            // A command on the gateway's machine asks it by an address for which no issuer writes a certificate.
            builder.dangerous().with_custom_certificate_verifier(verifier(&provider, move |shown, _, _, _, _| {
                let is_own = *shown == certificate;
                is_own.then_some(()).ok_or_else(|| CertificateError::ApplicationVerificationFailure.into())
            }))
        }
        None => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            builder.with_root_certificates(roots)
        }
    };
    Ok(builder.with_client_cert_resolver(wanted))
}

/// Why a handshake failed, and what to do.
fn tls_cause(error: &io::Error, certificate: Option<&Path>) -> String {
    match (error.get_ref().and_then(|error| error.downcast_ref()), certificate) {
        (Some(rustls::Error::InvalidMessage(_)), _) => "it does not speak TLS on this port; write http://".to_owned(),
        (Some(rustls::Error::InvalidCertificate(_)), Some(path)) => {
            format!(
                "its certificate is not the one in `{}`: it has not read that file yet, or is another gateway",
                path.display()
            )
        }
        (Some(rustls::Error::InvalidCertificate(error)), None) => format!(
            "its certificate is not trusted here ({error}); let SSL_CERT_FILE name a file with its issuer, or leave out \
             --url on the gateway's own machine"
        ),
        _ => error.to_string(),
    }
}

/// Why a plain request failed, and what to do.
fn plain_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    match causes.any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)) {
        true => "it does not speak HTTP on this port; if it speaks TLS, write https://".to_owned(),
        false => root_cause(error),
    }
}

async fn read(response: Response<Incoming>) -> Result<Response<Bytes>, Failure> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, 64 << 20).collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(Response::from_parts(head, body))
}

/// The innermost cause, which says what to fix.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
