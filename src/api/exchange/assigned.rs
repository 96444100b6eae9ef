//! Requests to another object, which is to name the assistant and whose id the caller sent.

use vendors::{Assignment, Field, Item, ItemCode, Report, ResponseBody, Rule, Run, SentFields};

use crate::api::classify::error_problem;
use crate::problem::{Code, Problem};
use crate::upstream::VendorResponse;

use super::Exchange;
use super::plan::changed;

impl Exchange<'_> {
    /// The problem for a response outside 2xx to such a request: a refusal is about the field.
    pub(super) fn refused_object(&self, field: Field, body: &[u8], response: &VendorResponse) -> Problem {
        let sent = SentFields { fields: [field].into_iter().collect(), options: Vec::new() };
        let read = ResponseBody::read(&response.body);
        let problem = error_problem(self.account, &sent, body, response, &read);
        let (Code::AssistantNotFound | Code::ValidationFailed, Some(by)) = (problem.code, self.assignment(field))
        else {
            return problem;
        };
        let Problem { mut errors, .. } = problem;
        // Members of that object are none of the assistant's, whatever their names.
        for item in &mut errors.list {
            item.pointer = format!("#/{}", field.name());
            item.field = Some(field.name().into());
        }
        if errors.is_empty() {
            let words = problem.vendor_response.as_ref().and_then(|response| response.message.clone());
            errors.push(Item {
                pointer: format!("#/{}", field.name()),
                field: Some(field.name().into()),
                code: ItemCode::RejectedByVendor,
                detail: words.unwrap_or_else(|| format!("the vendor has no such {}", by.noun())),
                vendor_field: None,
            });
        }
        let detail = match problem.code {
            Code::AssistantNotFound => format!("The vendor has no such {}.", by.noun()),
            _ => format!("The vendor refused {}.", by.title),
        };
        Problem { code: Code::ValidationFailed, detail, errors, ..problem }
    }

    fn assignment(&self, field: Field) -> Option<&'static Assignment> {
        match self.account.dialect.row(field).rule {
            Rule::Assigned(by) => Some(by),
            _ => None,
        }
    }

    /// Applied means stored: takes fields out of the applied ones whose object names another assistant afterwards, or none.
    pub(super) fn only_assigned(&self, run: &Run<'_>, report: &mut Report) {
        for (field, id, holds) in run.assigned() {
            if holds == Some(false) {
                report.applied.retain(|applied| *applied != field);
                report.changed.push(changed(self, field, &format!("\"{id}\""), "null", true));
            }
        }
    }
}
