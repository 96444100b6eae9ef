//! The field `tools`: a single `end_call` tool becomes the object `end_call_tool`.
//!
//! The documentation prints the dotted name `end_call_tool.description`. In the backend's framework a dot means nesting,
//! and the platform's own client sends the nested form (<https://github.com/bekservice/Famulor-MCP>, commit ce1992a).

use std::borrow::Cow;

use crate::dialect::{FieldWriter, Hook};
use crate::item::ItemCode;
use crate::json::{Kind, Value};

/// Documented as "max 500 characters".
const MAX_DESCRIPTION_CHARS: usize = 500;

pub(super) static HOOK: Hook = Hook {
    wire: "end_call_tool",
    canonical_path: &["0"],
    write,
    read,
    doc: "One tool of type `end_call`, with a description of at most 500 characters, is sent as \
          `end_call_tool: { description }`; the assistant's other tools stay unchanged.",
    loses: "One tool of type `end_call` at most.",
};

fn write(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let vendor = writer.vendor_title;
    let (mut elements, mut only) = (0, None);
    for (index, tool) in value.elements().enumerate() {
        elements += 1;
        let (mut kind, mut description) = (None, None);
        for (name, member) in tool.members() {
            match &*name {
                "type" => kind = Some(member),
                "description" => description = Some(member),
                _ => {}
            }
        }
        if !kind.is_some_and(|kind| kind.is_str("end_call")) {
            let detail = format!("{vendor} supports only the type `end_call`");
            writer.refuse(&[&index.to_string(), "type"], ItemCode::UnsupportedValue, detail);
        } else if only.is_some() {
            let detail = format!("{vendor} supports only one `end_call` tool; send one");
            writer.refuse(&[&index.to_string()], ItemCode::UnsupportedValue, detail);
        } else {
            only = Some((index, description));
        }
    }
    match only {
        None if elements > 0 => {}
        None => {
            let detail =
                format!("{vendor} cannot remove built-in tools; send one `end_call` tool or leave the field out");
            writer.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
        Some((index, None)) => {
            let detail = format!("{vendor} requires a `description` for the `end_call` tool");
            writer.refuse(&[&index.to_string()], ItemCode::UnsupportedValue, detail);
        }
        Some((index, Some(description))) if !description.fits(MAX_DESCRIPTION_CHARS) => {
            let detail = format!("must be at most {MAX_DESCRIPTION_CHARS} characters long for {vendor}");
            writer.refuse(&[&index.to_string(), "description"], ItemCode::TooLong, detail);
        }
        Some((_, Some(description))) => {
            writer.body.nested_member(HOOK.wire, "description", description.text());
            writer.warn(
                "partial_effect",
                "sets the `end_call` tool; the assistant's other built-in tools stay unchanged",
            );
        }
    }
}

fn read(value: Value<'_>) -> Cow<'_, str> {
    match (value.kind(), value.get("description")) {
        (Kind::Object, Some(description)) => {
            Cow::Owned(format!("[{{\"type\":\"end_call\",\"description\":{}}}]", description.text()))
        }
        (Kind::Object, None) => Cow::Borrowed("[{\"type\":\"end_call\"}]"),
        _ => Cow::Borrowed("[]"),
    }
}
