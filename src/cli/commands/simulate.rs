//! `switchboard simulate`: one vendor's documented behaviour as a server.

use std::net::SocketAddr;
use std::process::ExitCode;

use simulators::{Drift, Fault, Options, Simulator};

use crate::net::signals::Signals;

use crate::cli::input::VendorName;
use crate::cli::{Failure, Terminal, block_on};

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which vendor
    #[arg(value_parser = VendorName)]
    vendor: String,
    /// Where to listen
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// The token it accepts [default: sim-<vendor>]
    #[arg(long)]
    token: Option<String>,
    /// Misbehave: status=503, delay=200ms, hang, reset, html, refusal=json-api, challenge, bom, gzip, bad-rows@get,
    /// pages=2@get, lost@create, drop=PATH, … (see simulators/README.md); may be given several times
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Fault>,
    /// Differ from the documentation: rename=FIELD:NAME, narrow=FIELD:MIN:MAX, … (see
    /// simulators/README.md); may be given several times
    #[arg(long = "drift", value_name = "DRIFT")]
    drift: Vec<Drift>,
    /// Refuse fields that the vendor does not document, instead of ignoring them as the vendor does
    #[arg(long)]
    strict: bool,
    /// How many assistants the list shows from the start [default: the documented example alone]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u64).range(..=MOST))]
    assistants: u64,
}

/// The most assistants that `--assistants` takes.
const MOST: u64 = 100_000;

pub(crate) fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    block_on(async {
        let mut signals = Signals::install()?;
        let Args { vendor, listen, token, faults, drift, strict, assistants } = args;
        let options = Options { listen, token, faults, strict, drift, assistants };
        let simulator = Simulator::start(&vendor, options).await?;
        writeln!(
            terminal.out,
            "{} listens at {}, token {}",
            simulator.vendor(),
            simulator.base_url(),
            simulator.token()
        )?;
        terminal.out.flush()?;
        futures_util::StreamExt::next(&mut signals).await;
        simulator.stop().await;
        Ok(ExitCode::SUCCESS)
    })?
}
