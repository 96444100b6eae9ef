//! `switchboard demo`: one canonical update sent to five simulated vendors through a gateway.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use http_body_util::Full;
use simulators::{Options, Received, Simulator};
use vendors::document::EXAMPLE;
use vendors::json::lay_out;

use crate::app::App;
use crate::config::{self, Environment};
use crate::net::signals::Signals;

use crate::cli::client::send;
use crate::cli::style::Style;
use crate::cli::{Failure, Terminal, block_on, core_dumps};

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Send the update to all five vendors, print what happened, and end
    #[arg(long)]
    once: bool,
    /// Where the gateway listens while it serves
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", conflicts_with = "once")]
    listen: SocketAddr,
    /// Where its administration listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090", conflicts_with = "once")]
    admin_listen: SocketAddr,
}

/// The vendor's id of the assistant, as in the vendors' documentation.
const ID: &str = "789";

pub(crate) fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    core_dumps::switch_off()?;
    let style = Style::for_stdout(&terminal.environment);
    let result = block_on(demonstrate(&args, style, terminal.out))?;
    result.map(|()| ExitCode::SUCCESS)
}

async fn demonstrate(args: &Args, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let signals = Signals::install()?;
    let mut simulators = Vec::new();
    for vendor in simulators::NAMES {
        simulators.push(Simulator::start(vendor, Options { strict: true, ..Options::default() }).await?);
    }
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let (listen, admin) = if args.once { (anywhere, anywhere) } else { (args.listen, args.admin_listen) };
    let folder = StoreFolder::make()?;
    let settings = config::load_text(&configuration(&simulators, listen, admin, &folder.0), &tokens(&simulators))?;
    let app = App::start(settings, None, None).await.map_err(|error| match args.once {
        true => error.to_string(),
        false => format!("{error}\nhelp: choose free ports with --listen and --admin-listen"),
    })?;
    let base = format!("http://{}", app.api());
    writeln!(out, "{}", style.bold("One canonical update goes in:"))?;
    writeln!(out, "{EXAMPLE}\n")?;
    for simulator in &simulators {
        exchange(simulator, &base, style, out).await?;
    }
    if args.once {
        app.stop().await;
    } else {
        let admin = format!("http://{}", app.admin());
        writeln!(out, "{}", style.bold("The gateway goes on serving until Ctrl-C. Try:"))?;
        let steps = NEXT_STEPS.replace("{base}", &base).replace("{admin}", &admin);
        write!(out, "{}", steps.replace("{id}", ID).replace("{later}", LATER))?;
        if cfg!(feature = "console") {
            writeln!(out, "The console: {}", style.bold(&format!("{admin}/console/")))?;
        }
        writeln!(out, "In a browser: {base}/docs")?;
        out.flush()?;
        app.run(signals).await;
    }
    for simulator in simulators {
        simulator.stop().await;
    }
    Ok(())
}

/// The folder of the demonstration's store, for one run.
struct StoreFolder(PathBuf);

impl StoreFolder {
    fn make() -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("switchboard-demo-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for StoreFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the folder of the demo's store is left behind");
        }
    }
}

/// Where the vendor listens that is not there at first.
const LATER: &str = "127.0.0.1:7001";

/// The configuration of the demonstration: one account and one named assistant for each simulator, and one for a vendor that
/// is not there at first.
fn configuration(simulators: &[Simulator], listen: SocketAddr, admin: SocketAddr, folder: &Path) -> String {
    let path = folder.join("store").join("switchboard.db");
    let mut text = format!(
        "[server]\nlisten = \"{listen}\"\nadmin_listen = \"{admin}\"\n[auth]\nmode = \"none\"\n[log]\nlevel = \"off\"\n\
         [store]\nkind = \"sqlite\"\npath = {path:?}\n[queue]\nmax_backoff = \"5s\"\n\
         [vendors.later]\ndialect = \"sondos\"\nbase_url = \"http://{LATER}/api\"\ntoken = {{ env = \"DEMO_TOKEN_SONDOS\" }}\n\
         [assistants.demo-later]\nvendor = \"later\"\nid = \"{ID}\"\n"
    );
    for simulator in simulators {
        let (vendor, url, token) = (simulator.vendor(), simulator.base_url(), token_variable(simulator));
        text.push_str(&format!(
            "[vendors.{vendor}]\nbase_url = \"{url}\"\ntoken = {{ env = \"{token}\" }}\n\
             [assistants.demo-{vendor}]\nvendor = \"{vendor}\"\nid = \"{ID}\"\n"
        ));
    }
    text
}

/// The simulators' tokens in the variables that the configuration names.
fn tokens(simulators: &[Simulator]) -> Environment {
    simulators.iter().map(|simulator| (token_variable(simulator), simulator.token().to_owned())).collect()
}

fn token_variable(simulator: &Simulator) -> String {
    format!("DEMO_TOKEN_{}", simulator.vendor().to_uppercase())
}

/// Sends the update to one vendor and prints what it received and what the caller got back.
async fn exchange(simulator: &Simulator, base: &str, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let vendor = simulator.vendor();
    let before = simulator.received().len();
    let request = Request::put(format!("{base}/v1/assistants/demo-{vendor}"))
        .header(CONTENT_TYPE, "application/json")
        .header("Prefer", "handling=lenient")
        .body(Full::new(Bytes::from_static(EXAMPLE.as_bytes())))?;
    let response = send(request, Duration::from_secs(30), None).await?;
    writeln!(out, "{}", style.bold(&format!("── {vendor} ──")))?;
    for received in simulator.received().iter().skip(before) {
        print_received(received, style, out)?;
    }
    print_response(&response, style, out)?;
    if !response.status().is_success() {
        return Err(format!("{vendor}: the gateway answered {}", response.status()).into());
    }
    Ok(())
}

fn print_received(received: &Received, style: Style, out: &mut dyn Write) -> std::io::Result<()> {
    let query = received.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    writeln!(out, "the vendor received  {} {}{query}", received.method, received.path)?;
    for name in ["authorization", "content-type", "accept", "user-agent", "x-request-id", "traceparent"] {
        if let Some(value) = received.header(name).filter(|_| !received.body.is_empty()) {
            writeln!(out, "  {}", style.dim(&format!("{name}: {value}")))?;
        }
    }
    if !received.body.is_empty() {
        writeln!(out, "{}", indented(&received.body))?;
    }
    Ok(())
}

fn print_response(response: &Response<Bytes>, style: Style, out: &mut dyn Write) -> std::io::Result<()> {
    let status = response.status().to_string();
    let painted = if response.status().is_success() { style.green(&status) } else { style.red(&status) };
    writeln!(out, "the caller got back  {painted}")?;
    for name in ["preference-applied", "switchboard-dropped"] {
        if let Some(value) = response.headers().get(name).and_then(|value| value.to_str().ok()) {
            writeln!(out, "  {}", style.dim(&format!("{name}: {value}")))?;
        }
    }
    writeln!(out, "{}\n", indented(response.body()))
}

/// JSON laid out below the line that announces it.
fn indented(json: &[u8]) -> String {
    lay_out(json).lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// Commands to try next; they can be pasted as they are.
const NEXT_STEPS: &str = r#"
curl -X PUT {base}/v1/assistants/demo-sondos -H 'Content-Type: application/json' \
  -d '{"name": "Night desk", "wait_for_customer": false}'

curl -X PUT '{base}/v1/assistants/demo-sondos?dry_run=true' -H 'Content-Type: application/json' \
  -d '{"type": "inbound", "max_silence_duration": 60}'

curl -X PUT {base}/v1/assistants/sondos:{id} -H 'Content-Type: application/json' \
  -d '{"mode": "dualplex", "speech_speed": 9, "nmae": "x"}'

curl -X PUT {base}/v1/assistants/demo-later -H 'Content-Type: application/json' \
  -H 'Prefer: respond-async' -H 'X-Request-Id: later-1' -d '{"name": "Night desk"}'
switchboard simulate sondos --listen {later} &   # the vendor that this one waits for
curl '{base}/v1/updates/later-1?wait=20'

curl {base}/v1/vendors
curl {base}/v1/vendors/sondos
curl {base}/v1/assistants/demo-famulor/route
curl {admin}/admin/status

"#;
