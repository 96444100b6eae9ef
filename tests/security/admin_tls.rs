//! TLS on the admin listener.

use std::process::Command;
use std::time::Duration;

use crate::support::process::Process;
use crate::support::{PATIENCE, eventually};
use crate::tls_scene::{Authority, Caller, Identity};

const CONFIG: &str = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\
    [server.admin_tls]\ncert = \"admin.pem\"\nkey = \"admin.key\"\n";

/// A server's certificate for `localhost` and 127.0.0.1.
fn identity(authority: &Authority) -> Identity {
    authority.issue("admin", |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = vec![
            rcgen::SanType::DnsName("localhost".try_into().unwrap()),
            rcgen::SanType::IpAddress([127, 0, 0, 1].into()),
        ];
    })
}

#[tokio::test]
async fn administration_speaks_only_tls_and_reloads_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (Authority::new(), Authority::new());
    identity(&first).write(folder.path(), "admin");
    std::fs::write(folder.path().join("switchboard.toml"), CONFIG).unwrap();
    let process = Process::serve(folder.path(), &[]).await;
    let reply = Caller::new(&first, None).get(process.admin, "/livez", "").await.expect("an answer");
    assert_eq!(reply.status, 200);
    assert!(Caller::new(&second, None).get(process.admin, "/livez", "").await.is_none());
    let mut plain = tokio::net::TcpStream::connect(process.admin).await.unwrap();
    let request = b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut plain, request).await.unwrap();
    let mut left = Vec::new();
    let _reset = tokio::io::AsyncReadExt::read_to_end(&mut plain, &mut left).await;
    assert!(!left.starts_with(b"HTTP/"), "no plain HTTP");

    std::fs::write(folder.path().join("ca.pem"), &first.pem).unwrap();
    let health = |ca: &str| {
        Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(["health", "--url", &format!("https://{}/livez", process.admin)])
            .env("SSL_CERT_FILE", folder.path().join(ca))
            .output()
            .unwrap()
    };
    let asked = health("ca.pem");
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    // On the gateway's own machine its configuration says that it speaks TLS, and with which certificate.
    let by_configuration = |command: &str| {
        Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args([command, "--config", "switchboard.toml"])
            .env("SWITCHBOARD_SERVER__ADMIN_LISTEN", process.admin.to_string())
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    for command in ["health", "status"] {
        let asked = by_configuration(command);
        assert!(asked.status.success(), "{command}: {}", String::from_utf8_lossy(&asked.stderr));
    }
    let plain = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args(["health", "--url", &process.admin.to_string()])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&plain.stderr);
    assert!(!plain.status.success() && error.contains("write https://"), "{error}");

    identity(&second).write(folder.path(), "admin");
    let asked = by_configuration("health");
    let error = String::from_utf8_lossy(&asked.stderr);
    assert!(!asked.status.success() && error.contains("is not the one in"), "{error}");
    process.signal("HUP");
    let renewed = async || Caller::new(&second, None).get(process.admin, "/livez", "").await;
    assert_eq!(eventually(PATIENCE.max(Duration::from_secs(10)), renewed).await.status, 200);
    assert!(!health("ca.pem").status.success());
}

#[tokio::test]
async fn commands_say_that_administration_wants_a_certificate_of_its_callers() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    identity(&authority).write(folder.path(), "admin");
    std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
    std::fs::write(folder.path().join("switchboard.toml"), format!("{CONFIG}client_ca = \"ca.pem\"\n")).unwrap();
    let process = Process::serve(folder.path(), &[]).await;
    for command in ["health", "status"] {
        let asked = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args([command, "--config", "switchboard.toml"])
            .env("SWITCHBOARD_SERVER__ADMIN_LISTEN", process.admin.to_string())
            .current_dir(folder.path())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&asked.stderr);
        assert!(!asked.status.success() && error.contains("it wants a certificate of its callers"), "{error}");
    }
}
