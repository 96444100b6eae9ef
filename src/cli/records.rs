//! Records of changes as rows of a table, and reading lists of them page by page.

use std::time::{Duration, SystemTime};

use clap::ValueEnum;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde_json::{Value, json};

use super::admin_client::{AdminClient, path_with};
use super::style::Style;
use super::table::{fit, natural_width, table, width};
use super::{Failure, Terminal};

/// The most records of one answer.
const PAGE: usize = 500;

/// How to print a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns that fit the terminal
    Table,
    /// One JSON document
    Json,
}

/// A column of a table of records. On a narrow terminal those with the highest rank are left out first.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) rank: u8,
    pub(crate) right: bool,
    pub(crate) cell: fn(&Value) -> String,
}

pub(crate) const fn column(title: &'static str, rank: u8, cell: fn(&Value) -> String) -> Column {
    Column { title, rank, right: false, cell }
}

/// The same with its cells at the right.
pub(crate) const fn right(title: &'static str, rank: u8, cell: fn(&Value) -> String) -> Column {
    Column { right: true, ..column(title, rank, cell) }
}

/// Reads a list from its beginning, up to so many records: the first answer, with the records of all in `data`, and
/// `next_cursor` if there are more.
///
/// # Errors
/// The gateway does not answer, or refuses.
pub(crate) async fn read_list(
    client: &AdminClient,
    path: &str,
    parameters: &[(&str, Option<&str>)],
    limit: usize,
) -> Result<Value, Failure> {
    let mut all: Option<Value> = None;
    let mut records = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let size = limit.saturating_sub(records.len()).min(PAGE).to_string();
        let paging = [("limit", Some(size.as_str())), ("cursor", cursor.as_deref())];
        let mut page = client.get(&path_with(path, &[parameters, &paging].concat())).await?;
        let Some(data) = page["data"].as_array_mut() else {
            return Err(format!("{} is not the administration of a gateway", client.base()).into());
        };
        records.append(data);
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        let whole = all.get_or_insert(page);
        if cursor.is_none() || records.len() >= limit {
            whole["data"] = records.into();
            whole["next_cursor"] = json!(cursor);
            return Ok(std::mem::take(whole));
        }
    }
}

/// The records of a list.
pub(crate) fn data(list: &Value) -> &[Value] {
    list["data"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Prints records as a table.
pub(crate) fn print(
    terminal: &mut Terminal<'_>,
    columns: &[Column],
    records: &[Value],
    style: Style,
) -> Result<(), Failure> {
    for line in rows(columns, records, style, width(&terminal.environment)) {
        writeln!(terminal.out, "{line}")?;
    }
    Ok(())
}

/// Says so if a list goes on.
pub(crate) fn print_whether_more(terminal: &mut Terminal<'_>, list: &Value, style: Style) -> Result<(), Failure> {
    if list["next_cursor"].is_string() {
        writeln!(terminal.out, "{}", style.dim("there are more: raise --limit"))?;
    }
    Ok(())
}

/// A table with the titles and each record's line, without the columns for which it is too narrow.
pub(crate) fn fitted(columns: &[Column], records: &[Value], width: Option<u16>) -> Table {
    let titles = columns.iter().map(|column| column.title.to_owned()).collect::<Vec<_>>();
    let cells = records.iter().map(|record| columns.iter().map(|column| (column.cell)(record)).collect());
    let mut table = table(std::iter::once(titles).chain(cells), 0, None);
    for (cells, _) in table.column_iter_mut().zip(columns).filter(|(_, column)| column.right) {
        cells.set_cell_alignment(CellAlignment::Right);
    }
    if let Some(width) = width {
        fit(&mut table, &columns.iter().map(|column| column.rank).collect::<Vec<_>>(), width);
    }
    table
}

/// The lines of a table: the titles, and each record's. A line that wraps is several.
pub(crate) fn rows(columns: &[Column], records: &[Value], style: Style, width: Option<u16>) -> Vec<String> {
    let mut table = fitted(columns, records, width);
    if let Some(width) = width.filter(|width| natural_width(&table) > *width) {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    let mut lines: Vec<String> = table.trim_fmt().lines().map(str::to_owned).collect();
    if let Some(titles) = lines.first_mut() {
        *titles = style.dim(titles);
    }
    lines
}

/// A member that is a text, without characters that would move the cursor; `-` without it.
pub(crate) fn text(record: &Value, member: &str) -> String {
    record[member].as_str().map_or_else(|| "-".to_owned(), printable)
}

/// The names of the fields; a deletion has none.
pub(crate) fn fields(record: &Value) -> String {
    let names: Vec<_> = record["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() { "-".to_owned() } else { printable(&names.join(", ")) }
}

/// How often the vendor was tried.
pub(crate) fn attempts(record: &Value) -> String {
    record["attempts"].to_string()
}

/// Why the last attempt failed.
pub(crate) fn reason(record: &Value) -> String {
    text(&record["problem"], "code")
}

/// Each member of an object, with its name as the member `vendor`.
pub(crate) fn named_vendors(vendors: &Value) -> Vec<Value> {
    let named = vendors.as_object().into_iter().flatten().map(|(name, vendor)| {
        let mut vendor = vendor.clone();
        vendor["vendor"] = name.as_str().into();
        vendor
    });
    named.collect()
}

/// How long ago a member's time is, in its two largest units.
pub(crate) fn age(record: &Value, member: &str) -> String {
    let then = record[member].as_str().and_then(|time| humantime::parse_rfc3339(time).ok());
    let ago = then.map(|then| SystemTime::now().duration_since(then).unwrap_or_default());
    ago.map_or_else(|| "-".to_owned(), short)
}

/// In how long a member's time is.
pub(crate) fn until(record: &Value, member: &str) -> String {
    let then = record[member].as_str().and_then(|time| humantime::parse_rfc3339(time).ok());
    let left = then.map(|then| then.duration_since(SystemTime::now()).unwrap_or_default());
    left.map_or_else(|| "-".to_owned(), short)
}

/// A duration in whole seconds, in its two largest units.
pub(crate) fn short(duration: Duration) -> String {
    let whole = humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string();
    whole.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// The text with characters that would move the cursor or hide something written as escapes.
pub(crate) fn printable(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        match is_hidden(c) {
            true => printable.extend(c.escape_unicode()),
            false => printable.push(c),
        }
    }
    printable
}
