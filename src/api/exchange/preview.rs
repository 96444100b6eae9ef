//! A translation that is shown and not sent: what a dry run shows, as far as that takes no read of the assistant.
//!
//! It goes through the same functions as a dry run, so that the two cannot disagree. Beside the accounts there are the bare
//! dialects, without catalogs and policies.

use std::sync::Arc;

use http::HeaderMap;
use vendors::json::push_string;
use vendors::{
    CatalogHint, CatalogSet, Catalogs, Creation, Dialect, Field, Handling, Item, ItemCode, Policies, Purpose, Refused,
    Request, Run, Settings, Step, Target, Update, missing_lookups, translate_creation, translate_request,
};

use crate::account::Account;
use crate::api::context::Context;
use crate::api::dry_run::{redact, redact_undocumented};
use crate::api::request::options::RequestOptions;
use crate::api::target::handling;
use crate::problem::{Code, Problem};
use crate::value::AssistantOperation;

use super::prepare::read_update;
use super::refusal::refusal_problem;
use super::{Change, Exchange};

/// Where a translation would go.
#[derive(Debug, Clone)]
pub(crate) enum Destination {
    /// To an account, with its catalogs, policies and handling.
    Account(Arc<Account>),
    /// To a vendor of which nothing is configured.
    Dialect(&'static Dialect),
}

impl Destination {
    /// The name of the account, or of the dialect.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Account(account) => &account.name,
            Self::Dialect(dialect) => dialect.name,
        }
    }

    /// The dialect.
    pub(crate) fn dialect(&self) -> &'static Dialect {
        match self {
            Self::Account(account) => account.dialect,
            Self::Dialect(dialect) => dialect,
        }
    }

    /// The account, if it is one.
    pub(crate) fn account(&self) -> Option<&Arc<Account>> {
        match self {
            Self::Account(account) => Some(account),
            Self::Dialect(_) => None,
        }
    }

    /// The operator's decisions by field.
    pub(crate) fn policies(&self) -> Policies {
        self.account().map(|account| account.policies.clone()).unwrap_or_default()
    }

    fn url(&self, path: &str) -> String {
        match self {
            Self::Account(account) => account.stack.uri(path).map(|uri| uri.to_string()).unwrap_or_default(),
            Self::Dialect(dialect) => format!("{}{path}", dialect.base_url),
        }
    }
}

/// How something is translated.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PreviewOptions {
    /// Whether the fields are those of a new assistant.
    pub(crate) creates: bool,
    /// What becomes of fields that the vendor lacks; `None` as the account says.
    pub(crate) handling: Option<Handling>,
    /// Whether the vendor may be asked for its catalogs.
    pub(crate) asks_vendor: bool,
}

/// What would be sent.
#[derive(Debug)]
pub(crate) struct Preview {
    /// The translated request; of a nested dialect its body is the sparse document.
    pub(crate) request: Request,
    /// Its address.
    pub(crate) url: String,
    /// Its body as a dry run shows it, secrets redacted.
    pub(crate) body: String,
    /// The names and ids that are left out, because only the vendor's lists could tell what they become.
    pub(crate) open: Vec<Item>,
    /// The requests that it takes, if it takes several.
    pub(crate) plan: Option<Planned>,
}

/// The requests of a nested dialect.
#[derive(Debug)]
pub(crate) struct Planned {
    /// The requests that are known without a read.
    pub(crate) steps: Vec<PlannedStep>,
    /// Whether they are all; otherwise what follows depends on what is read.
    pub(crate) is_complete: bool,
}

/// One of these requests.
#[derive(Debug)]
pub(crate) struct PlannedStep {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// What the object is called.
    pub(crate) object: &'static str,
    /// Its method.
    pub(crate) method: &'static str,
    /// Its address.
    pub(crate) url: String,
    /// Its body, secrets redacted; `None` if it has none, or depends on what is read.
    pub(crate) body: Option<String>,
}

/// Why nothing would be sent.
#[derive(Debug)]
pub(crate) struct PreviewRefusal {
    /// The problem, as a caller would get it.
    pub(crate) problem: Problem,
    /// What operators can do about names and ids that are in no catalog.
    pub(crate) hints: Vec<CatalogHint>,
}

impl From<Problem> for Box<PreviewRefusal> {
    fn from(problem: Problem) -> Self {
        Self::new(PreviewRefusal { problem, hints: Vec::new() })
    }
}

/// The handling that counts at a destination.
pub(crate) fn handling_at(context: &Context, destination: &Destination, asked: Option<Handling>) -> Handling {
    match destination {
        Destination::Account(account) => handling(context, asked, None, account),
        Destination::Dialect(_) => asked.unwrap_or_default(),
    }
}

/// Translates `body` for a destination.
///
/// # Errors
/// The fields are refused, or a catalog cannot be read.
pub(crate) async fn preview(
    context: &Context,
    destination: &Destination,
    options: PreviewOptions,
    body: &[u8],
) -> Result<Preview, Box<PreviewRefusal>> {
    let update = read_update(body)?;
    let change = change(destination.dialect(), options.creates)?;
    let id: Arc<str> = destination.dialect().ids.example().into();
    let (request, open) = match destination {
        Destination::Account(account) => {
            let operation = if options.creates { AssistantOperation::Create } else { AssistantOperation::Update };
            let of_request = RequestOptions::read(context, operation, Some("dry_run=true"), &HeaderMap::new())?;
            let exchange = Exchange {
                context,
                change,
                assistant: &account.name,
                account,
                id: (!options.creates).then_some(&id),
                handling: handling_at(context, destination, options.handling),
                options: &of_request,
                copied: None,
                key: None,
                slot: None,
            };
            exchange.shown(&update, options.asks_vendor).await?
        }
        Destination::Dialect(dialect) => {
            let nothing = CatalogSet::default();
            let target = Target {
                dialect,
                vendor: dialect.name,
                id: if options.creates { "" } else { &id },
                handling: handling_at(context, destination, options.handling),
                policies: &Policies::default(),
                catalogs: Catalogs { configured: &nothing, live: &nothing },
                accounts: context,
            };
            translated(&update, change, &target, true)?
        }
    };
    shown(destination, change, &id, request, open)
}

fn change(dialect: &'static Dialect, creates: bool) -> Result<Change, Problem> {
    if !creates {
        return Ok(Change::Update);
    }
    let creation: Option<&Creation> = dialect.operations.create.as_ref();
    creation.map(Change::Create).ok_or_else(|| {
        let detail = format!("{} documents no operation that creates assistants", dialect.title);
        Problem::new(Code::UnsupportedByVendor, detail)
    })
}

/// A request, and the names and ids that are left out of it. `leaves_open` if the vendor's lists, which a dry run would ask
/// for, are not asked for: then other problems come first, and without any the rest of the fields is translated.
fn translated(
    update: &Update<'_>,
    change: Change,
    target: &Target<'_>,
    leaves_open: bool,
) -> Result<(Request, Vec<Item>), Box<PreviewRefusal>> {
    let translate = |update: &Update<'_>| match change {
        Change::Create(creation) => translate_creation(update, creation, target),
        Change::Update | Change::Delete => translate_request(update, target),
    };
    let mut refused = match translate(update) {
        Ok(request) => return Ok((request, Vec::new())),
        Err(refused) => refused,
    };
    let missing = missing_lookups(update, target.dialect, target.policies, &target.catalogs);
    let field_of = |item: &Item| item.field.as_deref().and_then(Field::from_name);
    let is_open = |item: &Item| {
        let kind = field_of(item).and_then(|field| target.dialect.catalog_of(field));
        item.code == ItemCode::UnresolvedName && !missing.is_empty() && kind.is_none_or(|kind| missing.contains(&kind))
    };
    if !leaves_open || !refused.items.list.iter().any(is_open) {
        return Err(refusal(refused, change, target));
    }
    let (open, rest): (Vec<_>, Vec<_>) = refused.items.list.iter().cloned().partition(is_open);
    if rest.is_empty() && refused.items.more == 0 {
        let is_left_out = |key: &str| open.iter().any(|item| item.field.as_deref() == Some(key));
        let body = without(update, &is_left_out);
        if let Ok(Ok(request)) = Update::read(&body).map(|update| translate(&update)) {
            return Ok((request, open));
        }
    } else {
        refused.items.list = rest;
        refused.hints.clear();
    }
    Err(refusal(refused, change, target))
}

/// The update without some of its members.
fn without(update: &Update<'_>, is_left_out: &dyn Fn(&str) -> bool) -> Vec<u8> {
    let mut out = vec![b'{'];
    for entry in update.entries.iter().filter(|entry| !is_left_out(&entry.key)) {
        if out.len() > 1 {
            out.push(b',');
        }
        push_string(&mut out, &entry.key);
        out.push(b':');
        out.extend_from_slice(entry.value.text().as_bytes());
    }
    out.push(b'}');
    out
}

fn refusal(mut refused: Refused, change: Change, target: &Target<'_>) -> Box<PreviewRefusal> {
    let hints = std::mem::take(&mut refused.hints);
    Box::new(PreviewRefusal { problem: refusal_problem(refused, change, target), hints })
}

impl Exchange<'_> {
    /// The request of these fields, as a dry run translates them. Only the vendor's catalogs may make it wait.
    async fn shown(&self, update: &Update<'_>, asks_vendor: bool) -> Result<(Request, Vec<Item>), Box<PreviewRefusal>> {
        let (context, unknown) = (self.context, CatalogSet::default());
        let mut target = self.target(&unknown);
        let live = match asks_vendor {
            false => CatalogSet::default(),
            true => {
                let trace = context.trace.to_header_value();
                let headers = self.account.headers(context.request_id.to_header_value(), trace);
                let read = self.live_catalogs(update, &headers).await;
                read.map_err(|problem| self.other_errors(update, &target).unwrap_or(problem))?.0
            }
        };
        target.catalogs.live = &live;
        translated(update, self.change, &target, !asks_vendor)
    }
}

/// What is shown of a request.
fn shown(
    destination: &Destination,
    change: Change,
    id: &str,
    request: Request,
    open: Vec<Item>,
) -> Result<Preview, Box<PreviewRefusal>> {
    let dialect = destination.dialect();
    let redact_body = if dialect.plan.is_some() { redact_undocumented } else { redact };
    let redacted = |body: &[u8]| {
        let mut out = Vec::with_capacity(body.len());
        redact_body(&mut out, body);
        String::from_utf8(out).unwrap_or_default()
    };
    let (bare, settings) = (Settings::default(), destination.account().map(|account| &account.plan));
    let settings = settings.unwrap_or(&bare);
    let run = match change {
        Change::Create(_) => Run::create(dialect, &request, settings),
        Change::Update | Change::Delete => Run::update(dialect, id, &request, settings),
    };
    let plan = run.map(|run| planned(run, destination, &redacted)).transpose().map_err(|refused| {
        let (nothing, policies) = (CatalogSet::default(), destination.policies());
        let catalogs = Catalogs { configured: &nothing, live: &nothing };
        let (vendor, accounts) = (destination.name(), &vendors::registry::Names);
        let handling = Handling::Strict;
        refusal(refused, change, &Target { dialect, vendor, id, handling, policies: &policies, catalogs, accounts })
    })?;
    let (url, body) = (destination.url(&request.path), redacted(&request.own_body(dialect)));
    Ok(Preview { request, url, body, open, plan })
}

/// The requests of a run as far as no read decides.
fn planned(
    mut run: Run<'_>,
    destination: &Destination,
    redacted: &dyn Fn(&[u8]) -> String,
) -> Result<Planned, Refused> {
    let (mut steps, mut is_read) = (Vec::new(), false);
    loop {
        match run.next() {
            Ok(Some(step)) => {
                is_read |= step.purpose == Purpose::Read;
                run.skip();
                let Step { purpose, title, method, path, body, .. } = step;
                let body = (!is_read && !body.is_empty()).then(|| redacted(&body));
                let (object, url) = (title.trim_start_matches("the "), destination.url(&path));
                steps.push(PlannedStep { purpose, object, method, url, body });
            }
            Ok(None) => return Ok(Planned { steps, is_complete: !is_read }),
            Err(_) if is_read => return Ok(Planned { steps, is_complete: false }),
            Err(refused) => return Err(refused),
        }
    }
}
