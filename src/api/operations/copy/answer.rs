//! The answers that only copies have: what the new assistant lacks, and problems with the caller's changes.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use vendors::ItemCode;

use crate::api::exchange::{Copied, Exchange, nothing_applied};
use crate::api::response::{Echoed, json, push_report, set_dropped_header};
use crate::problem::{Code, Problem};

/// The answer to a copy that lacks what the target requires: nothing is sent. A dry run shows what would be carried.
///
/// # Errors
/// The problem, with everything else that is wrong with the changes.
pub(super) async fn lacking(
    exchange: &Exchange<'_>,
    copied: &Copied,
    body: &[u8],
) -> Result<Response<Full<Bytes>>, Problem> {
    let Some(mut problem) = exchange.refusal(body).await else {
        return Err(Problem::new(Code::Internal, "a copy that lacks fields would have been sent"));
    };
    let mut others = problem.errors.more;
    for item in &mut problem.errors.list {
        let need = copied.report.needs.iter().find(|need| item.field.as_deref() == Some(&need.field));
        match need.filter(|_| item.code == ItemCode::Required) {
            Some(need) => item.detail = need.detail.to_string(),
            None => others += 1,
        }
    }
    if problem.errors.is_empty() || others > 0 {
        return Err(problem);
    }
    if exchange.options.dry_run {
        return Ok(dry_run(exchange, copied));
    }
    let (title, count) = (exchange.account.dialect.title, problem.errors.list.len());
    let (noun, them) = if count == 1 { ("field", "it") } else { ("fields", "them") };
    let detail = format!("{title} requires {count} {noun} for which nothing was found; send {them} in `changes`.");
    Err(Problem { detail, ..problem })
}

/// The response to a dry run that ends without a request.
fn dry_run(exchange: &Exchange<'_>, copied: &Copied) -> Response<Full<Bytes>> {
    let Exchange { assistant, account, context, .. } = exchange;
    let report = nothing_applied(copied);
    let mut out = b"{\"dry_run\":true".to_vec();
    Echoed { assistant, vendor: &account.name, request_id: context.request_id.as_str() }.push(&mut out);
    out.extend_from_slice(b",\"request\":null");
    push_report(&mut out, &report, Some(&copied.report));
    out.push(b'}');
    let mut response = json(out);
    set_dropped_header(response.headers_mut(), &report);
    response
}
