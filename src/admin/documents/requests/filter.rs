//! Which of the last requests a query asks for, and the same as a filter for `jq`.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use strum::VariantArray;
use vendors::json::excerpt;
use vendors::{did_you_mean, nearest};

use crate::api::request::query::{self, must};
use crate::gateway::Gateway;
use crate::http::path::Assistant;
use crate::problem::{Code, FailureReason, Problem, Reason};
use crate::telemetry::recent_requests::RecentRequest;
use crate::value::AssistantOperation;

/// The parameters that choose requests.
pub(super) const FILTERS: [&str; 11] =
    ["vendor", "client", "assistant", "reason", "status", "outcome", "operation", "min_ms", "since", "until", "q"];

/// The outcomes that there are.
const OUTCOMES: [&str; 4] = ["applied", "not_applied", "unknown", "partial"];
/// The longest text that is searched for.
const MAX_TEXT: usize = 200;

/// Which requests. Everything given has to hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    vendor: Option<String>,
    client: Option<String>,
    assistant: Option<OfAssistant>,
    reasons: Vec<&'static str>,
    statuses: Vec<RangeInclusive<u16>>,
    outcome: Option<&'static str>,
    operation: Option<AssistantOperation>,
    min: Option<Duration>,
    since: Option<SystemTime>,
    until: Option<SystemTime>,
    q: Option<String>,
}

/// An assistant as it is written, and where that leads.
#[derive(Debug, Clone)]
pub(super) struct OfAssistant {
    written: String,
    route: Option<(String, String)>,
}

impl OfAssistant {
    pub(super) fn new(gateway: &Gateway, written: &str) -> Self {
        let parsed = Assistant::parse(written).ok();
        let route = parsed.and_then(|assistant| gateway.routes.resolve(&assistant, None).ok());
        let route = route.map(|route| (route.account.name.to_string(), route.id.to_string()));
        Self { written: written.to_owned(), route }
    }

    /// The assistant of another request.
    pub(super) fn of(written: Option<&str>, vendor: Option<&str>, id: Option<&str>) -> Option<Self> {
        let route = vendor.zip(id).map(|(vendor, id)| (vendor.to_owned(), id.to_owned()));
        let written = written.map(str::to_owned).or_else(|| Some(format!("{}:{}", vendor?, id?)))?;
        Some(Self { written, route })
    }

    pub(super) fn matches(&self, request: &RecentRequest) -> bool {
        let route = self.route.as_ref().map(|(vendor, id)| (Some(&**vendor), Some(&**id)));
        request.assistant() == Some(&*self.written) || route == Some((request.vendor(), request.vendor_id()))
    }
}

impl Filter {
    /// Reads what the query asks for.
    ///
    /// # Errors
    /// A parameter has no value of its kind.
    pub(super) fn read(gateway: &Gateway, query: Option<&str>) -> Result<Self, Problem> {
        let text = |name: &str| query::text(query, name);
        let owned = |name: &str| text(name).map(|text| text.map(std::borrow::Cow::into_owned));
        let assistant = text("assistant")?.map(|written| OfAssistant::new(gateway, &written));
        let operations: Vec<_> = AssistantOperation::ALL.into_iter().map(AssistantOperation::as_str).collect();
        let operation = text("operation")?.map(|word| known("operation", &word, &operations)).transpose()?;
        let reasons =
            text("reason")?.map(|words| words.split(',').map(|word| known("reason", word, &reasons())).collect());
        let q = owned("q")?.map(|q| q.trim().to_owned()).filter(|q| !q.is_empty());
        if q.as_ref().is_some_and(|q| q.len() > MAX_TEXT) {
            return Err(must("q", &format!("have at most {MAX_TEXT} bytes")));
        }
        Ok(Self {
            vendor: owned("vendor")?,
            client: owned("client")?,
            assistant,
            reasons: reasons.transpose()?.unwrap_or_default(),
            statuses: text("status")?
                .map(|text| text.split(',').map(status).collect())
                .transpose()?
                .unwrap_or_default(),
            outcome: text("outcome")?.map(|word| known("outcome", &word, &OUTCOMES)).transpose()?,
            operation: AssistantOperation::ALL.into_iter().find(|known| operation == Some(known.as_str())),
            min: text("min_ms")?.map(|text| min(&text)).transpose()?,
            since: text("since")?.map(|text| point("since", &text)).transpose()?,
            until: text("until")?.map(|text| point("until", &text)).transpose()?,
            q,
        })
    }

    /// Whether a request is one of them, whenever it ended.
    pub(super) fn matches(&self, request: &RecentRequest) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| found == Some(&**wanted))
        };
        is(&self.vendor, request.vendor())
            && is(&self.client, request.client())
            && self.assistant.as_ref().is_none_or(|assistant| assistant.matches(request))
            && (self.reasons.is_empty() || self.reasons.contains(&request.reason.as_str()))
            && (self.statuses.is_empty() || self.statuses.iter().any(|range| range.contains(&request.status)))
            && self.outcome.is_none_or(|outcome| request.outcome == Some(outcome))
            && self.operation.is_none_or(|operation| request.operation == Some(operation))
            && self.min.is_none_or(|min| request.total >= min)
            && self.q.as_ref().is_none_or(|q| request.has_text(q))
    }

    /// Whether it ended in the time that is asked for.
    pub(super) fn is_in_time(&self, request: &RecentRequest) -> bool {
        self.since.is_none_or(|since| request.ended >= since) && self.until.is_none_or(|until| request.ended < until)
    }

    /// The same for `jq`, which then reads the access log or the download.
    pub(super) fn jq(&self) -> String {
        let text = |text: &str| Value::from(text).to_string();
        let equal = |name: &str, value: Option<&str>| value.map(|value| format!(".{name} == {}", text(value)));
        let any = |parts: Vec<String>| (!parts.is_empty()).then(|| format!("({})", parts.join(" or ")));
        let reasons = self.reasons.iter().filter_map(|reason| equal("reason", Some(reason))).collect();
        let statuses = self.statuses.iter().map(|range| match range.start() == range.end() {
            true => format!(".status == {}", range.start()),
            false => format!("(.status >= {} and .status <= {})", range.start(), range.end()),
        });
        let assistant = self.assistant.as_ref().map(|assistant| &*assistant.written);
        let q = self
            .q
            .as_ref()
            .map(|q| format!("([.. | strings | ascii_downcase | contains({})] | any)", text(&q.to_ascii_lowercase())));
        let at = |time: SystemTime| text(&super::time(time));
        let parts = [
            equal("vendor", self.vendor.as_deref()),
            equal("client", self.client.as_deref()),
            equal("assistant", assistant),
            any(reasons),
            any(statuses.collect()),
            equal("outcome", self.outcome),
            equal("operation", self.operation.map(AssistantOperation::as_str)),
            self.min.map(|min| format!(".total_ms >= {}", super::millis(min))),
            self.since.map(|since| format!(".timestamp >= {}", at(since))),
            self.until.map(|until| format!(".timestamp < {}", at(until))),
            q,
        ];
        let parts: Vec<_> = [Some(".route".to_owned())].into_iter().chain(parts).flatten().collect();
        format!("select({})", parts.join(" and "))
    }
}

/// All reasons that there are.
fn reasons() -> Vec<&'static str> {
    let own = [Reason::Ok, Reason::ClientClosed, Reason::Stopped, Reason::Panic, Reason::Draining];
    let causes = FailureReason::VARIANTS.iter().map(|cause| Reason::Vendor(*cause));
    let codes = Code::ALL.iter().map(|code| Reason::Code(*code));
    own.into_iter().chain(causes).chain(codes).map(Reason::as_str).collect()
}

/// One of the words that there are.
fn known(name: &str, word: &str, words: &[&'static str]) -> Result<&'static str, Problem> {
    if let Some(known) = words.iter().find(|known| **known == word) {
        return Ok(known);
    }
    let otherwise = match words.len() {
        0..=10 => format!("only `{}` are known", words.join("`, `")),
        _ => "it is a `reason` of the access log, or several with commas between them".to_owned(),
    };
    let rest = did_you_mean(nearest(word, words.iter().copied()), otherwise);
    let shown = excerpt(word, 64);
    Err(Problem::new(
        Code::InvalidRequest,
        format!("the query parameter `{name}` has the unknown value `{shown}`; {rest}"),
    ))
}

/// A status such as `502`, or a hundred of them such as `5xx`.
fn status(text: &str) -> Result<RangeInclusive<u16>, Problem> {
    let hint = "be a status such as `502`, a class such as `5xx`, or several of these with commas between them";
    let is_status = |status: &u16| (100..600).contains(status);
    let range = match text.strip_suffix("xx") {
        Some(class) => {
            class.parse().ok().filter(|class| (1..6).contains(class)).map(|class: u16| class * 100..=class * 100 + 99)
        }
        None => text.parse().ok().filter(is_status).map(|status| status..=status),
    };
    range.ok_or_else(|| must("status", hint))
}

/// Milliseconds.
fn min(text: &str) -> Result<Duration, Problem> {
    let is_number = !text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    let millis = text.parse().ok().filter(|_| is_number).map(Duration::from_millis);
    millis.ok_or_else(|| must("min_ms", "be a whole number of milliseconds, such as `500`"))
}

/// A point in time, or how long ago it is.
fn point(name: &str, text: &str) -> Result<SystemTime, Problem> {
    let hint = "be a time of RFC 3339 in UTC, such as `2026-01-31T08:00:00Z`, or how long ago it is, such as `15m`";
    let ago = |text: &str| {
        let at = SystemTime::now().checked_sub(humantime::parse_duration(text).ok()?)?;
        Some(at.max(SystemTime::UNIX_EPOCH)) // earlier times cannot be written
    };
    let point = humantime::parse_rfc3339(text).ok().or_else(|| ago(text));
    point.ok_or_else(|| must(name, hint))
}
