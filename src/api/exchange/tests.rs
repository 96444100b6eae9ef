//! Requests to vendors as they are built, shown and sent.

use std::time::Duration;

use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;
use vendors::{Report, SentFields};

use crate::api::exchange::*;
use crate::config::{Environment, load_text};
use crate::gateway::Gateway;
use crate::problem::Code;
use crate::upstream::{SharePermit, Tasks};

/// Answers one request and returns its first line.
async fn first_line(listener: TcpListener) -> String {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"}") {
        bytes.push(socket.read_u8().await.unwrap());
    }
    let _ = socket.write_all(b"HTTP/1.1 422 X\r\ncontent-length: 2\r\n\r\n{}").await;
    String::from_utf8(bytes).unwrap().lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_is_sent_with_the_method_that_the_dry_run_shows() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let text = format!("[auth]\nmode = \"none\"\n[vendors.sondos]\nbase_url = \"{base}\"\ntoken = {{ env = \"T\" }}\n");
    let environment: Environment = [("T".to_owned(), "token".to_owned())].into_iter().collect();
    let settings = load_text(&text, &environment).unwrap();
    let gateway = Gateway::build(settings, None, &Tasks::default()).unwrap();
    let account = Arc::clone(&gateway.routes.accounts["sondos"]);
    let context = Context { gateway: Arc::new(gateway), ..Context::example(&HeaderMap::new()) };
    let deadline = Instant::now() + Duration::from_secs(30);
    let options = RequestOptions {
        respond_async: false,
        wait: None,
        idempotency_key: None,
        dry_run: false,
        handling: None,
        representation: false,
        unknown_preferences: Vec::new(),
        if_match: None,
        if_none_match: None,
        deadline,
    };
    let id = "7".into();
    let exchange = Exchange {
        context: &context,
        change: Change::Update,
        assistant: "sondos:7",
        account: &account,
        id: Some(&id),
        handling: Handling::Strict,
        options: &options,
        copied: None,
        key: None,
        slot: None,
    };
    let request = |method| vendors::Request {
        repeatable: true,
        method,
        path: "/x".to_owned(),
        body: br#"{"assistant_name":"x"}"#.to_vec(),
        report: Report::default(),
        sent: SentFields::default(),
    };

    let prepared = exchange.complete(request("PATCH"), QueuePlace::Later, HeaderMap::new()).unwrap();
    let shown = exchange.dry_run(&prepared).into_body().collect().await.unwrap().to_bytes();
    let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
    let permits =
        Permits { gateway: SharePermit::count(&Arc::default()).0, share: SharePermit::count(&Arc::default()).0 };
    let mut log = RequestLog::default();
    let (sent, line) = tokio::join!(exchange.send(prepared, Some(permits), &mut log), first_line(listener));
    assert!(sent.is_err());
    assert_eq!((shown["request"]["method"].as_str(), line.as_str()), (Some("PATCH"), "PATCH /x HTTP/1.1"));

    let impossible = exchange.complete(request("NO METHOD"), QueuePlace::Later, HeaderMap::new());
    assert_eq!(impossible.err().map(|problem| problem.code), Some(Code::Internal));
}
