//! A panic in one request becomes that request's answer instead of a connection cut short.
//!
//! It belongs outermost around the service: what lies outside of it is not rescued. A panic while a
//! response body is being polled comes too late for an answer and ends the connection (never the
//! process: each connection is a task of its own).

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::CatchUnwind;
use tower::{Layer, Service};

/// The layer: `capture` takes from the request what `answer` needs if the service panics, and may note
/// in the request what the service must know of it.
#[derive(Clone, Copy, Debug)]
pub struct CatchPanicLayer<C, A> {
    capture: C,
    answer: A,
}

impl<C, A> CatchPanicLayer<C, A> {
    /// A layer that answers panics by `answer(capture(&mut request), message)`, which logs them, too.
    pub fn new(capture: C, answer: A) -> Self {
        Self { capture, answer }
    }
}

impl<S, C: Clone, A: Clone> Layer<S> for CatchPanicLayer<C, A> {
    type Service = CatchPanic<S, C, A>;

    fn layer(&self, inner: S) -> Self::Service {
        CatchPanic { inner, capture: self.capture.clone(), answer: self.answer.clone() }
    }
}

/// The service inside a [`CatchPanicLayer`].
#[derive(Clone, Copy, Debug)]
pub struct CatchPanic<S, C, A> {
    inner: S,
    capture: C,
    answer: A,
}

impl<S, C, A, T, R> Service<R> for CatchPanic<S, C, A>
where
    S: Service<R>,
    C: Fn(&mut R) -> T,
    A: Fn(T, &str) -> S::Response + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = CatchPanicFuture<S::Future, A, T>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let captured = Some((self.answer.clone(), (self.capture)(&mut request)));
        let inner = &mut self.inner;
        let stage = match std::panic::catch_unwind(AssertUnwindSafe(|| inner.call(request))) {
            Ok(future) => Stage::Running { future: AssertUnwindSafe(future).catch_unwind() },
            Err(panic) => Stage::Panicked { panic: Some(panic) },
        };
        CatchPanicFuture { stage, captured }
    }
}

pin_project_lite::pin_project! {
    #[project = StageProjection]
    enum Stage<F> {
        Running { #[pin] future: CatchUnwind<AssertUnwindSafe<F>> },
        Panicked { panic: Option<Box<dyn Any + Send>> },
    }
}

pin_project_lite::pin_project! {
    /// The future of [`CatchPanic`].
    pub struct CatchPanicFuture<F, A, T> {
        #[pin]
        stage: Stage<F>,
        captured: Option<(A, T)>,
    }
}

impl<F, A, T, R, E> Future for CatchPanicFuture<F, A, T>
where
    F: Future<Output = Result<R, E>>,
    A: Fn(T, &str) -> R,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let panic = match this.stage.project() {
            StageProjection::Running { future } => match ready!(future.poll(cx)) {
                Ok(result) => return Poll::Ready(result),
                Err(panic) => Some(panic),
            },
            StageProjection::Panicked { panic } => panic.take(),
        };
        match this.captured.take() {
            Some((answer, captured)) => Poll::Ready(Ok(answer(captured, panic.as_deref().map_or("", message)))),
            None => Poll::Pending,
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

    fn rescued<S: Service<&'static str, Response = String>>(
        service: S,
    ) -> impl Service<&'static str, Response = String, Error = S::Error> {
        let capture = |request: &mut &'static str| std::mem::replace(request, "noted").len();
        CatchPanicLayer::new(capture, |len, panic: &str| format!("rescued {len} from {panic}")).layer(service)
    }

    #[tokio::test]
    async fn a_panic_in_the_future_is_answered() {
        let service = service_fn(|text: &'static str| async move {
            tokio::task::yield_now().await;
            panic!("boom {text}")
        });
        let answer: Result<String, Infallible> = rescued(service).oneshot("abc").await;
        assert_eq!(answer.unwrap(), "rescued 3 from boom noted");
    }

    #[tokio::test]
    async fn a_panic_before_the_future_is_answered() {
        let service = service_fn(|text: &'static str| {
            assert!(text.is_empty(), "boom {text}");
            std::future::ready(Ok::<_, Infallible>(String::new()))
        });
        assert_eq!(rescued(service).oneshot("abc").await.unwrap(), "rescued 3 from boom noted");
    }

    #[tokio::test]
    async fn an_answer_and_an_error_pass_through() {
        let service = service_fn(|text: &'static str| async move { Ok::<_, &str>(text.to_owned()) });
        assert_eq!(rescued(service).oneshot("good").await.unwrap(), "noted");
        let service = service_fn(|_: &'static str| async move { Err("bad") });
        assert_eq!(rescued(service).oneshot("bad").await.unwrap_err(), "bad");
    }
}
