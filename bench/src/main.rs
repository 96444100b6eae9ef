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
mod pace;
mod pass;
mod upstream;

use std::net::SocketAddr;

use clap::Parser;

/// One of the three.
#[derive(Debug, Parser)]
enum Command {
    /// The upstream that is never the limit.
    Upstream {
        /// Where to listen
        listen: SocketAddr,
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
        Command::Upstream { listen } => runtime.block_on(upstream::serve(listen))?,
        Command::Pass { listen, upstream } => runtime.block_on(pass::serve(listen, upstream))?,
        Command::Load(args) => load::run(&args, &runtime)?,
    }
    Ok(())
}
