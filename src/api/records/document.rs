//! A record as JSON, and the answers that hold one.

use bytes::Bytes;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use vendors::json::{push_integer, push_string};

use crate::api::context::Context;
use crate::api::response;
use crate::store::{Answer, Record};

use super::Records;

/// Writes a record as an object that always has all of its members. `position` is its place among those of its line that
/// wait. The vendor's id is text whatever the vendor makes of it, so that a record stays what it was when its account goes.
pub(crate) fn push_record(out: &mut Vec<u8>, record: &Record, position: Option<u64>) {
    out.extend_from_slice(b"{\"update\":");
    push_string(out, &record.id.to_string());
    push_text(out, "request_id", Some(&record.request_id));
    push_text(out, "state", Some(record.state.as_str()));
    push_text(out, "operation", Some(record.operation.as_str()));
    push_text(out, "assistant", Some(&record.assistant));
    push_text(out, "vendor", Some(&record.vendor));
    push_text(out, "id", record.vendor_id.as_deref());
    push_text(out, "client", record.client.as_deref());
    push_texts(out, "fields", record.fields.iter().map(|field| &**field));
    push_number(out, "position", position);
    push_number(out, "attempts", Some(record.attempts.into()));
    push_text(out, "created_at", Some(&record.created_at.to_string()));
    push_text(out, "updated_at", Some(&record.updated_at.to_string()));
    push_text(out, "next_attempt_at", record.next_attempt_at.map(|time| time.to_string()).as_deref());
    push_text(out, "expires_at", Some(&record.expires_at.to_string()));
    let others: Vec<_> = record.sent_with.iter().map(ToString::to_string).collect();
    push_texts(out, "sent_with", others.iter().map(String::as_str));
    push_text(out, "replay_of", record.replay_of.map(|id| id.to_string()).as_deref());
    push_answer(out, record.answer.as_ref());
    push_name(out, "problem");
    push_json(out, record.problem.as_deref());
    out.push(b'}');
}

/// A 200 with a record.
pub(crate) fn found(records: &Records, record: &Record) -> Response<Full<Bytes>> {
    let mut body = Vec::with_capacity(1024);
    push_record(&mut body, record, records.position(record));
    response::json(body)
}

/// A 202 with the record of a change that is delivered later, and where to look for what becomes of it.
pub(crate) fn accepted(context: &Context, records: &Records, record: &Record) -> Response<Full<Bytes>> {
    let mut response = found(records, record);
    *response.status_mut() = StatusCode::ACCEPTED;
    add_location(&mut response, context, record);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Says where a record is.
pub(super) fn add_location(response: &mut Response<Full<Bytes>>, context: &Context, record: &Record) {
    let base = context.gateway.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    let location = HeaderValue::try_from(format!("{base}/v1/updates/{}", record.id)).ok();
    response.headers_mut().extend(location.map(|location| (LOCATION, location)));
}

fn push_name(out: &mut Vec<u8>, name: &str) {
    out.push(b',');
    push_string(out, name);
    out.push(b':');
}

fn push_text(out: &mut Vec<u8>, name: &str, text: Option<&str>) {
    push_name(out, name);
    match text {
        Some(text) => push_string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

fn push_number(out: &mut Vec<u8>, name: &str, number: Option<u64>) {
    push_name(out, name);
    match number {
        Some(number) => push_integer(out, number),
        None => out.extend_from_slice(b"null"),
    }
}

fn push_texts<'a>(out: &mut Vec<u8>, name: &str, texts: impl Iterator<Item = &'a str>) {
    push_name(out, name);
    out.push(b'[');
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(out, text);
    }
    out.push(b']');
}

fn push_answer(out: &mut Vec<u8>, answer: Option<&Answer>) {
    push_name(out, "answer");
    let Some(answer) = answer else { return out.extend_from_slice(b"null") };
    out.extend_from_slice(b"{\"status\":");
    push_integer(out, answer.status.into());
    push_name(out, "body");
    push_json(out, answer.body.as_deref());
    out.push(b'}');
}

/// Stored JSON, which ends in a line feed as answers do; `null` without any.
fn push_json(out: &mut Vec<u8>, json: Option<&[u8]>) {
    let json = json.map(<[u8]>::trim_ascii).filter(|json| !json.is_empty());
    out.extend_from_slice(json.unwrap_or(b"null"));
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::{Value, json};

    use crate::api::records::document::*;
    use crate::api::records::double::{Double, record};
    use crate::config::{Environment, load_text};
    use crate::gateway::Gateway;
    use crate::store::{State, Timestamp, UpdateId};
    use crate::upstream::Tasks;

    fn gateway(public_url: &str) -> Gateway {
        let text = format!(
            "server.public_url = \"{public_url}\"\n[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = {{ env = \"T\" }}\n"
        );
        let environment: Environment = [("T".to_owned(), "token".to_owned())].into_iter().collect();
        Gateway::build(load_text(&text, &environment).unwrap(), None, &Tasks::default()).unwrap()
    }

    fn shown(record: &Record, position: Option<u64>) -> Value {
        let mut out = Vec::new();
        push_record(&mut out, record, position);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_record_has_all_of_its_members_whatever_has_become_of_it() {
        let waiting = record(7, Some("crm"));
        let id = waiting.id.to_string();
        let expected = json!({
            "update": id, "request_id": "request-7", "state": "queued", "operation": "update",
            "assistant": "sales-bot", "vendor": "sondos", "id": "789", "client": "crm", "fields": ["name"],
            "position": 3, "attempts": 0, "created_at": "1970-01-01T00:00:07.000Z",
            "updated_at": "1970-01-01T00:00:07.000Z", "next_attempt_at": null,
            "expires_at": "1970-01-02T00:00:07.000Z", "sent_with": [], "replay_of": null, "answer": null, "problem": null,
        });
        assert_eq!(shown(&waiting, Some(3)), expected);

        let (other, dead) = (UpdateId::generate(), UpdateId::generate());
        let answer = Answer { status: 200, headers: Vec::new(), body: Some("{\"message\":\"ok\"}\n".into()) };
        let ended = Record {
            state: State::Applied,
            client: None,
            fields: vec!["a\"b".into(), "c".into()],
            attempts: 2,
            next_attempt_at: Some(Timestamp(1)),
            sent_with: vec![other, dead],
            replay_of: Some(dead),
            answer: Some(answer.clone()),
            problem: Some("{\"code\":\"vendor_error\"}\n".into()),
            ..waiting
        };
        let shown_ended = shown(&ended, None);
        let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(members(&shown_ended), members(&expected));
        for (member, value) in [
            ("state", json!("applied")),
            ("client", json!(null)),
            ("position", json!(null)),
            ("fields", json!(["a\"b", "c"])),
            ("next_attempt_at", json!("1970-01-01T00:00:00.001Z")),
            ("sent_with", json!([other.to_string(), dead.to_string()])),
            ("replay_of", json!(dead.to_string())),
            ("answer", json!({ "status": 200, "body": { "message": "ok" } })),
            ("problem", json!({ "code": "vendor_error" })),
        ] {
            assert_eq!(shown_ended[member], value, "{member}");
        }
        for body in [None, Some(Bytes::new()), Some("\n".into())] {
            let without = Record { answer: Some(Answer { body, ..answer.clone() }), ..ended.clone() };
            assert_eq!(shown(&without, None)["answer"], json!({ "status": 200, "body": null }));
        }
    }

    #[test]
    fn an_id_is_text_whatever_the_vendor_makes_of_it() {
        for id in [None, Some("789"), Some("asst_\"1")] {
            let record = Record { vendor_id: id.map(str::to_owned), ..record(1, None) };
            assert_eq!(shown(&record, None)["id"], json!(id));
        }
    }

    #[tokio::test]
    async fn what_is_accepted_says_where_to_look() {
        let record = record(1, None);
        let records = Double::of(Vec::new()).records();
        for (url, base) in [("https://gateway.example/x/", "https://gateway.example/x"), ("", "")] {
            let gateway =
                if url.is_empty() { Context::example(&HeaderMap::new()).gateway } else { gateway(url).into() };
            let context = Context { gateway, ..Context::example(&HeaderMap::new()) };
            let response = accepted(&context, &records, &record);
            assert_eq!(response.status(), StatusCode::ACCEPTED);
            assert_eq!(response.headers()[LOCATION], format!("{base}/v1/updates/{}", record.id));
            assert_eq!(response.headers()[RETRY_AFTER], "1");
        }
    }
}
