//! Problems as in RFC 9457: the only place where errors become responses.
//!
//! This room uses `http` and `value`, and of the crate `vendors` only [`Items`], the problems by field, and what they are made of.

pub mod code;
pub mod failure_reason;
pub mod page;
pub mod reason;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use strum::IntoStaticStr;
use vendors::{Item, ItemCode, Items};

use crate::http::entity_tag::EntityTag;
use crate::http::header_names::{PREFERENCE_APPLIED, PROBLEM_JSON};

pub use code::{Code, Fault, Kind};
pub use failure_reason::FailureReason;
pub use page::{code_spans, problem_index, problem_page};
pub use reason::Reason;

/// Whether the update reached the assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// It certainly did not.
    NotApplied,
    /// It was sent, and no trustworthy response came back.
    Unknown,
    /// One of several requests that the vendor needs was carried out, and another was refused.
    Partial,
}

impl Outcome {
    /// The word in responses.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The vendor's response, for the caller.
#[derive(Debug, Clone, Serialize)]
pub struct VendorResponseSummary {
    /// The vendor's HTTP status.
    pub status: u16,
    /// The vendor's message, with credentials redacted; `None` if there is none.
    pub message: Option<String>,
}

/// The ids of records that are newer than something that is to be sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewerRecords(pub Vec<String>);

/// An error on its way to the caller.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The code.
    pub code: Code,
    /// What happened this time, for the caller.
    pub detail: String,
    /// What happened, for the log only.
    pub internal: Option<String>,
    /// Why it happened, if that is more precise than the code.
    pub cause: Option<Reason>,
    /// Whether the update reached the assistant.
    pub outcome: Outcome,
    /// HTTP's more precise status for a request that was rejected before it was read (408, 414, 431).
    pub status: Option<StatusCode>,
    /// Overrides whether sending the same request again may succeed.
    pub retryable: Option<bool>,
    /// The vendor account, if it is known.
    pub vendor: Option<String>,
    /// How often the vendor was tried, if it was.
    pub attempts: Option<u32>,
    /// The problems by field.
    pub errors: Items,
    /// What the vendor said.
    pub vendor_response: Option<Box<VendorResponseSummary>>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// A header that says what would have been accepted.
    pub header: Option<(HeaderName, HeaderValue)>,
    /// What `type` starts with, for links that lead to the gateway from everywhere; without it they are relative.
    pub base: Option<Arc<str>>,
    /// The preference that was applied.
    pub preference_applied: Option<HeaderValue>,
    /// The newer records that stand against sending something again.
    pub superseded_by: Option<Box<NewerRecords>>,
    /// What would have become of each field, as JSON text.
    pub report: Option<Box<str>>,
}

impl Problem {
    /// A problem that occurred before anything was sent.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            internal: None,
            cause: None,
            outcome: Outcome::NotApplied,
            status: None,
            retryable: None,
            vendor: None,
            attempts: None,
            errors: Items::default(),
            vendor_response: None,
            retry_after: None,
            header: None,
            base: None,
            preference_applied: None,
            superseded_by: None,
            report: None,
        }
    }

    /// A defect of this gateway; what the error says is for the log only.
    pub fn internal(detail: &str, error: impl std::fmt::Display) -> Self {
        Self::new(Code::Internal, detail).internally(error.to_string())
    }

    /// The same problem with details for the log only.
    #[must_use]
    pub fn internally(mut self, text: impl Into<String>) -> Self {
        self.internal = Some(text.into());
        self
    }

    /// The same problem with the time after which to retry.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same problem with a header that says what would have been accepted.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        self.header = value.try_into().ok().map(|value| (name, value));
        self
    }

    /// The problem of a change that is not sent again, because newer ones have these of its fields; none if the assistant was
    /// deleted.
    pub fn superseded(fields: &[String], by: Vec<String>) -> Self {
        let newer = |field: &String| Item {
            pointer: format!("#/{field}"),
            field: Some(field.clone().into()),
            code: ItemCode::Conflict,
            detail: "a newer change has set this field".into(),
            vendor_field: None,
        };
        let detail = match fields.len() {
            0 => "a newer change stands against it",
            1 => "a newer change has set a field of it",
            _ => "newer changes have set fields of it",
        };
        let errors = Items { list: fields.iter().map(newer).collect(), ..Items::default() };
        let superseded_by = Some(Box::new(NewerRecords(by)));
        Self { errors, superseded_by, ..Self::new(Code::Superseded, detail) }
    }

    /// The problem of a change whose `If-Match` names another state than the present one.
    pub fn precondition_failed(present: &EntityTag) -> Self {
        let detail = format!("the assistant is not in the state that If-Match names; its present ETag is {present}");
        let problem = Self::new(Code::PreconditionFailed, detail);
        Self { header: present.to_header_value().map(|value| (ETAG, value)), ..problem }
    }

    /// The label for logs and metrics.
    pub fn reason(&self) -> Reason {
        self.cause.unwrap_or(Reason::Code(self.code))
    }

    /// Whether sending the same request again may succeed.
    pub fn is_retryable(&self) -> bool {
        self.retryable.unwrap_or(self.code.kind().retryable)
    }

    /// The response; `instance` is the path of the request.
    pub fn into_response(self, instance: &str, request_id: &str) -> Response<Full<Bytes>> {
        let body = self.body(instance, request_id);
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if let Some(applied) = self.preference_applied {
            headers.insert(PREFERENCE_APPLIED, applied);
        }
        headers.extend(self.header);
        if self.code == Code::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// The body alone, for requests that are rejected before they reach the service.
    pub fn body(&self, instance: &str, request_id: &str) -> Vec<u8> {
        let kind = self.code.kind();
        let body = Body {
            r#type: format!("{}/problems/{}", self.base.as_deref().unwrap_or_default(), kind.name),
            title: kind.title,
            status: self.status().as_u16(),
            code: kind.name,
            detail: &self.detail,
            instance,
            request_id,
            fault: kind.fault.as_str(),
            retryable: self.is_retryable(),
            vendor: self.vendor.as_deref(),
            outcome: self.outcome.as_str(),
            attempts: self.attempts,
            errors: self.errors.list.iter().map(ErrorEntry::from).collect(),
            superseded_by: self.superseded_by.as_deref(),
            vendor_response: self.vendor_response.as_deref(),
        };
        let mut body = serde_json::to_vec(&body).unwrap_or_default();
        if let Some(report) = &self.report {
            body.pop(); // the brace
            body.extend_from_slice(b",\"report\":");
            body.extend_from_slice(report.as_bytes());
            body.push(b'}');
        }
        body.push(b'\n');
        body
    }

    /// The `invalid_request` problem for a rejection by HTTP's rules, with HTTP's own status. Only a request that timed out
    /// is worth a retry.
    pub fn from_status(status: StatusCode, detail: impl Into<String>) -> Self {
        let retryable = (status == StatusCode::REQUEST_TIMEOUT).then_some(true);
        Self { status: Some(status), retryable, ..Self::new(Code::InvalidRequest, detail) }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status.unwrap_or(self.code.kind().status)
    }
}

/// Whole seconds, as in `Retry-After`; rounded up, so that callers do not retry too early.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    instance: &'a str,
    request_id: &'a str,
    fault: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a str>,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<&'a NewerRecords>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_response: Option<&'a VendorResponseSummary>,
}

#[derive(Serialize)]
struct ErrorEntry<'a> {
    pointer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_field: Option<&'a str>,
}

impl<'a> From<&'a Item> for ErrorEntry<'a> {
    fn from(item: &'a Item) -> Self {
        Self {
            pointer: &item.pointer,
            field: item.field.as_deref(),
            code: item.code.as_str(),
            detail: &item.detail,
            vendor_field: item.vendor_field.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::problem::*;

    #[test]
    fn what_is_superseded_names_the_fields_and_the_newer_records() {
        let body = |problem: Problem| serde_json::from_slice::<Value>(&problem.body("/x", "1")).unwrap();
        let fields = ["name".to_owned(), "voice_id".to_owned()];
        let problem = body(Problem::superseded(&fields, vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!((&problem["status"], &problem["superseded_by"]), (&json!(409), &json!(["a", "b"])));
        let errors = problem["errors"].as_array().unwrap();
        for (item, field) in errors.iter().zip(&fields) {
            assert_eq!((&item["field"], &item["pointer"]), (&json!(field), &json!(format!("#/{field}"))));
        }
        let deleted = body(Problem::superseded(&[], vec!["a".to_owned()]));
        assert_eq!((&deleted["superseded_by"], deleted.get("errors")), (&json!(["a"]), None));
        assert_eq!(body(Problem::new(Code::Internal, "")).get("superseded_by"), None);
    }
}
