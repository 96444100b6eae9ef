//! The console as a service: who may look, which page it is, and what every answer carries.

use std::convert::Infallible;

use futures_util::FutureExt;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use maud::Markup;
use tower::{Service, service_fn};

use crate::access::{bearer, check_same_origin};
use crate::admin::{Admin, FullResponse, Operator};
use crate::http::body::{BodyError, BodyLimits, RequestBody, read_body};
use crate::http::request_id::{RequestId, X_REQUEST_ID};
use crate::problem::{Code, Problem};

use super::routes::{ACTIONS, Done, PAGES, Page};
use super::visit::{Form, THEME_COOKIE, Visit};
use super::{assets, parts, session, shell};

/// What a form may send at most, and for how long.
const FORM: BodyLimits = BodyLimits { max_bytes: 1 << 20, timeout: std::time::Duration::from_secs(10) };

/// What a browser sends as a form's media type.
const FORM_TYPE: &str = "application/x-www-form-urlencoded";
/// Where a reader chooses a theme.
const THEME: &str = "theme";

/// Nothing from elsewhere, and nothing inline.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'",
);
/// Also the policy on referrers: with `no-referrer` a browser sends `Origin: null` with a form of this same site, which over plain
/// HTTP is all that says where the form comes from.
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// What htmx sends with its requests.
const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
/// Has htmx load the page again, which then leads to signing in.
const HX_REFRESH: HeaderName = HeaderName::from_static("hx-refresh");

/// The console in front of administration.
pub(crate) fn service<B: RequestBody + 'static>(
    admin: &Admin,
) -> impl Service<
    Request<B>,
    Response = FullResponse,
    Error = Infallible,
    Future = impl Future<Output = Result<FullResponse, Infallible>> + Send + use<B>,
> + Clone
+ Send
+ Sync
+ use<B> {
    let (admin, rest) = (admin.clone(), admin.service());
    service_fn(move |request: Request<B>| {
        let below = request.uri().path().strip_prefix("/console");
        match below.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            Some(_) => respond(admin.clone(), request).map(Ok).left_future(),
            None => rest.clone().call(request).right_future(),
        }
    })
}

async fn respond<B: RequestBody>(admin: Admin, request: Request<B>) -> FullResponse {
    let (head, body) = request.into_parts();
    let request_id = RequestId::from_headers(&head.headers);
    let address = head.uri.path().strip_prefix("/console/");
    let mut response = match address {
        None => to("console/", HeaderMap::new()),
        // Pages stand directly below the folder; from further down, relative links would lead astray.
        Some(address) if is_look(&head) && address.contains('/') && !address.starts_with("assets/") => {
            to(&"../".repeat(address.matches('/').count()), HeaderMap::new())
        }
        Some(address) => match address.strip_prefix("assets/").filter(|_| is_look(&head)) {
            Some(name) => assets::serve(name, &head),
            None => serve(&admin, address, &head, body, &request_id).await,
        },
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, SAME_ORIGIN);
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), SAME_ORIGIN);
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), SAME_ORIGIN);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_REQUEST_ID, request_id.to_header_value());
    response
}

async fn serve<B: RequestBody>(
    admin: &Admin,
    address: &str,
    head: &Parts,
    body: B,
    request_id: &RequestId,
) -> FullResponse {
    let problem = match answer(admin, address, head, body, request_id).await {
        Ok(Answer::Page(markup)) => return html(markup),
        Ok(Answer::To(address, headers)) => return to(&address, headers),
        Err(problem) => problem,
    };
    let (is_part, is_signing_in) = (head.headers.contains_key(HX_REQUEST), address == session::ADDRESS);
    if problem.code == Code::Unauthenticated {
        if !is_signing_in && bearer(&head.headers).is_err() {
            return match (is_part, is_look(head)) {
                (true, _) => refresh(),
                (false, true) => to(&session::address_for(head.uri.path_and_query()), HeaderMap::new()),
                (false, false) => to(session::ADDRESS, HeaderMap::new()),
            };
        }
        admin.refused(request_id, head, &form_of(address));
    }
    let markup = match is_part && !is_look(head) {
        _ if is_signing_in => session::page(head, Some(&problem)),
        true => parts::problem(&problem),
        false => shell::problem(&problem, head),
    };
    let mut response = problem.into_response(head.uri.path(), request_id.as_str());
    *response.body_mut() = Full::from(markup.into_string());
    response.headers_mut().insert(CONTENT_TYPE, HTML);
    response
}

/// The path of an address, if there is something at it.
fn form_of(address: &str) -> String {
    let pages = PAGES.iter().map(|page| page.address);
    let known = pages.chain(ACTIONS.iter().map(|action| action.address)).chain([session::ADDRESS, THEME]);
    let known = known.into_iter().find(|known| *known == address);
    format!("/console/{}", known.unwrap_or("{address}"))
}

enum Answer {
    Page(Markup),
    To(String, HeaderMap),
}

async fn answer<B: RequestBody>(
    admin: &Admin,
    address: &str,
    head: &Parts,
    body: B,
    request_id: &RequestId,
) -> Result<Answer, Problem> {
    check_same_origin(head)?;
    if [session::ADDRESS, session::END, THEME].contains(&address) {
        admin.reloader().gateway().admin_hosts.check(head)?;
        check_method(address, head)?;
        return match address {
            THEME => Ok(theme(head)),
            session::END => {
                admin.sessions().end(&head.headers);
                Ok(Answer::To(session::ADDRESS.to_owned(), session::ended(head)))
            }
            // Where no token is configured there is nothing to sign in with.
            _ if admin.reloader().gateway().admin.are_open() => Ok(Answer::To("./".to_owned(), HeaderMap::new())),
            _ if is_look(head) => Ok(Answer::Page(session::page(head, None))),
            _ => {
                let (to, headers) = session::sign_in(admin, head, &form(head, body).await?, request_id)?;
                Ok(Answer::To(to, headers))
            }
        };
    }
    let operator = admin.operator(head, request_id)?;
    check_method(address, head)?;
    match is_look(head) {
        true => {
            let visit = Visit::new(operator, page(address)?, head);
            let content = (visit.page.show)(&visit).await?;
            Ok(match visit.leads_to() {
                Some(address) => Answer::To(address.to_owned(), HeaderMap::new()),
                None => Answer::Page(shell::page(&visit, &content)),
            })
        }
        false => post(operator, address, head, body).await,
    }
}

async fn post<B: RequestBody>(operator: Operator, address: &str, head: &Parts, body: B) -> Result<Answer, Problem> {
    let action = ACTIONS.iter().find(|action| action.address == address).ok_or_else(|| nothing(address))?;
    let form = form(head, body).await?;
    if action.is_write {
        session::check_write(&operator, head, &form)?;
    }
    let first = PAGES.first().ok_or_else(|| nothing(address))?;
    let visit = Visit::new(operator, PAGES.iter().find(|page| page.address == address).unwrap_or(first), head);
    match (action.take)(&visit, form).await? {
        Done::To(address) => Ok(Answer::To(address, HeaderMap::new())),
        Done::Part(markup) => Ok(Answer::Page(match head.headers.contains_key(HX_REQUEST) {
            true => markup,
            false => shell::page(&visit, &markup),
        })),
    }
}

async fn form<B: RequestBody>(head: &Parts, body: B) -> Result<Form, Problem> {
    let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(FORM_TYPE) {
        let sent = vendors::json::excerpt(media_type, 64);
        let detail = format!("a form of the console is `{FORM_TYPE}`, not `{sent}`");
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    let body = read_body(&head.headers, body, FORM).await.map_err(|error| {
        let code = match error {
            BodyError::TooLarge { .. } => Code::BodyTooLarge,
            BodyError::UnsupportedEncoding { .. } => Code::UnsupportedMediaType,
            _ => Code::InvalidRequest,
        };
        Problem::new(code, error.to_string())
    })?;
    Ok(Form::read(&body))
}

/// Whether a request only looks.
fn is_look(head: &Parts) -> bool {
    head.method == Method::GET || head.method == Method::HEAD
}

/// Checks the method against those of the address.
fn check_method(address: &str, head: &Parts) -> Result<(), Problem> {
    let is_shown = [session::ADDRESS, THEME].contains(&address) || page(address).is_ok();
    let is_posted =
        [session::ADDRESS, session::END].contains(&address) || ACTIONS.iter().any(|action| action.address == address);
    let (allow, is_right) = match (is_shown, is_posted) {
        (true, true) => ("GET, HEAD, POST", is_look(head) || head.method == Method::POST),
        (true, false) => ("GET, HEAD", is_look(head)),
        (false, true) => ("POST", head.method == Method::POST),
        (false, false) => return Err(nothing(address)),
    };
    if is_right {
        return Ok(());
    }
    let detail = format!("use {allow} here, not {}", head.method);
    Err(Problem::new(Code::MethodNotAllowed, detail).with_header(ALLOW, allow))
}

fn page(address: &str) -> Result<&'static Page, Problem> {
    PAGES.iter().find(|page| page.address == address).ok_or_else(|| nothing(address))
}

fn nothing(address: &str) -> Problem {
    let address = vendors::json::excerpt(address, 64);
    Problem::new(Code::NotFound, format!("the console has no page `{address}`"))
}

/// Keeps the theme that a reader has chosen, and goes back to the page.
fn theme(head: &Parts) -> Answer {
    let query = head.uri.query().unwrap_or_default();
    let value = |name: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let cookie = match value("to").as_deref() {
        Some(theme @ ("light" | "dark")) => {
            format!("{THEME_COOKIE}={theme}; Path=/; SameSite=Strict; Max-Age=31536000")
        }
        _ => format!("{THEME_COOKIE}=; Path=/; SameSite=Strict; Max-Age=0"),
    };
    let headers = HeaderValue::from_str(&cookie).into_iter().map(|cookie| (SET_COOKIE, cookie)).collect();
    Answer::To(session::own_address(value("back").as_deref().unwrap_or_default()), headers)
}

fn html(markup: Markup) -> FullResponse {
    let mut response = Response::new(Full::from(markup.into_string()));
    response.headers_mut().insert(CONTENT_TYPE, HTML);
    response
}

/// Leads to a relative address.
fn to(address: &str, headers: HeaderMap) -> FullResponse {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SEE_OTHER;
    *response.headers_mut() = headers;
    let address = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("./"));
    response.headers_mut().insert(LOCATION, address);
    response
}

fn refresh() -> FullResponse {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert(HX_REFRESH, HeaderValue::from_static("true"));
    response
}
