//! How a database is opened, in this order: folder, lock, file, tables, keys.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::store::files::{folder_of, sync_folder_of};
use crate::store::seal::{KeySource, Sealer};

use super::failure::{OpenError, OpenFailure, of_file};
use super::lock::Lock;
use super::{keys, schema};

/// A file up to this size is read through when it is opened.
const CHECKED: u64 = 64 << 20;
/// Statements that stay prepared. Lists have many forms.
const PREPARED: usize = 128;

/// A database that is open for writing.
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) lock: Lock,
    pub(super) connection: Connection,
    pub(super) sealer: Sealer,
}

pub(super) fn open(path: &Path, source: KeySource) -> Result<Opened, OpenError> {
    make_folder(path)?;
    // The same file by another name has the same lock.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let lock = Lock::take(&path)?;
    make_file(&path)?;
    let at = |failure: OpenFailure| failure.at(&path);
    let mut connection = connect(&path).map_err(at)?;
    check(&path, &connection).map_err(at)?;
    schema::migrate(&mut connection).map_err(at)?;
    let sealer = keys::sealer(&path, &mut connection, source)?;
    Ok(Opened { path, lock, connection, sealer })
}

/// Makes the last folder of the path if it is not there, for its owner only.
fn make_folder(path: &Path) -> Result<(), OpenError> {
    let folder = folder_of(path);
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {
            let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
            // The folder's own name; some systems cannot make it durable.
            let _ = fs::File::open(parent.unwrap_or_else(|| Path::new("."))).and_then(|parent| parent.sync_all());
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(source) => Err(OpenError::Folder { path: folder.to_owned(), source }),
    }
}

/// Makes an empty file for its owner only; SQLite gives the files beside it the same permissions.
fn make_file(path: &Path) -> Result<(), OpenError> {
    let unwritable = |error: io::Error| of_file(path, &error);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file.sync_all().and_then(|()| sync_folder_of(path)).map_err(unwritable),
        // SQLite would open a file that it may not write for reading.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().write(true).open(path).map(drop).map_err(unwritable)
        }
        Err(error) => Err(unwritable(error)),
    }
}

fn connect(path: &Path) -> Result<Connection, OpenFailure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    configure(&connection)?;
    let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenFailure::NoWal);
    }
    // Every commit is on the disk before it is answered; deleted bodies are overwritten where that costs nothing more.
    connection.execute_batch(
        "pragma synchronous = full; pragma fullfsync = on; pragma foreign_keys = on; pragma secure_delete = fast; \
         pragma journal_size_limit = 16777216; pragma cache_size = -16384",
    )?;
    Ok(connection)
}

/// What every connection needs.
pub(super) fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    // The gateway's own readers never hold it up; another program may, such as a backup.
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    connection.execute_batch("pragma trusted_schema = off; pragma temp_store = memory; pragma cell_size_check = on")
}

/// Looks for damage, unless that would take long: then it shows when a damaged page is read.
fn check(path: &Path, connection: &Connection) -> Result<(), OpenFailure> {
    let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
    if size > CHECKED {
        return Ok(());
    }
    let found: String = connection.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    match found.as_str() {
        "ok" => Ok(()),
        _ => Err(OpenFailure::Check(found)),
    }
}
