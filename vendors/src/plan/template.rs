//! Templates of bodies, and what is read from responses to fill them.

use crate::dialect::InvalidResponse;
use crate::json::{Kind, Limits, Value, decode, push_string, read_value};

/// A template of JSON with the value of each `{name}` in it, which stands inside a string, or for a whole value: a number, or
/// else a text.
///
/// # Errors
/// The first name without a value.
pub(super) fn filled<'t>(template: &'t str, value: &dyn Fn(&str) -> Option<String>) -> Result<Vec<u8>, &'t str> {
    let mut out = Vec::with_capacity(template.len() + 32);
    let mut quotes = 0;
    for (text, name) in parts(template) {
        quotes += text.matches('"').count();
        out.extend_from_slice(text.as_bytes());
        let Some(name) = name else { continue };
        let value = value(name).ok_or(name)?;
        let is_in_string = quotes % 2 == 1;
        let mut quoted = Vec::new();
        push_string(&mut quoted, &value);
        match () {
            () if is_in_string => out.extend_from_slice(quoted.get(1..quoted.len() - 1).unwrap_or_default()),
            () if value_in(&value).is_some_and(|value| value.as_integer().is_some()) => {
                out.extend_from_slice(value.trim().as_bytes());
            }
            () => out.extend_from_slice(&quoted),
        }
    }
    Ok(out)
}

/// The template in pieces: a text, and the name after it.
fn parts(template: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(template);
    std::iter::from_fn(move || {
        let text = rest?;
        let names = text.match_indices('{').filter_map(|(at, _)| {
            let name = text.get(at + 1..)?.split_once('}')?.0;
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            is_name.then_some((at, name))
        });
        match names.into_iter().next() {
            Some((at, name)) => {
                rest = text.get(at + name.len() + 2..);
                Some((text.get(..at).unwrap_or_default(), Some(name)))
            }
            None => {
                rest = None;
                Some((text, None))
            }
        }
    })
}

pub(super) fn value_in(text: &str) -> Option<Value<'_>> {
    read_value(text.as_bytes(), Limits::VENDOR).ok()
}

/// The object that a response is.
pub(super) fn object_in(body: &[u8]) -> Result<Value<'_>, InvalidResponse> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(InvalidResponse::Empty);
    }
    let value = read_value(body, Limits::VENDOR).map_err(InvalidResponse::NotJson)?;
    match value.kind() {
        Kind::Object => Ok(value),
        _ => Err(InvalidResponse::NoData),
    }
}

/// A text or a whole number as text; `None` for a text that would be another path.
pub(super) fn scalar(value: Value<'_>) -> Option<String> {
    let inner = value.text().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) => Some(decode(inner).into_owned()).filter(|text| !matches!(&**text, "" | "." | "..")),
        None => value.as_integer().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<String> {
        match name {
            "version" => Some("12".to_owned()),
            "llm_id" => Some("a\"b{version}".to_owned()),
            _ => None,
        }
    }

    fn fill(template: &str) -> Result<String, &str> {
        filled(template, &value).map(|out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_template_has_its_values_once_and_escaped() {
        assert_eq!(fill(r#"{"v":{version}}"#).unwrap(), r#"{"v":12}"#);
        assert_eq!(fill(r#"{"e":{"id":"{llm_id}","v":{version}}}"#).unwrap(), r#"{"e":{"id":"a\"b{version}","v":12}}"#);
        assert_eq!(fill("{}").unwrap(), "{}");
        assert_eq!(
            fill(r#"{"id":{llm_id},"v":"{version}-{version}"}"#).unwrap(),
            r#"{"id":"a\"b{version}","v":"12-12"}"#
        );
    }

    #[test]
    fn a_template_names_what_it_lacks() {
        assert_eq!(fill(r#"{"v":{version},"x":"{other}","y":{more}}"#), Err("other"));
    }
}
