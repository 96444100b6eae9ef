//! Oracles for everything a caller sends besides the body: the path segment, `Prefer`, query and other headers.

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode;
use switchboard::api::request::prefer::{PREFER, Preferences};
use switchboard::api::request::query::{check, dry_run};
use switchboard::api::request::timeout::{REQUEST_TIMEOUT, request_timeout};
use switchboard::http::path::{Assistant, Reference};
use switchboard::http::request_id::{RequestId, X_REQUEST_ID};
use switchboard::http::trace_context::{TRACEPARENT, TraceContext};

fn texts(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub(crate) fn paths() -> Vec<Vec<u8>> {
    texts(&[
        "sales-bot",
        "sondos:789",
        "789",
        "a%2Db",
        "%61",
        ".",
        "..",
        "%2e%2e",
        "a%2fb",
        "a%252fb",
        "x:..",
        "x:y:z",
        ":1",
        "1:",
        "",
        "%",
        "%0",
        "A",
        "a%00",
        "é",
        "%c3%a9",
        "%ff",
        "a\\b",
        "name_with.dots-1",
        "sondos%3A789",
    ])
}

/// A segment is decoded exactly once, and the result contains only characters of a closed set.
pub(crate) fn path(bytes: &[u8]) {
    let Ok(segment) = std::str::from_utf8(bytes) else { return };
    let Ok(assistant) = Assistant::parse(segment) else {
        assert!(!is_plain(bytes), "{segment:?} is a plain id, and is refused");
        return;
    };
    let shown = assistant.as_str();
    assert_eq!(shown.as_bytes(), percent_decode(bytes).collect::<Vec<_>>(), "decoded exactly once");
    let (vendor, id) = match assistant.reference() {
        Reference::VendorId { vendor, id } => (Some(vendor), id),
        Reference::Name(id) | Reference::Id(id) => (None, id),
    };
    assert!(is_plain(id.as_bytes()), "{id:?}");
    assert!(
        vendor.is_none_or(|vendor| vendor.len() <= 64 && is_plain(vendor.as_bytes()) && !vendor.contains('.')),
        "{vendor:?}"
    );
    assert_eq!(Assistant::parse(shown).as_ref(), Ok(&assistant), "what is shown leads to the same place");
}

/// Whether an id needs no encoding and is not a dot segment.
fn is_plain(id: &[u8]) -> bool {
    let dots = id == b"." || id == b"..";
    (1..=128).contains(&id.len())
        && !dots
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

pub(crate) fn preferences() -> Vec<Vec<u8>> {
    texts(&[
        "handling=strict",
        "handling=lenient",
        "handling=\"lenient\"",
        "HANDLING = strict",
        "respond-async, wait=10",
        "handling=lenient;x=\"a,b\", handling=strict",
        "handling=\"le\\nient\"",
        "a=\"\\",
        ",, ,handling=strict;;",
        "handling=sloppy",
        "=",
        "a=b c",
        "é",
        "wait=1\nhandling=strict",
    ])
}

fn fields(name: &HeaderName, bytes: &[u8]) -> Option<HeaderMap> {
    let lines =
        bytes.split(|byte| *byte == b'\n').map(|line| Some((name.clone(), HeaderValue::from_bytes(line).ok()?)));
    lines.collect::<Option<Vec<_>>>().map(HeaderMap::from_iter)
}

/// Other preferences, in the same line or in another, do not change the result for `handling`.
pub(crate) fn prefer(bytes: &[u8]) {
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').map(HeaderValue::from_bytes).collect();
    let Ok(lines) = lines.into_iter().collect::<Result<Vec<_>, _>>() else { return };
    let read = |lines: &[HeaderValue]| {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(PREFER, line.clone());
        }
        Preferences::read(&headers).ok().map(|found| found.handling)
    };
    let Some(found) = read(&lines) else { return };
    let other = HeaderValue::from_static("respond-async; x=\"handling=none, \\\"\"");
    let around = [std::slice::from_ref(&other), &lines, std::slice::from_ref(&other)].concat();
    assert_eq!(read(&around), Some(found));
    let joined = lines.iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b","[..]);
    assert_eq!(read(&[HeaderValue::from_bytes(&joined).unwrap()]), Some(found), "several lines are one list");
    if let Some(found) = found {
        assert!(bytes.to_ascii_lowercase().windows(8).any(|word| word == b"handling"), "{found:?} comes from nowhere");
    }
}

pub(crate) fn heads() -> Vec<Vec<u8>> {
    texts(&[
        "dry_run=true",
        "dry_run=false&",
        "dry%5frun=%74rue",
        "dry_run=true&dry_run=true",
        "x=1",
        "&&",
        "2.5",
        "0",
        "0.000000001",
        "999999999",
        "1e3",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "order-4711",
        "a b",
        "",
    ])
}

/// The query, and the headers that are read as a single value.
pub(crate) fn head(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        query(text);
    }
    let one = |name| fields(&name, bytes).filter(|_| !bytes.contains(&b'\n'));
    if let Some(headers) = one(REQUEST_TIMEOUT) {
        timeout(&headers, bytes);
    }
    if let Some(headers) = one(X_REQUEST_ID) {
        let id = RequestId::from_headers(&headers);
        assert!(
            (1..=128).contains(&id.as_str().len())
                && id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        );
    }
    if let Some(headers) = one(TRACEPARENT) {
        let trace = TraceContext::from_headers(&headers);
        let sent = trace.to_header_value();
        assert!(trace.trace_id != 0 && trace.span_id != 0 && sent.len() == 55 && sent.as_bytes().starts_with(b"00-"));
        if let Some(parent) = trace.parent_id {
            let (own, parent) = (&sent.as_bytes()[2..36], format!("{parent:016x}"));
            assert_eq!((&bytes[2..36], &bytes[36..52]), (own, parent.as_bytes()), "{sent:?}");
        }
    }
}

fn query(text: &str) {
    let Ok(is_dry_run) = check(Some(text), &["dry_run"]).and_then(|()| dry_run(Some(text))) else { return };
    let decoded = percent_decode(text.as_bytes()).collect::<Vec<_>>();
    let pairs: Vec<_> = decoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).collect();
    let wanted: &[&[u8]] = if is_dry_run { &[b"dry_run=true"] } else { &[b"dry_run=false"] };
    assert!(pairs == wanted || (pairs.is_empty() && !is_dry_run), "{text:?}");
}

fn timeout(headers: &HeaderMap, bytes: &[u8]) {
    if let Ok(Some(timeout)) = request_timeout(headers) {
        let reference: f64 = std::str::from_utf8(bytes).unwrap().parse().unwrap();
        assert!(!timeout.is_zero() && (timeout.as_secs_f64() - reference).abs() <= reference * 1e-9, "{timeout:?}");
    }
}
