//! The field `is_webhook_active`: the vendor notifies exactly if there is a URL.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{FieldWriter, NestedHook, Path};
use crate::item::ItemCode;
use crate::json::{Kind, Value};

const URL: Path = &["agent", "webhook_url"];

pub(super) static ACTIVE: NestedHook = NestedHook {
    paths: &[URL],
    group: &[Field::WebhookUrl],
    write,
    read,
    doc: "`false` removes the URL; `true` needs `webhook_url` in the same update.",
};

fn write(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let vendor = writer.vendor_title;
    let url = writer.sibling(Field::WebhookUrl).map(Value::kind);
    match (value.as_bool(), url) {
        (Some(false), None | Some(Kind::Null)) => writer.put(URL, "null"),
        (Some(true), Some(Kind::String)) => {} // the URL says it
        (Some(true), None) => {
            let detail = format!("{vendor} has no switch beside the URL; send `webhook_url` as well");
            writer.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
        _ => {
            let detail =
                format!("contradicts `webhook_url`, which alone decides at {vendor}; send only one of the two");
            writer.refuse(&[], ItemCode::Conflict, detail);
        }
    }
}

fn read(document: Value<'_>) -> Option<Cow<'_, str>> {
    let url = document.get("agent")?.get("webhook_url");
    Some(Cow::Borrowed(if url.is_some_and(|url| url.kind() == Kind::String) { "true" } else { "false" }))
}
