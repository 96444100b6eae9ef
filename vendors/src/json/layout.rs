//! Formats JSON for people: values that fit stay on one line, and numbers and strings keep their text.
//!
//! `serde_json` formats neither: it puts every element on a line of its own and changes the digits of numbers.

use super::reader::{Limits, read_value};
use super::text::push_string;
use super::value::{Kind, Value};

/// Longest line, in characters, unless a single value is longer.
const MAX_LINE_CHARS: usize = 118;

/// Formats JSON with short values on one line and lists of scalars filled like text. Text that is not JSON is returned
/// unchanged.
pub fn lay_out(json: &[u8]) -> String {
    let mut out = String::new();
    match read_value(json, Limits::VENDOR) {
        Ok(value) => write(&mut out, value, 0, 0),
        Err(_) => out.push_str(&String::from_utf8_lossy(json)),
    }
    out
}

/// Writes `value` at the end of a line on which `used` columns are taken.
fn write(out: &mut String, value: Value<'_>, depth: usize, used: usize) {
    let flat = flat(value);
    let is_outermost = depth == 0 && value.kind() == Kind::Object;
    if !is_outermost && used + flat.chars().count() < MAX_LINE_CHARS {
        out.push_str(&flat);
        return;
    }
    let indent = "  ".repeat(depth + 1);
    let (open, parts, close) = match value.kind() {
        Kind::Object => ('{', members(value), '}'),
        Kind::Array => ('[', value.elements().map(|element| (String::new(), element)).collect(), ']'),
        _ => return out.push_str(value.text()),
    };
    out.push(open);
    let mut column = MAX_LINE_CHARS;
    for (index, (key, part)) in parts.into_iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        let is_scalar = key.is_empty() && !matches!(part.kind(), Kind::Object | Kind::Array);
        let width = part.text().chars().count() + 2;
        if is_scalar && column + width <= MAX_LINE_CHARS {
            out.push(' ');
            column += width;
        } else {
            out.push_str(&format!("\n{indent}{key}"));
            column = if is_scalar { indent.len() + width } else { MAX_LINE_CHARS };
        }
        write(out, part, depth + 1, indent.len() + key.chars().count());
    }
    out.push_str(&format!("\n{}{close}", "  ".repeat(depth)));
}

fn flat(value: Value<'_>) -> String {
    match value.kind() {
        Kind::Object => {
            let parts: Vec<_> = members(value).into_iter().map(|(key, part)| key + &flat(part)).collect();
            if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
        }
        Kind::Array => format!("[{}]", value.elements().map(flat).collect::<Vec<_>>().join(", ")),
        _ => value.text().to_owned(),
    }
}

fn members(value: Value<'_>) -> Vec<(String, Value<'_>)> {
    let quoted = |key: &str| {
        let mut out = Vec::new();
        push_string(&mut out, key);
        format!("{}: ", String::from_utf8_lossy(&out))
    };
    value.members().map(|(key, part)| (quoted(&key), part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_values_are_split_into_lines() {
        let json =
            format!(r#"{{"speed":0.70,"empty":[],"report":{{"applied":["name"]}},"text":"{}"}}"#, "x".repeat(120));
        let text = "x".repeat(120);
        let expected = format!(
            "{{\n  \"speed\": 0.70,\n  \"empty\": [],\n  \"report\": {{ \"applied\": [\"name\"] }},\n  \"text\": \"{text}\"\n}}"
        );
        assert_eq!(lay_out(json.as_bytes()), expected);
        assert_eq!(lay_out(b"<html>"), "<html>");
    }

    #[test]
    fn a_value_that_does_not_fit_gets_a_line_for_each_part() {
        let laid = |text: usize| lay_out(format!(r#"{{"k":{{"a":"{}","b":[]}}}}"#, "ü".repeat(text)).as_bytes());
        let text = "ü".repeat(90);
        assert_eq!(laid(90), format!("{{\n  \"k\": {{ \"a\": \"{text}\", \"b\": [] }}\n}}"));
        let text = "ü".repeat(91);
        assert_eq!(laid(91), format!("{{\n  \"k\": {{\n    \"a\": \"{text}\",\n    \"b\": []\n  }}\n}}"));
    }

    #[test]
    fn scalars_fill_lines_and_structures_get_their_own_lines() {
        let word = format!("\"{}\"", "ä".repeat(15));
        let json = format!(r#"{{"list":[{word},{word},{word},{word},{word},{word},{word},{{"a":[]}},1,2,[3]]}}"#);
        let full = [word.as_str(); 6].join(", ");
        let expected =
            format!("{{\n  \"list\": [\n    {full},\n    {word},\n    {{ \"a\": [] }},\n    1, 2,\n    [3]\n  ]\n}}");
        assert_eq!(lay_out(json.as_bytes()), expected);
        assert_eq!(expected.lines().map(|line| line.chars().count()).max(), Some(MAX_LINE_CHARS - 1));
    }

    #[test]
    fn the_outermost_object_is_always_split_into_lines() {
        assert_eq!(lay_out(br#"{"a":{"b":{}}}"#), "{\n  \"a\": { \"b\": {} }\n}");
        assert_eq!(lay_out(br#"[{"a":1}, 2]"#), "[{ \"a\": 1 }, 2]");
        assert_eq!(lay_out(b" 1.0 "), "1.0");
    }

    #[test]
    fn formatting_changes_only_white_space() {
        let json = br#"{"a":[1.0,{"b":"c\u0041"}],"tools":[{"type":"x"},{}]}"#;
        let laid = lay_out(json);
        let bare: String = laid.chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(bare.as_bytes(), json);
    }
}
