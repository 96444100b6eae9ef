//! The rooms of `src` and what each may use: arrows point one way.
//!
//! [`ROOMS`] is the table that docs/architecture.md explains. A room may use only rooms above it in the table, so there
//! is no circle; each use that the table does not allow fails with its line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, lowest first, and the rooms that it may use.
const ROOMS: &[(&str, &[&str])] = &[
    ("value", &[]),
    ("config", &["value"]),
    ("http", &[]),
    ("net", &["http", "value"]),
    ("problem", &["http"]),
    ("upstream", &["http", "problem", "value"]),
    ("account", &["http", "upstream", "value"]),
    ("store", &["value"]),
    ("sharing", &["store", "value"]),
    ("routing", &["account", "http", "value"]),
    ("access", &["net", "problem", "value"]),
    ("telemetry", &["http", "problem", "value"]),
    ("gateway", &["access", "account", "config", "http", "net", "routing", "telemetry", "upstream", "value"]),
    (
        "api",
        &[
            "access",
            "account",
            "gateway",
            "http",
            "net",
            "problem",
            "routing",
            "store",
            "telemetry",
            "upstream",
            "value",
        ],
    ),
    ("reload", &["config", "gateway", "net", "telemetry", "upstream", "value"]),
    (
        "admin",
        &[
            "access",
            "account",
            "api",
            "gateway",
            "http",
            "net",
            "problem",
            "reload",
            "routing",
            "store",
            "telemetry",
            "upstream",
            "value",
        ],
    ),
    ("console", &["access", "admin", "http", "net", "problem"]),
    (
        "app",
        &[
            "admin",
            "api",
            "config",
            "console",
            "gateway",
            "http",
            "net",
            "problem",
            "reload",
            "sharing",
            "store",
            "telemetry",
            "upstream",
        ],
    ),
    ("cli", &["api", "app", "config", "gateway", "net", "reload", "telemetry", "value"]),
];

/// The rooms that know the package `vendors`: the others move bytes and requests, whatever they say.
const KNOW_VENDORS: &[&str] =
    &["problem", "account", "routing", "access", "telemetry", "gateway", "api", "admin", "console", "config", "cli"];

/// The most files that a folder has before it gets rooms inside.
const MOST_FILES: usize = 14;

/// A line of code that is no comment and no test.
struct Line {
    path: String,
    number: usize,
    text: String,
}

impl Line {
    fn room(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// The rooms that the line names as `crate::room`; visibility such as `pub(in crate::room)` is no use.
    fn used(&self) -> impl Iterator<Item = &str> {
        let uses = self.text.split("crate::").collect::<Vec<_>>();
        let pairs: Vec<_> = uses.windows(2).map(|pair| (pair[0], pair[1])).collect();
        pairs.into_iter().filter(|(before, _)| !before.ends_with("in ")).map(|(_, path)| {
            let end = path.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(path.len());
            &path[..end]
        })
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files_below(&path, found),
            false => found.push(path),
        }
    }
}

/// Every line of code of the gateway. Tests stand at the end of a file or in files of their own.
fn lines() -> Vec<Line> {
    let (root, mut files) = (root(), Vec::new());
    files_below(&root, &mut files);
    files.sort();
    let mut lines = Vec::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let is_test = path.contains("tests") || path.contains("models");
        if is_test || path == "lib.rs" || path == "main.rs" || !path.ends_with(".rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = ["mod tests {", "impl "].iter().fold(text.as_str(), |code, start| {
            code.split(&format!("\n#[cfg(test)]\n{start}")).next().unwrap_or_default()
        });
        let of_code = code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        lines.extend(of_code.map(|(at, line)| Line { path: path.clone(), number: at + 1, text: line.trim().into() }));
    }
    assert!(lines.len() > 10_000, "only {} lines were read", lines.len());
    lines
}

/// The lines for which `is_wrong`, each with its file and number.
fn offending(is_wrong: impl Fn(&Line) -> bool) -> Vec<String> {
    let shown = |line: &Line| format!("src/{}:{}: {}", line.path, line.number, line.text);
    lines().iter().filter(|line| is_wrong(line)).map(shown).collect()
}

fn allowed(room: &str) -> &'static [&'static str] {
    let row = ROOMS.iter().find(|(name, _)| *name == room);
    row.unwrap_or_else(|| panic!("`{room}` is no room of the table")).1
}

#[test]
fn a_room_uses_only_the_rooms_that_the_table_allows() {
    let wrong = offending(|line| {
        let room = line.room();
        line.used().any(|used| used != room && !allowed(room).contains(&used))
    });
    assert_eq!(wrong, Vec::<String>::new(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_circle_and_no_use_that_is_gone() {
    let used: BTreeSet<(String, String)> = lines()
        .iter()
        .flat_map(|line| line.used().map(|used| (line.room().into(), used.into())).collect::<Vec<_>>())
        .collect();
    for (at, (room, uses)) in ROOMS.iter().enumerate() {
        for use_ in *uses {
            assert!(ROOMS[..at].iter().any(|(lower, _)| lower == use_), "{room} may use {use_}, which is not below it");
            assert!(used.contains(&((*room).into(), (*use_).into())), "{room} may use {use_} and does not");
        }
    }
}

#[test]
fn only_the_rooms_that_translate_know_the_package_of_vendors() {
    let wrong = offending(|line| {
        let names = line.text.contains("vendors::") && !line.text.contains("::vendors::");
        names && !KNOW_VENDORS.contains(&line.room())
    });
    assert_eq!(wrong, Vec::<String>::new(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_folder_has_more_files_than_a_reader_can_oversee() {
    let (mut files, mut crowded) = (Vec::new(), Vec::new());
    files_below(&root(), &mut files);
    let folders: BTreeSet<_> = files.iter().map(|file| file.parent().unwrap()).collect();
    for folder in folders {
        let own = files
            .iter()
            .filter(|file| file.parent() == Some(folder) && file.extension().is_some_and(|ending| ending == "rs"));
        let count = own.count();
        if count > MOST_FILES {
            crowded.push(format!("{}: {count} files", folder.display()));
        }
    }
    assert_eq!(crowded, Vec::<String>::new());
}

#[test]
fn the_page_on_the_architecture_lists_the_rooms_and_what_each_uses() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md")).unwrap();
    for (room, uses) in ROOMS {
        let uses = if uses.is_empty() { "–".to_owned() } else { uses.join(", ") };
        let row = page.lines().find(|line| line.starts_with(&format!("| `{room}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/architecture.md has no row for `{room}`"));
        assert!(row.ends_with(&format!("| {uses} |")), "the row of `{room}` does not end with what it uses: {uses}");
    }
}
