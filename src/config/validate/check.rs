//! Checks the tree against the schema in one walk: unknown and missing keys, types, ranges and dangling names.
//!
//! The sections read only values that passed, so that a wrong value is reported once.

use vendors::nearest;

use super::key_path::KeyPath;
use super::name::{NameRule, dialects, fields};
use super::problem::{Diagnostic, ProblemKind};
use super::rewritten::{default_unit, rewritten};
use super::root;
use super::shape::{Kind, Section, one_of};
use super::validator::Validator;
use crate::config::load::source::Span;
use crate::config::load::tree::{Entry, Node, Table, Value};
use crate::config::sections::store;
use crate::config::sections::vendor::vendor_tls::is_server_name;
use crate::config::types::base_url::BaseUrl;
use crate::config::types::digest::KeyDigest;
use crate::config::types::duration;
use crate::config::types::endpoint::Endpoint;
use crate::config::types::secret;
use crate::value::Glob;

impl Validator<'_> {
    /// Checks a table with fixed keys; `at` is where a missing key is reported.
    pub(crate) fn check_section(
        &mut self,
        table: &Table,
        span: Span,
        section: &'static Section,
        key_path: &KeyPath<'_>,
    ) {
        let mut meant = Vec::new();
        for (name, entry) in table {
            match section.key(name) {
                Some(key) => self.check(&entry.node, &key.kind, &key_path.key(name)),
                None => {
                    self.unknown_key(name, entry.key_span, section, key_path);
                    meant.extend(nearest(name, section.names()));
                }
            }
        }
        let missing = |name| !table.contains_key(name) && !meant.contains(&name);
        for key in section.keys {
            if key.required && missing(key.name) {
                let message = format!("`{key_path}` lacks `{}`", key.name);
                let help = format!("add `{}`: {}", key.name, key.doc);
                let key = key_path.key(key.name);
                self.error(ProblemKind::MissingKey, span, key, message, help);
            }
        }
        self.check_either(table, section, key_path);
    }

    pub(crate) fn unknown_key(&mut self, name: &str, span: Span, section: &'static Section, key_path: &KeyPath<'_>) {
        let key = key_path.key(name);
        let diagnostic = Diagnostic::error(ProblemKind::UnknownKey, span, key, format!("unknown key `{key}`"));
        // Where a reference or a rate is written, another section is hardly meant.
        let homes = if section.either.is_empty() { root::homes(name) } else { Vec::new() };
        let otherwise = if homes.is_empty() {
            let names: Vec<String> = section.names().map(|name| format!("`{name}`")).collect();
            format!("the keys here are {}", names.join(", "))
        } else {
            format!("`{name}` belongs in {}", homes.join(" or "))
        };
        self.report(diagnostic.nearest(nearest(name, section.names()), otherwise));
    }

    fn check_either(&mut self, table: &Table, section: &Section, key_path: &KeyPath<'_>) {
        let mut set = section.either.iter().filter_map(|&name| table.get(name).map(|entry| (name, entry)));
        if let (Some((first, _)), Some((second, entry))) = (set.next(), set.next()) {
            let message = format!("`{key_path}` has both `{first}` and `{second}`");
            let key = key_path.key(second);
            let help = "keep one of the two";
            self.error(ProblemKind::Conflict, entry.key_span, key, message, help);
        }
    }

    /// Checks one value against what its key takes.
    pub(crate) fn check(&mut self, node: &Node, kind: &'static Kind, key_path: &KeyPath<'_>) {
        match (kind, &node.value) {
            (Kind::Table(section), Value::Table(table)) => {
                self.check_section(table, node.span, section, key_path);
            }
            (Kind::Named(rule, section), Value::Table(table)) => {
                for (name, entry) in table {
                    self.check_name(name, entry.key_span, *rule, key_path);
                    match entry.node.as_table() {
                        Some(inner) if self.reports_dots(name, inner, section, *rule, key_path) => {}
                        Some(inner) => {
                            self.check_section(inner, entry.key_span, section, &key_path.key(name));
                        }
                        None => self.wrong_type(&entry.node, &Kind::Table(section), &key_path.key(name)),
                    }
                }
            }
            (Kind::Pairs(rule, of), Value::Table(table)) => {
                let has_texts = || self.dialect_of(key_path.named()).is_some_and(|dialect| dialect.ids.is_text());
                let rule = if *rule == NameRule::CatalogId && has_texts() { NameRule::CatalogText } else { *rule };
                for (name, entry) in table {
                    if rule == NameRule::CatalogId && self.reports_swapped(name, entry, key_path) {
                        continue;
                    }
                    self.check_name(name, entry.key_span, rule, key_path);
                    self.check(&entry.node, of, &key_path.key(name));
                }
            }
            (Kind::Rows(section), Value::List(rows)) => {
                for (index, row) in rows.iter().enumerate() {
                    match row.as_table() {
                        Some(table) => {
                            self.check_section(table, row.span, section, &key_path.index(index));
                        }
                        None => self.wrong_type(row, &Kind::Table(section), &key_path.index(index)),
                    }
                }
            }
            (Kind::List { of, .. } | Kind::OneOrMore(of), Value::List(list)) => {
                if list.is_empty() && !matches!(kind, Kind::List { empty: true, .. }) {
                    let help = "leave the key out, or name at least one";
                    self.bad_value(node.span, key_path, "must not be empty", help);
                }
                for (index, element) in list.iter().enumerate() {
                    self.check(element, of, &key_path.index(index));
                }
            }
            (Kind::OneOrMore(of), _) => self.check(node, of, key_path),
            (Kind::Secret, _) => self.check_secret(node, key_path),
            _ => self.check_plain(node, kind, key_path),
        }
    }

    fn check_name(&mut self, name: &str, span: Span, rule: NameRule, key_path: &KeyPath<'_>) {
        let key = key_path.key(name);
        if rule == NameRule::Field {
            if fields().all(|field| field != name) {
                let message = format!("`{key}` is not a canonical field");
                let diagnostic = Diagnostic::error(ProblemKind::UnknownName, span, key, message);
                let all = "`switchboard coverage` lists all fields";
                self.report(diagnostic.nearest(nearest(name, fields()), all));
            }
        } else if !rule.allows(name) {
            let message = format!("`{name}` cannot be {}", rule.noun());
            let help = match rule.allowed_form(name) {
                Some(meant) => format!("did you mean `{meant}`? {}", rule.words()),
                None => rule.words(),
            };
            self.error(ProblemKind::BadValue, span, key, message, help);
        }
    }

    /// Reports names with dots that TOML has taken for tables in tables, as in `[assistants.sales.bot]`.
    fn reports_dots(
        &mut self,
        name: &str,
        inner: &Table,
        section: &Section,
        rule: NameRule,
        key_path: &KeyPath<'_>,
    ) -> bool {
        let is_part = |(key, entry): (&String, &Entry)| section.key(key).is_none() && entry.node.as_table().is_some();
        if inner.is_empty() || !inner.iter().all(is_part) {
            return false;
        }
        for (rest, entry) in inner {
            let dotted = format!("{name}.{rest}");
            let message = format!("`{key_path}.{dotted}` is a table in a table");
            let help = match rule.allows(&dotted) {
                true => format!("if the name is `{dotted}`, quote the dot: `[{key_path}.\"{dotted}\"]`"),
                false => format!("write a name without a dot, such as `[{key_path}.{name}-{rest}]`"),
            };
            self.error(ProblemKind::UnknownKey, entry.key_span, key_path.key(&dotted), message, help);
        }
        true
    }

    /// Reports an entry of a catalog whose name stands where the id belongs.
    fn reports_swapped(&mut self, name: &str, entry: &Entry, key_path: &KeyPath<'_>) -> bool {
        let id = match &entry.node.value {
            Value::Integer(id) => id.to_string(),
            Value::Text(text) => text.clone(),
            _ => return false,
        };
        let rule = NameRule::CatalogId;
        if rule.allows(name) || !rule.allows(&id) {
            return false;
        }
        let message = format!("`{name}` stands where {} belongs", rule.noun());
        let help = format!("write the id first: \"{id}\" = {name:?}");
        self.error(ProblemKind::BadValue, entry.key_span, key_path.key(name), message, help);
        true
    }

    fn check_secret(&mut self, node: &Node, key_path: &KeyPath<'_>) {
        match &node.value {
            Value::Table(table) => {
                self.check_section(table, node.span, &secret::SECTION, key_path);
                if table.is_empty() {
                    let message = format!("`{key_path}` says neither `env` nor `file`");
                    let help = format!("write {}", Kind::Secret.expected());
                    self.error(ProblemKind::MissingKey, node.span, key_path, message, help);
                }
            }
            Value::Text(_) if self.sources.is_variable(node.span) => {}
            Value::Text(_) => {
                let message = format!("`{key_path}` holds the secret itself");
                let help = "keep secrets out of the file: write `{ env = \"NAME\" }` to read an \
                            environment variable, or `{ file = \"PATH\" }` to read a file";
                let diagnostic = Diagnostic::error(ProblemKind::BadSecret, node.span, key_path, message);
                self.report(diagnostic.help(help).secret());
            }
            _ => {
                let message = mismatch(key_path, &Kind::Secret, node);
                let diagnostic = Diagnostic::error(ProblemKind::WrongType, node.span, key_path, message);
                self.report(diagnostic.secret());
            }
        }
    }

    /// Checks a value that is no table and no list.
    fn check_plain(&mut self, node: &Node, kind: &'static Kind, key_path: &KeyPath<'_>) {
        match (kind, &node.value) {
            (Kind::Flag, Value::Flag(_)) => {}
            (Kind::Count { min, max }, Value::Integer(number)) => {
                if !u64::try_from(*number).is_ok_and(|number| (*min..=*max).contains(&number)) {
                    let wrong = format!("must be {}, not {number}", kind.expected());
                    self.report(bad_value(node.span, key_path, &wrong));
                }
            }
            (Kind::Ratio { zero }, Value::Float(_) | Value::Integer(_)) => {
                let valid = |ratio: f64| (0.0..=1.0).contains(&ratio) && (*zero || ratio > 0.0);
                if !node.as_number().is_some_and(valid) {
                    self.report(bad_value(node.span, key_path, &format!("must be {}", kind.expected())));
                }
            }
            // What it may look like depends on the vendor: the section checks it.
            (Kind::Id, Value::Integer(_)) => {}
            (_, Value::Text(text)) if kind.is_text() => self.check_text(node, text, kind, key_path),
            _ => self.wrong_type(node, kind, key_path),
        }
    }

    fn check_text(&mut self, node: &Node, text: &str, kind: &Kind, key_path: &KeyPath<'_>) {
        let span = node.span;
        match kind {
            Kind::Duration { zero } => match duration::parse(text) {
                Ok(length) if length.is_zero() && !zero => {
                    let help = format!("write {}", kind.expected());
                    self.bad_value(span, key_path, "must be longer than zero", &help);
                }
                Ok(_) => {}
                Err(wrong) => {
                    let help = match wrong {
                        "has no unit" => {
                            format!("did you mean \"{}{}\"?", text.trim(), default_unit(key_path))
                        }
                        _ => format!("write {}", kind.expected()),
                    };
                    self.bad_value(span, key_path, &format!("{wrong}: \"{text}\""), &help);
                }
            },
            Kind::Lifetime { max } => {
                if let Err(wrong) = duration::parse_lifetime(text, *max) {
                    let help = match wrong {
                        "has no unit" => format!("did you mean \"{}{}\"?", text.trim(), default_unit(key_path)),
                        _ => format!("write {}", kind.expected()),
                    };
                    self.bad_value(span, key_path, &format!("{wrong}: \"{text}\""), &help);
                }
            }
            Kind::Address if text.parse::<std::net::SocketAddr>().is_err() => {
                let wrong = format!("is not an address to listen on: \"{text}\"");
                self.bad_value(span, key_path, &wrong, &format!("write {}", kind.expected()));
            }
            Kind::Url => {
                if let Err(wrong) = BaseUrl::parse(text) {
                    let help = format!("write {}", kind.expected());
                    let diagnostic = bad_value(span, key_path, wrong).help(help);
                    // A password or a key in a query stays out of the message.
                    self.report(if text.contains(['@', '?']) { diagnostic.secret() } else { diagnostic });
                }
            }
            Kind::Endpoint => {
                if let Err(wrong) = Endpoint::parse(text) {
                    let help = format!("write {}", kind.expected());
                    // The path or query of such a URL is often a secret.
                    self.report(bad_value(span, key_path, wrong).help(help).secret());
                }
            }
            Kind::ServerName if !is_server_name(text) => {
                let help = format!("write {}, without a port", kind.expected());
                self.bad_value(span, key_path, &format!("is not the name of a server: \"{text}\""), &help);
            }
            Kind::Word(words) if !words.contains(&text) => {
                let message = format!("`{key_path}` cannot be \"{text}\"");
                let diagnostic = Diagnostic::error(ProblemKind::BadValue, span, key_path, message);
                let otherwise = format!("write {}", one_of(words.iter().copied()));
                self.report(diagnostic.nearest(nearest(text, words.iter().copied()), otherwise));
            }
            Kind::Store => store::check_kind(text, span, key_path, self),
            Kind::Dialect => self.check_dialect(text, span, key_path),
            Kind::Vendor => self.check_vendor(text, span, key_path),
            Kind::ClientGlob => self.check_client(text, span, key_path),
            Kind::Digest if KeyDigest::from_hex(text).is_none() => {
                let help = "`switchboard keygen CLIENT` makes a key and prints this line";
                // Most likely it is the key itself.
                self.report(bad_value(span, key_path, "is not 64 hexadecimal digits").help(help).secret());
            }
            Kind::Text | Kind::Path if text.contains(char::is_control) => {
                let help = "take the control characters out, such as the line end of another system";
                let diagnostic = bad_value(span, key_path, "holds control characters").help(help);
                self.report(diagnostic.secret());
            }
            Kind::Text | Kind::Path if text.trim().is_empty() => {
                self.bad_value(span, key_path, "must not be empty", "leave the key out instead");
            }
            _ => {}
        }
    }

    /// Reports a dialect that does not exist.
    pub(crate) fn check_dialect(&mut self, dialect: &str, span: Span, key_path: &KeyPath<'_>) {
        if dialects().all(|known| known != dialect) {
            let message = format!("`{key_path}`: there is no dialect \"{dialect}\"");
            let diagnostic = Diagnostic::error(ProblemKind::UnknownName, span, key_path, message);
            let otherwise = format!("the dialects are {}", one_of(dialects()));
            self.report(diagnostic.nearest(nearest(dialect, dialects()), otherwise));
        }
    }

    fn check_vendor(&mut self, name: &str, span: Span, key_path: &KeyPath<'_>) {
        if !self.vendors.contains_key(name) {
            let near = nearest(name, self.vendors.keys().map(String::as_str));
            self.report(unconfigured("vendor", name, span, key_path, near));
        }
    }

    fn check_client(&mut self, pattern: &str, span: Span, key_path: &KeyPath<'_>) {
        let glob = Glob::new(pattern);
        if self.clients.contains(pattern) || glob.matches_all() {
            return;
        }
        if glob.is_literal() {
            let near = nearest(pattern, self.clients.iter().map(String::as_str));
            self.report(unconfigured("client", pattern, span, key_path, near));
        } else if !self.clients.iter().any(|client| glob.matches(client)) {
            let message = format!("`{key_path}` matches no client");
            self.warn(ProblemKind::Unused, span, key_path, message, "the rule never applies");
        }
    }

    fn bad_value(&mut self, span: Span, key_path: &KeyPath<'_>, wrong: &str, help: &str) {
        self.report(bad_value(span, key_path, wrong).help(help));
    }

    pub(crate) fn wrong_type(&mut self, node: &Node, kind: &Kind, key_path: &KeyPath<'_>) {
        let diagnostic = Diagnostic::error(ProblemKind::WrongType, node.span, key_path, mismatch(key_path, kind, node));
        self.report(match rewritten(node, kind, key_path, self.sources.is_variable(node.span)) {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
}

/// A reference to a vendor or client that is not configured.
fn unconfigured(noun: &str, name: &str, span: Span, key_path: &KeyPath<'_>, near: Option<&str>) -> Diagnostic {
    let message = format!("`{key_path}` names the {noun} \"{name}\", which is not configured");
    let otherwise = format!("add a `[{noun}s.{name}]` table, or name one of those there are");
    Diagnostic::error(ProblemKind::UnknownName, span, key_path, message).nearest(near, otherwise)
}

fn bad_value(span: Span, key_path: &KeyPath<'_>, wrong: &str) -> Diagnostic {
    Diagnostic::error(ProblemKind::BadValue, span, key_path, format!("`{key_path}` {wrong}"))
}

fn mismatch(key_path: &KeyPath<'_>, kind: &Kind, node: &Node) -> String {
    format!("`{key_path}` must be {}, not {}", kind.expected(), node.type_name())
}
