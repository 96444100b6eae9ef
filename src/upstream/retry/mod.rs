//! Retries: their layer, their budget, and how long a vendor asks us to wait.

pub(super) mod budget;
pub(super) mod layer;
pub(super) mod retry_after;
