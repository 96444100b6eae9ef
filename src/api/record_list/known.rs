//! Whether there is what a list without records asks for: a name that is misspelled must not read as "nothing there".
//!
//! An account that was removed keeps its records, and so does the name of an assistant. So a name is unknown only if it is
//! neither configured nor in any record.

use vendors::AccountNames;

use crate::api::context::{Context, did_you_mean};
use crate::api::records::{Records, store_problem};
use crate::api::request::query::VENDOR;
use crate::http::path::{Assistant, Reference};
use crate::problem::{Code, Problem};
use crate::routing::RouteError;
use crate::store::{Filter, Page, RecordsOf};

use super::RecordList;
use super::filter::unknown_value;

impl RecordList {
    /// Refuses a vendor account that the client may not use, or that is not there, unless a record of its own has it. Both
    /// get the same problem, which suggests only accounts that the client may use.
    ///
    /// # Errors
    /// `page` is empty and the name is unknown, or the store fails.
    pub(crate) async fn check_own(&self, context: &Context, records: &Records, page: &Page) -> Result<(), Problem> {
        let Some(name) = self.filter.vendor.as_deref().filter(|_| page.records.is_empty()) else { return Ok(()) };
        let is_usable = context.has(name) && context.may_use_vendor(name);
        if is_usable || has_any(records, of_vendor(self.filter.owner.clone(), name)).await? {
            return Ok(());
        }
        let rest = vendors::did_you_mean(context.nearest(name), "`GET /v1/vendors` lists those that there are");
        Err(unknown_value(VENDOR, name, &rest))
    }

    /// Refuses a vendor account or an assistant that is not configured and that no record of any client has.
    ///
    /// # Errors
    /// `page` is empty and a name is unknown, or the store fails.
    pub(crate) async fn check_all(&self, context: &Context, records: &Records, page: &Page) -> Result<(), Problem> {
        if !page.records.is_empty() {
            return Ok(());
        }
        if let Some(name) = self.filter.vendor.as_deref() {
            let nearest: Vec<_> = context.nearest(name).map(str::to_owned).into_iter().collect();
            check_vendor(context, records, name, &nearest).await?;
        }
        // What leads to a line is no such text any more.
        let Some(text) = self.filter.assistant.as_deref() else { return Ok(()) };
        let Ok(assistant) = Assistant::parse(text) else { return Ok(()) };
        let Err(error) = context.gateway.routes.resolve(&assistant, None) else { return Ok(()) };
        if let Reference::VendorId { vendor, .. } = assistant.reference() {
            check_vendor(context, records, vendor, &context.meant(&assistant)).await?;
        }
        let of_assistant = Filter { assistant: Some(text.to_owned()), limit: 1, ..Filter::default() };
        match error {
            // An account that is gone keeps its records, under whatever name its assistants have there.
            RouteError::UnknownVendor(_) => Ok(()),
            _ if has_any(records, of_assistant).await? => Ok(()),
            RouteError::UnknownName(_) => Err(unrecorded(&error.to_string(), &context.meant(&assistant))),
            error => Err(Problem::new(Code::InvalidRequest, error.to_string())),
        }
    }
}

async fn check_vendor(context: &Context, records: &Records, name: &str, meant: &[String]) -> Result<(), Problem> {
    if context.has(name) || has_any(records, of_vendor(RecordsOf::All, name)).await? {
        return Ok(());
    }
    Err(unrecorded(&RouteError::UnknownVendor(name.to_owned()).to_string(), meant))
}

fn unrecorded(why: &str, meant: &[String]) -> Problem {
    Problem::new(Code::InvalidRequest, format!("{why}, and no record has it{}", did_you_mean(meant)))
}

fn of_vendor(owner: RecordsOf, vendor: &str) -> Filter {
    Filter { owner, vendor: Some(vendor.to_owned()), limit: 1, ..Filter::default() }
}

async fn has_any(records: &Records, filter: Filter) -> Result<bool, Problem> {
    Ok(!records.store.list(filter).await.map_err(store_problem)?.records.is_empty())
}
