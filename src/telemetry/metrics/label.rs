//! Closed lists for labels whose values depend on callers, so that callers cannot create series.

use std::sync::OnceLock;

use http::Method;
use strum::VariantArray;

use crate::problem::{Code, FailureReason, Reason};

/// The maximum number of routes with their own label.
pub(super) const MAX_ROUTES: usize = 64;

/// The path templates of requests so far. Each is from the routers' tables, so there are no more than these have.
static ROUTES: [OnceLock<&'static str>; MAX_ROUTES] = [const { OnceLock::new() }; MAX_ROUTES];

/// The methods; the first stands for all others.
pub const METHODS: [&str; 8] = ["other", "GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"];

/// The index of a route in [`ROUTES`]; routes beyond the maximum share the last one.
pub(super) fn route(template: &'static str) -> usize {
    ROUTES.iter().position(|slot| *slot.get_or_init(|| template) == template).unwrap_or(MAX_ROUTES - 1)
}

/// The route at that index.
pub(super) fn route_name(index: usize) -> &'static str {
    ROUTES.get(index).and_then(OnceLock::get).copied().unwrap_or_default()
}

/// The index of a method in [`METHODS`].
pub(super) fn method(method: &Method) -> usize {
    METHODS.iter().skip(1).position(|known| *known == method.as_str()).map_or(0, |index| index + 1)
}

/// Reasons that are neither a problem code nor a vendor failure.
const PLAIN: [Reason; 5] = [Reason::Ok, Reason::ClientClosed, Reason::Stopped, Reason::Panic, Reason::Draining];

/// Vendor failures.
const FAILURES: &[FailureReason] = FailureReason::VARIANTS;

/// How many reasons there are.
#[cfg(test)]
pub(super) const REASONS: usize = PLAIN.len() + Code::ALL.len() + FAILURES.len();

/// The index of a reason. The match has no wildcard, so a new reason cannot be forgotten. Reasons with the same name share an
/// index.
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

/// The name of the reason at that index.
pub(super) fn reason_name(index: usize) -> &'static str {
    let codes = PLAIN.len()..PLAIN.len() + Code::ALL.len();
    if codes.contains(&index) {
        return Code::ALL[index - codes.start].as_str();
    }
    let reason = PLAIN.get(index).copied();
    let failure = || FAILURES.get(index.checked_sub(codes.end)?).copied().map(Reason::Vendor);
    reason.or_else(failure).map_or("other", Reason::as_str)
}

#[cfg(test)]
mod tests {
    use crate::telemetry::metrics::label::*;

    #[test]
    fn every_reason_has_an_index_and_every_name_only_one() {
        let all = PLAIN
            .into_iter()
            .chain(Code::ALL.iter().copied().map(Reason::Code))
            .chain(FAILURES.iter().copied().map(Reason::Vendor));
        let mut names = std::collections::HashMap::new();
        for one in all {
            assert_eq!(reason_name(reason(one)), one.as_str());
            assert_eq!(*names.entry(one.as_str()).or_insert(reason(one)), reason(one), "{}", one.as_str());
        }
    }

    #[test]
    fn every_route_keeps_its_index() {
        let (one, other) = (route("/v1/one"), route("/v1/other"));
        assert_eq!((route("/v1/one"), route_name(one), route_name(other)), (one, "/v1/one", "/v1/other"));
        assert_ne!(one, other);
    }

    #[test]
    fn unknown_methods_are_other() {
        assert_eq!(METHODS[method(&Method::PATCH)], "PATCH");
        for invented in ["BREW", "patch", "other", "TRACE"] {
            assert_eq!(METHODS[method(&invented.parse().unwrap())], "other", "{invented}");
        }
    }
}
