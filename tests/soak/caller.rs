//! One caller with one assistant, which it updates with growing numbers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::ledger::{Ledger, Said, Writer};

pub(crate) struct Caller {
    address: SocketAddr,
    writer: Writer,
    client: Client<HttpConnector, Full<Bytes>>,
    ledger: Arc<Ledger>,
    number: u64,
}

impl Caller {
    pub(crate) fn new(address: SocketAddr, vendor: &'static str, id: usize, ledger: Arc<Ledger>) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, writer: (vendor, id as u64), client, ledger, number: 0 }
    }

    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.number += 1;
            match fastrand::u8(..100) {
                0..3 => self.read().await,
                3..8 => self.invalid().await,
                8..11 => self.dry_run().await,
                11..15 => self.leave().await,
                15..22 => self.update(Some(fastrand::f64() / 2.0 + 0.001)).await,
                _ => self.update(None).await,
            }
            tokio::time::sleep(Duration::from_millis(fastrand::u64(..10))).await;
        }
    }

    fn path(&self) -> String {
        format!("/v1/assistants/{}:{}", self.writer.0, self.writer.1)
    }

    fn body(&self) -> String {
        format!(r#"{{"name":"n{}"}}"#, self.number)
    }

    fn request(&self, method: Method, path: &str, body: String) -> Request<Full<Bytes>> {
        Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .header("x-request-id", self.request_id())
            .body(Full::from(body))
            .unwrap()
    }

    fn request_id(&self) -> String {
        format!("{}-{}-{}", self.writer.0, self.writer.1, self.number)
    }

    /// The one answer, checked for form.
    async fn answer(&self, request: Request<Full<Bytes>>) -> (StatusCode, Value) {
        let answer = self.client.request(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"));
        let (head, body) = answer.into_parts();
        let body: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(head.headers["x-request-id"], self.request_id());
        if !head.status.is_success() {
            assert_eq!(head.headers["content-type"], "application/problem+json");
            assert_eq!(
                (&body["status"], &body["request_id"]),
                (&head.status.as_u16().into(), &self.request_id().into())
            );
            assert!(body["code"].is_string() && body["outcome"].is_string() && body["code"] != "internal", "{body:#}");
        }
        self.ledger.answered(&head.status, body["code"].as_str());
        (head.status, body)
    }

    async fn update(&self, timeout: Option<f64>) {
        let mut request = self.request(Method::PUT, &self.path(), self.body());
        if let Some(seconds) = timeout {
            request.headers_mut().insert("request-timeout", format!("{seconds:.3}").parse().unwrap());
        }
        let (status, body) = self.answer(request).await;
        let said = match (status, body["outcome"].as_str()) {
            (StatusCode::OK, _) => {
                assert!(body["attempts"].as_u64().is_some_and(|attempts| attempts > 0), "{body:#}");
                Said::Applied
            }
            (_, Some("not_applied")) => Said::NotApplied,
            _ => Said::Unknown,
        };
        self.ledger.said(self.writer, self.number, said);
    }

    /// Goes away before the answer, having sent all, none or anything between.
    async fn leave(&self) {
        self.ledger.said(self.writer, self.number, Said::Nothing);
        let patience = Duration::from_millis(fastrand::u64(..20));
        let request = self.request(Method::PUT, &self.path(), self.body());
        let _left = tokio::time::timeout(patience, self.client.request(request)).await;
    }

    async fn read(&self) {
        const PATHS: &[&str] = &["/v1/vendors", "/v1/fields", "/v1/schema", "/openapi.json"];
        let path = PATHS[fastrand::usize(..PATHS.len())];
        assert_eq!(self.answer(self.request(Method::GET, path, String::new())).await.0, 200);
    }

    async fn invalid(&self) {
        let (status, body) = self.answer(self.request(Method::PATCH, &self.path(), r#"{"name":7}"#.to_owned())).await;
        assert!(status == 422 && body["outcome"] == "not_applied", "{body:#}");
    }

    async fn dry_run(&self) {
        let path = format!("{}?dry_run=true", self.path());
        let (status, body) = self.answer(self.request(Method::PUT, &path, self.body())).await;
        assert!(status == 200 && body["dry_run"] == true, "{body:#}");
        self.ledger.said(self.writer, self.number, Said::NotApplied);
    }
}
