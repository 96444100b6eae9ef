//! A configuration file with its state when it was read, so that a watcher sees whether it has changed since.
//!
//! The state is taken from the opened file before its first byte is read, so that no change is missed between reading
//! and watching. Symbolic links are followed each time, because container platforms update mounted secrets by
//! replacing a link.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file or folder that the configuration depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedFile {
    path: PathBuf,
    state: Option<FileState>,
}

/// Metadata that changes whenever the content does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds of the last change of the content.
    modified: (i64, i64),
    /// The same of the last change of content, owner, permissions or name; no program can set it back.
    changed: (i64, i64),
}

impl FileState {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// The present state of the file at a path; `None` where there is none.
    pub(crate) fn now(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().as_ref().map(Self::of)
    }
}

impl WatchedFile {
    pub(crate) fn new(path: PathBuf, state: Option<FileState>) -> Self {
        Self { path, state }
    }

    /// The path as the configuration names it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The paths of those that were there, for messages; folders are watched for new files only.
    #[must_use]
    pub fn list(files: &[Self]) -> String {
        let read = files.iter().filter(|file| file.state.is_some() && !file.path.is_dir());
        read.map(|file| file.path.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// Whether the file has changed or was replaced since it was read; asks the file system.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        FileState::now(&self.path) != self.state
    }

    /// The same path with its present state.
    #[must_use]
    pub fn refreshed(&self) -> Self {
        Self::new(self.path.clone(), FileState::now(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use crate::config::load::watched_file::{FileState, WatchedFile};

    #[test]
    fn writing_replacing_and_removing_a_file_are_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let changed = |before: &str, change: &dyn Fn()| {
            fs::write(path("file"), before).expect("written");
            let watched = WatchedFile::new(path("file"), FileState::now(&path("file")));
            assert!(!watched.has_changed());
            change();
            watched.has_changed() && !watched.refreshed().has_changed()
        };
        assert!(changed("a", &|| fs::write(path("file"), "ab").expect("written")));
        assert!(changed("a", &|| {
            fs::write(path("new"), "b").expect("written");
            fs::rename(path("new"), path("file")).expect("renamed");
        }));
        assert!(changed("a", &|| fs::remove_file(path("file")).expect("removed")));
        let gone = WatchedFile::new(path("file"), None);
        assert!(!gone.has_changed());
        fs::write(path("file"), "a").expect("written");
        assert!(gone.has_changed());
    }

    #[test]
    fn a_replaced_link_in_a_parent_folder_is_a_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for version in ["1", "2"] {
            fs::create_dir(path(version)).expect("created");
            fs::write(path(version).join("token"), "same").expect("written");
        }
        symlink("1", path("data")).expect("linked");
        symlink("data/token", path("token")).expect("linked");
        let watched = WatchedFile::new(path("token"), FileState::now(&path("token")));
        symlink("2", path("data.new")).expect("linked");
        fs::rename(path("data.new"), path("data")).expect("swapped");
        assert!(watched.has_changed());
    }
}
