//! Generates the list of contract files, so that a new example or response needs no second list.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vendors/contracts");
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    println!("cargo::rerun-if-changed={}", root.display());

    let mut table = String::new();
    let (families, vendors): (Vec<_>, Vec<_>) =
        entries(&root, Path::is_dir)?.into_iter().partition(|vendor| root.join(vendor).join("api.json").exists());
    for vendor in &vendors {
        write_contract(&mut table, &root.join(vendor), vendor)?;
    }
    let count = vendors.len();
    let names = format!(
        "/// Every simulated white label of the platform, in alphabetical order.\npub const NAMES: [&str; {count}] = {vendors:?};\n"
    );
    let rows = format!("static CONTRACTS: [Contract; {count}] = [\n{table}];\n");
    fs::write(Path::new(&out).join("contracts.rs"), names + &rows)?;
    fs::write(Path::new(&out).join("families.rs"), family_contracts(&root, &families)?)?;
    Ok(())
}

/// The vendors with an API of their own.
fn family_contracts(root: &Path, families: &[String]) -> Outcome<String> {
    let count = families.len();
    let mut table = format!(
        "/// Every simulated vendor with an API of its own, in alphabetical order.\npub const FAMILIES: [&str; {count}] = {families:?};\n\
         static CONTRACTS: [FamilyContract; {count}] = [\n"
    );
    for vendor in families {
        writeln!(table, "FamilyContract {{ vendor: {vendor:?},")?;
        for field in ["api", "objects", "seeds", "answers", "catalogs"] {
            writeln!(table, "{field}: include_str!({:?}),", root.join(vendor).join(format!("{field}.json")))?;
        }
        writeln!(table, "}},")?;
    }
    table.push_str("];\n");
    Ok(table)
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
