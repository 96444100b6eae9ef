//! What happens to fields that a vendor does not support: the setting nearest to the request decides.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::{Reply, Stage};

/// Every combination of who says what, down to the built-in word; sondos has no `ringing_time`.
#[tokio::test]
async fn the_request_comes_before_the_assistant_the_client_and_the_vendor() {
    let words = [None, Some("strict"), Some("lenient")];
    let table = |key: &str, word: Option<&str>| word.map(|word| format!("{key} = \"{word}\"\n")).unwrap_or_default();
    let name = |word: Option<&'static str>| word.unwrap_or("silent");
    let mut extra = String::from("[auth]\nmode = \"keys\"\n");
    for word in words {
        let (name, own) = (name(word), table("handling", word));
        let key: String = Sha256::digest(format!("key-{name}")).iter().map(|byte| format!("{byte:02x}")).collect();
        extra += &format!("[clients.{name}]\nkey_sha256 = \"{key}\"\n{own}");
        extra += &format!("[assistants.{name}]\nvendor = \"sondos\"\nid = \"1\"\n{own}");
    }
    for of_vendor in words {
        let vendor = format!("[vendors.sondos]\n{}", table("handling", of_vendor));
        let stage = Stage::edited(&extra, |text| text.replace("[vendors.sondos]\n", &vendor)).await;
        for of_client in words {
            for of_assistant in words {
                for of_request in words {
                    let effective = of_request.or(of_assistant).or(of_client).or(of_vendor).unwrap_or("strict");
                    let key = format!("Bearer key-{}", name(of_client));
                    let prefer = of_request.map(|word| format!("handling={word}"));
                    let mut headers = vec![("authorization", key.as_str())];
                    headers.extend(prefer.as_deref().map(|prefer| ("prefer", prefer)));
                    let reply =
                        stage.put_with(name(of_assistant), &headers, r#"{"ringing_time": 20, "name": "x"}"#).await;
                    let case = format!("{of_request:?} {of_assistant:?} {of_client:?} {of_vendor:?}");
                    assert_eq!(reply.status == 200, effective == "lenient", "{case}: {reply:?}");
                    assert_eq!(reply.header("preference-applied"), prefer.as_deref(), "{case}");
                    check(&reply, effective);
                }
            }
        }
        stage.stop().await;
    }
}

fn check(reply: &Reply, effective: &str) {
    if effective == "strict" {
        reply.problem("unsupported_by_vendor");
        return;
    }
    assert_eq!(reply.header("switchboard-dropped"), Some("ringing_time"));
    let report = reply.json()["report"].clone();
    assert_eq!((&report["applied"], &report["dropped"][0]["field"]), (&json!(["name"]), &json!("ringing_time")));
}

#[tokio::test]
async fn single_fields_are_dropped_refused_or_sent_as_the_operator_says() {
    let stage = Stage::with(
        "[vendors.sondos.fields]\nringing_time = \"drop\"\nname = \"refuse\"\n\
             [vendors.famulor.fields]\nname = \"drop\"\n",
    )
    .await;
    // Dropped although the handling is strict.
    let reply = stage.put("sondos:5", r#"{"ringing_time": 20, "record": true}"#).await;
    assert_eq!((reply.status.as_u16(), reply.header("switchboard-dropped")), (200, Some("ringing_time")));
    // Refused although the vendor has it, and although the caller would have it dropped.
    let lenient = [("prefer", "handling=lenient")];
    let problem =
        stage.put_with("sondos:5", &lenient, r#"{"name": "x", "record": true}"#).await.problem("unsupported_by_vendor");
    assert_eq!(problem["errors"][0]["field"], "name");
    // Dropped although the vendor has it.
    let reply = stage.put("famulor:5", r#"{"name": "x", "record": true}"#).await;
    assert_eq!(reply.json()["report"]["dropped"][0]["field"], "name");
    assert_eq!(stage.only_update("famulor").json.unwrap(), json!({ "record": true }));
    stage.stop().await;
    let stage = Stage::with("[vendors.gloriagent.fields]\nfolder_id = \"send\"\n").await;
    let dry = stage.put("gloriagent:5?dry_run=true", r#"{"folder_id": 3}"#).await.json();
    assert_eq!(dry["request"]["body"], json!({ "folder_id": 3 }));
    stage.stop().await;
}
