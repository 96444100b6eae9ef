//! The vendor's own response in another form: other bytes in front, another coding, other rows.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use hyper::{
    body::Bytes,
    header::{self, HeaderName},
};
use serde_json::{Value, json};

use crate::http::{Received, VendorResponse, old_headers, query};

use super::FaultKind;

/// The response as this fault changes it; others stay as they are.
pub(crate) fn reshaped(kind: &FaultKind, response: VendorResponse, request: &Received) -> VendorResponse {
    match kind {
        FaultKind::ByteOrderMark => {
            let body = [b"\xef\xbb\xbf", &response.body[..]].concat();
            response.with_body(body)
        }
        FaultKind::Gzip => {
            let body = gzip(&response.body);
            response.with(header::CONTENT_ENCODING, "gzip").with_body(body)
        }
        FaultKind::Coding(coding) => {
            let body: Vec<u8> = response.body.iter().map(|byte| byte ^ 0x80).collect();
            response.with(header::CONTENT_ENCODING, coding).with_body(body)
        }
        FaultKind::OldHeaders => {
            let (name, value) = old_headers::MARKED;
            response.with(HeaderName::from_static(name), value)
        }
        FaultKind::OtherId => edited(response, |body| {
            if let Some(id) = body.get_mut("data").and_then(|data| data.get_mut("id")) {
                *id = json!(id.as_u64().unwrap_or_default() + 1);
            }
            for name in ["agent_id", "llm_id", "id"] {
                if let Some(Value::String(id)) = body.get_mut(name) {
                    id.pop();
                    id.push('z');
                }
            }
        }),
        FaultKind::DuplicateKeys => {
            let earlier = br#"{"message":"an earlier one","data":{"id":1,"name":"an earlier one"},"#;
            let rest = response.body.strip_prefix(b"{").map(|rest| [&earlier[..], rest].concat());
            match rest {
                Some(body) => response.with_body(body),
                None => response,
            }
        }
        FaultKind::BadRows => edited(response, |body| {
            if let Some(rows) = rows(body) {
                rows.insert(0, json!(null));
                rows.extend([
                    json!({ "id": 900 }),
                    json!({ "id": null, "name": "No id" }),
                    json!({ "id": 901, "name": null }),
                ]);
                rows.extend([json!({ "id": 902, "name": 7 }), json!({ "id": 903, "name": "" }), json!("a row")]);
            }
        }),
        FaultKind::StringIds => edited(response, |body| {
            for row in rows(body).into_iter().flatten() {
                if let Some(id) = row.get_mut("id") {
                    *id = json!(id.to_string());
                }
            }
        }),
        FaultKind::Pages(size) => edited(response, |body| paged(body, *size, request)),
        _ => response,
    }
}

/// The rows of a list, which may be wrapped in `data`, or in what a vendor with an API of its own calls it.
fn rows(body: &mut Value) -> Option<&mut Vec<Value>> {
    match body {
        Value::Array(rows) => Some(rows),
        other => {
            let name = ["data", "agents", "items", "voices"].into_iter().find(|name| other.get(*name).is_some())?;
            other.get_mut(name)?.as_array_mut()
        }
    }
}

/// A list as one page of it, with what paginators add. Its URL leads elsewhere.
fn paged(body: &mut Value, size: usize, request: &Received) {
    let Some(rows) = body.as_array() else { return };
    let size = size.max(1);
    let asked = query::value(request.query.as_deref(), "page").and_then(|page| page.parse::<usize>().ok());
    let (number, last) = (asked.unwrap_or(1).max(1), rows.len().div_ceil(size).max(1));
    let shown: Vec<_> = rows.iter().skip((number - 1) * size).take(size).cloned().collect();
    let next = (number < last).then(|| format!("https://elsewhere.invalid/?page={}", number + 1));
    *body =
        json!({ "current_page": number, "data": shown, "last_page": last, "next_page_url": next, "total": rows.len() });
}

fn edited(response: VendorResponse, edit: impl FnOnce(&mut Value)) -> VendorResponse {
    let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) else { return response };
    edit(&mut body);
    response.with_body(body.to_string())
}

fn gzip(body: &Bytes) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a `Vec` never fails.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}
