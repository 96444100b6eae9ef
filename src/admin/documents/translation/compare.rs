//! What an assistant, or one update, loses by moving from one vendor to another.

use serde::Serialize;
use vendors::document::{Named, Severity, compare as compare_dialects, compare_update};
use vendors::{CatalogKind, Field, Update};

use crate::admin::Operator;
use crate::api::{Destination, query_names};
use crate::problem::{Code, Problem};

use super::places::place;
use super::{check_length, curl, destination};

/// The difference that a move makes.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// Where it is.
    pub(crate) from: Side,
    /// Where it would go.
    pub(crate) to: Side,
    /// Whether one update was compared, and not all fields.
    pub(crate) of_update: bool,
    /// What is lost, the worst first.
    pub(crate) losses: Vec<Lost>,
    /// What only the second vendor takes: fields, or pointers into the update.
    pub(crate) gains: Vec<String>,
    /// The fields whose ids and names have to be looked up again, as they are each account's own.
    pub(crate) look_up_again: Vec<LookUp>,
    /// All that as a list of things to do, in Markdown.
    pub(crate) checklist: String,
    /// A command for the dry run of a copy; `None` unless both are accounts whose vendors can be read and created at.
    pub(crate) copy: Option<String>,
}

/// One of the two vendors.
#[derive(Debug, Serialize)]
pub(crate) struct Side {
    /// The account or the dialect.
    pub(crate) name: String,
    /// The dialect.
    pub(crate) dialect: &'static str,
    /// The vendor's name in sentences.
    pub(crate) title: &'static str,
}

/// One thing lost.
#[derive(Debug, Serialize)]
pub(crate) struct Lost {
    /// How bad it is.
    pub(crate) severity: &'static str,
    /// The field; a key that is none as it was sent.
    pub(crate) field: String,
    /// Where in the update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<String>,
    /// The line of the update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// The column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    /// What is lost, in a sentence.
    pub(crate) detail: String,
}

/// A field to look up.
#[derive(Debug, Serialize)]
pub(crate) struct LookUp {
    pub(crate) field: &'static str,
    /// The second vendor's catalog; `None` if it has none.
    pub(crate) catalog: Option<&'static str>,
}

/// Compares what a query names; one update instead of all fields, if there is one.
///
/// # Errors
/// The query is invalid, or the update is no update, or wrong at both vendors.
pub(crate) fn compare_query(
    operator: &Operator,
    query: Option<&str>,
    update: Option<&str>,
) -> Result<Comparison, Problem> {
    query_names(query, &["from", "to"])?;
    let value = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let value = pairs.find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned());
        value.ok_or_else(|| {
            let detail = format!("the query parameter `{name}` must name an account of this gateway or a dialect");
            Problem::new(Code::InvalidRequest, detail)
        })
    };
    compare(operator, &value("from")?, &value("to")?, update)
}

/// Compares two vendors.
///
/// # Errors
/// There is no such account or dialect, or the update is no update, or wrong at both.
pub(crate) fn compare(operator: &Operator, from: &str, to: &str, update: Option<&str>) -> Result<Comparison, Problem> {
    update.map_or(Ok(()), check_length)?;
    let (from, to) = (destination(operator, from)?, destination(operator, to)?);
    let (mut losses, gains, resolve) = match update {
        None => of_all_fields(&from, &to),
        Some(text) => of_update(operator, &from, &to, text)?,
    };
    losses.sort_by_key(|loss| Severity::ALL.iter().position(|severity| severity.as_str() == loss.severity));
    let look_up =
        |field: Field| LookUp { field: field.name(), catalog: to.dialect().catalog_of(field).map(CatalogKind::as_str) };
    let mut comparison = Comparison {
        copy: copy(operator, &from, &to),
        from: side(&from),
        to: side(&to),
        of_update: update.is_some(),
        losses,
        gains,
        look_up_again: resolve.into_iter().map(look_up).collect(),
        checklist: String::new(),
    };
    comparison.checklist = checklist(&comparison);
    Ok(comparison)
}

fn side(destination: &Destination) -> Side {
    let dialect = destination.dialect();
    Side { name: destination.name().to_owned(), dialect: dialect.name, title: dialect.title }
}

type Parts = (Vec<Lost>, Vec<String>, Vec<Field>);

fn of_all_fields(from: &Destination, to: &Destination) -> Parts {
    let compared = compare_dialects(from.dialect(), to.dialect());
    let losses = compared.losses.into_iter().map(|loss| Lost {
        severity: loss.severity.as_str(),
        field: loss.field.name().to_owned(),
        pointer: None,
        line: None,
        column: None,
        detail: loss.detail,
    });
    let gains = compared.gains.iter().map(|field| field.name().to_owned());
    (losses.collect(), gains.collect(), compared.resolve)
}

fn of_update(operator: &Operator, from: &Destination, to: &Destination, text: &str) -> Result<Parts, Problem> {
    let update = Update::read(text.as_bytes());
    let update = update.map_err(|error| Problem::new(Code::InvalidJson, error.to_string()))?;
    let (from, to): (Named<'_>, Named<'_>) = ((from.name(), from.dialect()), (to.name(), to.dialect()));
    let compared = compare_update(&update, from, to, &operator.context).map_err(|wrong| {
        let mut problem = Problem::new(Code::ValidationFailed, "the update is wrong for both vendors");
        wrong.into_iter().for_each(|item| problem.errors.push(item));
        problem
    })?;
    let at = |pointer: String, field: String, severity: Severity, detail: String| {
        let (line, column) = place(text, &pointer).unzip();
        Lost { severity: severity.as_str(), field, pointer: Some(pointer), line, column, detail }
    };
    let lost = compared.losses.into_iter().map(|item| {
        let field = item.field.unwrap_or_default().into_owned();
        at(item.pointer, field, Severity::of(item.code), item.detail)
    });
    let nearly = compared.approximated.into_iter().map(|loss| {
        let name = loss.field.name();
        at(format!("#/{name}"), name.to_owned(), loss.severity, loss.detail)
    });
    Ok((lost.chain(nearly).collect(), compared.gains, compared.resolve))
}

/// The heading of a severity.
const fn heading(severity: Severity) -> &'static str {
    match severity {
        Severity::RefusedValue => "Values that are refused",
        Severity::LostField => "Fields that are lost",
        Severity::NarrowerRange => "Narrower ranges",
        Severity::Approximated => "Held less exactly",
    }
}

/// A list of things to do.
fn checklist(comparison: &Comparison) -> String {
    let Comparison { from, to, losses, look_up_again, .. } = comparison;
    let subject = if comparison.of_update { "an update" } else { "an assistant" };
    let mut out = format!("# Moving {subject} from {} to {}\n", from.name, to.name);
    for severity in Severity::ALL {
        let of_severity: Vec<_> = losses.iter().filter(|loss| loss.severity == severity.as_str()).collect();
        if of_severity.is_empty() {
            continue;
        }
        out.push_str(&format!("\n## {} ({})\n\n", heading(severity), of_severity.len()));
        for loss in of_severity {
            let place = loss.pointer.as_deref().unwrap_or(&loss.field);
            out.push_str(&format!("- [ ] `{}`: {}\n", place.replace('`', "'"), one_line(&loss.detail)));
        }
    }
    if !look_up_again.is_empty() {
        out.push_str(&format!("\n## To look up again ({})\n\n", look_up_again.len()));
        for LookUp { field, catalog } in look_up_again {
            let catalog = catalog.map(|catalog| format!(" in the catalog `{catalog}`")).unwrap_or_default();
            out.push_str(&format!("- [ ] `{field}`{catalog}\n"));
        }
    }
    if losses.is_empty() && look_up_again.is_empty() {
        out.push_str("\nNothing is lost.\n");
    }
    out
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The command for a dry run of a copy.
fn copy(operator: &Operator, from: &Destination, to: &Destination) -> Option<String> {
    let (source, target) = (from.account()?, to.account()?);
    let can_read = source.dialect.operations.list.is_some() || source.dialect.plan.is_some();
    if !can_read || target.dialect.operations.create.is_none() {
        return None;
    }
    let path = format!("/v1/assistants/{}:{}/copies?dry_run=true", source.name, source.dialect.ids.example());
    let mut body = b"{ \"vendor\": ".to_vec();
    vendors::json::push_string(&mut body, &target.name);
    body.extend_from_slice(b", \"changes\": {} }");
    Some(curl(operator, "POST", &path, None, &String::from_utf8_lossy(&body)))
}
