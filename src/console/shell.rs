//! What all pages have: head, navigation, search, foot.

use http::request::Parts;
use maud::{DOCTYPE, Markup, html};

use crate::access::Role;
use crate::problem::Problem;

use super::routes::PAGES;
use super::session::{END, FORM_TOKEN};
use super::visit::{Visit, own};
use super::{assets, parts};

/// htmx without what the policy forbids and what would keep pages.
const HTMX: &str = r#"{"allowEval":false,"allowScriptTags":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,"historyCacheSize":0,"historyEnabled":false,"scrollIntoViewOnBoost":false,"responseHandling":[{"code":"[23]..","swap":true},{"code":"[45]..","swap":true,"error":true}]}"#;

/// A page with its content.
pub(super) fn page(visit: &Visit, content: &Markup) -> Markup {
    let page = visit.page;
    let title = if page.address.is_empty() { "Switchboard" } else { page.title };
    document(
        title,
        visit.theme,
        &html! {
            header.top {
                a.brand href="./" { (parts::logo()) span { "Switchboard" } }
                form.search role="search" action="find" {
                    label.hidden for="find" { "Find a request, an update, an assistant or a client" }
                    input #find type="search" name="q" autocomplete="off" spellcheck="false"
                        placeholder="id of a request or update, assistant, client" data-key="/";
                    button type="submit" { "Find" }
                }
                div.who {
                    @match visit.operator.access.role {
                        Some(Role::Administrator) => { (parts::badge(parts::Tone::Plain, "administrator")) }
                        _ => { (parts::badge(parts::Tone::Plain, "looking only")) }
                    }
                    @if visit.operator.access.session.is_some() {
                        form method="post" action=(END) { button.quiet type="submit" { "Sign out" } }
                    }
                }
            }
            nav.pages aria-label="Pages" {
                ul {
                    @for one in PAGES.iter().filter(|page| page.key.is_some()) {
                        li {
                            a href=(own(one.address)) aria-current=[(one.address == page.address).then_some("page")]
                                data-go=[one.key] { (one.title) }
                        }
                    }
                }
            }
            main #main tabindex="-1" {
                h1 { (page.title) }
                div #banner role="status" hidden {}
                (content)
            }
            (foot(visit))
        },
    )
}

fn foot(visit: &Visit) -> Markup {
    let twin = format!("../admin/{}", visit.page.twin);
    let query = visit.query_with(&[]);
    let twin = if query.is_empty() { twin } else { format!("{twin}?{query}") };
    html! {
        footer.foot {
            span { "switchboard " (env!("CARGO_PKG_VERSION")) }
            @if let Some(instance) = instance() { span { "on " (instance) } }
            a href=(twin) { "this page as JSON" }
            span { "theme: " (theme_link(visit, "light")) " " (theme_link(visit, "dark")) " " (theme_link(visit, "system")) }
            span #zone { "times in UTC" }
            button.quiet #keys-button type="button" hidden { "keys: ?" }
        }
        dialog #keys aria-label="Keys" { (keys()) }
    }
}

fn theme_link(visit: &Visit, theme: &'static str) -> Markup {
    let is_current = visit.theme.unwrap_or("system") == theme;
    let back = visit.address_with(&[]);
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("to", theme).append_pair("back", &back).finish();
    html! { a href={ "theme?" (query) } aria-current=[is_current.then_some("true")] { (theme) } }
}

fn keys() -> Markup {
    html! {
        h2 { "Keys" }
        dl.keys {
            dt { kbd { "/" } } dd { "find" }
            dt { kbd { "j" } " " kbd { "k" } } dd { "next and previous row" }
            dt { kbd { "Enter" } } dd { "open the row" }
            dt { kbd { "Esc" } } dd { "back" }
            dt { kbd { "[" } " " kbd { "]" } } dd { "previous and next page of a list" }
            dt { kbd { "p" } } dd { "pause what is live" }
            dt { kbd { "y" } } dd { "copy the row's id" }
            @for page in PAGES {
                @if let Some(key) = page.key { dt { kbd { "g" } " " kbd { (key) } } dd { (page.title) } }
            }
        }
        label { input #keys-off type="checkbox"; " single keys are off" }
        form method="dialog" { button type="submit" { "Close" } }
    }
}

/// The name of this machine, as an operator who sees one of several replicas needs it.
fn instance() -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    (!name.is_empty()).then_some(name)
}

/// A page outside the console's navigation.
pub(super) fn bare(title: &str, head: &Parts, content: &Markup) -> Markup {
    let theme = super::visit::theme(head);
    document(
        title,
        theme,
        &html! {
            header.top { span.brand { (parts::logo()) span { "Switchboard" } } }
            main #main tabindex="-1" { h1 { (title) } (content) }
        },
    )
}

/// A page that says why there is none.
pub(super) fn problem(problem: &Problem, head: &Parts) -> Markup {
    let content = html! {
        (parts::problem(problem))
        p { a href="./" { "To the overview" } }
    };
    bare(problem.code.kind().title, head, &content)
}

fn document(title: &str, theme: Option<&'static str>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) @if title != "Switchboard" { " · Switchboard" } }
                link rel="icon" type="image/svg+xml" href=(assets::address("icon.svg"));
                link rel="stylesheet" href=(assets::address("console.css"));
                meta name="htmx-config" content=(HTMX);
                script defer src=(assets::address("htmx.min.js")) {}
                script defer src=(assets::address("idiomorph-ext.min.js")) {}
                script defer src=(assets::address("console.js")) {}
            }
            body hx-ext="morph" {
                a.skip href="#main" { "To the content" }
                (body)
            }
        }
    }
}

/// The hidden field that a form which changes something sends along.
pub(super) fn form_token(visit: &Visit) -> Markup {
    html! { @if let Some(token) = visit.form_token() { input type="hidden" name=(FORM_TOKEN) value=(token); } }
}
