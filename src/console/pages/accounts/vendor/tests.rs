use serde_json::json;

use super::*;
use crate::admin::documents::accounts::{FoundEntry, Vendor};
use crate::admin::documents::attention::Attention;
use crate::upstream::BreakerChange;

fn example() -> Detail {
    Detail {
        name: "<b>v</b>".to_owned(),
        title: "Sondos",
        documentation: "https://vendor.example/docs",
        experimental: false,
        state: Vendor::example(),
        attention: Vec::new(),
        lines: None,
        breaker_changes: vec![BreakerChange { state: "closed", at: 9 }, BreakerChange { state: "open", at: 5 }],
        handling: "strict",
        field_policies: [("voice", "drop")].into(),
        catalog_ttl_seconds: 300,
        known_catalogs: Vec::new(),
        found: Vec::new(),
        settings: json!({ "base_url": "http://127.0.0.1:1", "rate_limit": { "per_second": 50 }, "token": "[redacted]" }),
    }
}

#[test]
fn the_state_has_limits_changes_of_the_breaker_and_no_markup_of_others() {
    let html = state(&example()).into_string();
    for part in [
        "2 of 128",
        "per second 50",
        "Nothing needs attention at this vendor.",
        "1970-01-01 00:00:09",
        "timeout 3",
        "requests?vendor=%3Cb%3Ev%3C%2Fb%3E",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("<b>v</b>"), "{html}");
    let html = state(&Detail { attention: vec![Attention::example()], ..example() }).into_string();
    assert!(html.contains("refuses our token") && !html.contains("Nothing needs"), "{html}");
}

#[test]
fn a_search_shows_how_many_match_and_where_each_is_from() {
    let entry = |id: &str, configured| FoundEntry { id: id.to_owned(), name: "<i>Vega</i>".to_owned(), configured };
    let found = Found { kind: "voices", count: 7, entries: vec![entry("1", true), entry("2", false)] };
    let html = entries(&found).into_string();
    assert!(html.contains("the first 2 of 7") && html.contains("configuration") && html.contains("vendor"), "{html}");
    assert!(!html.contains("<i>Vega"), "{html}");
    let html = entries(&Found { count: 0, entries: Vec::new(), ..found }).into_string();
    assert!(html.contains("No entry of voices matches."), "{html}");
}

#[test]
fn settings_say_whether_the_connection_is_protected() {
    let html = settings(&example()).into_string();
    assert!(
        html.contains("off: plain HTTP") && html.contains("strict: refused") && html.contains("[redacted]"),
        "{html}"
    );
    let secure =
        json!({ "base_url": "https://vendor.example", "tls": { "server_name": "x.example", "ca_file": null } });
    let html = settings(&Detail { settings: secure, ..example() }).into_string();
    assert!(html.contains("badge good") && html.contains("server_name") && !html.contains("<code>ca_file"), "{html}");
}
