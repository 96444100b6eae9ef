//! The layer of the environment: `SWITCHBOARD_VENDORS__SONDOS__TIMEOUT=5s` sets `vendors.sondos.timeout`.
//!
//! Case does not count. In a name that the operator chose `_` also matches `-` and `.` if such a name exists already; one
//! that is written like it wins, and if several others match, none does.
//! Lists are written with commas or as TOML, tables as inline TOML; anything else as it is, without quotes.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::environment::Environment;
use super::source::Span;
use super::tree::{Entry, Node, Table, Value};
use crate::config::sections::traces;
use crate::config::types::secret;
use crate::config::validate::key_path::KeyPath;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::root;
use crate::config::validate::shape::{Kind, Section};
use crate::config::validate::validator::Validator;

impl Validator<'_> {
    /// Every key that the environment sets; `below` is the tree that they are merged into.
    pub(crate) fn variables(&mut self, below: &Table) -> Table {
        let environment: &Environment = self.environment;
        let references = references(below, environment);
        let mut layer = Table::new();
        for name in environment.unreadable_settings().filter(|name| !references.contains(*name)) {
            let span = self.sources.add_variable(name);
            let message = format!("the environment variable `{name}` is not UTF-8");
            let help = "write it in UTF-8, or unset it";
            self.error(ProblemKind::BadValue, span, "", message, help);
        }
        for (name, rest, value) in environment.settings() {
            if references.contains(name) {
                continue;
            }
            let span = self.sources.add_variable(name);
            let parts: Vec<&str> = rest.split("__").collect();
            let variable = Variable { span, name, value };
            let level = Level { table: &mut layer, below: Some(below) };
            self.set_key(level, &root::SECTION, &parts, variable, &KeyPath::ROOT);
        }
        layer
    }

    /// What OpenTelemetry's own variables set of `[traces]`, unless they turn traces off.
    pub(crate) fn opentelemetry(&mut self) -> Table {
        let environment: &Environment = self.environment;
        let set = |name: &str| environment.get(name).map(str::trim).filter(|value| !value.is_empty());
        let disabled = set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if disabled || set("OTEL_TRACES_EXPORTER") == Some("none") {
            return Table::new();
        }
        let mut layer = Table::new();
        for (key, names) in traces::VARIABLES {
            let Some((name, value)) = names.iter().find_map(|name| Some((*name, set(name)?))) else { continue };
            let value = if key == "timeout" { format!("{value}ms") } else { value.to_owned() };
            let variable = Variable { span: self.sources.add_variable(name), name, value: &value };
            let level = Level { table: &mut layer, below: None };
            self.set_key(level, &root::SECTION, &["traces", key], variable, &KeyPath::ROOT);
        }
        layer
    }

    fn set_key(
        &mut self,
        level: Level<'_>,
        section: &'static Section,
        parts: &[&str],
        variable: Variable<'_>,
        key_path: &KeyPath<'_>,
    ) {
        let Some((first, rest)) = parts.split_first() else {
            return;
        };
        let name = first.to_ascii_lowercase();
        let Some(key) = section.key(&name) else {
            match single_underscore(&name, section).filter(|_| key_path.is_root()) {
                Some(meant) => {
                    let message = format!("unknown key `{name}`");
                    let help = format!("two underscores stand between levels: {meant}");
                    self.error(ProblemKind::UnknownKey, variable.span, name, message, help);
                }
                None => self.unknown_key(&name, variable.span, section, key_path),
            }
            return;
        };
        self.set_slot(level, key.name, &key.kind, rest, variable, &key_path.key(key.name));
    }

    fn set_slot(
        &mut self,
        mut level: Level<'_>,
        name: &str,
        kind: &'static Kind,
        rest: &[&str],
        variable: Variable<'_>,
        key_path: &KeyPath<'_>,
    ) {
        let Some((next, after)) = rest.split_first() else {
            self.set_whole(level.table, name, kind, variable, key_path);
            return;
        };
        let section = match kind {
            Kind::Table(section) => section,
            Kind::Secret => &secret::SECTION,
            Kind::OneOrMore(Kind::Secret) => {
                // It replaces what is below, which may be a list.
                level.below = None;
                &secret::SECTION
            }
            Kind::Named(_, section) => {
                let Some(mut named) = level.inner(name, variable.span) else {
                    return;
                };
                let Some(name) = self.existing_name(&named, next, variable, key_path) else { return };
                let key_path = key_path.key(&name);
                if after.is_empty() {
                    self.set_whole(named.table, &name, &Kind::Table(section), variable, &key_path);
                } else if let Some(inner) = named.inner(&name, variable.span) {
                    self.set_key(inner, section, after, variable, &key_path);
                }
                return;
            }
            Kind::Pairs(_, of) => {
                if let Some(pairs) = level.inner(name, variable.span) {
                    let Some(name) = self.existing_name(&pairs, next, variable, key_path) else { return };
                    self.set_slot(pairs, &name, of, after, variable, &key_path.key(&name));
                }
                return;
            }
            _ => {
                let message = format!("`{key_path}` has no keys below it");
                let help = format!("set `{key_path}` as a whole; it has to be {}", kind.expected());
                self.error(ProblemKind::UnknownKey, variable.span, key_path, message, help);
                return;
            }
        };
        if let Some(inner) = level.inner(name, variable.span) {
            self.set_key(inner, section, rest, variable, key_path);
        }
    }

    /// The name that a part of a variable's name means: an existing one, else the part in lower case. `None` where several
    /// could be meant, which is reported.
    fn existing_name(
        &mut self,
        level: &Level<'_>,
        part: &str,
        variable: Variable<'_>,
        key_path: &KeyPath<'_>,
    ) -> Option<String> {
        let names = level.existing_names(part);
        if names.len() > 1 {
            let keys: Vec<_> = names.iter().map(|name| format!("`{}`", key_path.key(name))).collect();
            let message = format!("the variable `{}` could mean {}", variable.name, keys.join(" or "));
            let help = "`_` stands for `-` and `.`, too: set it in the file, or rename all but one of them";
            self.error(ProblemKind::Conflict, variable.span, key_path, message, help);
            return None;
        }
        Some(names.first().map_or_else(|| part.to_ascii_lowercase(), |name| (*name).to_owned()))
    }

    fn set_whole(
        &mut self,
        table: &mut Table,
        name: &str,
        kind: &Kind,
        variable: Variable<'_>,
        key_path: &KeyPath<'_>,
    ) {
        if let Some(value) = self.value_of(kind, variable, key_path) {
            let entry = Entry { key_span: variable.span, node: Node { value, span: variable.span } };
            self.put(table, name, entry, variable.span, key_path);
        }
    }

    /// Adds to the layer; what two variables set is reported, however each writes it.
    fn put(&mut self, table: &mut Table, name: &str, entry: Entry, span: Span, key_path: &KeyPath<'_>) {
        let Some(old) = table.get_mut(name) else {
            table.insert(name.to_owned(), entry);
            return;
        };
        match (&mut old.node.value, entry.node.value) {
            (Value::Table(old), Value::Table(new)) => {
                for (name, entry) in new {
                    self.put(old, &name, entry, span, &key_path.key(&name));
                }
            }
            _ => {
                let message = format!("two environment variables set `{key_path}`");
                let help = "case does not count in their names; unset one of them";
                self.error(ProblemKind::Duplicate, span, key_path, message, help);
            }
        }
    }

    /// The variable's text as the type that the key takes; as text where it is not of that type.
    fn value_of(&mut self, kind: &Kind, variable: Variable<'_>, key_path: &KeyPath<'_>) -> Option<Value> {
        let text = variable.value.trim();
        let plain = || Value::Text(variable.value.to_owned());
        Some(match kind {
            Kind::Flag => text.parse().map_or_else(|_| plain(), Value::Flag),
            Kind::Count { .. } => text.parse().map_or_else(|_| plain(), Value::Integer),
            Kind::Ratio { .. } => text.parse().map_or_else(|_| plain(), Value::Float),
            Kind::Secret if !text.starts_with('{') => Value::Table(variable.reference()),
            // A comma may be part of a secret.
            Kind::OneOrMore(Kind::Secret) => match text.starts_with(['{', '[']) {
                true => return self.inline(variable, key_path),
                false => Value::Table(variable.reference()),
            },
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
            | Kind::Rows(_) => return self.inline(variable, key_path),
            _ => plain(),
        })
    }

    /// The variable's text as inline TOML.
    fn inline(&mut self, variable: Variable<'_>, key_path: &KeyPath<'_>) -> Option<Value> {
        match DeValue::parse(variable.value.trim()) {
            Ok(value) => Some(Node::from_toml(&value, variable.span.source).value),
            Err(error) => {
                let message = format!("`{key_path}` is not TOML: {}", error.message());
                let help = "tables are written as `{ key = \"value\" }`, arrays as `[…]`; single \
                            keys are set with `__` between levels";
                self.error(ProblemKind::Syntax, variable.span, key_path, message, help);
                None
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Variable<'v> {
    span: Span,
    name: &'v str,
    value: &'v str,
}

impl Variable<'_> {
    fn text(self, text: &str) -> Node {
        Node { value: Value::Text(text.to_owned()), span: self.span }
    }

    /// `{ env = … }` naming this variable, so that the secret itself never enters the tree.
    fn reference(self) -> Table {
        Table::from([("env".to_owned(), Entry { key_span: self.span, node: self.text(self.name) })])
    }
}

/// A table of the layer, and the table of the tree that it is merged into.
struct Level<'t> {
    table: &'t mut Table,
    below: Option<&'t Table>,
}

impl Level<'_> {
    /// The table under a name, created where there is nothing; `None` where there is a value of another type, which the
    /// check reports.
    ///
    /// A table that a file has already keeps its span, because the variable does not set the table itself.
    fn inner(&mut self, name: &str, span: Span) -> Option<Level<'_>> {
        let below = self.below.and_then(|table| table.get(name));
        let inner = match below {
            Some(entry) => Some(entry.node.as_table()?),
            None => None,
        };
        let entry = self.table.entry(name.to_owned()).or_insert_with(|| Entry {
            key_span: below.map_or(span, |entry| entry.key_span),
            node: Node { value: Value::Table(Table::new()), span: below.map_or(span, |entry| entry.node.span) },
        });
        match &mut entry.node.value {
            Value::Table(table) => Some(Level { table, below: inner }),
            _ => None,
        }
    }

    /// The existing names that a part of a variable's name matches: those that are written like it, else those with `-` or
    /// `.` for `_`.
    fn existing_names(&self, part: &str) -> BTreeSet<&str> {
        let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '.'], "_");
        let wanted = plain(part);
        let below = self.below.into_iter().flat_map(Table::keys);
        let mut names: BTreeSet<&str> = below.chain(self.table.keys()).map(String::as_str).collect();
        names.retain(|name| plain(name) == wanted);
        if names.iter().any(|name| name.eq_ignore_ascii_case(part)) {
            names.retain(|name| name.eq_ignore_ascii_case(part));
        }
        names
    }
}

/// `SWITCHBOARD_SERVER__LISTEN` for `server_listen`; only where there is such a key.
fn single_underscore(name: &str, section: &Section) -> Option<String> {
    Some(format!("switchboard_{}", with_levels(name, section)?).to_ascii_uppercase())
}

/// `server__tls__cert` for `server_tls_cert`. A name that operators give may have underscores; the shortest is taken.
fn with_levels(name: &str, section: &Section) -> Option<String> {
    if section.key(name).is_some() {
        return Some(name.to_owned());
    }
    section.keys.iter().find_map(|key| {
        let rest = name.strip_prefix(key.name)?.strip_prefix('_')?;
        let below = match &key.kind {
            Kind::Table(section) => with_levels(rest, section)?,
            Kind::Named(_, section) => rest.match_indices('_').find_map(|(at, _)| {
                let (named, rest) = rest.split_at_checked(at)?;
                Some(format!("{named}__{}", with_levels(rest.strip_prefix('_')?, section)?))
            })?,
            _ => return None,
        };
        Some(format!("{}__{below}", key.name))
    })
}

/// The variables that `{ env = "…" }` refers to: secrets, even where their names look like keys.
fn references(tree: &Table, environment: &Environment) -> BTreeSet<String> {
    fn collect(table: &Table, found: &mut BTreeSet<String>) {
        for (name, entry) in table {
            match &entry.node.value {
                Value::Table(inner) => collect(inner, found),
                Value::List(list) => list.iter().filter_map(Node::as_table).for_each(|inner| collect(inner, found)),
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
