//! Built-in tools: each is carried whole or not at all, so that none does something else than at the source.

use crate::canonical::{Field, Member, Shape, is_required};
use crate::item::Note;
use crate::json::{Kind, Value, excerpt};

use super::binding::{ToolBinding, is_id, of_tool_member};
use super::draft::Part;
use super::passage::Passage;
use super::{OTHER_ACCOUNT, SECRET, UNRESOLVED, note, object};

/// The member that says what a tool does.
const TYPE: &str = "type";

/// Longest type that a message repeats, in bytes.
const MAX_QUOTED_BYTES: usize = 64;

/// What stands against a tool: code and sentence.
type Reason = (&'static str, String);

/// The tools of the source that the target's account can have, and what became of the others. Without a passage both are
/// one account.
pub(super) fn carry(tools: Value<'_>, passage: Option<&Passage<'_>>) -> (Vec<Part>, Vec<Note>) {
    let (mut parts, mut lost) = (Vec::new(), Vec::new());
    for (index, tool) in tools.elements().enumerate() {
        match carried(tool, passage) {
            Ok(text) => parts.push(Part { index, text }),
            Err((code, why)) => {
                lost.push(note(Field::Tools, code, format!("{}: {why}", shown(Field::Tools, index, tool))));
            }
        }
    }
    (parts, lost)
}

/// How messages name an element of a list: by its place, and a tool by its type as well.
pub(super) fn shown(field: Field, index: usize, element: Value<'_>) -> String {
    let tag = if field == Field::Tools { element.get(TYPE).and_then(Value::as_str) } else { None };
    match tag {
        Some(tag) => format!("{}[{index}] (`{}`)", field.name(), excerpt(&tag, MAX_QUOTED_BYTES)),
        None => format!("{}[{index}]", field.name()),
    }
}

fn carried(tool: Value<'_>, passage: Option<&Passage<'_>>) -> Result<String, Reason> {
    if tool.kind() != Kind::Object {
        return Ok(tool.text().to_owned());
    }
    if let Some(secret) = members(tool).iter().find(|member| holds_secret(member, tool)) {
        return Err((SECRET, format!("`{}` is a secret, and secrets are not carried", secret.name)));
    }
    let Some(passage) = passage else { return Ok(tool.text().to_owned()) };
    let mut carried = Vec::new();
    for (name, value) in tool.members() {
        let text = match of_tool_member(&name) {
            Some(ToolBinding::Assistant) => {
                let why =
                    format!("`{name}` is an assistant of `{}`, which no other account has", passage.source.vendor);
                return Err((OTHER_ACCOUNT, why));
            }
            Some(ToolBinding::Entry(kind)) if is_id(value) => {
                passage.carry(kind, value.text(), false).map_err(|why| (UNRESOLVED, format!("`{name}`: {why}")))?
            }
            Some(ToolBinding::Entry(_)) | None => value.text().to_owned(),
        };
        carried.push((name, text));
    }
    let members = carried.iter().map(|(name, text)| (&**name, text.clone()));
    Ok(String::from_utf8(object(members)).unwrap_or_default())
}

/// Whether a tool has this secret, or cannot be without it.
fn holds_secret(member: &Member, tool: Value<'_>) -> bool {
    member.secret && (tool.get(member.name).is_some() || is_required(member, tool))
}

/// The documented members of a tool.
fn members(tool: Value<'_>) -> &'static [Member] {
    let Shape::List(Shape::Tagged(variants)) = Field::Tools.spec().shape else { return &[] };
    let tag = tool.get(TYPE);
    let variant = variants.iter().find(|variant| tag.is_some_and(|tag| tag.is_str(variant.tag)));
    variant.map_or(&[], |variant| variant.members)
}
