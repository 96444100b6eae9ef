//! Columns for a terminal, laid out by `comfy-table`; colours are added to whole lines, so that it needs no `crossterm`.

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};

use crate::config::Environment;

/// Characters in a line of the terminal. If standard output is none, `COLUMNS` counts; without it, lines have no limit.
pub(super) fn width(environment: &Environment) -> Option<u16> {
    let terminal = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0);
    // A terminal may have no size, as in build containers.
    terminal.or_else(|| environment.get("COLUMNS")?.parse().ok()).filter(|&width| width > 0)
}

/// Rows behind `indent` spaces, with two spaces between columns; cells wrap within `width`.
pub(super) fn table<R: Into<comfy_table::Row>>(
    rows: impl IntoIterator<Item = R>,
    indent: u16,
    width: Option<u16>,
) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).add_rows(rows);
    let last = table.column_count().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if index == 0 { indent } else { 0 }, if index == last { 0 } else { 2 }));
    }
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table
}

/// Leaves columns out until the table fits into `width`: those with the highest of `ranks` first, and never one below 2.
pub(super) fn fit(table: &mut Table, ranks: &[u8], width: u16) {
    for rank in (2..=ranks.iter().copied().max().unwrap_or_default()).rev() {
        if natural_width(table) <= width {
            return;
        }
        for (column, _) in table.column_iter_mut().zip(ranks).filter(|(_, of_column)| **of_column == rank) {
            column.set_constraint(ColumnConstraint::Hidden);
        }
    }
}

/// Characters in a line of the table if no cell wraps; hidden columns do not count.
pub(super) fn natural_width(table: &Table) -> u16 {
    let columns = table.column_iter().zip(table.column_max_content_widths()).filter(|(column, _)| !column.is_hidden());
    columns.map(|(column, content)| column.padding_width() + content).sum()
}
