//! The descriptions of the dashboard's panels: each has a sentence of its own, which is written by hand, and then the meaning
//! of each metric that it shows, from the table behind docs/metrics.md.

use serde_json::{Value, json};
use switchboard::admin::{METRICS, Metric};

use super::Failure;

/// The dashboard with the meanings of its metrics renewed.
pub(crate) fn renewed(dashboard: &str) -> Result<String, Failure> {
    let mut dashboard: Value = serde_json::from_str(dashboard)?;
    for panel in dashboard["panels"].as_array_mut().ok_or("the dashboard has no panels")? {
        let expressions: Vec<_> =
            panel["targets"].as_array().into_iter().flatten().filter_map(|it| it["expr"].as_str()).collect();
        let meanings: String =
            shown(&expressions.join(" ")).map(|metric| format!("\n- `{}`: {}", metric.name, metric.help)).collect();
        let Some(sentence) = panel["description"].as_str().and_then(|text| text.split("\n\n").next()) else { continue };
        panel["description"] = json!(format!("{sentence}\n\n{}", meanings.trim_start()));
    }
    Ok(format!("{}\n", serde_json::to_string_pretty(&dashboard)?))
}

/// The metrics in an expression, in the order of their table.
fn shown(expression: &str) -> impl Iterator<Item = &'static Metric> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    METRICS.iter().filter(move |metric| {
        expression.split(|c| !is_word(c)).any(|word| word.strip_suffix("_bucket").unwrap_or(word) == metric.name)
    })
}
