//! Starting, HTTP/2, and stopping.

use std::{io::ErrorKind, sync::Arc};

use crate::client::{Call, start};
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::json;
use simulators::{NAMES, Simulator};
use tokio::{io::AsyncReadExt, net::TcpStream, task::JoinSet};

fn http2() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).http2_only(true).build_http()
}

fn request(simulator: &Simulator) -> Request<Full<Bytes>> {
    Request::put(format!("{}/user/assistant/7", simulator.base_url()))
        .header("authorization", format!("Bearer {}", simulator.token()))
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(b"{\"name\":\"over http/2\"}")))
        .expect("a request")
}

#[tokio::test]
async fn http_2_with_prior_knowledge_is_served_and_reset() {
    let simulator = start("autocalls", &[]).await;
    let answer = http2().request(request(&simulator)).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("over http/2"));
    simulator.set_faults(vec!["reset".parse().expect("a fault")]);
    assert!(http2().request(request(&simulator)).await.is_err());
    simulator.stop().await;
}

#[tokio::test]
async fn stopping_ends_idle_unfinished_and_hanging_connections() {
    let simulator = start("autocalls", &["hang"]).await;
    let mut idle = TcpStream::connect(simulator.addr()).await.expect("a connection");
    let client = http2();
    let hanging = client.request(request(&simulator));
    let stopping = async {
        simulator.received_at_least(1).await;
        let address = simulator.addr();
        simulator.stop().await;
        address
    };
    let (answer, address) = tokio::join!(hanging, stopping);
    assert!(answer.is_err());
    let mut rest = Vec::new();
    assert_eq!(idle.read_to_end(&mut rest).await.expect("a closed connection"), 0);
    let refused = TcpStream::connect(address).await.expect_err("the port is closed");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn five_vendors_serve_many_callers_at_once() {
    let mut tasks = JoinSet::new();
    for vendor in NAMES {
        let simulator = Arc::new(start(vendor, &[]).await);
        for id in 1..=20 {
            let simulator = Arc::clone(&simulator);
            tasks.spawn(async move {
                let answer = Call::update(&simulator, id, json!({ "system_prompt": id.to_string() })).send().await;
                assert_eq!(answer.status, 200);
                assert_eq!(simulator.state(id).expect("a state")["system_prompt"], id.to_string());
            });
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("a caller served");
    }
}
