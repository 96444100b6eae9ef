//! The one interface of all layers.
//!
//! It is tower's `Service` with a shared receiver and a borrowed request: no layer here has readiness of its own to
//! report (whoever must wait, waits inside the call, under the deadline), and a borrowed request makes the whole
//! chain one future without a box or a clone per layer. Layers are composed with tower's `ServiceBuilder` all the
//! same.

use super::{Failure, VendorRequest, VendorResponse};

/// Something that takes a request to a vendor and brings back what came of it.
pub trait Call: Send + Sync + 'static {
    /// Sends `outgoing`; dropping the future abandons it wherever it is and gives back all it held.
    fn call(&self, outgoing: &VendorRequest) -> impl Future<Output = Result<VendorResponse, Failure>> + Send;
}
