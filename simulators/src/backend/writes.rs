//! Operations that change assistants: creating, updating, deleting, and switching webhooks.

use serde_json::{Map, Value, json};

use crate::{
    http::VendorResponse,
    validation::{SchemaReport, ValidationErrors},
};

use super::{
    Answer, Backend, Body,
    account::{State, merged},
    operation::Webhook,
    routes::Row,
    stateful_rules,
};

impl Backend {
    /// Makes an assistant. It is listed from then on.
    pub(super) fn create(&self, row: &Row, body: Body) -> Answer {
        let SchemaReport { unknown_keys, mut errors } = body.checked;
        let rules = &self.creation.rules;
        let state = merged(self.creation.initial.clone(), &body.fields, rules, &self.catalogs);
        // The new assistant has no id yet, and no assistant has the id 0.
        stateful_rules::check(self.names, &self.catalogs, 0, &body.fields, &state, &mut errors);
        stateful_rules::check_creation(self.names, &state, &mut errors);
        self.prohibit(&unknown_keys, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut account = self.account();
        let id = account.create(&state);
        Ok(self.written(row, id, &state))
    }

    /// Applies an update.
    pub(super) fn update(&self, row: &Row, id: Option<u64>, body: Body) -> Answer {
        let mut account = self.account();
        let Some((id, state)) = id.and_then(|id| Some((id, account.assistant(id)?))) else {
            return Ok(not_found(row));
        };
        let SchemaReport { unknown_keys, mut errors } = body.checked;
        let state = merged(state, &body.fields, &self.rules, &self.catalogs);
        stateful_rules::check(self.names, &self.catalogs, id, &body.fields, &state, &mut errors);
        self.prohibit(&unknown_keys, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let response = self.written(row, id, &state);
        account.store(id, state);
        Ok(response)
    }

    /// Removes an assistant; a second time there is none.
    pub(super) fn delete(&self, row: &Row, id: Option<u64>) -> VendorResponse {
        let deleted = id.is_some_and(|id| self.account().delete(id));
        if deleted { VendorResponse::message(row.status, &row.message) } else { not_found(row) }
    }

    /// Switches a webhook of an assistant on or off.
    pub(super) fn webhook(&self, row: &Row, (kind, on): (Webhook, bool), body: &Body) -> Answer {
        let mut errors = body.checked.errors.clone();
        self.prohibit(&body.checked.unknown_keys, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let id = body.fields.get("assistant_id").and_then(Value::as_u64);
        let mut account = self.account();
        let Some((id, mut state)) = id.and_then(|id| Some((id, account.assistant(id)?))) else {
            return Ok(not_found(row));
        };
        let url = if on { body.fields.get("webhook_url").cloned().unwrap_or_default() } else { Value::Null };
        switch(&mut state, kind, on, url);
        account.store(id, state);
        Ok(VendorResponse::json(row.status, &json!({ "message": row.message, "data": [] })))
    }

    /// The answer to a creation or an update.
    fn written(&self, row: &Row, id: u64, state: &State) -> VendorResponse {
        let shown = |field| self.names.current(state, field);
        let mut body = json!({
            "message": row.message,
            "data": { "id": id, "name": shown("name"), "status": state.get("status"), "type": shown("type"), "mode": shown("mode") },
        });
        self.drift.shown(&mut body["data"]);
        VendorResponse::json(row.status, &body)
    }

    /// Refuses undocumented keys, if the simulator is strict.
    pub(super) fn prohibit(&self, unknown_keys: &[String], errors: &mut ValidationErrors) {
        for key in unknown_keys.iter().filter(|_| self.strict) {
            errors.add(key, format!("The {} field is prohibited.", key.replace('_', " ")));
        }
    }
}

fn switch(state: &mut Map<String, Value>, kind: Webhook, on: bool, url: Value) {
    let member = match kind {
        Webhook::PostCall => {
            state.insert("is_webhook_active".to_owned(), json!(on));
            "webhook_url"
        }
        Webhook::Inbound => "inbound_webhook_url",
        Webhook::ConversationEnded => "conversation_ended_webhook_url",
    };
    state.insert(member.to_owned(), url);
}

/// The documented 404 of an operation.
pub(super) fn not_found(row: &Row) -> VendorResponse {
    match row.answer(404) {
        Some(body) => VendorResponse::json(404, body),
        None => VendorResponse::message(404, "Not found"),
    }
}
