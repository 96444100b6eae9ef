//! `switchboard keygen`: a new API key and the line with its digest for the configuration.

use std::process::ExitCode;

use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256};

use crate::config::is_client_name;

use crate::cli::{Failure, Terminal};

/// Arguments of `keygen`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The client's name in the configuration
    client: String,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let client = &args.client;
    if !is_client_name(client) {
        let rule = "use at most 64 lower-case letters, digits, `.`, `_` and `-`, a letter first";
        return Err(format!("`{client}` is no client name; {rule}").into());
    }
    // A dot in a bare key of TOML would open a table within a table.
    let key_of_table = if client.contains('.') { format!("\"{client}\"") } else { client.clone() };
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| format!("the system gives no random bytes: {error}"))?;
    // Both texts have their final length from the start: what grows leaves copies behind.
    let digits = Zeroizing::new(hex::encode(*bytes));
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
    Ok(ExitCode::SUCCESS)
}
