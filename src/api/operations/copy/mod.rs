//! `POST /v1/assistants/{assistant}/copies`: a new assistant like another one, at any account.
//!
//! The source is read, its fields are carried over through the catalogs of both accounts, and the new assistant is made
//! by the same exchange as any other. A copy that lacks what the target requires sends nothing.

mod answer;
mod request;

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;
use tokio::time::Instant;
use vendors::{AssistantCopy, CatalogKind, CatalogSet, Catalogs, CopiedFields, CopySource, Creation, Note, Target};

use crate::account::Account;
use crate::api::context::Context;
use crate::api::exchange::{Change, Copied, Exchange, read_catalogs};
use crate::api::middleware::InFlightPermit;
use crate::api::records::{Asked, Key, Known};
use crate::api::request::media;
use crate::api::request::options::RequestOptions;
use crate::api::request_log::RequestLog;
use crate::api::target::{handling, target};
use crate::http::body::RequestBody;
use crate::problem::{Code, Problem};
use crate::routing::Route;
use crate::value::AssistantOperation;

use super::create::{account, creation};
use super::fields::receive;
use super::read::find;

use request::CopyRequest;

/// Handles one copy.
///
/// # Errors
/// The copy's problem; `log.vendor` is the account at which it occurred.
pub(super) async fn handle(
    context: &Context,
    segment: &str,
    head: &mut Parts,
    body: impl RequestBody,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let options = RequestOptions::read(context, AssistantOperation::Copy, head.uri.query(), &head.headers)?;
    let (assistant, route) = target(context, segment)?;
    log.routed(context, &route.account, Some(&route.id), options.dry_run);
    log.assistant = Some(assistant.as_str().to_owned());
    media::check(&head.headers)?;
    let target = (&*route.account.name, Some(&*route.id));
    let asked = Asked::of(AssistantOperation::Copy, &options, target, head);
    let body = receive(context, head, body, options.deadline, log).await?;
    let key = match asked.map(|asked| Key::of(context, asked, &body)) {
        // Before the source is read.
        Some(key) => match key.look_up(context, &options).await? {
            Known::New(key) => Some(key),
            Known::Answered(response) => return Ok(response),
        },
        None => None,
    };
    let request = CopyRequest::read(&body)?;
    let account = account(context, Some(&request.vendor))?;
    let at_target = |problem| Problem { vendor: Some(account.name.to_string()), ..problem };
    let creation = creation(&account).map_err(at_target)?;
    let job = Job { context, options: &options, route: &route, account: &account, creation };
    let share = permit.share(&route.account)?;
    let (fields, attempts) = job.read(&request, log).await?;
    drop(share);
    let permits = permit.permits(&account)?;
    let copied = Arc::new(Copied { report: fields.report, attempts });
    let exchange = Exchange {
        context,
        change: Change::Create(creation),
        assistant: assistant.as_str(),
        account: &account,
        id: None,
        handling: handling(context, options.handling, None, &account),
        options: &options,
        copied: Some(&copied),
        key: key.as_ref(),
        slot: None,
    };
    let reading = (std::mem::take(&mut log.attempts), std::mem::take(&mut log.with_vendor));
    let result = match copied.report.needs.is_empty() {
        true => exchange.run(Bytes::from(fields.body), permits, log).await,
        false => exchange.presented(answer::lacking(&exchange, &copied, &fields.body).await),
    };
    (log.attempts, log.with_vendor) = (log.attempts + reading.0, log.with_vendor + reading.1);
    result
}

/// From where to where.
struct Job<'a> {
    context: &'a Context,
    options: &'a RequestOptions,
    route: &'a Route,
    account: &'a Arc<Account>,
    creation: &'static Creation,
}

impl Job<'_> {
    /// The fields of the new assistant, and how many requests it took to read those of the source.
    ///
    /// # Errors
    /// The source or a catalog cannot be read.
    async fn read(&self, request: &CopyRequest<'_>, log: &mut RequestLog) -> Result<(CopiedFields, u32), Problem> {
        let (source, account) = (&self.route.account, self.account);
        let found = find(self.context, self.route, self.options, log).await?;
        let attempts = log.attempts;
        let read = found
            .read(source)
            .ok_or_else(|| Problem::new(Code::Internal, "the assistant is not on the page where it was found"))?;
        let none = CatalogSet::default();
        let target = Target {
            dialect: account.dialect,
            vendor: &account.name,
            id: "",
            handling: account.handling(),
            policies: &account.policies,
            catalogs: Catalogs { configured: &account.configured, live: &none },
            accounts: self.context,
        };
        let mut copy = AssistantCopy {
            source: CopySource {
                dialect: source.dialect,
                vendor: &source.name,
                read: &read,
                catalogs: Catalogs { configured: &source.configured, live: &none },
            },
            changes: &request.changes,
            creation: self.creation,
            target: &target,
            is_same_account: source.stack.is_of_same_account(&account.stack),
        };
        let with_attempts = |problem| Problem { attempts: (attempts > 0).then_some(attempts), ..problem };
        let of_source = self.catalogs(source, &copy.source_lookups()).await.map_err(with_attempts)?;
        copy.source.catalogs.live = &of_source;
        log.routed(self.context, account, None, self.options.dry_run);
        let of_target = self.catalogs(account, &copy.target_lookups()).await.map_err(with_attempts)?;
        let catalogs = Catalogs { live: &of_target, ..target.catalogs };
        let started = Instant::now();
        let mut fields = AssistantCopy { target: &Target { catalogs, ..target }, ..copy }.fields();
        if let Some(recording) = &self.context.recording {
            recording.internal_span("copy", started, (!fields.report.needs.is_empty()).then_some("lacking"));
        }
        // A value of the source that a sentence repeats is the source's vendor's.
        let report = &mut fields.report;
        report.dropped.iter_mut().chain(&mut report.needs).for_each(|note| redact(note, source));
        Ok((fields, attempts))
    }

    async fn catalogs(&self, account: &Account, kinds: &[CatalogKind]) -> Result<CatalogSet, Problem> {
        if kinds.is_empty() {
            return Ok(CatalogSet::default());
        }
        let context = self.context;
        let headers = account.headers(context.request_id.to_header_value(), context.trace.to_header_value());
        read_catalogs(context, account, kinds, &headers, self.options.deadline).await
    }
}

fn redact(note: &mut Note, account: &Account) {
    note.detail = account.token.redact(&note.detail).into_owned().into();
}
