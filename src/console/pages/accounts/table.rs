//! Vendor accounts as rows, and what pages about them share.

use maud::{Markup, html};

use crate::admin::documents::accounts::{Percentiles, Row, Vendor, Window};
use crate::admin::documents::attention::{Attention, Severity};
use crate::console::parts::{self, Tone};
use crate::console::routes::PAGES;
use crate::console::visit::link;

/// The share of errors from which on it is marked.
const MANY_ERRORS: f64 = 0.1;

/// All accounts, each with its last minutes and a quarter of an hour.
pub(in crate::console) fn table(rows: &[Row]) -> Markup {
    if rows.is_empty() {
        return parts::empty(
            "No vendor account is configured.",
            html! { "A table " code { "[vendors.NAME]" } " in the configuration adds one." },
        );
    }
    parts::framed(
        "Vendor accounts",
        &html! {
            table.dense {
                caption { "Over 1 and 5 minutes; the lines show the last 15. " a href="../admin/vendors" { "As JSON" } }
                thead {
                    tr {
                        th scope="col" { "Vendor" }
                        th scope="col" { "Breaker" }
                        th.number scope="col" { "Per second" }
                        th scope="col" { "Requests" }
                        th.number scope="col" { "Errors" }
                        th scope="col" { "Failed" }
                        th.number scope="col" { "p50" }
                        th.number scope="col" { "p99" }
                        th scope="col" { "Latency" }
                        th.number scope="col" { "In flight" }
                        th.number scope="col" { "Waiting" }
                    }
                }
                tbody { @for row in rows { (line(row)) } }
            }
        },
    )
}

fn line(row: &Row) -> Markup {
    let Row { name, state, lines } = row;
    let minutes = state.recent.as_ref().map(|recent| (&recent.one, &recent.five));
    let pair = |cell: &dyn Fn(&Window) -> String| {
        minutes.map_or_else(|| "–".to_owned(), |(one, five)| format!("{} · {}", cell(one), cell(five)))
    };
    let [requests, errors, latency] = match lines {
        Some(lines) => [floats(&lines.requests), floats(&lines.errors), gaps(&lines.p99_ms)],
        None => Default::default(),
    };
    html! {
        tr {
            th scope="row" { a href=(link("vendor", "name", name)) data-id=(name) { (name) } }
            td { (breaker(state)) }
            td.number { (pair(&|window| rate(window.requests_per_second))) }
            td { (parts::sparkline(&requests, &most("requests", &requests, "in 10 s"))) }
            td.number {
                @let text = pair(&errors_of);
                @if has_many_errors(state) { (parts::badge(Tone::Bad, text)) } @else { (text) }
            }
            td { (parts::sparkline(&errors, &most("failed requests", &errors, "in 10 s"))) }
            td.number { (pair(&|window| latency_of(window.total_ms.p50))) }
            td.number { (pair(&|window| latency_of(window.total_ms.p99))) }
            td { (parts::sparkline(&latency, &most("99th percentile", &latency, "ms"))) }
            td.number { (state.in_flight) "/" (state.max_in_flight) }
            td.number { (state.waiting) "/" (state.max_waiting) }
        }
    }
}

/// What the breaker and a pause let through.
pub(in crate::console) fn breaker(state: &Vendor) -> Markup {
    match (state.breaker, state.paused_seconds) {
        ("open", _) => parts::badge(Tone::Bad, "open"),
        ("half_open", _) => parts::badge(Tone::Warning, "half open"),
        (_, Some(_)) => parts::badge(Tone::Warning, "paused"),
        _ => parts::badge(Tone::Good, "closed"),
    }
}

/// What needs attention, each with where to look, unless that is the page `here`, and what to do.
pub(in crate::console) fn attention(list: &[Attention], here: &str) -> Markup {
    html! {
        ul.attention {
            @for one in list {
                @let (class, tone) = match one.severity {
                    Severity::Bad => ("bad", Tone::Bad),
                    Severity::Warning => ("warning", Tone::Warning),
                };
                li class=(class) {
                    p {
                        (parts::badge(tone, class)) " " strong { (one.what) }
                        @if let Some(updates) = one.updates { " (" (updates) @if updates == 1 { " update" } @else { " updates" } ")" }
                        @if let Some(since) = one.since { " since " (parts::time_of(since)) }
                    }
                    @if !one.details.is_empty() { ul { @for detail in &one.details { li { (detail) } } } }
                    p {
                        @if let Some(title) = title_of(&one.see, here) { a href=(one.see) { (title) } " · " }
                        @match one.runbook.strip_prefix("docs/runbook.md#") {
                            Some(entry) => { a href=(link("runbook", "entry", entry)) { "What to do" } }
                            None => { "what to do: " code { (one.runbook) } }
                        }
                    }
                }
            }
        }
    }
}

/// The title of the page that an address below `/console/` leads to; `None` for the overview and for the page `here`.
fn title_of(address: &str, here: &str) -> Option<&'static str> {
    let path = address.split('?').next().filter(|path| !path.is_empty() && *path != here)?;
    PAGES.iter().find(|page| page.address == path).map(|page| page.title)
}

fn has_many_errors(state: &Vendor) -> bool {
    let ratio = state.recent.as_ref().and_then(|recent| recent.one.error_ratio);
    ratio.is_some_and(|ratio| ratio >= MANY_ERRORS)
}

pub(in crate::console) fn rate(rate: f64) -> String {
    match rate {
        rate if rate >= 100.0 => format!("{rate:.0}"),
        rate if rate >= 10.0 => format!("{rate:.1}"),
        rate => format!("{rate:.2}"),
    }
}

pub(in crate::console) fn errors_of(window: &Window) -> String {
    match window.error_ratio {
        None => "–".to_owned(),
        Some(ratio) if ratio >= MANY_ERRORS => format!("{:.0} %", ratio * 100.0),
        Some(ratio) => format!("{:.1} %", ratio * 100.0),
    }
}

fn latency_of(millis: Option<f64>) -> String {
    millis.map_or_else(|| "–".to_owned(), parts::millis)
}

/// The median and the 99th percentile.
pub(in crate::console) fn percentiles(Percentiles { p50, p99 }: Percentiles) -> String {
    format!("{} · {}", latency_of(p50), latency_of(p99))
}

/// Counts as a line.
pub(in crate::console) fn floats(counts: &[u64]) -> Vec<f64> {
    counts.iter().map(|count| *count as f64).collect()
}

/// Latencies as a line, which is at the bottom where there are none.
pub(in crate::console) fn gaps(millis: &[Option<f64>]) -> Vec<f64> {
    millis.iter().map(|millis| millis.unwrap_or_default()).collect()
}

/// What a line shows, for those who do not see it.
pub(in crate::console) fn most(what: &str, values: &[f64], unit: &str) -> String {
    let most = values.iter().copied().fold(0.0, f64::max);
    format!("{what} of the last 15 minutes, at most {} {unit}", most.ceil())
}

#[cfg(test)]
pub(in crate::console) mod tests {
    use super::*;

    /// An account with a name that tries to be markup.
    pub(in crate::console) fn row(name: &str) -> Row {
        Row { name: name.to_owned(), state: Vendor::example(), lines: None }
    }

    #[test]
    fn a_row_shows_the_state_and_names_are_escaped() {
        let mut hostile = row("<script>x</script>");
        let html = table(std::slice::from_ref(&hostile)).into_string();
        assert!(!html.contains("<script>") && html.contains("vendor?name=%3Cscript%3E"), "{html}");
        assert!(html.contains("1.50 · 0.30") && html.contains("0.0 % · –") && html.contains("2/128"), "{html}");
        assert!(html.contains("closed") && !html.contains("badge bad"), "{html}");
        hostile.state.breaker = "open";
        if let Some(recent) = &mut hostile.state.recent {
            recent.one.error_ratio = Some(0.25);
        }
        let html = table(&[hostile]).into_string();
        assert!(html.contains("open") && html.contains("25 % · –") && html.matches("badge bad").count() == 2, "{html}");
        assert!(table(&[]).into_string().contains("No vendor account is configured."));
    }

    #[test]
    fn what_needs_attention_leads_to_where_more_is_and_is_escaped() {
        let mut one = Attention::example();
        let html = attention(std::slice::from_ref(&one), "vendor").into_string();
        assert!(html.contains("sondos: refuses our token") && html.contains("(3 updates) since"), "{html}");
        assert!(html.contains(r#"<a href="requests?vendor=sondos">Requests</a>"#), "{html}");
        assert!(html.contains(r#"<a href="runbook?entry=switchboardcredentialsrejected">What to do</a>"#), "{html}");
        one.what = "<script>".to_owned();
        one.details = vec!["<img src=x>".to_owned()];
        let html = attention(&[one], "requests").into_string();
        assert!(!html.contains("<script>") && !html.contains("<img") && !html.contains("requests?"), "{html}");
    }
}
