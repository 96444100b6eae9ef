//! `switchboard keygen`: a new API key and the line with its digest for the configuration, or the key of a store.

use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256};

use crate::config::is_client_name;

use crate::cli::{Failure, Terminal};

/// Arguments of `keygen`.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Args {
    /// The client's name in the configuration
    client: Option<String>,
    /// A key that a store encrypts with, instead of a client's
    #[arg(long)]
    store: bool,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    match &args.client {
        Some(client) => for_client(client, terminal)?,
        None => for_store(terminal)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn for_client(client: &str, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    if !is_client_name(client) {
        let rule = "use at most 64 lower-case letters, digits, `.`, `_` and `-`, a letter first";
        return Err(format!("`{client}` is no client name; {rule}").into());
    }
    // A dot in a bare key of TOML would open a table within a table.
    let key_of_table = if client.contains('.') { format!("\"{client}\"") } else { client.to_owned() };
    let mut bytes = Zeroizing::new([0; 32]);
    fill(&mut bytes)?;
    // Both texts have their final length from the start: what grows leaves copies behind.
    let digits = Zeroizing::new(hex::encode(bytes.as_slice()));
    let key = Zeroizing::new(["sb_", &digits].concat());
    writeln!(
        terminal.out,
        "The key, shown only now; the client sends it as `Authorization: Bearer <key>`:\n\n{}\n",
        *key
    )?;
    writeln!(
        terminal.out,
        "For the configuration:\n\n[clients.{key_of_table}]\nkey_sha256 = \"{}\"",
        hex::encode(Sha256::digest(key.as_bytes()))
    )?;
    Ok(())
}

fn for_store(terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    fill(&mut bytes)?;
    let key = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
    writeln!(
        terminal.out,
        "The key, shown only now; without it the store's content cannot be read. Keep it in the environment\n\
         variable or the file that the configuration names, and a copy apart from the database:\n\n{}\n",
        *key
    )?;
    writeln!(
        terminal.out,
        "For the configuration:\n\n[store]\nkind = \"sqlite\"\nencryption_key = {{ env = \"SWITCHBOARD_STORE_KEY\" }}"
    )?;
    Ok(())
}

/// Fills memory of the caller's, because what is returned leaves a copy behind.
fn fill(bytes: &mut [u8; 32]) -> Result<(), Failure> {
    getrandom::fill(bytes).map_err(|error| format!("the system gives no random bytes: {error}").into())
}
