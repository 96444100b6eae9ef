//! `docs/metrics.md`: every metric.

use switchboard::telemetry::metrics::family;

const HEAD: &str = "# Metrics

Generated from `src/telemetry/metrics/family.rs` by `just generate`. [observability.md](observability.md) says how to use \
them and who may read them.

| metric | type | labels | meaning |
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
