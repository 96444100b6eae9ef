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
    let mut only = None;
    for (index, tool) in value.elements().enumerate() {
        match tool.get("type").and_then(Value::as_str).as_deref() {
            Some("end_call") if only.is_none() => only = Some((index, tool)),
            Some("end_call") => {
                let detail = "this vendor has room for one `end_call` tool";
                cell.refuse(&[&index.to_string()], ItemCode::UnsupportedValue, detail);
            }
            _ => {
                let detail = "this vendor has `end_call` only";
                cell.refuse(&[&index.to_string(), "type"], ItemCode::UnsupportedValue, detail);
            }
        }
    }
    let Some((index, tool)) = only else {
        if value.elements().next().is_none() {
            let detail = "this vendor cannot remove built-in tools; it can only set `end_call`";
            cell.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
        return;
    };
    match tool.get("description") {
        None => {
            let detail = "this vendor knows the `end_call` tool by its description only, so there must be one";
            cell.refuse(&[&index.to_string()], ItemCode::UnsupportedValue, detail);
        }
        Some(description) if !description.fits(LONGEST) => {
            let detail = format!("must be at most {LONGEST} characters long at this vendor");
            cell.refuse(&[&index.to_string(), "description"], ItemCode::TooLong, detail);
        }
        Some(description) => {
            cell.body.member(HOOK.wire, &["{\"description\":", description.text(), "}"].concat());
            cell.warn(
                "partial_effect",
                "sets the end-call tool; other built-in tools of the assistant stay as they are",
            );
        }
    }
}
