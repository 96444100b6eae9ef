//! The field `allow_interruptions`: the vendor has one scale for whether and how easily callers interrupt.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{FieldWriter, NestedHook, Path};
use crate::item::ItemCode;
use crate::json::{Value, same_number};

const SENSITIVITY: Path = &["agent", "interruption_sensitivity"];

pub(super) static HOOK: NestedHook = NestedHook {
    paths: &[SENSITIVITY],
    group: &[Field::InterruptSensitivity],
    write,
    read,
    doc: "`false` is sent as the sensitivity 0. `true` is sent as 1 where it is 0 or not set, and leaves any other as it is.",
};

fn write(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let sensitivity = writer.sibling(Field::InterruptSensitivity).map(|told| same_number(told.text(), "0"));
    match (value.as_bool(), sensitivity) {
        (Some(false), _) => writer.put(SENSITIVITY, "0"),
        (_, None) => writer.put(SENSITIVITY, r#"{"from":[0,null],"to":1}"#),
        (_, Some(false)) => {} // the sensitivity says it
        (_, Some(true)) => {
            let detail = format!(
                "means the opposite of `interrupt_sensitivity` 0, with which callers never interrupt at {}",
                writer.vendor_title
            );
            writer.refuse(&[], ItemCode::Conflict, detail);
        }
    }
}

fn read(document: Value<'_>) -> Option<Cow<'_, str>> {
    let told = document.at(SENSITIVITY).filter(|told| !told.is_null())?;
    Some(Cow::Borrowed(if same_number(told.text(), "0") { "false" } else { "true" }))
}
