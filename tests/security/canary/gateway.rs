//! The real binary with a secret in every place, and everything that it says.

use std::fs::File;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::secret::Canaries;
use super::tls::Authority;
use crate::support::{PATIENCE, eventually};

/// A folder with a configuration and its secrets, and the environment that goes with it.
pub(crate) struct Folder {
    pub(crate) directory: TempDir,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) canaries: Canaries,
    pub(crate) authority: Authority,
    pub(crate) key: String,
    pub(crate) admin: String,
}

/// The addresses of the vendors and the collector.
pub(crate) struct Vendors {
    pub(crate) plain: SocketAddr,
    pub(crate) secure: u16,
    pub(crate) closing: u16,
    pub(crate) collector: SocketAddr,
}

impl Folder {
    /// Plants a secret wherever the configuration takes one, but for the vendors' addresses, which come later.
    pub(crate) fn new() -> Self {
        let mut canaries = Canaries::default();
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        write("ca.pem", &authority.pem);
        for name in ["server", "client"] {
            let issued = authority.issue();
            // In PKCS#8 for P-256 the private number stands at 36.
            canaries.bytes(&format!("{name}'s private key"), &issued.key.serialize_der()[36..68]);
            write(&format!("{name}.pem"), &issued.cert_pem);
            write(&format!("{name}.key"), &issued.key.serialize_pem());
        }
        write("by_file.token", &format!("{}\n", canaries.text("the token in a file")));
        let admin = canaries.text("the administration's token");
        write("admin.token", &admin);
        write("collector.key", &format!("{}\n", canaries.text("the key for the collector in a file")));
        let mut environment = [
            ("COLLECTOR_KEY", "the key for the collector in a variable"),
            ("PARROT_TOKEN", "the token in a variable"),
            ("SWITCHBOARD_VENDORS__BY_VARIABLE__TOKEN", "the token in a variable of ours"),
            ("SECURE_TOKEN", "the token of a vendor with TLS"),
            ("SOMEBODY_ELSES_PASSWORD", "another program's password"),
        ]
        .map(|(name, what)| (name.to_owned(), canaries.text(what)))
        .to_vec();
        environment.push(("ADMIN_TOKEN".to_owned(), admin.clone()));
        let key = canaries.text("the client's key");
        Self { environment, canaries, authority, key, admin, directory }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }

    /// The configuration: each vendor's token from another place.
    pub(crate) fn configuration(&self, vendors: &Vendors, tls: bool) -> String {
        let digest: String = Sha256::digest(&self.key).iter().map(|byte| format!("{byte:02x}")).collect();
        let tls = if tls { "[server.tls]\ncert = \"server.pem\"\nkey = \"server.key\"\n" } else { "" };
        let Vendors { plain, secure, closing, collector } = vendors;
        let mutual = "ca_file = \"ca.pem\"\nclient_certificate = { cert = \"client.pem\", key = \"client.key\" }";
        let often = "retry = { max_attempts = 2, backoff = \"1ms\", max_backoff = \"1ms\" }\n\
                     breaker = { min_requests = 1000000 }\n";
        format!(
            r#"[server]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
{tls}
[admin]
token = {{ file = "admin.token" }}
[log]
level = "trace"
[audit]
file = "audit.jsonl"
[traces]
endpoint = "http://{collector}"
[traces.headers]
x-api-key = {{ env = "COLLECTOR_KEY" }}
authorization = {{ file = "collector.key" }}
[clients.crm]
key_sha256 = "{digest}"
[vendors.by_env]
dialect = "autocalls"
base_url = "http://{plain}/api"
token = {{ env = "PARROT_TOKEN" }}
{often}
[vendors.by_file]
dialect = "sondos"
base_url = "http://{plain}/api"
token = {{ file = "by_file.token" }}
{often}
[vendors.by_variable]
dialect = "famulor"
base_url = "http://{plain}/api"
{often}
[vendors.secure]
dialect = "autocalls"
base_url = "https://localhost:{secure}/api"
token = {{ env = "SECURE_TOKEN" }}
{mutual}
{often}
[vendors.closing]
dialect = "autocalls"
base_url = "https://localhost:{closing}/api"
token = {{ env = "SECURE_TOKEN" }}
{mutual}
{often}
"#
        )
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        command.args(arguments).current_dir(self.directory.path()).envs(self.environment.iter().cloned());
        command.stdin(Stdio::null());
        command
    }

    fn output(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.directory.path().join(name)).unwrap_or_default()
    }
}

/// Where the log goes, and in which form.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Log {
    Json,
    Text,
    File,
}

impl Log {
    fn output(self) -> &'static str {
        if self == Self::File { "gateway.log" } else { "stderr" }
    }
}

/// A running gateway; killed when dropped.
pub(crate) struct Gateway {
    pub(crate) folder: Folder,
    child: Child,
    pub(crate) api: SocketAddr,
    pub(crate) admin: SocketAddr,
    tls: bool,
    log: Log,
    answers: Vec<u8>,
    asked: usize,
}

impl Gateway {
    /// Starts `serve` in the folder, whose configuration is there.
    pub(crate) async fn start(folder: Folder, log: Log) -> Self {
        let file = |name: &str| File::create(folder.directory.path().join(name)).unwrap();
        let mut serve = folder.command(&["serve", "--config", "switchboard.toml"]);
        serve.env("SWITCHBOARD_LOG__FORMAT", if log == Log::Text { "text" } else { "json" });
        if log == Log::File {
            serve.env("SWITCHBOARD_LOG__FILE", log.output());
        }
        let mut child = serve.env("RUST_LOG", "trace").stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        let tls =
            std::fs::read_to_string(folder.directory.path().join("switchboard.toml")).unwrap().contains("[server.tls]");
        let line = eventually(PATIENCE, async || {
            let text = String::from_utf8(folder.output(log.output())).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "it ended: {text}");
            let mut lines = text.split_inclusive('\n');
            lines.find(|line| line.contains("listening") && line.ends_with('\n')).map(str::to_owned)
        })
        .await;
        let mut ports = line.split("127.0.0.1:").skip(1).map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            SocketAddr::from(([127, 0, 0, 1], digits.parse().unwrap()))
        });
        let (api, admin) = (ports.next().unwrap(), ports.next().unwrap());
        Self { folder, child, api, admin, tls, log, answers: Vec::new(), asked: 0 }
    }

    /// Sends a request to the API and returns what came back, which is searched at the end.
    pub(crate) async fn ask(&mut self, request: &str) -> String {
        self.asked += 1;
        let answer = self.send(self.api, self.tls, request.as_bytes()).await;
        self.keep(request, &answer)
    }

    /// The same of administration.
    pub(crate) async fn ask_admin(&mut self, request: &str) -> String {
        let answer = self.send(self.admin, false, request.as_bytes()).await;
        self.keep(request, &answer)
    }

    fn keep(&mut self, request: &str, answer: &[u8]) -> String {
        let asked = request.lines().next().unwrap_or_default();
        self.answers.extend_from_slice(&[asked.as_bytes(), b":\n", answer, b"\n\n"].concat());
        String::from_utf8_lossy(answer).into_owned()
    }

    /// Runs a command beside it and returns what it printed, which is searched at the end.
    pub(crate) async fn run(&mut self, arguments: &[&str]) -> String {
        let mut command = self.folder.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        self.keep(&arguments.join(" "), &[output.stdout, output.stderr].concat())
    }

    /// Sends bytes in which the caller itself has put a secret where it may be answered with.
    pub(crate) async fn tell(&self, request: &[u8]) {
        self.send(self.api, self.tls, request).await;
    }

    async fn send(&self, address: SocketAddr, tls: bool, request: &[u8]) -> Vec<u8> {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let mut answer = Vec::new();
        if tls {
            let mut stream = self.folder.authority.connect(socket).await;
            let _sent = stream.write_all(request).await;
            let _end = stream.read_to_end(&mut answer).await;
        } else {
            let _sent = socket.write_all(request).await;
            let _end = socket.read_to_end(&mut answer).await;
        }
        answer
    }

    /// An update by the client, on a connection of its own.
    pub(crate) fn update(&self, path: &str, headers: &str, body: &str) -> String {
        let (key, length) = (&self.folder.key, body.len());
        format!(
            "PUT /v1/assistants/{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
             {headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    }

    /// Asks administration for all that it tells.
    pub(crate) async fn ask_for_everything(&mut self) -> String {
        let mut told = String::new();
        for path in ["/admin/config", "/admin/status", "/metrics", "/readyz", "/livez"] {
            let admin = &self.folder.admin;
            let authorization = format!("authorization: Bearer {admin}\r\n");
            let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}connection: close\r\n\r\n");
            told += &self.ask_admin(&request).await;
        }
        told
    }

    /// Ends it, searches everything that it wrote, and returns what was searched for.
    pub(crate) async fn end(mut self) -> Canaries {
        let told = self.ask_for_everything().await;
        assert!(told.contains("\"token\": \"[redacted]\"") && told.contains("\"uptime_seconds\""), "{told}");
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        eventually(PATIENCE, async || self.child.try_wait().unwrap()).await;
        let log = self.folder.output(self.log.output());
        assert!(log.split(|byte| *byte == b'\n').count() > self.asked, "too little was logged");
        self.folder.canaries.assert_absent("an answer", &self.answers);
        assert!(self.asked == 0 || !self.folder.output("audit.jsonl").is_empty());
        for output in ["stdout", "stderr", "audit.jsonl", "gateway.log"] {
            self.folder.canaries.assert_absent(output, &self.folder.output(output));
        }
        std::mem::take(&mut self.folder.canaries)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
