//! A record as JSON, and the answers that hold one.

use bytes::Bytes;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::api::context::Context;
use crate::api::response;
use crate::problem::Problem;
use crate::store::{FieldName, Record, Timestamp, UpdateId};

use super::Records;

/// A record as an object that always has all of its members.
#[derive(Serialize)]
pub(crate) struct RecordDocument<'r> {
    update: UpdateId,
    request_id: &'r str,
    state: &'static str,
    operation: &'static str,
    assistant: &'r str,
    vendor: &'r str,
    /// Text whatever the vendor makes of it, so that a record stays what it was when its account goes.
    id: Option<&'r str>,
    client: Option<&'r str>,
    fields: &'r [FieldName],
    /// Its place among those of its line that wait.
    position: Option<u64>,
    attempts: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
    expires_at: Timestamp,
    sent_with: &'r [UpdateId],
    replay_of: Option<UpdateId>,
    answer: Option<AnswerDocument<'r>>,
    problem: Option<&'r RawValue>,
}

#[derive(Serialize)]
struct AnswerDocument<'r> {
    status: u16,
    body: Option<&'r RawValue>,
}

impl<'r> RecordDocument<'r> {
    /// Of a record at that place of its line.
    pub(crate) fn new(record: &'r Record, position: Option<u64>) -> Self {
        Self {
            update: record.id,
            request_id: &record.request_id,
            state: record.state.as_str(),
            operation: record.operation.as_str(),
            assistant: &record.assistant,
            vendor: &record.vendor,
            id: record.vendor_id.as_deref(),
            client: record.client.as_deref(),
            fields: &record.fields,
            position,
            attempts: record.attempts,
            created_at: record.created_at,
            updated_at: record.updated_at,
            next_attempt_at: record.next_attempt_at,
            expires_at: record.expires_at,
            sent_with: &record.sent_with,
            replay_of: record.replay_of,
            answer: record
                .answer
                .as_ref()
                .map(|answer| AnswerDocument { status: answer.status, body: stored_json(answer.body.as_deref()) }),
            problem: stored_json(record.problem.as_deref()),
        }
    }
}

/// Stored JSON with its own text, if there is any.
pub(crate) fn stored_json(json: Option<&[u8]>) -> Option<&RawValue> {
    serde_json::from_slice(json?).ok()
}

/// A 200 with a record.
///
/// # Errors
/// It cannot be written.
pub(crate) fn found(records: &Records, record: &Record) -> Result<Response<Full<Bytes>>, Problem> {
    response::document(&RecordDocument::new(record, records.position(record)))
}

/// A 202 with the record of a change that is delivered later, and where to look for what becomes of it.
///
/// # Errors
/// It cannot be written.
pub(crate) fn accepted(
    context: &Context,
    records: &Records,
    record: &Record,
) -> Result<Response<Full<Bytes>>, Problem> {
    let mut response = found(records, record)?;
    *response.status_mut() = StatusCode::ACCEPTED;
    add_location(&mut response, context, record);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    Ok(response)
}

/// Says where a record is.
pub(super) fn add_location(response: &mut Response<Full<Bytes>>, context: &Context, record: &Record) {
    let base = context.gateway.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    let location = HeaderValue::try_from(format!("{base}/v1/updates/{}", record.id)).ok();
    response.headers_mut().extend(location.map(|location| (LOCATION, location)));
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::{Value, json};

    use crate::api::records::document::*;
    use crate::api::records::double::{Double, record};
    use crate::config::{Environment, load_text};
    use crate::gateway::Gateway;
    use crate::store::{Answer, State};
    use crate::upstream::Tasks;

    fn gateway(public_url: &str) -> Gateway {
        let text = format!(
            "server.public_url = \"{public_url}\"\n[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = {{ env = \"T\" }}\n"
        );
        let environment: Environment = [("T".to_owned(), "token".to_owned())].into_iter().collect();
        Gateway::build(load_text(&text, &environment).unwrap(), None, &Tasks::default()).unwrap()
    }

    fn shown(record: &Record, position: Option<u64>) -> Value {
        serde_json::to_value(RecordDocument::new(record, position)).unwrap()
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
            let response = accepted(&context, &records, &record).unwrap();
            assert_eq!(response.status(), StatusCode::ACCEPTED);
            assert_eq!(response.headers()[LOCATION], format!("{base}/v1/updates/{}", record.id));
            assert_eq!(response.headers()[RETRY_AFTER], "1");
        }
    }
}
