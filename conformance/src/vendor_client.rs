//! Sends requests to the vendor one after the other, with a pause between them, and collects drift from the responses.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::time::sleep;
use vendors::{Call, Drift, Operation, Purpose, Step, drift};

use crate::single_account::{SendError, SingleAccount};

/// How long one request may take, including pauses that the vendor asks for.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(180);

/// How often a request is sent while the vendor answers 429.
const MAX_ATTEMPTS: usize = 5;

/// Why a check cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// There was no response.
    #[error("the vendor did not answer: {0}")]
    Unanswered(String),
    /// The token is rejected.
    #[error("the vendor refuses the token, with status {0}")]
    Token(u16),
    /// The vendor wants fewer requests than this sends.
    #[error("the vendor still answers 429 after the pauses that it asked for; try a longer --pause")]
    TooFast,
    /// The list cannot be read.
    #[error("the list of assistants cannot be read: {0}")]
    NoList(String),
    /// The account has no such assistant.
    #[error("the account lists no assistant with the id {0}")]
    NoAssistant(String),
    /// The assistant cannot be read.
    #[error("the assistant cannot be read: {0}")]
    NoDocument(String),
    /// Updates of a published assistant would leave a draft behind.
    #[error(
        "the assistant is published: updates would leave a draft version behind at {0}. Allow that with --draft, or name \
         an assistant whose latest version is a draft"
    )]
    Published(&'static str),
    /// The id is not in the vendor's format.
    #[error("`{0}` is not an assistant's id at this vendor")]
    NoId(String),
}

/// A response, read whole.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// One account, and what was sent to it and learned from it so far.
pub(crate) struct VendorClient<'a> {
    account: &'a SingleAccount,
    pause: Duration,
    reads: usize,
    writes: usize,
    drift: Vec<(Operation, Drift)>,
}

impl<'a> VendorClient<'a> {
    pub(crate) const fn new(account: &'a SingleAccount, pause: Duration) -> Self {
        Self { account, pause, reads: 0, writes: 0, drift: Vec::new() }
    }

    pub(crate) const fn reads(&self) -> usize {
        self.reads
    }

    pub(crate) const fn writes(&self) -> usize {
        self.writes
    }

    /// Where responses were not as documented, each place once.
    pub(crate) fn drift(&self) -> &[(Operation, Drift)] {
        &self.drift
    }

    /// Sends a GET; `None` if the response is longer than the gateway reads.
    pub(crate) async fn get(&mut self, asked: Operation, path: &str) -> Result<Option<Reply>, Stop> {
        self.reads += 1;
        self.send((Method::GET, true), asked, path, Bytes::new()).await
    }

    /// Updates the assistant.
    pub(crate) async fn update(&mut self, id: &str, body: Vec<u8>) -> Result<Reply, Stop> {
        self.write(Operation::Update, self.account.dialect().operations.update, id, body).await
    }

    /// Sends a request that writes. One that is not repeatable is sent once, whatever the answer.
    pub(crate) async fn write(
        &mut self,
        operation: Operation,
        call: Call,
        id: &str,
        body: Vec<u8>,
    ) -> Result<Reply, Stop> {
        self.writes += 1;
        let method = Method::from_bytes(call.method.as_bytes()).map_err(|error| Stop::Unanswered(error.to_string()))?;
        let reply = self.send((method, call.repeatable), operation, &call.path_of(id), body.into()).await?;
        reply.ok_or_else(|| Stop::Unanswered("its answer is longer than is read".to_owned()))
    }

    /// Reads a page of the list; `None` if the response is longer than the gateway reads.
    pub(crate) async fn list(&mut self, call: Call, path: &str, body: Vec<u8>) -> Result<Option<Reply>, Stop> {
        self.reads += 1;
        let method = Method::from_bytes(call.method.as_bytes()).map_err(|error| Stop::Unanswered(error.to_string()))?;
        self.send((method, call.repeatable), Operation::List, path, body.into()).await
    }

    /// Sends a request of a plan. One that is not repeatable is sent once, whatever the answer.
    pub(crate) async fn step(&mut self, step: &Step) -> Result<Reply, Stop> {
        match step.purpose {
            Purpose::Read => self.reads += 1,
            Purpose::Draft | Purpose::Write | Purpose::Create | Purpose::Publish | Purpose::Assign => {
                self.writes += 1;
            }
        }
        // What is told of an object is the same in all responses but that to its creation.
        let asked = if step.purpose == Purpose::Create { Operation::Create } else { Operation::Update };
        let method = Method::from_bytes(step.method.as_bytes()).map_err(|error| Stop::Unanswered(error.to_string()))?;
        let reply = self.send((method, step.repeatable), asked, &step.path, step.body.clone().into()).await?;
        reply.ok_or_else(|| Stop::Unanswered("its answer is longer than is read".to_owned()))
    }

    async fn send(
        &mut self,
        (method, repeatable): (Method, bool),
        asked: Operation,
        path: &str,
        body: Bytes,
    ) -> Result<Option<Reply>, Stop> {
        if self.reads + self.writes > 1 && !self.pause.is_zero() {
            sleep(self.pause).await;
        }
        for _ in 0..MAX_ATTEMPTS {
            let sent = self.account.send((method.clone(), repeatable), path, body.clone(), REQUEST_TIMEOUT).await;
            let response = match sent {
                Ok(response) => response,
                Err(SendError::TooLong) => return Ok(None),
                Err(SendError::Failed(reason)) => return Err(Stop::Unanswered(reason)),
            };
            match response.status.as_u16() {
                status @ (401 | 403) => return Err(Stop::Token(status)),
                429 if repeatable => sleep(response.retry_after().unwrap_or(self.pause).min(REQUEST_TIMEOUT)).await,
                status => {
                    self.collect_drift(asked, status, &response.body);
                    return Ok(Some(Reply { status, body: response.body }));
                }
            }
        }
        Err(Stop::TooFast)
    }

    fn collect_drift(&mut self, asked: Operation, status: u16, body: &[u8]) {
        // A vendor of documents may say nothing to a deletion.
        if asked == Operation::Delete && (200..300).contains(&status) && self.account.dialect().plan.is_some() {
            return;
        }
        for found in drift(self.account.dialect(), asked, status, body) {
            let known = |(to, known): &(Operation, Drift)| {
                *to == asked && known.kind == found.kind && known.location == found.location
            };
            if !self.drift.iter().any(known) {
                self.drift.push((asked, found));
            }
        }
    }
}
