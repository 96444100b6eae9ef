//! The audit log's file.

use std::io;
use std::path::PathBuf;

use crate::telemetry::append_file::{Appended, Rotation};
use crate::telemetry::background_writer::{Lines, Sink};
use crate::telemetry::settings::{AuditSettings, Fsync};

/// Only the gateway's own user may read it.
const MODE: u32 = 0o600;

/// The file, and when it is brought to the disk.
pub(in crate::telemetry) struct AuditFile {
    path: PathBuf,
    file: Appended,
    fsync: Fsync,
}

/// The audit log cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("audit.file: `{path}` cannot be opened: {source}")]
pub struct AuditError {
    path: PathBuf,
    source: io::Error,
}

impl AuditFile {
    pub(super) fn open(audit: &AuditSettings) -> Result<Self, AuditError> {
        let rotation = Rotation { bytes: audit.rotate_bytes, keep: audit.keep };
        let path = audit.file.clone();
        let file = Appended::open(&path, MODE, Some(rotation));
        match file {
            Ok(file) => Ok(Self { path, file, fsync: audit.fsync }),
            Err(source) => Err(AuditError { path, source }),
        }
    }

    pub(super) fn lines(self) -> Result<Lines, AuditError> {
        let path = self.path.clone();
        Lines::start("audit", Box::new(self)).map_err(|source| AuditError { path, source })
    }
}

impl Sink for AuditFile {
    fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        let some = !lines.is_empty();
        self.file.write(lines)?;
        if some && self.fsync == Fsync::Always { self.file.sync() } else { Ok(()) }
    }

    fn settle(&mut self) -> io::Result<()> {
        if self.fsync == Fsync::Interval { self.file.sync() } else { Ok(()) }
    }

    fn trouble(&self, error: Option<&io::Error>) {
        let file = self.path.display();
        match error {
            Some(error) => {
                tracing::error!(%file, %error, "the audit log cannot be written; lines are kept while there is room");
            }
            None => tracing::warn!(%file, "the audit log is written again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::audit::file::*;

    #[test]
    fn each_policy_brings_lines_to_the_disk_when_it_says() {
        let folder = tempfile::tempdir().unwrap();
        for (fsync, written, settled) in [(Fsync::Never, 0, 0), (Fsync::Interval, 0, 1), (Fsync::Always, 1, 1)] {
            let audit = AuditSettings { file: folder.path().join("audit"), rotate_bytes: 1 << 20, keep: 1, fsync };
            let mut file = AuditFile::open(&audit).unwrap();
            file.write(&mut &b""[..]).unwrap();
            assert_eq!(file.file.synced.get(), 0, "{fsync:?}: nothing was written");
            file.write(&mut &b"a\n"[..]).unwrap();
            assert_eq!(file.file.synced.get(), written, "{fsync:?}");
            file.settle().unwrap();
            assert_eq!(file.file.synced.get(), settled, "{fsync:?}");
        }
    }
}
