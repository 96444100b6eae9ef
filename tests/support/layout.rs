//! JSON with its members on lines of their own, every number and string exactly as it came.

use vendors::json::{Kind, Limits, Value, push_string, read_value};

/// Longest array or object that stays on one line, in bytes.
const SHORT: usize = 100;

/// The text laid out; what is not JSON as it is.
pub fn layout(json: &[u8]) -> String {
    let mut out = String::new();
    match read_value(json, Limits::VENDOR) {
        Ok(value) => push(&mut out, value, 0),
        Err(_) => out.push_str(&String::from_utf8_lossy(json)),
    }
    out
}

fn push(out: &mut String, value: Value<'_>, depth: usize) {
    let is_object = value.kind() == Kind::Object;
    let nested = is_object || value.kind() == Kind::Array;
    let text = value.text();
    if !nested || (depth > 0 && text.len() <= SHORT && !text.contains('\n')) || text.len() == 2 {
        return out.push_str(text);
    }
    out.push(if is_object { '{' } else { '[' });
    let mut first = true;
    let mut begin = |out: &mut String| {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        out.push('\n');
        out.push_str(&"  ".repeat(depth + 1));
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
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(if is_object { '}' } else { ']' });
}
