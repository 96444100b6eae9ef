//! The console over TCP: who may look and who may write, what every answer carries, and how sessions end.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::process::Process;
use crate::support::raw::{self, RawReply};
use crate::support::{PATIENCE, Stage, eventually};
use crate::tls_scene::{Authority, Caller};

const ADMIN: &str = "sim-sondos";
const VIEWER: &str = "sim-famulor";
const METRICS: &str = "sim-autocalls";
const TOKENS: &str = "[admin]\ntoken = { env = \"TOKEN_SONDOS\" }\nviewer_token = { env = \"TOKEN_FAMULOR\" }\n\
    metrics_token = { env = \"TOKEN_AUTOCALLS\" }\nhosts = [\"gateway.internal\"]\n";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";
/// Pages that no navigation names.
const OTHERS: [&str; 5] =
    ["request?id=x", "assistant?name=sondos:789", "vendor?name=sondos", "update?id=x", "find?q=x"];

/// What a reader's browser keeps and sends.
#[derive(Clone)]
struct Reader {
    address: SocketAddr,
    host: &'static str,
    headers: String,
}

impl Reader {
    fn new(address: SocketAddr) -> Self {
        Self { address, host: "127.0.0.1", headers: String::new() }
    }

    fn with(&self, header: &str) -> Self {
        Self { headers: format!("{}{header}\r\n", self.headers), ..self.clone() }
    }

    fn under(&self, host: &'static str) -> Self {
        Self { host, ..self.clone() }
    }

    fn bearer(&self, token: &str) -> Self {
        self.with(&format!("authorization: Bearer {token}"))
    }

    async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> RawReply {
        let Self { host, headers: own, .. } = self;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{own}{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        raw::exchange(self.address, request.as_bytes()).await
    }

    async fn get(&self, page: &str) -> RawReply {
        self.ask("GET", &format!("/console/{page}"), "", "").await
    }

    async fn post(&self, form: &str, fields: &str) -> RawReply {
        // A browser says where a form comes from.
        let says_where = ["sec-fetch-site:", "origin:"].iter().any(|header| self.headers.contains(header));
        let from = if says_where { "" } else { "sec-fetch-site: same-origin\r\n" };
        self.ask("POST", &format!("/console/{form}"), &format!("{FORM}{from}"), fields).await
    }

    /// Signs in, and keeps the cookie.
    async fn signed_in(&self, token: &str) -> Self {
        let reply = self.post("session", &format!("token={token}")).await;
        assert_eq!((reply.status, reply.header("location")), (303, Some("./")), "{reply:?}");
        self.with(&format!("cookie: other=1; {}", cookie(&reply)))
    }

    /// The token that forms of this session carry.
    async fn form_token(&self) -> String {
        let page = text(&self.get("config").await);
        let field = page.split_once("name=\"form_token\" value=\"").expect("a form that writes").1;
        field.split('"').next().unwrap().to_owned()
    }
}

/// The cookie of an answer, as it is sent back.
fn cookie(reply: &RawReply) -> &str {
    reply.header("set-cookie").unwrap().split(';').next().unwrap()
}

fn text(reply: &RawReply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

/// A page that says which problem it is.
#[track_caller]
fn assert_problem(reply: &RawReply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(text(reply).contains(&format!("<code>{code}</code>")), "{}", text(reply));
}

#[track_caller]
fn assert_leads(reply: &RawReply, address: &str) {
    assert_eq!((reply.status, reply.header("location")), (303, Some(address)), "{reply:?}");
}

/// Values of an attribute in a page.
fn attributes<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let marker = format!(" {name}=\"");
    page.match_indices(&marker).map(|(at, _)| page[at + marker.len()..].split('"').next().unwrap()).collect()
}

/// All pages, as the navigation names them, and those beside it.
async fn pages(reader: &Reader) -> Vec<String> {
    let overview = text(&reader.get("").await);
    let navigation = overview.split_once("<nav class=\"pages\"").unwrap().1.split_once("</nav>").unwrap().0;
    let named = attributes(navigation, "href").into_iter().map(|page| page.trim_start_matches("./").to_owned());
    let all: Vec<_> = named.chain(OTHERS.map(str::to_owned)).collect();
    assert!(all.len() > 15 && all[0].is_empty(), "{all:?}");
    all
}

#[tokio::test]
async fn pages_are_for_those_with_a_token_or_a_session() {
    let stage = Stage::with(TOKENS).await;
    let reader = Reader::new(stage.app.admin());
    let (viewer, admin) = (reader.signed_in(VIEWER).await, reader.signed_in(ADMIN).await);
    for page in pages(&viewer).await {
        let then = match &*page {
            "" => "session".to_owned(),
            page => format!("session?then={}", page.replace('?', "%3F").replace('=', "%3D").replace(':', "%3A")),
        };
        for stranger in [
            &reader,
            &reader.with("cookie: switchboard_session=0123456789abcdef"),
            &reader.with("cookie: switchboard_session="),
            &reader.with("authorization: Basic YTpi"),
        ] {
            assert_leads(&stranger.get(&page).await, &then);
            assert_problem(&stranger.under("evil.example").get(&page).await, 400, "invalid_request");
        }
        for known in [&viewer, &admin, &reader.bearer(VIEWER), &reader.bearer(ADMIN)] {
            let reply = known.get(&page).await;
            assert!(![303, 401, 403].contains(&reply.status), "{page}: {reply:?}");
        }
        assert_problem(&viewer.under("evil.example").get(&page).await, 400, "invalid_request");
        assert_ne!(
            reader.bearer(VIEWER).under("evil.example").get(&page).await.status,
            400,
            "a rebound page has no token"
        );
        assert_ne!(viewer.under("gateway.internal").get(&page).await.status, 400);
        // A proxy in front has credentials of its own.
        assert_ne!(viewer.with("authorization: Basic YTpi").get(&page).await.status, 303);
        for wrong in ["wrong", METRICS, ""] {
            let reply = admin.bearer(wrong).get(&page).await;
            match wrong {
                "" => assert_ne!(reply.status, 401, "no bearer at all"),
                _ => assert_problem(&reply, 401, "unauthenticated"),
            }
        }
    }
    assert_problem(&viewer.get("nowhere").await, 404, "not_found");
    assert_leads(&viewer.get("requests/").await, "../");
    assert_leads(&reader.get("nowhere").await, "session?then=nowhere");
    stage.stop().await;
}

#[tokio::test]
async fn a_write_takes_the_administrators_session_and_its_form_token() {
    let stage = Stage::with(TOKENS).await;
    let reader = Reader::new(stage.app.admin());
    let (viewer, admin) = (reader.signed_in(VIEWER).await, reader.signed_in(ADMIN).await);
    let (own, others) = (admin.form_token().await, reader.signed_in(ADMIN).await.form_token().await);
    assert_ne!(own, others);
    let page = text(&viewer.get("config").await);
    assert!(!page.contains("form_token") && page.contains("disabled"), "a viewer sees buttons that cannot be pressed");
    let sent = format!("form_token={own}");
    for fields in ["", &sent, "form_token="] {
        assert_problem(&viewer.post("reload", fields).await, 403, "forbidden");
        assert_leads(&reader.post("reload", fields).await, "session");
        assert_problem(&reader.bearer("wrong").post("reload", fields).await, 401, "unauthenticated");
        assert_problem(&reader.bearer(VIEWER).post("reload", fields).await, 403, "forbidden");
    }
    for fields in ["", "form_token=", &format!("form_token={others}"), &format!("FORM_TOKEN={own}")] {
        assert_problem(&admin.post("reload", fields).await, 403, "forbidden");
    }
    for foreign in [
        "sec-fetch-site: cross-site",
        "sec-fetch-site: same-site",
        "origin: https://evil.example",
        "origin: null",
        "origin: http://127.0.0.1:1",
    ] {
        assert_problem(&admin.with(foreign).post("reload", &sent).await, 403, "forbidden");
        assert_problem(&reader.with(foreign).post("session", &format!("token={ADMIN}")).await, 403, "forbidden");
        assert_problem(&admin.with(foreign).post("session-end", "").await, 403, "forbidden");
    }
    assert_problem(&admin.ask("POST", "/console/reload", FORM, &sent).await, 403, "forbidden");
    assert_problem(&admin.with("sec-fetch-site: none").post("reload", &sent).await, 403, "forbidden");
    assert_problem(&admin.under("evil.example").post("reload", &sent).await, 400, "invalid_request");
    let json = "content-type: application/json\r\n";
    assert_problem(&admin.ask("POST", "/console/reload", json, &sent).await, 415, "unsupported_media_type");
    let long = format!("{sent}&x={}", "x".repeat(2 << 20));
    assert_problem(&admin.post("reload", &long).await, 413, "body_too_large");
    for (method, address, allow) in [
        ("GET", "reload", "POST"),
        ("HEAD", "reload", "POST"),
        ("PUT", "reload", "POST"),
        ("GET", "session-end", "POST"),
        ("POST", "requests", "GET, HEAD"),
        ("POST", "theme", "GET, HEAD"),
        ("DELETE", "session", "GET, HEAD, POST"),
        ("OPTIONS", "", "GET, HEAD"),
        ("TRACE", "", "GET, HEAD"),
    ] {
        let reply = admin.ask(method, &format!("/console/{address}"), FORM, "").await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some(allow)), "{method} {address}");
    }
    // The cookie alone does nothing outside the console, but looking.
    for path in ["/admin/reload", "/admin/queue/x/cancel", "/admin/dead/x/replay"] {
        assert_eq!(admin.ask("POST", path, FORM, &sent).await.json()["code"], "unauthenticated", "{path}");
    }
    assert_eq!(viewer.ask("GET", "/admin/status", "", "").await.status, 200);
    assert_eq!(viewer.under("evil.example").ask("GET", "/admin/status", "", "").await.status, 400);
    let reloads = admin.ask("GET", "/admin/status", "", "").await.json()["reloads"].clone();
    assert_eq!(reloads["last"], Value::Null, "nothing of this has reloaded anything: {reloads:#}");

    // There is no file to read again, so these are refused later.
    for own_site in ["sec-fetch-site: same-origin", "origin: http://127.0.0.1"] {
        let reply = admin.with(own_site).post("reload", &sent).await;
        assert!(reply.status == 303 || text(&reply).contains("refused"), "{own_site}: {reply:?}");
    }
    let reloads = admin.ask("GET", "/admin/status", "", "").await.json()["reloads"].clone();
    assert_ne!(reloads["last"], Value::Null);
    stage.stop().await;
}

#[tokio::test]
async fn signing_in_leads_to_this_console_only_and_signing_out_ends_the_session() {
    let stage = Stage::with(TOKENS).await;
    let reader = Reader::new(stage.app.admin());
    let sign_in = format!("token={VIEWER}");
    for (then, leads) in [
        ("requests%3Fq%3Da%2520b", "requests?q=a%20b"),
        ("%3Fsince%3D1", "./?since=1"),
        ("%2F%2Fevil.example", "./"),
        ("https%3A%2F%2Fevil.example", "./"),
        ("%5C%5Cevil.example", "./"),
        ("..%2Fadmin%2Fstatus", "./"),
        ("x%0D%0Aset-cookie%3A%20a%3Db", "./"),
    ] {
        assert_leads(&reader.post(&format!("session?then={then}"), &sign_in).await, leads);
        let theme = reader.get(&format!("theme?to=dark&back={then}")).await;
        assert_leads(&theme, leads);
        assert_eq!(
            theme.header("set-cookie"),
            Some("switchboard_theme=dark; Path=/; SameSite=Strict; Max-Age=31536000")
        );
    }
    let form = text(&reader.get("session?then=requests%22%3E%3Cscript%3E").await);
    assert!(form.contains("action=\"session?then=requests%22%3E%3Cscript%3E\"") && !form.contains("<script>"));
    let started = reader.post("session", &sign_in).await;
    let set = started.header("set-cookie").unwrap();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200"), "{set}");
    assert!(text(&reader.with(&format!("cookie: {}", cookie(&started))).get("").await).contains("looking only"));

    let (here, elsewhere) = (reader.signed_in(ADMIN).await, reader.signed_in(ADMIN).await);
    let ended = here.post("session-end", "").await;
    assert_leads(&ended, "session");
    assert!(ended.header("set-cookie").unwrap().starts_with("switchboard_session=; "), "{ended:?}");
    assert!(ended.header("set-cookie").unwrap().contains("Max-Age=0"), "{ended:?}");
    assert_leads(&here.get("").await, "session");
    assert_eq!(elsewhere.get("").await.status, 200);
    for fields in ["", "token=", "token=%20"] {
        assert_problem(&reader.post("session", fields).await, 400, "invalid_request");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_failed_sign_in_counts_and_is_audited_and_a_page_without_a_session_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit.jsonl");
    let limit = "[auth]\nmode = \"none\"\nfailed_attempts = { per_minute = 1, burst = 3 }\n";
    let stage = Stage::with(&format!("{TOKENS}{limit}[audit]\nfile = {audit:?}\n")).await;
    let reader = Reader::new(stage.app.admin());
    for _ in 0..10 {
        assert_leads(&reader.with("cookie: switchboard_session=over").get("").await, "session");
        assert_eq!(reader.with("hx-request: true").get("").await.header("hx-refresh"), Some("true"));
    }
    for token in ["wrong", METRICS, "sim-sondo"] {
        assert_problem(&reader.post("session", &format!("token={token}")).await, 401, "unauthenticated");
    }
    let limited = reader.post("session", "token=wrong").await;
    assert_problem(&limited, 429, "rate_limited");
    assert!(limited.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert_problem(&reader.bearer("wrong").get("").await, 429, "rate_limited");
    let viewer = reader.signed_in(VIEWER).await;
    assert_eq!(viewer.get("").await.status, 200, "a right token always passes");
    let status = viewer.ask("GET", "/admin/status", "", "").await.json();
    assert_eq!(status["authentication"], serde_json::json!({ "failed": 5, "limited": 2 }));
    stage.stop().await;

    let lines = std::fs::read_to_string(&audit).unwrap();
    assert!(!lines.contains("wrong") && !lines.contains(METRICS), "{lines}");
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let refused = "admin_refused";
    assert_eq!(names, ["start", refused, refused, refused, "admin_signed_in", "stop"]);
    assert_eq!((&events[1]["method"], &events[1]["path"]), (&"POST".into(), &"/console/session".into()));
    assert_eq!(events[4]["role"], "viewer");
    for event in &events[1..5] {
        assert!(event["peer"].as_str().unwrap().starts_with("127.0.0.1:") && event["request_id"].is_string());
    }
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[tokio::test]
async fn every_answer_has_the_policy_and_nothing_but_assets_is_kept() {
    let stage = Stage::with(TOKENS).await;
    let reader = Reader::new(stage.app.admin());
    let admin = reader.signed_in(ADMIN).await;
    let asset = attributes(&text(&admin.get("").await), "src")[0].to_owned();
    let answers = [
        (200, reader.ask("GET", &format!("/console/{asset}"), "", "").await),
        (200, admin.get("").await),
        (200, reader.get("session").await),
        (303, reader.ask("GET", "/console", "", "").await),
        (303, reader.get("").await),
        (303, reader.get("theme?to=light").await),
        (303, reader.post("session", &format!("token={ADMIN}")).await),
        (400, reader.under("evil.example").get("").await),
        (401, reader.post("session", "token=wrong").await),
        (401, reader.with("hx-request: true").get("requests").await),
        (403, admin.post("reload", "").await),
        (404, admin.get("nowhere").await),
        (404, reader.get("assets/nothing.css").await),
        (405, admin.ask("PUT", "/console/", "", "").await),
        (415, admin.ask("POST", "/console/reload", "", "x").await),
    ];
    for (index, (status, reply)) in answers.iter().enumerate() {
        assert_eq!(reply.status, *status, "{reply:?}");
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", if index == 0 { "public, max-age=31536000, immutable" } else { "no-store" }),
        ] {
            assert_eq!(reply.header(name), Some(value), "{name} of {reply:?}");
        }
        assert!(reply.header("x-request-id").is_some());
    }
    stage.stop().await;
}

#[tokio::test]
async fn assets_are_named_after_their_content() {
    let stage = Stage::with(TOKENS).await;
    let reader = Reader::new(stage.app.admin());
    let page = text(&reader.get("session").await);
    let named = attributes(&page, "src").into_iter().chain(attributes(&page, "href"));
    let assets: Vec<_> = named.filter(|address| address.starts_with("assets/")).collect();
    assert!(assets.len() >= 5, "{assets:?}");
    for asset in assets {
        let plain = reader.get(asset).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{asset}");
        let digest = <sha2::Sha256 as sha2::Digest>::digest(&plain.body);
        let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        assert!(asset.starts_with(&format!("assets/{digest}-")), "{asset}");
        let small = reader.with("accept-encoding: br, gzip").get(asset).await;
        assert_eq!((small.header("content-encoding"), small.header("vary")), (Some("gzip"), Some("accept-encoding")));
        let mut read = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*small.body), &mut read).unwrap();
        assert!(read == plain.body && small.body.len() <= plain.body.len() + 32, "{asset}");
        assert_eq!(reader.with("accept-encoding: gzip;q=0").get(asset).await.header("content-encoding"), None);
        let head = reader.ask("HEAD", &format!("/console/{asset}"), "", "").await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        let other = asset.replace(&digest, "000000000000");
        assert_eq!(reader.get(&other).await.status, 404);
        assert_ne!(reader.post(asset, "").await.status, 200);
    }
    for address in ["assets/", "assets/console.css", "assets/../session", "assets/%2e%2e/session"] {
        assert_eq!(reader.get(address).await.status, 404, "{address}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn links_are_relative_so_that_a_proxy_may_use_any_path() {
    let stage = Stage::with(TOKENS).await;
    let reader = Reader::new(stage.app.admin());
    assert_leads(&reader.ask("GET", "/console", "", "").await, "console/");
    let not_ours = reader.ask("GET", "/consoles", "", "").await;
    assert_eq!(not_ours.status, 404);
    let admin = reader.signed_in(ADMIN).await;
    for page in pages(&admin).await {
        let reply = admin.get(&page).await;
        let page = text(&reply);
        for name in ["href", "src", "action", "hx-get", "hx-post", "formaction"] {
            for address in attributes(&page, name) {
                assert!(!address.starts_with('/') && !address.starts_with("console"), "{name}={address}");
                assert!(name == "href" || !address.contains("://"), "{name}={address}");
                assert!(!address.starts_with("../") || address.starts_with("../admin/"), "{name}={address}");
            }
        }
        for inline in ["style", "onclick", "onsubmit", "onload", "hx-on"] {
            assert!(attributes(&page, inline).is_empty(), "{inline} in {page}");
        }
        let scripts = page.matches("<script").count();
        assert_eq!(scripts, page.matches("<script defer src=\"assets/").count());
    }
    stage.stop().await;
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let stage = Stage::with(TOKENS).await;
    let admin = Reader::new(stage.app.admin()).signed_in(ADMIN).await;
    for page in ["", "requests", "session", "nowhere"] {
        let (head, get) = (admin.ask("HEAD", &format!("/console/{page}"), "", "").await, admin.get(page).await);
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{page}");
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert!(head.header("content-length").unwrap().parse::<usize>().unwrap() > 500);
    }
    stage.stop().await;
}

#[tokio::test]
async fn without_tokens_the_console_only_looks() {
    let stage = Stage::new().await;
    let reader = Reader::new(stage.app.admin());
    for page in pages(&reader).await {
        let reply = reader.get(&page).await;
        assert!(![303, 401, 403].contains(&reply.status), "{page}: {reply:?}");
        assert!(!text(&reply).contains("form_token"), "{page}");
        assert_problem(&reader.under("evil.example").get(&page).await, 400, "invalid_request");
    }
    let embedded = reader.with("sec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors");
    let linked = reader.with("sec-fetch-site: cross-site\r\nsec-fetch-mode: navigate");
    for path in ["/admin/find?q=x", "/console/find?q=x", "/admin/status"] {
        assert_eq!(embedded.ask("GET", path, "", "").await.status, 403, "{path}");
        assert_eq!(linked.ask("GET", path, "", "").await.status, 200, "{path}");
    }
    for (page, leads) in [("requests/", "../"), ("a/b/c?d=/e", "../../")] {
        assert_leads(&reader.get(page).await, leads);
    }
    assert_problem(&reader.post("reload", "").await, 403, "forbidden");
    assert_leads(&reader.get("session").await, "./");
    assert_leads(&reader.post("session", "token=x").await, "./");
    stage.stop().await;
}

#[tokio::test]
async fn a_session_ends_when_a_reload_changes_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let write = |admin: &str| {
        let text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[auth]\nmode = \"none\"\n\
            [admin]\ntoken = { file = \"admin\" }\nviewer_token = { file = \"viewer\" }\n";
        std::fs::write(folder.path().join("switchboard.toml"), text).unwrap();
        std::fs::write(folder.path().join("viewer"), "looks-only-0123456789\n").unwrap();
        std::fs::write(folder.path().join("admin"), format!("{admin}\n")).unwrap();
    };
    write("first-0123456789abcdef");
    let process = Process::serve(folder.path(), &[]).await;
    let reader = Reader::new(process.admin);
    let admin = reader.signed_in("first-0123456789abcdef").await;
    let viewer = reader.signed_in("looks-only-0123456789").await;
    write("second-0123456789abcdef");
    process.signal("HUP");
    let over = async || Some(admin.get("").await).filter(|reply| reply.status == 303);
    assert_leads(&eventually(PATIENCE, over).await, "session");
    assert_leads(&admin.post("reload", "").await, "session");
    assert_eq!(viewer.get("").await.status, 200);
    assert_problem(&reader.post("session", "token=first-0123456789abcdef").await, 401, "unauthenticated");
    let admin = reader.signed_in("second-0123456789abcdef").await;
    let sent = format!("form_token={}", admin.form_token().await);
    assert_ne!(admin.post("reload", &sent).await.status, 403);
}

#[tokio::test]
async fn a_drain_ends_readers_connections() {
    let stage = Stage::with(TOKENS).await;
    let admin = Reader::new(stage.app.admin()).signed_in(ADMIN).await;
    let mut kept = TcpStream::connect(admin.address).await.unwrap();
    let request = format!("GET /console/ HTTP/1.1\r\nhost: localhost\r\n{}\r\n", admin.headers);
    kept.write_all(request.as_bytes()).await.unwrap();
    let (mut read, mut piece) = (Vec::new(), [0; 4096]);
    while !read.ends_with(b"</html>") {
        let count = kept.read(&mut piece).await.unwrap();
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&piece[..count]);
    }
    let (left, ()) = tokio::join!(kept.read(&mut piece), stage.stop());
    assert_eq!(left.unwrap_or(0), 0);
    assert!(TcpStream::connect(admin.address).await.is_err());
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_tls_only() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.server(&["localhost"]).write(folder.path(), "admin");
    let text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[server.admin_tls]\ncert = \"admin.pem\"\n\
        key = \"admin.key\"\n[admin]\ntoken = { env = \"TOKEN\" }\n";
    std::fs::write(folder.path().join("switchboard.toml"), text).unwrap();
    let token = ("TOKEN".to_owned(), "a-token-of-some-length".to_owned());
    let mut process = Process::serve(folder.path(), &[token]).await;
    let said = process.logged("\"message\":\"listening\"").await;
    assert!(said.contains(&format!("\"console\":\"https://{}/console/\"", process.admin)), "{said}");
    let mut stream = Caller::new(&authority, None).connect(process.admin).await.unwrap();
    let body = "token=a-token-of-some-length";
    let request = format!(
        "POST /console/session HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\norigin: https://localhost\r\n{FORM}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _end = stream.read_to_end(&mut answer).await;
    let reply = raw::parse(&answer, false).unwrap();
    assert_leads(&reply, "./");
    assert!(reply.header("set-cookie").unwrap().ends_with("; Max-Age=43200; Secure"), "{reply:?}");
}
