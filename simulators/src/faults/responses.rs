//! The responses of faults: those that replace the vendor's own response, and those that alter it.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use http_body_util::BodyExt;
use hyper::{Response, header};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    http::{Received, ResponseBody, VendorResponse},
    vendor::{Call, Vendor},
};

use super::{
    FaultKind, RetryAfter,
    bodies::{CutBody, DripBody},
    refusals,
};

/// One byte more than the most that the gateway reads of any answer.
const OVERSIZE: usize = (8 << 20) + 1;

/// The response that replaces the vendor's own, if the fault is of that kind.
pub(crate) fn replacement(
    kind: &FaultKind,
    vendor: &Vendor,
    call: &Call<'_>,
    request: &Received,
) -> Option<VendorResponse> {
    Some(match kind {
        FaultKind::Status { status, retry_after } => status_response((vendor, call), *status, *retry_after),
        FaultKind::StatusWithHeader { status, header: (name, value) } => {
            let value = String::from_utf8_lossy(value.as_bytes());
            status_response((vendor, call), *status, None).with(name.clone(), &value)
        }
        FaultKind::Html(status) => VendorResponse::html(*status),
        FaultKind::Empty(status) => VendorResponse::empty(*status),
        FaultKind::Redirect => VendorResponse::redirect(&format!("{}/login", vendor.origin())),
        FaultKind::ErrorIn2xx { success_false: false } => {
            VendorResponse::json(200, &json!({ "error": "Something went wrong." }))
        }
        FaultKind::ErrorIn2xx { success_false: true } => VendorResponse::json(
            200,
            &json!({ "success": false, "error": "Something went wrong.", "error_code": "INTERNAL_ERROR" }),
        ),
        FaultKind::EchoHeaders => VendorResponse::message(500, &echo(request)),
        FaultKind::Shape(slug) => shape(vendor, slug),
        FaultKind::Refusal(shape) => refusals::refusal(shape, request),
        FaultKind::Challenge => refusals::challenge(),
        FaultKind::NoRoute => refusals::no_route(request),
        FaultKind::Denied(word) => refusals::denied(word),
        FaultKind::ByteOrderMark
        | FaultKind::Gzip
        | FaultKind::Coding(_)
        | FaultKind::OldHeaders
        | FaultKind::OtherId
        | FaultKind::DuplicateKeys
        | FaultKind::BadRows
        | FaultKind::StringIds
        | FaultKind::Pages(_)
        | FaultKind::Drop(_)
        | FaultKind::Delay(_)
        | FaultKind::Hold
        | FaultKind::Hang
        | FaultKind::Reset
        | FaultKind::Lost
        | FaultKind::ResetInBody
        | FaultKind::Drip(_)
        | FaultKind::Truncated
        | FaultKind::Oversized => return None,
    })
}

/// The response as sent: altered by the fault if it is of that kind, otherwise unchanged.
pub(crate) fn altered(
    kind: Option<&FaultKind>,
    response: VendorResponse,
    reset: &CancellationToken,
) -> Response<ResponseBody> {
    match kind {
        Some(FaultKind::ResetInBody) => {
            let body = CutBody::new(&response.body, reset.clone()).boxed_unsync();
            response.into_response_with(body)
        }
        Some(FaultKind::Drip(gap)) => {
            let body = DripBody::new(response.body.clone(), *gap).boxed_unsync();
            response.into_response_with(body)
        }
        Some(FaultKind::Truncated) => {
            let half = response.body.slice(..response.body.len() / 2);
            response.with_body(half).into_response()
        }
        Some(FaultKind::Oversized) => {
            let mut padded = response.body.to_vec();
            padded.resize(padded.len() + OVERSIZE, b' ');
            response.with_body(padded).into_response()
        }
        _ => response.into_response(),
    }
}

fn status_response(
    (vendor, call): (&Vendor, &Call<'_>),
    status: u16,
    retry_after: Option<RetryAfter>,
) -> VendorResponse {
    let mut body = vendor.documented(call, status);
    if let Some(members) = body.as_object_mut() {
        members.shift_remove("retry_after");
        if let Some(RetryAfter::Body(seconds)) = retry_after {
            members.insert("retry_after".to_owned(), json!(seconds));
        }
    }
    let response =
        if matches!(status, 204 | 304) { VendorResponse::empty(status) } else { VendorResponse::json(status, &body) };
    match retry_after {
        Some(RetryAfter::Seconds(seconds)) => response.with(header::RETRY_AFTER, &seconds.to_string()),
        Some(RetryAfter::Date(seconds)) => {
            let then = SystemTime::now() + Duration::from_secs(seconds.into());
            response.with(header::RETRY_AFTER, &httpdate::fmt_http_date(then))
        }
        Some(RetryAfter::Body(_)) | None => response,
    }
}

fn shape(vendor: &Vendor, slug: &str) -> VendorResponse {
    match vendor.answer(slug) {
        Some((status, Value::Null)) => VendorResponse::empty(status),
        Some((status, body)) => VendorResponse::json(status, &body),
        None => VendorResponse::message(500, &format!("This simulator has no response named {slug}.")),
    }
}

fn echo(request: &Received) -> String {
    let mut message = format!("Request failed: {} {}", request.method, request.path);
    for (name, value) in &request.headers {
        // Writing to a `String` never fails.
        let _ = write!(message, "; {name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    message
}
