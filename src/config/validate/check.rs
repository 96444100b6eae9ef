//! Holds the tree against its shape: unknown and missing keys, types, ranges and dangling names, all in one walk.
//!
//! The sections read only what passed here, so a value that is wrong is reported once.

use std::fmt::Display;

use vendors::nearest;

use super::key_path::KeyPath;
use super::name::{NameRule, is_id};
use super::problem::{Finding, ProblemKind};
use super::root;
use super::shape::{Kind, Section, one_of};
use super::validator::Validator;
use crate::config::load::source::At;
use crate::config::load::tree::{Node, Table, Value};
use crate::config::sections::vendor::vendor_tls::is_server_name;
use crate::config::types::base_url::BaseUrl;
use crate::config::types::digest::KeyDigest;
use crate::config::types::duration;
use crate::config::types::secret;
use crate::value::Glob;

const ID_HELP: &str = "write the vendor's own id of the assistant, such as \"789\"";

impl Validator<'_> {
    /// Checks a table with fixed keys; `at` is where a missing key is reported.
    pub(crate) fn check_section(&mut self, table: &Table, at: At, section: &'static Section, trail: &KeyPath<'_>) {
        let mut meant = Vec::new();
        for (name, entry) in table {
            match section.key(name) {
                Some(key) => self.check(&entry.node, &key.kind, &trail.key(name)),
                None => {
                    self.unknown_key(name, entry.key_at, section, trail);
                    meant.extend(nearest(name, section.names()));
                }
            }
        }
        let missing = |name| !table.contains_key(name) && !meant.contains(&name);
        for key in section.keys {
            if key.required && missing(key.name) {
                let message = format!("`{trail}` lacks `{}`", key.name);
                let help = format!("add `{}`: {}", key.name, key.doc);
                let key = trail.key(key.name);
                self.error(ProblemKind::MissingKey, at, key, message, help);
            }
        }
        self.check_either(table, section, trail);
    }

    pub(crate) fn unknown_key(&mut self, name: &str, at: At, section: &'static Section, trail: &KeyPath<'_>) {
        let key = trail.key(name);
        let finding = Finding::error(ProblemKind::UnknownKey, at, key, format!("unknown key `{key}`"));
        let homes = root::homes(name);
        let otherwise = if homes.is_empty() {
            let names: Vec<String> = section.names().map(|name| format!("`{name}`")).collect();
            format!("the keys here are {}", names.join(", "))
        } else {
            format!("`{name}` belongs in {}", homes.join(" or "))
        };
        self.report(finding.nearest(nearest(name, section.names()), otherwise));
    }

    fn check_either(&mut self, table: &Table, section: &Section, trail: &KeyPath<'_>) {
        let mut set = section.either.iter().filter_map(|&name| table.get(name).map(|entry| (name, entry)));
        if let (Some((first, _)), Some((second, entry))) = (set.next(), set.next()) {
            let message = format!("`{trail}` has both `{first}` and `{second}`");
            let key = trail.key(second);
            let help = "keep one of the two";
            self.error(ProblemKind::Conflict, entry.key_at, key, message, help);
        }
    }

    /// Checks one value against what its key takes.
    pub(crate) fn check(&mut self, node: &Node, kind: &'static Kind, trail: &KeyPath<'_>) {
        match (kind, &node.value) {
            (Kind::Table(section), Value::Table(table)) => {
                self.check_section(table, node.at, section, trail);
            }
            (Kind::Named(rule, section), Value::Table(table)) => {
                for (name, entry) in table {
                    self.check_name(name, entry.key_at, *rule, trail);
                    match entry.node.as_table() {
                        Some(inner) => {
                            self.check_section(inner, entry.key_at, section, &trail.key(name));
                        }
                        None => self.wrong_type(&entry.node, kind, &trail.key(name)),
                    }
                }
            }
            (Kind::Pairs(rule, of), Value::Table(table)) => {
                for (name, entry) in table {
                    self.check_name(name, entry.key_at, *rule, trail);
                    self.check(&entry.node, of, &trail.key(name));
                }
            }
            (Kind::Rows(section), Value::List(rows)) => {
                for (index, row) in rows.iter().enumerate() {
                    match row.as_table() {
                        Some(table) => {
                            self.check_section(table, row.at, section, &trail.index(index));
                        }
                        None => self.wrong_type(row, &Kind::Table(section), &trail.index(index)),
                    }
                }
            }
            (Kind::List { of, .. } | Kind::OneOrMore(of), Value::List(list)) => {
                if list.is_empty() && !matches!(kind, Kind::List { empty: true, .. }) {
                    let help = "leave the key out, or name at least one";
                    self.bad_value(node.at, trail, "must not be empty", help);
                }
                for (index, element) in list.iter().enumerate() {
                    self.check(element, of, &trail.index(index));
                }
            }
            (Kind::OneOrMore(of), _) => self.check(node, of, trail),
            (Kind::Secret, _) => self.check_secret(node, trail),
            _ => self.check_plain(node, kind, trail),
        }
    }

    fn check_name(&mut self, name: &str, at: At, rule: NameRule, trail: &KeyPath<'_>) {
        let key = trail.key(name);
        if rule == NameRule::Field {
            let fields = self.known.fields;
            if !fields.contains(&name) {
                let message = format!("`{key}` is not a canonical field");
                let finding = Finding::error(ProblemKind::UnknownName, at, key, message);
                let all = "`switchboard coverage` lists all fields";
                self.report(finding.nearest(nearest(name, fields.iter().copied()), all));
            }
        } else if !rule.allows(name) {
            let message = format!("`{name}` cannot be {}", rule.noun());
            let help = format!("it has to match {}", rule.pattern());
            self.error(ProblemKind::BadValue, at, key, message, help);
        }
    }

    fn check_secret(&mut self, node: &Node, trail: &KeyPath<'_>) {
        match &node.value {
            Value::Table(table) => {
                self.check_section(table, node.at, &secret::SECTION, trail);
                if table.is_empty() {
                    let message = format!("`{trail}` says neither `env` nor `file`");
                    let help = format!("write {}", Kind::Secret.expected());
                    self.error(ProblemKind::MissingKey, node.at, trail, message, help);
                }
            }
            Value::Text(_) if self.sources.is_variable(node.at) => {}
            Value::Text(_) => {
                let message = format!("`{trail}` holds the secret itself");
                let help = "keep secrets out of the file: write `{ env = \"NAME\" }` to read an \
                            environment variable, or `{ file = \"PATH\" }` to read a file";
                let finding = Finding::error(ProblemKind::BadSecret, node.at, trail, message);
                self.report(finding.help(help).secret());
            }
            _ => {
                let message = mismatch(trail, &Kind::Secret, node);
                let finding = Finding::error(ProblemKind::WrongType, node.at, trail, message);
                self.report(finding.secret());
            }
        }
    }

    /// Checks a value that is no table and no list.
    fn check_plain(&mut self, node: &Node, kind: &'static Kind, trail: &KeyPath<'_>) {
        match (kind, &node.value) {
            (Kind::Flag, Value::Flag(_)) => {}
            (Kind::Count { min, max }, Value::Integer(number)) => {
                if !u64::try_from(*number).is_ok_and(|number| (*min..=*max).contains(&number)) {
                    let wrong = format!("must be {}, not {number}", kind.expected());
                    self.report(bad_value(node.at, trail, &wrong));
                }
            }
            (Kind::Ratio { .. }, Value::Float(number)) => self.check_ratio(node, (*number, kind), trail),
            (Kind::Ratio { .. }, Value::Integer(number)) => {
                // Only 0 and 1 matter here, and both are exact.
                let ratio = match number {
                    0 => 0.0,
                    1 => 1.0,
                    _ => -1.0,
                };
                self.check_ratio(node, (ratio, kind), trail);
            }
            (Kind::Id, Value::Integer(1..)) => {}
            (Kind::Id, Value::Integer(0)) => self.padded_id(node.at, trail, "0"),
            (Kind::Id, Value::Integer(number)) => self.bad_id(node.at, trail, number),
            (_, Value::Text(text)) if kind.is_text() => self.check_text(node, text, kind, trail),
            _ => self.wrong_type(node, kind, trail),
        }
    }

    fn check_ratio(&mut self, node: &Node, (ratio, kind): (f64, &Kind), trail: &KeyPath<'_>) {
        let enough = ratio > 0.0 || ratio == 0.0 && matches!(kind, Kind::Ratio { zero: true });
        if !(enough && ratio <= 1.0) {
            let wrong = format!("must be {}", kind.expected());
            self.report(bad_value(node.at, trail, &wrong));
        }
    }

    fn check_text(&mut self, node: &Node, text: &str, kind: &Kind, trail: &KeyPath<'_>) {
        let at = node.at;
        match kind {
            Kind::Duration { zero } => match duration::parse(text) {
                Ok(length) if length.is_zero() && !zero => {
                    let help = format!("write {}", kind.expected());
                    self.bad_value(at, trail, "must be longer than zero", &help);
                }
                Ok(_) => {}
                Err(wrong) => {
                    let help = match wrong {
                        "has no unit" => format!("did you mean \"{text}s\"?"),
                        _ => format!("write {}", kind.expected()),
                    };
                    self.bad_value(at, trail, &format!("{wrong}: \"{text}\""), &help);
                }
            },
            Kind::Address if text.parse::<std::net::SocketAddr>().is_err() => {
                let wrong = format!("is not an address to listen on: \"{text}\"");
                self.bad_value(at, trail, &wrong, &format!("write {}", kind.expected()));
            }
            Kind::Url => {
                if let Err(wrong) = BaseUrl::parse(text) {
                    let help = format!("write {}", kind.expected());
                    let finding = bad_value(at, trail, wrong).help(help);
                    // A password or a key in a query stays out of the message.
                    self.report(if text.contains(['@', '?']) { finding.secret() } else { finding });
                }
            }
            Kind::ServerName if !is_server_name(text) => {
                let help = format!("write {}, without a port", kind.expected());
                self.bad_value(at, trail, &format!("is not the name of a server: \"{text}\""), &help);
            }
            Kind::Word(words) if !words.contains(&text) => {
                let message = format!("`{trail}` cannot be \"{text}\"");
                let finding = Finding::error(ProblemKind::BadValue, at, trail, message);
                let otherwise = format!("write {}", one_of(words));
                self.report(finding.nearest(nearest(text, words.iter().copied()), otherwise));
            }
            Kind::Dialect => self.check_dialect(text, at, trail),
            Kind::Vendor => self.check_vendor(text, at, trail),
            Kind::ClientGlob => self.check_client(text, at, trail),
            Kind::Id if is_padded(text) => self.padded_id(at, trail, text),
            Kind::Id if !is_id(text) => self.bad_id(at, trail, format_args!("\"{text}\"")),
            Kind::Digest if KeyDigest::from_hex(text).is_none() => {
                let help = "`switchboard keygen CLIENT` makes a key and prints this line";
                // Most likely it is the key itself.
                self.report(bad_value(at, trail, "is not 64 hexadecimal digits").help(help).secret());
            }
            Kind::Text | Kind::Path if text.trim().is_empty() => {
                self.bad_value(at, trail, "must not be empty", "leave the key out instead");
            }
            _ => {}
        }
    }

    /// Reports a dialect that no vendor speaks.
    pub(crate) fn check_dialect(&mut self, dialect: &str, at: At, trail: &KeyPath<'_>) {
        let dialects = self.known.dialects;
        if !dialects.contains(&dialect) {
            let message = format!("`{trail}`: there is no dialect \"{dialect}\"");
            let finding = Finding::error(ProblemKind::UnknownName, at, trail, message);
            let otherwise = format!("the dialects are {}", one_of(dialects));
            self.report(finding.nearest(nearest(dialect, dialects.iter().copied()), otherwise));
        }
    }

    fn check_vendor(&mut self, name: &str, at: At, trail: &KeyPath<'_>) {
        if self.vendors.contains(name) {
            return;
        }
        let message = format!("`{trail}` names the vendor \"{name}\", which is not configured");
        let names = self.vendors.iter().map(String::as_str);
        let finding = Finding::error(ProblemKind::UnknownName, at, trail, message)
            .nearest(nearest(name, names), format!("add a `[vendors.{name}]` table, or name one of those there are"));
        self.report(finding);
    }

    fn check_client(&mut self, pattern: &str, at: At, trail: &KeyPath<'_>) {
        let glob = Glob::new(pattern);
        if self.clients.contains(pattern) {
            return;
        }
        if !glob.is_literal() {
            if !glob.matches_all() && !self.clients.iter().any(|client| glob.matches(client)) {
                let message = format!("`{trail}` matches no client");
                let help = "the rule never applies";
                self.warn(ProblemKind::Unused, at, trail, message, help);
            }
            return;
        }
        let message = format!("`{trail}` names the client \"{pattern}\", which is not configured");
        let names = self.clients.iter().map(String::as_str);
        let finding = Finding::error(ProblemKind::UnknownName, at, trail, message).nearest(
            nearest(pattern, names),
            format!("add a `[clients.{pattern}]` table, or name one of those there are"),
        );
        self.report(finding);
    }

    fn bad_id(&mut self, at: At, trail: &KeyPath<'_>, given: impl Display) {
        self.bad_value(at, trail, &format!("must be digits, not {given}"), ID_HELP);
    }

    fn padded_id(&mut self, at: At, trail: &KeyPath<'_>, given: &str) {
        let wrong = format!("must not start with a zero: \"{given}\"");
        match given.trim_start_matches('0') {
            "" => self.bad_value(at, trail, &wrong, ID_HELP),
            id => self.bad_value(at, trail, &wrong, &format!("write it without the zeros: \"{id}\"")),
        }
    }

    fn bad_value(&mut self, at: At, trail: &KeyPath<'_>, wrong: &str, help: &str) {
        self.report(bad_value(at, trail, wrong).help(help));
    }

    pub(crate) fn wrong_type(&mut self, node: &Node, kind: &Kind, trail: &KeyPath<'_>) {
        let finding = Finding::error(ProblemKind::WrongType, node.at, trail, mismatch(trail, kind, node));
        self.report(match (&node.value, kind) {
            (Value::Integer(number), Kind::Duration { .. }) => finding.help(format!("did you mean \"{number}s\"?")),
            (Value::Text(text), Kind::Count { .. } | Kind::Flag | Kind::Ratio { .. })
                if text.parse::<f64>().is_ok() || matches!(text.as_str(), "true" | "false") =>
            {
                finding.help(format!("write it without quotes: {text}"))
            }
            _ => finding,
        });
    }
}

/// Whether the text would be an id without the zeros before it, or is nothing but zeros.
fn is_padded(text: &str) -> bool {
    text.strip_prefix('0').map(|rest| rest.trim_start_matches('0')).is_some_and(|rest| rest.is_empty() || is_id(rest))
}

fn bad_value(at: At, trail: &KeyPath<'_>, wrong: &str) -> Finding {
    Finding::error(ProblemKind::BadValue, at, trail, format!("`{trail}` {wrong}"))
}

fn mismatch(trail: &KeyPath<'_>, kind: &Kind, node: &Node) -> String {
    format!("`{trail}` must be {}, not {}", kind.expected(), node.type_name())
}
