//! What is found, under names that say what to do about it.

use serde::Serialize;
use vendors::{Asked, Drift, DriftKind, Field};

use crate::upstream::{Account, blacken};

/// The kinds of drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The assistant is not as it was before.
    Changed,
    /// A field has another name.
    Renamed,
    /// The vendor takes less than its page says.
    NarrowedRange,
    /// Updates need a field that no page tells of.
    NewRequiredField,
    /// The vendor refuses a value that it lists itself.
    Refused,
    /// The vendor does not read a field any more.
    Ignored,
    /// The vendor lists a value that its page does not have.
    UndocumentedValue,
    /// A catalog cannot be read.
    BrokenCatalog,
    /// An error that is none of the documented ones.
    UnknownErrorShape,
    /// A member that is not documented.
    NewField,
    /// A documented member that is not there.
    MissingField,
    /// A documented member of another type.
    RetypedField,
    /// A success that is not JSON.
    NotJson,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind.
    pub kind: FindingKind,
    /// The canonical field, if it is about one.
    pub field: Option<&'static str>,
    /// The vendor's name, or the name of a catalog.
    pub vendor_field: Option<String>,
    /// One sentence.
    pub detail: String,
}

impl FindingKind {
    /// The name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Renamed => "renamed",
            Self::NarrowedRange => "narrowed_range",
            Self::NewRequiredField => "new_required_field",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
            Self::UndocumentedValue => "undocumented_value",
            Self::BrokenCatalog => "broken_catalog",
            Self::UnknownErrorShape => "unknown_error_shape",
            Self::NewField => "new_field",
            Self::MissingField => "missing_field",
            Self::RetypedField => "retyped_field",
            Self::NotJson => "not_json",
        }
    }
}

/// Findings as they come in; the vendor's words are scrubbed here.
pub(super) struct Findings<'a> {
    account: &'a Account,
    list: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(super) const fn new(account: &'a Account) -> Self {
        Self { account, list: Vec::new() }
    }

    /// Adds a finding about a field or a vendor's name, unless the same kind stands against it already.
    pub(super) fn add(&mut self, kind: FindingKind, field: Option<Field>, vendor_field: Option<&str>, detail: &str) {
        let finding = Finding {
            kind,
            field: field.map(Field::name),
            vendor_field: vendor_field.map(|name| self.scrub(name)),
            detail: self.scrub(detail),
        };
        let same = |known: &Finding| {
            (known.kind, known.field, &known.vendor_field) == (kind, finding.field, &finding.vendor_field)
        };
        if !self.list.iter().any(same) {
            self.list.push(finding);
        }
    }

    fn scrub(&self, text: &str) -> String {
        blacken(text, std::iter::once(self.account.token.disguises())).into_owned()
    }

    /// Takes over what the answers themselves showed.
    pub(super) fn of_drift(&mut self, asked: Asked, drift: &Drift) {
        let kind = match drift.kind {
            DriftKind::UnknownField => FindingKind::NewField,
            DriftKind::MissingField => FindingKind::MissingField,
            DriftKind::RetypedField => FindingKind::RetypedField,
            DriftKind::UnknownErrorShape => FindingKind::UnknownErrorShape,
            DriftKind::NotJson => FindingKind::NotJson,
        };
        let broken = |known: &Finding| {
            known.kind == FindingKind::BrokenCatalog && known.vendor_field.as_deref() == Some(asked.as_str())
        };
        if self.list.iter().any(broken) {
            return;
        }
        let name = drift.place.rsplit(['.', ']']).next().filter(|name| !name.is_empty());
        let name = if kind == FindingKind::UnknownErrorShape { None } else { name };
        let of_assistant = matches!(asked, Asked::Update | Asked::Assistants);
        let field = name.filter(|_| of_assistant).and_then(Field::from_name);
        let place = if drift.place.is_empty() { "the whole answer" } else { &drift.place };
        let detail = match drift.detail.as_str() {
            "" => format!("in the answer to `{}`: {place}", asked.as_str()),
            detail => format!("in the answer to `{}`: {place}: {detail}", asked.as_str()),
        };
        self.add(kind, field, name, &detail);
    }

    /// The findings in the order of their weight; what is missing under one name and new under another is renamed,
    /// and what updates need is not told a second time for being listed.
    pub(super) fn settled(mut self) -> Vec<Finding> {
        let needed = |finding: &&Finding| finding.kind == FindingKind::NewRequiredField;
        let needed: Vec<_> = self.list.iter().filter(needed).map(|finding| finding.vendor_field.clone()).collect();
        self.list.retain(|finding| finding.kind != FindingKind::NewField || !needed.contains(&finding.vendor_field));
        while let Some((old, new)) = self.renaming() {
            let detail = format!("`{old}` is gone and `{new}` is new: the field seems to have another name");
            let field = self.about(&old).and_then(|finding| finding.field).and_then(Field::from_name);
            let names = [old.as_str(), new.as_str()];
            let is_part = |finding: &Finding| {
                NAMES_GONE_OR_NEW.contains(&finding.kind)
                    && finding.vendor_field.as_deref().is_some_and(|name| names.contains(&name))
            };
            self.list.retain(|finding| !is_part(finding));
            self.add(FindingKind::Renamed, field, Some(&old), &detail);
        }
        self.list.sort_by(|a, b| (a.kind, a.field, &a.vendor_field).cmp(&(b.kind, b.field, &b.vendor_field)));
        self.list
    }

    fn about(&self, name: &str) -> Option<&Finding> {
        self.list.iter().find(|finding| finding.vendor_field.as_deref() == Some(name))
    }

    /// A name that is gone and one that is new and alike, or the only ones of their kind.
    fn renaming(&self) -> Option<(String, String)> {
        let named = |kinds: &[FindingKind]| -> Vec<&str> {
            let of = self.list.iter().filter(|finding| kinds.contains(&finding.kind));
            let mut names: Vec<_> = of.filter_map(|finding| finding.vendor_field.as_deref()).collect();
            names.dedup();
            names
        };
        let gone = named(&[FindingKind::MissingField, FindingKind::Ignored]);
        let new = named(&[FindingKind::NewField, FindingKind::NewRequiredField]);
        let pairs = gone.iter().flat_map(|old| new.iter().map(move |new| (*old, *new)));
        let (old, new) =
            pairs.filter(|(old, new)| are_alike(old, new)).min_by_key(|(old, new)| strsim::osa_distance(old, new))?;
        Some((old.to_owned(), new.to_owned()))
    }
}

/// What a renaming explains.
const NAMES_GONE_OR_NEW: [FindingKind; 4] =
    [FindingKind::MissingField, FindingKind::Ignored, FindingKind::NewField, FindingKind::NewRequiredField];

/// Whether two names share a word of four letters or more, or differ in half of their letters at most.
fn are_alike(old: &str, new: &str) -> bool {
    let words = |name: &'_ str| name.split('_').filter(|word| word.len() >= 4).map(str::to_owned).collect::<Vec<_>>();
    let shared = words(old).iter().any(|word| words(new).contains(word));
    shared || strsim::osa_distance(old, new) * 2 <= old.len().max(new.len())
}
