//! Conditions before, and verification after an operation.

use http::HeaderMap;
use vendors::{CatalogSet, Difference, Field, Stored, compare, lookups_to_compare};

use crate::account::Account;
use crate::api::representation::Found;
use crate::http::entity_tag::Condition;
use crate::problem::Problem;

use super::Exchange;
use super::prepare::read_update;

/// What a read after the operation found.
pub(super) enum Verified {
    /// The assistant, and what became of the fields.
    Read {
        stored: Stored,
        found: Found,
        /// The fields that still have the value of before, as far as that was read.
        unchanged: Vec<Field>,
    },
    /// Nothing: the read failed.
    Failed,
}

/// The problem of an assistant that is in another state than the caller expects.
pub(super) fn check(condition: &Condition, found: &Found, attempts: u32) -> Result<(), Problem> {
    if condition.matches_strongly(&found.tag) {
        return Ok(());
    }
    Err(Problem { attempts: Some(attempts), ..Problem::precondition_failed(&found.tag) })
}

/// The fields that differ from what was sent because they still have the value of before.
pub(super) fn unchanged(stored: &Stored, before: Option<&Found>, account: &Account) -> Vec<Field> {
    let Some(before) = before.and_then(|before| before.read(account)) else { return Vec::new() };
    let is_unchanged = |one: &&Difference| before.told(one.field) == Some(&*one.stored);
    stored.differs.iter().filter(is_unchanged).map(|one| one.field).collect()
}

impl Exchange<'_> {
    /// Compares the fields that were sent with the assistant as it was read afterwards. A catalog that cannot be read
    /// leaves the names unverified.
    pub(super) async fn verify(&self, body: &[u8], applied: &[Field], found: &Found, headers: &HeaderMap) -> Stored {
        let kinds = lookups_to_compare(self.account.dialect, applied);
        let live = match kinds.is_empty() {
            true => CatalogSet::default(),
            false => self.catalogs(&kinds, headers).await.unwrap_or_default(),
        };
        let Ok(update) = read_update(body) else { return Stored::default() };
        let target = self.target(&live);
        found.with(self.account, |read| compare(&update, applied, read, &target)).unwrap_or_default()
    }
}
