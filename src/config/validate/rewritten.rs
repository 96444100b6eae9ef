//! How a value of the wrong type would be written, where its meaning is clear.

use super::shape::Kind;
use crate::config::load::tree::{Node, Value};

/// The help for a value that `kind` does not take; `bare` where quotes are no syntax, as in environment variables.
pub(crate) fn rewritten(node: &Node, kind: &Kind, bare: bool) -> Option<String> {
    match (kind, &node.value) {
        (Kind::Duration { .. }, Value::Integer(number)) => Some(format!("did you mean \"{number}s\"?")),
        (Kind::Flag, Value::Integer(number)) => Some(format!("write {}", flag(&number.to_string())?)),
        (Kind::Count { .. }, Value::Float(number)) => Some(format!("write it in digits: {}", whole(*number, kind)?)),
        (Kind::Flag | Kind::Count { .. } | Kind::Ratio { .. }, Value::Text(text)) => of_text(text, kind, bare),
        _ => None,
    }
}

/// For a text that means a boolean or a number.
fn of_text(text: &str, kind: &Kind, bare: bool) -> Option<String> {
    let plain = text.trim().trim_matches(['"', '\'']).trim();
    let meant = match kind {
        Kind::Flag => flag(plain)?.to_owned(),
        Kind::Count { .. } => {
            let digits: String =
                plain.chars().filter(|character| !matches!(character, '_' | ',' | ' ' | '\'')).collect();
            whole(digits.parse().ok()?, kind)?.to_string()
        }
        _ => {
            let percent = plain.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
            let ratio = percent.map(|number| number / 100.0).or_else(|| plain.parse().ok())?;
            (0.0..=1.0).contains(&ratio).then(|| ratio.to_string())?
        }
    };
    let only_quotes = plain == meant && (!bare || text.trim() != plain);
    Some(if only_quotes { format!("write it without quotes: {meant}") } else { format!("write {meant}") })
}

fn flag(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "enabled" => Some("true"),
        "false" | "no" | "off" | "0" | "disabled" => Some("false"),
        _ => None,
    }
}

/// The whole number that a float is, if the key takes it.
fn whole(number: f64, kind: &Kind) -> Option<u64> {
    let &Kind::Count { min, max } = kind else { return None };
    let exact = number.fract() == 0.0 && (0.0..9e15).contains(&number);
    // In bounds and without a fraction, so nothing is lost.
    let number = exact.then_some(number as u64)?;
    (min..=max).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use crate::config::load::source::Sources;
    use crate::config::validate::rewritten::*;

    fn help(value: Value, kind: &Kind, bare: bool) -> String {
        rewritten(&Node { value, span: Sources::NOWHERE }, kind, bare).unwrap_or_default()
    }

    #[test]
    fn quotes_are_named_only_where_there_are_some() {
        let count = Kind::Count { min: 1, max: 100_000 };
        let ratio = Kind::Ratio { zero: true };
        for (text, kind, in_file, in_variable) in [
            ("7", &count, "write it without quotes: 7", "write 7"),
            ("\"7\"", &count, "write it without quotes: 7", "write it without quotes: 7"),
            ("1e3", &count, "write 1000", "write 1000"),
            ("1,000", &count, "write 1000", "write 1000"),
            ("1e9", &count, "", ""),
            ("seven", &count, "", ""),
            ("true", &Kind::Flag, "write it without quotes: true", "write true"),
            ("\"true\"", &Kind::Flag, "write it without quotes: true", "write it without quotes: true"),
            ("True", &Kind::Flag, "write true", "write true"),
            ("1", &Kind::Flag, "write true", "write true"),
            ("off", &Kind::Flag, "write false", "write false"),
            ("2", &Kind::Flag, "", ""),
            ("50%", &ratio, "write 0.5", "write 0.5"),
            ("'0.5'", &ratio, "write it without quotes: 0.5", "write it without quotes: 0.5"),
            ("5", &ratio, "", ""),
        ] {
            assert_eq!(help(Value::Text(text.into()), kind, false), in_file, "{text}");
            assert_eq!(help(Value::Text(text.into()), kind, true), in_variable, "{text}");
        }
        assert_eq!(help(Value::Integer(0), &Kind::Flag, false), "write false");
        assert_eq!(help(Value::Float(1e3), &count, false), "write it in digits: 1000");
    }
}
