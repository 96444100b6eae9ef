//! The running binary leaves no core dump, in which every secret would be.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::process::Process;
use crate::support::raw;

/// A user that is not root, for tests that root runs.
const NOBODY: u32 = 65_534;

/// The binary where every user can run it.
fn copied(folder: &Path) -> PathBuf {
    let copy = folder.join("switchboard");
    fs::copy(env!("CARGO_BIN_EXE_switchboard"), &copy).unwrap();
    for path in [folder, &copy] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    copy
}

/// A command of a user that is not root: for root's processes the files of `/proc` say nothing.
fn of_a_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// The user of a process, and the owner of its files in `/proc`: root if it leaves no core dump (proc(5)).
fn user_and_owner(pid: u32) -> (u32, u32) {
    let status = PathBuf::from(format!("/proc/{pid}/status"));
    let text = fs::read_to_string(&status).unwrap();
    let user = text.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap().split_whitespace().next().unwrap();
    (user.parse().unwrap(), status.metadata().unwrap().uid())
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[test]
fn the_files_of_a_process_that_may_be_dumped_are_its_users() {
    let other = Killed(of_a_user(Path::new("sleep")).arg("600").spawn().unwrap());
    let (user, owner) = user_and_owner(other.0.id());
    assert!(user != 0 && owner == user, "{user} {owner}");
}

#[tokio::test]
async fn a_gateway_leaves_no_core_dump_and_still_reads_its_own_figures() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[auth]\nmode = \"none\"\n";
    fs::write(folder.path().join("switchboard.toml"), config).unwrap();
    let process = Process::serve_by(&mut of_a_user(&copied(folder.path())), folder.path()).await;
    let (user, owner) = user_and_owner(process.pid);
    assert!(user != 0 && owner == 0, "{user} {owner}");
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", process.admin);
    let metrics = raw::exchange(process.admin, request.as_bytes()).await;
    assert!(String::from_utf8_lossy(&metrics.body).contains("process_open_fds "));
}

#[test]
fn a_demonstration_leaves_no_core_dump() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = of_a_user(&copied(folder.path()));
    command.args(["demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]).stdout(Stdio::piped());
    let mut demo = Killed(command.current_dir(folder.path()).spawn().unwrap());
    let lines = BufReader::new(demo.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    // The pipe stays open until then.
    let mut lines = lines.skip_while(|line| !line.contains("goes on serving"));
    assert!(lines.next().is_some(), "it serves");
    let (user, owner) = user_and_owner(demo.0.id());
    assert!(user != 0 && owner == 0, "{user} {owner}");
}
