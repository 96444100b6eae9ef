//! The coverage matrix: how each account's vendor, or each dialect, supports each canonical field.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use vendors::document::{Named, coverage_json, coverage_rows, differs};
use vendors::{Field, registry};

use crate::admin::Operator;
use crate::api::{Destination, query_names};
use crate::problem::{Code, Problem};
use crate::value::Glob;

use super::destination;

/// The matrix.
#[derive(Debug, Serialize)]
pub(crate) struct Coverage {
    /// Its columns.
    pub(crate) vendors: Vec<CoverageVendor>,
    /// Its rows.
    pub(crate) fields: Vec<CoverageField>,
    /// How many fields there are without a filter.
    pub(crate) of: usize,
}

/// A column.
#[derive(Debug, Serialize)]
pub(crate) struct CoverageVendor {
    /// The account or the dialect.
    pub(crate) name: String,
    /// The dialect.
    pub(crate) dialect: &'static str,
    /// The vendor's name in sentences.
    pub(crate) title: &'static str,
    /// The vendor's page that the table is written from.
    pub(crate) documentation: &'static str,
}

/// A row.
#[derive(Debug, Serialize)]
pub(crate) struct CoverageField {
    pub(crate) field: &'static str,
    /// The type and the limits in a few words.
    pub(crate) r#type: String,
    pub(crate) nullable: bool,
    pub(crate) description: &'static str,
    /// Whether the vendors differ.
    pub(crate) differs: bool,
    /// The cells by column, each in a few words.
    pub(crate) cells: BTreeMap<String, String>,
    /// The same in detail: support, names, range, values, catalog, fidelity.
    pub(crate) vendors: BTreeMap<String, Value>,
}

/// How the matrix is written, if not as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextFormat {
    Csv,
    Markdown,
}

impl TextFormat {
    /// The format that a query asks for.
    ///
    /// # Errors
    /// There is none of that name.
    pub(crate) fn of_query(query: Option<&str>) -> Result<Option<Self>, Problem> {
        match values(query, "format").next().as_deref() {
            None | Some("json") => Ok(None),
            Some("csv") => Ok(Some(Self::Csv)),
            Some("markdown") => Ok(Some(Self::Markdown)),
            Some(_) => {
                let detail = "the query parameter `format` must be `json`, `csv` or `markdown`";
                Err(Problem::new(Code::InvalidRequest, detail))
            }
        }
    }

    /// The media type.
    pub(crate) const fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Markdown => "text/markdown; charset=utf-8",
        }
    }
}

/// The matrix of a query.
///
/// # Errors
/// The query is invalid.
pub(crate) fn coverage(operator: &Operator, query: Option<&str>) -> Result<Coverage, Problem> {
    query_names(query, &["vendors", "differs", "q", "field", "format"])?;
    let (columns, fields) = (columns(operator, query)?, fields_of(query)?);
    let named: Vec<Named<'_>> = columns.iter().map(|column| (column.name(), column.dialect())).collect();
    let only_differing = match values(query, "differs").next().as_deref() {
        None | Some("0" | "false") => false,
        Some("1" | "true" | "on") => true,
        Some(_) => return Err(Problem::new(Code::InvalidRequest, "the query parameter `differs` must be `1` or `0`")),
    };
    let wanted = values(query, "q").next().unwrap_or_default();
    let fields: Vec<_> = fields
        .into_iter()
        .filter(|field| (!only_differing || differs(&named, *field)) && is_wanted(&named, *field, &wanted))
        .collect();
    Ok(Coverage {
        vendors: columns
            .iter()
            .map(|column| CoverageVendor {
                name: column.name().to_owned(),
                dialect: column.dialect().name,
                title: column.dialect().title,
                documentation: column.dialect().documentation,
            })
            .collect(),
        fields: rows(&named, &fields),
        of: Field::ALL.len(),
    })
}

fn rows(named: &[Named<'_>], fields: &[Field]) -> Vec<CoverageField> {
    let (_, texts) = coverage_rows(named, fields);
    let details = coverage_json(named, fields);
    let details = details["fields"].as_array().cloned().unwrap_or_default();
    let rows = fields.iter().zip(texts).zip(details).map(|((&field, text), details)| {
        let cells = named.iter().zip(text.iter().skip(2)).map(|((name, _), cell)| ((*name).to_owned(), cell.clone()));
        let vendors = details["vendors"].as_object().cloned().unwrap_or_default();
        CoverageField {
            field: field.name(),
            r#type: text.get(1).cloned().unwrap_or_default(),
            nullable: field.spec().nullable,
            description: field.spec().doc,
            differs: differs(named, field),
            cells: cells.collect(),
            vendors: vendors.into_iter().collect(),
        }
    });
    rows.collect()
}

/// The columns: those that are asked for, else all accounts, else all dialects.
fn columns(operator: &Operator, query: Option<&str>) -> Result<Vec<Destination>, Problem> {
    let mut names: Vec<String> = Vec::new();
    for list in values(query, "vendors") {
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    if !names.is_empty() {
        return names.iter().map(|name| destination(operator, name)).collect();
    }
    let mut all: Vec<_> = operator.context.accounts().map(Destination::Account).collect();
    if all.is_empty() {
        all = registry::DIALECTS.into_iter().map(Destination::Dialect).collect();
    }
    Ok(all)
}

/// The fields that `field` names; all without it.
fn fields_of(query: Option<&str>) -> Result<Vec<Field>, Problem> {
    let named: Vec<_> = values(query, "field").collect();
    if named.is_empty() {
        return Ok(Field::ALL.to_vec());
    }
    let field = |name: &String| {
        Field::from_name(name).ok_or_else(|| {
            let meant = Field::nearest(name).map(|field| format!("; did you mean `{}`?", field.name()));
            let name = vendors::json::excerpt(name, 64);
            let detail = format!("`{name}` is no canonical field{}", meant.unwrap_or_default());
            Problem::new(Code::InvalidRequest, detail)
        })
    };
    named.iter().map(field).collect()
}

/// Whether a field's name, or one of its names at the vendors, has these letters, or matches this pattern.
fn is_wanted(named: &[Named<'_>], field: Field, wanted: &str) -> bool {
    let wire = || named.iter().flat_map(|(_, dialect)| dialect.describe(field).wire);
    if wanted.contains(['*', '?']) {
        let glob = Glob::new(wanted);
        return glob.matches(field.name()) || wire().any(|name| glob.matches(&name));
    }
    let wanted = wanted.to_lowercase();
    field.name().contains(&wanted) || wire().any(|name| name.to_lowercase().contains(&wanted))
}

/// The values of a parameter that are not empty.
fn values<'q>(query: Option<&'q str>, name: &'q str) -> impl Iterator<Item = String> + 'q {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
}

impl Coverage {
    /// The matrix as text.
    pub(crate) fn text(&self, format: TextFormat) -> String {
        let head = ["field".to_owned(), "type".to_owned()];
        let head: Vec<_> = head.into_iter().chain(self.vendors.iter().map(|vendor| vendor.name.clone())).collect();
        let row = |field: &CoverageField| -> Vec<String> {
            let cells = self.vendors.iter().map(|vendor| field.cells.get(&vendor.name).cloned().unwrap_or_default());
            [field.field.to_owned(), field.r#type.clone()].into_iter().chain(cells).collect()
        };
        let rows: Vec<_> = self.fields.iter().map(row).collect();
        match format {
            TextFormat::Csv => std::iter::once(&head).chain(&rows).map(|cells| csv_line(cells)).collect(),
            TextFormat::Markdown => {
                let line = |cells: &Vec<String>| {
                    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
                    format!("| {} |\n", cells.join(" | "))
                };
                let rule = format!("|{}\n", " --- |".repeat(head.len()));
                format!("{}{rule}{}", line(&head), rows.iter().map(line).collect::<String>())
            }
        }
    }
}

/// A line of CSV (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe in front.
fn csv_line(cells: &[String]) -> String {
    let cell = |cell: &String| {
        let cell = if cell.starts_with(['=', '+', '-', '@', '\t']) { format!("'{cell}") } else { cell.clone() };
        if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use crate::admin::documents::translation::coverage::*;

    #[test]
    fn csv_quotes_what_needs_it_and_has_no_formulas() {
        let cells = ["a", "b, c", "say \"x\"", "=1+1", "≈ speed"].map(str::to_owned);
        assert_eq!(csv_line(&cells), "a,\"b, c\",\"say \"\"x\"\"\",'=1+1,≈ speed\r\n");
    }

    #[test]
    fn a_format_is_one_of_three() {
        let read = |query| TextFormat::of_query(Some(query)).map_err(|problem| problem.detail);
        assert_eq!(read("format="), Ok(None));
        assert_eq!(read("format=csv"), Ok(Some(TextFormat::Csv)));
        let expected = "the query parameter `format` must be `json`, `csv` or `markdown`";
        assert_eq!(read("format=xml").unwrap_err(), expected);
    }
}
