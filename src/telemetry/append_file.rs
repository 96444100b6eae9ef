//! A file that whole lines are appended to. It is rotated by size, and opened again after others renamed or deleted it.
//!
//! Each line is written to exactly one file. A partial write is truncated and retried. Not `tracing-appender` or
//! `file-rotate`: they keep a file that others have renamed, and a line that they wrote in part.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::value::Fsync;

use super::audit::AuditFiles;
use super::background_writer::Sink;

/// Which file, and how it is written.
#[derive(Clone)]
pub(super) struct AppendSettings {
    pub(super) path: PathBuf,
    /// Its permissions.
    pub(super) mode: u32,
    /// The size at which a new file is started.
    pub(super) rotate_bytes: u64,
    /// How many old files are kept as `NAME.1` (the newest), `NAME.2` ...
    pub(super) keep: u32,
    pub(super) fsync: Fsync,
    /// Reports that writing has started to fail, or works again.
    pub(super) report: fn(&Path, Option<&io::Error>),
}

/// An open file.
pub(super) struct AppendFile {
    settings: AppendSettings,
    file: File,
    /// Device and inode of a regular file; `None` for a pipe or device, which cannot be rotated or truncated.
    identity: Option<(u64, u64)>,
    /// Others may append to it as well, or empty it, so it is read again before lines are written.
    size: u64,
    /// The file may end within a line.
    torn: bool,
    /// Something was written that is not synced.
    unsynced: bool,
    #[cfg(test)]
    syncs: std::cell::Cell<u32>,
}

impl AppendFile {
    /// Opens the file that the configuration names at `key`, or creates it.
    ///
    /// # Errors
    /// It cannot be opened for appending.
    pub(super) fn open(key: &str, settings: AppendSettings) -> Result<Self, String> {
        let path = settings.path.clone();
        Self::try_open(settings).map_err(|error| format!("{key}: `{}` cannot be opened: {error}", path.display()))
    }

    /// Where it is, with its old files.
    pub(super) fn files(&self) -> AuditFiles {
        AuditFiles { path: self.settings.path.clone(), keep: self.settings.keep }
    }

    /// Does not wait for a reader of a named pipe.
    fn try_open(settings: AppendSettings) -> io::Result<Self> {
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(settings.mode).custom_flags(nonblocking);
        let file = options.open(&settings.path)?;
        fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
        let metadata = file.metadata()?;
        let identity = metadata.is_file().then(|| (metadata.dev(), metadata.ino()));
        let size = metadata.len();
        let mut last = [0];
        if let Some(at) = size.checked_sub(1) {
            let _unreadable = File::open(&settings.path).and_then(|file| file.read_exact_at(&mut last, at));
        }
        let torn = identity.is_some() && size > 0 && last != *b"\n";
        Ok(Self {
            settings,
            file,
            identity,
            size,
            torn,
            unsynced: false,
            #[cfg(test)]
            syncs: Default::default(),
        })
    }

    /// Syncs what was written since the last time, unless the settings say never.
    fn sync_written(&mut self) -> io::Result<()> {
        if !self.unsynced || self.settings.fsync == Fsync::Never {
            return Ok(());
        }
        #[cfg(test)]
        self.syncs.set(self.syncs.get() + 1);
        if self.identity.is_some() {
            self.file.sync_data()?;
        }
        self.unsynced = false;
        Ok(())
    }

    /// Opens the path again if it names another file or none; otherwise reads how large the file is now.
    fn reopen_if_moved(&mut self) -> io::Result<()> {
        if self.identity.is_none() {
            return Ok(());
        }
        let found = fs::metadata(&self.settings.path).ok();
        match found.filter(|found| Some((found.dev(), found.ino())) == self.identity) {
            Some(same) => self.size = same.len(),
            None => {
                if let Err(error) = self.sync_written() {
                    self.report(Some(&error)); // the old file is lost, but the new one may be well
                }
                *self = Self::try_open(self.settings.clone())?;
            }
        }
        Ok(())
    }

    /// How many bytes of `lines`, in whole lines, fit into this file. An empty file takes one line of any length.
    fn fitting(&self, lines: &[u8]) -> usize {
        let room = usize::try_from(self.settings.rotate_bytes.saturating_sub(self.size)).unwrap_or(usize::MAX);
        if lines.len() <= room || self.identity.is_none() {
            return lines.len();
        }
        match lines[..room].iter().rposition(|&byte| byte == b'\n') {
            None if self.size == 0 => lines.iter().position(|&byte| byte == b'\n').map_or(lines.len(), |at| at + 1),
            end => end.map_or(0, |at| at + 1),
        }
    }

    fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.torn {
            self.file.write_all(b"\n")?;
            (self.size, self.torn) = (self.size + 1, false);
        }
        self.unsynced = true;
        let result = self.file.write_all(piece);
        match result {
            Ok(()) => self.size += piece.len() as u64,
            Err(_) if self.identity.is_some() => self.torn = self.file.set_len(self.size).is_err(),
            Err(_) => {}
        }
        result
    }

    /// Renames the file and the older ones by one number, and starts a new one.
    fn rotate(&mut self) -> io::Result<()> {
        self.sync_written()?;
        // A rotation that failed halfway left a gap; the files beyond it are renamed already.
        let keep = self.settings.keep;
        let gap = (1..keep).find(|&age| !self.rotated(age).exists()).unwrap_or(keep);
        for age in (1..gap).rev() {
            fs::rename(self.rotated(age), self.rotated(age + 1))?;
        }
        fs::rename(&self.settings.path, self.rotated(1))?;
        *self = Self::try_open(self.settings.clone())?;
        Ok(())
    }

    fn rotated(&self, age: u32) -> PathBuf {
        let mut name = self.settings.path.clone().into_os_string();
        name.push(format!(".{age}"));
        name.into()
    }
}

impl Sink for AppendFile {
    fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            // After a failure the caller asks again; lines that were not synced are not written yet.
            return if self.settings.fsync == Fsync::Always { self.sync_written() } else { Ok(()) };
        }
        self.reopen_if_moved()?;
        while !lines.is_empty() {
            let fitting = self.fitting(lines);
            if fitting == 0 {
                self.rotate()?;
                continue;
            }
            let (piece, rest) = lines.split_at(fitting);
            self.append(piece)?;
            *lines = rest;
        }
        if self.settings.fsync == Fsync::Always { self.sync_written() } else { Ok(()) }
    }

    /// With `always` too, so that a sync that failed is repeated.
    fn sync(&mut self) -> io::Result<()> {
        self.sync_written()
    }

    fn report(&self, error: Option<&io::Error>) {
        (self.settings.report)(&self.settings.path, error);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use crate::telemetry::append_file::*;

    fn lines(range: std::ops::Range<usize>) -> Vec<u8> {
        range.map(|number| format!("line {number}\n")).collect::<String>().into_bytes()
    }

    fn write(file: &mut AppendFile, lines: &[u8]) {
        let mut rest = lines;
        file.write(&mut rest).unwrap();
        assert!(rest.is_empty());
    }

    fn open_at(path: &Path, rotate_bytes: u64, keep: u32, fsync: Fsync) -> Result<AppendFile, String> {
        let report = |_: &Path, _: Option<&io::Error>| {};
        AppendFile::open(
            "log",
            AppendSettings { path: path.to_owned(), mode: 0o600, rotate_bytes, keep, fsync, report },
        )
    }

    /// A file `log` in a new folder.
    fn open(rotate_bytes: u64, keep: u32) -> (tempfile::TempDir, AppendFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = open_at(&folder.path().join("log"), rotate_bytes, keep, Fsync::Never).unwrap();
        (folder, file)
    }

    fn text(folder: &tempfile::TempDir, name: &str) -> String {
        fs::read_to_string(folder.path().join(name)).unwrap()
    }

    #[test]
    fn rotation_splits_between_lines_and_loses_or_repeats_none() {
        let (folder, mut file) = open(100, 1000);
        write(&mut file, &lines(0..1));
        write(&mut file, &lines(1..500));
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() > 40);
        let all: Vec<_> = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        assert!(all.iter().all(|text| text.len() <= 100 && text.ends_with('\n')));
        let seen: BTreeSet<_> = all.iter().flat_map(|text| text.lines()).collect();
        assert_eq!((seen.len(), all.iter().map(|text| text.lines().count()).sum::<usize>()), (500, 500));
        assert!(text(&folder, "log").ends_with("line 499\n") && text(&folder, "log.1").contains("line 4"));
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("log"), mode("log.3")), (0o600, 0o600));
    }

    #[test]
    fn old_files_beyond_the_limit_are_deleted_and_a_long_line_gets_its_own_file() {
        let (folder, mut file) = open(10, 2);
        let long = [&[b'x'; 50][..], b"\n"].concat();
        for _ in 0..4 {
            write(&mut file, &long);
        }
        write(&mut file, b"end\n");
        let names: BTreeSet<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["log", "log.1", "log.2"].map(Into::into).into());
        assert_eq!((text(&folder, "log"), text(&folder, "log.1").len()), ("end\n".into(), 51));
    }

    #[test]
    fn a_failed_rotation_loses_nothing_and_is_retried() {
        let (folder, mut file) = open(10, 3);
        let path = |name: &str| folder.path().join(name);
        write(&mut file, b"one\n");
        fs::write(path("log.1"), "older").unwrap();
        fs::write(path("log.2"), "oldest").unwrap();
        fs::create_dir_all(path("log.3/in the way")).unwrap();
        for _ in 0..3 {
            let mut rest = &b"the second\nthe third\n"[..];
            file.write(&mut rest).unwrap_err();
            assert_eq!(rest, b"the second\nthe third\n");
        }
        assert_eq!(["log", "log.1", "log.2"].map(|name| text(&folder, name)), ["one\n", "older", "oldest"]);
        fs::remove_dir_all(path("log.3")).unwrap();
        write(&mut file, b"the second\n");
        let names = ["log", "log.1", "log.2", "log.3"];
        assert_eq!(names.map(|name| text(&folder, name)), ["the second\n", "one\n", "older", "oldest"]);
    }

    #[test]
    fn a_rotation_that_failed_halfway_is_continued() {
        let (folder, mut file) = open(5, 3);
        write(&mut file, b"one\n");
        // The older files are renamed, the file itself is not.
        fs::write(folder.path().join("log.2"), "older").unwrap();
        fs::write(folder.path().join("log.3"), "oldest").unwrap();
        write(&mut file, b"two\n");
        let names = ["log", "log.1", "log.2", "log.3"];
        assert_eq!(names.map(|name| text(&folder, name)), ["two\n", "one\n", "older", "oldest"]);
    }

    #[test]
    fn a_file_that_was_renamed_or_deleted_is_created_again() {
        let (folder, mut file) = open(u64::MAX, 0);
        let path = folder.path().join("log");
        write(&mut file, b"a\n");
        fs::rename(&path, folder.path().join("old")).unwrap();
        write(&mut file, b"b\n");
        fs::remove_file(&path).unwrap();
        write(&mut file, b"c\n");
        assert_eq!((text(&folder, "old"), text(&folder, "log")), ("a\n".into(), "c\n".into()));
    }

    #[test]
    fn a_line_that_a_crash_left_unfinished_does_not_corrupt_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "whole\nhal").unwrap();
        let mut file = open_at(&path, u64::MAX, 0, Fsync::Never).unwrap();
        write(&mut file, b"next\n");
        assert_eq!(text(&folder, "log"), "whole\nhal\nnext\n");
    }

    #[test]
    fn a_pipe_without_a_reader_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert!(open_at(&path, u64::MAX, 0, Fsync::Never).is_err());
        let reader = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let file = open_at(&path, u64::MAX, 0, Fsync::Never).unwrap();
        assert!(!fcntl_getfl(&file.file).unwrap().contains(OFlags::NONBLOCK));
        drop(reader);
    }

    #[test]
    fn what_others_append_or_cut_is_counted() {
        let (folder, mut file) = open(u64::MAX, 1);
        let path = folder.path().join("log");
        let mut other = open_at(&path, u64::MAX, 1, Fsync::Never).unwrap();
        write(&mut other, &lines(0..3));
        write(&mut file, &lines(3..4));
        assert_eq!(file.size, fs::metadata(&path).unwrap().len(), "a failed write would cut the file to this size");
        fs::write(&path, "").unwrap();
        write(&mut file, &lines(4..5));
        assert_eq!((file.size, fs::read(&path).unwrap()), (7, lines(4..5)));
    }

    #[test]
    fn each_fsync_policy_syncs_when_it_says() {
        let folder = tempfile::tempdir().unwrap();
        for (fsync, written, synced) in [(Fsync::Never, 0, 0), (Fsync::Interval, 0, 1), (Fsync::Always, 1, 1)] {
            let mut file = open_at(&folder.path().join("log"), u64::MAX, 1, fsync).unwrap();
            file.write(&mut &b""[..]).unwrap();
            assert_eq!(file.syncs.get(), 0, "{fsync:?}: nothing was written");
            file.write(&mut &b"a\n"[..]).unwrap();
            assert_eq!(file.syncs.get(), written, "{fsync:?}");
            file.sync().unwrap();
            assert_eq!(file.syncs.get(), synced, "{fsync:?}");
        }
    }

    #[test]
    fn a_full_disk_leaves_the_lines_with_the_caller() {
        let mut file = open_at(Path::new("/dev/full"), u64::MAX, 0, Fsync::Never).unwrap();
        let mut rest = &b"a\n"[..];
        assert_eq!(file.write(&mut rest).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(rest, b"a\n");
    }
}
