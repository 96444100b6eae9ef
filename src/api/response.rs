//! Successful responses: the vendor's data under canonical names, and the report.

use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use vendors::json::{push_integer, push_string};
use vendors::{CopyReport, Field, Note, Report};

use crate::problem::{Code, Problem};

/// Lists the dropped fields, for callers that read headers only.
pub(super) const SWITCHBOARD_DROPPED: HeaderName = HeaderName::from_static("switchboard-dropped");

/// About the most bytes in this header, which ends in `...` where it was cut. The report in the body has all fields.
const MAX_HEADER_BYTES: usize = 2048;

/// Room for an applied field's name in a response, and for a note.
const BYTES_PER_FIELD: usize = 24;
const BYTES_PER_NOTE: usize = 192;

/// A 200 with a JSON body and a line feed, for those who read it in a terminal.
pub(super) fn json(mut body: Vec<u8>) -> Response<Full<Bytes>> {
    body.push(b'\n');
    with_media(body, "application/json")
}

/// A 200 with a document as JSON.
///
/// # Errors
/// It cannot be written.
pub(super) fn document(document: &impl Serialize) -> Result<Response<Full<Bytes>>, Problem> {
    let body = serde_json::to_vec(document);
    body.map(json).map_err(|error| Problem::new(Code::Internal, "the document failed").internally(error.to_string()))
}

/// What a page may load: the style and the icon of this gateway, and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// A 200 with an HTML page that loads nothing from elsewhere, that no other page may frame and that no browser may read
/// as another type.
pub(super) fn page(body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = with_media(body, "text/html; charset=utf-8");
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}

/// Leads to another path of the API.
pub(super) fn redirect(path: &'static str) -> Response<Full<Bytes>> {
    let mut response = with_media(format!("See {path}\n"), "text/plain; charset=utf-8");
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(path));
    response
}

/// A 200 with a body of that media type.
pub(super) fn with_media(body: impl Into<Bytes>, media: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// The body of an applied update.
pub(super) fn applied(
    response: &vendors::UpdateResponse<'_>,
    echoed: &Echoed<'_>,
    attempts: u32,
    report: &Report,
    copied: Option<&CopyReport>,
) -> Vec<u8> {
    let notes = report.dropped.len() + report.warnings.len();
    let mut out = Vec::with_capacity(768 + BYTES_PER_FIELD * report.applied.len() + BYTES_PER_NOTE * notes);
    out.extend_from_slice(b"{\"message\":");
    push_string(&mut out, &response.message);
    out.extend_from_slice(b",\"data\":{");
    for (index, (name, json)) in response.data.members().into_iter().enumerate() {
        out.extend_from_slice(if index > 0 { b",\"" } else { b"\"" });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(json.as_bytes());
    }
    out.push(b'}');
    echoed.push(&mut out);
    out.extend_from_slice(b",\"attempts\":");
    push_integer(&mut out, attempts.into());
    push_report(&mut out, report, copied);
    out.push(b'}');
    out
}

/// The members that every successful response repeats.
pub(super) struct Echoed<'a> {
    pub(super) assistant: &'a str,
    pub(super) vendor: &'a str,
    pub(super) request_id: &'a str,
}

impl Echoed<'_> {
    /// `,"assistant":…,"vendor":…,"request_id":…`
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"assistant\":");
        push_string(out, self.assistant);
        out.extend_from_slice(b",\"vendor\":");
        push_string(out, self.vendor);
        out.extend_from_slice(b",\"request_id\":");
        push_string(out, self.request_id);
    }
}

/// `,"report":{…}`; of a copy with what became of the other assistant's fields.
pub(super) fn push_report(out: &mut Vec<u8>, report: &Report, copied: Option<&CopyReport>) {
    out.extend_from_slice(b",\"report\":");
    push_report_object(out, report, copied);
}

/// The report alone.
pub(super) fn push_report_object(out: &mut Vec<u8>, report: &Report, copied: Option<&CopyReport>) {
    out.extend_from_slice(b"{\"applied\":");
    push_fields(out, &report.applied);
    out.push(b',');
    push_notes_of(out, report);
    if let Some(copied) = copied {
        out.extend_from_slice(b",\"copied\":");
        push_fields(out, &copied.copied);
        out.extend_from_slice(b",\"needs\":");
        push_notes(out, &copied.needs);
        out.extend_from_slice(b",\"unreadable\":");
        push_fields(out, &copied.unreadable);
    }
    out.push(b'}');
}

/// `"dropped":…,"warnings":…`.
pub(super) fn push_notes_of(out: &mut Vec<u8>, report: &Report) {
    out.extend_from_slice(b"\"dropped\":");
    push_notes(out, &report.dropped);
    out.extend_from_slice(b",\"warnings\":");
    push_warnings(out, report);
}

fn push_fields(out: &mut Vec<u8>, fields: &[Field]) {
    out.push(b'[');
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        field.push_json(out);
    }
    out.push(b']');
}

fn push_notes(out: &mut Vec<u8>, notes: &[Note]) {
    out.push(b'[');
    for (index, note) in notes.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        note.push_json(out);
    }
    out.push(b']');
}

/// The warnings, those about fields with another value last.
fn push_warnings(out: &mut Vec<u8>, report: &Report) {
    push_notes(out, &report.warnings);
    for (index, changed) in report.changed.iter().enumerate() {
        out.pop(); // the bracket
        out.extend_from_slice(if index > 0 || !report.warnings.is_empty() { b"," } else { b"" });
        changed.note.push_json(out);
        out.pop(); // the brace
        for (name, json) in [(&b",\"sent\":"[..], &changed.sent), (b",\"stored\":", &changed.stored)] {
            out.extend_from_slice(name);
            out.extend_from_slice(json.as_bytes());
        }
        out.extend_from_slice(b"}]");
    }
}

/// Sets `Switchboard-Dropped` if fields were dropped. Unknown keys may hold any character, so those that a header cannot
/// hold become `_`.
pub(super) fn set_dropped_header(headers: &mut HeaderMap, report: &Report) {
    if report.dropped.is_empty() {
        return;
    }
    let is_name = |name: &str| name.bytes().fold(true, |is, byte| is & (byte.is_ascii_lowercase() | (byte == b'_')));
    let token = |byte: u8| if byte.is_ascii_alphanumeric() || b"_-.".contains(&byte) { byte } else { b'_' };
    let mut names = Vec::with_capacity((32 * report.dropped.len()).min(2 * MAX_HEADER_BYTES));
    for note in &report.dropped {
        if !names.is_empty() {
            names.extend_from_slice(b", ");
        }
        if names.len() > MAX_HEADER_BYTES {
            names.extend_from_slice(b"...");
            break;
        }
        match is_name(&note.field) {
            true => names.extend_from_slice(note.field.as_bytes()),
            // One underscore for each character: the bytes of a character after its first are left out.
            false => names.extend(note.field.bytes().filter(|byte| byte & 0xc0 != 0x80).map(token)),
        }
    }
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(names)) {
        headers.insert(SWITCHBOARD_DROPPED, value);
    }
}

#[cfg(test)]
mod tests {
    use crate::api::response::*;

    fn dropped<'n>(names: impl Iterator<Item = &'n str>) -> String {
        let dropped = names.map(|name| Note::new(name.to_owned(), "unknown_field", "")).collect();
        let mut headers = HeaderMap::new();
        set_dropped_header(&mut headers, &Report { dropped, ..Report::default() });
        headers.get(SWITCHBOARD_DROPPED).map_or("", |value| value.to_str().unwrap()).to_owned()
    }

    #[test]
    fn what_a_header_cannot_hold_is_an_underscore_for_each_character() {
        assert_eq!(dropped(["voice_id", "Größe, 😀", "a.b-C9\r\n", ""].into_iter()), "voice_id, Gr__e___, a.b-C9__, ");
        assert_eq!(dropped(std::iter::empty()), "");
    }

    #[test]
    fn a_long_list_is_cut_after_a_name() {
        let name = "x".repeat(100);
        let long = dropped(std::iter::repeat_n(name.as_str(), 1000));
        assert!(long.len() > MAX_HEADER_BYTES && long.len() < MAX_HEADER_BYTES + 110, "{}", long.len());
        assert!(long.ends_with("x, ..."), "{long}");
    }
}
