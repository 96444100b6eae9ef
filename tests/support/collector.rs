//! An OpenTelemetry collector that keeps the spans it gets; its messages are read with the project's own types.

use std::convert::Infallible;
use std::net::SocketAddr;
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
use tokio::net::TcpListener;
use tokio::task::JoinSet;

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
    pub address: SocketAddr,
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
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::<Mutex<Kept>>::default();
        let (keeps, mut serving) = (Arc::clone(&kept), JoinSet::new());
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let keeps = Arc::clone(&keeps);
                let service = service_fn(move |request| answer(request, manner, Arc::clone(&keeps)));
                open.spawn(
                    async move { drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await) },
                );
            }
        });
        Self { address, kept, _serving: serving }
    }

    /// The section of the configuration that leads here.
    pub fn section(&self, more: &str) -> String {
        format!("[traces]\nendpoint = \"http://{}\"\n{more}", self.address)
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
