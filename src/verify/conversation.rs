//! Requests to the vendor, one after the other and not faster than it likes.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::time::{Instant, sleep};
use vendors::{Asked, Drift, drift};

use crate::edge::request_id::RequestId;
use crate::edge::traceparent::TraceContext;
use crate::upstream::{Account, FailureKind, Outgoing};

/// How long one request may take, pauses that the vendor asks for included.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often a request is made again that the vendor put off.
const TIMES: usize = 5;

/// Why a verification cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// There was no answer.
    #[error("the vendor did not answer: {0}")]
    Unanswered(String),
    /// The token is refused.
    #[error("the vendor refuses the token, with status {0}")]
    Token(u16),
    /// The vendor wants fewer requests than this makes.
    #[error("the vendor still answers 429 after the pauses that it asked for; try a longer --pause")]
    TooFast,
    /// The list cannot be read.
    #[error("the list of assistants cannot be read: {0}")]
    NoList(String),
    /// The account has no such assistant.
    #[error("the account lists no assistant with the id {0}")]
    NoAssistant(String),
    /// The id cannot be one.
    #[error("`{0}` is no assistant's id here")]
    NoId(String),
}

/// What came back, read whole.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// An exchange of requests and answers with one account.
pub(super) struct Conversation<'a> {
    account: &'a Account,
    pause: Duration,
    reads: usize,
    writes: usize,
    drift: Vec<(Asked, Drift)>,
}

impl<'a> Conversation<'a> {
    pub(super) const fn new(account: &'a Account, pause: Duration) -> Self {
        Self { account, pause, reads: 0, writes: 0, drift: Vec::new() }
    }

    pub(super) const fn reads(&self) -> usize {
        self.reads
    }

    pub(super) const fn writes(&self) -> usize {
        self.writes
    }

    /// Where answers were not as documented, each once.
    pub(super) fn drift(&self) -> &[(Asked, Drift)] {
        &self.drift
    }

    /// Reads; `None` if the answer is longer than is read.
    pub(super) async fn get(&mut self, asked: Asked, path: &str) -> Result<Option<Reply>, Stop> {
        self.reads += 1;
        self.send(Method::GET, asked, path, Bytes::new()).await
    }

    /// Updates the assistant.
    pub(super) async fn put(&mut self, id: &str, body: Vec<u8>) -> Result<Reply, Stop> {
        self.writes += 1;
        let path = self.account.dialect.update_path(id);
        let reply = self.send(Method::PUT, Asked::Update, &path, body.into()).await?;
        reply.ok_or_else(|| Stop::Unanswered("its answer is longer than is read".to_owned()))
    }

    async fn send(&mut self, method: Method, asked: Asked, path: &str, body: Bytes) -> Result<Option<Reply>, Stop> {
        if self.reads + self.writes > 1 && !self.pause.is_zero() {
            sleep(self.pause).await;
        }
        let uri = self.account.stack.uri(path).map_err(|error| Stop::Unanswered(error.to_string()))?;
        for _ in 0..TIMES {
            let mut outgoing = Outgoing::new(method.clone(), uri.clone(), Instant::now() + PATIENCE);
            let (id, trace) = (RequestId::generate(), TraceContext::begin());
            outgoing.headers = self.account.headers(id.to_header_value(), trace.to_header_value());
            outgoing.body = body.clone();
            let answer = match self.account.stack.call(outgoing).await {
                Ok(answer) => answer,
                Err(failure) if matches!(failure.kind, FailureKind::BodyTooLong { .. }) => return Ok(None),
                Err(failure) => return Err(Stop::Unanswered(failure.to_string())),
            };
            match answer.status.as_u16() {
                status @ (401 | 403) => return Err(Stop::Token(status)),
                429 => sleep(answer.retry_after().unwrap_or(self.pause).min(PATIENCE)).await,
                status => {
                    self.watch(asked, status, &answer.body);
                    return Ok(Some(Reply { status, body: answer.body }));
                }
            }
        }
        Err(Stop::TooFast)
    }

    fn watch(&mut self, asked: Asked, status: u16, body: &[u8]) {
        for found in drift(self.account.dialect, asked, status, body) {
            let known =
                |(to, known): &(Asked, Drift)| *to == asked && known.kind == found.kind && known.place == found.place;
            if !self.drift.iter().any(known) {
                self.drift.push((asked, found));
            }
        }
    }
}
