//! `docs/metrics.md`: every metric.

use switchboard::admin::METRICS;

const HEAD: &str = "# Metrics

Generated from `src/admin/metrics/table.rs` by `just generate`. [observability.md](observability.md) says how to use \
them and who may read them.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
";

/// The page.
pub(crate) fn page() -> String {
    let rows = METRICS.iter().map(|metric| {
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        format!("| `{}` | {} | {} | {} |\n", metric.name, metric.kind.as_str(), labels.join(", "), metric.help)
    });
    format!("{HEAD}{}", rows.collect::<String>())
}
