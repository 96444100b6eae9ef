//! Where the binaries are, and as which user they run.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::{env, fs, io};

use rustix::process::{getegid, geteuid};

/// The folder of the binaries that tests use.
const FOLDER: &str = "PRIVATE_POSTGRES_BINARIES";
/// `1` where tests must not be left out.
const REQUIRED: &str = "PRIVATE_POSTGRES_REQUIRED";

/// A folder with PostgreSQL's binaries, and the user who runs them.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The folder.
    pub folder: PathBuf,
    /// The user and group who run the server: it refuses to run as root.
    pub(crate) user: (u32, u32),
}

/// The binaries of this machine: of `PRIVATE_POSTGRES_BINARIES`, else of the newest version that is installed. `None` where
/// there are none, which is said once.
///
/// # Panics
/// If there are none and `PRIVATE_POSTGRES_REQUIRED` is 1, or if the folder of `PRIVATE_POSTGRES_BINARIES` has none.
pub fn binaries() -> Option<&'static Binaries> {
    static FOUND: OnceLock<Option<Binaries>> = OnceLock::new();
    FOUND.get_or_init(find).as_ref()
}

fn find() -> Option<Binaries> {
    let Some(folder) = folder() else {
        let wanted = "PostgreSQL's binaries (`initdb` and `postgres`) are neither in PATH nor in /usr/lib/postgresql/*/bin; \
                      install PostgreSQL, or name their folder in PRIVATE_POSTGRES_BINARIES";
        assert!(!is_required(), "{wanted}");
        // Past the capture of the test harness: it must be seen.
        let _ = writeln!(io::stderr(), "LEFT OUT: the tests that need PostgreSQL. {wanted}");
        return None;
    };
    Some(Binaries { folder, user: user() })
}

#[expect(clippy::disallowed_methods, reason = "this is only for tests, which have no `main` of ours")]
fn is_required() -> bool {
    env::var(REQUIRED).is_ok_and(|value| value == "1")
}

fn folder() -> Option<PathBuf> {
    let has_binaries = |folder: &Path| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    if let Some(folder) = env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from) {
        assert!(has_binaries(&folder), "PRIVATE_POSTGRES_BINARIES: {} has no initdb and postgres", folder.display());
        return Some(folder);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path = env::split_paths(&path).find(|folder| has_binaries(folder));
    in_path
        .or_else(|| {
            let versions = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
            let number = |folder: &fs::DirEntry| folder.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            let mut folders: Vec<_> =
                versions.filter_map(|folder| Some((number(&folder)?, folder.path().join("bin")))).collect();
            folders.sort();
            folders.into_iter().rev().map(|(_, folder)| folder).find(|folder| has_binaries(folder))
        })
        // Debian's links to single binaries: the others are beside what they point to.
        .map(|folder| {
            fs::canonicalize(folder.join("postgres"))
                .ok()
                .and_then(|file| Some(file.parent()?.to_owned()))
                .unwrap_or(folder)
        })
}

/// Ourselves; of root, `postgres`, else `nobody`.
fn user() -> (u32, u32) {
    let own = (geteuid().as_raw(), getegid().as_raw());
    if own.0 != 0 {
        return own;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let id_of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    id_of("postgres").or_else(|| id_of("nobody")).unwrap_or((65_534, 65_534))
}

impl Binaries {
    /// A command that runs one of them as the server's user, in its own process group: what a terminal sends to the tests does
    /// not reach it.
    pub(crate) fn command(&self, name: &str) -> Command {
        self.as_user(&self.folder.join(name))
    }

    pub(crate) fn as_user(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).process_group(0).current_dir("/").env("LC_ALL", "C");
        if geteuid().is_root() {
            command.uid(self.user.0).gid(self.user.1);
        }
        command
    }
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {said}", output.status);
}
