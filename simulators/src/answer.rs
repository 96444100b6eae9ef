//! Answers before they are sent, in the shapes that the vendor's framework gives them.

use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Response, StatusCode,
    body::Bytes,
    header::{self, HeaderName, HeaderValue},
};
use serde_json::Value;

/// What a connection sends.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// JSON with this status.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::empty(status).with(header::CONTENT_TYPE, "application/json").with_body(body.to_string())
    }

    /// `{"message": …}` with this status.
    pub(crate) fn message(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "message": message }))
    }

    /// A page for a browser with this status.
    pub(crate) fn html(status: u16) -> Self {
        let answer = Self::empty(status).with(header::CONTENT_TYPE, "text/html; charset=UTF-8");
        let title = answer.status;
        answer.with_body(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
        ))
    }

    /// 302 to `location`, with the page that the framework puts in it.
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

    /// The same answer with a header; text that cannot be one is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same answer with another body.
    pub(crate) fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The answer as a response that is sent whole.
    pub(crate) fn into_response(self) -> Response<AnswerBody> {
        let body = Full::new(self.body.clone()).boxed_unsync();
        self.into_response_with(body)
    }

    /// The answer as a response with its body sent by other means.
    pub(crate) fn into_response_with(self, body: AnswerBody) -> Response<AnswerBody> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
