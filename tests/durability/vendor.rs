//! A vendor that answers as a test says, and remembers what has arrived and what it has applied, each in its order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::support::PATIENCE;

/// A request that has arrived whole.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// Its place among all, from 1.
    pub(crate) nth: usize,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The assistant; 0 for a creation.
    pub(crate) id: u64,
    pub(crate) body: Value,
    pub(crate) token: String,
    pub(crate) at: Instant,
}

impl Arrival {
    /// The number in the name that it sets, as in `n7`.
    pub(crate) fn number(&self) -> u64 {
        number(&self.body)
    }
}

fn number(body: &Value) -> u64 {
    let name = body["assistant_name"].as_str().and_then(|name| name.strip_prefix('n'));
    name.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// What becomes of a request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// It is applied and confirmed.
    Ok,
    /// It is not applied, and this is the answer.
    Status(u16, Value),
    /// It is not applied, and the connection ends.
    Lost,
    /// It is applied, and the connection ends.
    AppliedAndLost,
    /// The connection ends, and it is applied once the gate opens.
    AppliedLate(Gate),
    /// The same after a moment.
    Slow(Duration, Box<Answer>),
    /// The same, once the gate opens.
    After(Gate, Box<Answer>),
}

impl Answer {
    /// A failure that says nothing of what was applied.
    pub(crate) fn down() -> Self {
        Self::Status(503, json!({ "message": "Service unavailable" }))
    }

    /// A failure for which the caller can do nothing, and which proves that nothing was applied.
    pub(crate) fn unauthenticated() -> Self {
        Self::Status(401, json!({ "message": "Unauthenticated." }))
    }

    /// A refusal of what was sent.
    pub(crate) fn invalid() -> Self {
        Self::Status(
            422,
            json!({ "message": "Validation failed", "errors": { "assistant_name": ["It is not good."] } }),
        )
    }

    pub(crate) fn after(self, gate: &Gate) -> Self {
        Self::After(gate.clone(), Box::new(self))
    }
}

/// Opens once, for all who wait.
#[derive(Clone)]
pub(crate) struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    async fn opened(&self) {
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

type Script = Box<dyn Fn(&Arrival) -> Answer + Send + Sync>;

struct Shared {
    arrivals: Mutex<Vec<Arrival>>,
    applied: Mutex<Vec<Arrival>>,
    script: Mutex<Script>,
    count: watch::Sender<usize>,
}

pub(crate) struct Vendor {
    pub(crate) base: String,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Vendor {
    /// One that applies everything.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/api", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            arrivals: Mutex::default(),
            applied: Mutex::default(),
            script: Mutex::new(Box::new(|_| Answer::Ok)),
            count: watch::channel(0).0,
        });
        let (served, mut serving) = (Arc::clone(&shared), JoinSet::new());
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let served = Arc::clone(&served);
                open.spawn(async move {
                    let service = service_fn(|request| answer(Arc::clone(&served), request));
                    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
                while open.try_join_next().is_some() {}
            }
        });
        Self { base, shared, _serving: serving }
    }

    /// What it does from now on.
    pub(crate) fn answers(&self, script: impl Fn(&Arrival) -> Answer + Send + Sync + 'static) {
        *lock(&self.shared.script) = Box::new(script);
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        lock(&self.shared.arrivals).clone()
    }

    /// The numbers that have arrived for an assistant, in their order.
    pub(crate) fn numbers(&self, id: u64) -> Vec<u64> {
        self.arrivals().iter().filter(|arrival| arrival.id == id).map(Arrival::number).collect()
    }

    /// The numbers that were applied for an assistant, in their order.
    pub(crate) fn applied(&self, id: u64) -> Vec<u64> {
        self.all_applied().iter().filter(|applied| applied.id == id).map(Arrival::number).collect()
    }

    /// What was applied, in its order.
    pub(crate) fn all_applied(&self) -> Vec<Arrival> {
        lock(&self.shared.applied).clone()
    }

    /// The fields of each assistant.
    pub(crate) fn state(&self) -> BTreeMap<u64, Map<String, Value>> {
        let mut state = BTreeMap::<u64, Map<String, Value>>::new();
        for Arrival { id, body, .. } in &*lock(&self.shared.applied) {
            state.entry(*id).or_default().extend(body.as_object().cloned().unwrap_or_default());
        }
        state
    }

    /// Waits until so many have arrived since the start.
    pub(crate) async fn arrived(&self, count: usize) {
        let mut counts = self.shared.count.subscribe();
        let arrived = counts.wait_for(|now| *now >= count);
        let now = || lock(&self.shared.arrivals).len();
        assert!(timeout(PATIENCE, arrived).await.is_ok(), "only {} of {count} have arrived", now());
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Gone> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Gone)?.to_bytes();
    let id = head.uri.path().rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or_default();
    let token = head.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut arrival = Arrival {
        nth: 0,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        id,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        token: token.to_owned(),
        at: Instant::now(),
    };
    let count = {
        let mut arrivals = lock(&shared.arrivals);
        (arrival.nth, arrival.at) = (arrivals.len() + 1, Instant::now());
        arrivals.push(arrival.clone());
        arrivals.len()
    };
    let mut answer = lock(&shared.script)(&arrival);
    shared.count.send_replace(count);
    // In a task of its own, because the gateway may go away meanwhile.
    let done = TaskTracker::new().spawn(async move {
        loop {
            answer = match answer {
                Answer::Slow(moment, then) => {
                    sleep(moment).await; // this is the vendor's own time, which nothing waits for
                    *then
                }
                Answer::After(gate, then) => {
                    gate.opened().await;
                    *then
                }
                ready => {
                    answer = ready;
                    break;
                }
            }
        }
        let apply = || lock(&shared.applied).push(arrival.clone());
        match answer {
            Answer::Status(status, body) => return Ok(respond(status, &body)),
            Answer::Lost | Answer::Slow(..) | Answer::After(..) => return Err(Gone),
            Answer::AppliedLate(gate) => {
                let (shared, arrival) = (Arc::clone(&shared), arrival.clone());
                TaskTracker::new().spawn(async move {
                    gate.opened().await;
                    lock(&shared.applied).push(arrival);
                });
                return Err(Gone);
            }
            Answer::AppliedAndLost => {
                apply();
                return Err(Gone);
            }
            Answer::Ok => apply(),
        }
        let name = arrival.body["assistant_name"].as_str().unwrap_or("an assistant");
        let data = |id| json!({ "id": id, "name": name, "status": "active", "type": "inbound", "mode": "pipeline" });
        Ok(match arrival.method.as_str() {
            "GET" => respond(200, &json!([{ "id": 41, "name": "Voice 41" }])),
            "DELETE" => respond(200, &json!({ "message": "Assistant deleted successfully" })),
            "POST" => {
                respond(201, &json!({ "message": "Assistant created successfully", "data": data(9000 + arrival.nth) }))
            }
            _ => {
                let id = usize::try_from(arrival.id).unwrap();
                respond(200, &json!({ "message": "Assistant updated successfully", "data": data(id) }))
            }
        })
    });
    done.await.map_err(|_| Gone)?
}

fn respond(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Full::from(body.to_string())).unwrap()
}

/// Ends the connection.
#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the vendor ends the connection")
    }
}

impl std::error::Error for Gone {}
