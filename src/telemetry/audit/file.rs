//! The audit log's file, and when it is synced to the disk.

use std::io;
use std::path::PathBuf;

use crate::telemetry::append_file::{AppendFile, Rotation};
use crate::telemetry::background_writer::Sink;
use crate::telemetry::settings::{AuditSettings, Fsync};

/// Only the gateway's own user may read it.
const FILE_MODE: u32 = 0o600;

/// The open file and its settings.
pub(in crate::telemetry) struct AuditFile {
    path: PathBuf,
    file: AppendFile,
    fsync: Fsync,
}

impl AuditFile {
    pub(super) fn open(audit: &AuditSettings) -> Result<Self, String> {
        let rotation = Rotation { bytes: audit.rotate_bytes, keep: audit.keep };
        let path = audit.file.clone();
        let file = AppendFile::open(&path, FILE_MODE, Some(rotation));
        let file = file.map_err(|error| format!("audit.file: `{}` cannot be opened: {error}", path.display()))?;
        Ok(Self { path, file, fsync: audit.fsync })
    }
}

impl Sink for AuditFile {
    fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        let any = !lines.is_empty();
        self.file.write(lines)?;
        if any && self.fsync == Fsync::Always { self.file.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.fsync == Fsync::Interval { self.file.sync() } else { Ok(()) }
    }

    fn report(&self, error: Option<&io::Error>) {
        let file = self.path.display();
        match error {
            Some(error) => {
                tracing::error!(%file, %error, "the audit log cannot be written; lines are kept and retried while the buffer has room");
            }
            None => tracing::warn!(%file, "the audit log is written again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::audit::file::*;

    #[test]
    fn each_fsync_policy_syncs_when_it_says() {
        let folder = tempfile::tempdir().unwrap();
        for (fsync, written, synced) in [(Fsync::Never, 0, 0), (Fsync::Interval, 0, 1), (Fsync::Always, 1, 1)] {
            let audit = AuditSettings { file: folder.path().join("audit"), rotate_bytes: 1 << 20, keep: 1, fsync };
            let mut file = AuditFile::open(&audit).unwrap();
            file.write(&mut &b""[..]).unwrap();
            assert_eq!(file.file.syncs.get(), 0, "{fsync:?}: nothing was written");
            file.write(&mut &b"a\n"[..]).unwrap();
            assert_eq!(file.file.syncs.get(), written, "{fsync:?}");
            file.sync().unwrap();
            assert_eq!(file.file.syncs.get(), synced, "{fsync:?}");
        }
    }
}
