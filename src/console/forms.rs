//! What the console's forms do, besides those that belong to one page.

use super::routes::{Done, Made};
use super::visit::{Form, Visit};

/// Reads the configuration again.
pub(super) fn reload(visit: &Visit, _: Form) -> Made<'_, Done> {
    Box::pin(async move {
        visit.operator.reload().await?;
        Ok(Done::To("config#last-reload".to_owned()))
    })
}
