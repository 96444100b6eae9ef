//! The keys of a database: which ones sealed it, and whether they are here.

use std::path::Path;

use rusqlite::Connection;
use secrecy::zeroize::Zeroizing;

use crate::store::seal::{KeyFile, KeyId, KeySource, SealError, Sealer};

use super::failure::{OpenError, OpenFailure};

/// The sealer of a database, once every key that something is sealed with has shown that it is the same as then.
pub(super) fn sealer(path: &Path, connection: &mut Connection, mut source: KeySource) -> Result<Sealer, OpenError> {
    let at = |error: rusqlite::Error| OpenFailure::Sql(error).at(path);
    let known = known(connection).map_err(at)?;
    let beside = KeyFile::beside(path);
    let keys = match &mut source {
        KeySource::Keys(keys) => std::mem::take(keys),
        KeySource::FileBeside => vec![of_file(path, &beside, known.first())?],
    };
    let sealer = Sealer::new(keys).ok_or_else(|| OpenError::NoKey { path: path.to_owned() })?;
    let given = sealer.ids();
    for (key, value) in &known {
        if sealer.is_check_value(value) {
            continue;
        }
        if given.contains(key) || is_used(connection, *key).map_err(at)? {
            let why = wrong_key(&source, &beside, path, *key, &given);
            return Err(OpenError::WrongKey { path: path.to_owned(), key: *key, given, why });
        }
        tracing::info!(%key, "nothing is sealed with an old key any more");
        connection.execute("delete from seal_key where id = ?1", [key.0]).map_err(at)?;
    }
    let Some(newest) = given.first() else { return Ok(sealer) };
    if !known.iter().any(|(key, _)| key == newest) {
        let value = sealer.check_value(*newest).unwrap_or(Err(SealError::Random));
        let value = value.map_err(|error| OpenError::Other { path: path.to_owned(), why: error.to_string() })?;
        let sql = "insert into seal_key (id, value) values (?1, ?2)";
        connection.execute(sql, (newest.0, value)).map_err(at)?;
    }
    Ok(sealer)
}

/// The keys that have sealed, each with its check value.
fn known(connection: &Connection) -> rusqlite::Result<Vec<(KeyId, Vec<u8>)>> {
    let mut statement = connection.prepare("select id, value from seal_key")?;
    statement.query_map([], |row| Ok((KeyId(row.get(0)?), row.get(1)?)))?.collect()
}

fn of_file(path: &Path, beside: &KeyFile, known: Option<&(KeyId, Vec<u8>)>) -> Result<[u8; 32], OpenError> {
    let found: Option<Zeroizing<[u8; 32]>> = beside.read()?;
    match (found, known) {
        (Some(key), _) => Ok(*key),
        (None, None) => Ok(*beside.make()?),
        (None, Some((key, _))) => {
            Err(OpenError::NoKeyFile { path: path.to_owned(), file: beside.path().to_owned(), key: *key })
        }
    }
}

/// Whether anything is still sealed with a key. It reads the whole file, and only where a key is missing.
fn is_used(connection: &Connection, key: KeyId) -> rusqlite::Result<bool> {
    let sql = "select exists (select 1 from ticket where ?1 in (substr(answer, 1, 4), substr(problem, 1, 4), substr(body, 1, 4))) \
               or exists (select 1 from journal where ?1 in (substr(answer, 1, 4), substr(problem, 1, 4), substr(body, 1, 4))) \
               or exists (select 1 from idem where substr(answer, 1, 4) = ?1)";
    connection.query_row(sql, [key.0], |row| row.get(0))
}

/// Which key is wrong, and what would be right.
fn wrong_key(source: &KeySource, beside: &KeyFile, path: &Path, needed: KeyId, given: &[KeyId]) -> String {
    let (path, file) = (path.display(), beside.path().display());
    let ids = given.iter().map(KeyId::to_string).collect::<Vec<_>>().join(", ");
    let hint = if beside.path().exists() { format!(" It may be the one in {file}.") } else { String::new() };
    match source {
        KeySource::FileBeside => format!(
            "the key in {file} is not that of {path}: it is {ids}, the database needs {needed}. Restore the file from a \
             backup, or give the key in `store.encryption_key`."
        ),
        KeySource::Keys(_) if given.len() == 1 => format!(
            "`store.encryption_key` is not the key of {path}: it is {ids}, the database needs {needed}. Put the right key \
             back, or, to change keys, list both, the new one first.{hint}"
        ),
        KeySource::Keys(_) => format!(
            "`store.encryption_key` lacks a key of {path}: it has {ids}, the database needs {needed}, too. List that one \
             as well, after the new one.{hint}"
        ),
    }
}
