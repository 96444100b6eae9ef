//! The responses to callers.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ETAG, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use vendors::json::{Limits, decode, push_integer, push_string, read_value};
use vendors::{AssistantSummary, Field, Note, Report, Stored, UpdateResponse};

use crate::api::classify::lost_deletion;
use crate::api::records::kept;
use crate::api::request_log::RequestLog;
use crate::api::response::{self, Echoed};
use crate::api::{dry_run, representation};
use crate::problem::{Code, Outcome, Problem};
use crate::store::Answer;

use super::condition::Verified;
use super::{Change, Exchange, Prepared};

impl Exchange<'_> {
    /// The response to an operation that was carried out.
    pub(super) fn done(
        &self,
        confirmed: &UpdateResponse<'_>,
        attempts: u32,
        report: &mut Report,
        verified: Option<&Verified>,
        log_id: &mut Option<std::sync::Arc<str>>,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        if let Some(Verified::Read { stored, unchanged, .. }) = verified {
            only_stored(report, stored, unchanged);
        }
        let creation = match self.change {
            Change::Delete => return Ok(self.deleted(&confirmed.message, attempts)),
            Change::Update => return Ok(self.applied(confirmed, &self.echoed(), attempts, report, verified)),
            Change::Create(creation) => creation,
        };
        let id = self.new_id(confirmed, attempts)?;
        for remark in creation.remarks {
            if told(confirmed, remark.member).is_none_or(|told| told == remark.value) {
                report.warnings.push(Note::new(remark.member, remark.code, remark.detail));
            }
        }
        let assistant = format!("{}:{id}", self.account.name);
        let mut response =
            self.applied(confirmed, &Echoed { assistant: &assistant, ..self.echoed() }, attempts, report, verified);
        *response.status_mut() = StatusCode::CREATED;
        let base = self.context.gateway.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
        if let Ok(location) = HeaderValue::try_from(format!("{base}/v1/assistants/{assistant}")) {
            response.headers_mut().insert(LOCATION, location);
        }
        *log_id = Some(id.into());
        Ok(response)
    }

    /// The id of a new assistant.
    ///
    /// # Errors
    /// The vendor did not say it.
    pub(super) fn new_id(&self, confirmed: &UpdateResponse<'_>, attempts: u32) -> Result<String, Problem> {
        let id = told(confirmed, "id").filter(|id| self.account.dialect.is_id(id));
        id.ok_or_else(|| {
            let detail = "The vendor confirmed the creation without the id of the new assistant.";
            let problem = Problem::new(Code::VendorBadResponse, detail);
            self.unknown(Problem { outcome: Outcome::Unknown, attempts: Some(attempts), ..problem })
        })
    }

    fn applied(
        &self,
        confirmed: &UpdateResponse<'_>,
        echoed: &Echoed<'_>,
        attempts: u32,
        report: &Report,
        verified: Option<&Verified>,
    ) -> Response<Full<Bytes>> {
        let attempts = attempts + self.copied.map_or(0, |copied| copied.attempts);
        let mut body = response::applied(confirmed, echoed, attempts, report, self.copy_report());
        body.pop(); // the brace
        if matches!(self.change, Change::Create(_)) {
            body.extend_from_slice(b",\"operation\":\"create\"");
        }
        let mut tag = None;
        if let Some(verified) = verified {
            tag = verified.push(&mut body, self.account, echoed, attempts);
        }
        body.push(b'}');
        let mut response = response::json(body);
        response.headers_mut().extend(tag.map(|tag| (ETAG, tag)));
        response::set_dropped_header(response.headers_mut(), report);
        response
    }

    fn deleted(&self, message: &str, attempts: u32) -> Response<Full<Bytes>> {
        let mut out = b"{\"message\":".to_vec();
        push_string(&mut out, message);
        self.echoed().push(&mut out);
        out.extend_from_slice(b",\"id\":");
        let id = self.id.map(|id| self.account.dialect.ids.json(id)).unwrap_or_else(|| "null".to_owned());
        out.extend_from_slice(id.as_bytes());
        out.extend_from_slice(b",\"attempts\":");
        push_integer(&mut out, attempts.into());
        out.push(b'}');
        response::json(out)
    }

    /// The response to a deletion whose own response was lost.
    pub(in crate::api) fn deletion_was_lost(&self, attempts: u32) -> Response<Full<Bytes>> {
        self.deleted(&lost_deletion().message, attempts)
    }

    /// The answer to an update that went in one request with another one, which was answered with `other`.
    pub(in crate::api) fn answer_like(&self, other: &Answer, report: &Report, attempts: u32) -> Answer {
        let response = match other.body.as_deref().and_then(message_and_data) {
            Some(confirmed) => self.applied(&confirmed, &self.echoed(), attempts, report, None),
            None => self.applied(&nothing(), &self.echoed(), attempts, report, None),
        };
        kept(self.options.mark(Ok(response)).unwrap_or_default())
    }

    /// The response to an update of which nothing is left: the vendor is not called.
    pub(super) fn nothing_to_send(&self, report: Report, log: &mut RequestLog) -> Response<Full<Bytes>> {
        let report = log.report.insert(report);
        self.applied(&nothing(), &self.echoed(), 0, report, None)
    }

    /// The response to a dry run.
    pub(super) fn dry_run(&self, prepared: &Prepared) -> Response<Full<Bytes>> {
        let Prepared { request, uri, headers, .. } = prepared;
        self.dry_run_with(&request.report, |out| match self.is_nothing(request) {
            true => dry_run::push_nothing(out),
            false => dry_run::push_one(out, request, self.account.dialect.auth, &uri.to_string(), headers),
        })
    }

    /// The same at a vendor of any family, with what writes the requests.
    pub(super) fn dry_run_with(&self, report: &Report, push: impl FnOnce(&mut Vec<u8>)) -> Response<Full<Bytes>> {
        let mut response = response::json(dry_run::body(report, &self.echoed(), self.copy_report(), push));
        response::set_dropped_header(response.headers_mut(), report);
        response
    }

    /// A problem whose outcome is unknown, as callers of this operation need it: a creation that may have arrived must
    /// not be sent again, and has to be looked for.
    pub(super) fn unknown(&self, problem: Problem) -> Problem {
        if problem.outcome != Outcome::Unknown || !matches!(self.change, Change::Create(_)) {
            return problem;
        }
        let look = format!(
            " The assistant may have been created: look for it with `GET /v1/assistants?vendor={}&name=…` before creating \
             it again.",
            self.account.name
        );
        Problem { detail: problem.detail.clone() + &look, retryable: Some(false), ..problem }
    }
}

/// Applied means stored: a field that the vendor has another value of is not.
fn only_stored(report: &mut Report, stored: &Stored, unchanged: &[Field]) {
    for one in &stored.differs {
        report.applied.retain(|applied| *applied != one.field);
        let (code, detail) = match unchanged.contains(&one.field) {
            true => ("not_persisted", "the vendor still has the value of before; `stored` has both"),
            false => ("changed_by_vendor", "the vendor has another value than was sent; `stored` has both"),
        };
        report.warnings.push(Note::new(one.field.name(), code, detail));
    }
}

/// The message and the members of an assistant in an answer of this gateway.
fn message_and_data(body: &[u8]) -> Option<UpdateResponse<'_>> {
    let answer = read_value(body, Limits::VENDOR).ok()?;
    let data = answer.get("data")?;
    let member = |name| data.get(name).filter(|value| !value.is_null()).map(|value| Cow::Borrowed(value.text()));
    Some(UpdateResponse {
        message: answer.get("message")?.as_str()?,
        data: AssistantSummary {
            id: member("id"),
            name: member("name"),
            status: member("status"),
            r#type: member("type"),
            mode: member("mode"),
        },
    })
}

/// What an update without a request says.
pub(super) fn nothing() -> UpdateResponse<'static> {
    UpdateResponse { message: "Nothing to send".into(), data: AssistantSummary::default() }
}

/// A member of the vendor's response as text.
fn told(confirmed: &UpdateResponse<'_>, member: &str) -> Option<String> {
    let (_, json) = confirmed.data.members().into_iter().find(|(name, json)| *name == member && *json != "null")?;
    Some(match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => decode(inner).trim().to_owned(),
        None => json.to_owned(),
    })
}

impl Verified {
    /// Writes `,"stored":…,"representation":…`; returns the assistant's tag.
    fn push(
        &self,
        out: &mut Vec<u8>,
        account: &crate::account::Account,
        echoed: &Echoed<'_>,
        attempts: u32,
    ) -> Option<HeaderValue> {
        let Self::Read { stored, found, .. } = self else {
            out.extend_from_slice(b",\"stored\":null,\"representation\":null");
            return None;
        };
        out.extend_from_slice(b",\"stored\":{\"confirmed\":");
        representation::push_names(out, stored.confirmed.iter().copied());
        out.extend_from_slice(b",\"differs\":[");
        representation::push_list(out, stored.differs.iter(), |out, one| {
            out.extend_from_slice(b"{\"field\":");
            push_string(out, one.field.name());
            out.extend_from_slice(b",\"sent\":");
            dry_run::redact(out, one.sent.as_bytes());
            out.extend_from_slice(b",\"stored\":");
            dry_run::redact_undocumented(out, account.token.redact(&one.stored).as_bytes());
            out.push(b'}');
        });
        out.extend_from_slice(b"],\"unreadable\":");
        representation::push_names(out, stored.unreadable.iter().copied());
        out.extend_from_slice(b"},\"representation\":");
        let written = found.with(account, |read| {
            out.push(b'{');
            representation::push_assistant(out, read, account, echoed, Some(attempts), false);
            out.push(b'}');
        });
        if written.is_none() {
            out.extend_from_slice(b"null");
        }
        found.tag.to_header_value()
    }
}
