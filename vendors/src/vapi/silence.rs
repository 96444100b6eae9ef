//! What happens when the customer says nothing: a hook `customer.speech.timeout`. The vendor refuses one without an action, and
//! nothing is said that its caller did not write: the seconds need a hook that is there, or a prompt beside them.

use std::borrow::Cow;

use crate::dialect::{FieldWriter, NestedHook, Path, Said};
use crate::json::Value;

/// The name of the hook, in its member `on`.
const HOOK: &str = "customer.speech.timeout";

/// Where the seconds stand.
pub(super) const TIMEOUT: Path = &["hooks", HOOK, "options", "timeoutSeconds"];

/// Where the actions stand.
pub(super) const ACTIONS: Path = &["hooks", HOOK, "do"];

const OWN_ACTIONS: Path = &["hooks", HOOK, "do", "own"];

/// The type of the action that the prompt becomes. Actions of other types stay.
pub(super) const SPEECH: &[&str] = &["say"];

/// What the prompt says of it: exact texts give way to it.
pub(super) const SAYS: &[Said] = &[Said::at(&["prompt"]), Said::at(&["exact"])];

/// `reengagement_prompt`.
pub(super) static PROMPT: NestedHook = NestedHook {
    paths: &[ACTIONS],
    group: &[],
    write: write_prompt,
    read: read_prompt,
    doc: "Becomes an action `say` with this prompt.",
};

fn write_prompt(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    writer.put(OWN_ACTIONS, [r#"[{"type":"say","prompt":"#, value.text(), "}]"].concat());
}

/// The prompt of the hook; `None` if it says something else, such as one of several exact texts.
fn read_prompt(document: Value<'_>) -> Option<Cow<'_, str>> {
    let hooks = document.get("hooks")?;
    let hook = hooks.elements().find(|hook| hook.get("on").is_some_and(|on| on.is_str(HOOK)))?;
    let mut said = hook.get("do")?.elements().filter(|action| action.get("type").is_some_and(|of| of.is_str("say")));
    let (only, None) = (said.next()?, said.next()) else { return None };
    let prompt = only.get("prompt").filter(|_| only.get("exact").is_none())?;
    prompt.as_str().map(|_| Cow::Borrowed(prompt.text()))
}
