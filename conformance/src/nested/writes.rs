//! Updates that set one field each to the value that it has, and a comparison that shows whether anything changed.

use vendors::json::{Kind, Value};
use vendors::{Field, Policies, Purpose, Rule, Run, SentFields, Update, compare, is_secret_name};

use crate::vendor_client::{Reply, Stop};
use crate::{FindingKind, Outcome, Verification};

use super::differences::{changed, merged};
use super::{Document, Ended, update_of};

/// One update: the field that it is about and its canonical text.
type Planned = (Field, String);

impl Verification<'_> {
    /// Sends all updates. Afterwards the assistant is as before, or there is a finding.
    pub(super) async fn write_nested(&mut self, before: Document, announce: &mut dyn FnMut(&str)) -> Result<(), Stop> {
        let (dialect, id) = (self.account.dialect(), &self.options.assistant);
        let is_published = self.is_published(&before);
        if is_published && !self.options.draft {
            return Err(Stop::Published(dialect.title));
        }
        let planned = self.planned(&before);
        let draft = match dialect.plan.and_then(|plan| plan.draft) {
            Some(_) if is_published => {
                " The assistant is published: the updates make a draft version and go into it;\nit stays afterwards, and nothing is published."
            }
            Some(_) => " The updates go into the draft version that there is; nothing is published.",
            None => "",
        };
        announce(&format!(
            "writing to assistant {id}: {} updates that set one field each to the value that it has.{draft}\nNo one else should change the assistant meanwhile.",
            planned.len()
        ));
        let mut state = State { reference: before.clone(), known: before };
        let written = self.set_each(&planned, &mut state).await;
        let after = self.document(id).await?;
        self.compare_documents(&state.reference, &after, None);
        self.report.read_again = true;
        written?;
        self.own_nested(&after, announce).await
    }

    /// Whether what is to be written belongs to a published version.
    fn is_published(&self, document: &Document) -> bool {
        let Some(plan) = self.account.dialect().plan else { return false };
        let (Some(draft), Some(object)) = (plan.draft, plan.objects.first()) else { return false };
        let told =
            document.value().and_then(|told| if object.name.is_empty() { Some(told) } else { told.get(object.name) });
        told.and_then(|told| told.at(draft.is_published)).and_then(Value::as_bool) == Some(true)
    }

    /// The updates for all fields that the document tells and that an update takes.
    fn planned(&mut self, document: &Document) -> Vec<Planned> {
        let planned = self.with_read(document, |read, whole| {
            let fields = self.told_fields().into_iter();
            let values = fields.filter_map(|field| {
                let told = |field: Field| read.fields.iter().find(|(known, _)| *known == field).map(|told| &*told.1);
                Some((field, self.alone_or_in_its_group(field, told)?, self.holds_secret(field, whole)))
            });
            values.collect::<Vec<_>>()
        });
        let mut updates = Vec::new();
        for (field, update, is_secret) in planned.unwrap_or_default() {
            match is_secret {
                true => self.report.outcome(field, Outcome::LeftAlone),
                false => updates.push((field, update)),
            }
        }
        updates
    }

    /// The update of a field to the value that it has. Where the vendor has one value for several fields, an update of one alone
    /// may be refused; the others are sent along then.
    fn alone_or_in_its_group<'v>(&self, field: Field, told: impl Fn(Field) -> Option<&'v str>) -> Option<String> {
        let alone = update_of(field, told(field)?);
        let Rule::Nested(hook) = self.account.dialect().row(field).rule else { return Some(alone) };
        if hook.group.is_empty() || self.translated(&alone).is_ok() {
            return Some(alone);
        }
        let all = std::iter::once(&field).chain(hook.group);
        let members: Vec<_> = all.filter_map(|field| Some(format!("\"{}\":{}", field.name(), told(*field)?))).collect();
        Some(format!("{{{}}}", members.join(",")))
    }

    /// Whether what an update of the field sends may hold a credential: the vendor may tell it masked, and the mask would be
    /// written back.
    fn holds_secret(&self, field: Field, document: Value<'_>) -> bool {
        let dialect = self.account.dialect();
        dialect.row(field).paths().any(|path| {
            let spliced = dialect.splices.iter().filter(|splice| path.starts_with(splice.path));
            let sent = std::iter::once(path).chain(spliced.map(|splice| splice.path));
            sent.filter_map(|path| document.at(path)).any(has_secret_inside)
        })
    }

    async fn set_each(&mut self, planned: &[Planned], state: &mut State) -> Result<(), Stop> {
        for (field, update) in planned {
            self.set(*field, update, state).await?;
        }
        Ok(())
    }

    /// Sets a field to the value that it has.
    async fn set(&mut self, field: Field, update: &str, state: &mut State) -> Result<(), Stop> {
        let request = match self.translated(update) {
            Ok(request) if request.is_empty() => {
                self.report.outcome(field, Outcome::NoValue);
                return Ok(());
            }
            Ok(request) => request,
            Err(refused) => {
                self.undocumented(field, refused.items.list);
                return Ok(());
            }
        };
        let (dialect, settings) = (self.account.dialect(), self.settings());
        let Some(mut run) = Run::update(dialect, &self.options.assistant, &request, &settings) else { return Ok(()) };
        match self.drive_guarded(&mut run, Some(&state.known)).await? {
            Ended::WouldChange { paths, drafted } => {
                let (name, paths) = (field.name(), paths.join("`, `"));
                let note = format!("`{name}` was not set to the value that it has, as that would change `{paths}`");
                self.report.note(self.account.redact(&note));
                self.report.outcome(field, Outcome::NoValue);
                if drafted {
                    let told = self.document(&self.options.assistant).await?;
                    self.note_draft(&state.known, &told);
                    *state = State { reference: told.clone(), known: told };
                }
            }
            Ended::Done { drafted } => {
                let told = Document(run.document());
                let told = dialect.plan.map_or(told.clone(), |plan| merged(plan, &state.known, told));
                self.judge(field, update, &told);
                if drafted {
                    self.note_draft(&state.known, &told);
                    state.reference = told.clone();
                } else {
                    self.compare_documents(&state.known, &told, Some(field));
                }
                state.known = told;
            }
            Ended::Refused(refused) => self.undocumented(field, refused.items.list),
            Ended::Rejected(Purpose::Read, reply) => {
                return Err(Stop::NoDocument(format!("the vendor answers {}", reply.status)));
            }
            Ended::Rejected(_, reply) => self.rejected(field, "its present value", &request.sent, &reply),
            Ended::Unread(reason) => {
                self.findings.add(FindingKind::Operation, Some(field), Some("update"), &reason);
                self.report.outcome(field, Outcome::Found);
            }
        }
        Ok(())
    }

    /// Whether the field has the value that was sent, which is the one that it had.
    fn judge(&mut self, field: Field, update: &str, told: &Document) {
        let detail = match self.compared(field, update, told) {
            Compared::Same => return self.report.outcome(field, Outcome::Confirmed),
            Compared::Other(_) => "its present value was accepted, and the vendor tells another one afterwards",
            Compared::Untold => "its present value was accepted, and the vendor tells none afterwards",
        };
        self.findings.add(FindingKind::NotStored, Some(field), None, detail);
        self.report.outcome(field, Outcome::Found);
    }

    /// Compares what an update sent of a field with what a document tells.
    pub(super) fn compared(&self, field: Field, update: &str, told: &Document) -> Compared {
        let policies = Policies::default();
        let compared = self.with_read(told, |read, _| {
            let update = Update::read(update.as_bytes()).ok()?;
            let target = self.target(&self.options.assistant, &policies);
            let stored = compare(&update, &[field], read, &target);
            Some(match (stored.differs.into_iter().next(), stored.unreadable.is_empty()) {
                (Some(difference), _) => Compared::Other(difference.stored),
                (None, false) => Compared::Untold,
                (None, true) => Compared::Same,
            })
        });
        compared.ok().flatten().unwrap_or(Compared::Untold)
    }

    /// Reports that the vendor refuses a value of a field.
    pub(super) fn rejected(&mut self, field: Field, what: &str, sent: &SentFields, reply: &Reply) {
        let names = self.error(reply, sent).items.list.into_iter().find_map(|item| item.vendor_field);
        let detail = format!("{what} is refused with {}", self.said(reply));
        self.findings.add(FindingKind::Refused, Some(field), names.as_deref(), &detail);
        self.report.outcome(field, Outcome::Found);
    }

    /// Reports every member that is not as it was. `by` is the field of the only update in between.
    pub(super) fn compare_documents(&mut self, before: &Document, after: &Document, by: Option<Field>) {
        for path in self.changed(before, after) {
            let owner = Field::ALL.into_iter().find(|field| self.places(*field).any(|place| place == path));
            let why = match by {
                Some(field) => format!("an update of `{}` to the value that it had changed it", field.name()),
                None => "nothing was sent that should change it".to_owned(),
            };
            let detail = format!("`{path}` is not what it was before; {why}");
            self.findings.add(FindingKind::Changed, owner, Some(&path), &detail);
        }
    }

    /// Says what is different in a draft that was made: the vendor's own doing.
    fn note_draft(&mut self, before: &Document, after: &Document) {
        let paths = self.changed(before, after);
        let other =
            if paths.is_empty() { String::new() } else { format!("; in it are different: {}", paths.join(", ")) };
        let note = format!("a draft version of the assistant was made and stays{other}");
        self.report.note(self.account.redact(&note));
    }

    fn changed(&self, before: &Document, after: &Document) -> Vec<String> {
        let (Some(before), Some(after)) = (before.value(), after.value()) else { return Vec::new() };
        let paths = changed(before, after, self.account.dialect());
        paths.iter().map(|path| vendors::json::excerpt(path, 128).into_owned()).collect()
    }
}

/// What is known of the assistant while it is written to.
struct State {
    /// What it has to be in the end.
    reference: Document,
    /// What the vendor told last.
    known: Document,
}

/// How a field compares with what was sent.
pub(super) enum Compared {
    Same,
    /// The vendor tells this value.
    Other(String),
    /// The vendor tells none.
    Untold,
}

/// Whether a member in a value has a name that secrets have, and a value.
fn has_secret_inside(value: Value<'_>) -> bool {
    // Numbers and switches, such as a limit of tokens, are none.
    let is_filled = |value: Value<'_>| match value.kind() {
        Kind::String => !value.is_str(""),
        Kind::Object => value.members().next().is_some(),
        Kind::Array => value.elements().next().is_some(),
        Kind::Null | Kind::Boolean | Kind::Number => false,
    };
    value.members().any(|(name, inner)| is_secret_name(&name) && is_filled(inner) || has_secret_inside(inner))
        || value.elements().any(has_secret_inside)
}
