//! Reading, listing, creating and deleting, and conditions.

use http::Method;
use serde_json::{Value, json};
use simulators::FAMILIES;

use super::{JSON, document, first, stage};
use crate::support::{Reply, Stage};

async fn list(stage: &Stage, query: &str) -> Value {
    let reply = stage.get(&format!("/v1/assistants?{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {:#}", reply.json());
    reply.json()
}

async fn read(stage: &Stage, assistant: &str) -> Reply {
    stage.get(&format!("/v1/assistants/{assistant}")).await
}

#[tokio::test]
async fn a_list_is_walked_in_pages_and_has_each_assistant_once() {
    for vendor in FAMILIES {
        let stage = Stage::listing(130, &[vendor], "", |text| text).await;
        let mut expected = stage.simulator(vendor).ids();
        expected.sort_unstable();
        for limit in [7, 50, 200] {
            let (mut ids, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let page = list(&stage, &format!("vendor={vendor}&limit={limit}{cursor}")).await;
                let data = page["data"].as_array().unwrap();
                assert!(data.len() <= limit, "{vendor}");
                ids.extend(data.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
                pages += 1;
                assert!(pages < 40, "{vendor}: the list has no end");
                let last = &page["vendors"][0];
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break assert_eq!(last["complete"], true, "{vendor}: {last}"),
                }
            }
            ids.sort_unstable();
            assert_eq!(ids, expected, "{vendor} {limit}");
        }
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_list_is_filtered_by_a_part_of_the_name() {
    for vendor in FAMILIES {
        let stage = Stage::listing(12, &[vendor], "", |text| text).await;
        let found = list(&stage, &format!("vendor={vendor}&name=NIGHT")).await;
        let names: Vec<_> = found["data"].as_array().unwrap().iter().map(|one| one["fields"]["name"].clone()).collect();
        assert_eq!(names, [json!("Night desk")], "{vendor}: {found:#}");
        let none = list(&stage, &format!("vendor={vendor}&name=no%20such")).await;
        assert_eq!((&none["data"], &none["vendors"][0]["complete"]), (&json!([]), &json!(true)), "{vendor}: {none:#}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn an_assistant_is_read_with_what_the_vendor_adds_and_without_its_secrets() {
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let assistant = format!("{vendor}:{}", first(vendor));
        let reply = read(&stage, &assistant).await;
        let plain = reply.json();
        assert_eq!((reply.status.as_u16(), &plain["id"]), (200, &json!(first(vendor))), "{vendor}: {plain:#}");
        assert_eq!(plain["attempts"], stage.simulator(vendor).received().len(), "{vendor}");
        assert!(plain.get("vendor_fields").is_none(), "{vendor}");
        let whole = read(&stage, &format!("{assistant}?include=vendor")).await;
        let body = whole.json();
        assert!(!body["vendor_fields"].as_object().unwrap().is_empty(), "{vendor}: {body:#}");
        assert_eq!((&body["fields"], whole.header("etag")), (&plain["fields"], reply.header("etag")), "{vendor}");
        for answer in [&reply, &whole] {
            // The address of a webhook is a field, which can be written back.
            let text = String::from_utf8_lossy(&answer.body).replace("?key=hook-key-of-the-sample", "");
            let secret = text.find("-of-the-sample").map(|at| text[at.saturating_sub(120)..at + 14].to_owned());
            assert_eq!(secret, None, "{vendor}");
        }
        let tag = reply.header("etag").unwrap();
        let headers = [("if-none-match", tag)];
        let same = stage.call(Method::GET, &format!("/v1/assistants/{assistant}"), &headers, "").await;
        assert_eq!(same.status, 304, "{vendor}");
        stage.stop().await;
    }
}

fn new(vendor: &str) -> Value {
    let mut fields =
        json!({ "name": "New desk", "system_prompt": "Be brief.", "initial_message": "Hello.", "max_duration": 300 });
    match vendor {
        "elevenlabs" => fields["voice_id"] = json!("21m00Tcm4TlvDq8ikWAM"),
        "vapi" => {
            fields["voice_id"] = json!("11labs:21m00Tcm4TlvDq8ikWAM");
            fields["llm_model_id"] = json!("openai:gpt-4.1");
        }
        _ => fields["voice_id"] = json!("11labs-Lily"),
    }
    fields
}

#[tokio::test]
async fn an_assistant_is_made_read_and_deleted() {
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let known = stage.simulator(vendor).ids();
        let path = format!("/v1/assistants?vendor={vendor}");
        let reply = stage.call(Method::POST, &path, &JSON, new(vendor).to_string()).await;
        let made = reply.json();
        assert_eq!(reply.status, 201, "{vendor}: {made:#}");
        assert_eq!(made["attempts"], stage.simulator(vendor).received().len(), "{vendor}");
        let id = made["data"]["id"].as_str().unwrap().to_owned();
        assert!(!known.contains(&id) && stage.simulator(vendor).ids().contains(&id), "{vendor}: {made:#}");
        let assistant = format!("{vendor}:{id}");
        assert_eq!(reply.header("location"), Some(&*format!("/v1/assistants/{assistant}")));
        let told = read(&stage, &assistant).await.json();
        for (field, value) in new(vendor).as_object().unwrap() {
            assert_eq!(&told["fields"][field], value, "{vendor} {field}: {told:#}");
        }
        let gone = stage.call(Method::DELETE, &format!("/v1/assistants/{assistant}"), &[], "").await;
        assert_eq!((gone.status.as_u16(), &gone.json()["id"]), (200, &json!(id)), "{vendor}: {:#}", gone.json());
        assert_eq!(stage.simulator(vendor).ids(), known, "{vendor}");
        read(&stage, &assistant).await.problem("assistant_not_found");
        let again = stage.call(Method::DELETE, &format!("/v1/assistants/{assistant}"), &[], "").await;
        again.problem("assistant_not_found");
        stage.put(&assistant, r#"{"name":"x"}"#).await.problem("assistant_not_found");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_new_assistant_is_shown_at_once_if_asked_for() {
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let path = format!("/v1/assistants?vendor={vendor}");
        let headers = [JSON[0], ("prefer", "return=representation")];
        let reply = stage.call(Method::POST, &path, &headers, new(vendor).to_string()).await;
        let made = reply.json();
        assert_eq!((reply.status.as_u16(), &made["stored"]["differs"]), (201, &json!([])), "{vendor}: {made:#}");
        assert_eq!(made["representation"]["fields"]["system_prompt"], "Be brief.", "{vendor}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn an_update_under_a_condition_with_what_is_stored_afterwards() {
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let assistant = format!("{vendor}:{}", first(vendor));
        let before = read(&stage, &assistant).await;
        let tag = before.header("etag").unwrap().to_owned();
        let update = json!({ "name": "Late desk", "system_prompt": "Be brief." }).to_string();
        let headers = [("if-match", &*tag), ("prefer", "return=representation")];
        let reply = stage.put_with(&assistant, &headers, update.clone()).await;
        let body = reply.json();
        assert_eq!(reply.status, 200, "{vendor}: {body:#}");
        assert_eq!((&body["stored"]["differs"], &body["stored"]["unreadable"]), (&json!([]), &json!([])), "{vendor}");
        let now = read(&stage, &assistant).await;
        assert_eq!(reply.header("etag"), now.header("etag"), "{vendor}");
        for member in ["fields", "unreadable", "unwritable", "status", "created_at", "updated_at"] {
            assert_eq!(body["representation"][member], now.json()[member], "{vendor} {member}");
        }
        assert_eq!(now.json()["fields"]["name"], "Late desk", "{vendor}");

        let known = document(&stage, vendor);
        stage.clear();
        let late = stage.put_with(&assistant, &[("if-match", &tag)], update.clone()).await;
        let problem = late.problem("precondition_failed");
        assert_eq!((&problem["outcome"], late.header("etag")), (&json!("not_applied"), now.header("etag")), "{vendor}");
        let writes = stage.simulator(vendor).received().iter().filter(|request| request.method != "GET").count();
        assert_eq!((writes, document(&stage, vendor)), (0, known), "{vendor}");
        let any = stage.put_with(&assistant, &[("if-match", "*")], update).await;
        assert_eq!(any.status, 200, "{vendor}: {:#}", any.json());
        let deletion =
            stage.call(Method::DELETE, &format!("/v1/assistants/{assistant}"), &[("if-match", &tag)], "").await;
        deletion.problem("precondition_failed");
        stage.stop().await;
    }
}
