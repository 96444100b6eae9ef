//! `webhook_url` and `is_webhook_active`: an agent has the id of one of the workspace's webhooks.
//!
//! Source: the SDK `elevenlabs` 2.78.0 (PyPI), `webhooks.list`, `WorkspaceWebhookResponseModel`, `ConvAiWebhooks`.

use crate::canonical::Field;
use crate::catalog::CatalogKind;
use crate::dialect::{FieldWriter, NestedHook, PlaceForm};
use crate::item::ItemCode;
use crate::json::{Kind, Value};

use super::paths::WEBHOOK;

/// The webhook with this URL.
pub(super) const URL: PlaceForm = PlaceForm::Found {
    catalog: CatalogKind::Webhooks,
    or_else: "is not the URL of a webhook of the ElevenLabs workspace; make one with this URL there, in its settings, which show its \
              secret once",
    off: &["is_disabled", "is_auto_disabled"],
};

pub(super) static ACTIVE: NestedHook = NestedHook {
    paths: &[WEBHOOK],
    group: &[Field::WebhookUrl],
    write,
    // An agent without a webhook of its own may have the workspace's.
    read: |_| None,
    doc: "`false` takes the agent's webhook away; `true` needs `webhook_url` in the same update.",
};

fn write(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let url = writer.sibling(Field::WebhookUrl).map(Value::kind);
    match (value.as_bool(), url) {
        (Some(false), None | Some(Kind::Null)) => writer.put(WEBHOOK, "null"),
        (Some(true), Some(Kind::String)) => {} // the URL says it
        (Some(true), None) => {
            let detail = "ElevenLabs has no switch beside the webhook; send `webhook_url` as well";
            writer.refuse(&[], ItemCode::UnsupportedValue, detail);
        }
        _ => {
            let detail = "contradicts `webhook_url`, which alone decides at ElevenLabs; send only one of the two";
            writer.refuse(&[], ItemCode::Conflict, detail);
        }
    }
}
