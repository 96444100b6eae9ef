//! Turns a panic in one request into a response, where the connection would otherwise be cut.
//!
//! It is the outermost layer, because it catches only what runs inside it. A panic while a response body is polled is too
//! late for a response. It ends the connection, but never the process, as each connection is a task of its own.

use std::any::Any;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::{CatchUnwind, Either};
use tower::Service;

/// A service that responds to panics of an inner one.
#[derive(Clone, Copy, Debug)]
pub struct CatchPanic<S, C, R> {
    inner: S,
    capture: C,
    respond: R,
}

impl<S, C, R> CatchPanic<S, C, R> {
    /// Responds to a panic by `respond(capture(&mut request), message)`; `capture` may change the request as well.
    pub fn new(inner: S, capture: C, respond: R) -> Self {
        Self { inner, capture, respond }
    }
}

impl<S, C, R, T, Request> Service<Request> for CatchPanic<S, C, R>
where
    S: Service<Request>,
    C: Fn(&mut Request) -> T,
    R: Fn(T, &str) -> S::Response + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = CatchPanicFuture<S::Future, R, T>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let captured = Some((self.respond.clone(), (self.capture)(&mut request)));
        let inner = &mut self.inner;
        let future = match catch_unwind(AssertUnwindSafe(|| inner.call(request))) {
            Ok(future) => Either::Left(AssertUnwindSafe(future).catch_unwind()),
            Err(panic) => Either::Right(ready(Err(panic))),
        };
        CatchPanicFuture { future, captured }
    }
}

type Caught<F> = Either<CatchUnwind<AssertUnwindSafe<F>>, Ready<std::thread::Result<<F as Future>::Output>>>;

pin_project_lite::pin_project! {
    /// The future of [`CatchPanic`].
    pub struct CatchPanicFuture<F: Future, R, T> {
        #[pin]
        future: Caught<F>,
        captured: Option<(R, T)>,
    }
}

impl<F, R, T, Response, E> Future for CatchPanicFuture<F, R, T>
where
    F: Future<Output = Result<Response, E>>,
    R: Fn(T, &str) -> Response,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match (ready!(this.future.poll(cx)), this.captured.take()) {
            (Ok(result), _) => Poll::Ready(result),
            (Err(panic), Some((respond, captured))) => Poll::Ready(Ok(respond(captured, message(&*panic)))),
            (Err(_), None) => Poll::Pending,
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("not a text")
}

#[cfg(test)]
mod tests {
    use crate::http::catch_panic::*;
    use std::convert::Infallible;
    use tower::{ServiceExt, service_fn};

    fn catching<S: Service<&'static str, Response = String>>(
        service: S,
    ) -> impl Service<&'static str, Response = String, Error = S::Error> {
        let capture = |request: &mut &'static str| std::mem::replace(request, "replaced").len();
        CatchPanic::new(service, capture, |len, panic: &str| format!("caught {len} of {panic}"))
    }

    #[tokio::test]
    async fn a_panic_in_the_future_becomes_a_response() {
        let service = service_fn(|text: &'static str| async move {
            tokio::task::yield_now().await;
            panic!("boom {text}")
        });
        let response: Result<String, Infallible> = catching(service).oneshot("abc").await;
        assert_eq!(response.unwrap(), "caught 3 of boom replaced");
    }

    #[tokio::test]
    async fn a_panic_before_the_future_becomes_a_response() {
        let service = service_fn(|text: &'static str| {
            assert!(text.is_empty(), "boom {text}");
            ready(Ok::<_, Infallible>(String::new()))
        });
        assert_eq!(catching(service).oneshot("abc").await.unwrap(), "caught 3 of boom replaced");
    }

    #[tokio::test]
    async fn a_response_and_an_error_pass_through() {
        let service = service_fn(|text: &'static str| async move { Ok::<_, &str>(text.to_owned()) });
        assert_eq!(catching(service).oneshot("good").await.unwrap(), "replaced");
        let service = service_fn(|_: &'static str| async move { Err("bad") });
        assert_eq!(catching(service).oneshot("bad").await.unwrap_err(), "bad");
    }
}
