//! Shutdown of the real binary by real signals.

use std::net::SocketAddr;

use serde_json::Value;
use simulators::{Options, Simulator};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::process::Process;
use crate::support::raw::{exchange, parse};

const CLOSE_REQUEST: &str = "GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const KEEP_ALIVE_REQUEST: &str = "GET /problems HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A process with its own directory and a vendor that holds updates back.
struct Scene {
    directory: TempDir,
    simulator: Simulator,
    process: Process,
}

impl Scene {
    async fn new(server: &str) -> Self {
        let simulator = Simulator::start("autocalls", Options::default()).await.unwrap();
        simulator.set_faults(vec!["hold".parse().unwrap()]);
        let directory = tempfile::tempdir().unwrap();
        let process = start(&directory, &simulator, "127.0.0.1:0", server).await;
        Self { directory, simulator, process }
    }

    /// A caller whose update is with the vendor.
    async fn caller(&self) -> TcpStream {
        let mut caller = connect(self.process.api, &update("keep-alive")).await;
        let before = self.simulator.received().len();
        caller.flush().await.unwrap();
        self.simulator.received_at_least(before.max(1)).await;
        caller
    }
}

async fn start(directory: &TempDir, simulator: &Simulator, listen: &str, server: &str) -> Process {
    let text = format!(
        "[server]\nlisten = \"{listen}\"\nadmin_listen = \"127.0.0.1:0\"\n{server}\n[auth]\nmode = \"none\"\n\
             [vendors.autocalls]\nbase_url = \"{}\"\ntoken = {{ env = \"AUTOCALLS_TOKEN\" }}\n",
        simulator.base_url()
    );
    std::fs::write(directory.path().join("switchboard.toml"), text).unwrap();
    let token = ("AUTOCALLS_TOKEN".to_owned(), simulator.token().to_owned());
    Process::serve(directory.path(), &[token]).await
}

fn update(connection: &str) -> String {
    format!(
        "PUT /v1/assistants/autocalls:7 HTTP/1.1\r\nhost: localhost\r\nconnection: {connection}\r\nx-request-id: the-update\r\n\
             content-type: application/json\r\ncontent-length: 12\r\n\r\n{{\"name\":\"n\"}}"
    )
}

async fn connect(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _reset = stream.read_to_end(&mut bytes).await;
    bytes
}

/// Reads one response with a body, and nothing after it.
async fn read_response(stream: &mut TcpStream) {
    let mut bytes = Vec::new();
    while parse(&bytes, false).is_err() {
        bytes.push(stream.read_u8().await.unwrap());
    }
}

#[tokio::test]
async fn requests_in_flight_complete_and_idle_connections_close() {
    let scene = Scene::new("").await;
    let mut idle = connect(scene.process.api, KEEP_ALIVE_REQUEST).await;
    read_response(&mut idle).await;
    let mut http2 = connect(scene.process.api, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    http2.read_exact(&mut [0; 9]).await.unwrap();
    let mut busy = scene.caller().await;
    scene.process.signal("TERM");
    assert_eq!(to_end(&mut idle).await, b"");
    assert!(has_goaway(&to_end(&mut http2).await));
    assert!(TcpStream::connect(scene.process.api).await.is_err());
    scene.simulator.set_faults(Vec::new());
    let answer = parse(&to_end(&mut busy).await, false).unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert!(scene.process.ended().await.success());
}

/// Whether frames, cut anywhere at their beginning, hold a whole GOAWAY.
fn has_goaway(bytes: &[u8]) -> bool {
    bytes.windows(9).any(|head| head[..3] == [0, 0, 8] && head[3] == 7 && head[5..] == [0; 4])
}

#[tokio::test]
async fn during_the_drain_delay_only_readiness_is_false_and_a_second_signal_ends_it_at_once() {
    let mut scene = Scene::new("drain_delay = \"1h\"\ndrain_timeout = \"1h\"").await;
    let ready = exchange(scene.process.admin, CLOSE_REQUEST.as_bytes()).await;
    assert_eq!(ready.status, 200);
    let mut busy = scene.caller().await;
    scene.process.signal("INT");
    scene.process.logged("shutting down").await;
    let mut ready = exchange(scene.process.admin, CLOSE_REQUEST.as_bytes()).await;
    while ready.status == 200 {
        ready = exchange(scene.process.admin, CLOSE_REQUEST.as_bytes()).await;
    }
    assert_eq!((ready.status, ready.json()["status"].as_str()), (503, Some("draining")));
    let page = KEEP_ALIVE_REQUEST.replace("host: localhost", "host: localhost\r\nconnection: close");
    assert_eq!(exchange(scene.process.api, page.as_bytes()).await.status, 200);
    scene.process.signal("TERM");
    assert_eq!(to_end(&mut busy).await, b"");
    assert_eq!(scene.process.ended().await.code(), Some(1));
}

#[tokio::test]
async fn a_second_signal_while_draining_ends_it_at_once() {
    let mut scene = Scene::new("drain_timeout = \"1h\"").await;
    let mut idle = connect(scene.process.api, KEEP_ALIVE_REQUEST).await;
    read_response(&mut idle).await;
    let mut busy = scene.caller().await;
    scene.process.signal("TERM");
    scene.process.logged("shutting down").await;
    assert_eq!(to_end(&mut idle).await, b"");
    scene.process.signal("TERM");
    assert_eq!(to_end(&mut busy).await, b"");
    assert_eq!(scene.process.ended().await.code(), Some(1));
}

#[tokio::test]
async fn requests_left_after_the_drain_timeout_are_dropped() {
    let scene = Scene::new("drain_timeout = \"0s\"").await;
    let mut busy = scene.caller().await;
    scene.process.signal("TERM");
    assert_eq!(to_end(&mut busy).await, b"");
    assert_eq!(scene.process.ended().await.code(), Some(1));
}

#[tokio::test]
async fn an_update_whose_caller_has_disconnected_is_finished_and_logged_before_the_exit() {
    let mut scene = Scene::new("").await;
    drop(scene.caller().await);
    scene.process.signal("TERM");
    scene.process.logged("shutting down").await;
    scene.simulator.set_faults(Vec::new());
    assert!(scene.process.ended().await.success());
    let line: Value = serde_json::from_str(&scene.process.logged("finished an update").await).unwrap();
    assert_eq!(
        (&line["request_id"], &line["vendor"], &line["id"], &line["status"]),
        (&"the-update".into(), &"autocalls".into(), &"7".into(), &200.into())
    );
    assert_eq!(scene.simulator.state(7).unwrap()["name"], "n");
}

#[tokio::test]
async fn after_sigkill_there_is_nothing_to_clean_up() {
    let scene = Scene::new("").await;
    let mut busy = scene.caller().await;
    let address = scene.process.api.to_string();
    scene.process.signal("KILL");
    scene.process.ended().await;
    to_end(&mut busy).await;
    let left: Vec<_> =
        std::fs::read_dir(scene.directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["switchboard.toml"]);
    scene.simulator.set_faults(Vec::new());
    let again = start(&scene.directory, &scene.simulator, &address, "").await;
    let answer = exchange(again.api, update("close").as_bytes()).await;
    assert_eq!(answer.status, 200);
    again.signal("TERM");
    assert!(again.ended().await.success());
}
