//! The status document as text: a headline, a table with a row for each vendor, and what needs attention.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::Style;
use crate::cli::records::{Column, column, fitted, named_vendors, right};

const COLUMNS: &[Column] = &[
    column("vendor", 0, |vendor| vendor["vendor"].as_str().unwrap_or_default().to_owned()),
    column("breaker", 1, |vendor| text_of(&vendor["breaker"]).replace('_', " ")),
    right("req/s", 2, |vendor| per_second(&vendor["recent"]["1m"])),
    right("(5m)", 7, |vendor| per_second(&vendor["recent"]["5m"])),
    right("errors", 2, |vendor| errors(&vendor["recent"]["1m"])),
    right("(5m)", 7, |vendor| errors(&vendor["recent"]["5m"])),
    right("reason (5m)", 3, |vendor| vendor["recent"]["5m"]["commonest_reason"].as_str().unwrap_or("-").to_owned()),
    right("p50", 5, |vendor| millis(&vendor["recent"]["5m"]["total_ms"]["p50"])),
    right("p99", 3, |vendor| millis(&vendor["recent"]["5m"]["total_ms"]["p99"])),
    right("vendor p50", 8, |vendor| millis(&vendor["recent"]["5m"]["vendor_ms"]["p50"])),
    right("vendor p99", 6, |vendor| millis(&vendor["recent"]["5m"]["vendor_ms"]["p99"])),
    right("in flight", 4, |vendor| of(&vendor["in_flight"], &vendor["max_in_flight"])),
    right("waiting", 4, |vendor| of(&vendor["waiting"], &vendor["max_waiting"])),
];

/// The whole text. Columns are left out until the table fits into `width`, down to two.
pub(crate) fn text(status: &Value, style: Style, width: Option<u16>) -> String {
    let mut text = headline(status, style);
    text.push('\n');
    text.push_str(&rows(&named_vendors(&status["vendors"]), style, width));
    let notes = notes(status);
    if !notes.is_empty() {
        text.push('\n');
    }
    notes.iter().for_each(|note| text.push_str(&format!("{} {note}\n", style.red("!"))));
    text
}

fn headline(status: &Value, style: Style) -> String {
    let (version, reloads) = (text_of(&status["version"]), &status["reloads"]);
    format!(
        "{}, up {}, {} in flight\nconfiguration {}{}: {} reloads applied, {} refused\n",
        style.bold(&format!("switchboard {version}")),
        time(status["uptime_seconds"].as_u64().unwrap_or_default()),
        status["in_flight"],
        status["generation"],
        status["config"].as_str().map(|path| format!(" ({path})")).unwrap_or_default(),
        reloads["applied"],
        reloads["refused"],
    )
}

fn rows(vendors: &[Value], style: Style, width: Option<u16>) -> String {
    let is_well = |vendor: &Value| {
        vendor["breaker"] == "closed" && vendor["recent"]["1m"]["error_ratio"].as_f64().unwrap_or_default() < 0.1
    };
    let mut text = String::new();
    for (row, line) in fitted(COLUMNS, vendors, width).trim_fmt().lines().enumerate() {
        let line = match row.checked_sub(1).and_then(|row| vendors.get(row)) {
            None => style.dim(line),
            Some(vendor) if is_well(vendor) => line.to_owned(),
            Some(_) => style.red(line),
        };
        text += &line;
        text.push('\n');
    }
    text
}

/// What needs attention, as the gateway says it; an older one says nothing.
fn notes(status: &Value) -> Vec<String> {
    let all = status["attention"].as_array().into_iter().flatten();
    all.flat_map(|attention| {
        let details = attention["details"].as_array().into_iter().flatten().filter_map(Value::as_str);
        std::iter::once(note(attention)).chain(details.map(|detail| format!("  {detail}")))
    })
    .collect()
}

/// One thing that needs attention: what, for how many updates and since when, and what to look at.
fn note(attention: &Value) -> String {
    let mut note = text_of(&attention["what"]);
    if let (Some(count), Some(at)) = (attention["updates"].as_u64(), attention["since"].as_u64()) {
        let updates = if count == 1 { "update" } else { "updates" };
        note += &format!(" since {} ({count} {updates})", since(at, SystemTime::now()));
    }
    if let Some(advice) = attention["advice"].as_str() {
        note += &format!(": {advice}");
    }
    note
}

/// A time of today as `03:12 UTC`, an earlier one with its date.
fn since(seconds: u64, now: SystemTime) -> String {
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let (then, now) =
        (humantime::format_rfc3339_seconds(then).to_string(), humantime::format_rfc3339_seconds(now).to_string());
    let (date, clock) = (then.get(..10).unwrap_or_default(), then.get(11..16).unwrap_or_default());
    if now.starts_with(date) { format!("{clock} UTC") } else { format!("{date} {clock} UTC") }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or("?").to_owned()
}

fn per_second(window: &Value) -> String {
    window["requests_per_second"].as_f64().map_or("-".to_owned(), |rate| match rate {
        rate if rate >= 100.0 => format!("{rate:.0}"),
        rate if rate >= 10.0 => format!("{rate:.1}"),
        rate => format!("{rate:.2}"),
    })
}

fn errors(window: &Value) -> String {
    window["error_ratio"].as_f64().map_or("-".to_owned(), |ratio| format!("{:.1} %", ratio * 100.0))
}

fn millis(value: &Value) -> String {
    value.as_f64().map_or("-".to_owned(), |millis| match millis {
        millis if millis >= 10_000.0 => format!("{:.0} s", millis / 1000.0),
        millis if millis >= 1000.0 => format!("{:.1} s", millis / 1000.0),
        millis if millis >= 10.0 => format!("{millis:.0} ms"),
        millis => format!("{millis:.1} ms"),
    })
}

fn of(part: &Value, all: &Value) -> String {
    if all.is_null() { part.to_string() } else { format!("{part}/{all}") }
}

fn time(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::cli::commands::status::table::*;
    use crate::config::Environment;

    fn status() -> Value {
        let window = |rate: f64, errors: Option<f64>| {
            json!({
                "requests_per_second": rate, "error_ratio": errors,
                "total_ms": { "p50": 12.4, "p99": 1234.0 }, "vendor_ms": { "p50": 11.0, "p99": 20_500.0 },
            })
        };
        json!({
            "version": "1.2.3", "uptime_seconds": 4000, "in_flight": 3, "generation": 2,
            "reloads": { "applied": 1, "refused": 1 },
            "attention": [
                { "what": "the audit cannot be written: no space" },
                { "what": "the last reload was refused", "since": 1, "advice": "see `switchboard check`",
                  "details": ["c.toml:3:5: unknown key `a`; did you mean `b`?"] },
                { "what": "sondos: refuses our token", "since": 1, "updates": 3, "advice": null, "details": [] },
                { "what": "sondos: refuses our account", "since": 2, "updates": 1 },
            ],
            "vendors": {
                "autocalls": {
                    "breaker": "closed", "recent": { "1m": window(123.4, Some(0.0)), "5m": window(9.876, None) },
                    "in_flight": 2, "max_in_flight": 128, "waiting": 0, "max_waiting": 256,
                },
                "sondos": {
                    "breaker": "open", "next_probe_seconds": 61.2, "paused_seconds": null, "in_flight": 0, "waiting": 0,
                },
            },
        })
    }

    fn plain() -> Style {
        Style::for_stdout(&[("NO_COLOR".to_owned(), "1".to_owned())].into_iter().collect::<Environment>())
    }

    #[test]
    fn headline_table_and_notes_are_printed() {
        let expected = "\
switchboard 1.2.3, up 1h 6m 40s, 3 in flight
configuration 2: 1 reloads applied, 1 refused

vendor     breaker  req/s  (5m)  errors  (5m)  reason (5m)    p50    p99  vendor p50  vendor p99  in flight  waiting
autocalls  closed     123  9.88   0.0 %     -            -  12 ms  1.2 s       11 ms        20 s      2/128    0/256
sondos     open         -     -       -     -            -      -      -           -           -          0        0

! the audit cannot be written: no space
! the last reload was refused: see `switchboard check`
!   c.toml:3:5: unknown key `a`; did you mean `b`?
! sondos: refuses our token since 1970-01-01 00:00 UTC (3 updates)
! sondos: refuses our account since 1970-01-01 00:00 UTC (1 update)
";
        assert_eq!(text(&status(), plain(), None), expected);
    }

    #[test]
    fn an_older_gateway_says_nothing_and_times_of_other_days_have_a_date() {
        let mut status = status();
        status["config"] = "/etc/c.toml".into();
        status.as_object_mut().unwrap().remove("attention");
        let text = text(&status, plain(), None);
        assert!(text.contains("configuration 2 (/etc/c.toml): 1 reloads") && !text.contains('!'), "{text}");
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(11 * 60 + 3 * 3600);
        assert_eq!(since(3 * 3600, then), "03:00 UTC");
        assert_eq!(since(3 * 3600, then + Duration::from_secs(86_400)), "1970-01-01 03:00 UTC");
    }

    #[test]
    fn a_narrow_terminal_leaves_columns_out_and_wraps_no_line() {
        for width in [20, 40, 60, 80] {
            let text = text(&status(), plain(), Some(width));
            let table: Vec<&str> = text.lines().skip(3).take(3).collect();
            assert!(table.iter().all(|line| line.chars().count() <= usize::from(width)), "{width}: {table:#?}");
            assert!(table[2].starts_with("sondos     open"), "{table:#?}");
        }
        assert!(text(&status(), plain(), Some(60)).contains("errors"));
    }
}
