//! The round on an assistant that the check makes itself: made, read, changed, and deleted, and deleted once more, which the
//! vendor must refuse. Whatever fails in between, it is deleted.

use std::time::SystemTime;

use vendors::{
    Creation, Field, Operation, Policies, Requirement, ResponseBody, Run, SentFields, Update, VendorErrorKind,
    translate_creation,
};

use crate::vendor_client::Stop;
use crate::{FindingKind, OwnAssistant, Verification};

use super::reads::Entry;
use super::writes::Compared;
use super::{Document, Ended, quoted};

/// The texts of the new assistant. The prompt is the first that is changed.
const PROMPT: &str = "A check of Switchboard. It takes no calls.";
const GREETING: &str = "Hello.";

/// What the new assistant has of the other one, because a vendor may need it for the rest.
const LIKE: [Field; 4] = [Field::VoiceId, Field::LanguageId, Field::TranscriberProviderId, Field::LlmModelId];

impl Verification<'_> {
    /// Goes through the life of an assistant that is made after the model of `like`.
    pub(super) async fn own_nested(&mut self, like: &Document, announce: &mut dyn FnMut(&str)) -> Result<(), Stop> {
        let dialect = self.account.dialect();
        let (Some(creation), Some(_)) = (dialect.operations.create.as_ref(), dialect.operations.delete) else {
            self.report.note("this vendor documents no creation or no deletion, so that none was tried");
            return Ok(());
        };
        let time = humantime::format_rfc3339_seconds(SystemTime::now());
        let name = format!("Switchboard check {time}, safe to delete");
        let is_too_long = dialect.describe(Field::Name).max_length.is_some_and(|max| name.len() > max);
        let name = if is_too_long { format!("Switchboard check {time}") } else { name };
        let Some(known) = self.whole_list().await? else {
            self.report.note("the list of assistants is not as documented, so that none was made");
            return Ok(());
        };
        if known.iter().any(|entry| entry.name.as_deref() == Some(&*quoted(&name))) {
            self.report.note(format!("there is an assistant called `{name}` already, so that none was made"));
            return Ok(());
        }
        let fields = self.fields_of_own_nested(creation, like, &name);
        let others: Vec<_> =
            dialect.plan.map_or(&[][..], |plan| plan.objects).iter().skip(1).map(|object| object.title).collect();
        let stays = match others.as_slice() {
            [] => String::new(),
            titles => format!(" (the deletion leaves {} of it)", titles.join(" and ")),
        };
        announce(&format!("making, reading, changing and deleting an assistant of its own: {name}{stays}"));
        let made = self.make(creation, &fields).await;
        let told = made.as_ref().ok().and_then(Clone::clone);
        let ids = match self.ids_of(&name, told, &known).await {
            Ok(ids) => ids,
            Err(stop) => {
                self.own_left_behind(&name, "the list cannot be read");
                return Err(stop);
            }
        };
        let checked = match (&made, ids.as_slice()) {
            (Ok(_), [id]) => self.check_own_nested(id, &fields).await,
            _ => Ok(()),
        };
        self.delete_own_nested(&ids, &name).await?;
        made.map(drop).and(checked)
    }

    /// The canonical fields of the new assistant.
    fn fields_of_own_nested(&self, creation: &Creation, like: &Document, name: &str) -> Vec<(Field, String)> {
        let always = creation.required.iter().filter_map(|requirement| match requirement {
            Requirement::Always(field) => Some(*field),
            Requirement::InModes(..) | Requirement::With(..) => None,
        });
        let mut fields = vec![
            (Field::Name, quoted(name)),
            (Field::SystemPrompt, quoted(PROMPT)),
            (Field::InitialMessage, quoted(GREETING)),
        ];
        let told = self.with_read(like, |read, _| {
            let value = |field: Field| {
                let told = read.fields.iter().find(|(known, value)| *known == field && value != "null")?;
                Some((field, told.1.to_string()))
            };
            always.chain(LIKE).filter_map(value).collect::<Vec<_>>()
        });
        for (field, value) in told.unwrap_or_default() {
            if !fields.iter().any(|(known, _)| *known == field) {
                fields.push((field, value));
            }
        }
        fields.retain(|(field, _)| self.account.dialect().row(*field).is_supported());
        fields
    }

    /// Makes the assistant by requests that are never sent twice: its id, if the vendor told it.
    async fn make(&mut self, creation: &'static Creation, fields: &[(Field, String)]) -> Result<Option<String>, Stop> {
        let (dialect, settings, policies) = (self.account.dialect(), self.settings(), Policies::default());
        let body = body_of(fields);
        let request = Update::read(body.as_bytes())
            .ok()
            .and_then(|update| translate_creation(&update, creation, &self.target("", &policies)).ok());
        let run = request.as_ref().and_then(|request| Run::create(dialect, request, &settings));
        let Some(mut run) = run else {
            self.report.note("a value of the assistant does not fit a creation, so that none was made");
            return Ok(None);
        };
        let ended = self.drive(&mut run).await;
        let id = run.parameter("id").map(str::to_owned);
        for made in run.made().into_iter().filter(|made| !id.as_ref().is_some_and(|id| made.contains(id.as_str()))) {
            let note = format!("{made}, which the check made, stays: the deletion of an assistant leaves it");
            self.report.note(self.account.redact(&note));
        }
        let problem = match ended? {
            Ended::Done { .. } => return Ok(id),
            Ended::Refused(_) | Ended::WouldChange { .. } => {
                self.report.note("a value of the assistant does not fit a creation, so that none was made");
                return Ok(None);
            }
            Ended::Rejected(_, reply) => format!("a creation is answered with {}", self.said(&reply)),
            Ended::Unread(reason) => reason,
        };
        self.findings.add(FindingKind::Operation, None, Some("create"), &problem);
        Ok(id)
    }

    /// The ids of the new assistant: those that the list shows under its name, or else the one that its creation told, unless an
    /// assistant had that before.
    async fn ids_of(&mut self, name: &str, told: Option<String>, known: &[Entry]) -> Result<Vec<String>, Stop> {
        let ids = self.named_nested(name).await?;
        let Some(told) = told.filter(|told| !ids.contains(told)) else { return Ok(ids) };
        if !ids.is_empty() || known.iter().any(|entry| entry.id == told) {
            let detail = "the answer to a creation tells the id of another assistant";
            self.findings.add(FindingKind::Operation, None, Some("create"), detail);
            return Ok(ids);
        }
        let detail = "the list does not show an assistant that was just made under its name";
        self.findings.add(FindingKind::Operation, None, Some("list"), detail);
        Ok(vec![told])
    }

    /// The ids that the list shows under this name.
    async fn named_nested(&mut self, name: &str) -> Result<Vec<String>, Stop> {
        let entries = self.whole_list().await?;
        let entries = entries.ok_or_else(|| Stop::NoList("a page is not as documented".to_owned()))?;
        let name = Some(quoted(name));
        Ok(entries.into_iter().filter(|entry| entry.name == name).map(|entry| entry.id).collect())
    }

    /// Reads the new assistant, and changes it.
    async fn check_own_nested(&mut self, id: &str, fields: &[(Field, String)]) -> Result<(), Stop> {
        let document = self.document(id).await?;
        let sent = body_of(fields);
        for (field, value) in fields {
            let stored = match self.compared(*field, &sent, &document) {
                Compared::Same => continue,
                Compared::Other(stored) => stored,
                Compared::Untold => "nothing".to_owned(),
            };
            let detail = format!("{value} was accepted in a creation, and the vendor tells {stored}");
            self.findings.add(FindingKind::NotStored, Some(*field), None, &detail);
        }
        self.change_each(id, document).await
    }

    /// Deletes the check's own assistants, sees that they are gone, and that deleting twice is refused.
    async fn delete_own_nested(&mut self, ids: &[String], name: &str) -> Result<(), Stop> {
        let dialect = self.account.dialect();
        let Some(call) = dialect.operations.delete else { return Ok(()) };
        for id in ids {
            match self.vendor.write(Operation::Delete, call, id, Vec::new()).await {
                Ok(reply) if reply.is_success() => {
                    let body = ResponseBody::read(&reply.body);
                    if let Err(invalid) = body.deletion_message(dialect, reply.status) {
                        self.findings.add(FindingKind::Operation, None, Some("delete"), &invalid.to_string());
                    }
                }
                Ok(reply) => {
                    self.own_left_behind(name, &format!("deleting {id} is answered with status {}", reply.status));
                }
                Err(stop) => {
                    self.own_left_behind(name, &format!("deleting {id} failed"));
                    return Err(stop);
                }
            }
        }
        let left = self.named_nested(name).await;
        let left = left.inspect_err(|_| self.own_left_behind(name, "the list cannot be read afterwards"))?;
        for id in ids {
            let deleted = !left.contains(id);
            if !deleted {
                self.own_left_behind(name, &format!("the list still shows {id}"));
            }
            self.report.own_assistants.push(OwnAssistant { name: name.to_owned(), id: id.clone(), deleted });
        }
        if let ([id], []) = (ids, left.as_slice()) {
            let reply = self.vendor.write(Operation::Delete, call, id, Vec::new()).await?;
            let kind = self.error(&reply, &SentFields::default()).kind;
            if reply.is_success() || kind != VendorErrorKind::NotFound {
                let detail = format!(
                    "deleting an assistant that is gone is answered with {}, which does not say so",
                    self.said(&reply)
                );
                self.findings.add(FindingKind::Operation, None, Some("delete"), &detail);
            }
        }
        Ok(())
    }

    fn own_left_behind(&mut self, name: &str, why: &str) {
        let detail = format!("look for `{name}` at the vendor and delete it: {why}");
        self.findings.add(FindingKind::LeftBehind, None, None, &detail);
    }
}

/// The canonical body with these fields.
fn body_of(fields: &[(Field, String)]) -> String {
    let members: Vec<_> = fields.iter().map(|(field, value)| format!("\"{}\":{value}", field.name())).collect();
    format!("{{{}}}", members.join(","))
}
