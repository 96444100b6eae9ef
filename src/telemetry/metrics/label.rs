//! Labels whose values callers have a say in, brought down to closed lists.

use std::sync::OnceLock;

use http::Method;
use strum::VariantArray;

use crate::problem::{Code, FailureReason, Reason};

/// How many routes have a label of their own.
pub(super) const MAX_ROUTES: usize = 64;

/// The routes that requests had so far. Each is a template of a table of routes, so there are only as many as that has.
static ROUTES: [OnceLock<&'static str>; MAX_ROUTES] = [const { OnceLock::new() }; MAX_ROUTES];

/// The methods; the first is for all that are not listed.
pub const METHODS: [&str; 8] = ["other", "GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"];

/// The place of a route among [`ROUTES`]; those that find no room share the last one.
pub(super) fn route(template: &'static str) -> usize {
    ROUTES.iter().position(|slot| *slot.get_or_init(|| template) == template).unwrap_or(MAX_ROUTES - 1)
}

/// The route at that place.
pub(super) fn route_name(place: usize) -> &'static str {
    ROUTES.get(place).and_then(OnceLock::get).copied().unwrap_or_default()
}

/// The place of a method in [`METHODS`].
pub(super) fn method(method: &Method) -> usize {
    METHODS.iter().skip(1).position(|known| *known == method.as_str()).map_or(0, |index| index + 1)
}

/// Reasons that are neither a code nor a failure at the vendor.
const PLAIN: [Reason; 5] = [Reason::Ok, Reason::ClientClosed, Reason::Stopped, Reason::Panic, Reason::Draining];

/// Failures at the vendor.
const FAILURES: &[FailureReason] = FailureReason::VARIANTS;

/// How many reasons there are.
#[cfg(test)]
pub(super) const REASONS: usize = PLAIN.len() + Code::ALL.len() + FAILURES.len();

/// The place of a reason, without a wildcard, so that a new one does not pass for another; those with the same word share one.
pub(super) fn reason(reason: Reason) -> usize {
    let code = |code: Code| PLAIN.len() + code as usize;
    match reason {
        Reason::Code(given) => code(given),
        Reason::Vendor(FailureReason::Timeout) => code(Code::VendorTimeout),
        Reason::Vendor(FailureReason::CircuitOpen) => code(Code::VendorCircuitOpen),
        Reason::Vendor(failure) => PLAIN.len() + Code::ALL.len() + failure as usize,
        Reason::Ok => 0,
        Reason::ClientClosed => 1,
        Reason::Stopped => 2,
        Reason::Panic => 3,
        Reason::Draining => 4,
    }
}

/// The word of the reason at that place.
pub(super) fn reason_word(place: usize) -> &'static str {
    let codes = PLAIN.len()..PLAIN.len() + Code::ALL.len();
    if codes.contains(&place) {
        return Code::ALL[place - codes.start].as_str();
    }
    let reason = PLAIN.get(place).copied();
    let failure = || FAILURES.get(place.checked_sub(codes.end)?).copied().map(Reason::Vendor);
    reason.or_else(failure).map_or("other", Reason::as_str)
}

#[cfg(test)]
mod tests {
    use crate::telemetry::metrics::label::*;

    #[test]
    fn every_reason_has_a_place_and_every_word_only_one() {
        let all = PLAIN
            .into_iter()
            .chain(Code::ALL.iter().copied().map(Reason::Code))
            .chain(FAILURES.iter().copied().map(Reason::Vendor));
        let mut words = std::collections::HashMap::new();
        for one in all {
            assert_eq!(reason_word(reason(one)), one.as_str());
            assert_eq!(*words.entry(one.as_str()).or_insert(reason(one)), reason(one), "{}", one.as_str());
        }
    }

    #[test]
    fn every_route_keeps_its_place() {
        let (one, other) = (route("/v1/one"), route("/v1/other"));
        assert_eq!((route("/v1/one"), route_name(one), route_name(other)), (one, "/v1/one", "/v1/other"));
        assert_ne!(one, other);
    }

    #[test]
    fn what_a_caller_invents_is_other() {
        assert_eq!(METHODS[method(&Method::PATCH)], "PATCH");
        for invented in ["BREW", "patch", "other", "TRACE"] {
            assert_eq!(METHODS[method(&invented.parse().unwrap())], "other", "{invented}");
        }
    }
}
