//! The page of `GET /docs`, which describes the API to readers and loads nothing from elsewhere. Its examples have the
//! reader's own address of the gateway, and an assistant that the reader may use.

use std::sync::{Arc, LazyLock};

use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use vendors::document::{coverage_cell, field_schema, type_name};
use vendors::registry::DIALECTS;
use vendors::{Dialect, Field};

use crate::access::{Client, authenticate};
use crate::api::context::Context;
use crate::api::endpoint::{Endpoint, by_path};
use crate::api::routes::{ENDPOINTS, Operation};
use crate::net::peer::Peer;
use crate::problem::{Code, code_spans};

/// The page for the reader that sends `head`.
pub(super) fn html(context: &Context, head: &Parts) -> String {
    static TEMPLATE: LazyLock<String> = LazyLock::new(template);
    let (assistant, hint) = match example(context, head) {
        Some(assistant) => (assistant, HINT),
        None => ("ASSISTANT".to_owned(), HINT_WITHOUT_KEY),
    };
    let page = TEMPLATE.replace("{{hint}}", &code_spans(hint)).replace("{{assistant}}", &assistant);
    page.replace("{{origin}}", &origin(context, head))
}

const HINT: &str = "`KEY` is your key from the gateway's operator. The part after `/v1/assistants/` is a name that the operator has defined, \
                    `vendor:id` with the vendor's own id, or an id alone.";
const HINT_WITHOUT_KEY: &str = "`KEY` is your key from the gateway's operator, and `ASSISTANT` a name that the operator has defined, `vendor:id` \
                                with the vendor's own id, or an id alone. `GET /v1/vendors` names the vendors that you may use.";

/// An assistant that the reader may use: a name, else an id at a vendor. A gateway with keys shows none to a reader
/// without a key.
fn example(context: &Context, head: &Parts) -> Option<String> {
    let gateway = &context.gateway;
    let client = match gateway.clients.open {
        true => None,
        false if head.headers.contains_key(AUTHORIZATION) => {
            Some(authenticate(&gateway.clients, &gateway.failed_attempts, head).ok()??)
        }
        false => return None,
    };
    let may = |name: &str, vendor: &str, id: &str| may_use(client.as_ref(), name, vendor, id);
    let named = gateway.routes.assistants.iter().filter(|(name, named)| may(name, &named.account.name, &named.id));
    let by_id = || {
        let mut accounts =
            gateway.routes.by_name().into_iter().map(|account| (format!("{}:789", account.name), account));
        accounts.find(|(name, account)| may(name, &account.name, "789")).map(|(name, _)| name)
    };
    named.map(|(name, _)| &**name).min().map(str::to_owned).or_else(by_id)
}

fn may_use(client: Option<&Arc<Client>>, name: &str, vendor: &str, id: &str) -> bool {
    client.is_none_or(|client| client.may_use(name, vendor, id))
}

/// Where the reader has this page from: `server.public_url`, else what the request says.
fn origin(context: &Context, head: &Parts) -> String {
    if let Some(url) = &context.gateway.public_url {
        return code_spans(url);
    }
    let sent = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = head.uri.authority().map(http::uri::Authority::as_str).or(sent);
    let is_plain = |host: &&str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
    };
    let is_tls = head.extensions.get::<Arc<Peer>>().is_some_and(|peer| peer.tls.is_some());
    let scheme = if is_tls { "https" } else { "http" };
    format!("{scheme}://{}", host.filter(is_plain).unwrap_or("localhost:8080"))
}

/// The page with places for what depends on the reader.
fn template() -> String {
    let endpoints: String =
        by_path(ENDPOINTS).filter(|path| path.iter().all(|row| row.operation.listed)).flat_map(endpoint_rows).collect();
    let fields: String = Field::ALL.into_iter().map(field_row).collect();
    let problems: String = Code::ALL
        .iter()
        .map(|code| {
            let kind = code.kind();
            format!(
                "<tr id=\"problem-{0}\"><td><a href=\"/problems/{0}\"><code>{0}</code></a></td><td>{1}</td><td>{2}</td>\
                 <td class=\"long\">{3}</td></tr>\n",
                kind.name,
                kind.status.as_u16(),
                kind.fault.as_str(),
                code_spans(kind.when),
            )
        })
        .collect();
    let heading = |dialect: &&Dialect| {
        let experimental = if dialect.experimental { "<br><small>experimental</small>" } else { "" };
        format!("<th>{}{experimental}</th>", dialect.title)
    };
    let vendors: String = DIALECTS.iter().map(heading).collect();
    let parts = [("endpoints", endpoints), ("vendors", vendors), ("fields", fields), ("problems", problems)];
    parts.into_iter().fold(PAGE.to_owned(), |page, (name, html)| page.replace(&format!("{{{{{name}}}}}"), &html))
}

/// One row for each operation of a path, with all its methods.
fn endpoint_rows(path: &'static [Endpoint<Operation>]) -> impl Iterator<Item = String> {
    path.chunk_by(|one, next| one.operation.action == next.operation.action).filter_map(|endpoints| {
        let first = endpoints.first()?;
        let methods: Vec<_> = endpoints.iter().map(|endpoint| endpoint.method.as_str()).collect();
        let text = [first.summary, first.operation.description].join(". ");
        Some(format!(
            "<tr><td><code>{} {}</code></td><td class=\"long\">{}</td></tr>\n",
            methods.join(", "),
            first.path,
            code_spans(text.trim_end_matches(". "))
        ))
    })
}

fn field_row(field: Field) -> String {
    let spec = field.spec();
    let schema = field_schema(field);
    let mut limits = Vec::new();
    if let (Some(min), Some(max)) = (schema.get("minimum"), schema.get("maximum")) {
        limits.push(format!("{min}–{max}"));
    }
    if let Some(max) = schema.get("maxLength") {
        limits.push(format!("at most {max} characters"));
    }
    if let Some(values) = schema.get("enum").and_then(|values| values.as_array()) {
        let values: Vec<_> = values.iter().filter_map(|value| value.as_str()).collect();
        limits.push(values.join(", "));
    }
    if spec.nullable {
        limits.push("null".to_owned());
    }
    let cells = DIALECTS.iter().map(|dialect| format!("<td>{}</td>", code_spans(&coverage_cell(field, dialect))));
    format!(
        "<tr id=\"{0}\"><td><a class=\"self\" href=\"#{0}\"><code>{0}</code></a></td><td>{1}</td><td>{2}</td><td class=\"long\">{3}</td>{4}</tr>\n",
        spec.name,
        type_name(field),
        limits.join("; "),
        spec.doc.replace('`', ""),
        cells.collect::<String>(),
    )
}

const PAGE: &str = include_str!("docs.html");
