//! What came of a request to a vendor, as a canonical answer or a problem.

use std::time::Duration;

use vendors::{Dialect, InvalidResponse, ResponseBody, SentFields, VendorErrorKind};

use crate::account::{Account, CatalogFailure};
use crate::problem::{Code, Outcome, Problem, Reason, VendorResponseSummary};
use crate::upstream::{Failure, FailureKind, Judge, VendorResponse};

use super::middleware::loop_detection;
use super::scrub::Scrub;

/// What `Retry-After` says where nobody knows better.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Classifies a vendor's answer to an update; `request` is the body that was sent, `sent` what it held.
///
/// # Errors
/// The update was not confirmed; the problem says whose fault that is and whether it may have been applied.
pub(super) fn classify_response<'a>(
    account: &Account,
    sent: &SentFields,
    request: &[u8],
    answer: &VendorResponse,
    body: &ResponseBody<'a>,
) -> Result<vendors::UpdateResponse<'a>, Problem> {
    if !answer.status.is_success() {
        return Err(refused(account, sent, request, answer, body));
    }
    match body.update_response(account.dialect) {
        Ok(mut response) => {
            Scrub::new(&account.token, sent, request).response(&mut response);
            Ok(response)
        }
        Err(bad) => {
            let scrub = Scrub::new(&account.token, sent, request);
            let message = match &bad {
                InvalidResponse::Error(message) => message.as_deref().map(|message| scrub.text(message).into_owned()),
                _ => None,
            };
            let mut problem = Problem::new(Code::VendorBadResponse, capitalised(&bad.to_string()));
            problem.outcome = Outcome::Unknown;
            problem.attempts = Some(answer.attempts);
            problem.vendor_response = Some(VendorResponseSummary { status: answer.status.as_u16(), message });
            Err(problem)
        }
    }
}

/// As [`classify_response`] does, for an update whose caller has gone.
impl Judge for Dialect {
    fn confirms(&self, answer: &VendorResponse) -> bool {
        ResponseBody::read(&answer.body).update_response(self).is_ok()
    }
}

/// The problem for a vendor's answer outside 2xx.
fn refused(
    account: &Account,
    sent: &SentFields,
    request: &[u8],
    answer: &VendorResponse,
    body: &ResponseBody<'_>,
) -> Problem {
    if let Some(problem) = loop_detection::noticed(&answer.headers, &account.name) {
        return Problem { attempts: Some(answer.attempts), ..problem };
    }
    let status = answer.status.as_u16();
    let failure = body.error(account.dialect, &account.name, sent, status);
    let scrub = Scrub::new(&account.token, sent, request);
    let mut problem = meaning(failure.kind, status);
    // Only these two judge the update itself; any other answer says nothing about an earlier attempt that had none.
    let judges = matches!(failure.kind, VendorErrorKind::Refused | VendorErrorKind::NotFound);
    if answer.was_in_doubt && !judges {
        problem.outcome = Outcome::Unknown;
    }
    problem.attempts = Some(answer.attempts);
    if failure.kind == VendorErrorKind::RateLimited {
        problem.retry_after = Some(answer.retry_after().unwrap_or(DEFAULT_RETRY_AFTER));
    }
    problem.errors = failure.items;
    scrub.items(&mut problem.errors);
    let message = failure.message.map(|message| scrub.text(&message).into_owned());
    problem.vendor_response = Some(VendorResponseSummary { status, message });
    problem
}

/// What a vendor's error status means: which problem, and whether the update may have been applied. A 4xx is a
/// refusal, documented or not; anything else leaves it open.
fn meaning(verdict: VendorErrorKind, status: u16) -> Problem {
    let (code, detail) = match verdict {
        VendorErrorKind::Refused => (Code::ValidationFailed, "The vendor refused the update.".to_owned()),
        VendorErrorKind::NotFound => (Code::AssistantNotFound, "The vendor has no such assistant.".to_owned()),
        VendorErrorKind::CredentialsRejected => {
            (Code::VendorCredentialsRejected, "The vendor refused this gateway's token.".to_owned())
        }
        VendorErrorKind::AccountProblem => {
            (Code::VendorAccountProblem, "The vendor account cannot do this at present.".to_owned())
        }
        VendorErrorKind::RateLimited => {
            (Code::VendorRateLimited, "The vendor allows no more requests for now.".to_owned())
        }
        VendorErrorKind::Failed => (Code::VendorError, format!("The vendor failed with status {status}.")),
        VendorErrorKind::Redirected => {
            (Code::VendorBadResponse, format!("The vendor answered with a redirect, status {status}."))
        }
        VendorErrorKind::Unexpected => {
            (Code::VendorError, format!("The vendor answered with the undocumented status {status}."))
        }
    };
    let outcome = if (400..500).contains(&status) { Outcome::NotApplied } else { Outcome::Unknown };
    let retryable = (verdict == VendorErrorKind::Unexpected).then_some(false);
    Problem { outcome, retryable, ..Problem::new(code, detail) }
}

/// The problem for a vendor that did not answer.
pub(super) fn unanswered(failure: Failure) -> Problem {
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
        FailureKind::Paused { .. } => (Code::VendorRateLimited, "The vendor has asked for a pause that is not over."),
        FailureKind::CircuitOpen { .. } => {
            (Code::VendorCircuitOpen, "The vendor failed so often that it is left alone for a while.")
        }
    };
    let mut problem = Problem::new(code, detail).internally(failure.to_string());
    problem.cause = Some(Reason::Vendor(failure.kind.reason()));
    problem.outcome = if failure.sent { Outcome::Unknown } else { Outcome::NotApplied };
    problem.attempts = (failure.attempts > 0).then_some(failure.attempts);
    problem.retry_after =
        failure.kind.retry_after().or((code == Code::VendorUnreachable).then_some(DEFAULT_RETRY_AFTER));
    problem
}

/// The problem for a catalog that an update needs and that is not to be had: nothing has been sent then.
pub(super) fn without_catalog(account: &Account, failure: CatalogFailure) -> Problem {
    const WHAT: &str =
        "A name or id of this update is resolved through the vendor's catalog, which cannot be read now: ";
    let problem = match failure {
        CatalogFailure::Unanswered(failure) => unanswered(failure),
        CatalogFailure::Refused(answer) => {
            refused(account, &SentFields::default(), b"", &answer, &ResponseBody::read(&answer.body))
        }
        CatalogFailure::Malformed(detail) => Problem {
            retryable: Some(true),
            ..Problem::new(Code::VendorBadResponse, "The vendor's answer is not the documented list.")
                .internally(detail)
        },
        CatalogFailure::Absent => Problem::new(Code::VendorBadResponse, "The vendor has no such list."),
    };
    Problem {
        detail: format!("{WHAT}{}", problem.detail),
        outcome: Outcome::NotApplied,
        attempts: None,
        errors: Default::default(),
        ..problem
    }
}

fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
