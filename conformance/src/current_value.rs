//! Turns a value from the vendor's list, where types are loose, into the canonical value that an update would set.

use vendors::Field;
use vendors::canonical::Shape;
use vendors::document::secret_members;
use vendors::json::{Kind, Limits, Value, push_string, read_value};

/// The canonical value of a listed one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CurrentValue {
    /// This JSON text.
    Value(String),
    /// There is nothing to set: the list shows `null`, which is not documented for updates.
    Nothing,
    /// It holds a credential, which lists may show redacted: writing it back could destroy it.
    Secret,
}

/// The canonical value of a field that is listed as `value`. An unreadable form is passed on unchanged, for the
/// dialect's validation to reject.
pub(crate) fn current_value(field: Field, value: Value<'_>) -> CurrentValue {
    let spec = field.spec();
    let text = match (&spec.shape, value.kind()) {
        (_, Kind::Null) if spec.nullable => "null".to_owned(),
        (_, Kind::Null) => return CurrentValue::Nothing,
        (Shape::Boolean, Kind::Number | Kind::String) => match value.text().trim_matches('"') {
            "0" => "false".to_owned(),
            "1" => "true".to_owned(),
            _ => value.text().to_owned(),
        },
        (Shape::Integer(_) | Shape::Number(_), Kind::String) => number(value),
        (Shape::Map, Kind::Array) if value.elements().next().is_none() => "{}".to_owned(),
        (Shape::Record(_), Kind::Array) if value.elements().next().is_none() => return CurrentValue::Nothing,
        (Shape::List(Shape::Tagged(_)), Kind::Array) => {
            if holds_secret(value) {
                return CurrentValue::Secret;
            }
            tools(value)
        }
        _ => value.text().to_owned(),
    };
    CurrentValue::Value(text)
}

/// Reads `"0.70"` as 0.70.
fn number(value: Value<'_>) -> String {
    let inner = value.as_str().unwrap_or_default();
    let is_number = read_value(inner.as_bytes(), Limits::VENDOR).is_ok_and(|value| value.kind() == Kind::Number);
    if is_number { inner.into_owned() } else { value.text().to_owned() }
}

/// Moves a tool's parameters out of `data`, where lists have them, to beside `type`, where updates need them.
fn tools(list: Value<'_>) -> String {
    let mut out = b"[".to_vec();
    for tool in list.elements() {
        out.extend_from_slice(if out.len() > 1 { b",{" } else { b"{" });
        let data = tool.get("data").filter(|data| data.kind() == Kind::Object);
        let own = tool.members().filter(|(key, _)| key != "data");
        let all: Vec<_> = own.chain(data.iter().flat_map(|data| data.members())).collect();
        for (index, (key, value)) in all.into_iter().enumerate() {
            out.extend_from_slice(if index > 0 { b"," } else { b"" });
            push_string(&mut out, &key);
            out.push(b':');
            out.extend_from_slice(value.text().as_bytes());
        }
        out.push(b'}');
    }
    out.push(b']');
    String::from_utf8(out).unwrap_or_default()
}

fn holds_secret(value: Value<'_>) -> bool {
    let inside = value.members().any(|(key, member)| secret_members().any(|name| name == key) || holds_secret(member));
    inside || value.elements().any(holds_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(field: Field, listed: &str) -> CurrentValue {
        current_value(field, read_value(listed.as_bytes(), Limits::VENDOR).unwrap())
    }

    #[test]
    fn loose_types_become_the_types_of_updates() {
        for (field, listed, value) in [
            (Field::Fillers, "1", "true"),
            (Field::EndCallOnVoicemail, "0", "false"),
            (Field::Record, "true", "true"),
            (Field::SpeechSpeed, "\"0.70\"", "0.70"),
            (Field::SpeechSpeed, "\"fast\"", "\"fast\""),
            (Field::MaxDuration, "600", "600"),
            (Field::WebhookUrl, "null", "null"),
            (Field::Variables, "[]", "{}"),
            (Field::Name, "\"\\u0041\"", "\"\\u0041\""),
            (
                Field::Tools,
                r#"[{"type":"end_call","data":{"description":"d"}},{"type":"dtmf_input","data":[]}]"#,
                r#"[{"type":"end_call","description":"d"},{"type":"dtmf_input"}]"#,
            ),
        ] {
            assert_eq!(of(field, listed), CurrentValue::Value(value.to_owned()), "{listed}");
        }
        assert_eq!(of(Field::Record, "null"), CurrentValue::Nothing);
        assert_eq!(of(Field::FillerConfig, "[]"), CurrentValue::Nothing);
    }

    #[test]
    fn a_credential_is_never_written_back() {
        let tool = r#"[{"type":"calendar_integration","data":{"calcom_api_key":"***"}}]"#;
        assert_eq!(of(Field::Tools, tool), CurrentValue::Secret);
    }
}
