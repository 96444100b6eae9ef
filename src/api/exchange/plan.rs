//! The requests that an operation of a nested dialect takes, in one turn of the assistant.
//!
//! A request that depends on what was read before, or is one of several, is sent again only after everything was read again.
//! If one is refused after another was carried out, the outcome is `partial`, and the report says which fields were applied.

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::Full;
use vendors::{AssistantSummary, Changed, Field, Note, Purpose, Report, ResponseBody, Run, Step, Stored};

use crate::api::classify::{failure_problem, misread, read_problem};
use crate::api::dry_run;
use crate::api::representation::Found;
use crate::api::request_log::RequestLog;
use crate::problem::{Code, Outcome, Problem};
use crate::upstream::{DeliveryState, DetachOnDrop, Failure, MAX_READ_RESPONSE, Repeat, VendorRequest, VendorResponse};

use super::partial::Earlier;
use super::prepare::read_update;
use super::reading::Reads;
use super::refusal::refusal_problem;
use super::turn::{Confirmed, Turn, Unreported, summary};
use super::{Change, Exchange};

/// How an attempt at a plan ended before its end.
enum Stopped {
    /// Another attempt may follow.
    ForAnother,
    /// None may.
    For(Box<Problem>),
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::For(Box::new(problem))
    }
}

/// Everything that the requests of one plan share.
struct Sending<'a, 't, 'r> {
    request: &'a vendors::Request,
    turn: &'a mut Turn<'t>,
    reads: &'a mut Reads<'r>,
    log: &'a mut RequestLog,
    /// The attempts at the plan that failed.
    failures: u32,
    /// What those may have changed.
    earlier: Earlier,
    /// The document before the first write, as far as it was read.
    before: Option<Bytes>,
}

impl Exchange<'_> {
    /// Carries out a translated operation, and compares what the vendor returns afterwards with what was sent.
    pub(super) async fn in_plan(
        &self,
        request: &vendors::Request,
        sent_body: &[u8],
        turn: &mut Turn<'_>,
        reads: &mut Reads<'_>,
        log: &mut RequestLog,
    ) -> Result<Confirmed, Problem> {
        let mut sending = Sending { request, turn, reads, log, failures: 0, earlier: Earlier::default(), before: None };
        let run = loop {
            let mut run = self.plan(request)?;
            match self.attempt_plan(&mut run, &mut sending).await {
                Ok(()) => break run,
                Err(Stopped::ForAnother) => {}
                Err(Stopped::For(problem)) => {
                    let attempts = sending.log.attempts + sending.reads.attempts;
                    let problem = Problem { attempts: (attempts > 0).then_some(attempts), ..*problem };
                    return Err(self.unknown(self.unfinished(&run, problem, sending.log, &sending.earlier)));
                }
            }
        };
        let Sending { reads, log, before, .. } = sending;
        let report = log.report.get_or_insert_default();
        report.warnings.extend(not_published(&run, "is"));
        self.only_assigned(&run, report);
        let found = Found::of(run.document().into(), self.account);
        let Some(found) = found else { return Ok(self.without_document(&run)) };
        if !self.options.representation {
            let before = before.and_then(|before| Found::of(before, self.account));
            // What was told of the assistant is older than what became of other objects.
            let is_own = |field: &Field| !run.assigned().any(|(assigned, ..)| assigned == *field);
            let own =
                report.applied.iter().copied().filter(is_own).filter(|field| run.tells(*field)).collect::<Vec<_>>();
            let stored = self.verify(sent_body, &own, &found, &reads.headers).await;
            self.only_told(report, sent_body, &stored, before.as_ref());
        }
        let told = found.with(self.account, summary).unwrap_or_else(|| self.without_document(&run));
        Ok(Confirmed { message: self.message(), ..told })
    }

    /// The run of this operation.
    fn plan<'r>(&'r self, request: &'r vendors::Request) -> Result<Run<'r>, Problem> {
        let (dialect, settings) = (self.account.dialect, &self.account.plan);
        let run = match self.id {
            Some(id) => Run::update(dialect, id, request, settings),
            None => Run::create(dialect, request, settings),
        };
        run.ok_or_else(|| Problem::new(Code::Internal, "the dialect has no plan"))
    }

    /// One attempt at all requests.
    async fn attempt_plan(&self, run: &mut Run<'_>, sending: &mut Sending<'_, '_, '_>) -> Result<(), Stopped> {
        while let Some(step) = self.next_step(run)? {
            if step.purpose == Purpose::Read {
                self.read_step(run, &step, sending.reads).await?;
                continue;
            }
            if sending.before.is_none() && run.must_start_over() {
                sending.before = Some(run.document().into());
            }
            // The last request reports its own end.
            let unreported = (!run.is_at_its_end()).then(|| Unreported {
                exchange: self,
                attempts: sending.log.attempts,
                is_complete: false,
            });
            let sent = self.send_step(run, &step, sending).await;
            std::mem::forget(unreported); // the request's own line reports it
            sent?;
        }
        Ok(())
    }

    /// What comes next, unless what was read shows that it cannot be done.
    fn next_step(&self, run: &mut Run<'_>) -> Result<Option<Step>, Problem> {
        run.next().map_err(|refused| refusal_problem(refused, self.change, &self.target(&Default::default())))
    }

    /// Reads an object.
    async fn read_step(&self, run: &mut Run<'_>, step: &Step, reads: &mut Reads<'_>) -> Result<(), Problem> {
        let response = reads.step(step).await?;
        if !response.status.is_success() {
            return Err(match step.field {
                Some(field) => self.refused_object(field, b"", &response),
                None => read_problem(self.account, &response),
            });
        }
        let taken = run.check_identity(&response.body).and_then(|()| run.answered(&response.body));
        taken.map_err(|invalid| {
            let problem = misread(&response, &invalid);
            Problem { outcome: Outcome::NotApplied, retryable: Some(true), ..problem }
        })
    }

    /// Sends a request that changes something.
    async fn send_step(
        &self,
        run: &mut Run<'_>,
        step: &Step,
        sending: &mut Sending<'_, '_, '_>,
    ) -> Result<(), Stopped> {
        let body = Bytes::copy_from_slice(&step.body);
        let starts_over = run.must_start_over();
        let (mut update, result) = self.attempt_step(step, &body, run, sending).await?;
        let answered = self.step_answered(run, step, &body, &update, &result, sending);
        let Err(problem) = answered else {
            sending.turn.ended = Some((update, sending.log.attempts));
            return Ok(());
        };
        sending.failures += 1;
        // The condition holds for the state that was read before the first attempt.
        let is_conditional = self.options.if_match.is_some();
        let may_repeat = matches!(self.change, Change::Update) && starts_over && !is_conditional && {
            let counted = counted(&result, sending.failures);
            self.account.stack.next_attempt(&mut update, &counted, self.options.deadline).await
        };
        sending.turn.ended = Some((update, sending.log.attempts));
        if !may_repeat {
            return Err(problem.into());
        }
        sending.earlier.is_unknown |= problem.outcome == Outcome::Unknown;
        sending.earlier.applied.extend(run.applied_and_pending().0);
        Err(Stopped::ForAnother)
    }

    async fn attempt_step(
        &self,
        step: &Step,
        body: &Bytes,
        run: &Run<'_>,
        sending: &mut Sending<'_, '_, '_>,
    ) -> Result<(DetachOnDrop, Result<VendorResponse, Failure>), Problem> {
        let Sending { request, turn, reads, log, .. } = sending;
        let (starts_over, is_last) = (run.must_start_over(), run.is_at_its_end());
        let (method, uri) = self.method_and_uri(step.method, &step.path)?;
        let mut to_vendor = VendorRequest::new(method, uri, self.options.deadline);
        self.complete_request(&mut to_vendor, step.repeatable, reads.headers.clone(), body);
        if step.field.is_some() {
            to_vendor.validator = None; // the response is no assistant
        }
        to_vendor.max_response = MAX_READ_RESPONSE; // the whole object, which a read must be able to tell, too
        if starts_over || self.options.if_match.is_some() {
            to_vendor = to_vendor.repeated(Repeat::OnlyIfUnsent);
        }
        if let Some((ended, _)) = turn.ended.take() {
            (turn.lock, turn.permits) = ended.into_turn();
        }
        to_vendor.sent = log.delivery.get_or_insert_with(DeliveryState::default).next_request();
        let (update, result, attempts) =
            self.send_in(turn, to_vendor, is_last.then_some((&request.sent, body)), log).await;
        log.attempts += attempts;
        Ok((update, result))
    }

    /// Takes the response to a request that changes something.
    fn step_answered(
        &self,
        run: &mut Run<'_>,
        step: &Step,
        body: &Bytes,
        update: &DetachOnDrop,
        result: &Result<VendorResponse, Failure>,
        sending: &Sending<'_, '_, '_>,
    ) -> Result<(), Problem> {
        let response = result.as_ref().map_err(|failure| failure_problem(failure.clone()))?;
        if let Some(field) = step.field.filter(|_| !response.status.is_success()) {
            return Err(self.refused_object(field, body, response));
        }
        let read = ResponseBody::read(&response.body);
        let is_change = matches!(step.purpose, Purpose::Write | Purpose::Create);
        if is_change || !response.status.is_success() {
            let classified = self.classify(&sending.request.sent, body, response, &read);
            if response.status.is_success() && classified.is_err() {
                update.doubt();
            }
            classified?;
        }
        run.answered(&response.body).map_err(|invalid| {
            update.doubt();
            misread(response, &invalid)
        })
    }

    /// Applied means stored: takes what the vendor did not store out of the applied fields.
    pub(super) fn only_told(&self, report: &mut Report, sent_body: &[u8], stored: &Stored, before: Option<&Found>) {
        let before = before.and_then(|before| before.read(self.account));
        let dialect = self.account.dialect;
        let missing = stored
            .unreadable
            .iter()
            .copied()
            .filter(|&field| dialect.tells(field) && field.id_of_name().is_none() && field != Field::VendorOptions);
        let update = read_update(sent_body).ok();
        let sent =
            |field| update.as_ref()?.get(field).filter(|value| !value.is_null()).map(|value| value.text().to_owned());
        let missing = missing.filter_map(|field| Some((field, sent(field)?, "null".to_owned(), true)));
        let differing = stored.differs.iter().map(|one| {
            let unchanged = before.as_ref().is_some_and(|before| before.told(one.field) == Some(&*one.stored));
            (one.field, one.sent.clone(), one.stored.clone(), unchanged)
        });
        for (field, sent, stored, is_lost) in missing.chain(differing).collect::<Vec<_>>() {
            report.applied.retain(|applied| *applied != field);
            report.changed.push(changed(self, field, &sent, &stored, is_lost));
        }
    }

    /// What a vendor confirms that tells nothing of the assistant but its id.
    fn without_document(&self, run: &Run<'_>) -> Confirmed {
        let id = run.parameter("id").map(|id| self.account.dialect.ids.json(id).into());
        Confirmed { message: self.message(), data: AssistantSummary { id, ..AssistantSummary::default() } }
    }

    fn message(&self) -> std::borrow::Cow<'static, str> {
        match self.change {
            Change::Create(_) => "Assistant created successfully".into(),
            Change::Update | Change::Delete => "Assistant updated successfully".into(),
        }
    }

    /// The response to a dry run: reads what has to be known, and shows the requests that would follow.
    pub(super) async fn planned_dry_run(
        &self,
        mut request: vendors::Request,
        headers: &HeaderMap,
        reads: &mut Reads<'_>,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        if self.is_nothing(&request) {
            log.attempts = reads.attempts;
            let response = self.dry_run_with(&request.report, dry_run::push_nothing);
            log.report = Some(request.report);
            return Ok(response);
        }
        let mut run = self.plan(&request)?;
        let mut steps = Vec::new();
        let with_attempts =
            |problem: Problem, attempts: u32| Problem { attempts: (attempts > 0).then_some(attempts), ..problem };
        while let Some(step) = self.next_step(&mut run).map_err(|problem| with_attempts(problem, reads.attempts))? {
            if step.purpose == Purpose::Read {
                let read = self.read_step(&mut run, &step, reads).await;
                read.map_err(|problem| with_attempts(problem, reads.attempts))?;
            } else {
                run.skip();
                steps.push(step);
            }
        }
        log.attempts = reads.attempts;
        let warning = not_published(&run, "would be");
        request.report.warnings.extend(warning);
        let url = |step: &Step| self.account.stack.uri(&step.path).map(|uri| uri.to_string()).unwrap_or_default();
        let shown: Vec<_> = steps.iter().map(|step| (step, url(step))).collect();
        let is_several = self.account.dialect.plan.is_some_and(vendors::Plan::takes_several);
        let auth = self.account.dialect.auth;
        let response =
            self.dry_run_with(&request.report, |out| dry_run::push_plan(out, &shown, is_several, auth, headers));
        log.report = Some(request.report);
        Ok(response)
    }
}

/// The warning about a field that the vendor did not store as it was sent.
pub(super) fn changed(exchange: &Exchange<'_>, field: Field, sent: &str, stored: &str, is_lost: bool) -> Changed {
    let (code, detail) = match is_lost {
        true => ("not_persisted", "the vendor accepted the request and did not store this value"),
        false => ("changed_by_vendor", "the vendor has another value than was sent"),
    };
    let shown = |text: &str| {
        let mut out = Vec::new();
        dry_run::redact_undocumented(&mut out, exchange.account.token.redact(text).as_bytes());
        String::from_utf8(out).unwrap_or_default()
    };
    let note = Note::new(field.name(), code, detail);
    Changed { note, sent: shown(sent), stored: shown(stored) }
}

/// The warning that what was written is in a draft, or would be.
fn not_published(run: &Run<'_>, is: &str) -> Option<Note> {
    let version = run.unpublished()?;
    let detail = format!(
        "the update {is} in the draft version {version}; it becomes live when that is published (`publish` of the account)"
    );
    Some(Note::new("publish", "not_published", detail))
}

/// The same result as that of so many attempts.
fn counted(result: &Result<VendorResponse, Failure>, attempts: u32) -> Result<VendorResponse, Failure> {
    let mut result = result.clone();
    match &mut result {
        Ok(response) => response.attempts = attempts,
        Err(failure) if failure.attempts == 0 => {} // nothing was sent
        Err(failure) => failure.attempts = attempts,
    }
    result
}
