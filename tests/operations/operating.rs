//! docs/operating.md works: its files are accepted and its commands succeed, in the order of the page. `.ci/operating` also
//! runs what needs root, and starts the gateway.

use std::path::Path;
use std::process::Command;

use crate::support::process::Process;

const PAGE: &str = include_str!("../../docs/operating.md");

/// The fenced blocks of the page: what stands behind the fence, and what is in the block.
fn blocks() -> Vec<(&'static str, String)> {
    let mut blocks: Vec<(&str, String)> = Vec::new();
    let mut open = false;
    for line in PAGE.lines() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(label) => {
                open = true;
                blocks.push((label, String::new()));
            }
            None if open => {
                if let Some((_, text)) = blocks.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            None => {}
        }
    }
    blocks
}

fn run(script: &str, folder: &Path) {
    let own = Path::new(env!("CARGO_BIN_EXE_switchboard")).parent().unwrap();
    let path = std::env::join_paths([own, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-euc", script]).current_dir(folder).env_clear().env("PATH", path);
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{said}");
    assert!(!said.contains("warning"), "{script}\n{said}");
}

#[test]
fn following_the_page_results_in_a_working_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, mut scripts) = (0, 0);
    for (label, text) in blocks() {
        match label.split_once(' ') {
            Some(("sh", "run")) => {
                run(&text, folder.path());
                scripts += 1;
            }
            Some(("toml" | "csv" | "json", name)) => {
                let text = text.replace("/var/log/switchboard", folder.path().to_str().unwrap());
                std::fs::write(folder.path().join(name), text).unwrap();
                files += 1;
            }
            _ => {}
        }
    }
    assert_eq!((files, scripts), (3, 5));
    for made in ["switchboard.schema.json", "switchboard.bash", "switchboard.1"] {
        assert!(std::fs::metadata(folder.path().join(made)).unwrap().len() > 1000, "{made}");
    }
}

/// The allocator reserves address space that it does not use.
#[tokio::test]
async fn an_address_space_of_two_gibibytes_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[auth]\nmode = \"none\"\n\
                [vendors.sondos]\nbase_url = \"http://127.0.0.1:9\"\ntoken = { env = \"TOKEN\" }\n";
    std::fs::write(folder.path().join("switchboard.toml"), text).unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -v 2097152; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_switchboard")])
        .env("TOKEN", "1|x");
    let process = Process::serve_by(&mut command, folder.path()).await;
    process.signal("TERM");
    assert!(process.ended().await.success());
}
