//! JSON laid out for reading: what fits stands on one line, and the text of numbers and strings stays as it is.

use vendors::json::{Kind, Limits, Value, push_string, read_value};

use super::Failure;

/// No line becomes longer than this unless a single value is.
const WIDTH: usize = 118;

/// Ids differ from run to run, so they are shown as this.
const ELLIPSIS: &str = "\"…\"";

/// The same value on as few lines as are readable; lists of words are filled like text.
pub(crate) fn laid_out(json: &str) -> Result<String, Failure> {
    let value = read_value(json.as_bytes(), Limits::VENDOR)?;
    let mut out = String::new();
    write(&mut out, value, 0, 0);
    Ok(out)
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
        match key.as_str() {
            "\"request_id\": " => out.push_str(ELLIPSIS),
            _ => write(out, part, depth + 1, indent.len() + key.chars().count()),
        }
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
