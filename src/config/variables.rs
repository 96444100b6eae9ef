//! Lays environment variables over the tree: `SWITCHBOARD_VENDORS__SONDOS__TIMEOUT=5s` sets `vendors.sondos.timeout`.
//!
//! Case does not count. In a name of the operator's choice `_` stands for `-` and `.` too where such a name is there already.
//! Lists are written with commas or as TOML, tables as inline TOML; anything else as it is, without quotes.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::environment::Environment;
use super::inspection::Inspection;
use super::problem::ProblemKind;
use super::root;
use super::secret;
use super::shape::{Kind, Section};
use super::source::At;
use super::trail::Trail;
use super::tree::{self, Entry, Node, Table, Value};

impl Inspection<'_> {
    /// Sets every key that the environment sets; `tree` is the root.
    pub(super) fn lay_variables(&mut self, tree: &mut Table) {
        let environment: &Environment = self.environment;
        let references = references(tree, environment);
        for (name, rest, value) in environment.settings() {
            if references.contains(name) {
                continue;
            }
            let at = self.sources.add_variable(name);
            let parts: Vec<&str> = rest.split("__").collect();
            let variable = Variable { at, value };
            self.set_key(tree, &root::SECTION, &parts, variable, &Trail::ROOT);
        }
    }

    fn set_key(
        &mut self,
        table: &mut Table,
        section: &'static Section,
        parts: &[&str],
        variable: Variable<'_>,
        trail: &Trail<'_>,
    ) {
        let Some((first, rest)) = parts.split_first() else {
            return;
        };
        let name = first.to_ascii_lowercase();
        let Some(key) = section.key(&name) else {
            match single_underscore(&name, section).filter(|_| trail.is_root()) {
                Some(meant) => {
                    let message = format!("unknown key `{name}`");
                    let help = format!("two underscores stand between levels: {meant}");
                    self.error(ProblemKind::UnknownKey, variable.at, name, message, help);
                }
                None => self.unknown_key(&name, variable.at, section, trail),
            }
            return;
        };
        if section.either.contains(&key.name) {
            let sources = &self.sources;
            table.retain(|name, entry| !section.either.contains(&name.as_str()) || sources.is_variable(entry.node.at));
        }
        self.set_slot(table, key.name, &key.kind, rest, variable, &trail.key(key.name));
    }

    fn set_slot(
        &mut self,
        table: &mut Table,
        name: &str,
        kind: &'static Kind,
        rest: &[&str],
        variable: Variable<'_>,
        trail: &Trail<'_>,
    ) {
        let Some((next, after)) = rest.split_first() else {
            self.set_whole(table, name, kind, variable, trail);
            return;
        };
        match kind {
            Kind::Table(section) => {
                if let Some(inner) = table_in(table, name, variable.at) {
                    self.set_key(inner, section, rest, variable, trail);
                }
            }
            Kind::Secret => {
                if let Some(inner) = table_in(table, name, variable.at) {
                    self.set_key(inner, &secret::SECTION, rest, variable, trail);
                }
            }
            Kind::Named(_, section) => {
                let Some(named) = table_in(table, name, variable.at) else {
                    return;
                };
                let name = existing_name(named, next);
                let Some(inner) = table_in(named, &name, variable.at) else {
                    return;
                };
                if after.is_empty() {
                    if let Some(Value::Table(whole)) = self.inline(variable, trail) {
                        tree::overlay(inner, whole);
                    }
                } else {
                    self.set_key(inner, section, after, variable, &trail.key(&name));
                }
            }
            Kind::Pairs(_, of) => {
                let Some(pairs) = table_in(table, name, variable.at) else {
                    return;
                };
                let name = existing_name(pairs, next);
                self.set_slot(pairs, &name, of, after, variable, &trail.key(&name));
            }
            _ => {
                let message = format!("`{trail}` has no keys below it");
                let help = format!("set `{trail}` as a whole; it has to be {}", kind.expected());
                self.error(ProblemKind::UnknownKey, variable.at, trail, message, help);
            }
        }
    }

    fn set_whole(
        &mut self,
        table: &mut Table,
        name: &str,
        kind: &'static Kind,
        variable: Variable<'_>,
        trail: &Trail<'_>,
    ) {
        let Some(value) = self.value_of(kind, variable, trail) else {
            return;
        };
        let entry = variable.entry(value);
        let twice =
            table.get(name).is_some_and(|old| self.sources.is_variable(old.node.at) && old.node.as_table().is_none());
        if twice {
            let message = format!("two environment variables set `{trail}`");
            let help = "case does not count in their names; unset one of them";
            self.error(ProblemKind::Duplicate, variable.at, trail, message, help);
        } else if matches!(kind, Kind::Secret) {
            table.insert(name.to_owned(), entry);
        } else {
            tree::overlay(table, Table::from([(name.to_owned(), entry)]));
        }
    }

    /// The variable's text as the type that the key takes; as text where it is not of that type.
    fn value_of(&mut self, kind: &'static Kind, variable: Variable<'_>, trail: &Trail<'_>) -> Option<Value> {
        let text = variable.value.trim();
        let plain = || Value::Text(variable.value.to_owned());
        Some(match kind {
            Kind::Flag => text.parse().map_or_else(|_| plain(), Value::Flag),
            Kind::Count { .. } => text.parse().map_or_else(|_| plain(), Value::Integer),
            Kind::Ratio => text.parse().map_or_else(|_| plain(), Value::Float),
            Kind::Secret if !text.starts_with('{') => plain(),
            Kind::List { .. } | Kind::OneOrMore(_) if !text.starts_with('[') => {
                let elements = text.split(',').map(str::trim);
                let elements = elements.filter(|element| !element.is_empty());
                Value::List(elements.map(|element| variable.text(element)).collect())
            }
            Kind::Secret
            | Kind::List { .. }
            | Kind::OneOrMore(_)
            | Kind::Table(_)
            | Kind::Named(..)
            | Kind::Pairs(..)
            | Kind::Rows(_) => return self.inline(variable, trail),
            _ => plain(),
        })
    }

    /// The variable's text as inline TOML.
    fn inline(&mut self, variable: Variable<'_>, trail: &Trail<'_>) -> Option<Value> {
        match DeValue::parse(variable.value.trim()) {
            Ok(value) => Some(Node::from_toml(&value, variable.at.source).value),
            Err(error) => {
                let message = format!("`{trail}` is not TOML: {}", error.message());
                let help = "tables are written as `{ key = \"value\" }`, arrays as `[…]`; single \
                            keys are set with `__` between levels";
                self.error(ProblemKind::Syntax, variable.at, trail, message, help);
                None
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Variable<'v> {
    at: At,
    value: &'v str,
}

impl Variable<'_> {
    fn entry(self, value: Value) -> Entry {
        Entry { key_at: self.at, node: Node { value, at: self.at } }
    }

    fn text(self, text: &str) -> Node {
        Node { value: Value::Text(text.to_owned()), at: self.at }
    }
}

/// `SWITCHBOARD_SERVER__LISTEN` for `server_listen`.
fn single_underscore(name: &str, section: &Section) -> Option<String> {
    section.names().find_map(|table| {
        let key = name.strip_prefix(table)?.strip_prefix('_')?;
        let variable = format!("switchboard_{table}__{key}");
        Some(variable.to_ascii_uppercase())
    })
}

/// The table under a name, made where there is nothing; none where a file has put something else there.
fn table_in<'t>(table: &'t mut Table, name: &str, at: At) -> Option<&'t mut Table> {
    let entry = table
        .entry(name.to_owned())
        .or_insert_with(|| Entry { key_at: at, node: Node { value: Value::Table(Table::new()), at } });
    match &mut entry.node.value {
        Value::Table(inner) => Some(inner),
        _ => None,
    }
}

/// The name in the table that a part of a variable's name stands for, else the part in lower case.
fn existing_name(table: &Table, part: &str) -> String {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '.'], "_");
    let wanted = plain(part);
    table.keys().find(|name| plain(name) == wanted).cloned().unwrap_or_else(|| part.to_ascii_lowercase())
}

/// The variables that `{ env = "…" }` refers to: secrets, even where their names look like keys.
fn references(tree: &Table, environment: &Environment) -> BTreeSet<String> {
    fn collect(table: &Table, found: &mut BTreeSet<String>) {
        for (name, entry) in table {
            match &entry.node.value {
                Value::Table(inner) => collect(inner, found),
                Value::Text(text) if name == "env" => {
                    found.insert(text.clone());
                }
                _ => {}
            }
        }
    }
    let by_variable = environment
        .settings()
        .filter(|(_, rest, _)| rest.to_ascii_lowercase().ends_with("__env"))
        .map(|(_, _, value)| value.to_owned());
    let mut found = by_variable.collect();
    collect(tree, &mut found);
    found
}
