//! A gateway whose vendor's address leads to a gateway: noticed by the configuration where it can be, and at the first
//! hop otherwise.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::process::Process;
use crate::support::{raw, stub::Stub};

/// A free port; given back just before somebody else takes it.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn write(folder: &Path, listen: SocketAddr, base_url: &str, more: &str) {
    let text = format!(
        "[server]\nlisten = \"{listen}\"\nadmin_listen = \"127.0.0.1:0\"\n[auth]\nmode = \"none\"\n\
         [routing]\ndefault_vendor = \"autocalls\"\n\
         [vendors.autocalls]\nbase_url = \"{base_url}\"\ntoken = {{ env = \"TOKEN\" }}\n{more}"
    );
    std::fs::write(folder.join("switchboard.toml"), text).unwrap();
}

fn environment() -> Vec<(String, String)> {
    vec![("TOKEN".to_owned(), "1|abc".to_owned())]
}

/// A proxy that makes an update of the gateway's request to a vendor, as only a mistake can, and names itself as the
/// agent; counts what it passes on.
struct Rewriting {
    address: SocketAddr,
    passed: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

impl Rewriting {
    async fn start(to: SocketAddr) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (passed, mut serving) = (Arc::<AtomicUsize>::default(), JoinSet::new());
        let count = Arc::clone(&passed);
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                open.spawn(pass_on(near, to, Arc::clone(&count)));
            }
        });
        Self { address, passed, _serving: serving }
    }
}

async fn pass_on(mut near: TcpStream, to: SocketAddr, passed: Arc<AtomicUsize>) {
    let mut far = TcpStream::connect(to).await.unwrap();
    let mut piece = vec![0; 64 * 1024];
    let (mut reading, mut writing) = far.split();
    let (mut from, mut back) = near.split();
    let out = async {
        while let Ok(count @ 1..) = from.read(&mut piece).await {
            let text = String::from_utf8_lossy(&piece[..count]).replace("/api/user/assistant/", "/v1/assistants/");
            let text = text.replace("user-agent: switchboard/", "user-agent: proxy/");
            passed.fetch_add(text.matches("PUT /v1/").count(), Ordering::SeqCst);
            writing.write_all(text.as_bytes()).await.unwrap();
        }
    };
    let home = tokio::io::copy(&mut reading, &mut back);
    tokio::select! {
        () = out => {}
        _ = home => {}
    }
}

async fn update(address: SocketAddr) -> raw::RawReply {
    update_with(address, "").await
}

async fn update_with(address: SocketAddr, header: &str) -> raw::RawReply {
    let body = r#"{"name":"x"}"#;
    let request = format!(
        "PUT /v1/assistants/789 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         {header}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    raw::exchange(address, request.as_bytes()).await
}

fn assert_precise(reply: &raw::RawReply) {
    let problem = reply.json();
    assert_eq!((reply.status, &problem["code"]), (502, &"vendor_error".into()), "{problem:#}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("leads to a Switchboard") && !detail.contains("base_url"),
        "the log names the key: {detail}"
    );
    assert_eq!(problem["outcome"], "not_applied");
    assert_eq!(problem["retryable"], false);
    assert_eq!(problem["attempts"], 1);
}

#[tokio::test]
async fn a_loop_through_a_proxy_ends_at_the_first_hop() {
    let (folder, listen) = (tempfile::tempdir().unwrap(), free());
    let proxy = Rewriting::start(listen).await;
    write(folder.path(), listen, &format!("http://{}/api", proxy.address), "");
    let mut process = Process::serve(folder.path(), &environment()).await;
    for round in 1..=3 {
        assert_precise(&update(process.api).await);
        assert_eq!(proxy.passed.load(Ordering::SeqCst), round, "one hop for each request, and no retry");
    }
    process.logged("the `base_url` of one of its vendors leads here").await;
    process.logged("leads to a Switchboard, this one or another").await;
}

#[tokio::test]
async fn a_gateway_is_no_vendor_of_another_gateway_either() {
    let (near, far) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(far.path(), "127.0.0.1:0".parse().unwrap(), "http://127.0.0.1:1/api", "");
    let asked = Process::serve(far.path(), &environment()).await;
    for base in ["/api", "/v1/assistants", ""] {
        write(near.path(), "127.0.0.1:0".parse().unwrap(), &format!("http://{}{base}", asked.api), "");
        let asking = Process::serve(near.path(), &environment()).await;
        assert_precise(&update(asking.api).await);
    }
}

#[tokio::test]
async fn an_agent_of_the_same_name_is_served_and_only_the_mark_of_a_gateway_is_refused() {
    let vendor = Stub::answering("200 OK", "", r#"{"message":"ok","data":{"id":789,"name":"x"}}"#).await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "127.0.0.1:0".parse().unwrap(), &format!("http://{}/api", vendor.address), "");
    let process = Process::serve(folder.path(), &environment()).await;
    let served = update_with(process.api, "user-agent: switchboard/1.0\r\n").await;
    assert_eq!(served.status, 200, "{served:?}");
    let refused = update_with(process.api, "switchboard-hop: 1\r\n").await;
    assert_eq!((refused.status, refused.header("switchboard-loop")), (400, Some("1")), "{refused:?}");
    assert_eq!(vendor.requests(), 1);
}

#[test]
fn an_address_of_its_own_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for (listen, base_url) in [
        ("127.0.0.1:18080", "http://127.0.0.1:18080/api"),
        ("127.0.0.1:18080", "http://localhost:18080"),
        ("0.0.0.0:18080", "http://127.0.0.1:18080/api"),
        ("[::]:18080", "http://[::1]:18080/api"),
    ] {
        let secure = "[auth]\nallow_insecure = true\n";
        write(folder.path(), listen.parse().unwrap(), base_url, "");
        let path = folder.path().join("switchboard.toml");
        let text = std::fs::read_to_string(&path).unwrap().replace("[auth]\n", secure);
        std::fs::write(&path, text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(["check", "--config"])
            .arg(&path)
            .env("TOKEN", "1|abc")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stderr).unwrap();
        let expected = format!("`vendors.autocalls.base_url` leads back to this gateway: `server.listen` is {listen}");
        assert!(text.contains(&expected) && text.contains("switchboard.toml:10:12"), "{text}");
    }
}
