//! `DELETE /v1/assistants/{assistant}`: the end of an assistant.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;

use crate::api::context::Context;
use crate::api::exchange::{Change, Exchange, deletion};
use crate::api::middleware::InFlightPermit;
use crate::api::records::{Asked, Key};
use crate::api::request::options::RequestOptions;
use crate::api::request_log::RequestLog;
use crate::api::target::{handling, target};
use crate::problem::Problem;
use crate::value::AssistantOperation;

/// Handles one deletion.
///
/// # Errors
/// The deletion's problem; `log.vendor` is the vendor once it is known.
pub(super) async fn handle(
    context: &Context,
    segment: &str,
    head: &Parts,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let options = RequestOptions::read(context, AssistantOperation::Delete, head.uri.query(), &head.headers)?;
    let (assistant, route) = target(context, segment)?;
    let assistant = assistant.as_str();
    log.routed(context, &route.account, Some(&route.id), options.dry_run);
    log.assistant = Some(assistant.to_owned());
    let call = deletion(&route.account)?;
    let target = (&*route.account.name, Some(&*route.id));
    let asked = Asked::of(AssistantOperation::Delete, &options, target, head);
    let key = asked.map(|asked| Key::of(context, asked, b""));
    let permits = match (permit.permits(&route.account), &key) {
        (Err(problem), Some(key)) => return key.refused(context, &options, problem).await,
        (permits, _) => permits?,
    };
    let exchange = Exchange {
        context,
        change: Change::Delete,
        assistant,
        account: &route.account,
        id: Some(&route.id),
        handling: handling(context, options.handling, route.handling, &route.account),
        options: &options,
        copied: None,
        key: key.as_ref(),
        slot: None,
    };
    exchange.delete(call, permits, log).await
}
