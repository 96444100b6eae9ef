//! JSON laid out for reading, every number and string exactly as it came.

use vendors::json::{Kind, Limits, Value, push_string, read_value};

/// Longest array or object that stays on one line, in bytes.
const SHORT: usize = 72;

/// The text with its members on lines of their own; text that is no JSON as it is.
pub(super) fn layout(json: &[u8]) -> String {
    let mut out = String::from("  ");
    match read_value(json, Limits::VENDOR) {
        Ok(value) => push(&mut out, value, 1),
        Err(_) => out.push_str(&String::from_utf8_lossy(json)),
    }
    out
}

fn push(out: &mut String, value: Value<'_>, depth: usize) {
    let nested = matches!(value.kind(), Kind::Array | Kind::Object);
    if !nested || value.text().len() <= SHORT && !value.text().contains('\n') {
        return out.push_str(value.text());
    }
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    let is_object = value.kind() == Kind::Object;
    out.push(if is_object { '{' } else { '[' });
    let mut first = true;
    let mut begin = |out: &mut String| {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        line(out, depth + 1);
    };
    for (key, member) in value.members() {
        begin(out);
        let mut quoted = Vec::new();
        push_string(&mut quoted, &key);
        out.push_str(&String::from_utf8_lossy(&quoted));
        out.push_str(": ");
        push(out, member, depth + 1);
    }
    for element in value.elements() {
        begin(out);
        push(out, element, depth + 1);
    }
    line(out, depth);
    out.push(if is_object { '}' } else { ']' });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_take_lines_and_short_ones_stay() {
        let json =
            format!(r#"{{"speed":0.70,"empty":[],"report":{{"applied":["name"]}},"text":"{}"}}"#, "x".repeat(60));
        let expected = format!(
            "  {{\n    \"speed\": 0.70,\n    \"empty\": [],\n    \"report\": {{\"applied\":[\"name\"]}},\n    \"text\": \"{}\"\n  }}",
            "x".repeat(60)
        );
        assert_eq!(layout(json.as_bytes()), expected);
        assert_eq!(layout(b"<html>"), "  <html>");
    }
}
