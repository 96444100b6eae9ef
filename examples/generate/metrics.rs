//! `docs/metrics.md`: every metric.

use switchboard::telemetry::metrics::family;

const HEAD: &str = "# Metrics

Generated from `src/telemetry/metrics/family.rs` by `just generate`. What they are for, and who may read them, stands in \
[observability.md](observability.md).

| metric | kind | labels | says |
| --- | --- | --- | --- |
";

/// The page.
pub(crate) fn page() -> String {
    let rows = family::ALL.iter().map(|family| {
        let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        format!("| `{}` | {} | {} | {} |\n", family.name, family.kind.as_str(), labels.join(", "), family.help)
    });
    format!("{HEAD}{}", rows.collect::<String>())
}
