//! What the status of a vendor's error means, with what its headers say.

use http::{HeaderMap, HeaderName};
use vendors::VendorErrorKind;

use crate::account::Account;
use crate::problem::{Code, Outcome, Problem};

/// Cloudflare sets it on a challenge that it answers itself.
const CF_MITIGATED: HeaderName = HeaderName::from_static("cf-mitigated");

/// What an error means, as its headers say it. A challenge of bot protection never comes from the vendor's API.
pub(super) fn kind_by_headers(kind: VendorErrorKind, headers: &HeaderMap) -> VendorErrorKind {
    match headers.contains_key(CF_MITIGATED) && depends_on_body(kind) {
        true => VendorErrorKind::Intermediary,
        false => kind,
    }
}

/// Whether a kind of error is believed only if the body is the API's.
pub(super) fn depends_on_body(kind: VendorErrorKind) -> bool {
    use VendorErrorKind::{CredentialsRejected, Intermediary, NotFound, Refused, WrongAddress};
    matches!(kind, CredentialsRejected | Intermediary | NotFound | Refused | WrongAddress)
}

/// The problem for a vendor's error status. A 4xx means that the update was not applied; after any other status it may
/// have been.
pub(super) fn status_problem(account: &Account, kind: VendorErrorKind, status: u16) -> Problem {
    let (code, detail) = match kind {
        VendorErrorKind::Refused => (Code::ValidationFailed, "The vendor refused the update.".to_owned()),
        VendorErrorKind::NotFound => (Code::AssistantNotFound, "The vendor has no such assistant.".to_owned()),
        VendorErrorKind::CredentialsRejected => {
            (Code::VendorCredentialsRejected, "The vendor refused this gateway's token.".to_owned())
        }
        VendorErrorKind::Intermediary => (
            Code::VendorBadResponse,
            format!(
                "Something in front of the vendor's API answered with status {status} and a page or text of its own, as bot \
                 protection and firewalls do."
            ),
        ),
        VendorErrorKind::WrongAddress => (
            Code::VendorBadResponse,
            format!(
                "The address answered {status}, but not as the vendor's API does for an unknown assistant: the account's \
                 `base_url` may be wrong."
            ),
        ),
        VendorErrorKind::AccountProblem => {
            (Code::VendorAccountProblem, "The vendor account cannot do this at present.".to_owned())
        }
        VendorErrorKind::Misconfigured => (Code::VendorAccountProblem, misconfigured(account)),
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
    let retryable = match kind {
        VendorErrorKind::Unexpected if status != 408 => Some(false),
        VendorErrorKind::Intermediary => Some(true),
        _ => None,
    };
    Problem { outcome, retryable, ..Problem::new(code, detail) }
}

/// What of the account's configuration the vendor does not know.
fn misconfigured(account: &Account) -> String {
    let parameters = account.plan.parameters.iter();
    let set: Vec<_> = parameters.map(|(name, value)| format!("`{name} = \"{value}\"`")).collect();
    let what = if set.is_empty() { "what the account is configured with".to_owned() } else { set.join(", ") };
    format!("The vendor does not know {what}, which the account's configuration says.")
}
