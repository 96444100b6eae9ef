//! Writes the corpus of a fuzz target into a directory: `cargo run -p oracles --example seed -- TARGET DIRECTORY`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let (Some(target), Some(directory)) = (env::args().nth(1), env::args_os().nth(2).map(PathBuf::from)) else {
        return Err("usage: seed TARGET DIRECTORY".into());
    };
    fs::create_dir_all(&directory)?;
    for (number, seed) in oracles::Oracle::named(&target).corpus().iter().enumerate() {
        fs::write(directory.join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}
