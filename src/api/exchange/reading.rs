//! Reads of the assistant within an exchange: always from the vendor, never from the copy.

use http::HeaderMap;

use crate::account::Walk;
use crate::api::classify::list_problem;
use crate::api::representation::Found;
use crate::problem::{Code, Problem};

use super::Exchange;

/// The reads of one exchange, and how many attempts they took.
pub(super) struct Reads<'a> {
    exchange: &'a Exchange<'a>,
    headers: HeaderMap,
    pub(super) attempts: u32,
}

impl<'a> Reads<'a> {
    pub(super) fn new(exchange: &'a Exchange<'a>, headers: &HeaderMap) -> Self {
        Self { exchange, headers: headers.clone(), attempts: 0 }
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
        let mut walk = Walk::new(&account.assistants, &reader, true, self.exchange.options.deadline)
            .map_err(|failure| problem(failure, self.attempts))?;
        let found = walk.find(id, |page, listed| Found::on(page, listed, account)).await;
        self.attempts += walk.attempts;
        found.map_err(|failure| problem(failure, self.attempts))
    }

    /// The same, which must exist.
    ///
    /// # Errors
    /// The vendor cannot be asked, or has no such assistant.
    pub(super) async fn existing(&mut self, id: &str) -> Result<Found, Problem> {
        let found = self.find(id).await?;
        found.ok_or_else(|| Problem {
            attempts: Some(self.attempts),
            ..Problem::new(Code::AssistantNotFound, "The vendor has no such assistant.")
        })
    }
}
