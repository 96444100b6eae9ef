//! Colours and bold text on a terminal only.

use std::io::IsTerminal;

use crate::config::Environment;

/// Whether to use colours and bold text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style(bool);

impl Style {
    /// Styled if standard output is a terminal and `NO_COLOR` is not set.
    pub(super) fn for_stdout(environment: &Environment) -> Self {
        let refused = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(std::io::stdout().is_terminal() && !refused)
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
