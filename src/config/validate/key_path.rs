//! The dotted path of a key, such as `vendors.sondos.token`; formatted only when a problem needs it.

use std::fmt;

/// The way from the root to a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyPath<'a> {
    parent: Option<&'a KeyPath<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> KeyPath<'a> {
    pub(crate) const ROOT: KeyPath<'static> = KeyPath { parent: None, step: Step::Root };

    pub(crate) fn key(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Key(name) }
    }

    pub(crate) fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    /// The key itself, without the way to it; of an element, the key of its list.
    pub(crate) fn name(&self) -> &'a str {
        match (self.step, self.parent) {
            (Step::Key(name), _) => name,
            (Step::Index(_), Some(parent)) => parent.name(),
            _ => "",
        }
    }

    /// The section that the key is in: the first step on the way to it.
    pub(crate) fn section(&self) -> &'a str {
        match (self.step, self.parent) {
            (Step::Key(name), Some(parent)) if parent.is_root() => name,
            (_, Some(parent)) => parent.section(),
            _ => "",
        }
    }

    /// The table of a section of named ones that the key is in: the second step on the way to it.
    pub(crate) fn named(&self) -> &'a str {
        match (self.step, self.parent) {
            (Step::Key(name), Some(KeyPath { parent: Some(before), .. })) if before.is_root() => name,
            (_, Some(parent)) => parent.named(),
            _ => "",
        }
    }

    pub(crate) fn is_root(&self) -> bool {
        matches!(self.step, Step::Root)
    }
}

impl fmt::Display for KeyPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !parent.is_root() && matches!(self.step, Step::Key(_)) {
                f.write_str(".")?;
            }
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(name) if is_bare(name) => f.write_str(name),
            Step::Key(name) => write!(f, "{name:?}"),
        }
    }
}

/// Whether TOML lets the key stand without quotes.
fn is_bare(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use crate::config::validate::key_path::KeyPath;

    #[test]
    fn keys_read_as_toml_writes_them() {
        let rules = KeyPath::ROOT.key("routing");
        let rules = rules.key("rules");
        let first = rules.index(0);
        assert_eq!(first.key("vendor").to_string(), "routing.rules[0].vendor");
        let assistants = KeyPath::ROOT.key("assistants");
        assert_eq!(assistants.key("a.b").to_string(), "assistants.\"a.b\"");
        let (name, below) = (assistants.key("a.b"), "id");
        assert_eq!((name.key(below).named(), name.named(), assistants.named()), ("a.b", "a.b", ""));
    }
}
