//! How a value of the wrong type would be written, where its meaning is clear.

use super::key_path::KeyPath;
use super::shape::{Kind, Section};
use crate::config::load::DEFAULTS;
use crate::config::load::tree::{Node, Value};

/// The help for a value that `kind` does not take; `bare` where quotes are no syntax, as in environment variables.
pub(crate) fn rewritten(node: &Node, kind: &Kind, key_path: &KeyPath<'_>, bare: bool) -> Option<String> {
    match (kind, &node.value) {
        (Kind::Duration { .. } | Kind::Lifetime { .. }, Value::Integer(number)) => {
            Some(format!("did you mean \"{number}{}\"?", default_unit(key_path)))
        }
        (Kind::Rows(_), Value::Table(_)) => Some(format!("write `[[{key_path}]]`, with double brackets")),
        (Kind::Table(_) | Kind::Named(..) | Kind::Pairs(..), Value::List(_)) => {
            Some(format!("write `[{key_path}]`, with single brackets"))
        }
        (Kind::Table(section), Value::Integer(number)) if section.key("per_second").is_some() => {
            let burst = number.saturating_mul(2);
            Some(format!("write `{{ per_second = {number}, burst = {burst} }}`, or with `per_minute`"))
        }
        (Kind::Table(section), _) => Some(format!("write {}", table(section, key_path))),
        (Kind::Named(..) | Kind::Pairs(..), _) => Some(format!("write a table `[{key_path}]`")),
        (Kind::Flag, Value::Integer(number)) => Some(format!("write {}", flag(&number.to_string())?)),
        (Kind::Count { .. }, Value::Float(number)) => Some(format!("write it in digits: {}", whole(*number, kind)?)),
        (Kind::Flag | Kind::Count { .. } | Kind::Ratio { .. }, Value::Text(text)) => of_text(text, kind, bare),
        _ => None,
    }
}

/// The unit in which the default of a duration is written: the first one of that name in its section or after it.
pub(crate) fn default_unit(key_path: &KeyPath<'_>) -> &'static str {
    let written = format!("{} = \"", key_path.name());
    let (header, headers) = (format!("[{}]", key_path.section()), format!("[{}.", key_path.section()));
    let defaults = DEFAULTS.find(&header).or_else(|| DEFAULTS.find(&headers)).map_or(DEFAULTS, |at| &DEFAULTS[at..]);
    let starts_word =
        |at: usize| !defaults[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '_');
    let values = defaults.match_indices(&written).filter(|(at, _)| starts_word(*at));
    let units = values.filter_map(|(at, _)| {
        let value = defaults.get(at + written.len()..)?.split('"').next()?;
        let unit = value.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let end = unit.find(|digit: char| digit.is_ascii_digit()).unwrap_or(unit.len());
        unit.get(..end).filter(|unit| !unit.is_empty())
    });
    units.into_iter().next().unwrap_or("s")
}

/// How a table is written: its header, or in braces what it needs.
fn table(section: &Section, key_path: &KeyPath<'_>) -> String {
    let required: Vec<String> =
        section.keys.iter().filter(|key| key.required).map(|key| format!("{} = …", key.name)).collect();
    match required.is_empty() {
        true => format!("a table `[{key_path}]`"),
        false => format!("`{{ {} }}`, or a table `[{key_path}]`", required.join(", ")),
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
        rewritten(&Node { value, span: Sources::NOWHERE }, kind, &KeyPath::ROOT, bare).unwrap_or_default()
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

    #[test]
    fn a_duration_without_a_unit_is_meant_in_that_of_the_default() {
        for (section, key, unit) in [
            ("vendors", "backoff", "ms"),
            ("vendors", "max_backoff", "s"),
            ("vendors", "catalog_ttl", "m"),
            ("server", "request_timeout", "s"),
            ("queue", "backoff", "s"),
            ("queue", "max_backoff", "m"),
            ("idempotency", "retention", "h"),
            ("journal", "retention", "d"),
        ] {
            assert_eq!(default_unit(&KeyPath::ROOT.key(section).key(key)), unit, "{section}.{key}");
        }
    }
}
