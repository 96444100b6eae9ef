//! Turns a vendor's response or the failure to get one into a canonical response or a problem.

mod status;

use std::time::Duration;

use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use vendors::{
    AssistantSummary, Dialect, InvalidResponse, ResponseBody, SentFields, UpdateResponse, VendorError, VendorErrorKind,
};

use crate::account::{Account, CatalogFailure, ListFailure};
use crate::problem::{Code, Fault, Outcome, Problem, Reason, VendorResponseSummary};
use crate::upstream::{Failure, FailureKind, PauseCause, ResponseValidator, VendorResponse};

use status::{depends_on_body, kind_by_headers, status_problem};

use super::exchange::Change;
use super::middleware::loop_detection;
use super::scrub::Scrub;

/// The `Retry-After` where neither the vendor nor a timer sets one.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Classifies a vendor's response to an operation; `request` is the body that was sent, `sent` the fields in it.
///
/// # Errors
/// The update was not confirmed; the problem says whose fault that is and whether it may have been applied.
pub(super) fn classify_response<'a>(
    account: &Account,
    change: Change,
    sent: &SentFields,
    request: &[u8],
    response: &VendorResponse,
    body: &ResponseBody<'a>,
) -> Result<UpdateResponse<'a>, Problem> {
    if !response.status.is_success() {
        let problem = error_problem(account, sent, request, response, body);
        return match change {
            // An attempt whose response was lost has carried it out: now the assistant is gone.
            Change::Delete if problem.code == Code::AssistantNotFound && response.was_in_doubt => Ok(lost_deletion()),
            _ => Err(in_creation(change, problem)),
        };
    }
    let confirmed = match change {
        Change::Update => body.update_response(account.dialect),
        Change::Create(_) => body.creation_response(account.dialect),
        Change::Delete => {
            let message = body.deletion_message(account.dialect, response.status.as_u16());
            message.map(|message| UpdateResponse { message, data: AssistantSummary::default() })
        }
    };
    match confirmed {
        Ok(mut update) => {
            Scrub::new(&account.token, sent, request).response(&mut update);
            Ok(update)
        }
        Err(bad) => {
            let mut problem = misread(response, &bad);
            let failure = body.error(account.dialect, &account.name, sent, response.status.as_u16());
            add_words(&mut problem, account, sent, request, response, failure);
            Err(problem)
        }
    }
}

/// The problem for a response with a 2xx status that is not what the vendor documents.
pub(super) fn misread(response: &VendorResponse, bad: &InvalidResponse) -> Problem {
    let detail = match unread_coding(&response.headers) {
        Some(coding) => unread_detail(&coding),
        None => capitalised(&bad.to_string()),
    };
    Problem {
        outcome: Outcome::Unknown,
        attempts: Some(response.attempts),
        ..Problem::new(Code::VendorBadResponse, detail)
    }
}

/// The problem for an assistant that cannot be read before it is written. Nothing has been sent yet.
pub(super) fn read_problem(account: &Account, response: &VendorResponse) -> Problem {
    let body = ResponseBody::read(&response.body);
    let problem = error_problem(account, &SentFields::default(), b"", response, &body);
    let problem = match problem.code {
        Code::ValidationFailed => {
            let detail = format!("The vendor answered {} instead of the assistant.", response.status.as_u16());
            Problem { code: Code::VendorBadResponse, detail, errors: Default::default(), ..problem }
        }
        _ => problem,
    };
    Problem { outcome: Outcome::NotApplied, ..problem }
}

/// What stands for the response to a deletion that was lost.
pub(super) fn lost_deletion() -> UpdateResponse<'static> {
    UpdateResponse {
        message: "The assistant is gone; the response to the deletion was lost".into(),
        data: AssistantSummary::default(),
    }
}

/// The same in the words of a creation. It addresses no assistant, so that a 404 says something about the address.
fn in_creation(change: Change, problem: Problem) -> Problem {
    match (change, problem.code) {
        (Change::Create(_), Code::AssistantNotFound) => {
            let detail = "The address answered 404 to a creation: the account's `base_url` may be wrong.";
            Problem { code: Code::VendorBadResponse, detail: detail.to_owned(), ..problem }
        }
        (Change::Create(_), Code::ValidationFailed) => {
            Problem { detail: "The vendor refused the creation.".to_owned(), ..problem }
        }
        _ => problem,
    }
}

/// Adds what the vendor said to a problem: its complaints about fields and its message, with secrets redacted.
fn add_words(
    problem: &mut Problem,
    account: &Account,
    sent: &SentFields,
    request: &[u8],
    response: &VendorResponse,
    failure: VendorError,
) {
    let scrub = Scrub::new(&account.token, sent, request);
    problem.errors = failure.items;
    scrub.items(&mut problem.errors);
    // What stays encoded is no text.
    let message = failure.message.filter(|_| unread_coding(&response.headers).is_none());
    let message = message.map(|message| scrub.text(&message).into_owned());
    problem.vendor_response = Some(Box::new(VendorResponseSummary { status: response.status.as_u16(), message }));
}

/// The same decision for an update whose caller has disconnected.
impl ResponseValidator for Dialect {
    fn confirms(&self, response: &VendorResponse) -> bool {
        ResponseBody::read(&response.body).update_response(self).is_ok()
    }
}

/// The problem for a vendor's response outside 2xx.
pub(super) fn error_problem(
    account: &Account,
    sent: &SentFields,
    request: &[u8],
    response: &VendorResponse,
    body: &ResponseBody<'_>,
) -> Problem {
    if let Some(problem) = loop_detection::from_response(&response.headers, &account.name) {
        return Problem { attempts: Some(response.attempts), ..problem };
    }
    let status = response.status.as_u16();
    let mut failure = body.error(account.dialect, &account.name, sent, status);
    failure.kind = kind_by_headers(failure.kind, &response.headers);
    let mut problem = match unread_coding(&response.headers) {
        Some(coding) if depends_on_body(failure.kind) || response.status.is_success() => {
            Problem { outcome: Outcome::NotApplied, ..Problem::new(Code::VendorBadResponse, unread_detail(&coding)) }
        }
        _ => status_problem(account, failure.kind, status),
    };
    // Only these two are about the update itself. Other errors say nothing about an earlier attempt without a response.
    let is_definite = matches!(failure.kind, VendorErrorKind::Refused | VendorErrorKind::NotFound);
    if response.was_in_doubt && !is_definite {
        problem.outcome = Outcome::Unknown;
    }
    problem.attempts = Some(response.attempts);
    problem.retry_after = response.retry_after();
    add_words(&mut problem, account, sent, request, response, failure);
    problem
}

/// The content coding of a body that the client did not decode.
pub(super) fn unread_coding(headers: &HeaderMap) -> Option<String> {
    let coding = headers.get(CONTENT_ENCODING)?;
    let printable = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { ' ' };
    Some(coding.as_bytes().iter().take(64).map(printable).collect())
}

fn unread_detail(coding: &str) -> String {
    match coding.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => "The vendor's answer is said to be gzip, and is broken gzip.".to_owned(),
        _ => format!(
            "The vendor's answer has the content coding `{coding}`, which this gateway did not ask for and cannot read."
        ),
    }
}

/// The problem for a request without a response.
pub(super) fn failure_problem(failure: Failure) -> Problem {
    let (code, detail) = match failure.kind {
        FailureKind::Dns => (Code::VendorUnreachable, "The vendor's host name could not be resolved."),
        FailureKind::Connect => (Code::VendorUnreachable, "No connection to the vendor could be made."),
        FailureKind::Tls => (Code::VendorUnreachable, "No secure connection to the vendor could be made."),
        FailureKind::Timeout => (Code::VendorTimeout, "The vendor did not answer in time."),
        FailureKind::DeadlineBeforeSend => {
            (Code::VendorTimeout, "The time allowed ended while the update was waiting for its turn.")
        }
        FailureKind::Settling { .. } => (
            Code::VendorTimeout,
            "The time allowed ended while the update waited because the vendor may still apply an earlier one.",
        ),
        FailureKind::NotOwner => (
            Code::StoreUnavailable,
            "The gateway has lost its connection to the store for so long that another one may send in its place.",
        ),
        FailureKind::ResponseCut { status } if status.is_success() => {
            (Code::VendorBadResponse, "The vendor's answer ended before it was complete.")
        }
        FailureKind::ConnectionLost | FailureKind::ResponseCut { .. } => {
            (Code::VendorError, "The connection to the vendor was lost before its answer was complete.")
        }
        FailureKind::MalformedResponse => (Code::VendorBadResponse, "The vendor's answer is not HTTP."),
        FailureKind::BodyTooLong { status } if status.is_server_error() => {
            (Code::VendorError, "The vendor failed, with an answer longer than is read.")
        }
        FailureKind::BodyTooLong { .. } => (Code::VendorBadResponse, "The vendor's answer is longer than is read."),
        FailureKind::Overloaded { .. } => (Code::Overloaded, "Too many requests are waiting for this vendor."),
        FailureKind::RateLimited { .. } => {
            (Code::VendorRateLimited, "This gateway's own limit for the vendor is reached.")
        }
        FailureKind::Paused { cause: PauseCause::Limited, .. } => {
            (Code::VendorRateLimited, "The vendor has asked for a pause that is not over.")
        }
        FailureKind::Paused { cause: PauseCause::Unavailable, .. } => {
            (Code::VendorCircuitOpen, "The vendor has said that it is unavailable, and for how long; that is not over.")
        }
        FailureKind::CircuitOpen { .. } => {
            (Code::VendorCircuitOpen, "The vendor failed so often that it is left alone for a while.")
        }
    };
    let detail = match failure.plain {
        Some(cause) => format!("{}: {cause}.", detail.trim_end_matches('.')),
        None => detail.to_owned(),
    };
    let mut problem = Problem::new(code, detail).internally(failure.to_string());
    problem.cause = Some(Reason::Vendor(failure.kind.reason()));
    problem.outcome = if failure.sent { Outcome::Unknown } else { Outcome::NotApplied };
    problem.attempts = (failure.attempts > 0).then_some(failure.attempts);
    problem.retry_after =
        failure.kind.retry_after().or((code == Code::VendorUnreachable).then_some(DEFAULT_RETRY_AFTER));
    problem
}

/// The same for a read, which changes nothing: what may go better is worth another request.
pub(super) fn read_failure(failure: Failure) -> Problem {
    let (is_late, is_too_long) = match failure.kind {
        FailureKind::DeadlineBeforeSend => (true, false),
        FailureKind::BodyTooLong { .. } => (false, true),
        _ => (false, false),
    };
    let mut problem = failure_problem(failure);
    if is_late {
        problem.detail = "The time allowed ended before the vendor was asked for everything.".to_owned();
    }
    if problem.code == Code::VendorBadResponse && !is_too_long {
        problem.retryable = Some(true);
    }
    Problem { outcome: Outcome::NotApplied, ..problem }
}

/// The problem for an update that needs a catalog which cannot be read. Nothing has been sent yet.
pub(super) fn catalog_problem(account: &Account, failure: CatalogFailure) -> Problem {
    let what = "A name or id of this update is resolved through the vendor's catalog, which cannot be read now";
    catalog_failure(account, failure, what)
}

/// The problem for a catalog that a caller asks for and that cannot be read.
pub(super) fn unread_catalog(account: &Account, failure: CatalogFailure) -> Problem {
    catalog_failure(account, failure, "The vendor's catalog cannot be read now")
}

fn catalog_failure(account: &Account, failure: CatalogFailure, what: &str) -> Problem {
    let problem = match failure {
        CatalogFailure::Unanswered(failure) => read_failure(failure),
        CatalogFailure::Refused(response) => {
            let read = ResponseBody::read(&response.body);
            let problem = error_problem(account, &SentFields::default(), b"", &response, &read);
            // What the vendor says of its own list is never the caller's fault.
            match problem.code.kind().fault {
                Fault::Caller => {
                    let detail = format!("The vendor answered with status {}.", response.status.as_u16());
                    Problem { retryable: None, detail, code: Code::VendorError, ..problem }
                }
                _ => problem,
            }
        }
        CatalogFailure::Malformed(detail) => Problem {
            retryable: Some(true),
            ..Problem::new(Code::VendorBadResponse, "The vendor's answer is not the documented list.")
                .internally(detail)
        },
        CatalogFailure::Absent => Problem::new(Code::VendorBadResponse, "The vendor has no such list."),
    };
    Problem {
        detail: format!("{what}: {}", problem.detail),
        outcome: Outcome::NotApplied,
        attempts: None,
        errors: Default::default(),
        ..problem
    }
}

/// The problem for a list of assistants that cannot be read. Reading changes nothing.
pub(super) fn list_problem(account: &Account, failure: ListFailure) -> Problem {
    let problem = match failure {
        ListFailure::Unanswered(failure) => read_failure(failure),
        ListFailure::Refused(response) => {
            let body = ResponseBody::read(&response.body);
            let problem = error_problem(account, &SentFields::default(), b"", &response, &body);
            match problem.code {
                Code::AssistantNotFound | Code::ValidationFailed => {
                    let status = response.status.as_u16();
                    let detail = format!("The vendor answered {status} instead of its list of assistants.");
                    Problem { code: Code::VendorBadResponse, detail, errors: Default::default(), ..problem }
                }
                _ => problem,
            }
        }
        ListFailure::Undocumented => {
            let detail = format!("{} documents no operation that reads assistants", account.dialect.title);
            Problem::new(Code::UnsupportedByVendor, detail)
        }
        ListFailure::Late => Problem::new(
            Code::VendorTimeout,
            "The time allowed ended while the vendor's list of assistants was being read.",
        ),
        failure => Problem {
            retryable: Some(true),
            ..Problem::new(Code::VendorBadResponse, "The vendor's answer is not the documented list of assistants.")
                .internally(failure.to_string())
        },
    };
    Problem { outcome: Outcome::NotApplied, ..problem }
}

fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
