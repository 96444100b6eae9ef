//! One request to the console: who looks, at what, and how.

use std::borrow::Cow;
use std::sync::OnceLock;

use http::header::HeaderName;
use http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::access::cookies;
use crate::admin::Operator;
use crate::problem::{Code, Problem};

use super::routes::Page;

/// The cookie with the theme that a reader has chosen.
pub(super) const THEME_COOKIE: &str = "switchboard_theme";

/// The `id` of the part of a page that is loaded again each second.
pub(super) const LIVE: &str = "live";
/// The `id` of the part that htmx puts the answer in the place of.
const HX_TARGET: HeaderName = HeaderName::from_static("hx-target");

/// One request to a page or a form.
pub(super) struct Visit {
    /// Who looks.
    pub(super) operator: Operator,
    /// The page; that of the form for an action.
    pub(super) page: &'static Page,
    /// The query as it was sent, for the page's twin and for itself again.
    pub(super) query: Option<String>,
    /// Only the live part of the page is used; see [`live`](super::parts::live).
    pub(super) is_tick: bool,
    /// The theme that the reader has chosen; `None` for that of the system.
    pub(super) theme: Option<&'static str>,
    /// Where the page leads instead of being shown.
    leads_to: OnceLock<String>,
}

impl Visit {
    pub(super) fn new(operator: Operator, page: &'static Page, head: &Parts) -> Self {
        let query = head.uri.query().map(str::to_owned);
        let is_tick = head.headers.get(HX_TARGET).is_some_and(|target| target == LIVE);
        Self { operator, page, query, is_tick, theme: theme(head), leads_to: OnceLock::new() }
    }

    /// The query as it was sent.
    pub(super) fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// Has the page lead to another one, by its address below `/console/`, instead of being shown.
    pub(super) fn lead_to(&self, address: String) {
        self.leads_to.get_or_init(|| address);
    }

    /// Where the page leads instead of being shown.
    pub(super) fn leads_to(&self) -> Option<&str> {
        self.leads_to.get().map(String::as_str)
    }

    /// The first value of a parameter of the query, without white space around it; `None` if it is absent or empty.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let value = pairs.find(|(key, _)| key == name)?.1.trim().to_owned();
        (!value.is_empty()).then_some(value)
    }

    /// The query without parameters that are empty, as a form without script sends them, and with others in their place:
    /// what a document that knows fewer parameters takes, or where a link leads.
    pub(super) fn query_with(&self, changed: &[(&str, Option<&str>)]) -> String {
        let query = self.query.as_deref().unwrap_or_default();
        let kept = form_urlencoded::parse(query.as_bytes())
            .filter(|(name, value)| !value.trim().is_empty() && changed.iter().all(|(other, _)| other != name));
        let changed = changed.iter().filter_map(|(name, value)| Some((Cow::Borrowed(*name), Cow::Borrowed((*value)?))));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept.chain(changed)).finish()
    }

    /// The address of this page with its query changed, for a link.
    pub(super) fn address_with(&self, changed: &[(&str, Option<&str>)]) -> String {
        let (address, query) = (own(self.page.address), self.query_with(changed));
        if query.is_empty() { address.to_owned() } else { format!("{address}?{query}") }
    }

    /// What a form of this reader's session sends along; `None` where nothing can be changed.
    pub(super) fn form_token(&self) -> Option<&str> {
        let session = self.operator.access.session.as_ref()?;
        self.operator.may_write().then(|| session.form_token())
    }
}

/// The relative address of a page, which for the overview is that of the folder.
pub(super) fn own(address: &'static str) -> &'static str {
    if address.is_empty() { "./" } else { address }
}

/// A link to a page with one parameter.
pub(super) fn link(address: &str, name: &str, value: &str) -> String {
    format!("{address}?{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
}

pub(super) fn theme(head: &Parts) -> Option<&'static str> {
    cookies(&head.headers, THEME_COOKIE).find_map(|theme| ["light", "dark"].into_iter().find(|known| *known == theme))
}

/// What a form has sent.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body of the type `application/x-www-form-urlencoded`.
    pub(super) fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The first value of a field; empty if it is absent.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// All values of a field.
    pub(super) fn values<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// A field that has to be there.
    ///
    /// # Errors
    /// It is absent or empty.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Problem> {
        match self.value(name).trim() {
            "" => Err(Problem::new(Code::InvalidRequest, format!("the form lacks `{name}`"))),
            value => Ok(value),
        }
    }
}
