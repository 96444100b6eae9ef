//! Drift: where vendors' answers differ from their documentation.

use maud::{Markup, html};

use crate::admin::documents::drift::{Drift, Marked, Seen, VendorDrift, drift, mark as mark_difference};
use crate::console::parts::{self, Tone};
use crate::console::routes::{Done, Made};
use crate::console::visit::{Form, Visit, link};

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let document = drift(&visit.operator, Some(&visit.query_with(&[])))?;
        Ok(parts::live(visit, &content(visit, &document)))
    })
}

/// Marks a difference as known, or as not known.
pub(in crate::console) fn mark(visit: &Visit, form: Form) -> Made<'_, Done> {
    Box::pin(async move {
        let (vendor, known) = (form.needed("vendor")?, form.value("known") != "false");
        let (asked, kind, field) = (form.needed("asked")?, form.needed("kind")?, form.value("field"));
        mark_difference(&visit.operator, &Marked { vendor, asked, kind, field, known })?;
        Ok(Done::To("drift".to_owned()))
    })
}

fn content(visit: &Visit, document: &Drift) -> Markup {
    html! {
        dl.figures {
            (parts::figure("differences", document.unknown))
            (parts::figure("known", document.known))
        }
        p.hint { "An answer that differs is still used: nothing is refused for it. What was noted here is of this process, since it started." }
        @if document.vendors.is_empty() {
            (parts::empty("No vendors", parts::code_spans("A `[vendors.NAME]` table with a `token` adds one.")))
        }
        @for vendor in &document.vendors { (one(visit, vendor)) }
    }
}

fn one(visit: &Visit, vendor: &VendorDrift) -> Markup {
    let known = vendor.differences.len() - vendor.unknown;
    html! {
        h2 {
            a href=(link("vendor", "name", &vendor.vendor)) { (vendor.vendor) } " "
            @match (vendor.unknown, known) {
                (0, 0) => (parts::badge(Tone::Good, "as documented")),
                (0, known) => (parts::badge(Tone::Plain, format!("{known} known"))),
                (unknown, _) => (parts::badge(Tone::Warning, format!("{unknown} different"))),
            }
        }
        @if !vendor.differences.is_empty() {
            (parts::table(
                &format!("Differences at {}", vendor.vendor),
                html! { "Answers of " (vendor.vendor) " that differ from the documentation of " (vendor.dialect) },
                &["answer to", "where", "documented", "seen", "#times", "first", "last", "state"],
                &html! { @for seen in &vendor.differences { (row(visit, &vendor.vendor, seen)) } },
            ))
            @if let Some(other) = vendor.other {
                p { (other.count) " more, in other places, are counted and not listed; the last at " (parts::time_of(other.last_seen)) "." }
            }
            div.card {
                p { "Let a checkout of this version ask the vendor, with the vendor's id of an assistant that takes no calls:" }
                (parts::json("Command that checks the account", &vendor.verify))
                p { "If the vendor keeps it so, these files say it:" }
                ul { @for file in &vendor.files { li { code { (file) } } } }
            }
        }
        @if !vendor.outages.is_empty() {
            p.hint {
                "Answers while it was out of order, which are no differences: "
                (parts::list(vendor.outages.iter().map(|(status, times)| html! {
                    (times.count) " with " (status) " (last " (parts::time_of(times.last_seen)) ")"
                })))
                "."
            }
        }
    }
}

fn row(visit: &Visit, vendor: &str, seen: &Seen) -> Markup {
    let one = &seen.difference;
    let word = if one.known { "not known" } else { "mark as known" };
    html! {
        tr {
            td { (one.asked) div.quiet-text { (one.kind) } }
            th scope="row" { @if one.field.is_empty() { "the whole answer" } @else { code { (one.field) } } }
            td { (seen.documented) }
            td { (seen.found) }
            td.number { (one.times.count) }
            td.nowrap { (parts::time_of(one.times.first_seen)) }
            td.nowrap { (parts::time_of(one.times.last_seen)) }
            td {
                @if one.known { (parts::badge(Tone::Plain, "known")) } @else { (parts::badge(Tone::Warning, "different")) }
                (parts::write_button(visit, "drift-known", word, &html! {
                    input type="hidden" name="vendor" value=(vendor);
                    input type="hidden" name="asked" value=(one.asked);
                    input type="hidden" name="kind" value=(one.kind);
                    input type="hidden" name="field" value=(one.field);
                    input type="hidden" name="known" value=(if one.known { "false" } else { "true" });
                }))
            }
        }
    }
}
