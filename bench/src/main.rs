//! Both ends and the yardstick of the side-by-side measurement; `side_by_side.py` starts them.
//!
//! `bench upstream` answers each request at once, `bench load` sends requests and prints what it measured as JSON, and
//! `bench pass` is the least that a proxy of this stack can do: hyper on both sides, bytes copied, nothing read.

#![expect(
    clippy::disallowed_methods,
    reason = "what is measured is killed, not drained, and callers pace themselves by sleeping"
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

/// One of them.
#[derive(Debug, Parser)]
enum Command {
    /// The upstream that is never the limit.
    Upstream {
        /// Where to listen
        listen: SocketAddr,
        /// Under TLS, with the certificate in this folder
        #[arg(long)]
        tls: Option<PathBuf>,
        /// HTTP/2
        #[arg(long)]
        http2: bool,
    },
    /// A certificate for both ends, and its key.
    Certificate {
        /// The folder to write it into
        folder: PathBuf,
    },
    /// The least that a proxy can do.
    Pass {
        /// Where to listen
        listen: SocketAddr,
        /// Where requests go
        upstream: SocketAddr,
    },
    /// Requests over connections that are kept, and how long each took.
    Load(load::Args),
}

/// What ends a command early.
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
