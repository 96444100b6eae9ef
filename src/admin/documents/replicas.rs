//! `GET /admin/replicas`: this process, and all that share its store.

use crate::admin::Operator;
use crate::api::required;
use crate::problem::{Code, Problem};

pub(crate) use crate::api::ReplicaView;

/// The document.
///
/// # Errors
/// There is no store, or it is not shared.
pub(crate) fn replicas(operator: &Operator) -> Result<ReplicaView, Problem> {
    let records = required(operator.context.records.as_ref())?;
    records.replica_view().ok_or_else(|| {
        let detail = "replicas share a store of the kind `postgres`, and this gateway has one of its own";
        Problem::new(Code::StoreRequired, detail)
    })
}
