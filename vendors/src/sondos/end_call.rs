//! `tools` at Sondos: a single `end_call` tool becomes the nested object `end_call_tool`.
//!
//! The page prints the dotted name `end_call_tool.description`; in the backend's framework a dot means nesting, and
//! the platform's own client sends it nested (<https://github.com/bekservice/Famulor-MCP>, commit ce1992a).

use crate::dialect::{Cell, Hook};
use crate::item::ItemCode;
use crate::json::Value;

/// "max 500 characters".
const LONGEST: usize = 500;

pub(super) static HOOK: Hook = Hook {
    wire: "end_call_tool",
    home: &["0"],
    write,
    doc: "Exactly one tool of type `end_call`, with a description of at most 500 characters, is sent as \
          `end_call_tool: { description }`; the assistant's other tools stay as they are.",
};

fn write(value: Value<'_>, cell: &mut Cell<'_>) {
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
            let detail = "this vendor has `end_call` only";
            cell.refuse(&[&index.to_string(), "type"], ItemCode::UnsupportedValue, detail);
        } else if only.is_some() {
            let detail = "this vendor has room for one `end_call` tool";
            cell.refuse(&[&index.to_string()], ItemCode::UnsupportedValue, detail);
        } else {
            only = Some((index, description));
        }
    }
    match only {
        None if elements > 0 => {}
        None => {
            let detail = "this vendor cannot remove built-in tools; it can only set `end_call`";
            cell.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
        Some((index, None)) => {
            let detail = "this vendor knows the `end_call` tool by its description only, so there must be one";
            cell.refuse(&[&index.to_string()], ItemCode::UnsupportedValue, detail);
        }
        Some((index, Some(description))) if !description.fits(LONGEST) => {
            let detail = format!("must be at most {LONGEST} characters long at this vendor");
            cell.refuse(&[&index.to_string(), "description"], ItemCode::TooLong, detail);
        }
        Some((_, Some(description))) => {
            cell.body.nested_member(HOOK.wire, "description", description.text());
            cell.warn(
                "partial_effect",
                "sets the end-call tool; other built-in tools of the assistant stay as they are",
            );
        }
    }
}
