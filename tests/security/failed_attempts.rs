//! The limit on failed attempts to authenticate, over the real binary.

use std::net::SocketAddr;

use sha2::{Digest, Sha256};
use simulators::{Options, Simulator};

use crate::support::process::Process;
use crate::support::raw::{self, RawReply};
use crate::support::{configuration, tokens};

async fn get(address: SocketAddr, path: &str, key: &str) -> RawReply {
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\r\n");
    raw::exchange(address, request.as_bytes()).await
}

#[tokio::test]
async fn a_peer_that_fails_too_often_is_limited_and_logged_once_and_good_keys_pass() {
    let simulators = [Simulator::start("sondos", Options::default()).await.unwrap()];
    let digest: String = Sha256::digest("good").iter().map(|byte| format!("{byte:02x}")).collect();
    let extra = format!(
        "[auth]\nmode = \"keys\"\nfailed_attempts = {{ per_minute = 1, burst = 3 }}\n\
         [clients.crm]\nkey_sha256 = \"{digest}\"\n[admin]\ntoken = {{ env = \"TOKEN_SONDOS\" }}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("switchboard.toml"), configuration(&simulators, &extra)).unwrap();
    let mut process = Process::serve(folder.path(), &tokens(&simulators)).await;

    for _ in 0..2 {
        assert_eq!(get(process.api, "/v1/vendors", "wrong").await.status, 401);
    }
    assert_eq!(get(process.admin, "/admin/status", "wrong").await.status, 401, "both listeners share the limit");
    for address in [process.api, process.admin] {
        let path = if address == process.api { "/v1/vendors" } else { "/admin/config" };
        for _ in 0..5 {
            let reply = get(address, path, "wrong").await;
            assert_eq!((reply.status, &reply.json()["code"]), (429, &"rate_limited".into()));
            let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
            assert_eq!(reply.header("www-authenticate"), None);
        }
        let good = if address == process.api { "good" } else { "sim-sondos" };
        assert_eq!(get(address, path, good).await.status, 200, "a good key always passes");
    }
    let unguarded = get(process.admin, "/readyz", "wrong").await;
    assert_eq!(unguarded.status, 200, "nobody is limited where nobody is asked");

    let status = get(process.admin, "/admin/status", "sim-sondos").await.json();
    assert_eq!(status["authentication"], serde_json::json!({ "failed": 13, "limited": 10 }));
    let named = process.logged("too many failed attempts").await;
    assert!(named.contains("\"peer\":\"127.0.0.1\""), "{named}");

    // A reload that leaves the limit alone gives nobody new attempts.
    let request =
        b"POST /admin/reload HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer sim-sondos\r\n\r\n";
    assert_eq!(raw::exchange(process.admin, request).await.status, 200);
    assert_eq!(get(process.api, "/v1/vendors", "wrong").await.status, 429);
    process.logged("configuration reloaded").await;
    assert_eq!(process.lines("too many failed attempts"), 1);
    process.signal("TERM");
    assert!(process.ended().await.success());
}
