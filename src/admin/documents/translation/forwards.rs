//! One canonical update at several vendors, as their dry runs would show it.

use serde::Serialize;
use vendors::json::lay_out;
use vendors::{Handling, Item, Note};

use crate::admin::Operator;
use crate::api::{Destination, Preview, PreviewOptions, PreviewRefusal, handling_at, preview, redact};
use crate::problem::{Code, Problem};

use super::members::{Applied, Member, applied, mark_shared, members};
use super::places::place;
use super::{check_length, curl, destinations};

/// The longest update that stands in the command for a dry run, in bytes.
const MAX_COMMAND_BYTES: usize = 16 * 1024;

/// How an update is translated.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The accounts and dialects; all accounts if there are none.
    pub(crate) at: Vec<String>,
    /// What becomes of fields that a vendor lacks; `None` as each account says.
    pub(crate) handling: Option<Handling>,
    /// Whether vendors may be asked for their catalogs.
    pub(crate) asks_vendor: bool,
    /// Whether the fields are those of a new assistant.
    pub(crate) creates: bool,
}

/// One update at several vendors.
#[derive(Debug, Serialize)]
pub(crate) struct Translation {
    /// Whose names and ids counted.
    pub(crate) catalogs: &'static str,
    /// What the fields are for.
    pub(crate) operation: &'static str,
    /// What each would receive.
    pub(crate) columns: Vec<Column>,
    /// How many accounts are left off for their number.
    pub(crate) left_off: usize,
    /// The problems of all columns by field, in the order of the first.
    pub(crate) problems: Vec<FieldProblems>,
}

/// What one vendor would receive.
#[derive(Debug, Serialize)]
pub(crate) struct Column {
    /// The account or the dialect.
    pub(crate) at: String,
    /// The dialect.
    pub(crate) dialect: &'static str,
    /// The vendor's name in sentences.
    pub(crate) title: &'static str,
    /// Whether it is an account of this gateway.
    pub(crate) account: bool,
    /// The handling that counted.
    pub(crate) handling: &'static str,
    /// How many fields became what.
    pub(crate) summary: Summary,
    /// The request; `None` if the update is refused.
    pub(crate) request: Option<ShownRequest>,
    /// The requests that it takes, where a vendor keeps an assistant in a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requests: Option<Requests>,
    /// The members of the body, with the rule of each.
    pub(crate) members: Vec<Member>,
    /// The fields in it.
    pub(crate) applied: Vec<Applied>,
    /// The fields that are not.
    pub(crate) dropped: Vec<ShownNote>,
    /// The names and ids that are left out here, because only the vendor's lists could tell what they become.
    pub(crate) open: Vec<ShownNote>,
    /// What a caller would be warned of.
    pub(crate) warnings: Vec<ShownNote>,
    /// Why it would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<ShownProblem>,
    /// The lines of the configuration that add a name or id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) hints: Vec<Hint>,
    /// A command for the dry run of the same update; `None` at a bare dialect.
    pub(crate) dry_run: Option<String>,
}

/// How many fields became what.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) applied: usize,
    pub(crate) dropped: usize,
    pub(crate) refused: usize,
    pub(crate) warnings: usize,
    pub(crate) open: usize,
}

/// A request. The body is text, so that no reader of JSON changes the digits of its numbers.
#[derive(Debug, Serialize)]
pub(crate) struct ShownRequest {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    /// The bytes that would be sent, secrets redacted; of a nested dialect the document with what the update sets.
    pub(crate) body: String,
    /// Whether the body is such a document, which the vendor does not receive as it is.
    pub(crate) is_document: bool,
}

/// The requests of a nested dialect.
#[derive(Debug, Serialize)]
pub(crate) struct Requests {
    /// Those that are known without a read.
    pub(crate) steps: Vec<ShownStep>,
    /// Whether they are all. Otherwise what follows depends on what is read, and a dry run shows it.
    pub(crate) is_complete: bool,
}

/// One of them.
#[derive(Debug, Serialize)]
pub(crate) struct ShownStep {
    pub(crate) purpose: &'static str,
    pub(crate) object: &'static str,
    pub(crate) method: &'static str,
    pub(crate) url: String,
    /// The body as text; `None` if it has none, or depends on what is read.
    pub(crate) body: Option<String>,
}

/// A note of the report.
#[derive(Debug, Serialize)]
pub(crate) struct ShownNote {
    pub(crate) field: String,
    pub(crate) code: String,
    pub(crate) detail: String,
}

/// The problem that a caller would get.
#[derive(Debug, Serialize)]
pub(crate) struct ShownProblem {
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
    /// How many problems by field there are beyond those that are listed.
    pub(crate) more: usize,
}

/// A line for the configuration.
#[derive(Debug, Serialize)]
pub(crate) struct Hint {
    /// The table.
    pub(crate) key: String,
    /// The line.
    pub(crate) line: String,
}

/// The problems of one field.
#[derive(Debug, Serialize)]
pub(crate) struct FieldProblems {
    /// The field, or the unknown key as it was sent; empty for the update as a whole.
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) problems: Vec<FieldProblem>,
}

/// One problem, wherever it is one.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldProblem {
    pub(crate) pointer: String,
    /// The line of the update, from 1.
    pub(crate) line: Option<usize>,
    /// The column in characters, from 1.
    pub(crate) column: Option<usize>,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    /// The accounts and dialects that refuse it.
    pub(crate) at: Vec<String>,
}

/// Translates an update.
///
/// # Errors
/// It is no JSON object, or a destination does not exist.
pub(crate) async fn translate(operator: &Operator, asked: &Asked, update: &str) -> Result<Translation, Problem> {
    check_length(update)?;
    if let Err(error) = vendors::Update::read(update.as_bytes()) {
        return Err(Problem::new(Code::InvalidJson, error.to_string()));
    }
    let (destinations, left_off) = destinations(operator, &asked.at)?;
    let mut columns = Vec::with_capacity(destinations.len());
    let mut problems = Vec::new();
    for destination in &destinations {
        columns.push(column(operator, destination, asked, update, &mut problems).await);
    }
    let translated = columns.iter_mut().filter(|column| column.request.is_some());
    mark_shared(&mut translated.map(|column| &mut column.members).collect::<Vec<_>>());
    Ok(Translation {
        catalogs: if asked.asks_vendor { "live" } else { "configured" },
        operation: if asked.creates { "create" } else { "update" },
        columns,
        left_off,
        problems,
    })
}

async fn column(
    operator: &Operator,
    destination: &Destination,
    asked: &Asked,
    update: &str,
    problems: &mut Vec<FieldProblems>,
) -> Column {
    let dialect = destination.dialect();
    let options = PreviewOptions { creates: asked.creates, handling: asked.handling, asks_vendor: asked.asks_vendor };
    let shown = preview(&operator.context, destination, options, update.as_bytes()).await;
    let column = Column {
        at: destination.name().to_owned(),
        dialect: dialect.name,
        title: dialect.title,
        account: destination.account().is_some(),
        handling: handling_at(&operator.context, destination, asked.handling).as_str(),
        summary: Summary::default(),
        request: None,
        requests: None,
        members: Vec::new(),
        applied: Vec::new(),
        dropped: Vec::new(),
        open: Vec::new(),
        warnings: Vec::new(),
        problem: None,
        hints: Vec::new(),
        dry_run: destination.account().map(|_| dry_run(operator, destination, asked, update)),
    };
    match shown {
        Ok(shown) => translated(column, destination, asked.creates, shown),
        Err(refusal) => refused(column, *refusal, update, problems),
    }
}

fn translated(column: Column, destination: &Destination, creates: bool, shown: Preview) -> Column {
    let dialect = destination.dialect();
    let members = members(dialect, &destination.policies(), creates, &shown);
    let Preview { request, url, body, open, plan } = shown;
    let report = &request.report;
    let requests = plan.map(|plan| Requests {
        is_complete: plan.is_complete,
        steps: plan
            .steps
            .into_iter()
            .map(|step| ShownStep {
                purpose: step.purpose.as_str(),
                object: step.object,
                method: step.method,
                url: step.url,
                body: step.body,
            })
            .collect(),
    });
    Column {
        summary: Summary {
            applied: report.applied.len(),
            dropped: report.dropped.len(),
            refused: 0,
            warnings: report.warnings.len(),
            open: open.len(),
        },
        members,
        applied: applied(dialect, creates, report),
        dropped: report.dropped.iter().map(note).collect(),
        open: open.iter().map(left_open).collect(),
        warnings: report.warnings.iter().map(note).collect(),
        request: Some(ShownRequest { method: request.method, url, body, is_document: requests.is_some() }),
        requests,
        ..column
    }
}

fn refused(column: Column, refusal: PreviewRefusal, update: &str, problems: &mut Vec<FieldProblems>) -> Column {
    let PreviewRefusal { problem, hints } = refusal;
    let kind = problem.code.kind();
    for item in &problem.errors.list {
        let at = place(update, &item.pointer);
        let found = FieldProblem {
            pointer: item.pointer.clone(),
            line: at.map(|(line, _)| line),
            column: at.map(|(_, column)| column),
            code: item.code.as_str(),
            detail: item.detail.clone(),
            at: vec![column.at.clone()],
        };
        add(problems, item.field.as_deref().unwrap_or_default(), found);
    }
    Column {
        summary: Summary { refused: problem.errors.list.len() + problem.errors.more, ..Summary::default() },
        problem: Some(ShownProblem {
            code: kind.name,
            title: kind.title,
            detail: problem.detail,
            more: problem.errors.more,
        }),
        hints: hints.into_iter().map(|hint| Hint { key: hint.key, line: hint.line }).collect(),
        ..column
    }
}

/// Adds a problem to those of its field; the same one elsewhere stands there once.
fn add(problems: &mut Vec<FieldProblems>, field: &str, found: FieldProblem) {
    let index = problems.iter().position(|known| known.field == field).unwrap_or_else(|| {
        problems.push(FieldProblems { field: field.to_owned(), problems: Vec::new() });
        problems.len() - 1
    });
    let Some(of_field) = problems.get_mut(index) else { return };
    let same = |known: &&mut FieldProblem| {
        (&known.pointer, known.code, &known.detail) == (&found.pointer, found.code, &found.detail)
    };
    match of_field.problems.iter_mut().find(same) {
        Some(known) => known.at.extend(found.at),
        None => of_field.problems.push(found),
    }
}

fn note(note: &Note) -> ShownNote {
    let Note { field, code, detail, .. } = note.clone();
    ShownNote { field: field.into_owned(), code: code.into_owned(), detail: detail.into_owned() }
}

fn left_open(item: &Item) -> ShownNote {
    let field = item.field.as_deref().unwrap_or_default().to_owned();
    ShownNote { field, code: item.code.as_str().to_owned(), detail: item.detail.clone() }
}

/// The command for a dry run. Secrets of the update are redacted in it.
fn dry_run(operator: &Operator, destination: &Destination, asked: &Asked, update: &str) -> String {
    let mut redacted = Vec::with_capacity(update.len());
    redact(&mut redacted, update.as_bytes());
    let body = match redacted.len() {
        ..=MAX_COMMAND_BYTES => lay_out(&redacted),
        _ => "{}".to_owned(),
    };
    let prefer = asked.handling.map(|handling| format!("handling={}", handling.as_str()));
    let name = destination.name();
    let (method, path) = match asked.creates {
        true => ("POST", format!("/v1/assistants?vendor={name}&dry_run=true")),
        false => ("PUT", format!("/v1/assistants/{name}:{}?dry_run=true", destination.dialect().ids.example())),
    };
    curl(operator, method, &path, prefer.as_deref(), &body)
}
