//! What one load knows, reads and finds wrong; passed through every section.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use super::problem::{Finding, ProblemKind};
use crate::config::load::bounded_read::Input;
use crate::config::load::environment::Environment;
use crate::config::load::source::{At, Sources};
use crate::config::load::vendor_names::VendorNames;
use crate::config::load::watched::{State, Watched};

/// The most that any one file may hold, in bytes; a device file or a slip would else fill the memory.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// Room beyond a file's length, in which reading finds its end.
const SPARE: usize = 64;

/// The state of one load.
pub(crate) struct Validator<'a> {
    pub(crate) known: &'a VendorNames,
    pub(crate) environment: &'a Environment,
    pub(crate) sources: Sources,
    /// The names that references to vendors and clients are checked against.
    pub(crate) vendors: BTreeSet<String>,
    pub(crate) clients: BTreeSet<String>,
    files: BTreeMap<PathBuf, Option<State>>,
    /// Where `server.admin_listen` is, for the section that says who may use it.
    pub(crate) admin_listen_at: At,
    found: Vec<Finding>,
}

impl<'a> Validator<'a> {
    pub(crate) fn new(environment: &'a Environment, known: &'a VendorNames) -> Self {
        Self {
            known,
            environment,
            sources: Sources::new(),
            vendors: BTreeSet::new(),
            clients: BTreeSet::new(),
            files: BTreeMap::new(),
            admin_listen_at: Sources::NOWHERE,
            found: Vec::new(),
        }
    }

    pub(crate) fn report(&mut self, finding: Finding) {
        self.found.push(finding);
    }

    /// An error that needs no more than its parts.
    pub(crate) fn error(
        &mut self,
        kind: ProblemKind,
        at: At,
        key: impl Display,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(Finding::error(kind, at, key, message).help(help));
    }

    /// A warning that needs no more than its parts.
    pub(crate) fn warn(
        &mut self,
        kind: ProblemKind,
        at: At,
        key: impl Display,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(Finding::warning(kind, at, key, message).help(help));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(Finding::is_error)
    }

    /// Gives up everything found, with the sources to place it in and the files that were touched.
    pub(crate) fn finish(self) -> (Vec<Finding>, Sources, Vec<Watched>) {
        let files = self.files.into_iter().map(|(path, state)| Watched::new(path, state));
        (self.found, self.sources, files.collect())
    }

    /// A path as written at a place, relative to the file it stands in.
    pub(crate) fn resolve(&self, at: At, path: &str) -> PathBuf {
        self.sources.folder(at).join(path)
    }

    /// Whether the path was read or looked at already.
    pub(crate) fn has_read(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    /// Has the path watched from its present state on.
    pub(crate) fn watch(&mut self, path: &Path) {
        self.note(path, State::now(path));
    }

    /// Reads a whole UTF-8 file of bounded size, and has it watched from the state in which it was opened. Every file
    /// may be a secret or hold one by mistake, so its text is wiped, and does not grow, which would leave copies.
    pub(crate) fn read(&mut self, path: &Path) -> io::Result<Zeroizing<String>> {
        let file = Input::open(path);
        let opened = file.as_ref().ok().and_then(|file| file.metadata().ok());
        self.note(path, opened.as_ref().map_or_else(|| State::now(path), |metadata| Some(State::of(metadata))));
        let length = opened.map_or(0, |metadata| metadata.len().min(LARGEST_FILE));
        let mut text = Zeroizing::new(String::with_capacity(usize::try_from(length).unwrap_or(0) + SPARE));
        let mut file = file?.take(LARGEST_FILE + 1);
        file.read_to_string(&mut text)?;
        if file.limit() == 0 {
            return Err(io::Error::other("the file is larger than 64 MiB"));
        }
        Ok(text)
    }

    /// The first state counts: a file that changed before it was read again has changed.
    fn note(&mut self, path: &Path, state: Option<State>) {
        self.files.entry(path.to_owned()).or_insert(state);
    }

    /// Reads the UTF-8 file that a key names, and reports it where that cannot be done.
    pub(crate) fn read_file(&mut self, at: At, key: impl Display, path: &str) -> Option<(PathBuf, Zeroizing<String>)> {
        let path = self.resolve(at, path);
        match self.read(&path) {
            Ok(text) => Some((path, text)),
            Err(error) => {
                let message = format!("cannot read `{}` for `{key}`: {error}", path.display());
                let help = "the file has to exist and be readable by the user the gateway runs as; \
                            a relative path starts from the folder of the file it stands in";
                self.error(ProblemKind::UnreadableFile, at, key, message, help);
                None
            }
        }
    }
}
