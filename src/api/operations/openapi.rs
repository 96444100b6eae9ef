//! `GET /openapi.json`: the OpenAPI document.

use std::sync::LazyLock;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::api::openapi::openapi;
use crate::api::response::typed;

/// The answer, whose text is made once.
pub(super) fn respond() -> Response<Full<Bytes>> {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| openapi().to_string().into());
    typed(TEXT.clone(), "application/json")
}
