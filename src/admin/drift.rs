//! What the status document says of a vendor's drift.

use serde_json::{Map, Value, json};

use crate::account::drift::DriftWatch;

/// How often each kind was seen, and what was seen, when first and when last.
pub(super) fn drift(watch: &DriftWatch) -> Value {
    let counts: Map<_, _> = watch.counts().map(|(kind, count)| (kind.as_str().to_owned(), json!(count))).collect();
    let seen = watch.seen();
    json!({ "counts": counts, "differences": seen.differences, "other": seen.other })
}
