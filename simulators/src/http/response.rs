//! Responses before they are sent, in the forms that the vendor's framework produces.

use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Response, StatusCode,
    body::Bytes,
    header::{self, HeaderName, HeaderValue},
};
use serde_json::Value;

/// The body of a response.
pub(crate) type ResponseBody = UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// A complete response.
#[derive(Debug, Clone)]
pub(crate) struct VendorResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl VendorResponse {
    /// JSON with this status.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::empty(status).with(header::CONTENT_TYPE, "application/json").with_body(body.to_string())
    }

    /// `{"message": …}` with this status.
    pub(crate) fn message(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "message": message }))
    }

    /// An HTML page with this status.
    pub(crate) fn html(status: u16) -> Self {
        let response = Self::empty(status).with(header::CONTENT_TYPE, "text/html; charset=UTF-8");
        let title = response.status;
        response.with_body(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
        ))
    }

    /// 302 to `location`, with the HTML page that the framework adds.
    pub(crate) fn redirect(location: &str) -> Self {
        Self::empty(302)
            .with(header::CONTENT_TYPE, "text/html; charset=UTF-8")
            .with(header::LOCATION, location)
            .with_body(format!(
                "<!DOCTYPE html>\n<html>\n<body>Redirecting to <a href=\"{location}\">{location}</a>.</body>\n</html>\n"
            ))
    }

    /// This status and no body.
    pub(crate) fn empty(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// The same response with a header; a value that is not valid in a header is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same response with another body.
    pub(crate) fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The hyper response that sends the body at once.
    pub(crate) fn into_response(self) -> Response<ResponseBody> {
        let body = Full::new(self.body.clone()).boxed_unsync();
        self.into_response_with(body)
    }

    /// The hyper response with a body that is sent in another way.
    pub(crate) fn into_response_with(self, body: ResponseBody) -> Response<ResponseBody> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
