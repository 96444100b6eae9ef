//! The interface of all layers: tower's `Service` with a shared receiver and a borrowed request.
//!
//! No layer has a readiness of its own, because requests wait inside the call, under the deadline. A borrowed request makes
//! the whole chain one future without a box or a clone per layer. tower's `ServiceBuilder` composes the layers.

use super::{Failure, VendorRequest, VendorResponse};

/// Sends requests to a vendor.
pub trait Call: Send + Sync + 'static {
    /// Sends `request`. Dropping the future cancels it and releases everything it holds.
    fn call(&self, request: &VendorRequest) -> impl Future<Output = Result<VendorResponse, Failure>> + Send;
}
