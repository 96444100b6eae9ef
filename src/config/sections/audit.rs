//! `[audit]`: the record of who changed what.

use std::path::{Path, PathBuf};

use serde::Serialize;
use strum::VariantNames;

use crate::config::load::output_path::{is_same, output_file};
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::Fsync;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("file", Kind::Path, "Where changes are recorded, as JSON lines; nowhere without this key."),
    Key::new(
        "rotate_bytes",
        Kind::Count { min: 4096, max: 1 << 40 },
        "The length at which the file is renamed to `FILE.1`, and that to `FILE.2`, and a new one is started.",
    ),
    Key::new("keep", Kind::Count { min: 1, max: 1000 }, "How many renamed files are kept."),
    Key::new(
        "fsync",
        Kind::Word(Fsync::VARIANTS),
        "When lines are flushed to disk: when the system decides, every second, or with every write.",
    ),
]);

/// The audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Where it is written; nowhere if `None`.
    pub file: Option<PathBuf>,
    /// The length in bytes at which a new file is started.
    pub rotate_bytes: u64,
    /// How many old files are kept.
    pub keep: u32,
    /// When written lines are flushed to disk.
    pub fsync: Fsync,
}

impl Default for Audit {
    fn default() -> Self {
        Self { file: None, rotate_bytes: 100 * 1024 * 1024, keep: 10, fsync: Fsync::default() }
    }
}

impl Audit {
    /// Reads the section; `log` is the file of the other log, which must differ: rotation would rename both.
    pub(crate) fn read(reader: &TableReader<'_>, log: Option<&Path>, validator: &mut Validator<'_>) -> Self {
        let default = Self::default();
        let file = output_file(reader, "file", validator);
        if let (Some(file), Some(log)) = (&file, log)
            && is_same(file, log)
        {
            let help = "give each log a file of its own";
            validator.report(reader.error("file", ProblemKind::BadValue, "is the file of `log.file`, too").help(help));
        }
        Self {
            file,
            rotate_bytes: reader.count("rotate_bytes").unwrap_or(default.rotate_bytes),
            keep: reader.count("keep").unwrap_or(default.keep),
            fsync: reader.word("fsync").unwrap_or(default.fsync),
        }
    }
}
