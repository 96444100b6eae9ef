//! Generates the list of the documented objects of nested dialects, so that the program needs no other file.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vendors/contracts");
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    println!("cargo::rerun-if-changed={}", root.display());
    let mut folders =
        fs::read_dir(&root)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    folders.retain(|folder| folder.join("objects.json").exists());
    folders.sort();
    let mut table = format!("static CONTRACTS: [(&str, &str, &str); {}] = [\n", folders.len());
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let (objects, api) = (folder.join("objects.json"), folder.join("api.json"));
        writeln!(table, "({name:?}, include_str!({objects:?}), include_str!({api:?})),")?;
    }
    table.push_str("];\n");
    fs::write(Path::new(&out).join("contracts.rs"), table)?;
    Ok(())
}
