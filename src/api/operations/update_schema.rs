//! `GET /v1/schema`: the JSON Schema of updates.

use std::sync::LazyLock;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use vendors::document::canonical_schema;

use crate::api::response::typed;

/// The answer, whose text is made once.
pub(super) fn respond() -> Response<Full<Bytes>> {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| canonical_schema().to_string().into());
    typed(TEXT.clone(), "application/schema+json")
}
