//! Signing in with a token of administration, and what a form that writes has to bring.

use http::header::SET_COOKIE;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue};
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use std::sync::Arc;

use crate::access::{LIFETIME, SESSION_COOKIE, is_from_own_page};
use crate::admin::{Admin, Operator};
use crate::http::request_id::RequestId;
use crate::net::peer::Peer;
use crate::problem::{Code, Problem};

use super::shell;
use super::visit::Form;

/// The page for signing in.
pub(super) const ADDRESS: &str = "session";
/// Where a form signs out.
pub(super) const END: &str = "session-end";
/// The field with the session's form token.
pub(super) const FORM_TOKEN: &str = "form_token";

/// The address for signing in, which then leads back to where the reader wanted to be.
pub(super) fn address_for(wanted: Option<&PathAndQuery>) -> String {
    let wanted = wanted.map_or("", PathAndQuery::as_str).strip_prefix("/console/").unwrap_or_default();
    match wanted {
        "" => ADDRESS.to_owned(),
        wanted => format!("{ADDRESS}?then={}", utf8_percent_encode(wanted, NON_ALPHANUMERIC)),
    }
}

/// An address of the console that a form or a query names: nothing that leads elsewhere.
pub(super) fn own_address(address: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%?&=+,:;!*'()@$/".contains(&byte);
    let address = address.strip_prefix("./").unwrap_or(address);
    let (path, _) = address.split_once('?').unwrap_or((address, ""));
    let is_own = address.bytes().all(is_plain) && path.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    match path {
        _ if !is_own => "./".to_owned(),
        "" => format!("./{address}"),
        _ => address.to_owned(),
    }
}

/// The page for signing in.
pub(super) fn page(head: &Parts, problem: Option<&Problem>) -> Markup {
    let action = head.uri.query().map_or(ADDRESS.to_owned(), |query| format!("{ADDRESS}?{query}"));
    let content = html! {
        @if let Some(problem) = problem { (super::parts::problem(problem)) }
        form.card.narrow method="post" action=(action) {
            label for="token" { "Token" }
            input #token type="password" name="token" required autocomplete="current-password" autofocus;
            p.hint { "The value of " code { "admin.token" } ", or of " code { "admin.viewer_token" } " for looking only." }
            button type="submit" { "Sign in" }
        }
    };
    shell::bare("Sign in", head, &content)
}

/// Starts the session of a browser that has sent a token.
///
/// # Errors
/// It is none, or too many were wrong.
pub(super) fn sign_in(
    admin: &Admin,
    head: &Parts,
    form: &Form,
    request_id: &RequestId,
) -> Result<(String, HeaderMap), Problem> {
    let gateway = admin.reloader().gateway();
    let sent = form.needed("token")?;
    let Some((role, digest)) = gateway.admin.role_of(sent.as_bytes()) else {
        let problem = Problem::new(Code::Unauthenticated, "this is no token of this gateway's administration");
        return Err(match head.extensions.get::<Arc<Peer>>() {
            Some(peer) => gateway.failed_attempts.record(peer.address.ip(), problem),
            None => problem,
        });
    };
    admin.signed_in(request_id, role, head);
    let id = admin.sessions().start(role, digest);
    let query = head.uri.query().unwrap_or_default();
    let then = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "then").map(|(_, then)| then);
    Ok((own_address(&then.unwrap_or_default()), cookie(head, &id, LIFETIME.as_secs())))
}

/// The headers that take a session's cookie away.
pub(super) fn ended(head: &Parts) -> HeaderMap {
    cookie(head, "", 0)
}

fn cookie(head: &Parts, id: &str, seconds: u64) -> HeaderMap {
    let is_tls = head.extensions.get::<Arc<Peer>>().is_some_and(|peer| peer.tls.is_some());
    let secure = if is_tls { "; Secure" } else { "" };
    let cookie = format!("{SESSION_COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&cookie).into_iter().map(|cookie| (SET_COOKIE, cookie)).collect()
}

/// Checks a form that changes something.
///
/// # Errors
/// The reader only looks, or the form is not one of its session, or no page of this console has sent it.
pub(super) fn check_write(operator: &Operator, head: &Parts, form: &Form) -> Result<(), Problem> {
    let forbidden = |why: &str| Err(Problem::new(Code::Forbidden, why));
    if !operator.may_write() {
        return forbidden("you may only look here; changing anything takes the token of `admin.token`");
    }
    match &operator.access.session {
        // A program sends the token itself, not a cookie.
        Some(_) if !is_from_own_page(head) => {
            forbidden("a form comes from a page of this console, which `Sec-Fetch-Site` or `Origin` has to say")
        }
        Some(session) if session.has_sent(form.value(FORM_TOKEN)) => Ok(()),
        Some(_) => forbidden("this form is none of your session; load its page again"),
        // With the token itself in `Authorization`, which no page of others can send.
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::console::session::*;

    #[test]
    fn an_address_that_a_query_names_never_leads_elsewhere() {
        for own in
            ["requests", "requests?vendor=sondos&q=%2F%2Fx", "request?id=https://x/", "session-end", "./?since=1"]
        {
            assert_eq!(own_address(own), own);
        }
        assert_eq!(own_address("?since=1"), "./?since=1");
        assert_eq!(own_address("./requests"), "requests");
        for foreign in [
            "",
            "./",
            "/",
            "//evil.example",
            "///evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "\\\\evil.example",
            "/\\evil.example",
            "./..//evil.example",
            "../admin/reload",
            "..",
            "requests\r\nset-cookie: a=b",
            "requests?a=\n",
            "requests#x",
            "requests\0",
            "\u{ff0f}\u{ff0f}evil.example",
            "@evil.example",
            "evil.example",
            "%2f%2fevil.example",
        ] {
            assert_eq!(own_address(foreign), "./", "{foreign:?}");
        }
    }

    #[test]
    fn signing_in_leads_back_to_what_was_asked_for() {
        let address = |path: &str| address_for(Some(&path.parse().unwrap()));
        assert_eq!(address("/console/"), "session");
        assert_eq!(address("/console/requests?q=a&b=%20"), "session?then=requests%3Fq%3Da%26b%3D%2520");
        assert_eq!(address("/console/?since=1"), "session?then=%3Fsince%3D1");
    }
}
