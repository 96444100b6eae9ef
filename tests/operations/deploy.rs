//! deploy/ and the runbook name only metrics, labels and codes that exist.

use std::collections::BTreeSet;
use std::path::Path;

use prometheus_client::metrics::MetricType;
use serde_json::Value;
use switchboard::admin::{METRICS, Metric};
use switchboard::problem::Code;

/// The address of the runbook before an operator sets the address of the own copy.
const RUNBOOK: &str = "https://example.com/switchboard/docs/runbook.md";

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn rules() -> String {
    let rules = read("deploy/prometheus/alerts.yml");
    rules.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// The values of `key: value` lines.
fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let prefix = format!("{key}: ");
    text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(&*prefix)).collect()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Every metric in an expression with the names of the labels that it is selected by.
fn metrics(expression: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let word: String = rest[at..].chars().take_while(|c| is_word(*c)).collect();
        rest = &rest[at + word.len()..];
        if word.starts_with("switchboard_") || word.starts_with("process_") {
            let selector = rest.strip_prefix('{').and_then(|open| open.split_once('}')).map_or("", |(inner, _)| inner);
            found.push((word, selector_labels(selector)));
        }
    }
    found
}

/// The names in `a="b",c=~"d,e"`.
fn selector_labels(selector: &str) -> Vec<String> {
    let outside = selector.split('"').step_by(2).collect::<String>();
    let names = outside.split([',', '=', '~', '!']).map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn named(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

#[track_caller]
fn exists(metric: &str, labels: &[String], place: &str) -> &'static Metric {
    let histogram = ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|suffix| named(metric.strip_suffix(suffix)?).filter(|family| family.kind == MetricType::Histogram));
    let plain = named(metric).filter(|family| family.kind != MetricType::Histogram);
    let family = histogram.or(plain).unwrap_or_else(|| panic!("{place}: there is no {metric}"));
    for label in labels {
        let known = family.labels.contains(&&**label) || ["job", "instance", "le"].contains(&&**label);
        assert!(known, "{place}: {metric} has no label {label}");
    }
    family
}

/// The labels in clauses such as `by (…)` and `on (…)` must be of one of the metrics in the same expression.
#[track_caller]
fn grouped(expression: &str, families: &[&Metric], place: &str) {
    for list in ["by (", "on (", "without ("].iter().flat_map(|word| expression.split(word).skip(1)) {
        for label in list.split(')').next().unwrap().split(',').map(str::trim).filter(|label| !label.is_empty()) {
            let own = families.iter().any(|family| family.labels.contains(&label));
            assert!(own || ["job", "instance", "le"].contains(&label), "{place}: nothing has the label {label}");
        }
    }
}

#[track_caller]
fn check(expression: &str, place: &str) -> Vec<&'static Metric> {
    let found = metrics(expression);
    let families: Vec<_> = found.iter().map(|(metric, labels)| exists(metric, labels, place)).collect();
    grouped(expression, &families, place);
    families
}

#[test]
fn the_alert_rules_use_existing_metrics_and_labels() {
    let rules = rules();
    for rule in rules.split("- alert: ").skip(1) {
        let name = rule.lines().next().unwrap();
        let expression = rule.split("expr: ").nth(1).unwrap().split("labels: {").next().unwrap();
        let families = check(expression, name);
        assert!(!families.is_empty() || name == "SwitchboardDown", "{name}");
        for key in ["severity", "summary", "description", "runbook_url"] {
            assert!(rule.contains(&format!("{key}: ")), "{name} has no {key}");
        }
        for used in rule.split("$labels.").skip(1) {
            let label: String = used.chars().take_while(|c| is_word(*c)).collect();
            let known = families.iter().any(|family| family.labels.contains(&&*label));
            assert!(known || ["job", "instance"].contains(&&*label), "{name}: {label}");
        }
    }
    for (metric, labels) in metrics(&read("deploy/prometheus/alerts.test.yml")) {
        exists(&metric, &labels, "alerts.test.yml");
    }
}

#[test]
fn alerts_their_tests_and_the_runbook_name_the_same_alerts() {
    let (rules, tests, runbook) = (rules(), read("deploy/prometheus/alerts.test.yml"), read("docs/runbook.md"));
    let alerts: BTreeSet<&str> = values(&rules, "alert").into_iter().collect();
    let tested: BTreeSet<&str> = values(&tests, "name").into_iter().filter(|name| !name.contains(' ')).collect();
    let explained = runbook.lines().filter_map(|line| line.strip_prefix("### "));
    let (codes, explained): (BTreeSet<&str>, BTreeSet<&str>) = explained.partition(|title| title.starts_with('`'));
    assert_eq!(alerts, tested);
    assert_eq!(alerts, explained);
    let links: BTreeSet<String> = values(&rules, "runbook_url").into_iter().map(str::to_owned).collect();
    let anchors = alerts.iter().map(|alert| format!("{RUNBOOK}#{}", alert.to_lowercase())).collect();
    assert_eq!(links, anchors);
    let all: BTreeSet<String> = Code::ALL.iter().map(|code| format!("`{}`", code.as_str())).collect();
    assert_eq!(codes, all.iter().map(String::as_str).collect());
    for link in runbook.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(alerts.iter().any(|alert| alert.to_lowercase() == link), "{link}");
    }
}

/// An engineer who follows a line to the log must find what it names there.
#[test]
fn what_the_runbook_looks_for_in_the_access_log_is_a_member_of_it() {
    let (runbook, page) = (read("docs/runbook.md"), read("docs/observability.md"));
    let table = page.split_once("## Access log").unwrap().1.split_once("\n\n`reason` is").unwrap().0;
    let cells = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let members: BTreeSet<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let mut found = 0;
    for (before, _) in runbook.match_indices(" in the access log").map(|(at, _)| runbook.split_at(at)) {
        let clause = before.rsplit(['.', ':', ';', '\n']).next().unwrap();
        for name in clause.split('`').skip(1).step_by(2) {
            assert!(members.contains(name) || name == "none", "{name}: {clause}");
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn the_runbook_names_existing_metrics() {
    for (metric, labels) in metrics(&read("docs/runbook.md")) {
        exists(&metric, &labels, "runbook.md");
    }
}

#[test]
fn each_panel_says_what_it_shows_and_leads_to_existing_entries_of_the_runbook() {
    let rules = rules();
    let anchors: BTreeSet<String> = values(&rules, "alert").into_iter().map(str::to_lowercase).collect();
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/switchboard.json")).unwrap();
    assert_eq!(dashboard["links"][0]["url"], RUNBOOK);
    for panel in dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row") {
        let title = panel["title"].as_str().unwrap();
        let (sentence, meanings) = panel["description"].as_str().unwrap().split_once("\n\n").unwrap();
        assert!(sentence.ends_with('.') && meanings.starts_with("- `"), "{title}: {sentence}");
        for link in panel["links"].as_array().into_iter().flatten() {
            let anchor = link["url"].as_str().unwrap().strip_prefix(RUNBOOK).unwrap().strip_prefix('#').unwrap();
            assert!(anchors.contains(anchor), "{title}: {anchor}");
        }
    }
}

/// What the head of the rules prints is what an operator types.
#[test]
fn one_command_sets_the_address_of_the_runbook_everywhere() {
    let files =
        ["deploy/prometheus/alerts.yml", "deploy/prometheus/alerts.test.yml", "deploy/grafana/switchboard.json"];
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let copy = folder.path().join(file);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::write(copy, read(file)).unwrap();
    }
    let head = read(files[0]);
    let command = head.split_once("sed -i").unwrap().1.split_once("#\n").unwrap().0.replace("\n#", "\n");
    let mut shell = std::process::Command::new("sh");
    assert!(shell.args(["-euc", &format!("sed -i{command}")]).current_dir(&folder).status().unwrap().success());
    for file in files {
        let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(text.contains("https://git.example.org/ops/switchboard/blob/main/docs/runbook.md#"), "{file}");
        assert!(!text.contains("https://example.com/switchboard"), "{file}");
    }
}

#[test]
fn the_dashboard_uses_existing_metrics_and_labels() {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/switchboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: id taken");
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            let families = check(expression, title);
            assert!(!families.is_empty(), "{title}");
            let legend = target["legendFormat"].as_str().unwrap();
            for used in legend.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap()) {
                let known = families.iter().any(|family| family.labels.contains(&used)) || used == "instance";
                assert!(known, "{title}: {used}");
            }
            seen.extend(families.iter().map(|family| family.name));
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        check(variable["query"]["query"].as_str().unwrap_or_default(), "variables");
    }
    check(dashboard["annotations"]["list"][0]["expr"].as_str().unwrap(), "annotations");
    assert!(seen.len() * 2 > METRICS.len(), "most metrics are worth a look: {} of them", seen.len());
}
