//! `switchboard health`: exit status for container health checks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use http::{Request, Uri};
use http_body_util::Full;

use crate::config::Environment;

use crate::cli::client::send;
use crate::cli::{Failure, Terminal, runtime, shut_down};

/// Arguments of `health`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to ask [default: /livez at $SWITCHBOARD_SERVER__ADMIN_LISTEN, else at 127.0.0.1:9090]
    #[arg(long, value_name = "URL")]
    url: Option<Uri>,
    /// How long to wait for the answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    timeout: u64,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => format!("{}/livez", administration(&terminal.environment)?).parse()?,
    };
    let runtime = runtime()?;
    let request = Request::get(url.clone()).body(Full::default())?;
    let sent = runtime.block_on(send(request, Duration::from_secs(args.timeout)));
    shut_down(runtime);
    let response = sent?;
    writeln!(terminal.out, "{url} answered {}", response.status())?;
    Ok(if response.status().is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Administration where the environment puts it; an address for all interfaces is asked on loopback.
pub(crate) fn administration(environment: &Environment) -> Result<String, Failure> {
    const VARIABLE: &str = "SWITCHBOARD_SERVER__ADMIN_LISTEN";
    let mut address = SocketAddr::from(([127, 0, 0, 1], 9090));
    if let Some(listen) = environment.get(VARIABLE) {
        address = listen.parse().map_err(|_| format!("{VARIABLE} is no address: `{listen}`"))?;
    }
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(format!("http://{address}"))
}

#[cfg(test)]
mod tests {
    use crate::cli::commands::health::*;

    fn asked(listen: &str) -> String {
        let variable = ("SWITCHBOARD_SERVER__ADMIN_LISTEN".to_owned(), listen.to_owned());
        administration(&[variable].into_iter().collect()).unwrap()
    }

    #[test]
    fn the_environment_says_where_to_ask() {
        assert_eq!(administration(&Environment::default()).unwrap(), "http://127.0.0.1:9090");
        assert_eq!(asked("0.0.0.0:9191"), "http://127.0.0.1:9191");
        assert_eq!(asked("[::]:9090"), "http://[::1]:9090");
        assert_eq!(asked("10.1.2.3:9090"), "http://10.1.2.3:9090");
    }
}
