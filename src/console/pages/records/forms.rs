//! What is done with records from these pages.

use crate::admin::documents::records::DEAD_FILTERS;
use crate::admin::records;
use crate::console::routes::{Done, Made};
use crate::console::visit::{Form, Visit, link};
use crate::problem::{Code, Problem};

use super::pieces::address;

/// Withdraws a change that waits.
pub(in crate::console) fn cancel(visit: &Visit, form: Form) -> Made<'_, Done> {
    Box::pin(async move {
        if form.value("sure") != "yes" {
            let detail =
                "tick the box that says that the change is not to be sent, so that none is withdrawn by mistake";
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
        let record = records::cancel(&visit.operator.context, form.needed("update")?).await?;
        Ok(Done::To(address(record.id)))
    })
}

/// Sends a dead change again.
pub(in crate::console) fn replay(visit: &Visit, form: Form) -> Made<'_, Done> {
    Box::pin(async move {
        let query = match form.value("how") {
            "remaining" => Some("fields=remaining"),
            "force" => Some("force=true"),
            _ => None,
        };
        let record = records::replay(&visit.operator.context, form.needed("update")?, query).await?;
        Ok(Done::To(address(record.id)))
    })
}

/// Discards a dead change.
pub(in crate::console) fn discard(visit: &Visit, form: Form) -> Made<'_, Done> {
    Box::pin(async move {
        let (update, reason) = (form.needed("update")?, form.needed("reason")?);
        let record = records::discard(&visit.operator.context, update, reason).await?;
        Ok(Done::To(address(record.id)))
    })
}

/// Sends all dead changes of a filter again.
pub(in crate::console) fn replay_all(visit: &Visit, form: Form) -> Made<'_, Done> {
    Box::pin(async move {
        form.needed("count")?;
        let names = DEAD_FILTERS.iter().chain(&["count", "rate"]);
        let sent = names.map(|name| (*name, form.value(name).trim())).filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(sent).finish();
        let job = records::start(&visit.operator, Some(&query)).await?;
        Ok(Done::To(link("job", "id", &job.job)))
    })
}

/// Stops a job.
pub(in crate::console) fn cancel_job(visit: &Visit, form: Form) -> Made<'_, Done> {
    Box::pin(async move {
        let job = records::cancel_job(&visit.operator, form.needed("job")?)?;
        Ok(Done::To(link("job", "id", &job.job)))
    })
}
