//! Turns a value from the form in which a vendor lists it into the canonical one. A value of another form stays as it is,
//! so that its check says what is wrong with it.

use std::borrow::Cow;

use crate::canonical::{Member, Shape, Variant};
use crate::dialect::Form;
use crate::json::{Kind, Limits, Value, push_string, read_value};

/// The member that selects the variant of a tool.
const TYPE: &str = "type";

/// The canonical text of `value`.
pub(super) fn canonical<'a>(form: Form, shape: &Shape, value: Value<'a>) -> Cow<'a, str> {
    let verbatim = Cow::Borrowed(value.text());
    match form {
        Form::Same => verbatim,
        Form::Bit => match value.text() {
            "0" => Cow::Borrowed("false"),
            "1" => Cow::Borrowed("true"),
            _ => verbatim,
        },
        Form::DecimalText => number_in(value).map_or(verbatim, Cow::Owned),
        Form::Object if value.kind() == Kind::Array && value.elements().next().is_none() => Cow::Borrowed("{}"),
        Form::Object => verbatim,
        Form::TypeAndData => tools(value, shape).map_or(verbatim, Cow::Owned),
        Form::Choices { member, values } => renamed(value, member, values).map_or(verbatim, Cow::Owned),
    }
}

/// The number that a string consists of, with its digits.
fn number_in(value: Value<'_>) -> Option<String> {
    let text = value.as_str()?;
    let number = read_value(text.as_bytes(), Limits::VENDOR).ok()?;
    (number.kind() == Kind::Number && number.text() == text).then(|| text.into_owned())
}

/// An array of tools with the members of `data` beside the `type`; `None` if the value is no array.
fn tools(value: Value<'_>, shape: &Shape) -> Option<String> {
    let Shape::List(Shape::Tagged(variants)) = shape else { return None };
    (value.kind() == Kind::Array).then(|| array(value.elements().map(|tool| flat_tool(tool, variants))))
}

fn flat_tool(tool: Value<'_>, variants: &[Variant]) -> String {
    if tool.kind() != Kind::Object {
        return tool.text().to_owned();
    }
    let tag = tool.get(TYPE);
    let variant = variants.iter().find(|variant| tag.is_some_and(|tag| tag.is_str(variant.tag)));
    let members = variant.map_or(&[][..], |variant| variant.members);
    let data = tool.get("data").filter(|data| matches!(data.kind(), Kind::Object | Kind::Array));
    let own = tool.members().filter(|(key, _)| data.is_none() || key != "data");
    let inner = data.into_iter().flat_map(Value::members).filter(|(key, _)| key != TYPE);
    // A vendor shows an option that is not set as `null`.
    let set = own.chain(inner).filter(|(_, value)| !value.is_null());
    object(set.map(|(key, value)| {
        let text = tool_member(members, &key, value);
        (key, text)
    }))
}

/// The value of a tool's member; an integer may be in a string.
fn tool_member<'a>(members: &[Member], key: &str, value: Value<'a>) -> Cow<'a, str> {
    let is_integer = members.iter().any(|member| member.name == key && matches!(member.shape, Shape::Integer(_)));
    match number_in(value) {
        Some(number) if is_integer => Cow::Owned(number),
        _ => Cow::Borrowed(value.text()),
    }
}

/// An array of objects in which `member` has its canonical value; `None` if the value is no array.
fn renamed(value: Value<'_>, member: &str, values: &[(&str, &str)]) -> Option<String> {
    let element = |element: Value<'_>| match element.kind() {
        Kind::Object => object(element.members().map(|(key, inner)| {
            let other = values.iter().find(|(vendor, _)| key == member && inner.is_str(vendor));
            let text =
                other.map_or(Cow::Borrowed(inner.text()), |(_, canonical)| Cow::Owned(format!("\"{canonical}\"")));
            (key, text)
        })),
        _ => element.text().to_owned(),
    };
    (value.kind() == Kind::Array).then(|| array(value.elements().map(element)))
}

fn array(elements: impl Iterator<Item = String>) -> String {
    format!("[{}]", elements.collect::<Vec<_>>().join(","))
}

fn object<'a>(members: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> String {
    let mut out = vec![b'{'];
    for (key, text) in members {
        if out.len() > 1 {
            out.push(b',');
        }
        push_string(&mut out, &key);
        out.push(b':');
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Field;

    fn read(form: Form, field: Field, json: &str) -> String {
        let value = read_value(json.as_bytes(), Limits::VENDOR).unwrap();
        canonical(form, &field.spec().shape, value).into_owned()
    }

    #[test]
    fn a_decimal_string_is_the_number_with_its_digits_and_another_string_stays() {
        let read = |json: &str| read(Form::DecimalText, Field::SpeechSpeed, json);
        for (told, number) in [(r#""1.10""#, "1.10"), (r#""0.70""#, "0.70"), (r#""1""#, "1"), ("1.1", "1.1")] {
            assert_eq!(read(told), number);
        }
        for other in [r#""""#, r#"" 1.1""#, r#"".5""#, r#""1.""#, r#""+1""#, r#""01""#, r#""true""#, "null", "[]"] {
            assert_eq!(read(other), other);
        }
    }

    #[test]
    fn a_bit_is_a_boolean() {
        let read = |json: &str| read(Form::Bit, Field::Fillers, json);
        assert_eq!(
            ["0", "1", "true", "false", "2", "\"1\""].map(read),
            ["false", "true", "true", "false", "2", "\"1\""]
        );
    }

    #[test]
    fn an_empty_array_is_an_empty_object() {
        assert_eq!(read(Form::Object, Field::Variables, "[ ]"), "{}");
        assert_eq!(read(Form::Object, Field::Variables, "[1]"), "[1]");
    }

    #[test]
    fn tools_are_flat_with_integers_for_ids_and_without_what_is_not_set() {
        let read = |json: &str| read(Form::TypeAndData, Field::Tools, json);
        let warm = r#"[{"type":"warm_call_transfer","data":{"outbound_phone_id":"7","hold_music":null,"a\"b":"7"}}]"#;
        assert_eq!(read(warm), r#"[{"type":"warm_call_transfer","outbound_phone_id":7,"a\"b":"7"}]"#);
        assert_eq!(read(r#"[{"type":"end_call","data":[]}]"#), r#"[{"type":"end_call"}]"#);
        assert_eq!(read(r#"[{"type":"end_call","description":"d"}]"#), r#"[{"type":"end_call","description":"d"}]"#);
        assert_eq!(read(r#"[{"data":{"type":"x","k":1},"type":"end_call"}]"#), r#"[{"type":"end_call","k":1}]"#);
        for odd in ["[]", "[1]", "{}", "null"] {
            assert_eq!(read(odd), odd);
        }
    }

    #[test]
    fn a_type_of_the_list_becomes_the_type_of_updates() {
        let form = Form::Choices { member: "type", values: &[("boolean", "bool")] };
        let schema = r#"[{"name":"ok","type":"boolean"},{"name":"boolean","type":"string"},1]"#;
        let read = read(form, Field::PostCallSchema, schema);
        assert_eq!(read, r#"[{"name":"ok","type":"bool"},{"name":"boolean","type":"string"},1]"#);
    }
}
