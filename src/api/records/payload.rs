//! What the store keeps of a change so that it can be delivered: the caller's fields, the request as it was translated, and
//! what the caller asked for. The account's address and token are those at delivery.

use bytes::Bytes;
use http::header::IF_MATCH;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use vendors::Handling;

use crate::api::dry_run::redact_update;
use crate::api::request::options::RequestOptions;
use crate::http::entity_tag::Condition;
use crate::problem::Problem;
use crate::store::{Record, State};
use crate::value::JournalValues;

use super::{Records, store_problem};

/// The most bytes of values in one part of a list, unless the first alone has more.
const MOST_VALUES: usize = 8 << 20;
/// How many bodies are read at a time.
const READ_AT_ONCE: usize = 32;

impl Records {
    /// The callers' fields of these records with secrets redacted, as JSON; `None` where there are none, and for all with
    /// `journal.values = "none"`. A ticket and a dead change have them, too, although what is stored of them is more. There
    /// are fewer than records if they would be too many bytes.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn values(&self, records: &[Record]) -> Result<Vec<Option<Bytes>>, Problem> {
        let mut values = Vec::with_capacity(records.len());
        let mut bytes = 0;
        let is_none = self.gateway.load().journal.values == JournalValues::None;
        for some in records.chunks(READ_AT_ONCE) {
            let ids = some.iter().map(|record| record.id).collect();
            let bodies = self.store.bodies(ids).await.map_err(store_problem)?;
            for (record, body) in some.iter().zip(bodies) {
                let is_payload = !record.state.is_final() || record.state == State::Dead;
                let fields = match body.filter(|_| !is_none) {
                    // What cannot be read may hold anything.
                    Some(payload) if is_payload => Payload::read(&payload).map(|payload| Bytes::from(payload.body)),
                    body => body,
                };
                let shown = fields.filter(|fields| !fields.is_empty()).map(|fields| {
                    let mut shown = Vec::with_capacity(fields.len());
                    redact_update(&mut shown, &fields);
                    Bytes::from(shown)
                });
                bytes += shown.as_ref().map_or(0, Bytes::len);
                if bytes > MOST_VALUES && !values.is_empty() {
                    return Ok(values);
                }
                values.push(shown);
            }
        }
        Ok(values)
    }
}

/// The body of a ticket, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    /// The translated request, as `vendors::Request` is stored.
    request: String,
    /// The caller's body; empty for a deletion.
    pub(super) body: String,
    /// Whether fields that the vendor lacks were dropped.
    lenient: bool,
    /// Whether the caller asked for that handling.
    preferred: bool,
    representation: bool,
    if_match: Option<String>,
    /// Which configuration translated it. Requests of different ones do not go together.
    pub(super) translation: String,
    /// The name of the dialect that it is translated to; `None` as an earlier version stored it.
    #[serde(default)]
    pub(super) dialect: Option<String>,
    /// The place in the order of the change that it sends again: a newer change of the same fields forbids it.
    #[serde(default)]
    pub(super) guard: Option<u64>,
}

/// A payload and what it stands for.
pub(super) struct Restored {
    pub(super) request: vendors::Request,
    pub(super) body: Bytes,
    pub(super) handling: Handling,
    pub(super) options: RequestOptions,
}

impl Payload {
    pub(super) fn new(
        request: &vendors::Request,
        body: &[u8],
        handling: Handling,
        options: &RequestOptions,
        translation: String,
        dialect: &str,
    ) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            request: text(&request.to_stored()),
            body: text(body),
            lenient: handling == Handling::Lenient,
            preferred: options.handling.is_some(),
            representation: options.representation,
            if_match: options.if_match.as_ref().map(ToString::to_string),
            translation,
            dialect: Some(dialect.to_owned()),
            guard: None,
        }
    }

    /// The same, unless a newer change of the same fields than that one comes before it.
    pub(super) fn guarded(self, guard: Option<u64>) -> Self {
        Self { guard, ..self }
    }

    pub(super) fn to_bytes(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// `None` if it is none, as a later version may have written it.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Whether it can go together with others: nothing is read before or after it.
    pub(super) fn is_plain(&self) -> bool {
        self.if_match.is_none() && !self.representation
    }

    /// The request, and the options of a caller whose deadline is `deadline`.
    pub(super) fn restore(&self, deadline: Instant) -> Option<Restored> {
        let handling = if self.lenient { Handling::Lenient } else { Handling::Strict };
        let if_match = match &self.if_match {
            Some(text) => {
                let headers = HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_str(text).ok()?)]);
                Condition::read(&headers, &IF_MATCH, "If-Match").ok()?
            }
            None => None,
        };
        Some(Restored {
            request: vendors::Request::from_stored(self.request.as_bytes())?,
            body: Bytes::copy_from_slice(self.body.as_bytes()),
            handling,
            options: RequestOptions {
                dry_run: false,
                handling: self.preferred.then_some(handling),
                representation: self.representation,
                unknown_preferences: Vec::new(),
                if_match,
                if_none_match: None,
                respond_async: true,
                wait: None,
                idempotency_key: None,
                deadline,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::api::records::payload::*;

    #[test]
    fn what_an_earlier_version_stored_without_its_dialect_can_be_read() {
        let stored =
            br#"{"request":"{}","body":"{\"name\":\"x\"}","lenient":false,"preferred":false,"representation":false,
            "if_match":null,"translation":"0198f3a1:1"}"#;
        let payload = Payload::read(stored).unwrap();
        assert_eq!((payload.dialect, payload.guard, payload.body.as_str()), (None, None, r#"{"name":"x"}"#));
    }
}
