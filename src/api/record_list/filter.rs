//! Which records a query asks for.

use strum::VariantNames;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vendors::json::excerpt;
use vendors::{Field, did_you_mean, nearest};

use crate::api::request::query::{
    self, ASSISTANT, FIELD, OLDER, OPERATION, REASON, REPLAYED, SINCE, STATE, UNTIL, VENDOR, must,
};
use crate::gateway::Gateway;
use crate::http::path::{Assistant, is_vendor_name};
use crate::problem::{Code, Problem};
use crate::routing::RouteError;
use crate::store::{Filter, Line, RecordsOf, State, Timestamp};
use crate::value::AssistantOperation;

/// How many records an answer has, unless the caller says how many.
const LIMIT: usize = 50;
/// How many it has at most.
const MAX_LIMIT: usize = 500;

/// Which records the caller asks for.
pub(super) fn filter(gateway: &Gateway, client: Option<&str>, query: Option<&str>) -> Result<Filter, Problem> {
    let (assistant, line) = match query::text(query, ASSISTANT)? {
        Some(text) => assistant(gateway, client, &text)?,
        None => (None, None),
    };
    let vendor = query::text(query, VENDOR)?.map(|text| {
        let is_name = is_vendor_name(&text).then(|| text.to_string());
        is_name.ok_or_else(|| must(VENDOR, "be the name of a vendor account, such as `sondos`"))
    });
    let states = query::text(query, STATE)?.map(|text| text.split(',').map(state).collect()).transpose()?;
    let field = query::text(query, FIELD)?.map(|text| {
        let known = Field::from_name(&text).map(|field| field.name().to_owned());
        known.ok_or_else(|| unknown(FIELD, &text, Field::ALL.into_iter().map(Field::name)))
    });
    let until = [time(query, UNTIL)?, older(query)?].into_iter().flatten().min();
    let replayed = query::word(query, REPLAYED, &["true", "false"])?;
    Ok(Filter {
        owner: RecordsOf::All,
        line,
        assistant,
        vendor: vendor.transpose()?,
        states: states.unwrap_or_default(),
        operation: query::text(query, OPERATION)?.map(|text| operation(&text)).transpose()?,
        field: field.transpose()?,
        since: time(query, SINCE)?,
        until,
        replayed: replayed.map(|word| word == "true"),
        below: None,
        limit: query::limit(query, LIMIT, MAX_LIMIT)?,
    })
}

/// The line of an assistant that leads somewhere, else the assistant as it is written.
fn assistant(gateway: &Gateway, client: Option<&str>, text: &str) -> Result<(Option<String>, Option<Line>), Problem> {
    let malformed = || must(ASSISTANT, "be a name, `vendor:id` or an id of letters, digits, `.`, `_` and `-`");
    // The query is decoded already; what a second decoding would change is none.
    let assistant = Assistant::parse(text).ok().filter(|assistant| assistant.as_str() == text).ok_or_else(malformed)?;
    let route = match gateway.routes.resolve(&assistant, client) {
        Ok(route) => Some(route),
        // Only its spelling is wrong: no record has it. Who may not use the account does not learn that there is one.
        Err(RouteError::BadId { id, vendor, described, meant: Some(meant) }) if may_use(gateway, client, &vendor) => {
            let error = RouteError::BadId { id, vendor, described, meant: Some(meant) };
            return Err(Problem::new(Code::InvalidRequest, format!("the query parameter `{ASSISTANT}`: {error}")));
        }
        Err(_) => None,
    };
    let line = route.and_then(|route| {
        let scope = gateway.scope_of(&route.account.name)?;
        Some(Line { scope: scope.clone(), id: route.id.clone() })
    });
    let written = line.is_none().then(|| text.to_owned());
    Ok((written, line))
}

/// Whether a client may use an account; without a client the caller may use all.
fn may_use(gateway: &Gateway, client: Option<&str>, vendor: &str) -> bool {
    client.is_none_or(|name| gateway.clients.named(name).is_some_and(|client| client.may_use_vendor(vendor)))
}

fn state(word: &str) -> Result<State, Problem> {
    word.parse().map_err(|_| unknown(STATE, word, State::VARIANTS.iter().copied()))
}

fn operation(word: &str) -> Result<AssistantOperation, Problem> {
    let changes = || AssistantOperation::ALL.into_iter().filter(|operation| operation.is_change());
    let known = changes().find(|operation| operation.as_str() == word);
    known.ok_or_else(|| unknown(OPERATION, word, changes().map(AssistantOperation::as_str)))
}

/// The code that the problem of a record has to have.
pub(super) fn reason(query: Option<&str>) -> Result<Option<Code>, Problem> {
    let Some(word) = query::text(query, REASON)? else { return Ok(None) };
    let unknown = || unknown(REASON, &word, Code::ALL.iter().map(|code| code.as_str()));
    Code::from_name(&word).map(Some).ok_or_else(unknown)
}

/// The time before which something was admitted that is so old now.
fn older(query: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = query::text(query, OLDER)? else { return Ok(None) };
    let age =
        humantime::parse_duration(&text).map_err(|_| must(OLDER, "be an age, such as `90s`, `15m`, `2h` or `1d`"))?;
    Ok(Some(Timestamp::now().before(age)))
}

/// The problem of a word that is none of those known.
fn unknown<'a>(name: &str, word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Problem {
    let nearest = nearest(word, known.clone());
    let otherwise = match name {
        FIELD => "`GET /v1/fields` lists all fields".to_owned(),
        _ => format!("only `{}` are known", known.collect::<Vec<_>>().join("`, `")),
    };
    unknown_value(name, word, &did_you_mean(nearest, otherwise))
}

/// The problem of a value that is not known, and what would be right.
pub(super) fn unknown_value(name: &str, value: &str, rest: &str) -> Problem {
    let shown = excerpt(value, 64);
    Problem::new(Code::InvalidRequest, format!("the query parameter `{name}` has the unknown value `{shown}`; {rest}"))
}

/// A time in RFC 3339, if it is there; between two milliseconds the later one, as records have whole ones.
fn time(query: Option<&str>, name: &str) -> Result<Option<Timestamp>, Problem> {
    const NANOS: i128 = 1_000_000;
    let Some(text) = query::text(query, name)? else { return Ok(None) };
    let hint = "be a time of RFC 3339, such as `2026-01-31T08:00:00Z`; a `+` is written `%2B` in a query";
    let time = OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| must(name, hint))?;
    let nanos = time.unix_timestamp_nanos();
    let millis = nanos.div_euclid(NANOS) + i128::from(nanos.rem_euclid(NANOS) > 0);
    Ok(i64::try_from(millis).ok().map(Timestamp))
}
