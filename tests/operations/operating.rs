//! docs/operating.md works: its files are accepted and its commands succeed, in the order of the page. `.ci/operating` also
//! runs what needs root, and starts the gateway.

use std::path::Path;
use std::process::Command;

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
