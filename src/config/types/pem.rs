//! Certificates and private keys, read together with the configuration so that both are applied or rejected together.
//!
//! The TLS library checks them here, so that what passes `check` does not fail when a listener uses it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::RootCertStore;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::zeroize::{Zeroize, Zeroizing};
use serde::{Serialize, Serializer};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;

use super::secret::Secret;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

/// From how long before its end on a certificate has a warning, as its alert does.
const EXPIRY_WARNING: Duration = Duration::from_hours(14 * 24);

/// The TLS library takes no shorter RSA keys.
const MIN_RSA_BITS: usize = 2048;

/// A file of certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFile {
    /// Where it was read from.
    pub path: PathBuf,
    /// Its content, holding at least one `CERTIFICATE`.
    pub pem: String,
}

/// A file with an unencrypted private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateKeyFile {
    /// Where it was read from.
    pub path: PathBuf,
    /// Its content.
    pub pem: Secret,
}

/// A certificate chain with its private key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The chain, own certificate first.
    pub cert: CertificateFile,
    /// The key of the first certificate.
    pub key: PrivateKeyFile,
}

/// `{ cert = …, key = … }`.
pub(crate) const IDENTITY: Section = Section::of(&[
    Key::new("cert", Kind::Path, "The certificate chain, own certificate first (PEM).").required(),
    Key::new("key", Kind::Path, "The private key, unencrypted (PEM).").required(),
]);

impl Identity {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Option<Self> {
        let cert = CertificateFile::read(reader, "cert", validator);
        let key = PrivateKeyFile::read(reader, "key", validator);
        let ((cert, chain), key) = (cert?, key?);
        let certificate = chain.first().and_then(|first| CertificateInner::<Raw>::from_der(first).ok());
        let rsa_bits = certificate.as_ref().and_then(rsa_bits);
        let not_after =
            certificate.map(|certificate| certificate.tbs_certificate().validity().not_after.to_system_time());
        let usable = key.signing_key().and_then(|key| CertifiedKey::new(chain, key).keys_match());
        if let Err(error) = usable {
            if let Some(bits) = rsa_bits.filter(|bits| *bits < MIN_RSA_BITS) {
                let message = format!("`{}` is for an RSA key of {bits} bits", cert.path.display());
                let help =
                    format!("make a key of at least {MIN_RSA_BITS} bits, or one of ECDSA, and a certificate for it");
                refuse(reader, "key", message, &help, validator);
                return None;
            }
            let message = match error {
                rustls::Error::InconsistentKeys(_) => {
                    format!("`{}` is not the key of `{}`", key.path.display(), cert.path.display())
                }
                error => format!("`{}` and `{}` cannot be used: {error}", cert.path.display(), key.path.display()),
            };
            let help = "the first certificate of the chain has to be the one that was issued for the key";
            refuse(reader, "key", message, help, validator);
            return None;
        }
        if let Some(wrong) = not_after.and_then(|not_after| ends_soon(not_after, SystemTime::now())) {
            let (span, key) = (reader.span("cert"), reader.key_path.key("cert"));
            let message = format!("the certificate in `{}` {wrong}", cert.path.display());
            validator.warn(ProblemKind::BadValue, span, key, message, "renew it and replace the file");
        }
        Some(Self { cert, key })
    }
}

/// What is wrong with a certificate that ends within the next days, or has ended.
fn ends_soon(not_after: SystemTime, now: SystemTime) -> Option<String> {
    let date = humantime::format_rfc3339_seconds(not_after);
    match not_after.duration_since(now) {
        Err(_) => Some(format!("expired at {date}")),
        Ok(left) if left < EXPIRY_WARNING => Some(format!("expires at {date}")),
        Ok(_) => None,
    }
}

impl CertificateFile {
    /// The certificates of issuers to trust.
    pub(crate) fn issuers(reader: &TableReader<'_>, name: &str, validator: &mut Validator<'_>) -> Option<Self> {
        let (file, certificates) = Self::read(reader, name, validator)?;
        let mut store = RootCertStore::empty();
        let wrong = certificates.into_iter().enumerate().find_map(|(index, der)| Some((index, store.add(der).err()?)));
        let Some((index, error)) = wrong else { return Some(file) };
        let message = format!("certificate {} of `{}` cannot be used: {error}", index + 1, file.path.display());
        refuse(reader, name, message, "replace it, or take it out of the file", validator);
        None
    }

    fn read(
        reader: &TableReader<'_>,
        name: &str,
        validator: &mut Validator<'_>,
    ) -> Option<(Self, Vec<CertificateDer<'static>>)> {
        let (path, pem) = read(reader, name, validator)?;
        let pem = pem.to_string();
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let (message, help) = match read {
            Ok(certificates) if !certificates.is_empty() => return Some((Self { path, pem }, certificates)),
            Ok(_) => (
                format!("`{}` holds no certificate", path.display()),
                "the file has to hold PEM that starts with `-----BEGIN CERTIFICATE-----`",
            ),
            Err(error) => (
                format!("`{}` cannot be read as certificates: {error}", path.display()),
                "the file is damaged or was cut off; fetch it again",
            ),
        };
        refuse(reader, name, message, help, validator);
        None
    }
}

impl PrivateKeyFile {
    /// The key, ready to sign; what was decoded on the way is wiped.
    ///
    /// # Errors
    /// The TLS library cannot use it.
    pub fn signing_key(&self) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        let unreadable = |_| rustls::Error::General("the private key is not PEM".into());
        let mut der = PrivateKeyDer::from_pem_slice(self.pem.expose().as_bytes()).map_err(unreadable)?;
        let key = any_supported_type(&der);
        der.zeroize();
        key
    }

    fn read(reader: &TableReader<'_>, name: &str, validator: &mut Validator<'_>) -> Option<Self> {
        let (path, pem) = read(reader, name, validator)?;
        let encrypted = pem.contains("ENCRYPTED");
        if !encrypted && let Ok(mut der) = PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
            der.zeroize();
            return Some(Self { path, pem: Secret::new(pem.as_str()) });
        }
        let what = if encrypted { "an encrypted private key" } else { "no private key" };
        let message = format!("`{}` holds {what}", path.display());
        let help = "the file has to hold an unencrypted PEM key, as in `-----BEGIN PRIVATE KEY-----`";
        refuse(reader, name, message, help, validator);
        None
    }
}

/// The length of a certificate's RSA key; `None` if its key is of another kind.
fn rsa_bits(certificate: &CertificateInner<Raw>) -> Option<usize> {
    let key = &certificate.tbs_certificate().subject_public_key_info();
    // PKCS #1: a sequence of the modulus and the exponent.
    let sequence = der_content(key.subject_public_key.raw_bytes(), 0x30)?;
    let modulus = der_content(sequence, 0x02)?;
    let is_rsa = key.algorithm.oid.to_string() == "1.2.840.113549.1.1.1";
    is_rsa.then(|| modulus.iter().skip_while(|byte| **byte == 0).count() * 8)
}

/// The content of the DER value with a tag that the bytes start with.
fn der_content(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (&first, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0x80 | 0x84.. => return None,
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        length => (usize::from(length), rest),
    };
    rest.get(..length).filter(|_| first == tag)
}

fn read(reader: &TableReader<'_>, name: &str, validator: &mut Validator<'_>) -> Option<(PathBuf, Zeroizing<String>)> {
    let path = reader.text(name).filter(|path| !path.trim().is_empty())?;
    validator.read_file(reader.span(name), reader.key_path.key(name), path)
}

fn refuse(reader: &TableReader<'_>, name: &str, message: String, help: &str, validator: &mut Validator<'_>) {
    let (span, key) = (reader.span(name), reader.key_path.key(name));
    validator.error(ProblemKind::UnreadableFile, span, key, message, help);
}

impl Serialize for CertificateFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.path.display())
    }
}

impl Serialize for PrivateKeyFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.path.display())
    }
}
