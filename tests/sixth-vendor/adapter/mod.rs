//! Kalla AI: the legacy dialect's second revision, which has custom tools.
//!
//! Source: <https://github.com/louisimond/documentation>, the public source of the vendor's documentation.

use crate::canonical::Field;
use crate::dialect::{Dialect, UndocumentedFields, Row, rows};
use crate::sondos;

/// Kalla AI.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "kalla",
    title: "Kalla AI",
    base_url: "https://app.kallaai.com/api",
    documentation: "https://github.com/louisimond/documentation/blob/main/api-reference/assistants/update-assistant.mdx",
    rows: rows!(row),
    catalogs: sondos::CATALOGS,
    responses: sondos::RESPONSES,
    undocumented: UndocumentedFields::empty(),
};

/// The differences from the first revision.
const fn row(field: Field) -> Row {
    match field {
        Field::ToolIds => Row::SAME,
        _ => sondos::row(field),
    }
}
