//! Why a database cannot be opened, and why a statement fails.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::store::StoreError;
use crate::store::seal::{KeyFileError, KeyId, SealError};

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its folder cannot be made.
    #[error("the folder {path} of the database cannot be made: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its files cannot be made or written.
    #[error("{path} cannot be written: {why}; the gateway must be able to make and write files in this folder")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is no space left.
    #[error("there is no space left on the disk of {path}; free some")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged, or no database.
    #[error("{path} is damaged or no database of this gateway: {why}; move it away, or restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A newer version wrote it.
    #[error(
        "{path} was written by a newer version: it needs one that knows version {needed} of the tables, and this one knows {known}; run \
         the newer version, or give another path"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that a reader must know.
        needed: i64,
        /// The one that this binary knows.
        known: i64,
    },
    /// Another process uses it.
    #[error(
        "{path} is in use by {}; one process uses a file, and several processes share a PostgreSQL database",
        holder.as_ref().map_or_else(|| "another process".to_owned(), |pid| format!("the process {pid}"))
    )]
    InUse {
        /// The file.
        path: PathBuf,
        /// The id of that process, if its lock file says so.
        holder: Option<String>,
    },
    /// The key file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// It is sealed and its key file is gone.
    #[error(
        "{path} is sealed with the key {key}, and its key file {file} is not there; restore the file from a backup, or give \
         the key in the configuration"
    )]
    NoKeyFile {
        /// The file.
        path: PathBuf,
        /// The key file.
        file: PathBuf,
        /// The key.
        key: KeyId,
    },
    /// No key was given.
    #[error("no key was given to seal {path} with; give one of 32 bytes")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A key is missing.
    #[error("{why}")]
    WrongKey {
        /// The file.
        path: PathBuf,
        /// The key that is missing.
        key: KeyId,
        /// Those that were given.
        given: Vec<KeyId>,
        /// Which key is wrong, and what would be right.
        why: String,
    },
    /// The database cannot be used for another reason.
    #[error("{path} cannot be used: {why}")]
    Other {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// Why a step of opening fails, before the path is known.
#[derive(Debug)]
pub(super) enum OpenFailure {
    Sql(rusqlite::Error),
    Foreign,
    /// `quick_check` found something.
    Check(String),
    /// The file system cannot share memory between connections.
    NoWal,
    Newer {
        min_reader: i64,
        present: i64,
    },
}

impl From<rusqlite::Error> for OpenFailure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl OpenFailure {
    pub(super) fn at(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::Foreign => OpenError::Damaged { path, why: "it has tables of another program".into() },
            Self::Check(why) => OpenError::Damaged { path, why },
            Self::NoWal => {
                let why = "its file system supports no write-ahead log; put it on a local disk".into();
                OpenError::Other { path, why }
            }
            Self::Newer { min_reader, present } => OpenError::Newer { path, needed: min_reader, known: present },
            Self::Sql(error) => {
                let why = error.to_string();
                match error.sqlite_error_code() {
                    Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, why },
                    Some(ErrorCode::DiskFull) => OpenError::Full { path },
                    Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                        OpenError::Unwritable { path, why }
                    }
                    Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                        OpenError::InUse { path, holder: None }
                    }
                    _ => OpenError::Other { path, why },
                }
            }
        }
    }
}

/// Why a file cannot be made or written.
pub(super) fn of_file(path: &Path, error: &io::Error) -> OpenError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => OpenError::Full { path },
        _ => OpenError::Unwritable { path, why: error.to_string() },
    }
}

/// Why a statement fails.
#[derive(Debug)]
pub(super) enum Failure {
    Sql(rusqlite::Error),
    Seal(SealError),
    /// What is stored has a form that this version does not write.
    Form(&'static str),
    /// What is to be stored cannot be.
    Input(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

impl Failure {
    /// Whether it is the statement's own fault, so that others go on.
    pub(super) fn is_of_one_statement(&self) -> bool {
        match self {
            Self::Sql(error) => error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation),
            Self::Seal(SealError::Random) => false,
            Self::Seal(_) | Self::Form(_) | Self::Input(_) => true,
        }
    }

    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Sql(error) => of_sql(&error),
            Self::Seal(error @ SealError::Random) => StoreError::Failed(error.to_string()),
            Self::Seal(error) => StoreError::Unreadable(error.to_string()),
            Self::Form(column) => {
                StoreError::Unreadable(format!("what is stored is damaged: `{column}` is not in its form"))
            }
            Self::Input(why) => StoreError::Failed(why),
        }
    }
}

/// Nothing of a transaction in which this happened is stored.
pub(super) fn of_sql(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Unreadable(format!("the database is damaged: {error}"))
        }
        Some(ErrorCode::DiskFull) => StoreError::Failed("there is no space left for the database".into()),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Failed("another program holds the database locked".into())
        }
        _ => StoreError::Failed(format!("the database fails: {error}")),
    }
}

/// A commit failed. After an I/O error the operating system may still write what was to be stored.
pub(super) fn of_commit(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => StoreError::Unknown(format!("the database fails: {error}")),
        _ => of_sql(error),
    }
}
