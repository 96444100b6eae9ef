//! Turns a panic in one request into a response, where the connection would otherwise be cut.
//!
//! It is the outermost layer, because it catches only what runs inside it. A panic while a response body is polled is too
//! late for a response. It ends the connection, but never the process, as each connection is a task of its own.
//! `CatchPanic` of tower-http boxes every response's body and does not show the request to what responds to the panic.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tower::{Service, ServiceExt};

/// Calls the service with the request, and responds to a panic by `respond(message)`.
pub fn catch_panic<S: Service<R>, R>(
    service: S,
    request: R,
    respond: impl FnOnce(&str) -> S::Response,
) -> impl Future<Output = Result<S::Response, S::Error>> {
    let called = AssertUnwindSafe(service.oneshot(request)).catch_unwind();
    called.map(|result| result.unwrap_or_else(|panic| Ok(respond(message(&*panic)))))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("not a text")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::ready;

    use tower::service_fn;

    use crate::http::catch_panic::*;

    async fn catching<S: Service<&'static str, Response = String>>(service: S) -> Result<String, S::Error> {
        catch_panic(service, "abc", |panic| format!("caught {panic}")).await
    }

    #[tokio::test]
    async fn a_panic_in_the_future_becomes_a_response() {
        let service = service_fn(|text: &'static str| async move {
            tokio::task::yield_now().await;
            panic!("boom {text}")
        });
        let response: Result<String, Infallible> = catching(service).await;
        assert_eq!(response.unwrap(), "caught boom abc");
    }

    #[tokio::test]
    async fn a_panic_before_the_future_becomes_a_response() {
        let service = service_fn(|text: &'static str| {
            assert!(text.is_empty(), "boom {text}");
            ready(Ok::<_, Infallible>(String::new()))
        });
        assert_eq!(catching(service).await.unwrap(), "caught boom abc");
    }

    #[tokio::test]
    async fn a_response_and_an_error_pass_through() {
        let service = service_fn(|text: &'static str| async move { Ok::<_, &str>(text.to_owned()) });
        assert_eq!(catching(service).await.unwrap(), "abc");
        let service = service_fn(|_: &'static str| async move { Err("bad") });
        assert_eq!(catching(service).await.unwrap_err(), "bad");
    }
}
