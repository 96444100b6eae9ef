//! Opening a database: what is made, and what is refused with which words.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use super::open;
use crate::store::conformance::samples::*;
use crate::store::{KeySource, OpenError, Sqlite, State, Store};

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchboard.db");
    (folder, path)
}

fn with(path: &Path, keys: &[u8]) -> Result<Sqlite, OpenError> {
    Sqlite::open(path, KeySource::Keys(keys.iter().map(|key| [*key; 32]).collect()))
}

/// The message of the error, which has the path in it.
fn refused(path: &Path, opened: Result<Sqlite, OpenError>) -> (OpenError, String) {
    let error = opened.map(|_| ()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains(path.to_str().unwrap()), "{message}");
    (error, message)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[tokio::test]
async fn everything_that_is_made_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/switchboard.db");
    let store = open(&path);
    store.admit(admission(&record(1))).await.unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let mut names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for file in &names {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    let endings: Vec<_> =
        names.iter().map(|name| name.to_str().unwrap().rsplit("switchboard.db").next().unwrap()).collect();
    assert_eq!(endings, ["", "-shm", "-wal", ".key", ".lock"]);
    store.close().await.unwrap();
    assert!(!path.with_extension("db-wal").exists());
}

#[test]
fn a_folder_that_cannot_be_made_or_written_is_named() {
    let (folder, _) = place();
    let deep = folder.path().join("a/b/switchboard.db");
    let (error, message) = refused(deep.parent().unwrap(), with(&deep, &[1]));
    assert!(matches!(error, OpenError::Folder { .. }) && message.contains("cannot be made"), "{message}");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let (error, _) = refused(&file, with(&file.join("switchboard.db"), &[1]));
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
    // Permissions do not stop root, but this file system does.
    let sealed = match rustix::process::geteuid().is_root() {
        true => PathBuf::from("/sys/switchboard.db"),
        false => {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
            folder.path().join("switchboard.db")
        }
    };
    let (error, message) = refused(&sealed, with(&sealed, &[1]));
    assert!(matches!(error, OpenError::Unwritable { .. }) && message.contains("make and write files"), "{message}");
}

#[test]
fn a_path_that_is_no_file_is_refused() {
    let (folder, path) = place();
    fs::create_dir(&path).unwrap();
    let (error, _) = refused(&path, with(&path, &[1]));
    assert!(matches!(error, OpenError::Unwritable { .. }), "{error}");
    drop(folder);
}

#[tokio::test]
async fn a_second_process_is_told_which_one_has_the_file() {
    let (folder, path) = place();
    let store = open(&path);
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for path_ in [&path, &link] {
        let (error, message) = refused(&path, Sqlite::open(path_, KeySource::FileBeside));
        assert!(matches!(error, OpenError::InUse { .. }), "{message}");
        assert!(message.contains(&format!("process {}", std::process::id())) && message.contains("PostgreSQL"));
    }
    store.close().await.unwrap();
    open(&path).close().await.unwrap();
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_opened_only_if_this_one_can_read_it() {
    let (_folder, path) = place();
    open(&path).close().await.unwrap();
    let add = |version: i64, min_reader: i64| {
        let database = Connection::open(&path).unwrap();
        database.execute("insert into schema_version values (?1, ?2, 0)", [version, min_reader]).unwrap();
    };
    add(98, 1);
    open(&path).close().await.unwrap();
    add(99, 97);
    let (error, message) = refused(&path, Sqlite::open(&path, KeySource::FileBeside));
    assert!(matches!(error, OpenError::Newer { needed: 97, known: 1, .. }), "{error:?}");
    assert!(message.contains("newer version"), "{message}");
}

#[tokio::test]
async fn a_damaged_or_foreign_file_is_refused_and_left_as_it_is() {
    let (_folder, path) = place();
    let damaged = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let (error, message) = refused(&path, with(&path, &[1]));
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(message.contains("backup"), "{message}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    };
    damaged(&b"This is no database, but a text that somebody wrote.\n".repeat(100));
    let foreign = tempfile::tempdir().unwrap();
    let other = foreign.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("create table a (b); pragma journal_mode = wal").unwrap();
    damaged(&fs::read(&other).unwrap());
    fs::remove_file(&path).unwrap();
    let store = with(&path, &[1]).unwrap();
    for number in 1..200 {
        store.admit(admission(&record(number))).await.unwrap();
    }
    store.close().await.unwrap();
    let whole = fs::read(&path).unwrap();
    let mut torn = whole.clone();
    for page in (5..whole.len() / 4096).step_by(3) {
        torn[page * 4096..page * 4096 + 512].fill(0xA5);
    }
    damaged(&torn);
    damaged(&whole[..whole.len() / 2 / 4096 * 4096]);
    fs::write(&path, &whole).unwrap();
    assert_eq!(with(&path, &[1]).unwrap().tickets().await.unwrap().len(), 199);
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    open(&path).close().await.unwrap();
}

#[tokio::test]
async fn a_wrong_or_lost_key_is_refused_at_the_start() {
    let (_folder, path) = place();
    let key_file = path.with_extension("db.key");
    let store = open(&path);
    let row = record(1);
    store.admit(admission(&row)).await.unwrap();
    store.close().await.unwrap();
    let kept = fs::read(&key_file).unwrap();
    fs::remove_file(&key_file).unwrap();
    let (error, message) = refused(&path, Sqlite::open(&path, KeySource::FileBeside));
    assert!(matches!(error, OpenError::NoKeyFile { .. }) && message.contains("backup"), "{message}");
    assert!(!key_file.exists(), "no new key takes the place of the lost one");
    fs::write(&key_file, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    let (error, message) = refused(&path, Sqlite::open(&path, KeySource::FileBeside));
    assert!(matches!(error, OpenError::WrongKey { .. }) && message.contains("Restore the file"), "{message}");
    let (_, message) = refused(&path, with(&path, &[1]));
    let (start, rest) = message.split_once("it is ").unwrap();
    assert!(start.ends_with(&format!("`store.encryption_key` is not the key of {}: ", path.display())), "{message}");
    assert!(
        rest.contains(", the database needs ") && rest.contains("Put the right key back, or, to change"),
        "{message}"
    );
    let (error, message) = refused(&path, with(&path, &[1, 2]));
    assert!(matches!(&error, OpenError::WrongKey { given, .. } if given.len() == 2), "{message}");
    assert!(message.contains("after the new one") && message.contains(key_file.to_str().unwrap()), "{message}");
    let (error, _) = refused(&path, with(&path, &[]));
    assert!(matches!(error, OpenError::NoKey { .. }));
    fs::write(&key_file, kept).unwrap();
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o644)).unwrap();
    let (error, message) = refused(&path, Sqlite::open(&path, KeySource::FileBeside));
    assert!(matches!(error, OpenError::KeyFile(_)) && message.contains("chmod 600"), "{message}");
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    let store = open(&path);
    assert_eq!(store.bodies(vec![row.id]).await, Ok(vec![Some("the body of 1".into())]));
}

#[tokio::test]
async fn keys_are_changed_by_a_list_and_old_ones_go_when_nothing_is_sealed_with_them() {
    let (_folder, path) = place();
    let [first, second] = [1, 2].map(record);
    let store = with(&path, &[1]).unwrap();
    store.admit(admission(&first)).await.unwrap();
    store.close().await.unwrap();
    let store = with(&path, &[2, 1]).unwrap();
    store.admit(admission(&second)).await.unwrap();
    let bodies = store.bodies(vec![first.id, second.id]).await.unwrap();
    assert!(bodies.iter().all(Option::is_some));
    store.close().await.unwrap();
    let (error, _) = refused(&path, with(&path, &[2]));
    assert!(matches!(error, OpenError::WrongKey { .. }));
    let (error, _) = refused(&path, with(&path, &[1]));
    assert!(matches!(error, OpenError::WrongKey { .. }));
    let store = with(&path, &[2, 1]).unwrap();
    store.finish(vec![ending(&first, State::Applied, 1)]).await.unwrap();
    store.close().await.unwrap();
    // The journal's copy is sealed with the new key; the old one is used no more.
    let store = with(&path, &[2]).unwrap();
    assert!(store.record(first.id).await.unwrap().unwrap().answer.is_some());
}
