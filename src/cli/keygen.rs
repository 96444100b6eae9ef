//! `switchboard keygen`: a new API key. Only its digest is ever stored.

use std::process::ExitCode;

use sha2::{Digest, Sha256};

use super::{Failure, Terminal};

/// Arguments of `keygen`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The client's name in the configuration
    client: String,
}

pub(super) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let client = &args.client;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    if client.is_empty() || !client.chars().all(plain) || !client.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(format!(
            "`{client}` is no client name; use lower-case letters, digits, `_` and `-`, a letter first"
        )
        .into());
    }
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random bytes: {error}"))?;
    let key = format!("sb_{}", hex(&bytes));
    writeln!(
        terminal.out,
        "The key, shown only now; the client sends it as `Authorization: Bearer <key>`:\n\n{key}\n"
    )?;
    writeln!(
        terminal.out,
        "For the configuration:\n\n[clients.{client}]\nkey_sha256 = \"{}\"",
        hex(&Sha256::digest(key.as_bytes()))
    )?;
    Ok(ExitCode::SUCCESS)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
