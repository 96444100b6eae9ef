//! From an assistant as one account tells it to the fields of a new one at another account.
//!
//! [`AssistantCopy`] has both sides and the caller's changes. [`AssistantCopy::source_lookups`] and
//! [`AssistantCopy::target_lookups`] say which catalogs it needs, in this order; [`AssistantCopy::fields`] makes the body
//! of the creation, and says what became of each field. Ids that belong to an account are carried by the names of what
//! they stand for ([`passage`]). What the target would refuse is found by its own translation ([`draft`]).

mod binding;
mod draft;
mod passage;
mod tools;

use crate::canonical::{Field, Update};
use crate::catalog::{CatalogKind, Catalogs};
use crate::dialect::{
    Beside, Creation, Dialect, Handling, Place, PlaceForm, ReadAssistant, Row, Rule, SendAs, Target, check_required,
};
use crate::item::{Items, Note};
use crate::json::{Limits, Value, excerpt, push_string, read_value};

use draft::Draft;
use passage::Passage;

/// The code of a field or tool that is left out because it holds a secret.
const SECRET: &str = "secret";

/// The code of a phone number that only one assistant can have.
const IN_USE: &str = "in_use";

/// The code of what means something at the source's account only.
const OTHER_ACCOUNT: &str = "other_account";

/// The code of a URL that both assistants call.
const SAME_URL: &str = "same_url";

/// The code of what stands beside a list at the source and has no canonical form.
const NO_FORM: &str = "no_canonical_form";

/// The code of an id whose name leads to no single entry at the target.
const UNRESOLVED: &str = crate::item::ItemCode::UnresolvedName.as_str();

/// Longest word of a vendor that a message repeats, in bytes.
const MAX_QUOTED_BYTES: usize = 64;

/// Most members that a message lists.
const MAX_MEMBERS: usize = 5;

/// Where an assistant is copied from.
#[derive(Debug, Clone, Copy)]
pub struct CopySource<'a> {
    /// The vendor's dialect.
    pub dialect: &'static Dialect,
    /// The name of the account.
    pub vendor: &'a str,
    /// The assistant.
    pub read: &'a ReadAssistant<'a>,
    /// The account's catalogs.
    pub catalogs: Catalogs<'a>,
}

/// A copy that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct AssistantCopy<'a> {
    /// Where it is copied from.
    pub source: CopySource<'a>,
    /// What the caller wants to be different.
    pub changes: &'a Update<'a>,
    /// How the target creates assistants.
    pub creation: &'a Creation,
    /// Where it is copied to.
    pub target: &'a Target<'a>,
    /// Whether both are one account, in which all ids mean the same.
    pub is_same_account: bool,
}

/// The fields of the new assistant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedFields {
    /// What was carried, and the changes: the body of a creation, as callers send it.
    pub body: Vec<u8>,
    /// What became of each field of the source.
    pub report: CopyReport,
}

/// What became of the fields of the source, except those that the changes set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// The fields that the new assistant has with the same meaning.
    pub copied: Vec<Field>,
    /// What is lost. A list that is carried in part stands here, and not among the copied ones.
    pub dropped: Vec<Note>,
    /// What the target requires, and nothing was found for.
    pub needs: Vec<Note>,
    /// The fields that the source never tells.
    pub unreadable: Vec<Field>,
    /// What the caller should know about copied fields.
    pub warnings: Vec<Note>,
}

impl<'a> AssistantCopy<'a> {
    /// The catalogs of the source that say what its ids stand for, besides the configured ones.
    pub fn source_lookups(&self) -> Vec<CatalogKind> {
        let known = self.source.catalogs;
        kinds(self.ids().filter(|(kind, id)| known.by_id(*kind, id.text()).is_none()).map(|(kind, _)| kind))
    }

    /// The catalogs of the target that have these names, besides the configured ones. The source's must be there.
    pub fn target_lookups(&self) -> Vec<CatalogKind> {
        let passage = self.passage();
        let unknown = self.ids().filter(|(kind, id)| passage.is_unknown_at_target(*kind, id.text()));
        let unknown: Vec<_> = unknown.map(|(kind, _)| kind).collect();
        kinds(unknown.into_iter().chain(self.names_sent()))
    }

    /// The fields of the new assistant. All catalogs must be there.
    pub fn fields(&self) -> CopiedFields {
        let mut draft = Draft::of(self);
        draft.vet();
        draft.vet_beside_changes();
        let Draft { carried, mut report, unresolved, .. } = draft;
        let copied = carried.iter().map(|carried| (carried.field.name(), carried.text()));
        let changes = self.changes.entries.iter().map(|entry| (&*entry.key, entry.value.text().to_owned()));
        let body = object(copied.chain(changes));
        report.needs = self.needs(&body, &unresolved);
        let is_needed = |field: Field| {
            let is = |name: &str| name == field.name() || field.twin().is_some_and(|twin| name == twin.name());
            report.needs.iter().any(|need| is(&need.field))
        };
        let lost: Vec<_> = unresolved.into_iter().filter(|(field, _)| !is_needed(*field)).collect();
        let note = |(field, detail): (Field, String)| note(field, UNRESOLVED, detail);
        report.dropped.extend(lost.into_iter().map(note));
        // A `null` of the source is nothing where the target requires the field.
        let is_lacking = |field: Field| report.needs.iter().any(|need| need.field == field.name());
        let whole = carried.iter().filter(|carried| !carried.is_part && !is_lacking(carried.field));
        report.copied.extend(whole.map(|carried| carried.field));
        report.copied.sort_unstable();
        report.unreadable = self.source.dialect.unreadable().collect();
        let is_url = |field: &&Field| matches!(field, Field::WebhookUrl | Field::ConversationEndedWebhookUrl);
        let is_set = |field: Field| carried.iter().any(|carried| carried.field == field && carried.text() != "null");
        let urls = report.copied.iter().filter(is_url).filter(|field| is_set(**field));
        report.warnings = urls.map(|field| note_of_url(*field)).collect();
        CopiedFields { body, report }
    }

    /// What the target requires of a new assistant and this one lacks.
    fn needs(&self, body: &[u8], unresolved: &[(Field, String)]) -> Vec<Note> {
        let Ok(update) = Update::read(body) else { return Vec::new() };
        let mut items = Items::default();
        let update = update.without_nulls(self.creation.nullable);
        check_required(&update, self.creation, self.target.dialect.title, &mut items);
        let need = |item: crate::item::Item| {
            let field = Field::from_name(item.field.as_deref()?)?;
            let cause = unresolved.iter().find(|(lost, _)| *lost == field || lost.twin() == Some(field));
            Some(match cause {
                Some((_, why)) => note(field, UNRESOLVED, format!("{}: {why}", item.detail)),
                None => note(field, item.code.as_str(), item.detail),
            })
        };
        items.list.into_iter().filter_map(need).collect()
    }

    /// The way of ids from one account to the other.
    fn passage(&self) -> Passage<'a> {
        Passage { source: self.source, target: *self.target }
    }

    /// Whether a field of the source is carried: the changes do not set it, nor its twin.
    fn is_carried(&self, field: Field) -> bool {
        let is_changed = |field: Field| self.changes.fields.contains(field);
        field != Field::VendorOptions && !is_changed(field) && !field.twin().is_some_and(is_changed)
    }

    /// Whether a creation at the target can have the field.
    fn is_supported(&self, field: Field) -> bool {
        let row = self.creation.row(field).unwrap_or_else(|| self.target.row(field));
        row.is_supported()
    }

    /// Whether the ids in a field are strings at the target.
    fn has_text_ids(&self, field: Field) -> bool {
        let row = self.creation.row(field).unwrap_or_else(|| self.target.row(field));
        row.shape.is_some_and(|shape| !shape.is_of_ids())
    }

    /// Whether a field is an object that names one assistant, at the source or at the target: a copy would take it away from that.
    fn is_of_one_assistant(&self, field: Field) -> bool {
        let is_assigned = |row: &Row| matches!(row.rule, Rule::Assigned(_));
        is_assigned(self.source.dialect.row(field)) || is_assigned(self.target.row(field))
    }

    /// Whether a field has names that only the source's vendor knows.
    fn is_of_other_vendor(&self, field: Field) -> bool {
        matches!(field, Field::TtsModel | Field::LlmFallbackModels)
            && self.is_supported(field)
            && !std::ptr::eq(self.source.dialect, self.target.dialect)
    }

    /// The fields of the source that are carried, with their values. What an update there would refuse is among them,
    /// because the target may take it.
    fn told(&self) -> impl Iterator<Item = (Field, &'a str)> {
        let read = self.source.read;
        let fields = read.fields.iter().map(|(field, value)| (*field, &**value));
        let unwritable = read.unwritable.iter().map(|told| (told.field, &*told.value));
        let copy = *self;
        fields.chain(unwritable.filter(|(_, value)| *value != "null")).filter(move |(field, _)| copy.is_carried(*field))
    }

    /// The ids that are carried by name, with the catalogs that they are in.
    fn ids(&self) -> impl Iterator<Item = (CatalogKind, Value<'a>)> {
        let copy = *self;
        let told = self.told().filter(move |(field, _)| {
            !copy.is_same_account && copy.is_supported(*field) && !copy.is_of_one_assistant(*field)
        });
        let read = told.filter_map(|(field, text)| Some((field, read_value(text.as_bytes(), Limits::VENDOR).ok()?)));
        read.flat_map(|(field, value)| binding::ids_of(field, value))
    }

    /// The catalogs with the names that the target takes in place of the ids that it has itself.
    fn names_sent(&self) -> impl Iterator<Item = CatalogKind> {
        let copy = *self;
        self.told().filter_map(move |(field, text)| match copy.target.row(field).rule {
            Rule::Lookup { catalog, send: SendAs::Name, .. } if copy.is_same_account => {
                copy.target.catalogs.by_id(catalog, text).is_none().then_some(catalog)
            }
            Rule::At(Place { form: PlaceForm::Found { catalog, .. }, .. }) if text != "null" => Some(catalog),
            // The vendor told a name where others tell an id.
            Rule::Lookup { catalog, .. } | Rule::At(Place { form: PlaceForm::Named(catalog), .. })
                if field.id_of_name().is_some() =>
            {
                Some(catalog)
            }
            _ => None,
        })
    }

    /// The target without its tolerance, which is for the caller's own fields.
    fn strict_target(&self) -> Target<'a> {
        Target { handling: Handling::Strict, id: "", ..*self.target }
    }
}

fn kinds(all: impl Iterator<Item = CatalogKind>) -> Vec<CatalogKind> {
    let mut kinds: Vec<_> = all.collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn note(field: Field, code: &'static str, detail: String) -> Note {
    Note::new(field.name(), code, detail)
}

fn note_of_url(field: Field) -> Note {
    note(field, SAME_URL, "both assistants call this URL; send another one in `changes` if they should not".to_owned())
}

/// What is lost because no field says it. The words are the vendor's.
fn note_of_beside(Beside { field, place, kind, members }: &Beside) -> Note {
    let quoted = |word: &str| format!("`{}`", excerpt(word, MAX_QUOTED_BYTES));
    let kind = if kind.is_empty() { String::new() } else { format!(" ({})", quoted(kind)) };
    let lost: Vec<_> = members.iter().take(MAX_MEMBERS).map(|member| quoted(member)).collect();
    let more = if members.len() > lost.len() { " and others" } else { "" };
    let detail = match lost.as_slice() {
        [] => format!("`{place}`{kind} is lost: no field has it"),
        lost => format!("`{place}`{kind} loses {}{more}, which no field has", lost.join(", ")),
    };
    note(*field, NO_FORM, detail)
}

/// An object with these members; the values are JSON texts.
fn object<'t>(members: impl Iterator<Item = (&'t str, String)>) -> Vec<u8> {
    let mut out = vec![b'{'];
    for (key, text) in members {
        if out.len() > 1 {
            out.push(b',');
        }
        push_string(&mut out, key);
        out.push(b':');
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'}');
    out
}
