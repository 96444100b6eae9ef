//! The rule language and its interpreter.
//!
//! A [`Dialect`] is a table with one [`Row`] for each canonical field. [`translate_request`] encodes an update with it;
//! [`normalize_response`] and [`normalize_error`] decode the vendor's response with the same rows;
//! [`describe`](Dialect::describe) turns them into documentation.

mod decode;
mod encode;
mod read;
mod table;

pub use decode::{
    AssistantSummary, Drift, DriftKind, InvalidResponse, ResponseBody, SentFields, UpdateResponse, VendorError,
    VendorErrorKind, drift, normalize_error, normalize_response,
};
pub(crate) use encode::check_required;
pub use encode::{
    AccountNames, Body, CatalogHint, FieldPolicy, FieldWriter, Handling, Policies, Refused, Request, Target,
    missing_lookups, translate_creation, translate_request,
};
pub use read::{
    Beside, Difference, InvalidPage, ListPage, ListedAssistant, ReadAssistant, Stored, Unwritable, WrittenBody,
    compare, list_of_documents, lookups_to_compare, read_assistant, read_listed, read_written,
};
pub(crate) use read::{cursor, holds, is_on, member};
pub use table::{
    Assignment, Auth, Call, Capture, CatalogSpec, CreateObject, Creation, Draft, ErrorSpec, Factor, Fidelity,
    FieldDescription, Form, GoesLive, Hook, IdRule, Limit, Listed, Listing, Literal, Meaning, Member, Merging, Naming,
    NestedHook, NullForm, Object, Only, Operation, Operations, Paging, Parameters, Path, Place, PlaceForm, Plan,
    Publish, Reading, Remark, Requirement, ResponseSpec, Row, Rule, Said, Schema, SendAs, Splice, Splicing, Support,
    Unsupported,
};
pub(crate) use table::{behind, is_own, leads_through};

use std::sync::OnceLock;

use crate::canonical::Field;
use crate::catalog::CatalogKind;
use crate::item::{ItemCode, Note};

/// One vendor's dialect: its table and its endpoints.
#[derive(Debug)]
pub struct Dialect {
    /// The name in the configuration and on the command line.
    pub name: &'static str,
    /// The vendor's name in messages and documentation.
    pub title: &'static str,
    /// The documented base URL, without a trailing slash.
    pub base_url: &'static str,
    /// The URL of the documentation that the table is written from.
    pub documentation: &'static str,
    /// Whether no live account has confirmed the adapter yet: it is written from documentation alone.
    pub experimental: bool,
    /// What ids of assistants look like.
    pub ids: IdRule,
    /// How requests are authenticated.
    pub auth: Auth,
    /// The operations, with their methods and paths.
    pub operations: Operations,
    /// What the members of a listed assistant mean, besides the fields.
    pub listed: Listed,
    /// How a nested dialect reads and changes assistants; `None` in a flat one, where one request with the translated fields is
    /// enough.
    pub plan: Option<&'static Plan>,
    /// Where a nested dialect's documents have to be read before they are written.
    pub splices: &'static [Splice],
    /// One row for each field, in the order of [`Field::ALL`].
    pub rows: [Row; Field::COUNT],
    /// The catalogs that the vendor documents, in the order of [`CatalogKind::ALL`].
    pub catalogs: [Option<CatalogSpec>; CatalogKind::COUNT],
    /// What the vendor's responses contain.
    pub responses: ResponseSpec,
    /// What the documentation does not say about the operations.
    pub silences: &'static [&'static str],
    /// Notes about fields that the vendor does not document; each is made once.
    pub undocumented: UndocumentedFields,
}

/// The sentence for each field that a vendor does not document, and the note about it as JSON, made when the first is
/// needed: lenient updates drop many fields, and each of them needs its note.
#[derive(Debug)]
pub struct UndocumentedFields(OnceLock<Vec<Option<[String; 2]>>>);

impl UndocumentedFields {
    /// No sentence has been needed yet.
    pub const fn empty() -> Self {
        Self(OnceLock::new())
    }
}

impl Dialect {
    /// The row of a field.
    pub const fn row(&self, field: Field) -> &Row {
        &self.rows[field as usize]
    }

    /// The row of a field that a creation writes and an update does not, or otherwise.
    pub fn creation_row(&self, field: Field) -> Option<&'static Row> {
        self.operations.create.as_ref()?.row(field)
    }

    /// A catalog; `None` if the vendor documents no such catalog.
    pub fn catalog(&self, kind: CatalogKind) -> Option<&CatalogSpec> {
        self.catalogs.get(kind as usize)?.as_ref()
    }

    /// The kinds of catalogs that the vendor documents.
    pub fn catalog_kinds(&self) -> impl Iterator<Item = CatalogKind> {
        CatalogKind::ALL.into_iter().filter(|kind| self.catalog(*kind).is_some())
    }

    /// The kinds of catalogs that callers may see.
    pub fn shown_catalogs(&self) -> impl Iterator<Item = CatalogKind> {
        self.catalog_kinds().filter(|kind| kind.is_shown())
    }

    /// The kinds of catalogs that fields are looked up in, which updates need.
    pub fn catalogs_of_fields(&self) -> impl Iterator<Item = CatalogKind> {
        self.catalog_kinds().filter(|kind| Field::ALL.iter().any(|field| self.catalog_of(*field) == Some(*kind)))
    }

    /// The schema of a success.
    fn success(&self, operation: Operation) -> Schema {
        match operation {
            Operation::Update => self.responses.updated,
            Operation::Create => self.responses.created,
            Operation::Delete => self.responses.deleted,
            Operation::List => self.responses.assistants,
            Operation::Catalog(kind) => self.catalog(kind).map_or(Schema::Anything, |spec| spec.schema),
        }
    }

    /// The catalog that a field is looked up in, if any.
    pub fn catalog_of(&self, field: Field) -> Option<CatalogKind> {
        let row = self.row(field);
        row.catalog().map(|(catalog, _)| catalog).or(row.looks_in)
    }

    /// The fields that are written to other objects, which name the assistant.
    pub fn assignments(&self) -> impl Iterator<Item = (Field, &'static Assignment)> {
        Field::ALL.into_iter().filter_map(|field| match self.row(field).rule {
            Rule::Assigned(assignment) => Some((field, assignment)),
            _ => None,
        })
    }

    /// The splice at a path of the document.
    pub(crate) fn splice(&self, path: &[&str]) -> Option<Splicing> {
        splice_at(self.splices, path)
    }

    /// Whether `id` can be an assistant's id.
    pub fn is_id(&self, id: &str) -> bool {
        self.ids.admits(id)
    }

    /// The fields that are sent under the vendor's key `key`; a field and its twin share one.
    pub fn fields_of_wire(&self, key: &str) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |&field| self.row(field).wire_names(field).any(|name| name == key))
    }

    /// The sentence for something that the vendor does not document.
    fn undocumented(&self, what: &str) -> String {
        [self.title, " does not document ", what, "."].concat()
    }

    /// The note about a field that the vendor does not document; `None` if it does.
    fn undocumented_field(&'static self, field: Field) -> Option<Note> {
        let code = ItemCode::UnsupportedField.as_str();
        let all = self.undocumented.0.get_or_init(|| {
            let note = |field: Field| {
                let Rule::Unsupported(what) = self.row(field).rule else { return None };
                let (sentence, mut json) = (self.undocumented(what), Vec::new());
                Note::new(field.name(), code, sentence.clone()).push_json(&mut json);
                Some([sentence, String::from_utf8(json).ok()?])
            };
            Field::ALL.into_iter().map(note).collect()
        });
        let [sentence, json] = all.get(field as usize)?.as_ref()?;
        Some(Note::prepared(field.name(), code, sentence, json))
    }
}

/// The splice at a path.
pub(crate) fn splice_at(splices: &[Splice], path: &[&str]) -> Option<Splicing> {
    splices.iter().find(|splice| splice.path == path).map(|splice| splice.how)
}

/// Builds a dialect's rows from its `const fn row(Field) -> Row` and its `const fn reading(Field) -> Reading`.
macro_rules! rows {
    ($row:path, $reading:path) => {{
        let mut rows = [$crate::dialect::Row::SAME; $crate::canonical::Field::COUNT];
        let mut index = 0;
        while index < rows.len() {
            let field = $crate::canonical::Field::ALL[index];
            rows[index] = $row(field).reading($reading(field));
            index += 1;
        }
        rows
    }};
}
pub(crate) use rows;

/// Builds a dialect's catalogs from its `const fn catalog(CatalogKind) -> Option<CatalogSpec>`.
macro_rules! catalogs {
    ($catalog:path) => {{
        let mut catalogs = [None; $crate::catalog::CatalogKind::COUNT];
        let mut index = 0;
        while index < catalogs.len() {
            catalogs[index] = $catalog($crate::catalog::CatalogKind::ALL[index]);
            index += 1;
        }
        catalogs
    }};
}
pub(crate) use catalogs;
