//! JSON laid out for reading: what fits stands on one line, and the text of numbers and strings stays as it is.

use super::reader::{Limits, read_value};
use super::text::push_string;
use super::value::{Kind, Value};

/// No line becomes longer than this, in characters, unless a single value is.
const WIDTH: usize = 118;

/// The same JSON on as few lines as are readable, lists of words filled like text; what is no JSON, as it is.
pub fn lay_out(json: &[u8]) -> String {
    let mut out = String::new();
    match read_value(json, Limits::VENDOR) {
        Ok(value) => write(&mut out, value, 0, 0),
        Err(_) => out.push_str(&String::from_utf8_lossy(json)),
    }
    out
}

/// Writes `value` at the end of a line of which `used` columns are taken.
fn write(out: &mut String, value: Value<'_>, depth: usize, used: usize) {
    let flat = flat(value);
    let is_outermost = depth == 0 && value.kind() == Kind::Object;
    if !is_outermost && used + flat.chars().count() < WIDTH {
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
    let mut column = WIDTH;
    for (index, (key, part)) in parts.into_iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        let is_word = key.is_empty() && !matches!(part.kind(), Kind::Object | Kind::Array);
        let width = part.text().chars().count() + 2;
        if is_word && column + width <= WIDTH {
            out.push(' ');
            column += width;
        } else {
            out.push_str(&format!("\n{indent}{key}"));
            column = if is_word { indent.len() + width } else { WIDTH };
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
    let spelled = |key: &str| {
        let mut out = Vec::new();
        push_string(&mut out, key);
        format!("{}: ", String::from_utf8_lossy(&out))
    };
    value.members().map(|(key, part)| (spelled(&key), part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_take_lines_and_short_ones_stay() {
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
    fn what_fits_stays_on_one_line_and_what_does_not_takes_one_for_each_part() {
        let laid = |text: usize| lay_out(format!(r#"{{"k":{{"a":"{}","b":[]}}}}"#, "ü".repeat(text)).as_bytes());
        let text = "ü".repeat(90);
        assert_eq!(laid(90), format!("{{\n  \"k\": {{ \"a\": \"{text}\", \"b\": [] }}\n}}"));
        let text = "ü".repeat(91);
        assert_eq!(laid(91), format!("{{\n  \"k\": {{\n    \"a\": \"{text}\",\n    \"b\": []\n  }}\n}}"));
    }

    #[test]
    fn words_fill_their_lines_and_structures_have_lines_of_their_own() {
        let word = format!("\"{}\"", "ä".repeat(15));
        let json = format!(r#"{{"list":[{word},{word},{word},{word},{word},{word},{word},{{"a":[]}},1,2,[3]]}}"#);
        let full = [word.as_str(); 6].join(", ");
        let expected =
            format!("{{\n  \"list\": [\n    {full},\n    {word},\n    {{ \"a\": [] }},\n    1, 2,\n    [3]\n  ]\n}}");
        assert_eq!(lay_out(json.as_bytes()), expected);
        assert_eq!(expected.lines().map(|line| line.chars().count()).max(), Some(WIDTH - 1));
    }

    #[test]
    fn the_outermost_object_takes_lines_and_any_other_value_only_if_it_must() {
        assert_eq!(lay_out(br#"{"a":{"b":{}}}"#), "{\n  \"a\": { \"b\": {} }\n}");
        assert_eq!(lay_out(br#"[{"a":1}, 2]"#), "[{ \"a\": 1 }, 2]");
        assert_eq!(lay_out(b" 1.0 "), "1.0");
    }

    #[test]
    fn laying_out_changes_white_space_only() {
        let json = br#"{"a":[1.0,{"b":"c\u0041"}],"tools":[{"type":"x"},{}]}"#;
        let laid = lay_out(json);
        let bare: String = laid.chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(bare.as_bytes(), json);
    }
}
