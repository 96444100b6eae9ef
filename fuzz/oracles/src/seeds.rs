//! Seed inputs, read from the goldens and the contracts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use vendors::json::{Kind, Limits, Value, read_value};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of a directory with their paths, in order; none if the directory does not exist.
pub(crate) fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The files below `vendors/contracts/<vendor>/<kind>/` of every vendor.
fn contracts(kind: &str) -> Vec<Vec<u8>> {
    let vendors = vendors::registry::DIALECTS.iter();
    let folder = |name: &str| root().join("vendors/contracts").join(name).join(kind);
    vendors.flat_map(|dialect| files(&folder(dialect.name))).map(|(_, bytes)| bytes).collect()
}

/// The cases of `tests/golden/`.
fn cases() -> Vec<Vec<u8>> {
    let is_case = |path: &Path| path.extension().is_some_and(|extension| extension == "json");
    files(&root().join("tests/golden")).into_iter().filter(|(path, _)| is_case(path)).map(|(_, bytes)| bytes).collect()
}

/// Canonical updates: those of the goldens, and the documented examples.
pub(crate) fn updates() -> Vec<Vec<u8>> {
    let mut updates = contracts("examples");
    for case in cases() {
        let case = read_value(&case, Limits::CALLER).unwrap();
        let exchanges = case.get("exchanges").into_iter().flat_map(Value::elements);
        let canonical =
            case.get("page_examples").into_iter().flat_map(Value::members).flat_map(|(_, slugs)| slugs.members());
        updates.extend(exchanges.chain([case]).filter_map(|holder| holder.get("update")).map(bytes));
        updates.extend(canonical.map(|(_, update)| bytes(update)));
    }
    updates
}

fn bytes(value: Value<'_>) -> Vec<u8> {
    value.text().as_bytes().to_vec()
}

/// Vendors' responses: the bodies of the contracts' answers, and every response in a golden snapshot.
pub(crate) fn answers() -> Vec<Vec<u8>> {
    let mut answers = BTreeSet::new();
    for answer in contracts("answers") {
        let body = read_value(&answer, Limits::VENDOR).unwrap().get("body").map(bytes);
        answers.extend(body);
    }
    for (path, snapshot) in files(&root().join("tests/golden")) {
        if path.extension().is_some_and(|extension| extension == "snap") {
            let text = String::from_utf8(snapshot).unwrap();
            // The format is `<-- 422 …`, headers, and the body from the first line with an opening brace or bracket.
            let said = text.split("\n<-- ").skip(1).filter_map(|rest| rest.split("\n\n").next());
            answers.extend(said.filter_map(|said| Some(said[said.find("\n{")?..].trim().as_bytes().to_vec())));
        }
    }
    answers.extend(["", "[]", "null", "<html>", "{\"data\":{}}"].map(|text| text.as_bytes().to_vec()));
    answers.into_iter().collect()
}

/// JSON of every kind, and texts that are almost JSON.
pub(crate) fn json() -> Vec<Vec<u8>> {
    let mut all = updates();
    all.extend(answers());
    let small: Vec<_> = all.iter().filter(|text| text.len() < 2048).cloned().collect();
    for text in &small {
        let Ok(value) = read_value(text, Limits::VENDOR) else { continue };
        all.extend(value.members().filter(|(_, inner)| inner.kind() != Kind::Object).map(|(_, inner)| bytes(inner)));
    }
    let odd = [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,\"\\u0061\":2}",
        "\"\\ud83d\"",
        "\"\\ud83d\\ude00\"",
        "-0",
        "1e999",
        "01",
        "1.",
        "\u{feff}{}",
        "\"\u{1}\"",
        "{\"a\":[[[[]]]]}",
        "truefalse",
        "nul",
        "{\"\":null}",
        "[0.70,1E+2,-1e-7]",
        "\"\\/\\b\\f\\n\\r\\t\\u0000\"",
    ];
    all.extend(odd.map(|text| text.as_bytes().to_vec()));
    all.push("[".repeat(129).into_bytes());
    all
}
