//! Certificates and private keys, read together with the configuration so that both are taken up or refused together.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::inspection::Inspection;
use super::problem::ProblemKind;
use super::secret::Secret;
use super::shape::{Key, Kind, Section};
use super::view::View;

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
pub(super) const IDENTITY: Section = Section::of(&[
    Key::new("cert", Kind::Path, "The certificate chain, own certificate first (PEM).").required(),
    Key::new("key", Kind::Path, "The private key, unencrypted (PEM).").required(),
]);

impl Identity {
    pub(super) fn read(view: &View<'_>, inspection: &mut Inspection<'_>) -> Option<Self> {
        let cert = CertificateFile::read(view, "cert", inspection);
        let key = PrivateKeyFile::read(view, "key", inspection);
        Some(Self { cert: cert?, key: key? })
    }
}

impl CertificateFile {
    pub(super) fn read(view: &View<'_>, name: &str, inspection: &mut Inspection<'_>) -> Option<Self> {
        let (path, pem) = read(view, name, inspection)?;
        if pem.contains("-----BEGIN CERTIFICATE-----") {
            return Some(Self { path, pem });
        }
        let message = format!("`{}` holds no certificate", path.display());
        let help = "the file has to hold PEM that starts with `-----BEGIN CERTIFICATE-----`";
        refuse(view, name, message, help, inspection);
        None
    }
}

impl PrivateKeyFile {
    fn read(view: &View<'_>, name: &str, inspection: &mut Inspection<'_>) -> Option<Self> {
        let (path, pem) = read(view, name, inspection)?;
        let encrypted = pem.contains("ENCRYPTED");
        if pem.contains("PRIVATE KEY-----") && !encrypted {
            let pem = Secret::new(pem);
            return Some(Self { path, pem });
        }
        let what = if encrypted { "an encrypted private key" } else { "no private key" };
        let message = format!("`{}` holds {what}", path.display());
        let help = "the file has to hold an unencrypted PEM key, as in `-----BEGIN PRIVATE KEY-----`";
        refuse(view, name, message, help, inspection);
        None
    }
}

fn read(view: &View<'_>, name: &str, inspection: &mut Inspection<'_>) -> Option<(PathBuf, String)> {
    let path = view.text(name).filter(|path| !path.trim().is_empty())?;
    inspection.read_file(view.at(name), view.trail.key(name), path)
}

fn refuse(view: &View<'_>, name: &str, message: String, help: &str, inspection: &mut Inspection<'_>) {
    let (at, key) = (view.at(name), view.trail.key(name));
    inspection.error(ProblemKind::UnreadableFile, at, key, message, help);
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
