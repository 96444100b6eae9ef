//! Where the administration of a gateway is, as its configuration says: for commands that ask a gateway that runs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::{FileTable, Table, document, layered, read_file};
use crate::config::types::secret::Secret;
use crate::config::validate::problem::Problems;
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

/// What a configuration says of its gateway's admin listener.
pub struct Administration {
    /// Where it listens; `None` where the configuration has no address there.
    pub listen: Option<SocketAddr>,
    /// The token.
    pub token: Option<Secret>,
    /// The file with the certificate that it shows, if it speaks TLS.
    pub certificate: Option<PathBuf>,
}

/// Where administration listens and how to ask it. What else is wrong with the configuration does not matter to a command
/// that only asks a gateway.
///
/// # Errors
/// The file that is named cannot be read or is not TOML, so that it does not say which gateway is meant.
pub fn administration(path: Option<&Path>, environment: &Environment) -> Result<Administration, Problems> {
    let mut validator = Validator::new(environment);
    let file = |validator: &mut Validator<'_>| -> FileTable {
        Some(read_file(path, validator)?.map(|source| document::parse(source, validator)))
    };
    match layered(file, &mut validator) {
        Some(tree) => Ok(Administration::read(&tree, &mut validator)),
        None => {
            let (diagnostics, sources, files) = validator.finish();
            Err(Problems::new(diagnostics, &sources, files))
        }
    }
}

/// The same for a probe of a gateway that runs on with what the file that the environment names held before: if the file
/// is gone or broken, then as far as what is left of it says.
#[must_use]
pub fn probed(environment: &Environment) -> Administration {
    let mut validator = Validator::new(environment);
    let left = |validator: &mut Validator<'_>| -> FileTable {
        Some(read_file(None, validator).flatten().map(|source| document::readable_part(source, validator)))
    };
    let tree = layered(left, &mut validator).or_else(|| layered(|_| Some(None), &mut Validator::new(environment)));
    let tree = tree.unwrap_or_default();
    Administration::read(&tree, &mut validator)
}

impl Administration {
    fn read(tree: &Table, validator: &mut Validator<'_>) -> Self {
        let root = TableReader::root(tree);
        let token = root.table("admin").secret("token", validator);
        let server = root.table("server");
        let tls = server.table("admin_tls");
        let certificate = tls.text("cert").map(|path| validator.resolve(tls.span("cert"), path));
        Self { listen: server.address("admin_listen"), token, certificate }
    }
}
