//! The last requests as a list: those that match a filter, how many for each reason, and how many in each minute of the
//! last hour.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::admin::Operator;
use crate::api::query_names;
use crate::api::request::query::{self, CURSOR, LIMIT, must};
use crate::problem::Problem;
use crate::telemetry::recent_requests::RecentRequest;

use super::filter::{FILTERS, Filter};
use super::{RequestLine, each, time};

/// How many requests an answer has, unless the query says how many.
const DEFAULT_LIMIT: usize = 100;
/// How many it has at most.
const MAX_LIMIT: usize = 1000;
/// How many a download has at most.
const MAX_LINES: usize = 20_000;
/// What the counts by minute cover.
const MINUTES: u64 = 60;
const MINUTE: Duration = Duration::from_secs(60);
/// Requests with greater numbers, oldest first: for those who follow.
const AFTER: &str = "after";
/// What the answer is.
const FORMAT: &str = "format";

/// The last requests.
#[derive(Debug, Serialize)]
pub(crate) struct Requests {
    /// How many requests are kept: `console.requests`.
    pub(crate) kept: usize,
    /// How many there are at present.
    pub(crate) held: usize,
    /// When the oldest of them ended.
    pub(crate) oldest_at: Option<String>,
    /// The number of the newest request.
    pub(crate) last: u64,
    /// How many match.
    pub(crate) matched: u64,
    /// How many of these ended for each reason.
    pub(crate) reasons: BTreeMap<&'static str, u64>,
    /// The last hour by minute, oldest first, of all times that the filter would match.
    pub(crate) minutes: Vec<Minute>,
    /// The filter for `jq`.
    pub(crate) jq: String,
    /// The requests, newest first; with `after` oldest first.
    pub(crate) data: Vec<RequestLine>,
    /// What `cursor` takes for older ones.
    pub(crate) next_cursor: Option<String>,
}

/// The requests that ended within one minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Minute {
    /// When it begins.
    pub(crate) at: String,
    /// When the next one begins.
    pub(crate) until: String,
    pub(crate) requests: u64,
    /// Those that failed and were the caller's fault.
    pub(crate) refused: u64,
    /// Those that failed otherwise.
    pub(crate) failed: u64,
}

/// Which part of the list.
#[derive(Debug, Clone, Copy)]
struct Part {
    below: u64,
    after: Option<u64>,
    limit: usize,
}

/// What is gathered in one pass over the ring.
#[derive(Debug)]
struct Gathered {
    data: VecDeque<RequestLine>,
    more: bool,
    matched: u64,
    reasons: BTreeMap<&'static str, u64>,
    minutes: Vec<[u64; 3]>,
    oldest: Option<SystemTime>,
}

/// `GET /admin/requests`: the last requests that match.
///
/// # Errors
/// The query is invalid.
pub(crate) async fn requests(operator: &Operator, query: Option<&str>) -> Result<Requests, Problem> {
    query_names(query, &[&FILTERS[..], &[LIMIT, CURSOR, AFTER, FORMAT]].concat())?;
    let filter = Filter::read(operator.gateway(), query)?;
    let part = Part::read(query, DEFAULT_LIMIT, MAX_LIMIT)?;
    let telemetry = operator.reloader().telemetry();
    let extent = telemetry.recent().extent();
    let jq = filter.jq();
    let end = this_minute() + MINUTE;
    let gathered = each(telemetry, Gathered::new(), move |gathered, request| {
        gathered.add(&filter, part, end, request);
        true
    });
    let gathered = gathered.await?;
    let mut data: Vec<_> = gathered.data.into();
    if part.after.is_some() {
        data.reverse();
    }
    let minutes = gathered.minutes.iter().enumerate().map(|(index, [requests, refused, failed])| {
        let at = end - MINUTE * u32::try_from(gathered.minutes.len() - index).unwrap_or_default();
        Minute {
            at: humantime::format_rfc3339_seconds(at).to_string(),
            until: humantime::format_rfc3339_seconds(at + MINUTE).to_string(),
            requests: *requests,
            refused: *refused,
            failed: *failed,
        }
    });
    let next = data.last().filter(|_| gathered.more && part.after.is_none());
    Ok(Requests {
        kept: extent.capacity,
        held: extent.held,
        oldest_at: gathered.oldest.map(time),
        last: extent.last,
        matched: gathered.matched,
        reasons: gathered.reasons,
        minutes: minutes.collect(),
        jq,
        next_cursor: next.map(|last| last.sequence.to_string()),
        data,
    })
}

/// `GET /admin/requests?format=ndjson`: the last requests that match, oldest first, one a line. `None` if the query asks for
/// another format.
///
/// # Errors
/// The query is invalid.
pub(crate) async fn json_lines(operator: &Operator, query: Option<&str>) -> Result<Option<Vec<u8>>, Problem> {
    if query::word(query, FORMAT, &["json", "ndjson"])? != Some("ndjson") {
        return Ok(None);
    }
    query_names(query, &[&FILTERS[..], &[LIMIT, FORMAT]].concat())?;
    let filter = Filter::read(operator.gateway(), query)?;
    let limit = query::limit(query, MAX_LINES, MAX_LINES)?;
    let lines = each(operator.reloader().telemetry(), Vec::new(), move |lines: &mut Vec<RequestLine>, request| {
        if filter.matches(request) && filter.is_in_time(request) {
            lines.push(RequestLine::of(request));
        }
        lines.len() < limit
    });
    let mut text = Vec::new();
    for line in lines.await?.iter().rev() {
        text.extend(serde_json::to_vec(line).unwrap_or_default());
        text.push(b'\n');
    }
    Ok(Some(text))
}

impl Part {
    fn read(query: Option<&str>, default: usize, max: usize) -> Result<Self, Problem> {
        let number = |name: &str| {
            let text = query::text(query, name)?;
            let number = text.map(|text| text.parse().map_err(|_| must(name, "be the `sequence` of a request")));
            number.transpose()
        };
        let (below, after) = (number(CURSOR)?, number(AFTER)?);
        if below.is_some() && after.is_some() {
            return Err(must(AFTER, "not stand with `cursor`: one goes forwards, the other backwards"));
        }
        Ok(Self { below: below.unwrap_or(u64::MAX), after, limit: query::limit(query, default, max)? })
    }
}

impl Gathered {
    fn new() -> Self {
        Self {
            data: VecDeque::new(),
            more: false,
            matched: 0,
            reasons: BTreeMap::new(),
            minutes: vec![[0; 3]; MINUTES as usize],
            oldest: None,
        }
    }

    fn add(&mut self, filter: &Filter, part: Part, end: SystemTime, request: &RecentRequest) {
        self.oldest = Some(request.ended);
        if !filter.matches(request) {
            return;
        }
        let age = end.duration_since(request.ended).unwrap_or_default().as_secs() / MINUTE.as_secs();
        if let Some(minute) = MINUTES.checked_sub(age + 1).and_then(|index| self.minutes.get_mut(index as usize)) {
            let failed = request.is_failure();
            minute[0] += 1;
            minute[1] += u64::from(request.fault.is_some() && !failed);
            minute[2] += u64::from(failed);
        }
        if !filter.is_in_time(request) {
            return;
        }
        self.matched += 1;
        *self.reasons.entry(request.reason.as_str()).or_default() += 1;
        if request.number >= part.below || part.after.is_some_and(|after| request.number <= after) {
            return;
        }
        // Those who follow want the oldest of what is new, others the newest.
        match (self.data.len() < part.limit, part.after) {
            (true, _) => {}
            (false, Some(_)) => drop(self.data.pop_front()),
            (false, None) => {
                self.more = true;
                return;
            }
        }
        self.data.push_back(RequestLine::of(request));
    }
}

/// When the present minute began.
fn this_minute() -> SystemTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs() / MINUTE.as_secs() * MINUTE.as_secs())
}
