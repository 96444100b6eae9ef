//! The key file beside a database whose configuration gives no key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::zeroize::Zeroizing;

use super::KEY_LEN;

/// More is no key.
const MOST_BYTES: u64 = 1024;

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("the key file {path} cannot be read: {source}")]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be made.
    #[error("the key file {path} cannot be made: {source}")]
    Make {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("the key file {path} has mode {mode:04o}, so that others may read it; run `chmod 600 {path}`")]
    Open {
        /// Its path.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It holds something else.
    #[error(
        "the key file {path} holds no key: it must hold 32 bytes in base64, 44 characters; restore it from a backup"
    )]
    NoKey {
        /// Its path.
        path: PathBuf,
    },
}

/// A key file. Who makes or reads it holds the lock of the database.
pub(in crate::store) struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The one beside that database.
    pub(in crate::store) fn beside(database: &Path) -> Self {
        Self { path: crate::store::files::beside(database, ".key") }
    }

    pub(in crate::store) fn path(&self) -> &Path {
        &self.path
    }

    /// Its key; `None` if there is no such file.
    pub(in crate::store) fn read(&self) -> Result<Option<Zeroizing<[u8; KEY_LEN]>>, KeyFileError> {
        let unreadable = |source| KeyFileError::Read { path: self.path.clone(), source };
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Open { path: self.path.clone(), mode });
        }
        let mut text = Zeroizing::new(Vec::new());
        file.take(MOST_BYTES).read_to_end(&mut text).map_err(unreadable)?;
        let bytes = STANDARD.decode(text.trim_ascii()).map(Zeroizing::new).unwrap_or_default();
        let key = <[u8; KEY_LEN]>::try_from(bytes.as_slice()).map(Zeroizing::new);
        key.map(Some).map_err(|_| KeyFileError::NoKey { path: self.path.clone() })
    }

    /// Makes it with a new key. It is written whole under another name first, so that no crash leaves a part of it.
    pub(in crate::store) fn make(&self) -> Result<Zeroizing<[u8; KEY_LEN]>, KeyFileError> {
        self.try_make().map_err(|source| KeyFileError::Make { path: self.path.clone(), source })
    }

    fn try_make(&self) -> io::Result<Zeroizing<[u8; KEY_LEN]>> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        SystemRandom::new().fill(&mut *key).map_err(|_| io::Error::other("the system gives no random bytes"))?;
        let mut text = Zeroizing::new(STANDARD.encode(*key));
        text.push('\n');
        let unfinished = crate::store::files::beside(&self.path, ".new");
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::hard_link(&unfinished, &self.path).or_else(|error| match error.kind() {
            // A file system without hard links. Nobody else makes the file: the lock is held.
            io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied => fs::rename(&unfinished, &self.path),
            _ => Err(error),
        })?;
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        crate::store::files::sync_folder_of(&self.path)?;
        Ok(key)
    }
}
