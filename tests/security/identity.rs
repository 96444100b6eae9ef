//! Mutual TLS as identity, over the real binary: who is let in as whom, and for how long.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rcgen::ExtendedKeyUsagePurpose;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustls::version;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulators::{Options, Simulator};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

use crate::support::process::Process;
use crate::support::raw::{self, RawReply};
use crate::support::{configuration, tokens};
use crate::tls_scene::{Authority, Caller, get_kept, until, uri};

struct Scene {
    folder: TempDir,
    simulators: Vec<Simulator>,
    process: Process,
    /// Who issued the gateway's own certificate.
    own: Authority,
    /// Who issues the clients' certificates.
    clients: Authority,
}

const CRM: &str = "spiffe://acme/crm";

fn digest(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `crm` may use one vendor and `billing` the other, so that the vendors shown tell who is asking.
fn extra(crm: &str, tls: &str) -> String {
    let (one, two) = (digest("key-crm"), digest("key-billing"));
    format!(
        "[server.tls]\ncert = \"own.pem\"\nkey = \"own.key\"\nclient_ca = \"clients.pem\"\n{tls}\n\
         [auth]\nmode = \"keys\"\n\
         [clients.crm]\nkey_sha256 = \"{one}\"\ncertificate = [\"{crm}\", \"CN=crm-by-subject\"]\nvendors = [\"autocalls\"]\n\
         [clients.billing]\nkey_sha256 = \"{two}\"\ncertificate = \"spiffe://acme/billing\"\nvendors = [\"sondos\"]\n"
    )
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join("new"), text).unwrap();
    std::fs::rename(folder.join("new"), folder.join(name)).unwrap();
}

impl Scene {
    async fn start(tls: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), tls).await
    }

    async fn start_in(folder: TempDir, tls: &str) -> Self {
        let (own, clients) = (Authority::new(), Authority::new());
        let mut simulators = Vec::new();
        for vendor in ["autocalls", "sondos"] {
            simulators.push(Simulator::start(vendor, Options::default()).await.unwrap());
        }
        own.server(&["localhost"]).write(folder.path(), "own");
        write(folder.path(), "clients.pem", &clients.pem);
        write(folder.path(), "switchboard.toml", &configuration(&simulators, &extra(CRM, tls)));
        let process = Process::serve(folder.path(), &tokens(&simulators)).await;
        Self { folder, simulators, process, own, clients }
    }

    fn caller(&self, name: &str) -> Caller {
        Caller::new(&self.own, Some(&self.clients.issue(name, |_| {})))
    }

    async fn get(&self, caller: &Caller, headers: &str) -> Option<RawReply> {
        caller.get(self.process.api, "/v1/vendors", headers).await
    }

    /// Takes up what was written, and nothing less.
    async fn reload(&self) {
        let request = b"POST /admin/reload HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let reply = raw::exchange(self.process.admin, request).await;
        assert_eq!(reply.status, 200, "{:#}", reply.json());
    }

    fn configure(&self, crm: &str) {
        write(self.folder.path(), "switchboard.toml", &configuration(&self.simulators, &extra(crm, "")));
    }
}

/// Who the gateway took the caller for, by the only vendor that it shows.
fn who(reply: &RawReply) -> &'static str {
    assert_eq!(reply.status, 200, "{:#}", reply.json());
    let vendors: Vec<Value> = reply.json()["vendors"].as_array().unwrap().iter().map(|v| v["vendor"].clone()).collect();
    match vendors.as_slice() {
        [vendor] if vendor == "autocalls" => "crm",
        [vendor] if vendor == "sondos" => "billing",
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_refused(reply: &RawReply, why: &str) {
    let problem = reply.json();
    assert_eq!((reply.status, &problem["code"]), (401, &json!("unauthenticated")), "{problem:#}");
    assert!(problem["detail"].as_str().unwrap().contains(why), "{problem:#}");
}

#[tokio::test]
async fn a_certificate_admits_its_own_client_only() {
    let scene = Scene::start("").await;
    for versions in [&[&version::TLS13][..], &[&version::TLS12]] {
        let crm = scene.clients.issue("crm", |_| {});
        let caller = Caller::speaking(&scene.own, Some(&crm), versions);
        assert_eq!(who(&scene.get(&caller, "").await.unwrap()), "crm");
    }
    assert_eq!(who(&scene.get(&scene.caller("billing"), "").await.unwrap()), "billing");
    let by_subject = scene.clients.issue("crm-by-subject", |params| params.subject_alt_names.clear());
    assert_eq!(who(&scene.get(&Caller::new(&scene.own, Some(&by_subject)), "").await.unwrap()), "crm");

    // Certificates of the right authority that are nobody's, or look like somebody's.
    for stranger in ["stranger", "crm2", "CRM", "crm/", ""] {
        assert_refused(&scene.get(&scene.caller(stranger), "").await.unwrap(), "no API key was sent");
    }
    let both = scene.clients.issue("crm", |params| params.subject_alt_names.push(uri("spiffe://acme/billing")));
    let both = scene.get(&Caller::new(&scene.own, Some(&both)), "").await.unwrap();
    assert_refused(&both, "several clients");
}

#[tokio::test]
async fn a_handshake_without_a_good_certificate_fails() {
    let scene = Scene::start("").await;
    let stranger = Authority::new();
    let bad = [
        ("none", None),
        ("another authority's", Some(stranger.issue("crm", |_| {}))),
        ("the server's authority's", Some(scene.own.issue("crm", |_| {}))),
        ("expired", Some(scene.clients.issue("crm", |params| until(params, Err(Duration::from_hours(1)))))),
        (
            "not yet valid",
            Some(scene.clients.issue("crm", |params| {
                until(params, Ok(Duration::from_hours(48)));
                params.not_before = (std::time::SystemTime::now() + Duration::from_hours(24)).into();
            })),
        ),
        (
            "for servers",
            Some(scene.clients.issue("crm", |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            })),
        ),
        (
            "self-signed",
            Some({
                let own = Authority::new();
                own.issue("crm", |_| {})
            }),
        ),
    ];
    for (what, identity) in &bad {
        for versions in [&[&version::TLS13][..], &[&version::TLS12]] {
            let caller = Caller::speaking(&scene.own, identity.as_ref(), versions);
            let with_key = scene.get(&caller, "authorization: Bearer key-crm\r\n").await;
            assert!(with_key.is_none(), "{what}: {with_key:?}");
        }
    }
    assert_eq!(who(&scene.get(&scene.caller("crm"), "").await.unwrap()), "crm");
}

#[tokio::test]
async fn a_key_and_a_certificate_must_belong_to_the_same_client() {
    let scene = Scene::start("").await;
    let key = |key: &str| format!("authorization: Bearer {key}\r\n");
    let crm = scene.caller("crm");
    assert_eq!(who(&scene.get(&crm, &key("key-crm")).await.unwrap()), "crm");
    assert_refused(&scene.get(&crm, &key("key-billing")).await.unwrap(), "not the same client's");
    assert_refused(&scene.get(&crm, &key("key-unknown")).await.unwrap(), "is not known here");
    assert_refused(&scene.get(&crm, "authorization: Basic a2V5LWNybQ==\r\n").await.unwrap(), "must be `Bearer <key>`");
    let stranger = scene.caller("stranger");
    assert_eq!(who(&scene.get(&stranger, &key("key-billing")).await.unwrap()), "billing");
    assert_refused(&scene.get(&stranger, &key("key-unknown")).await.unwrap(), "is not known here");
}

#[tokio::test]
async fn the_oldest_version_is_a_setting() {
    let scene = Scene::start("min_version = \"1.3\"").await;
    let crm = scene.clients.issue("crm", |_| {});
    let old = Caller::speaking(&scene.own, Some(&crm), &[&version::TLS12]);
    assert!(scene.get(&old, "").await.is_none());
    let new = Caller::speaking(&scene.own, Some(&crm), &[&version::TLS13]);
    assert_eq!(who(&scene.get(&new, "").await.unwrap()), "crm");
}

#[tokio::test]
async fn a_client_that_is_taken_out_is_refused_on_connections_that_it_has() {
    let scene = Scene::start("").await;
    let mut kept = scene.caller("crm").connect(scene.process.api).await.unwrap();
    assert_eq!(who(&get_kept(&mut kept, "/v1/vendors").await), "crm");
    scene.configure("spiffe://acme/another");
    scene.reload().await;
    assert_refused(&get_kept(&mut kept, "/v1/vendors").await, "no API key was sent");
    scene.configure(CRM);
    scene.reload().await;
    assert_eq!(who(&get_kept(&mut kept, "/v1/vendors").await), "crm");
}

#[tokio::test]
async fn other_authorities_end_the_connections_of_those_before() {
    let scene = Scene::start("").await;
    let old = scene.caller("crm");
    let mut kept = old.connect(scene.process.api).await.unwrap();
    assert_eq!(who(&get_kept(&mut kept, "/v1/vendors").await), "crm");

    // Another certificate of the gateway's own ends nothing.
    let renewed = Authority::new();
    renewed.server(&["localhost"]).write(scene.folder.path(), "own");
    scene.reload().await;
    assert_eq!(who(&get_kept(&mut kept, "/v1/vendors").await), "crm");
    assert!(scene.get(&old, "").await.is_none(), "the new certificate is not the trusted one's");
    let crm = scene.clients.issue("crm", |_| {});
    assert_eq!(who(&scene.get(&Caller::new(&renewed, Some(&crm)), "").await.unwrap()), "crm");

    let next = Authority::new();
    write(scene.folder.path(), "clients.pem", &next.pem);
    scene.reload().await;
    assert_eq!(kept.read(&mut [0; 16]).await.unwrap_or(0), 0, "it is closed without a word");
    assert!(scene.get(&Caller::new(&renewed, Some(&crm)), "").await.is_none());
    let crm = next.issue("crm", |_| {});
    assert_eq!(who(&scene.get(&Caller::new(&renewed, Some(&crm)), "").await.unwrap()), "crm");

    // Both for a while, as in a rotation: whoever connects anew is let in with either.
    write(scene.folder.path(), "clients.pem", &format!("{}{}", scene.clients.pem, next.pem));
    scene.reload().await;
    for authority in [&scene.clients, &next] {
        let crm = authority.issue("crm", |_| {});
        assert_eq!(who(&scene.get(&Caller::new(&renewed, Some(&crm)), "").await.unwrap()), "crm");
    }
}

/// A named pipe that is full and has no reader: a writer waits.
struct FullPipe {
    _open: std::fs::File,
}

impl FullPipe {
    fn new(path: &Path) -> Self {
        rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let mut pipe = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).unwrap();
        while pipe.write(&[b'\n'; 4096]).is_ok() {}
        Self { _open: pipe }
    }
}

#[tokio::test]
async fn authorities_and_clients_change_together_also_while_the_audit_log_cannot_be_written() {
    const AUDIT: &str = "[audit]\nfile = \"audit\"";
    let folder = tempfile::tempdir().unwrap();
    let pipe = FullPipe::new(&folder.path().join("audit"));
    let scene = Scene::start_in(folder, AUDIT).await;
    let before = scene.caller("crm");
    assert_eq!(who(&scene.get(&before, "").await.unwrap()), "crm");

    let next = Authority::new();
    let after = Caller::new(&scene.own, Some(&next.issue("crm2", |_| {})));
    write(scene.folder.path(), "clients.pem", &next.pem);
    let text = configuration(&scene.simulators, &extra("spiffe://acme/crm2", AUDIT));
    write(scene.folder.path(), "switchboard.toml", &text);
    // The reload waits for the audit log. Meanwhile a handshake that succeeds leads to a client.
    let meanwhile = async {
        let first = loop {
            if let Some(reply) = scene.get(&after, "").await {
                break reply;
            }
        };
        assert_eq!(who(&first), "crm");
        assert!(scene.get(&before, "").await.is_none());
    };
    tokio::join!(scene.reload(), meanwhile);
    drop(pipe);
}

#[tokio::test]
async fn a_connection_ends_with_the_certificate_that_opened_it() {
    let scene = Scene::start("").await;
    let soon = scene.clients.issue("crm", |params| until(params, Ok(Duration::from_secs(8))));
    let mut kept = Caller::new(&scene.own, Some(&soon)).connect(scene.process.api).await.unwrap();
    assert_eq!(who(&get_kept(&mut kept, "/v1/vendors").await), "crm");
    assert_eq!(kept.read(&mut [0; 16]).await.unwrap_or(0), 0, "it is closed without a word");
}

#[tokio::test]
async fn a_broken_certificate_is_refused_at_reload_and_the_old_one_stays() {
    let scene = Scene::start("").await;
    let other = scene.own.server(&["localhost"]);
    write(scene.folder.path(), "own.key", &other.key);
    let request = b"POST /admin/reload HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let reply = raw::exchange(scene.process.admin, request).await;
    assert_eq!(reply.status, 422);
    assert!(reply.json().to_string().contains("is not the key of"), "{:#}", reply.json());
    assert_eq!(who(&scene.get(&scene.caller("crm"), "").await.unwrap()), "crm");
}
