//! `[store]`: what outlives the process; beside it `[cluster]`, `[queue]`, `[idempotency]` and `[journal]`, which need it.

pub(crate) mod cluster;
pub(crate) mod idempotency;
pub(crate) mod journal;
pub(crate) mod postgres;
pub(crate) mod queue;

use std::path::{Path, PathBuf};

use serde::Serialize;
use strum::{EnumString, VariantNames};
use vendors::nearest;

use crate::config::load::output_path::{is_same, made_folder_file};
use crate::config::load::source::Span;
use crate::config::types::encryption_key::EncryptionKey;
use crate::config::validate::key_path::KeyPath;
use crate::config::validate::problem::{Diagnostic, ProblemKind};
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

use postgres::PostgresStore;

/// The default of `path`.
const PATH: &str = "data/switchboard.db";

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("kind", Kind::Store, "Where records are kept: `sqlite`, a file for one process, or `postgres`, a database for any number of replicas.").required(),
    Key::new("path", Kind::Path, "The database of `sqlite`. Its folder is made, and only the gateway's user may open it."),
    Key::new(
        "encryption_key",
        Kind::OneOrMore(&Kind::Secret),
        "The key that bodies and answers are encrypted with, from `switchboard keygen --store`; a list, newest first, while keys are rotated; required for `postgres`, and without it `sqlite` makes a key file beside the database.",
    ),
    Key::new(
        "sync_intent",
        Kind::Flag,
        "Stores plain synchronous updates before they are sent, too, so that a crash leaves none without a record; `postgres` always does.",
    ),
    Key::new("postgres", Kind::Table(&postgres::SECTION), "The database of `postgres`."),
]);

/// The kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StoreKind {
    /// A file for one process.
    Sqlite,
    /// A database for any number of replicas.
    Postgres,
}

/// The store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Store {
    /// Its kind.
    pub kind: StoreKind,
    /// The database of [`StoreKind::Sqlite`]. The folder above its own exists.
    pub path: Option<PathBuf>,
    /// The keys that bodies and answers are encrypted with, newest first; empty if the store makes one itself.
    pub encryption_key: Vec<EncryptionKey>,
    /// Whether plain synchronous updates are stored before they are sent.
    pub sync_intent: bool,
    /// The database of [`StoreKind::Postgres`].
    pub postgres: Option<PostgresStore>,
}

impl Store {
    /// `None` where there is no such section, or its kind or path is wrong, which is reported; `logs` are the other files
    /// that the gateway writes, with their keys.
    pub(crate) fn read(
        reader: &TableReader<'_>,
        logs: &[(&str, Option<&PathBuf>)],
        validator: &mut Validator<'_>,
    ) -> Option<Self> {
        let reader = reader.present()?;
        let kind = reader.word("kind");
        let encryption_key = reader.secrets("encryption_key", validator);
        report_repeated_keys(&reader, &encryption_key, validator);
        if kind.is_none()
            && let Some(database) = reader.table("postgres").present()
        {
            // Which kind is meant is not known; what is wrong with the database is listed all the same.
            PostgresStore::read(&database, validator);
        }
        let store = Self { kind: kind?, path: None, encryption_key, sync_intent: false, postgres: None };
        match store.kind {
            StoreKind::Sqlite => store.read_sqlite(&reader, logs, validator),
            StoreKind::Postgres => store.read_postgres(&reader, validator),
        }
    }

    fn read_sqlite(
        mut self,
        reader: &TableReader<'_>,
        logs: &[(&str, Option<&PathBuf>)],
        validator: &mut Validator<'_>,
    ) -> Option<Self> {
        report_other_kind(reader, &["postgres"], "postgres", "", validator);
        let path = made_folder_file(reader, "path", PATH, validator)?;
        if is_other_file(&path, reader, logs, validator) {
            return None;
        }
        self.path = Some(path);
        self.sync_intent = reader.flag("sync_intent").unwrap_or_default();
        Some(self)
    }

    fn read_postgres(mut self, reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Option<Self> {
        let always = "; `postgres` stores every change before it is sent";
        report_other_kind(reader, &["path", "sync_intent"], "sqlite", always, validator);
        if reader.node("encryption_key").is_none() {
            let help = "`switchboard keygen --store` makes a key, which all replicas need";
            lacks(reader, "encryption_key", help, validator);
        }
        if reader.node("postgres").is_none() {
            lacks(reader, "postgres", "add `[store.postgres]` with a `url`", validator);
        }
        self.postgres = PostgresStore::read(&reader.table("postgres"), validator);
        self.postgres.is_some().then_some(self)
    }
}

/// Reports keys that the other kind of store has.
fn report_other_kind(reader: &TableReader<'_>, names: &[&str], other: &str, why: &str, validator: &mut Validator<'_>) {
    for name in names.iter().filter(|name| reader.node(name).is_some()) {
        let why = if *name == "sync_intent" { why } else { "" };
        let wrong = format!("belongs to `kind = \"{other}\"`{why}");
        let help = format!("take it out, or write `kind = \"{other}\"`");
        validator.report(reader.error(name, ProblemKind::Conflict, wrong).help(help));
    }
}

/// Reports a key that this kind of store needs.
fn lacks(reader: &TableReader<'_>, name: &str, help: &str, validator: &mut Validator<'_>) {
    let message = format!("`{}` lacks `{name}`, which `kind = \"postgres\"` needs", reader.key_path);
    validator.error(ProblemKind::MissingKey, reader.own_span(), reader.key_path, message, help);
}

/// Reports a kind that there is not.
pub(crate) fn check_kind(text: &str, span: Span, key_path: &KeyPath<'_>, validator: &mut Validator<'_>) {
    if StoreKind::VARIANTS.contains(&text) {
        return;
    }
    let message = format!("`{key_path}` cannot be \"{text}\"");
    let diagnostic = Diagnostic::error(ProblemKind::BadValue, span, key_path, message);
    let kinds = "write \"sqlite\", which serves one process, or \"postgres\", which serves any number";
    validator.report(match text {
        "postgresql" => diagnostic.help("write \"postgres\""),
        "memory" => diagnostic.help("leave `[store]` out instead"),
        _ => diagnostic.nearest(nearest(text, StoreKind::VARIANTS.iter().copied()), kinds),
    });
}

/// Two that are the same are most likely a copy of which one was to be replaced.
fn report_repeated_keys(reader: &TableReader<'_>, keys: &[EncryptionKey], validator: &mut Validator<'_>) {
    let repeats = keys.iter().enumerate().any(|(index, key)| keys[..index].contains(key));
    if repeats {
        let diagnostic = reader.error("encryption_key", ProblemKind::Duplicate, "lists one key twice");
        validator.report(diagnostic.help("list each key once, the newest first").secret());
    }
}

fn is_other_file(
    path: &Path,
    reader: &TableReader<'_>,
    logs: &[(&str, Option<&PathBuf>)],
    validator: &mut Validator<'_>,
) -> bool {
    let same = logs.iter().find(|(_, log)| log.is_some_and(|log| is_same(path, log)));
    let Some((key, _)) = same else { return false };
    let wrong = format_args!("is the file of `{key}`, too");
    let help = "give the store a file of its own";
    validator.report(reader.error("path", ProblemKind::BadValue, wrong).help(help));
    true
}

/// Warns of a section that only a store gives a meaning.
pub(crate) fn report_unused(reader: &TableReader<'_>, validator: &mut Validator<'_>) {
    let set = reader.entries().filter(|(_, entry)| !validator.sources.is_default(entry.key_span));
    let Some(first) = set.map(|(_, entry)| entry.key_span).min() else { return };
    let message = format!("`[{}]` has no effect without `[store]`", reader.key_path);
    validator.warn(ProblemKind::Unused, first, reader.key_path, message, ADD_STORE);
}

/// Warns of `[cluster]` where no replicas share a store.
pub(crate) fn report_alone(reader: &TableReader<'_>, validator: &mut Validator<'_>) {
    let set = reader.entries().filter(|(_, entry)| !validator.sources.is_default(entry.key_span));
    let Some(first) = set.map(|(_, entry)| entry.key_span).min() else { return };
    let message = format!("`[{}]` has no effect without a `[store]` that replicas share", reader.key_path);
    let help = "write `kind = \"postgres\"`, or take this out";
    validator.warn(ProblemKind::Unused, first, reader.key_path, message, help);
}

/// What gives a meaning to what needs a store.
pub(crate) const ADD_STORE: &str = "add a `[store]` with `kind = \"sqlite\"`, or take this out";
