//! The query: which parameters an operation has, and their values.

use std::borrow::Cow;

use vendors::{did_you_mean, nearest};

use crate::problem::{Code, Problem};

/// The parameters of `openapi/parameters.rs` that stand in the query: their names there, and in the query.
pub const PARAMETERS: [(&str, &str); 24] = [
    (DRY_RUN, DRY_RUN),
    ("at_vendor", VENDOR),
    ("list_vendor", VENDOR),
    (TYPE, TYPE),
    (STATUS, STATUS),
    (NAME, NAME),
    (LIMIT, LIMIT),
    (CURSOR, CURSOR),
    (INCLUDE, INCLUDE),
    ("q", "q"),
    ("list_limit", LIMIT),
    ("list_cursor", CURSOR),
    (WAIT, WAIT),
    ("of_assistant", ASSISTANT),
    ("of_vendor", VENDOR),
    ("state", STATE),
    (OPERATION, OPERATION),
    (FIELD, FIELD),
    (SINCE, SINCE),
    (UNTIL, UNTIL),
    ("record_limit", LIMIT),
    ("record_cursor", CURSOR),
    ("replay_fields", FIELDS),
    (FORCE, FORCE),
];

const DRY_RUN: &str = "dry_run";
/// A vendor account.
pub const VENDOR: &str = "vendor";
/// The type of assistants.
pub const TYPE: &str = "type";
/// The status of assistants.
pub const STATUS: &str = "status";
/// A part of the name of assistants.
pub const NAME: &str = "name";
/// Where a list goes on.
pub const CURSOR: &str = "cursor";
/// For how many seconds a reader waits.
pub const WAIT: &str = "wait";
/// An assistant, as in a path.
pub const ASSISTANT: &str = "assistant";
/// States of records.
pub const STATE: &str = "state";
/// What a change does.
pub const OPERATION: &str = "operation";
/// A field that a change sends.
pub const FIELD: &str = "field";
/// A time from which on.
pub const SINCE: &str = "since";
/// A time before which.
pub const UNTIL: &str = "until";
/// Which fields are sent again.
pub const FIELDS: &str = "fields";
/// Whether something is done over what stands against it.
pub const FORCE: &str = "force";
/// A client, as it is configured.
pub const CLIENT: &str = "client";
/// Why a change is dead.
pub const REASON: &str = "reason";
/// How long ago at least something was admitted.
pub const OLDER: &str = "older";
/// Whether something was sent again.
pub const REPLAYED: &str = "replayed";
/// How many entries a page has.
pub const LIMIT: &str = "limit";
const INCLUDE: &str = "include";

/// Refuses parameters that an operation does not have; `parameters` are all that it has, also in path and headers.
///
/// # Errors
/// There is another parameter.
pub fn check(query: Option<&str>, parameters: &[&str]) -> Result<(), Problem> {
    if query.is_none() {
        return Ok(()); // most requests, for which the names are not gathered
    }
    let known = PARAMETERS.into_iter().filter(|(parameter, _)| parameters.contains(parameter));
    check_names(query, &known.map(|(_, name)| name).collect::<Vec<_>>())
}

/// Refuses parameters with other names than these.
///
/// # Errors
/// There is another parameter.
pub fn check_names(query: Option<&str>, known: &[&str]) -> Result<(), Problem> {
    let Some(query) = query else { return Ok(()) };
    let Some((name, _)) = pairs(Some(query)).find(|(name, _)| !known.contains(&&**name)) else { return Ok(()) };
    let otherwise = match known {
        [] => "this path has no query parameters".to_owned(),
        [only] => format!("only `{only}` is known"),
        several => format!("only `{}` are known", several.join("`, `")),
    };
    let rest = did_you_mean(nearest(&name, known.iter().copied()), otherwise);
    let name: String = name.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    Err(Problem::new(Code::InvalidRequest, format!("the query parameter `{name}` is unknown; {rest}")))
}

fn pairs(query: Option<&str>) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
}

/// Whether the query of a request target, without the `?`, asks for a dry run.
///
/// # Errors
/// There is another value or a repetition.
pub fn dry_run(query: Option<&str>) -> Result<bool, Problem> {
    flag(query, DRY_RUN)
}

/// Whether a parameter is `true`; without it, it is not.
///
/// # Errors
/// There is another value or a repetition.
pub fn flag(query: Option<&str>, name: &str) -> Result<bool, Problem> {
    let value = text(query, name)?;
    value.map_or(Ok(false), |value| value.parse().map_err(|_| must(name, "be `true` or `false`")))
}

/// A parameter that is a whole number of seconds, if it is there. More than can be counted is the greatest number.
///
/// # Errors
/// It is no such number, or repeated.
pub fn seconds(query: Option<&str>, name: &str) -> Result<Option<u32>, Problem> {
    let Some(value) = text(query, name)? else { return Ok(None) };
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = is_number.then(|| value.parse().unwrap_or(u32::MAX));
    seconds.map(Some).ok_or_else(|| must(name, "be a whole number of seconds, such as `20`"))
}

/// The value of a parameter, if it is there.
///
/// # Errors
/// It is repeated.
pub fn text<'a>(query: Option<&'a str>, name: &str) -> Result<Option<Cow<'a, str>>, Problem> {
    let mut values = pairs(query).filter(|(key, _)| key == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(must(name, "not be repeated")),
        (value, None) => Ok(value),
    }
}

/// A parameter that is one of these words, if it is there.
///
/// # Errors
/// It is another word, or repeated.
pub fn word(query: Option<&str>, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, Problem> {
    let Some(value) = text(query, name)? else { return Ok(None) };
    let known = words.iter().find(|word| **word == value).copied();
    let quoted = || words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
    known.map(Some).ok_or_else(|| must(name, &format!("be {}", quoted())))
}

/// How many entries a page of a list has: `default` without the parameter.
///
/// # Errors
/// It is no number from 1 to `max`, or repeated.
pub fn limit(query: Option<&str>, default: usize, max: usize) -> Result<usize, Problem> {
    let Some(value) = text(query, LIMIT)? else { return Ok(default) };
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    let limit = value.parse().ok().filter(|limit| is_number && (1..=max).contains(limit));
    limit.ok_or_else(|| must(LIMIT, &format!("be a number from 1 to {max}")))
}

/// Whether the answer includes what has no canonical counterpart.
///
/// # Errors
/// There is something else that is to be included, or a repetition.
pub fn includes_vendor(query: Option<&str>) -> Result<bool, Problem> {
    Ok(word(query, INCLUDE, &["vendor"])?.is_some())
}

/// The problem of a parameter's value.
pub fn must(name: &str, what: &str) -> Problem {
    Problem::new(Code::InvalidRequest, format!("the query parameter `{name}` must {what}"))
}

#[cfg(test)]
mod tests {
    use crate::api::request::query::*;

    fn read(query: &str) -> Result<bool, String> {
        check(Some(query), &[DRY_RUN]).and_then(|()| dry_run(Some(query))).map_err(|problem| problem.detail)
    }

    #[test]
    fn dry_run_is_true_or_false() {
        assert!(!dry_run(None).unwrap());
        assert_eq!(read(""), Ok(false));
        assert_eq!(read("dry_run=true"), Ok(true));
        assert_eq!(read("dry_run=false&"), Ok(false));
        assert_eq!(read("dry%5Frun=%74rue"), Ok(true));
    }

    #[test]
    fn other_values_are_rejected() {
        for bad in [
            "dry_run",
            "dry_run=",
            "dry_run=1",
            "dry_run=True",
            "dry_run=true=true",
            "dry_run=%2574rue",
            "dry_run=true%00",
        ] {
            assert_eq!(read(bad).unwrap_err(), "the query parameter `dry_run` must be `true` or `false`", "{bad}");
        }
    }

    #[test]
    fn a_limit_is_a_number_within_its_bounds() {
        let read = |query: &str| limit(Some(query), 50, 200).map_err(|problem| problem.detail);
        assert_eq!((read(""), read("limit=1"), read("limit=200")), (Ok(50), Ok(1), Ok(200)));
        for bad in ["", "0", "201", "-1", "+1", "01", "1.0", "ten", " 1", "99999999999999999999999"] {
            let expected = "the query parameter `limit` must be a number from 1 to 200";
            assert_eq!(read(&format!("limit={bad}").replace('+', "%2B")).unwrap_err(), expected, "{bad}");
        }
        assert_eq!(read("limit=1&limit=1").unwrap_err(), "the query parameter `limit` must not be repeated");
    }

    #[test]
    fn words_and_texts_stand_once_and_are_decoded() {
        let read = |query: &str| word(Some(query), TYPE, &["inbound", "outbound"]).map_err(|problem| problem.detail);
        assert_eq!((read("name=x"), read("type=in%62ound")), (Ok(None), Ok(Some("inbound"))));
        let expected = "the query parameter `type` must be `inbound` or `outbound`";
        for bad in ["type", "type=", "type=Inbound", "type=inbound,outbound"] {
            assert_eq!(read(bad).unwrap_err(), expected, "{bad}");
        }
        let name = |query| text(Some(query), NAME).map_err(|problem| problem.detail);
        assert_eq!(name("name=a+b%20%C3%BC").unwrap().as_deref(), Some("a b ü"));
        assert_eq!(name("name=").unwrap().as_deref(), Some(""));
        assert_eq!(name("name=a&name=b").unwrap_err(), "the query parameter `name` must not be repeated");
        let includes = |query| includes_vendor(Some(query)).map_err(|problem| problem.detail);
        assert_eq!((includes(""), includes("include=vendor")), (Ok(false), Ok(true)));
        assert_eq!(includes("include=all").unwrap_err(), "the query parameter `include` must be `vendor`");
    }

    #[test]
    fn a_parameter_of_the_path_is_none_of_the_query() {
        let detail = check(Some("vendor=sondos"), &["vendor"]).unwrap_err().detail;
        assert_eq!(detail, "the query parameter `vendor` is unknown; this path has no query parameters");
        assert!(check(Some("vendor=sondos&limit=1"), &["at_vendor", "limit"]).is_ok());
        let detail = check(Some("x=1"), &["limit", "cursor"]).unwrap_err().detail;
        assert_eq!(detail, "the query parameter `x` is unknown; only `limit`, `cursor` are known");
    }

    #[test]
    fn unknown_and_repeated_parameters_are_named() {
        let unknown = |name: &str| Err(format!("the query parameter `{name}` is unknown; only `dry_run` is known"));
        let near = "the query parameter `dryrun` is unknown; did you mean `dry_run`?";
        assert_eq!(read("dryrun=true").unwrap_err(), near);
        assert_eq!(read("dry_run=true&x%0A=1"), unknown("x\u{fffd}"));
        assert_eq!(read("=1"), unknown(""));
        assert_eq!(read("%ff"), unknown("\u{fffd}"));
        assert_eq!(read(&"a".repeat(9000)), unknown(&"a".repeat(64)));
        let none = check(Some("dry_run=true"), &["vendor"]).unwrap_err().detail;
        assert_eq!(none, "the query parameter `dry_run` is unknown; this path has no query parameters");
        let repeated = "the query parameter `dry_run` must not be repeated";
        assert_eq!(read("dry_run=true&dry_run=true").unwrap_err(), repeated);
    }
}
