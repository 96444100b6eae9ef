//! `PUT` and `PATCH /v1/assistants/{assistant}`: a partial update.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;

use crate::api::context::Context;
use crate::api::exchange::{Change, Exchange};
use crate::api::middleware::InFlightPermit;
use crate::api::records::{Asked, Key};
use crate::api::request::media;
use crate::api::request::options::RequestOptions;
use crate::api::request_log::RequestLog;
use crate::api::target::{handling, target};
use crate::http::body::RequestBody;
use crate::problem::Problem;
use crate::value::AssistantOperation;

use super::fields::receive;

/// Handles one update.
///
/// # Errors
/// The update's problem; `log.vendor` is the vendor once it is known.
pub(super) async fn handle(
    context: &Context,
    segment: &str,
    head: &mut Parts,
    body: impl RequestBody,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let options = RequestOptions::read(context, AssistantOperation::Update, head.uri.query(), &head.headers)?;
    let (assistant, route) = target(context, segment)?;
    let assistant = assistant.as_str();
    log.routed(context, &route.account, Some(&route.id), options.dry_run);
    log.assistant = Some(assistant.to_owned());
    media::check(&head.headers)?;
    let permits = permit.permits(&route.account)?;
    let target = (&*route.account.name, Some(&*route.id));
    let asked = Asked::of(AssistantOperation::Update, &options, target, head);
    let body = receive(context, head, body, options.deadline, log).await?;
    let key = asked.map(|asked| Key::of(context, asked, &body));
    let exchange = Exchange {
        context,
        change: Change::Update,
        assistant,
        account: &route.account,
        id: Some(&route.id),
        handling: handling(context, options.handling, route.handling, &route.account),
        options: &options,
        copied: None,
        key: key.as_ref(),
        slot: None,
    };
    exchange.run(body, permits, log).await
}
