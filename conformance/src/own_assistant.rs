//! The round on an assistant that the check makes itself: made, read, changed, read again, deleted, and deleted once more,
//! which the vendor must refuse.
//!
//! Whatever fails, the assistant is deleted at the end. It is known by its name, which holds the time and which no assistant
//! of the account has before: only assistants with exactly that name are changed or deleted.

use std::fmt::Write as _;
use std::time::SystemTime;

use vendors::json::{Kind, Limits, Value, push_string, read_value};
use vendors::{
    Creation, Field, ListedAssistant, Operation, Policies, Requirement, Update, compare, read_assistant,
    translate_creation,
};

use crate::current_value::{CurrentValue, current_value};
use crate::listing::{self, Listed};
use crate::refusals::complaints;
use crate::vendor_client::{Reply, Stop};
use crate::{FindingKind, OwnAssistant, Verification};

/// The assistant's prompt at first, and after the change.
const PROMPTS: [&str; 2] = ["A check of Switchboard. It takes no calls.", "A check of Switchboard, changed once."];

/// The statuses after which nothing was made.
const REFUSED: [u16; 5] = [400, 404, 405, 422, 429];

impl Verification<'_> {
    /// Goes through the life of an assistant that is made after the model of `like`.
    pub(crate) async fn own_assistant(&mut self, like: &Listed, announce: &mut dyn FnMut(&str)) -> Result<(), Stop> {
        let operations = &self.account.dialect().operations;
        let (Some(creation), Some(_)) = (operations.create.as_ref(), operations.delete) else {
            self.report.note("this vendor documents no creation or no deletion, so that none was tried");
            return Ok(());
        };
        let name =
            format!("Switchboard check {}, safe to delete", humantime::format_rfc3339_seconds(SystemTime::now()));
        if !self.named(&name).await?.is_empty() {
            self.report.note(format!("there is an assistant called `{name}` already, so that none was made"));
            return Ok(());
        }
        let Some(fields) = Self::fields_of_own(creation, like, &name) else {
            self.report.note("the account has no value for a field that a new assistant needs, so that none was made");
            return Ok(());
        };
        announce(&format!("making, reading, changing and deleting an assistant of its own: {name}"));
        let made = self.create(creation, &fields).await;
        match made {
            Err(Stop::Token(status)) => return Err(Stop::Token(status)),
            Ok(status) if REFUSED.contains(&status) => return Ok(()),
            _ => {}
        }
        let ids = match self.named(&name).await {
            Ok(ids) => ids,
            Err(stop) => {
                self.left_behind(&name, "the list cannot be read");
                return Err(stop);
            }
        };
        let result = self.check_own(&ids, &name, &fields, made).await;
        self.delete_own(&ids, &name).await?;
        result
    }

    /// The canonical body of the creation; `None` if a required field has no value.
    fn fields_of_own(creation: &Creation, like: &Listed, name: &str) -> Option<String> {
        let mode = like.get(Field::Mode.name()).and_then(Value::as_str)?.into_owned();
        let mut out = String::from("{");
        for requirement in creation.required {
            let field = match *requirement {
                Requirement::Always(field) => field,
                Requirement::InModes(field, modes) if modes.contains(&mode.as_str()) => field,
                Requirement::InModes(..) | Requirement::With(..) => continue,
            };
            let value = match field {
                Field::Name => quoted(name),
                Field::Type => quoted("outbound"),
                Field::InitialMessage => quoted("Hello."),
                Field::SystemPrompt => quoted(PROMPTS[0]),
                _ => value_like(field, like)?,
            };
            let comma = if out.len() > 1 { "," } else { "" };
            // Writing to a `String` never fails.
            let _ = write!(out, "{comma}\"{}\":{value}", field.name());
        }
        out.push('}');
        Some(out)
    }

    /// Makes the assistant: the status of the answer.
    async fn create(&mut self, creation: &'static Creation, fields: &str) -> Result<u16, Stop> {
        let policies = Policies::default();
        let request = Update::read(fields.as_bytes())
            .ok()
            .and_then(|update| translate_creation(&update, creation, &self.target("", &policies)).ok());
        let Some(request) = request else {
            self.report.note("a value of the listed assistant does not fit a creation, so that none was made");
            return Ok(REFUSED[0]);
        };
        let reply = self.vendor.write(Operation::Create, creation.call, "", request.body.clone()).await?;
        if !reply.is_success() && !self.is_explained(&reply) {
            let detail =
                format!("a creation with all required fields is answered with status {}{}", reply.status, said(&reply));
            self.findings.add(FindingKind::Operation, None, Some("create"), &detail);
        }
        Ok(reply.status)
    }

    /// Whether a refusal is only about fields that there are findings about already.
    fn is_explained(&mut self, reply: &Reply) -> bool {
        let said = complaints(reply).unwrap_or_default();
        let known = |key: &str| self.findings.find(key.split('.').next().unwrap_or(key)).is_some();
        let explained = !said.is_empty() && said.iter().all(|(key, _)| known(key));
        if explained {
            self.report.note("no assistant could be made, because of what was found already");
        }
        explained
    }

    /// Reads the new assistant, changes it, and reads it again.
    async fn check_own(
        &mut self,
        ids: &[String],
        name: &str,
        fields: &str,
        made: Result<u16, Stop>,
    ) -> Result<(), Stop> {
        let succeeded = made? < 300;
        let [id] = ids else {
            if succeeded || !ids.is_empty() {
                let detail = format!("after one creation the list shows {} assistants with its name", ids.len());
                self.findings.add(FindingKind::Operation, None, Some("create"), &detail);
            }
            if ids.is_empty() && succeeded {
                self.left_behind(name, "the list does not show it");
            }
            return Ok(());
        };
        self.compare_own(id, fields).await?;
        let change = format!("{{\"{}\":{}}}", Field::SystemPrompt.name(), quoted(PROMPTS[1]));
        if let Ok(request) = self.translated(&change) {
            let reply = self.vendor.update(id, request.body).await?;
            if !reply.is_success() {
                let detail =
                    format!("an update of a new assistant is answered with status {}{}", reply.status, said(&reply));
                self.findings.add(FindingKind::Operation, None, Some("update"), &detail);
                return Ok(());
            }
            self.compare_own(id, &change).await?;
        }
        Ok(())
    }

    /// Compares what was sent with what the list shows now.
    async fn compare_own(&mut self, id: &str, sent: &str) -> Result<(), Stop> {
        let dialect = self.account.dialect();
        let path =
            |page, per_page| dialect.operations.list.map_or_else(String::new, |list| list.path_of(page, per_page));
        let listed = listing::find(&mut self.vendor, path, id).await?;
        let policies = Policies::default();
        let differs = {
            let (Some(entry), Ok(update)) = (listed.value(), Update::read(sent.as_bytes())) else { return Ok(()) };
            let read = read_assistant(dialect, &policies, &ListedAssistant { id: id.into(), entry });
            let applied: Vec<_> = Field::ALL.into_iter().filter(|field| update.get(*field).is_some()).collect();
            compare(&update, &applied, &read, &self.target(id, &policies)).differs
        };
        for difference in differs {
            let detail = format!("{} was accepted, and the list shows {}", difference.sent, difference.stored);
            self.findings.add(FindingKind::NotStored, Some(difference.field), None, &detail);
        }
        Ok(())
    }

    /// Deletes the check's own assistants, sees that they are gone, and that deleting twice is refused.
    async fn delete_own(&mut self, ids: &[String], name: &str) -> Result<(), Stop> {
        let Some(call) = self.account.dialect().operations.delete else { return Ok(()) };
        for id in ids {
            match self.vendor.write(Operation::Delete, call, id, Vec::new()).await {
                Ok(reply) if reply.is_success() => {}
                Ok(reply) => self.left_behind(name, &format!("deleting {id} is answered with status {}", reply.status)),
                Err(stop) => {
                    self.left_behind(name, &format!("deleting {id} failed"));
                    return Err(stop);
                }
            }
        }
        let left =
            self.named(name).await.inspect_err(|_| self.left_behind(name, "the list cannot be read afterwards"))?;
        for id in ids {
            let deleted = !left.contains(id);
            if !deleted {
                self.left_behind(name, &format!("the list still shows {id}"));
            }
            self.report.own_assistants.push(OwnAssistant { name: name.to_owned(), id: id.clone(), deleted });
        }
        if let ([id], []) = (ids, left.as_slice())
            && self.vendor.write(Operation::Delete, call, id, Vec::new()).await?.is_success()
        {
            let detail = "deleting an assistant that is gone is not refused";
            self.findings.add(FindingKind::Operation, None, Some("delete"), detail);
        }
        Ok(())
    }

    fn left_behind(&mut self, name: &str, why: &str) {
        let detail = format!("look for `{name}` at the vendor and delete it: {why}");
        self.findings.add(FindingKind::LeftBehind, None, None, &detail);
    }

    /// The ids of the assistants with exactly this name.
    async fn named(&mut self, name: &str) -> Result<Vec<String>, Stop> {
        let dialect = self.account.dialect();
        let path =
            |page, per_page| dialect.operations.list.map_or_else(String::new, |list| list.path_of(page, per_page));
        let is_it =
            |entry: &Value<'_>| entry.get(Field::Name.name()).and_then(Value::as_str).is_some_and(|of| of == name);
        let found = listing::all(&mut self.vendor, path, is_it).await?;
        let id = |listed: Listed| listed.get(dialect.listed.id).map(|id| id.text().trim_matches('"').to_owned());
        Ok(found.into_iter().filter_map(id).collect())
    }
}

/// The value that `like` has, in canonical form.
fn value_like(field: Field, like: &Listed) -> Option<String> {
    match current_value(field, like.get(field.name()).filter(|value| !value.is_null())?) {
        CurrentValue::Value(text) => Some(text),
        CurrentValue::Nothing | CurrentValue::Secret => None,
    }
}

/// The sentence of a refusal, after a colon.
fn said(reply: &Reply) -> String {
    let value = read_value(&reply.body, Limits::VENDOR).ok().filter(|value| value.kind() == Kind::Object);
    let message = value.and_then(|value| value.get("message")).and_then(|message| message.as_str().map(String::from));
    message.map_or_else(String::new, |message| format!(": {message}"))
}

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}
