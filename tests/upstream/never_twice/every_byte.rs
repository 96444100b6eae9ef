//! A vendor that dies at every byte of a creation's exchange, in either direction, and works again at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use switchboard::upstream::{Failure, Repeat, VendorResponse};
use tokio::net::TcpListener;
use tokio_util::either::Either;
use tokio_util::task::TaskTracker;

use super::proxy::{Cut, Proxy, Towards};
use super::{creation, secure, stack};
use crate::tls::{Server, acceptor};

/// How often the request of each exchange arrived.
type Arrivals = Arc<Mutex<HashMap<String, usize>>>;

/// A vendor behind a proxy.
struct Scene {
    proxy: Proxy,
    server: Server,
    arrivals: Arrivals,
}

impl Scene {
    /// Over TLS with this protocol, or without TLS.
    async fn new(alpn: Option<&[u8]>) -> Self {
        let tls = acceptor(&[alpn.unwrap_or_default()]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, arrivals) = (listener.local_addr().unwrap().port(), Arrivals::default());
        let (seen, secure) = (Arc::clone(&arrivals), alpn.is_some());
        TaskTracker::new().spawn(async move {
            let serving = TaskTracker::new();
            while let Ok((socket, _)) = listener.accept().await {
                socket.set_nodelay(true).unwrap();
                let (acceptor, seen) = (tls.0.clone(), Arc::clone(&seen));
                serving.spawn(async move {
                    let stream = if secure {
                        let Ok(stream) = acceptor.accept(socket).await else { return };
                        Either::Left(stream)
                    } else {
                        Either::Right(socket)
                    };
                    let service = service_fn(|request| answer(request, Arc::clone(&seen)));
                    let http = auto::Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        let proxy = Proxy::start(port).await;
        let base = match alpn {
            Some(_) => format!("https://localhost:{}", proxy.port),
            None => format!("http://127.0.0.1:{}", proxy.port),
        };
        Self { proxy, server: Server { base, certificate: tls.1 }, arrivals }
    }

    /// One exchange over a stack of its own.
    async fn exchange(&self, name: &str, repeat: Repeat) -> Result<VendorResponse, Failure> {
        let stack = if self.server.base.starts_with("https") { secure(&self.server) } else { stack(&self.server.base) };
        let mut request = creation(&stack).repeated(repeat);
        request.headers.insert("x-exchange", name.parse().unwrap());
        stack.update(request).await
    }

    fn arrivals(&self, name: &str) -> usize {
        self.arrivals.lock().unwrap().get(name).copied().unwrap_or_default()
    }

    /// Every `step`th byte at which the next exchange can be cut, by either end.
    async fn cuts(&self, step: usize) -> Vec<Cut> {
        self.exchange("whole", Repeat::OnlyIfUnsent).await.unwrap();
        let lengths = [Towards::Vendor, Towards::Gateway].map(|towards| (towards, self.proxy.passed(towards)));
        let bytes = lengths.into_iter().flat_map(|(towards, length)| (0..length).map(move |at| (towards, at)));
        let cuts = bytes.flat_map(|(towards, at)| [false, true].map(|reset| Cut { towards, at, reset }));
        cuts.enumerate().filter(|(nth, _)| nth % step == 0).map(|(_, cut)| cut).collect()
    }

    /// Cuts one exchange after another; returns how many succeeded and how many failed with an unknown outcome.
    async fn cut_each(&self, step: usize) -> [usize; 2] {
        let (mut ended, cuts) = ([0; 2], self.cuts(step).await);
        assert!(cuts.len() < 700, "{} exchanges take too long", cuts.len());
        for (nth, cut) in cuts.iter().enumerate() {
            self.proxy.cut(*cut);
            let name = nth.to_string();
            match self.exchange(&name, Repeat::OnlyIfUnsent).await {
                Ok(response) => {
                    assert_eq!(response.status, StatusCode::CREATED, "{cut:?}");
                    assert_eq!(self.arrivals(&name), 1, "{cut:?}");
                    ended[0] += 1;
                }
                Err(failure) if failure.sent => {
                    assert_eq!(failure.attempts, 1, "{cut:?}: {failure}");
                    ended[1] += 1;
                }
                Err(failure) => panic!("one more attempt meets a vendor that works: {cut:?}: {failure}"),
            }
        }
        for (name, arrivals) in &*self.arrivals.lock().unwrap() {
            let cut = name.parse::<usize>().ok().map(|nth| cuts[nth]);
            assert!(*arrivals <= 1, "it arrived {arrivals} times: {cut:?}");
        }
        ended
    }
}

async fn answer(
    request: Request<Incoming>,
    arrivals: Arrivals,
) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    let name = request.headers()["x-exchange"].to_str().unwrap().to_owned();
    *arrivals.lock().unwrap().entry(name).or_default() += 1;
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(b"{\"data\":{\"id\":790}}")));
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

#[tokio::test]
async fn a_vendor_that_dies_at_any_byte_over_http1_gets_a_creation_at_most_once() {
    let [created, unknown] = Scene::new(None).await.cut_each(1).await;
    assert!(unknown > 100, "{created} were created, {unknown} are unknown");
}

#[tokio::test]
async fn so_it_is_within_tls() {
    let [created, unknown] = Scene::new(Some(b"http/1.1")).await.cut_each(11).await;
    assert!(created > 50 && unknown > 10, "{created} were created, after a second handshake, {unknown} are unknown");
}

#[tokio::test]
async fn so_it_is_over_http2() {
    let [created, unknown] = Scene::new(Some(b"h2")).await.cut_each(11).await;
    assert!(created > 50 && unknown > 10, "{created} were created, after a second handshake, {unknown} are unknown");
}

#[tokio::test]
async fn a_request_that_may_be_repeated_does_arrive_twice_there() {
    for alpn in [None, Some(&b"http/1.1"[..]), Some(b"h2")] {
        let scene = Scene::new(alpn).await;
        scene.exchange("whole", Repeat::OnlyIfUnsent).await.unwrap();
        let length = scene.proxy.passed(Towards::Gateway);
        let mut most = 0;
        for back in (1..60).step_by(3) {
            scene.proxy.cut(Cut { towards: Towards::Gateway, at: length - back, reset: false });
            scene.exchange(&back.to_string(), Repeat::WheneverSafe).await.unwrap();
            most = most.max(scene.arrivals(&back.to_string()));
        }
        assert_eq!(most, 2, "{alpn:?}");
    }
}
