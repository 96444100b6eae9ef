//! Routing: where an assistant leads and why, and all configured names.

use maud::{Markup, html};

use crate::admin::documents::assistants::{self, Decided, Permission, Routing, RuleResult, Step, Target, Tested};
use crate::console::parts::{self, Tone};
use crate::console::routes::Made;
use crate::console::visit::{Visit, link};

/// So many clients are suggested at most.
const SUGGESTED: usize = 200;

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let query = visit.query_with(&[]);
        let routing =
            assistants::routing(&visit.operator, Some(&query).filter(|query| !query.is_empty()).map(|query| &**query));
        let clients = routing.as_ref().map(|routing| &*routing.clients).unwrap_or_default();
        Ok(html! {
            (tester(visit, clients))
            @match &routing {
                Err(problem) => { (parts::problem(problem)) (filter(visit)) }
                Ok(routing) => {
                    (parts::live(visit, &result(routing)))
                    h2 { "Names" }
                    (filter(visit))
                    (super::names(&routing.names))
                    (parts::pager_of(visit, ("First", "Next"), routing.names.next_cursor.as_deref()))
                }
            }
        })
    })
}

/// The form of the tester.
fn tester(visit: &Visit, clients: &[String]) -> Markup {
    let client = visit.parameter("client").unwrap_or_default();
    html! {
        form.filters action="routing" {
            (parts::text_filter(visit, "assistant", "Assistant: name, vendor:id or id"))
            label {
                span { "Client" }
                input type="text" name="client" value=(client) list="clients" autocomplete="off" spellcheck="false" placeholder="without a key";
            }
            datalist #clients { @for client in clients.iter().take(SUGGESTED) { option value=(client) {} } }
            (preference(&visit.parameter("handling").unwrap_or_default()))
            (super::kept(visit, &["q", "limit"]))
            button type="submit" { "Test" }
        }
    }
}

/// What the request says of the handling.
fn preference(chosen: &str) -> Markup {
    html! {
        label {
            span { "Prefer: handling" }
            select name="handling" {
                option value="" { "not sent" }
                @for word in ["strict", "lenient"] { option value=(word) selected[word == chosen] { (word) } }
            }
        }
    }
}

/// The form that chooses names.
fn filter(visit: &Visit) -> Markup {
    html! {
        form.filters action="routing" {
            (parts::text_filter(visit, "q", "Names that contain"))
            (super::kept(visit, &["assistant", "client", "handling", "limit"]))
            button type="submit" { "Filter" }
            @if visit.parameter("q").is_some() { a href=(visit.address_with(&[("q", None), ("cursor", None)])) { "clear" } }
        }
    }
}

fn result(routing: &Routing) -> Markup {
    match &routing.tested {
        Some(tested) => self::tested(tested, routing.open),
        None => parts::empty(
            "No assistant to test",
            "Write one above to see which rule decides, where it leads, who may use it, and which handling holds.",
        ),
    }
}

fn tested(tested: &Tested, open: bool) -> Markup {
    html! {
        h2 { "Where " code data-id=(tested.assistant) { (tested.assistant) } " leads" }
        @if tested.client.is_none() && !open {
            p.hint { "No client is chosen: rules for certain clients do not match, and every client's own limits are left out." }
        }
        @if let Some(problem) = &tested.problem {
            p { "The caller gets this instead of the assistant:" }
            (parts::problem(&problem.problem))
        }
        @if let Some(target) = &tested.target { (self::target(target, tested)) }
        (steps(&tested.steps))
        @if let Some(handling) = &tested.handling { (self::handling(handling)) }
    }
}

fn target(target: &Target, tested: &Tested) -> Markup {
    html! {
        div.card {
            dl.pairs {
                dt { "Vendor" } dd { a href=(link("vendor", "name", &target.vendor)) { (target.vendor) } " (" (target.dialect) ")" }
                dt { "Id" } dd { code { (target.id) } }
                dt { "By" } dd { code { (target.rule) } }
                @if let Some(scope) = &target.order_scope {
                    dt { "Order" } dd {
                        "one line of updates for this id in the scope " code { (scope) }
                        @if *scope != target.vendor { ", which this account shares because it has the same address and token" }
                    }
                }
                @if let Some(handling) = &tested.handling {
                    dt { "Handling" } dd { strong { (handling.value) } ", which the " (handling.by) " decides" }
                }
                @if let Some(permission) = &tested.permission { dt { "Client" } dd { (self::permission(permission, tested.client.as_deref())) } }
            }
            p {
                a href=(link("assistant", "name", &tested.assistant)) { "The assistant" } " · "
                a href=(link("requests", "assistant", &tested.assistant)) { "Its requests" }
            }
        }
    }
}

fn permission(permission: &Permission, client: Option<&str>) -> Markup {
    html! {
        @match client { Some(client) => { code { (client) } " " } None => { "without a key " } }
        @match &permission.why {
            None => { (parts::badge(Tone::Good, "may use it")) }
            Some(why) => { (parts::badge(Tone::Bad, "may not use it")) ": " (parts::code_spans(why)) }
        }
        @if let Some(operations) = &permission.operations {
            span.quiet-text { " (may " @if operations.is_empty() { "do nothing" } @else { (operations.join(", ")) } ")" }
        }
    }
}

fn steps(steps: &[Step]) -> Markup {
    let rows = html! {
        @for step in steps {
            tr {
                th.nowrap scope="row" { code { (step.rule) } }
                td {
                    (outcome(step))
                    @if let Some(why) = &step.why { ": " (parts::code_spans(why)) }
                }
                td { @if let Some(clients) = &step.clients { code { (clients) } } @else if step.assistants.is_some() { "all" } }
                td.nowrap { @if let Some(ids) = &step.assistants { code { (ids) } } }
                td { @if let Some(vendor) = &step.vendor { a href=(link("vendor", "name", vendor)) { (vendor) } } }
            }
        }
    };
    parts::table(
        "Rules",
        "Rules in the order in which they are tried; the first that matches decides",
        &["Rule", "Result", "Clients", "Ids", "Leads to"],
        &rows,
    )
}

fn outcome(step: &Step) -> Markup {
    match (step.result, &step.why) {
        (RuleResult::Matched, None) => parts::badge(Tone::Good, "matched"),
        (RuleResult::Matched, Some(_)) => parts::badge(Tone::Bad, "matched, leads nowhere"),
        (RuleResult::NotMatched, _) => parts::badge(Tone::Plain, "not matched"),
        (RuleResult::NotReached, _) => html! { span.quiet-text { "not reached" } },
    }
}

fn handling(handling: &Decided) -> Markup {
    let rows = html! {
        @for said in &handling.levels {
            tr {
                th scope="row" { (said.level) }
                td { (parts::code_spans(&said.source)) }
                td {
                    @match said.value { Some(value) => { (value) } None => { span.quiet-text { "nothing" } } }
                    @if said.level == handling.by { " " (parts::badge(Tone::Good, "decides")) }
                }
            }
        }
    };
    parts::table(
        "Handling",
        "What becomes of fields that the vendor lacks: the first level that says anything decides",
        &["Level", "Where", "Says"],
        &rows,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::documents::assistants::Said;

    fn step(rule: &str, result: RuleResult, why: Option<&str>) -> Step {
        let is_rule = rule.starts_with("routing.rules");
        Step {
            rule: rule.to_owned(),
            clients: is_rule.then(|| "c*".to_owned()),
            assistants: is_rule.then(|| "<7*>".to_owned()),
            vendor: is_rule.then(|| "sondos".to_owned()),
            result,
            why: why.map(str::to_owned),
        }
    }

    #[test]
    fn each_rule_says_what_came_of_it_and_texts_are_escaped() {
        let told = Tested {
            assistant: "<script>alert(1)</script>".to_owned(),
            client: Some("crm".to_owned()),
            steps: vec![
                step("vendor:id", RuleResult::NotMatched, Some("it is written without a vendor")),
                step("routing.rules[0]", RuleResult::Matched, None),
                step("routing.rules[1]", RuleResult::NotReached, None),
            ],
            target: Some(Target {
                vendor: "twin".to_owned(),
                dialect: "sondos",
                id: "7".to_owned(),
                rule: "routing.rules[0]".to_owned(),
                order_scope: Some("sondos".to_owned()),
            }),
            handling: Some(Decided {
                value: "lenient",
                by: "client",
                levels: vec![Said {
                    level: "client",
                    source: "`clients.crm.handling`".to_owned(),
                    value: Some("lenient"),
                }],
            }),
            permission: Some(Permission {
                may: false,
                why: Some("no pattern of the client's `assistants` covers it".to_owned()),
                operations: Some(vec!["read"]),
            }),
            problem: None,
        };
        let text = tested(&told, false).into_string();
        assert!(!text.contains("<script>") && text.contains("&lt;script&gt;"), "{text}");
        for part in [
            "not matched</span>: it is written without a vendor",
            "<code>c*</code>",
            "<code>&lt;7*&gt;</code>",
            "matched</span></td>",
            "not reached",
            "which this account shares",
            "<strong>lenient</strong>, which the client decides",
            "may not use it</span>: no pattern of the client&#39;s <code>assistants</code>",
            "(may read)",
            "<code>clients.crm.handling</code></td><td>lenient <span class=\"badge good\">",
        ] {
            let part = part.replace("&#39;", "'");
            assert!(text.contains(&part), "{part}\n{text}");
        }
        assert!(!text.contains("No client is chosen"));
    }
}
