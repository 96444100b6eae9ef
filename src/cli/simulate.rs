//! `switchboard simulate`: one vendor's documented behaviour as a server.

use std::net::SocketAddr;
use std::process::ExitCode;

use simulators::{Fault, Options, Simulator};

use crate::edge::signal::Signals;

use super::{Failure, Terminal, end, runtime};

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which vendor
    vendor: String,
    /// Where to listen
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// The token it accepts [default: sim-<vendor>]
    #[arg(long)]
    token: Option<String>,
    /// Misbehave: status=503, delay=200ms, hang, reset, html, … (see simulators/README.md); may be given several
    /// times
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Fault>,
    /// Refuse fields that the vendor's page does not list, instead of ignoring them as the vendor does
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let runtime = runtime()?;
    let served: Result<(), Failure> = runtime.block_on(async {
        let mut signals = Signals::install()?;
        let options = Options { listen: args.listen, token: args.token, faults: args.faults, strict: args.strict };
        let simulator = Simulator::start(&args.vendor, options).await?;
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
        Ok(())
    });
    end(runtime);
    served.map(|()| ExitCode::SUCCESS)
}
