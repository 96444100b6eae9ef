//! Kalla AI: the legacy dialect's second revision, which has custom tools.
//!
//! Source: <https://github.com/louisimond/documentation>, the public source of the vendor's documentation.

use crate::canonical::Field;
use crate::dialect::{Auth, Dialect, Row, UndocumentedFields, rows};
use crate::{autocalls, sondos};

/// Kalla AI.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "kalla",
    title: "Kalla AI",
    base_url: "https://app.kallaai.com/api",
    documentation: "https://github.com/louisimond/documentation/blob/main/api-reference/assistants/update-assistant.mdx",
    experimental: true,
    ids: autocalls::IDS,
    auth: Auth::Bearer,
    operations: sondos::OPERATIONS,
    listed: autocalls::LISTED,
    plan: None,
    splices: &[],
    rows: rows!(row, autocalls::reading),
    catalogs: sondos::CATALOGS,
    responses: autocalls::RESPONSES,
    silences: autocalls::SILENCES,
    undocumented: UndocumentedFields::empty(),
};

/// The differences from the first revision.
const fn row(field: Field) -> Row {
    match field {
        Field::ToolIds => Row::SAME,
        _ => sondos::row(field),
    }
}
