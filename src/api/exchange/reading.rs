//! Reads of the assistant within an exchange: always from the vendor, never from the copy.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;
use vendors::Step;

use crate::api::classify::{list_problem, read_failure};
use crate::api::representation::Found;
use crate::problem::{Code, Problem};
use crate::upstream::{MAX_READ_RESPONSE, Repeat, VendorRequest, VendorResponse};

use super::Exchange;

/// The reads of one exchange, and what they took.
pub(super) struct Reads<'a> {
    exchange: &'a Exchange<'a>,
    pub(super) headers: HeaderMap,
    pub(super) attempts: u32,
    pub(super) with_vendor: Duration,
}

impl<'a> Reads<'a> {
    pub(super) fn new(exchange: &'a Exchange<'a>, headers: &HeaderMap) -> Self {
        Self { exchange, headers: headers.clone(), attempts: 0, with_vendor: Duration::ZERO }
    }

    /// The assistant as the vendor has it now; `None` if it has none of that id.
    ///
    /// # Errors
    /// The vendor cannot be asked.
    pub(super) async fn find(&mut self, id: &str) -> Result<Option<Found>, Problem> {
        let account = self.exchange.account;
        let reader = account.list_reader(self.headers.clone());
        let problem = |failure, attempts: u32| {
            let problem = list_problem(account, failure);
            Problem { attempts: (attempts > 0).then_some(attempts), ..problem }
        };
        let started = Instant::now();
        let deadline = self.exchange.options.deadline;
        let (found, attempts) = Found::look_for(account, &reader, id, true, deadline).await;
        self.with_vendor += started.elapsed();
        self.attempts += attempts;
        found.map_err(|failure| problem(failure, self.attempts))
    }

    /// The response to a request of a plan that reads.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn step(&mut self, step: &Step) -> Result<VendorResponse, Problem> {
        let (method, uri) = self.exchange.method_and_uri(step.method, &step.path)?;
        let mut request =
            VendorRequest::new(method, uri, self.exchange.options.deadline).repeated(Repeat::WheneverSafe);
        request.headers = self.headers.clone();
        request.max_response = MAX_READ_RESPONSE;
        let started = Instant::now();
        let result = self.exchange.account.stack.call(request).await;
        self.with_vendor += started.elapsed();
        self.attempts += match &result {
            Ok(response) => response.attempts,
            Err(failure) => failure.attempts,
        };
        result.map_err(read_failure)
    }

    /// The same as [`find`](Self::find) for an assistant that must exist.
    ///
    /// # Errors
    /// The vendor cannot be asked, or has no such assistant.
    pub(super) async fn existing(&mut self, id: &str) -> Result<Found, Problem> {
        let found = self.find(id).await?;
        found.ok_or_else(|| Self::missing(self.attempts))
    }

    /// The problem of an assistant that the vendor does not have, after so many attempts.
    pub(super) fn missing(attempts: u32) -> Problem {
        Problem {
            attempts: Some(attempts),
            ..Problem::new(Code::AssistantNotFound, "The vendor has no such assistant.")
        }
    }
}
