//! `POST /v1/assistants`: a new assistant. It is sent to the vendor once at most.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;
use vendors::Creation;

use crate::account::Account;
use crate::api::context::{Context, did_you_mean};
use crate::api::exchange::{Change, Exchange};
use crate::api::middleware::InFlightPermit;
use crate::api::records::{Asked, Key};
use crate::api::request::options::RequestOptions;
use crate::api::request::{media, query};
use crate::api::request_log::RequestLog;
use crate::api::target::handling;
use crate::http::body::RequestBody;
use crate::problem::{Code, Problem};
use crate::value::AssistantOperation;

use super::fields::receive;

/// Handles one creation.
///
/// # Errors
/// The creation's problem; `log.vendor` is the vendor once it is known.
pub(super) async fn handle(
    context: &Context,
    head: &mut Parts,
    body: impl RequestBody,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let options = RequestOptions::read(context, AssistantOperation::Create, head.uri.query(), &head.headers)?;
    let vendor = query::text(head.uri.query(), query::VENDOR)?;
    if vendor.as_deref() == Some("") {
        return Err(query::must(query::VENDOR, "not be empty"));
    }
    let account = account(context, vendor.as_deref())?;
    log.routed(context, &account, None, options.dry_run);
    let creation = creation(&account)?;
    media::check(&head.headers)?;
    let permits = permit.permits(&account)?;
    let asked = Asked::of(AssistantOperation::Create, &options, (&account.name, None), head);
    let body = receive(context, head, body, options.deadline, log).await?;
    let key = asked.map(|asked| Key::of(context, asked, &body));
    let exchange = Exchange {
        context,
        change: Change::Create(creation),
        assistant: &account.name,
        account: &account,
        id: None,
        handling: handling(context, options.handling, None, &account),
        options: &options,
        copied: None,
        key: key.as_ref(),
        slot: None,
    };
    exchange.run(body, permits, log).await
}

/// The account for a new assistant: the one that the caller names, else the default one. The caller must be allowed to use
/// every assistant there, because the id of the new one is not known before.
///
/// # Errors
/// There is no such account, or the caller may not create there.
pub(super) fn account(context: &Context, vendor: Option<&str>) -> Result<Arc<Account>, Problem> {
    let routes = &context.gateway.routes;
    let account = match vendor {
        Some(name) => routes.accounts.get(name),
        None => routes.default.as_ref(),
    };
    let name = account.map(|account| &*account.name).or(vendor).unwrap_or_default();
    let may_create = context.client.as_deref().is_none_or(|client| client.may_use_all_of(name));
    match (account, may_create) {
        (Some(account), true) => Ok(Arc::clone(account)),
        (None, _) if vendor.is_none() => {
            let detail = "there is no default vendor; say where to create the assistant with `vendor` in the query";
            Err(Problem::new(Code::UnknownAssistant, detail))
        }
        (None, true) => {
            let near = vendors::nearest_names(name, routes.accounts.keys().map(|name| &**name)).into_iter();
            let near: Vec<_> = near.filter(|name| context.may_use_vendor(name)).map(str::to_owned).collect();
            let detail = format!("no vendor is named `{}`{}", vendors::json::excerpt(name, 64), did_you_mean(&near));
            Err(Problem::new(Code::UnknownAssistant, detail))
        }
        (_, false) => {
            let name = vendors::json::excerpt(name, 64);
            let detail =
                format!("this client may not create assistants at `{name}`: it may not use all assistants there");
            Err(Problem::new(Code::Forbidden, detail))
        }
    }
}

/// How an account's vendor creates assistants.
///
/// # Errors
/// It documents no such operation.
pub(super) fn creation(account: &Account) -> Result<&'static Creation, Problem> {
    account.dialect.operations.create.as_ref().ok_or_else(|| {
        let detail = format!("{} documents no operation that creates assistants", account.dialect.title);
        Problem::new(Code::UnsupportedByVendor, detail)
    })
}
