//! The state of one load: its sources, the files that it reads and the problems that it finds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use vendors::Dialect;

use super::problem::{Diagnostic, ProblemKind};
use crate::config::load::assistants_file::AssistantsFile;
use crate::config::load::bounded_file::BoundedFile;
use crate::config::load::environment::Environment;
use crate::config::load::source::{Sources, Span};
use crate::config::load::text;
use crate::config::load::watched_file::{FileState, WatchedFile};

/// The size limit of each file in bytes; without it a device file would fill the memory.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Spare capacity beyond the length of a file, in which reading finds its end without growing the buffer.
const SPARE_CAPACITY: usize = 64;

/// The state of one load.
pub(crate) struct Validator<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) sources: Sources,
    /// The names that references to vendors are checked against, with the dialects, as far as they are known.
    pub(crate) vendors: BTreeMap<String, Option<&'static Dialect>>,
    /// The names that references to clients are checked against.
    pub(crate) clients: BTreeSet<String>,
    /// The files of `routing.assistants_files`, with how many assistants each holds.
    pub(crate) assistants_files: Vec<AssistantsFile>,
    files: BTreeMap<PathBuf, Option<FileState>>,
    /// Where `server.admin_listen` is, for the section that says who may use it.
    pub(crate) admin_listen_span: Span,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Validator<'a> {
    pub(crate) fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            sources: Sources::new(),
            vendors: BTreeMap::new(),
            clients: BTreeSet::new(),
            assistants_files: Vec::new(),
            files: BTreeMap::new(),
            admin_listen_span: Sources::NOWHERE,
            diagnostics: Vec::new(),
        }
    }

    /// The dialect of a configured vendor, if it is known.
    pub(crate) fn dialect_of(&self, vendor: &str) -> Option<&'static Dialect> {
        self.vendors.get(vendor).copied().flatten()
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// An error that needs no more than its parts.
    pub(crate) fn error(
        &mut self,
        kind: ProblemKind,
        span: Span,
        key: impl Display,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(Diagnostic::error(kind, span, key, message).help(help));
    }

    /// A warning that needs no more than its parts.
    pub(crate) fn warn(
        &mut self,
        kind: ProblemKind,
        span: Span,
        key: impl Display,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(Diagnostic::warning(kind, span, key, message).help(help));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// How many problems are found so far.
    pub(crate) fn problem_count(&self) -> usize {
        self.diagnostics.len()
    }

    /// The diagnostics, the sources that they point into, and the files that were read.
    pub(crate) fn finish(self) -> (Vec<Diagnostic>, Sources, Vec<WatchedFile>) {
        let files = self.files.into_iter().map(|(path, state)| WatchedFile::new(path, state));
        (self.diagnostics, self.sources, files.collect())
    }

    /// Resolves a path against the folder of the file it is written in.
    pub(crate) fn resolve(&self, span: Span, path: &str) -> PathBuf {
        self.sources.folder(span).join(path)
    }

    /// Whether the path was read or looked at already.
    pub(crate) fn has_read(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    /// Adds a path to the watched files, in its present state.
    pub(crate) fn watch(&mut self, path: &Path) {
        self.record_state(path, FileState::now(path));
    }

    /// Reads a whole text file of bounded size, and has it watched from the state in which it was opened. Every file
    /// may be a secret or hold one by mistake, so its text is wiped, and does not grow, which would leave copies.
    pub(crate) fn read(&mut self, path: &Path) -> io::Result<Zeroizing<String>> {
        let file = BoundedFile::open(path);
        let opened = file.as_ref().ok().and_then(|file| file.metadata().ok());
        self.record_state(
            path,
            opened.as_ref().map_or_else(|| FileState::now(path), |metadata| Some(FileState::of(metadata))),
        );
        let length = opened.map_or(0, |metadata| metadata.len().min(MAX_FILE_BYTES));
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + SPARE_CAPACITY));
        let mut file = file?.take(MAX_FILE_BYTES + 1);
        file.read_to_end(&mut bytes)?;
        if file.limit() == 0 {
            return Err(io::Error::other("the file is larger than 64 MiB"));
        }
        text::decode(std::mem::take(&mut *bytes))
    }

    /// The first state counts: a file that changed before it was read again has changed.
    fn record_state(&mut self, path: &Path, state: Option<FileState>) {
        self.files.entry(path.to_owned()).or_insert(state);
    }

    /// Reads the UTF-8 file that a key names, and reports it where that cannot be done.
    pub(crate) fn read_file(
        &mut self,
        span: Span,
        key: impl Display,
        path: &str,
    ) -> Option<(PathBuf, Zeroizing<String>)> {
        let path = self.resolve(span, path);
        match self.read(&path) {
            Ok(text) => Some((path, text)),
            Err(error) => {
                let message = format!("cannot read `{}` for `{key}`: {error}", path.display());
                let missing = "the file has to exist and be readable by the user the gateway runs as; \
                               a relative path starts from the folder of the file it stands in";
                let help = text::help(&error, missing);
                self.error(ProblemKind::UnreadableFile, span, key, message, help);
                None
            }
        }
    }
}
