//! The gateway at work: whatever callers send and vendors repeat.

use serde_json::{Value, json};

use super::collector::Collector;
use super::gateway::{Folder, Gateway, Log, Vendors};
use super::parrot::{Parrot, ids};
use super::shapes::FORMS;
use super::tls::closing;

/// The gateway before two parrots, and a vendor that closes connections with its token.
struct Scene {
    gateway: Gateway,
    parrot: Parrot,
    secure: Parrot,
    collector: Collector,
    _closing: tokio::task::JoinSet<()>,
    calcom: String,
    calendly: String,
}

impl Scene {
    async fn new(log: Log, tls: bool) -> Self {
        let mut folder = Folder::new();
        let (calcom, calendly) =
            (folder.canaries.text("the key for Cal.com"), folder.canaries.text("the key for Calendly"));
        let parrot = Parrot::start(None).await;
        let secure = Parrot::start(Some(folder.authority.acceptor(b"http/1.1"))).await;
        let words = folder.environment.iter().map(|(_, secret)| secret.as_str()).collect::<Vec<_>>().join(" ");
        let (port, _closing) = closing(folder.authority.acceptor(b"h2"), words).await;
        let collector = Collector::start().await;
        let (plain, secure_port) = (parrot.address, secure.address.port());
        let vendors = Vendors { plain, secure: secure_port, closing: port, collector: collector.address };
        folder.write("switchboard.toml", &folder.configuration(&vendors, tls));
        let gateway = Gateway::start(folder, log).await;
        Self { gateway, parrot, secure, collector, _closing, calcom, calendly }
    }

    /// An update that holds both third parties' keys, where every dialect takes them or where only this one does.
    fn body(&self, vendor: &str) -> String {
        let tools = json!([
            { "type": "calendar_integration", "calcom_api_key": self.calcom, "calcom_event_slug": "x" },
            { "type": "calendar_integration", "calendar_type": "calendly", "calendly_api_key": self.calendly,
              "calendly_event_type_uri": "https://api.calendly.com/event_types/A" },
        ]);
        match vendor {
            "by_file" | "by_variable" => json!({ "name": "x", "vendor_options": { vendor: { "beta_tools": tools } } }),
            _ => json!({ "name": "x", "tools": tools }),
        }
        .to_string()
    }

    async fn update(&mut self, assistant: &str, body: &str) -> String {
        let request = self.gateway.update(assistant, "", body);
        self.gateway.ask(&request).await
    }

    /// Ends the gateway, and searches what it wrote and what it exported.
    async fn end(self) {
        let canaries = self.gateway.end().await;
        let heard = self.collector.heard();
        assert!(heard.exports > 0 && heard.bytes.len() > 1000, "no spans came");
        assert_eq!(heard.credentials, 2 * heard.exports, "each export brings both credentials");
        canaries.assert_absent("what the collector received", &heard.bytes);
    }
}

fn body_of(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[tokio::test]
async fn secrets_that_a_vendor_repeats_in_any_form_and_place_are_redacted() {
    let mut scene = Scene::new(Log::Json, false).await;
    for (vendor, every) in [("by_env", 1), ("by_file", 7), ("by_variable", 11)] {
        let body = scene.body(vendor);
        for id in ids().step_by(every) {
            let before = scene.parrot.heard();
            let answer = scene.update(&format!("{vendor}:{id}"), &body).await;
            assert!(scene.parrot.heard() > before, "{answer}");
            let message = match (id - 1) / FORMS.len() {
                0 => body_of(&answer)["message"].clone(),
                13..=19 => body_of(&answer)["vendor_response"]["message"].clone(),
                _ => continue,
            };
            assert!(message.as_str().unwrap().contains("[redacted]"), "{answer}");
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn nothing_leaks_over_tls_on_both_sides_nor_from_the_end_of_a_connection() {
    let mut scene = Scene::new(Log::Text, true).await;
    let body = scene.body("secure");
    for id in ids().step_by(17) {
        scene.update(&format!("secure:{id}"), &body).await;
    }
    assert!(scene.secure.heard() > 0);
    for _ in 0..3 {
        let answer = scene.update("closing:1", &body).await;
        assert_eq!(body_of(&answer)["code"], "vendor_error", "{answer}");
    }
    scene.end().await;
}

#[tokio::test]
async fn dry_runs_refusals_and_catalogs_show_no_secret() {
    let mut scene = Scene::new(Log::File, false).await;
    let (calcom, calendly) = (scene.calcom.clone(), scene.calendly.clone());
    for vendor in ["by_env", "by_file", "by_variable"] {
        let dry = scene.update(&format!("{vendor}:1?dry_run=true"), &scene.body(vendor)).await;
        assert!(dry.contains("\"Bearer [redacted]\"") && dry.matches("[redacted]").count() == 3, "{dry}");
    }
    let tool = |key: Value, other: Value| {
        json!({ "tools": [{ "type": "calendar_integration", "calendar_type": "both", "calcom_api_key": key,
                            "calendly_api_key": other, "calcom_event_slug": 1, "name": "" }] })
    };
    let refused = [
        tool(json!(calcom), json!(calendly)).to_string(),
        tool(json!([calcom]), json!({ "key": calendly })).to_string(),
        json!({ "name": { "calcom_api_key": calcom }, "webhook_url": { "secret": calendly } }).to_string(),
        json!({ "calcom_api_key": calcom, "mode": { "calendly_api_key": calendly } }).to_string(),
        json!({ "tools": { "calcom_api_key": calcom } }).to_string(),
        json!({ "vendor_options": { "by_env": [calcom], "by_file": calcom, "by_variable": { "name": calendly } }, "name": "x" }).to_string(),
        format!(r#"{{"tools":[{{"calcom_api_key":"{calcom}","calcom_api_key":"{calendly}"}}]}}"#),
        format!(r#"{{"tools":[{{"calcom_api_key":"{calcom}""#),
        format!(r#"{{"tools":[{{"calcom_api_key":"{calcom}\x"}}]}}"#),
        format!(r#"{{"tools":[{{"calcom_api_key":{calcom}}}]}}"#),
    ];
    for (vendor, body) in
        ["by_env", "by_file", "by_variable"].iter().flat_map(|vendor| refused.iter().map(move |body| (vendor, body)))
    {
        for query in ["?dry_run=true", ""] {
            for headers in ["", "prefer: handling=lenient\r\n"] {
                let request = scene.gateway.update(&format!("{vendor}:1{query}"), headers, body);
                scene.gateway.ask(&request).await;
            }
        }
    }
    // Names that only the vendor's catalog knows, and it has nothing but secrets.
    for body in [r#"{"language":"en"}"#, r#"{"language_id":1}"#, r#"{"voice":"Anna"}"#, r#"{"voice_id":2}"#] {
        for vendor in ["by_env", "by_file", "by_variable"] {
            scene.update(&format!("{vendor}:1?dry_run=true"), body).await;
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn the_status_of_a_running_gateway_shows_no_secret() {
    let mut scene = Scene::new(Log::File, false).await;
    let body = scene.body("by_env");
    for id in ids().step_by(29) {
        scene.update(&format!("by_env:{id}"), &body).await;
    }
    let url = format!("http://{}", scene.gateway.admin);
    for arguments in [&[][..], &["--json"]] {
        let status = [&["status", "--url", &url, "--token-env", "ADMIN_TOKEN"], arguments].concat();
        let told = scene.gateway.run(&status).await;
        assert!(told.contains("by_env"), "{told}");
    }
    scene.end().await;
}

#[tokio::test]
async fn credentials_in_the_wrong_place_are_not_logged() {
    let mut scene = Scene::new(Log::Json, false).await;
    let wrong = scene.gateway.folder.canaries.text("a key that nobody knows");
    let key = scene.gateway.folder.key.clone();
    let get = |path: &str, headers: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\n\r\n")
    };
    for secret in [&key, &wrong] {
        for headers in [
            format!("authorization: Bearer {secret}{secret}\r\n"),
            format!("authorization: Basic {secret}\r\n"),
            format!("authorization: {secret}\r\n"),
            format!("authorization: Bearer {secret}\r\nauthorization: Bearer {secret}\r\n"),
            format!("x-api-key: {secret}\r\ncookie: session={secret}\r\n"),
            format!("content-encoding: {secret}\r\ncontent-type: {secret}\r\n"),
            format!("traceparent: {secret}\r\nrequest-timeout: {secret}\r\nprefer: handling={secret}\r\n"),
        ] {
            let answer = scene.gateway.ask(&get("/v1/vendors", &headers)).await;
            assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
            scene.gateway.ask_admin(&get("/admin/status", &headers)).await;
        }
        // These are answered with the caller's own words, which go to nobody else and into no log.
        for request in [
            get(&format!("/v1/assistants/{secret}/route"), &format!("authorization: Bearer {key}\r\n")),
            get(&format!("/v1/vendors?api_key={secret}"), ""),
            get(&format!("/{secret}?{secret}"), ""),
            get("/v1/vendors", &format!("{secret}: x\r\n")),
            get("/v1/vendors", &format!("authorization: Bearer {secret}\r\n folded: {secret}\r\n")),
            get("/v1/vendors", &format!("authorization: Bearer {secret}\r\ncontent-length: {secret}\r\n")),
            get("/v1/vendors", &format!("authorization: Bearer {secret}\r\nx: \0\r\n")),
            format!("{secret} / HTTP/1.1\r\n\r\n"),
            format!("GET / {secret}\r\n\r\n"),
            scene.gateway.update(&format!("by_env:{secret}"), "", "{}"),
            scene.gateway.update("by_env:1", &format!("prefer: handling={secret}\r\n"), "{}"),
            scene.gateway.update("by_env:1", &format!("request-timeout: {secret}\r\n"), "{}"),
            scene.gateway.update("by_env:1", &format!("content-encoding: {secret}\r\n"), "{}"),
            scene.gateway.update("by_env:1", "", &format!(r#"{{"{secret}":1,"mode":"{secret}"}}"#)),
            scene.gateway.update("by_env:1", "", &format!(r#"{{"{secret}":1,"{secret}":2}}"#)),
            scene.gateway.update(
                "by_env:1?dry_run=true",
                "prefer: handling=lenient\r\n",
                &format!(r#"{{"{secret}":1}}"#),
            ),
        ] {
            scene.gateway.tell(request.as_bytes()).await;
        }
    }
    scene.end().await;
}
