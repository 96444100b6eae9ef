//! The text form of a fault: `kind[=value][,option=value][@scope][#from][*times]`.
//!
//! `Display` writes what `FromStr` reads.

use std::{error::Error, fmt, str::FromStr, time::Duration};

use hyper::header::{HeaderName, HeaderValue};

use crate::vendor::operation;

use super::{
    Fault, FaultKind, RetryAfter, Scope,
    refusals::{DENIALS, SHAPES},
};

/// The text is not a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a fault: {}", self.text, self.reason)
    }
}

impl Error for FaultError {}

const KINDS: &str = "the kinds are status=N, delay=T, hold, hang, reset, lost, reset-in-body, drip=T, html[=N], truncated, \
     oversized, error-in-2xx[=success-false], empty[=N], redirect, echo-headers, shape=SLUG, refusal=SHAPE, challenge, \
     no-route, denied=WORD, bom, gzip, coding=NAME, old-headers, other-id, duplicate-keys, bad-rows, string-ids, \
     pages=N and drop=PATH";
const SHAPE: &str = "a refusal's shape is map, strings, objects, json-api, code-and-message, problem, fastapi, nest, spring, \
     top-level, message-list, error-object, text, html or empty";
const DENIAL: &str = "a denial is success-zero, success-text, status-error, status-code or message-only";
const PAGES: &str = "a page has a number of rows, 1 or more";
const DROP: &str = "`drop` is followed by the path of a member, with dots";
const TIMES: &str = "`*` is followed by the number of requests it affects, 1 or more";
const FROM: &str = "`#` is followed by the number of the first request it affects, 1 or more";
const SCOPE: &str =
    "`@` is followed by `get`, `any`, an assistant's id, or an operation such as `create`, `delete` or `list`";
const STATUS: &str = "a status is a number from 200 to 599";
const DURATION: &str = "a duration is a whole number with `ms` or `s`";
const OPTION: &str =
    "only status takes options: retry-after=S, retry-after-date=S, body-retry-after=S or header=NAME:VALUE";
const VALUE: &str = "this kind takes no value";

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        parse(text.trim()).map_err(|reason| FaultError { text: text.to_owned(), reason })
    }
}

fn parse(text: &str) -> Result<Fault, &'static str> {
    let (text, times) = match text.rsplit_once('*') {
        Some((rest, count)) => {
            let count: u32 = count.parse().map_err(|_| TIMES)?;
            (rest, Some(Some(count).filter(|count| *count > 0).ok_or(TIMES)?))
        }
        None => (text, None),
    };
    let (text, from) = match text.rsplit_once('#') {
        Some((rest, number)) => (rest, number.parse().ok().filter(|from: &u32| *from > 0).ok_or(FROM)?),
        None => (text, 1),
    };
    let (text, scope) = match text.rsplit_once('@') {
        Some((rest, "get")) => (rest, Scope::Reads),
        Some((rest, "any")) => (rest, Scope::Any),
        Some((rest, name)) if !name.starts_with(|first: char| first.is_ascii_digit()) => {
            (rest, Scope::Operation(operation(name).ok_or(SCOPE)?))
        }
        Some((rest, id)) => (rest, Scope::Assistant(id.parse().map_err(|_| SCOPE)?)),
        None => (text, Scope::Updates),
    };
    let (head, option) = match text.split_once(',') {
        Some((head, option)) => (head, Some(option)),
        None => (text, None),
    };
    let (name, value) = match head.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (head, None),
    };
    Ok(Fault { kind: kind(name, value, option)?, scope, from, times })
}

fn kind(name: &str, value: Option<&str>, option: Option<&str>) -> Result<FaultKind, &'static str> {
    if option.is_some() && name != "status" {
        return Err(OPTION);
    }
    let bare = |kind| {
        if value.is_some() { Err(VALUE) } else { Ok(kind) }
    };
    if let Some(text) = option.and_then(|option| option.strip_prefix("header=")) {
        return Ok(FaultKind::StatusWithHeader { status: status(value.ok_or(STATUS)?)?, header: header(text)? });
    }
    match name {
        "status" => Ok(FaultKind::Status {
            status: status(value.ok_or(STATUS)?)?,
            retry_after: option.map(retry_after).transpose()?,
        }),
        "delay" => Ok(FaultKind::Delay(duration(value)?)),
        "drip" => Ok(FaultKind::Drip(duration(value)?)),
        "html" => Ok(FaultKind::Html(value.map_or(Ok(200), status)?)),
        "empty" => Ok(FaultKind::Empty(value.map_or(Ok(200), status)?)),
        "shape" => Ok(FaultKind::Shape(value.ok_or(KINDS)?.to_owned())),
        "refusal" => Ok(FaultKind::Refusal(one_of(&SHAPES, value).ok_or(SHAPE)?)),
        "denied" => Ok(FaultKind::Denied(one_of(&DENIALS, value).ok_or(DENIAL)?)),
        "drop" => Ok(FaultKind::Drop(value.filter(|path| !path.is_empty()).ok_or(DROP)?.to_owned())),
        "coding" => Ok(FaultKind::Coding(value.ok_or(KINDS)?.to_owned())),
        "pages" => {
            let size = value.and_then(|size| size.parse().ok()).filter(|size| *size > 0);
            Ok(FaultKind::Pages(size.ok_or(PAGES)?))
        }
        "challenge" => bare(FaultKind::Challenge),
        "no-route" => bare(FaultKind::NoRoute),
        "bom" => bare(FaultKind::ByteOrderMark),
        "gzip" => bare(FaultKind::Gzip),
        "old-headers" => bare(FaultKind::OldHeaders),
        "other-id" => bare(FaultKind::OtherId),
        "duplicate-keys" => bare(FaultKind::DuplicateKeys),
        "bad-rows" => bare(FaultKind::BadRows),
        "string-ids" => bare(FaultKind::StringIds),
        "error-in-2xx" => match value {
            None => Ok(FaultKind::ErrorIn2xx { success_false: false }),
            Some("success-false") => Ok(FaultKind::ErrorIn2xx { success_false: true }),
            Some(_) => Err(KINDS),
        },
        "hold" => bare(FaultKind::Hold),
        "hang" => bare(FaultKind::Hang),
        "reset" => bare(FaultKind::Reset),
        "lost" => bare(FaultKind::Lost),
        "reset-in-body" => bare(FaultKind::ResetInBody),
        "truncated" => bare(FaultKind::Truncated),
        "oversized" => bare(FaultKind::Oversized),
        "redirect" => bare(FaultKind::Redirect),
        "echo-headers" => bare(FaultKind::EchoHeaders),
        _ => Err(KINDS),
    }
}

fn one_of(known: &[&str], value: Option<&str>) -> Option<String> {
    value.filter(|value| known.contains(value)).map(str::to_owned)
}

fn status(text: &str) -> Result<u16, &'static str> {
    text.parse().ok().filter(|status| (200..600).contains(status)).ok_or(STATUS)
}

fn duration(text: Option<&str>) -> Result<Duration, &'static str> {
    let text = text.ok_or(DURATION)?;
    let (number, unit): (&str, fn(u64) -> Duration) = match text.strip_suffix("ms") {
        Some(number) => (number, Duration::from_millis),
        None => (text.strip_suffix('s').ok_or(DURATION)?, Duration::from_secs),
    };
    number.parse().map(unit).map_err(|_| DURATION)
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), &'static str> {
    let (name, value) = text.split_once(':').ok_or(OPTION)?;
    Ok((name.parse().map_err(|_| OPTION)?, value.trim().parse().map_err(|_| OPTION)?))
}

fn retry_after(option: &str) -> Result<RetryAfter, &'static str> {
    let (name, seconds) = option.split_once('=').ok_or(OPTION)?;
    let seconds = seconds.parse().map_err(|_| OPTION)?;
    match name {
        "retry-after" => Ok(RetryAfter::Seconds(seconds)),
        "retry-after-date" => Ok(RetryAfter::Date(seconds)),
        "body-retry-after" => Ok(RetryAfter::Body(seconds)),
        _ => Err(OPTION),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        match self.scope {
            Scope::Updates => {}
            Scope::Assistant(id) => write!(f, "@{id}")?,
            Scope::Reads => f.write_str("@get")?,
            Scope::Any => f.write_str("@any")?,
            Scope::Operation(name) => write!(f, "@{name}")?,
        }
        if self.from > 1 {
            write!(f, "#{}", self.from)?;
        }
        self.times.map_or(Ok(()), |times| write!(f, "*{times}"))
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, retry_after } => {
                write!(f, "status={status}")?;
                match retry_after {
                    None => Ok(()),
                    Some(RetryAfter::Seconds(seconds)) => write!(f, ",retry-after={seconds}"),
                    Some(RetryAfter::Date(seconds)) => write!(f, ",retry-after-date={seconds}"),
                    Some(RetryAfter::Body(seconds)) => write!(f, ",body-retry-after={seconds}"),
                }
            }
            Self::StatusWithHeader { status, header: (name, value) } => {
                write!(f, "status={status},header={name}:{}", String::from_utf8_lossy(value.as_bytes()))
            }
            Self::Delay(time) => write!(f, "delay={}ms", time.as_millis()),
            Self::Drip(time) => write!(f, "drip={}ms", time.as_millis()),
            Self::Html(status) => write!(f, "html={status}"),
            Self::Empty(status) => write!(f, "empty={status}"),
            Self::Shape(slug) => write!(f, "shape={slug}"),
            Self::ErrorIn2xx { success_false: true } => f.write_str("error-in-2xx=success-false"),
            Self::ErrorIn2xx { success_false: false } => f.write_str("error-in-2xx"),
            Self::Refusal(shape) => write!(f, "refusal={shape}"),
            Self::Denied(word) => write!(f, "denied={word}"),
            Self::Coding(coding) => write!(f, "coding={coding}"),
            Self::Drop(path) => write!(f, "drop={path}"),
            Self::Pages(size) => write!(f, "pages={size}"),
            Self::Challenge => f.write_str("challenge"),
            Self::NoRoute => f.write_str("no-route"),
            Self::ByteOrderMark => f.write_str("bom"),
            Self::Gzip => f.write_str("gzip"),
            Self::OldHeaders => f.write_str("old-headers"),
            Self::OtherId => f.write_str("other-id"),
            Self::DuplicateKeys => f.write_str("duplicate-keys"),
            Self::BadRows => f.write_str("bad-rows"),
            Self::StringIds => f.write_str("string-ids"),
            Self::Hold => f.write_str("hold"),
            Self::Hang => f.write_str("hang"),
            Self::Reset => f.write_str("reset"),
            Self::Lost => f.write_str("lost"),
            Self::ResetInBody => f.write_str("reset-in-body"),
            Self::Truncated => f.write_str("truncated"),
            Self::Oversized => f.write_str("oversized"),
            Self::Redirect => f.write_str("redirect"),
            Self::EchoHeaders => f.write_str("echo-headers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_writes_what_from_str_reads() {
        for text in [
            "status=503",
            "status=429,retry-after=2",
            "status=429,retry-after-date=2*1",
            "status=429,body-retry-after=2@get",
            "status=429,header=x-ratelimit-reset:40*1",
            "status=503,header=retry-after:Sun, 06 Nov 1994 08:49:37 +0000@7",
            "delay=200ms",
            "hold@789",
            "hang",
            "reset*2",
            "lost@create*1",
            "hang@any",
            "truncated@list-phone-numbers",
            "reset-in-body",
            "drip=10ms",
            "html=502",
            "truncated",
            "oversized",
            "error-in-2xx",
            "error-in-2xx=success-false",
            "empty=204",
            "redirect",
            "echo-headers@7*3",
            "shape=not-found",
            "refusal=json-api",
            "challenge@get",
            "no-route",
            "denied=message-only",
            "bom*2",
            "gzip",
            "coding=br",
            "old-headers",
            "other-id",
            "duplicate-keys",
            "bad-rows@get",
            "string-ids@get",
            "pages=2@get",
            "drop=voice.speed*1",
            "status=500@update-llm#2*1",
        ] {
            assert_eq!(text.parse::<Fault>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn short_forms_have_their_defaults() {
        assert_eq!("html".parse(), Ok(Fault::new(FaultKind::Html(200))));
        assert_eq!("empty".parse(), Ok(Fault::new(FaultKind::Empty(200))));
        assert_eq!("delay=2s".parse(), Ok(Fault::new(FaultKind::Delay(Duration::from_secs(2)))));
    }

    #[test]
    fn every_fault_of_the_readme_is_parsed() {
        let readme = include_str!("../../README.md");
        let (_, table) = readme.split_once("## Faults").expect("a section");
        let faults: Vec<_> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        assert!(faults.len() > 20);
        for fault in faults {
            assert!(fault.parse::<Fault>().is_ok(), "{fault}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_fault_gets_a_reason() {
        for (text, reason) in [
            ("", KINDS),
            ("explode", KINDS),
            ("shape", KINDS),
            ("refusal=odd", SHAPE),
            ("denied", DENIAL),
            ("pages=0", PAGES),
            ("status", STATUS),
            ("status=99", STATUS),
            ("delay=5", DURATION),
            ("drip", DURATION),
            ("hang=1", VALUE),
            ("hang*0", TIMES),
            ("hang*x", TIMES),
            ("hang#0", FROM),
            ("drop=", DROP),
            ("hang@post", SCOPE),
            ("html,retry-after=1", OPTION),
            ("status=429,later=1", OPTION),
        ] {
            let error = text.parse::<Fault>().expect_err(text);
            assert_eq!(error.reason, reason, "{text}");
            assert!(error.to_string().contains(text));
        }
    }
}
