//! Data folders: one is made for each set of binaries and kept, every server has a copy.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::{env, io};

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;

use crate::binaries::{Binaries, run};
use crate::options::Options;
use crate::{USER, binaries};

/// What every server of a test has: it starts fast, and its clock and messages are the same everywhere.
const SETTINGS: [(&str, &str); 6] = [
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "200"),
    ("jit", "off"),
    ("logging_collector", "off"),
    ("log_line_prefix", "%m [%p] "),
    ("hot_standby", "on"),
];
/// What those have whose machine does not crash.
const NOT_DURABLE: [(&str, &str); 2] = [("fsync", "off"), ("full_page_writes", "off")];

/// A new folder for one server, which holds its data folder, its socket and its log.
pub(crate) fn home(binaries: &Binaries) -> PathBuf {
    let make = || {
        let home = tempfile::Builder::new().rand_bytes(8).prefix("").tempdir_in(parent()?)?.keep();
        chown(&home, Some(binaries.user.0), Some(binaries.user.1))?;
        io::Result::Ok(home)
    };
    make().unwrap_or_else(|error| panic!("a folder for PostgreSQL: {error}"))
}

/// The folder of all servers of this user. Its name is short, because the path of a socket must be.
fn parent() -> io::Result<PathBuf> {
    let parent = env::temp_dir().join(format!("sbpg-{}", geteuid().as_raw()));
    match DirBuilder::new().mode(0o755).create(&parent) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let owner = fs::symlink_metadata(&parent)?;
    if !owner.is_dir() || owner.uid() != geteuid().as_raw() {
        return Err(io::Error::other(format!("{} is somebody else's", parent.display())));
    }
    Ok(parent)
}

/// Fills the data folder of a new server.
pub(crate) fn fill(data: &Path, options: &Options, binaries: &Binaries) {
    let template = template(binaries).unwrap_or_else(|error| panic!("initdb: {error}"));
    run(binaries.as_user(Path::new("cp")).arg("-a").arg(&template).arg(data));
    configure(data, options, binaries).unwrap_or_else(|error| panic!("{}: {error}", data.display()));
}

/// Writes the settings of a server; the last one of a name counts.
pub(crate) fn configure(data: &Path, options: &Options, binaries: &Binaries) -> io::Result<()> {
    let relaxed = NOT_DURABLE.iter().filter(|_| !options.durable);
    let fixed = SETTINGS.iter().chain(relaxed).map(|(name, value)| (*name, *value));
    let own = options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut file = OpenOptions::new().append(true).open(data.join("postgresql.conf"))?;
    for (name, value) in fixed.chain(own) {
        writeln!(file, "{name} = '{}'", value.replace('\'', "''"))?;
    }
    let tcp =
        options.hba.as_deref().unwrap_or("host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust");
    fs::write(data.join("pg_hba.conf"), format!("local all all trust\nlocal replication all trust\n{tcp}\n"))?;
    for (name, text) in &options.files {
        let path = data.join(name);
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?
            .write_all(text.as_bytes())?;
        chown(&path, Some(binaries.user.0), Some(binaries.user.1))?;
    }
    Ok(())
}

/// A data folder that no server uses, made once for these binaries.
fn template(binaries: &Binaries) -> io::Result<PathBuf> {
    let mut hash = DefaultHasher::new();
    let postgres = binaries.folder.join("postgres");
    let meta = fs::metadata(&postgres)?;
    (&postgres, meta.len(), meta.mtime()).hash(&mut hash);
    let parent = parent()?;
    let template = parent.join(format!("template-{:016x}", hash.finish()));
    // The first of several programs makes it, the others wait.
    let lock = File::create(parent.join("template.lock"))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    if !template.is_dir() {
        let new = home(binaries).join("data");
        let mut initdb = binaries.command("initdb");
        run(initdb.arg("-D").arg(&new).args(["-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync"]));
        fs::rename(&new, &template)?;
        let _ = new.parent().map(fs::remove_dir_all);
    }
    Ok(template)
}

/// Whether binaries of that name are beside the others.
pub(crate) fn has(name: &str) -> bool {
    binaries().is_some_and(|found| found.folder.join(name).is_file())
}
