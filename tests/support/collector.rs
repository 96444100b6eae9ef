//! An OpenTelemetry collector that keeps the spans it gets; its messages are read with the project's own types.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    /// Takes everything.
    Takes,
    /// Takes everything but so many spans.
    Rejects(i64),
    /// Answers with a status, and takes nothing.
    Refuses(u16),
    /// Never answers.
    Hangs,
}

pub struct Collector {
    /// Where it is.
    pub url: String,
    kept: Arc<Mutex<Kept>>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Kept {
    exports: Vec<ExportTraceServiceRequest>,
    raw: Vec<u8>,
    headers: Vec<HeaderMap>,
}

impl Collector {
    pub async fn start(manner: Manner) -> Self {
        Self::serve(manner, None).await
    }

    /// One behind TLS, and the certificate (PEM) of the only authority that vouches for it.
    pub async fn secure(manner: Manner) -> (Self, String) {
        let (acceptor, authority) = certified();
        (Self::serve(manner, Some(acceptor)).await, authority)
    }

    async fn serve(manner: Manner, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = if tls.is_some() { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let kept = Arc::<Mutex<Kept>>::default();
        let (keeps, mut serving) = (Arc::clone(&kept), JoinSet::new());
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (keeps, tls) = (Arc::clone(&keeps), tls.clone());
                let service = service_fn(move |request| answer(request, manner, Arc::clone(&keeps)));
                open.spawn(async move {
                    let http = http1::Builder::new();
                    match tls {
                        None => drop(http.serve_connection(TokioIo::new(stream), service).await),
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                drop(http.serve_connection(TokioIo::new(stream), service).await);
                            }
                        }
                    }
                });
            }
        });
        Self { url, kept, _serving: serving }
    }

    /// The section of the configuration that leads here.
    pub fn section(&self, more: &str) -> String {
        format!("[traces]\nendpoint = \"{}\"\n{more}", self.url)
    }

    pub fn spans(&self) -> Vec<Span> {
        let exports = self.exports();
        let scopes = exports.into_iter().flat_map(|export| export.resource_spans).flat_map(|of| of.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    pub fn exports(&self) -> Vec<ExportTraceServiceRequest> {
        self.kept.lock().unwrap().exports.clone()
    }

    /// Every body so far, as text.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.kept.lock().unwrap().raw).into_owned()
    }

    pub fn headers(&self) -> Vec<HeaderMap> {
        self.kept.lock().unwrap().headers.clone()
    }
}

async fn answer(
    request: Request<Incoming>,
    manner: Manner,
    kept: Arc<Mutex<Kept>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/v1/traces"));
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    {
        let mut kept = kept.lock().unwrap();
        kept.exports.push(ExportTraceServiceRequest::decode(body.clone()).unwrap());
        kept.raw.extend_from_slice(&body);
        kept.headers.push(head.headers);
    }
    let partial = |rejected_spans| ExportTracePartialSuccess { rejected_spans, ..Default::default() };
    let (status, partial_success) = match manner {
        Manner::Takes => (200, None),
        Manner::Rejects(count) => (200, Some(partial(count))),
        Manner::Refuses(status) => (status, None),
        Manner::Hangs => std::future::pending().await,
    };
    let body = ExportTraceServiceResponse { partial_success }.encode_to_vec();
    Ok(Response::builder().status(status).body(Full::from(body)).unwrap())
}

/// The end of TLS connections to `localhost`, and the authority behind its certificate.
fn certified() -> (TlsAcceptor, String) {
    let (own, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&own).unwrap().pem();
    let issuer = Issuer::new(params, own);
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority)
}

/// An attribute as text.
pub fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    Some(match found.value.clone()?.value? {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    })
}

/// A span's place as `traceparent` writes it.
pub fn traceparent(span: &Span) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id))
}
