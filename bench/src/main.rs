//! Load generator, upstream and reference proxy of the side-by-side benchmark; `side_by_side.py` starts them.
//!
//! `bench upstream` responds to each request at once, `bench load` sends requests and prints its figures as JSON, and
//! `bench pass` is the minimal proxy of this stack: hyper on both sides, which copies bytes and reads nothing.

#![expect(
    clippy::disallowed_methods,
    reason = "processes are killed, not drained, and callers keep their rate by sleeping"
)]

mod head;
mod load;
mod multiplexed;
mod pace;
mod pass;
mod secure;
mod upstream;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// The commands.
#[derive(Debug, Parser)]
enum Command {
    /// An upstream that is never the bottleneck.
    Upstream {
        /// The address to listen on
        listen: SocketAddr,
        /// Use TLS with the certificate in this folder
        #[arg(long)]
        tls: Option<PathBuf>,
        /// Use HTTP/2
        #[arg(long)]
        http2: bool,
    },
    /// Write a certificate and its key for both ends.
    Certificate {
        /// The folder to write to
        folder: PathBuf,
    },
    /// The minimal proxy.
    Pass {
        /// The address to listen on
        listen: SocketAddr,
        /// The address to forward to
        upstream: SocketAddr,
    },
    /// Send requests over persistent connections and measure them.
    Load(load::Args),
}

/// An error that ends a command.
type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match Command::parse() {
        Command::Upstream { listen, tls, http2 } => runtime.block_on(upstream::serve(listen, tls.as_deref(), http2))?,
        Command::Certificate { folder } => secure::write_certificate(&folder)?,
        Command::Pass { listen, upstream } => runtime.block_on(pass::serve(listen, upstream))?,
        Command::Load(args) => load::run(&args, &runtime)?,
    }
    Ok(())
}
