//! Admits a change that is delivered later, where several processes share the order.

use std::sync::Arc;

use crate::api::context::Context;
use crate::api::request::options::RequestOptions;
use crate::problem::{Code, Problem};
use crate::upstream::QueuedLock;

use super::{Entrance, Replica};
use crate::api::records::asynchronous::{Entered, Entry};
use crate::api::records::key::{Key, Known};
use crate::api::records::queue::{Phase, Ticket};
use crate::api::records::{Records, store_problem};

impl Records {
    /// Puts a change into the store, and into its line if this process owns it. `gate` is its place at the gate.
    ///
    /// # Errors
    /// No more may wait, or the store fails.
    pub(in crate::api::records) async fn enter_shared(
        self: &Arc<Self>,
        replica: &Replica,
        mut gate: Option<QueuedLock>,
        entry: Entry,
        context: &Context,
        options: &RequestOptions,
    ) -> Result<Entered, Problem> {
        let Entry { mut record, mut payload, mut key } = entry;
        let queue = &context.gateway.queue;
        let line = record.line().ok_or_else(|| Problem::new(Code::Internal, "a creation has no line"))?;
        if let Err(full) = self.check_total(replica, queue.max_total) {
            return refused(context, options, key.as_ref(), full).await;
        }
        loop {
            let passed = self.pass_gate(&line, gate.take(), options.deadline).await?;
            let admission = Key::admission(key.as_ref(), &record, &mut payload, None);
            let body = admission.body.clone();
            let state = match self.enter_line(replica, &line, passed, admission, queue.max_per_assistant).await {
                Ok(Ok(Entrance::Stored(stored, _))) => {
                    (record.number, record.ahead) = (stored.number, Some(stored.ahead));
                    if stored.is_owned && record.replay_of.is_some() {
                        // It may stand where a dead one stood, before others.
                        self.touch(&line);
                    } else if stored.is_owned {
                        let fresh = Some(Arc::new((record.clone(), body)));
                        self.admitted(&line, Ticket { fresh, ..Ticket::of(&record, Phase::Waiting) }, &stored);
                    }
                    return Ok(Entered::Stored(Box::new(record)));
                }
                Ok(Ok(Entrance::Known(state))) => state,
                Ok(Err(full)) => return refused(context, options, key.as_ref(), full).await,
                Err(error) => {
                    let problem = store_problem(error);
                    let Some(key) = &key else { return Err(problem) };
                    return key.not_admitted(context, options, record.id, problem).await.map(Entered::Answered);
                }
            };
            match self.known_at_admission(context, options, key.as_ref(), state).await? {
                Known::Answered(response) => return Ok(Entered::Answered(response)),
                Known::New(again) => key = Some(again),
            }
        }
    }
}

/// What a change gets that is not admitted: what an earlier one with its key has got, if there is one.
async fn refused(
    context: &Context,
    options: &RequestOptions,
    key: Option<&Key>,
    problem: Problem,
) -> Result<Entered, Problem> {
    match key {
        Some(key) => key.refused(context, options, problem).await.map(Entered::Answered),
        None => Err(problem),
    }
}
