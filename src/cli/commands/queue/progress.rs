//! How far a bulk operation is: a bar in one line of a terminal, elsewhere a line now and then.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Cells of the bar.
const CELLS: usize = 24;
/// How often the bar is drawn.
const REDRAW: Duration = Duration::from_millis(50);
/// How many records one line of a log is for.
const STEP: usize = 500;

/// The progress of one operation; what cannot be written is left out.
pub(super) struct Progress {
    verb: &'static str,
    total: usize,
    form: Form,
    drawn: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Bar,
    Lines,
    None,
}

impl Progress {
    /// Of an operation on `total` records; nothing is shown unless it `is_bulk`.
    pub(super) fn new(verb: &'static str, total: usize, is_bulk: bool) -> Self {
        let form = match is_bulk {
            true if std::io::stderr().is_terminal() => Form::Bar,
            true => Form::Lines,
            false => Form::None,
        };
        Self { verb, total, form, drawn: None }
    }

    /// Shows how many were moved and how many refused.
    pub(super) fn show(&mut self, done: usize, refused: usize, out: &mut dyn Write) {
        let tried = done + refused;
        let is_due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW) || tried == self.total;
        let _unwritable = match self.form {
            Form::Bar if is_due => {
                self.drawn = Some(Instant::now());
                write!(out, "\r{}\u{1b}[K", self.line(done, refused)).and_then(|()| out.flush())
            }
            Form::Lines if tried.is_multiple_of(STEP) => writeln!(out, "{}", self.counts(done, refused)),
            Form::Bar | Form::Lines | Form::None => Ok(()),
        };
    }

    /// Removes the bar.
    pub(super) fn end(&self, out: &mut dyn Write) {
        if self.form == Form::Bar && self.drawn.is_some() {
            let _unwritable = write!(out, "\r\u{1b}[K").and_then(|()| out.flush());
        }
    }

    fn line(&self, done: usize, refused: usize) -> String {
        let full = (done + refused).saturating_mul(CELLS) / self.total.max(1);
        format!("[{}{}] {}", "#".repeat(full), ".".repeat(CELLS.saturating_sub(full)), self.counts(done, refused))
    }

    fn counts(&self, done: usize, refused: usize) -> String {
        format!("{} of {}: {done} {}, {refused} refused", done + refused, self.total, self.verb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_and_lines_come_now_and_then() {
        let bar = Progress { verb: "replayed", total: 40, form: Form::Bar, drawn: None };
        assert_eq!(bar.line(0, 0), "[........................] 0 of 40: 0 replayed, 0 refused");
        assert_eq!(bar.line(15, 5), "[############............] 20 of 40: 15 replayed, 5 refused");
        assert_eq!(bar.line(40, 0), "[########################] 40 of 40: 40 replayed, 0 refused");
        let mut lines = Progress { form: Form::Lines, total: 1200, ..bar };
        let mut out = Vec::new();
        (1..=1200).for_each(|done| lines.show(done, 0, &mut out));
        lines.end(&mut out);
        let expected = "500 of 1200: 500 replayed, 0 refused\n1000 of 1200: 1000 replayed, 0 refused\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
