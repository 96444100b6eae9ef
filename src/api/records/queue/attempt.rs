//! What the account's figures get of the attempts of deliveries, as they get it of callers' requests.

use tokio::time::Instant;

use crate::api::request_log::RequestLog;
use crate::problem::{Fault, Problem};

use super::batch::Batch;

impl Batch {
    /// Counts an attempt that the vendor has received. The first one that fails after others is logged: what follows for the same
    /// reason is in the figures. Where a caller waits, its request is counted instead.
    pub(super) fn report_attempt(&self, started: Instant, problem: Option<&Problem>, log: &RequestLog) {
        let Some(head) = self.members().next().filter(|_| log.attempts > 0 && !self.head().is_waited_for) else {
            return;
        };
        let account = &head.job.account.name;
        let Some(meters) = head.job.context.gateway.meters.get(account) else { return };
        let failed = problem.filter(|problem| problem.code.kind().fault != Fault::Caller);
        let reason = failed.map(|problem| problem.reason().as_str());
        let begins = meters.delivered(head.record.operation, reason, started.elapsed(), log.with_vendor);
        if let (true, Some(Problem { code, detail, .. }), Some(reason)) = (begins, failed, reason) {
            tracing::warn!(
                vendor = %account,
                update = %head.record.id,
                reason,
                code = code.as_str(),
                detail,
                "a delivery failed, and is tried again; others that fail for the same reason are only counted"
            );
        }
    }
}
