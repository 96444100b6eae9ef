//! Sealing: AES-256-GCM over everything in a store that could hold a secret.
//!
//! A sealed blob is `key id (4) | nonce (12) | ciphertext and tag`. The record's id and the purpose are associated data, so a
//! blob opens only where it was written. Each pair of id and purpose also has a key of its own, derived by HKDF, so that
//! random nonces cannot run out however much one key seals.

mod key_file;
pub(in crate::store) mod packed;
mod purpose;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hkdf};
use secrecy::zeroize::Zeroize;

use super::record::UpdateId;

pub(in crate::store) use key_file::KeyFile;
pub use key_file::KeyFileError;
pub(in crate::store) use purpose::Purpose;

/// The bytes of a key.
pub(in crate::store) const KEY_LEN: usize = 32;
/// The bytes before the ciphertext.
const HEAD_LEN: usize = 4 + NONCE_LEN;

/// Where the keys come from.
pub enum KeySource {
    /// These, the newest first. The newest seals, the others open what was sealed before a rotation.
    Keys(Vec<[u8; KEY_LEN]>),
    /// A file beside the database, which is made with it.
    FileBeside,
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(keys) => write!(f, "Keys({})", keys.len()),
            Self::FileBeside => f.write_str("FileBeside"),
        }
    }
}

impl Drop for KeySource {
    fn drop(&mut self) {
        if let Self::Keys(keys) = self {
            keys.zeroize();
        }
    }
}

/// What tells keys apart without saying what they are: the beginning of their SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub(in crate::store) [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why something cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::store) enum SealError {
    #[error("the system gives no random bytes")]
    Random,
    #[error("what is stored is damaged: it does not open with the key {0} that sealed it")]
    Damaged(KeyId),
    #[error("what is stored is damaged: it is too short to be sealed")]
    Short,
    #[error("what is stored is sealed with the key {0}, which is not there")]
    NoKey(KeyId),
}

/// One key, from which those of the blobs are derived.
struct Root {
    id: KeyId,
    prk: hkdf::Prk,
}

impl Root {
    fn new(key: &[u8; KEY_LEN]) -> Self {
        let digest = digest::digest(&digest::SHA256, key);
        let mut id = [0; 4];
        id.copy_from_slice(&digest.as_ref()[..4]);
        Self { id: KeyId(id), prk: hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key) }
    }

    fn derived(&self, data: &[u8; 17]) -> Result<LessSafeKey, SealError> {
        let data: &[&[u8]] = &[data];
        // The length is that of the algorithm, which HKDF can give.
        let derived = self.prk.expand(data, &AES_256_GCM).map_err(|_| SealError::Damaged(self.id))?;
        Ok(LessSafeKey::new(UnboundKey::from(derived)))
    }
}

/// Seals with the newest key, opens with any.
pub(in crate::store) struct Sealer {
    newest: Root,
    older: Vec<Root>,
    random: SystemRandom,
}

impl Sealer {
    /// `None` without keys. They are wiped.
    pub(in crate::store) fn new(mut keys: Vec<[u8; KEY_LEN]>) -> Option<Self> {
        let mut roots = keys.iter().map(Root::new);
        let newest = roots.next();
        let older = roots.collect();
        keys.zeroize();
        newest.map(|newest| Self { newest, older, random: SystemRandom::new() })
    }

    /// The ids of the keys, the newest first.
    pub(in crate::store) fn ids(&self) -> Vec<KeyId> {
        self.roots().map(|root| root.id).collect()
    }

    fn roots(&self) -> impl Iterator<Item = &Root> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    /// Seals with the newest key.
    pub(in crate::store) fn seal(&self, id: UpdateId, purpose: Purpose, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal_with(&self.newest, id, purpose, plain)
    }

    fn seal_with(&self, root: &Root, id: UpdateId, purpose: Purpose, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let data = purpose.data(id);
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| SealError::Random)?;
        let mut sealed = Vec::with_capacity(HEAD_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&root.id.0);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let key = root.derived(&data)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(data), &mut sealed[HEAD_LEN..]);
        // It fails for more than 64 GiB only.
        let tag = tag.map_err(|_| SealError::Damaged(root.id))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what was sealed for this id and purpose.
    pub(in crate::store) fn open(&self, id: UpdateId, purpose: Purpose, sealed: &[u8]) -> Result<Bytes, SealError> {
        let (head, text) = sealed.split_at_checked(HEAD_LEN).ok_or(SealError::Short)?;
        let (mut key_id, mut nonce) = ([0; 4], [0; NONCE_LEN]);
        key_id.copy_from_slice(&head[..4]);
        nonce.copy_from_slice(&head[4..]);
        let key_id = KeyId(key_id);
        let root = self.roots().find(|root| root.id == key_id).ok_or(SealError::NoKey(key_id))?;
        let data = purpose.data(id);
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = root.derived(&data)?.open_in_place(nonce, Aad::from(data), &mut text);
        let len = opened.map_err(|_| SealError::Damaged(key_id))?.len();
        text.truncate(len);
        Ok(Bytes::from(text))
    }

    /// What shows later that a key is still the same one; `None` without it.
    pub(in crate::store) fn check_value(&self, key: KeyId) -> Option<Result<Vec<u8>, SealError>> {
        let root = self.roots().find(|root| root.id == key)?;
        Some(self.seal_with(root, NO_UPDATE, Purpose::Check, CHECK))
    }

    /// Whether a check value was made with a key that is here.
    pub(in crate::store) fn is_check_value(&self, value: &[u8]) -> bool {
        self.open(NO_UPDATE, Purpose::Check, value).is_ok_and(|plain| plain == CHECK)
    }
}

/// Keys show nowhere.
impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sealer").field(&self.ids()).finish()
    }
}

const CHECK: &[u8] = b"switchboard";
/// The id of what belongs to no record.
const NO_UPDATE: UpdateId = UpdateId(uuid::Uuid::nil());
