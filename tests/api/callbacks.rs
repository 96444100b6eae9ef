//! A client is called back when its asynchronous update has ended.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use ring::hmac;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{PATIENCE, Stage, eventually, stub::Stub};

const SECRETS: [&str; 2] = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "correct horse battery staple"];

fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let line = request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no `{name}`: {request}"))
}

#[tokio::test]
async fn a_client_is_called_back_with_the_record_of_its_asynchronous_update_and_of_no_other() {
    let (receiver, folder) = (Stub::answering("204 No Content", "", "").await, tempfile::tempdir().unwrap());
    let files = ["new", "old"].map(|name| folder.path().join(name));
    files.iter().zip(SECRETS).for_each(|(file, secret)| std::fs::write(file, format!("{secret}\n")).unwrap());
    let [new, old] = files.each_ref().map(|file| file.display());
    let (store, address) = (folder.path().join("records.db"), receiver.address);
    let settings = format!(
        "[auth]\nmode = \"keys\"\n[store]\nkind = \"sqlite\"\npath = \"{}\"\n[clients.crm]\nkey_sha256 = \"{}\"\n\
         callback = {{ url = \"http://{address}/hooks?a=b\", secret = [{{ file = \"{new}\" }}, {{ file = \"{old}\" }}] }}\n",
        store.display(),
        hex::encode(Sha256::digest("crm-key")),
    );
    let stage = Stage::with(&settings).await;
    let plain = [("authorization", "Bearer crm-key"), ("content-type", "application/json")];
    let later = [plain[0], plain[1], ("prefer", "respond-async")];
    let path = "/v1/assistants/sondos:789";
    assert_eq!(stage.call(Method::PUT, path, &plain, r#"{"name":"x"}"#).await.status, 200);
    let reply = stage.call(Method::PUT, path, &later, r#"{"name":"y"}"#).await;
    assert_eq!(reply.status, 202);
    let id = reply.json()["update"].as_str().unwrap().to_owned();
    let request = eventually(PATIENCE, async || receiver.received().into_iter().next()).await;

    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hooks?a=b HTTP/1.1\r\n"), "{head}");
    let (webhook, seconds) = (header(head, "webhook-id"), header(head, "webhook-timestamp"));
    assert_eq!(webhook, format!("finished_{id}"));
    let signed = format!("{webhook}.{seconds}.{body}");
    let keys = [STANDARD.decode(&SECRETS[0][6..]).unwrap(), SECRETS[1].into()];
    let signature = |key: &Vec<u8>| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
    let expected: Vec<_> = keys.iter().map(|key| format!("v1,{}", STANDARD.encode(signature(key)))).collect();
    assert_eq!(header(head, "webhook-signature"), expected.join(" "));
    let body: Value = serde_json::from_str(body).unwrap();
    let record = stage.call(Method::GET, &format!("/v1/updates/{id}"), &plain, "").await.json();
    assert_eq!((&body["type"], &body["data"]), (&json!("update.finished"), &record));
    assert_eq!((&record["state"], &body["timestamp"]), (&json!("applied"), &record["updated_at"]));
    assert_eq!(receiver.requests(), 1, "the synchronous update has no callback");
    stage.stop().await;
}
