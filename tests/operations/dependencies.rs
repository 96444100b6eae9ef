//! docs/dependencies.md has a row for each direct dependency, and none for one that is gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use toml::de::{DeTable, DeValue};

/// The manifests of the workspace's packages, and of the fuzz targets beside it.
const MANIFESTS: [&str; 8] =
    ["", "bench", "conformance", "fuzz", "fuzz/oracles", "private-postgres", "simulators", "vendors"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The names in a manifest's tables of dependencies, those of a target included; our own packages are not counted.
fn direct(table: &DeTable<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (key, value) in table {
        let Some(inside) = value.get_ref().as_table() else { continue };
        if key.get_ref().ends_with("dependencies") {
            let is_ours = |value: &DeValue<'_>| value.as_table().is_some_and(|table| table.contains_key("path"));
            let foreign = inside.iter().filter(|(_, value)| !is_ours(value.get_ref()));
            names.extend(foreign.map(|(name, _)| name.get_ref().to_string()));
        } else if key.get_ref() == "target" {
            names.extend(inside.values().filter_map(|target| target.get_ref().as_table()).flat_map(direct));
        }
    }
    names
}

#[test]
fn every_direct_dependency_has_its_row_and_no_row_is_stale() {
    let mut expected = BTreeSet::new();
    for folder in MANIFESTS {
        let text = read(format!("{folder}/Cargo.toml").trim_start_matches('/'));
        expected.extend(direct(DeTable::parse(&text).unwrap().get_ref()));
    }
    assert!(expected.contains("tokio") && expected.contains("libfuzzer-sys"), "{expected:?}");
    let page = read("docs/dependencies.md");
    let table = page.split("\n## ").find(|part| part.starts_with("Direct dependencies")).unwrap();
    let rows: Vec<_> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).collect();
    let listed: BTreeSet<_> = rows.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, expected, "docs/dependencies.md and the manifests differ");
    assert_eq!(listed.len(), rows.len(), "a crate has two rows");
    for (name, cells) in rows {
        let cells: Vec<_> = cells.split(" | ").map(str::trim).collect();
        assert!(cells.len() == 6 && cells[1..].iter().all(|cell| !cell.is_empty()), "{name}: {cells:?}");
    }
}

#[test]
fn every_member_of_the_workspace_is_read() {
    let text = read("Cargo.toml");
    let manifest = DeTable::parse(&text).unwrap();
    let workspace = manifest.get_ref()["workspace"].get_ref().as_table().unwrap();
    for member in workspace["members"].get_ref().as_array().unwrap() {
        let member = member.get_ref().as_str().unwrap();
        assert!(MANIFESTS.contains(&member), "{member}");
    }
}
