//! What the running gateway's memory holds of secrets that it has read and needs no more.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use simulators::{Options, Simulator};

use crate::support::process::Process;
use crate::support::{configuration, tokens};
use crate::tls_scene::Authority;

/// Everything that a process can write to, in pieces.
fn memory(pid: u32) -> Vec<Vec<u8>> {
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let writable = maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw")));
    let read = |line: &str| {
        let (from, to) = line.split(' ').next()?.split_once('-')?;
        let from = u64::from_str_radix(from, 16).ok()?;
        let mut bytes = vec![0; (u64::from_str_radix(to, 16).ok()? - from) as usize];
        memory.read_exact_at(&mut bytes, from).ok()?;
        Some(bytes)
    };
    writable.filter_map(read).collect()
}

#[tokio::test]
async fn a_running_gateway_holds_no_secret_that_it_has_no_use_for() {
    if !rustix::process::geteuid().is_root() {
        // Nobody else may read the memory of a gateway, not even its own user.
        return;
    }
    let simulators = [Simulator::start("sondos", Options::default()).await.unwrap()];
    let folder = tempfile::tempdir().unwrap();
    let (own, token) = (Authority::new().server(&["localhost"]), "a-token-for-administration-alone");
    own.write(folder.path(), "own");
    fs::write(folder.path().join("admin.token"), token).unwrap();
    let extra = "[server.tls]\ncert = \"own.pem\"\nkey = \"own.key\"\n[admin]\ntoken = { file = \"admin.token\" }\n";
    fs::write(folder.path().join("switchboard.toml"), configuration(&simulators, extra)).unwrap();
    let process = Process::serve(folder.path(), &tokens(&simulators)).await;
    let memory = memory(process.pid);
    let holds = |text: &str| memory.iter().any(|piece| memchr::memmem::find(piece, text.as_bytes()).is_some());
    assert!(holds("admin.token"), "what it holds is not found");
    assert!(!holds(token), "the token of administration");
    assert!(!holds(own.key.lines().nth(1).unwrap()), "the private key's text");
}
