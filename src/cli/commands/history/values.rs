//! The values of fields, old and new.

use std::collections::HashMap;

use serde_json::Value;

use crate::cli::records::printable;

/// For each record, newest first, a line for each of its fields: the value before it, as far as these records show, and the
/// one that it set.
pub(super) fn changes(records: &[Value]) -> Vec<Vec<String>> {
    let mut present = HashMap::<&str, &Value>::new();
    let mut lines: Vec<_> = records.iter().rev().map(|record| of_record(record, &mut present)).collect();
    lines.reverse();
    lines
}

fn of_record<'r>(record: &'r Value, present: &mut HashMap<&'r str, &'r Value>) -> Vec<String> {
    let is_applied = record["state"] == "applied";
    let fields = || record["fields"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let Some(values) = record["values"].as_object() else {
        if is_applied && record["operation"] == "delete" {
            present.clear();
        } else if is_applied {
            fields().for_each(|name| _ = present.remove(name));
        }
        return match record["operation"] == "delete" {
            true => Vec::new(),
            false => vec!["the journal has no values of it".to_owned()],
        };
    };
    let mut lines = Vec::with_capacity(values.len());
    for (name, value) in values.iter().filter(|(name, _)| fields().any(|field| field == *name)) {
        let old = present.get(name.as_str()).map_or_else(|| "?".to_owned(), ToString::to_string);
        lines.push(printable(&format!("{name}: {old} → {value}")));
        if is_applied {
            present.insert(name, value);
        }
    }
    lines
}

/// At most so many characters, the last of them an ellipsis if something is cut off.
pub(super) fn cut(line: &str, width: Option<u16>) -> String {
    let width = width.map_or(usize::MAX, usize::from).max(1);
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_field_has_the_value_before_it_that_was_applied() {
        let record = |state: &str, values: Value| {
            let fields: Vec<_> = values.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
            json!({ "state": state, "operation": "update", "fields": fields, "values": values })
        };
        let records = [
            record("applied", json!({ "name": "c", "speech_speed": 1.2 })),
            record("dead", json!({ "name": "b\u{1b}[2J" })),
            record("applied", json!({ "name": "a" })),
            json!({ "state": "applied", "operation": "update", "fields": ["name"], "values": null }),
            record("applied", json!({ "name": "before" })),
            json!({ "state": "applied", "operation": "delete", "fields": [], "values": null }),
        ];
        let expected = [
            vec!["name: \"a\" → \"c\"", "speech_speed: ? → 1.2"],
            vec!["name: \"a\" → \"b\\u001b[2J\""],
            vec!["name: ? → \"a\""],
            vec!["the journal has no values of it"],
            vec!["name: ? → \"before\""],
            vec![],
        ];
        assert_eq!(changes(&records), expected);
        assert_eq!(cut("name: ? → \"Größe\"", Some(10)), "name: ? →…");
        assert_eq!(cut("short", Some(5)), "short");
    }
}
