//! Generates the list of contract files, so that a new example or response needs no second list.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vendors/contracts");
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    println!("cargo::rerun-if-changed={}", root.display());

    let mut table = String::new();
    let vendors = entries(&root, Path::is_dir)?;
    for vendor in &vendors {
        write_contract(&mut table, &root.join(vendor), vendor)?;
    }
    let count = vendors.len();
    let names = format!(
        "/// Every simulated vendor, in alphabetical order.\npub const NAMES: [&str; {count}] = {vendors:?};\n"
    );
    let rows = format!("static CONTRACTS: [Contract; {count}] = [\n{table}];\n");
    fs::write(Path::new(&out).join("contracts.rs"), names + &rows)?;
    Ok(())
}

fn write_contract(table: &mut String, folder: &Path, vendor: &str) -> Outcome<()> {
    writeln!(table, "Contract {{ vendor: {vendor:?},")?;
    for (field, file) in [
        ("schema", "request.schema.json"),
        ("endpoint", "endpoint.json"),
        ("catalogs", "catalogs.json"),
        ("assistants", "assistants.json"),
        ("operations", "operations.json"),
        ("create", "create.json"),
        ("resources", "resources.json"),
    ] {
        writeln!(table, "{field}: include_str!({:?}),", folder.join(file))?;
    }
    for field in ["examples", "answers"] {
        let inner = folder.join(field);
        writeln!(table, "{field}: &[")?;
        for file in entries(&inner, |path| path.extension().is_some_and(|end| end == "json"))? {
            let slug = file.trim_end_matches(".json");
            writeln!(table, "({slug:?}, include_str!({:?})),", inner.join(&file))?;
        }
        writeln!(table, "],")?;
    }
    writeln!(table, "}},")?;
    Ok(())
}

fn entries(folder: &Path, wanted: fn(&Path) -> bool) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let entry = entry?;
        if wanted(&entry.path()) {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
