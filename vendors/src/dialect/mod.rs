//! The rule language and its one interpreter.
//!
//! A [`Dialect`] is a table with one [`Row`] for each canonical field. [`translate_request`] reads it forwards,
//! [`normalize_response`] and [`normalize_error`] read the same rows backwards, and [`describe`](Dialect::describe)
//! turns them into pages and discovery documents.

mod answer;
mod answer_body;
mod answers;
mod body;
mod describe;
mod drift;
mod failure;
mod lookup;
mod request;
mod row;
mod sent;
mod subset;
mod vendor_options;

pub use answer::{BadAnswer, Data, Response, normalize_response};
pub use answer_body::AnswerBody;
pub use answers::{Answers, Asked, ErrorShape, Holds, Part};
pub use body::{Body, Cell};
pub use describe::{Described, Support};
pub use drift::{Drift, DriftKind, drift};
pub use failure::{VendorFailure, VendorVerdict, normalize_error};
pub use lookup::missing_lookups;
pub use request::{FieldPolicy, Handling, Policies, Refused, Request, Target, translate_request};
pub use row::{Form, Hook, Lack, Limit, Literal, Row, Rule};
pub use sent::Sent;

use crate::canonical::Field;
use crate::catalog::CatalogKind;

/// One vendor's dialect: the table and the few facts about its endpoints.
#[derive(Debug)]
pub struct Dialect {
    /// The name in configuration and on the command line.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// The documented base URL, without a trailing slash.
    pub base_url: &'static str,
    /// The public page that the table is written from.
    pub page: &'static str,
    /// One row for each field, in the order of [`Field::ALL`].
    pub rows: [Row; Field::COUNT],
    /// Where each catalog is read, relative to the base URL, in the order of [`CatalogKind::ALL`].
    pub catalogs: [Option<&'static str>; 4],
    /// What its answers hold.
    pub answers: Answers,
}

impl Dialect {
    /// The row of a field.
    pub const fn row(&self, field: Field) -> &Row {
        &self.rows[field as usize]
    }

    /// Where a catalog is read, relative to the base URL; `None` where the vendor documents none.
    pub fn catalog_path(&self, kind: CatalogKind) -> Option<&'static str> {
        self.catalogs.get(kind as usize).copied().flatten()
    }

    /// One page of the account's assistants, `page` from 1 on and with at most `per_page` of them (1 to 100), relative
    /// to the base URL: `GET /user/assistants/get` in every dialect.
    pub fn assistants_path(&self, page: usize, per_page: usize) -> String {
        format!("/user/assistants/get?per_page={per_page}&page={page}")
    }

    /// The update endpoint of an assistant, relative to the base URL: `PUT /user/assistant/{id}` in every dialect.
    pub fn update_path(&self, id: &str) -> String {
        ["/user/assistant/", id].concat()
    }

    /// Whether `id` can be an assistant's id here: at most 20 digits, the first not a zero, so that one assistant has
    /// one id and one line in which its updates wait.
    pub fn is_id(&self, id: &str) -> bool {
        (1..=20).contains(&id.len()) && !id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The fields that write `key`, the vendor's name; twins share one.
    pub fn fields_of_wire(&self, key: &str) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |&field| self.row(field).wire_names(field).any(|name| name == key))
    }
}

/// Builds a dialect's rows from its `const fn row(Field) -> Row`.
macro_rules! rows {
    ($row:path) => {{
        let mut rows = [$crate::dialect::Row::SAME; $crate::canonical::Field::COUNT];
        let mut index = 0;
        while index < rows.len() {
            rows[index] = $row($crate::canonical::Field::ALL[index]);
            index += 1;
        }
        rows
    }};
}
pub(crate) use rows;
