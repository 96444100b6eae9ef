//! TLS on the way to a vendor, from the configuration on: whom the gateway trusts, and what it tells operators of that.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::support::process::Process;
use crate::support::raw;
use crate::tls_scene::{Authority, Identity};

const APPLIED: &str = r#"{"message":"ok","data":{"id":7,"name":"x"}}"#;

/// A vendor behind TLS that answers every update, and says in its name what it was asked for by SNI.
struct Vendor {
    port: u16,
    _serving: JoinSet<()>,
}

impl Vendor {
    async fn start(
        identity: &Identity,
        versions: &[&'static SupportedProtocolVersion],
        clients: Option<&Authority>,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions);
        let builder = match clients {
            None => builder.unwrap().with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.unwrap().with_client_cert_verifier(verifier.unwrap())
            }
        };
        let (chain, key) = identity.der();
        let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let asked = stream.get_ref().1.server_name().unwrap_or("nobody").to_owned();
                let _ = stream.read(&mut [0; 4096]).await;
                let body = APPLIED.replace("\"x\"", &format!("\"{asked}\""));
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { port, _serving: serving }
    }
}

/// A gateway with one vendor at `host`, and these keys for it.
struct Gateway {
    _folder: TempDir,
    process: Process,
}

impl Gateway {
    async fn start(vendor: &Vendor, host: &str, keys: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[auth]\nmode = \"none\"\n\
             [vendors.autocalls]\nbase_url = \"https://{host}:{}/api\"\ntoken = {{ env = \"TOKEN\" }}\n\
             retry = {{ max_attempts = 1 }}\n{keys}\n",
            vendor.port
        );
        std::fs::write(folder.path().join("switchboard.toml"), text).unwrap();
        let process = Process::serve(folder.path(), &[("TOKEN".to_owned(), "1|abc".to_owned())]).await;
        Self { _folder: folder, process }
    }

    /// The name that the vendor gave the assistant, or the problem's code.
    async fn update(&self) -> String {
        let reply = self.response().await;
        let told = if reply["code"].is_null() { &reply["data"]["name"] } else { &reply["code"] };
        told.as_str().unwrap().to_owned()
    }

    /// The response to an update.
    async fn response(&self) -> serde_json::Value {
        let request = "PUT /v1/assistants/autocalls:7 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                       content-type: application/json\r\ncontent-length: 12\r\n\r\n{\"name\":\"x\"}";
        raw::exchange(self.process.api, request.as_bytes()).await.json()
    }

    async fn admin(&self, path: &str) -> serde_json::Value {
        let request = format!("{} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", Method::GET);
        raw::exchange(self.process.admin, request.as_bytes()).await.json()
    }
}

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

#[tokio::test]
async fn only_the_issuers_that_are_named_are_trusted_and_only_for_the_right_name() {
    let authority = Authority::new();
    let vendor = Vendor::start(&authority.server(&["localhost", "vendor.example"]), BOTH, None).await;
    let ca = [("ca.pem", authority.pem.as_str())];
    let other = Authority::new();
    let cases = [
        ("localhost", "", "vendor_unreachable"),
        ("localhost", "roots = \"bundled\"", "vendor_unreachable"),
        ("localhost", "ca_file = \"ca.pem\"", "localhost"),
        ("localhost", "ca_file = \"ca.pem\"\nroots = \"platform\"", "localhost"),
        ("127.0.0.1", "ca_file = \"ca.pem\"", "vendor_unreachable"),
        ("127.0.0.1", "ca_file = \"ca.pem\"\nserver_name = \"vendor.example\"", "vendor.example"),
        ("localhost", "ca_file = \"ca.pem\"\nserver_name = \"another.example\"", "vendor_unreachable"),
        ("localhost", "ca_file = \"other.pem\"", "vendor_unreachable"),
        ("127.0.0.1", "insecure_skip_verify = true", "nobody"),
    ];
    for (host, keys, expected) in cases {
        let files = [ca[0], ("other.pem", other.pem.as_str())];
        let gateway = Gateway::start(&vendor, host, keys, &files).await;
        assert_eq!(gateway.update().await, expected, "{host} {keys}");
    }
}

#[tokio::test]
async fn the_vendors_own_certificate_is_accepted_if_ca_file_holds_the_very_same() {
    use crate::tls_scene::until;
    let hour = Duration::from_hours(1);
    let own = Identity::self_signed(|params| until(params, Ok(hour)));
    let twin = Identity::self_signed(|params| until(params, Ok(hour)));
    let old = Identity::self_signed(|params| until(params, Err(hour)));
    let leaf = Identity::self_signed(|params| params.is_ca = rcgen::IsCa::NoCa);
    let cases = [
        ("localhost", &own, &own, ""),
        ("localhost", &leaf, &leaf, ""),
        ("127.0.0.1", &own, &own, "its certificate is for another host name"),
        ("localhost", &old, &old, "its certificate has expired"),
        ("localhost", &own, &twin, "accepted only if `ca_file` holds the very same"),
    ];
    for (host, shown, named, cause) in cases {
        let vendor = Vendor::start(shown, BOTH, None).await;
        let files = [("ca.pem", named.cert.as_str())];
        let mut gateway = Gateway::start(&vendor, host, "ca_file = \"ca.pem\"", &files).await;
        let response = gateway.response().await;
        if cause.is_empty() {
            assert_eq!(response["data"]["name"], host);
            continue;
        }
        assert_eq!((&response["code"], &response["outcome"]), (&"vendor_unreachable".into(), &"not_applied".into()));
        let detail = response["detail"].as_str().unwrap();
        let expected = "No secure connection to the vendor could be made: ";
        assert!(detail.starts_with(expected) && detail.contains(cause), "{detail}");
        gateway.process.logged(cause).await;
    }
}

#[tokio::test]
async fn the_oldest_version_and_the_own_certificate_are_settings() {
    let authority = Authority::new();
    let identity = authority.server(&["localhost"]);
    let ca = ("ca.pem", authority.pem.as_str());
    let old = Vendor::start(&identity, &[&version::TLS12], None).await;
    for (keys, expected) in [
        ("ca_file = \"ca.pem\"", "localhost"),
        ("ca_file = \"ca.pem\"\nmin_tls_version = \"1.2\"", "localhost"),
        ("ca_file = \"ca.pem\"\nmin_tls_version = \"1.3\"", "vendor_unreachable"),
    ] {
        assert_eq!(Gateway::start(&old, "localhost", keys, &[ca]).await.update().await, expected, "{keys}");
    }
    let clients = Authority::new();
    let own = clients.issue("gateway", |_| {});
    let files = [ca, ("own.pem", own.cert.as_str()), ("own.key", own.key.as_str())];
    let strict = Vendor::start(&identity, BOTH, Some(&clients)).await;
    for (keys, reached) in [
        ("ca_file = \"ca.pem\"", false),
        ("ca_file = \"ca.pem\"\nclient_certificate = { cert = \"own.pem\", key = \"own.key\" }", true),
    ] {
        let told = Gateway::start(&strict, "localhost", keys, &files).await.update().await;
        assert_eq!(told == "localhost", reached, "{keys}: {told}");
    }
}

#[tokio::test]
async fn missing_verification_is_reported_at_start_at_reload_and_by_check() {
    const LOUD: &str = "accepts any server as the vendor";
    let authority = Authority::new();
    let vendor = Vendor::start(&authority.server(&["localhost"]), BOTH, None).await;
    let mut quiet = Gateway::start(&vendor, "localhost", "ca_file = \"ca.pem\"", &[("ca.pem", &authority.pem)]).await;
    quiet.process.logged("listening").await;
    assert_eq!(quiet.process.lines(LOUD), 0);
    assert_eq!(quiet.admin("/admin/status").await["vendors"]["autocalls"]["insecure_skip_verify"], false);

    let mut gateway = Gateway::start(&vendor, "localhost", "insecure_skip_verify = true", &[]).await;
    let warned = gateway.process.logged(LOUD).await;
    assert!(warned.contains("\"level\":\"WARN\""), "{warned}");
    assert_eq!(gateway.admin("/admin/status").await["vendors"]["autocalls"]["insecure_skip_verify"], true);
    assert_eq!(gateway.admin("/admin/config").await["vendors"]["autocalls"]["insecure_skip_verify"], true);
    let before = gateway.process.lines(LOUD);
    let request = b"POST /admin/reload HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert_eq!(raw::exchange(gateway.process.admin, request).await.status, 200);
    gateway.process.logged("configuration reloaded").await;
    assert_eq!(gateway.process.lines(LOUD), before + 1);

    let check = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args(["check", "--config", "switchboard.toml"])
        .current_dir(gateway._folder.path())
        .env("TOKEN", "1|abc")
        .output()
        .unwrap();
    let text = String::from_utf8(check.stderr).unwrap();
    assert!(check.status.success() && text.contains(LOUD) && text.contains("switchboard.toml:10:24"), "{text}");
}
