//! What sealing promises.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::store::UpdateId;
use crate::store::seal::*;

fn sealer(keys: &[u8]) -> Sealer {
    Sealer::new(keys.iter().map(|byte| [*byte; KEY_LEN]).collect()).unwrap()
}

#[test]
fn a_blob_opens_with_its_own_id_and_purpose_only() {
    let (sealer, id) = (sealer(&[1]), UpdateId::generate());
    let sealed = sealer.seal(id, Purpose::Body, b"secret").unwrap();
    assert_eq!(sealer.open(id, Purpose::Body, &sealed).unwrap(), "secret");
    let key = sealer.ids()[0];
    for (other, purpose) in [(UpdateId::generate(), Purpose::Body), (id, Purpose::Answer), (id, Purpose::Problem)] {
        assert_eq!(sealer.open(other, purpose, &sealed), Err(SealError::Damaged(key)));
    }
}

#[test]
fn a_blob_that_is_changed_or_cut_anywhere_does_not_open() {
    let (sealer, id) = (sealer(&[1]), UpdateId::generate());
    let sealed = sealer.seal(id, Purpose::Answer, b"an answer").unwrap();
    assert_eq!(sealed.len(), 4 + 12 + 9 + 16);
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(sealer.open(id, Purpose::Answer, &changed).is_err(), "byte {at}");
        assert!(sealer.open(id, Purpose::Answer, &sealed[..at]).is_err(), "cut at {at}");
    }
    assert_eq!(sealer.open(id, Purpose::Answer, &[]), Err(SealError::Short));
}

#[test]
fn the_same_text_never_looks_the_same() {
    let (sealer, id) = (sealer(&[1]), UpdateId::generate());
    let seal = || sealer.seal(id, Purpose::Body, b"").unwrap();
    assert_ne!(seal(), seal());
    assert_eq!(sealer.open(id, Purpose::Body, &seal()).unwrap(), "");
}

#[test]
fn after_a_rotation_the_newest_key_seals_and_every_key_opens() {
    let id = UpdateId::generate();
    let (old, both, new) = (sealer(&[1]), sealer(&[2, 1]), sealer(&[2]));
    let before = old.seal(id, Purpose::Body, b"before").unwrap();
    let after = both.seal(id, Purpose::Body, b"after").unwrap();
    assert_eq!(both.open(id, Purpose::Body, &before).unwrap(), "before");
    assert_eq!(new.open(id, Purpose::Body, &after).unwrap(), "after");
    assert_eq!(new.open(id, Purpose::Body, &before), Err(SealError::NoKey(old.ids()[0])));
}

#[test]
fn a_check_value_shows_whether_a_key_is_the_same() {
    let (one, two) = (sealer(&[1]), sealer(&[2]));
    let value = one.check_value(one.ids()[0]).unwrap().unwrap();
    assert!(one.is_check_value(&value) && sealer(&[2, 1]).is_check_value(&value));
    assert!(!two.is_check_value(&value) && two.check_value(one.ids()[0]).is_none());
    assert!(Sealer::new(Vec::new()).is_none());
}

#[test]
fn no_key_shows_in_debug_output() {
    let source = KeySource::Keys(vec![[0xAB; KEY_LEN]]);
    let shown = format!("{source:?} {:?}", sealer(&[0xAB]));
    assert!(!shown.to_lowercase().contains("abab") && !shown.contains("171"), "{shown}");
}

#[test]
fn a_key_file_is_made_once_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = KeyFile::beside(&folder.path().join("a.db"));
    assert_eq!(file.path(), folder.path().join("a.db.key"));
    assert!(file.read().unwrap().is_none());
    // A file that a crash left.
    fs::write(folder.path().join("a.db.key.new"), "half").unwrap();
    let key = file.make().unwrap();
    assert_eq!(*file.read().unwrap().unwrap(), *key);
    assert_eq!(fs::metadata(file.path()).unwrap().mode() & 0o7777, 0o600);
    let error = file.make().unwrap_err().to_string();
    assert!(error.contains("cannot be made"), "{error}");
    assert_eq!(*file.read().unwrap().unwrap(), *key);
}

#[test]
fn a_key_file_that_others_may_read_or_that_holds_no_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = KeyFile::beside(&folder.path().join("a.db"));
    file.make().unwrap();
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        let error = file.read().unwrap_err().to_string();
        assert!(error.contains(&format!("0{mode:o}")) && error.contains("chmod 600"), "{error}");
    }
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
    for text in ["", "\n", "AAAA", "not base64!", &"A".repeat(2000)] {
        fs::write(file.path(), text).unwrap();
        let error = file.read().unwrap_err().to_string();
        assert!(error.contains("32 bytes in base64") && error.contains("a.db.key"), "{error}");
    }
}
