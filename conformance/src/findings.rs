//! Findings: each difference from the documentation, with a kind that says what to do about it.

use serde::Serialize;
use vendors::{Dialect, Drift, DriftKind, Field, Operation};

use crate::SingleAccount;

/// The kinds of findings, most serious first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// An assistant that the check made is still there.
    LeftBehind,
    /// The assistant is not as it was before.
    Changed,
    /// A field has another name.
    Renamed,
    /// The vendor accepts less than it documents.
    NarrowedRange,
    /// Updates need a field that is not documented.
    NewRequiredField,
    /// The vendor rejects a value that it lists itself.
    Refused,
    /// The vendor accepts a value and lists another.
    NotStored,
    /// Listing, creating or deleting does not work as documented.
    Operation,
    /// The vendor no longer reads a field.
    Ignored,
    /// The vendor lists a value that is not documented.
    UndocumentedValue,
    /// An error does not name its field as documented.
    ErrorNaming,
    /// A catalog cannot be read.
    BrokenCatalog,
    /// An error that is none of the documented ones.
    UnknownErrorShape,
    /// A member that is not documented.
    NewField,
    /// A documented member that is missing.
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
    /// The two files to change if the vendor keeps it so: its documentation as data, then its table. None for what is no
    /// matter of documentation.
    pub files: Vec<String>,
}

impl FindingKind {
    /// The name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeftBehind => "left_behind",
            Self::Changed => "changed",
            Self::Renamed => "renamed",
            Self::NarrowedRange => "narrowed_range",
            Self::NewRequiredField => "new_required_field",
            Self::Refused => "refused",
            Self::NotStored => "not_stored",
            Self::Operation => "operation",
            Self::Ignored => "ignored",
            Self::UndocumentedValue => "undocumented_value",
            Self::ErrorNaming => "error_naming",
            Self::BrokenCatalog => "broken_catalog",
            Self::UnknownErrorShape => "unknown_error_shape",
            Self::NewField => "new_field",
            Self::MissingField => "missing_field",
            Self::RetypedField => "retyped_field",
            Self::NotJson => "not_json",
        }
    }
}

impl FindingKind {
    /// The files of the repository that state what differs.
    fn files(self, dialect: &Dialect) -> Vec<String> {
        let is_nested = dialect.plan.is_some();
        let page = match self {
            Self::LeftBehind => return Vec::new(),
            Self::Changed => return Vec::new(),
            Self::Operation if is_nested => "api.json",
            Self::BrokenCatalog => "catalogs.json",
            Self::UnknownErrorShape | Self::NotJson | Self::ErrorNaming if is_nested => "answers.json",
            _ if is_nested => "objects.json",
            Self::Renamed
            | Self::NarrowedRange
            | Self::NewRequiredField
            | Self::Refused
            | Self::NotStored
            | Self::Ignored => "request.schema.json",
            Self::Operation => "operations.json",
            Self::UndocumentedValue => "catalogs.json",
            Self::UnknownErrorShape | Self::NotJson | Self::ErrorNaming => "answers/",
            Self::NewField | Self::MissingField | Self::RetypedField => "assistants.json",
        };
        let name = dialect.name;
        vec![format!("vendors/contracts/{name}/{page}"), format!("vendors/src/{name}/mod.rs")]
    }
}

/// Collects findings and redacts the token in the vendor's words.
pub(crate) struct Findings<'a> {
    account: &'a SingleAccount,
    list: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(crate) const fn new(account: &'a SingleAccount) -> Self {
        Self { account, list: Vec::new() }
    }

    /// Adds a finding about a field or a vendor's name, unless there is one of the same kind about it already.
    pub(crate) fn add(&mut self, kind: FindingKind, field: Option<Field>, vendor_field: Option<&str>, detail: &str) {
        let finding = Finding {
            kind,
            field: field.map(Field::name),
            vendor_field: vendor_field.map(|name| self.account.redact(name)),
            detail: self.account.redact(detail),
            files: kind.files(self.account.dialect()),
        };
        let same = |known: &Finding| {
            (known.kind, known.field, &known.vendor_field) == (kind, finding.field, &finding.vendor_field)
        };
        if !self.list.iter().any(same) {
            self.list.push(finding);
        }
    }

    /// Adds a finding for drift in a response, unless a broken catalog explains it.
    pub(crate) fn add_drift(&mut self, asked: Operation, drift: &Drift) {
        let kind = match drift.kind {
            DriftKind::UnknownField => FindingKind::NewField,
            DriftKind::MissingField => FindingKind::MissingField,
            DriftKind::RetypedField => FindingKind::RetypedField,
            DriftKind::UnknownErrorShape => FindingKind::UnknownErrorShape,
            DriftKind::NotJson | DriftKind::ByteOrderMark => FindingKind::NotJson,
            DriftKind::SkippedRow | DriftKind::OtherId => FindingKind::RetypedField,
        };
        let broken = |known: &Finding| {
            known.kind == FindingKind::BrokenCatalog && known.vendor_field.as_deref() == Some(asked.as_str())
        };
        if self.list.iter().any(broken) {
            return;
        }
        let name = drift.location.rsplit(['.', ']']).next().filter(|name| !name.is_empty());
        let name = if kind == FindingKind::UnknownErrorShape { None } else { name };
        let of_assistant = matches!(asked, Operation::Update | Operation::List);
        let field = name.filter(|_| of_assistant).and_then(Field::from_name);
        let place = if drift.location.is_empty() { "the whole answer" } else { &drift.location };
        let detail = match drift.detail.as_str() {
            "" => format!("in the answer to `{}`: {place}", asked.as_str()),
            detail => format!("in the answer to `{}`: {place}: {detail}", asked.as_str()),
        };
        self.add(kind, field, name, &detail);
    }

    /// The findings, most serious first. A missing field and a new one with a similar name become one renamed field,
    /// and a field that updates need is not reported as new as well.
    pub(crate) fn settled(mut self) -> Vec<Finding> {
        let needed = |finding: &&Finding| finding.kind == FindingKind::NewRequiredField;
        let needed: Vec<_> = self.list.iter().filter(needed).map(|finding| finding.vendor_field.clone()).collect();
        self.list.retain(|finding| finding.kind != FindingKind::NewField || !needed.contains(&finding.vendor_field));
        while let Some((old, new)) = self.renaming() {
            let detail = format!("`{old}` is gone and `{new}` is new: the field seems to have another name");
            let field = self.find(&old).and_then(|finding| finding.field).and_then(Field::from_name);
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

    /// A finding about the vendor's name.
    pub(crate) fn find(&self, name: &str) -> Option<&Finding> {
        self.list.iter().find(|finding| finding.vendor_field.as_deref() == Some(name))
    }

    /// The most similar pair of a name that is gone and a name that is new.
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

/// The kinds that a renamed field replaces.
const NAMES_GONE_OR_NEW: [FindingKind; 4] =
    [FindingKind::MissingField, FindingKind::Ignored, FindingKind::NewField, FindingKind::NewRequiredField];

/// Whether two names share a word of four letters or more, or differ in half of their letters at most.
pub(crate) fn are_alike(old: &str, new: &str) -> bool {
    let words = |name: &'_ str| name.split('_').filter(|word| word.len() >= 4).map(str::to_owned).collect::<Vec<_>>();
    let shared = words(old).iter().any(|word| words(new).contains(word));
    shared || strsim::osa_distance(old, new) * 2 <= old.len().max(new.len())
}
