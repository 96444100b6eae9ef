//! The load generator: persistent connections, each with one request at a time.
//!
//! Without `--rate`, each connection sends its next request when it has the response, all in one thread: this measures
//! CPU and throughput. With `--rate`, requests are sent at fixed times, with one thread per connection: this measures
//! latency. A generator that waits for a slow response before it sends the next request would understate it.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Args as ClapArgs;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};

use crate::head::Head;
use crate::secure::{HTTP1, Stream, connector, dial};
use crate::{Failure, multiplexed, pace};

/// Arguments of `load`.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// The address to send requests to
    pub(crate) to: SocketAddr,
    /// The method
    #[arg(long, default_value = "PUT")]
    pub(crate) method: hyper::Method,
    /// The path; `{n}` is replaced by the request's number: that of the connection, from 1, then increased by the number of connections
    #[arg(long)]
    pub(crate) path: String,
    /// The file with the bodies, one in each line; a connection sends each of its bodies in turn
    #[arg(long)]
    pub(crate) body: PathBuf,
    /// An additional header, as `Name: value`; repeatable
    #[arg(long = "header")]
    pub(crate) headers: Vec<String>,
    /// Number of connections
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: usize,
    /// Requests per second, over all connections
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Duration in seconds
    #[arg(long, default_value_t = 5.0)]
    pub(crate) seconds: f64,
    /// Use TLS and trust the certificate in this folder
    #[arg(long, conflicts_with = "rate")]
    pub(crate) tls: Option<PathBuf>,
    /// Use HTTP/2, with sixteen callers per connection
    #[arg(long, conflicts_with = "rate")]
    pub(crate) http2: bool,
    /// Print a line and wait for one on standard input once every connection has had a response
    #[arg(long)]
    pub(crate) hold: bool,
}

impl Args {
    /// The path of one request.
    pub(crate) fn path(&self, number: usize) -> String {
        self.path.replace("{n}", &number.to_string())
    }

    /// The requests of one connection, as bytes.
    pub(crate) fn requests(&self, connection: usize, bodies: &Bodies) -> Vec<Vec<u8>> {
        let numbers = bodies.numbers(connection, self.connections);
        numbers.map(|number| self.request(number, bodies.of(number))).collect()
    }

    fn request(&self, number: usize, body: &[u8]) -> Vec<u8> {
        let (method, path) = (&self.method, self.path(number));
        let headers: String = self.headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n",
            self.to
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }

    /// The duration of the measurement.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

/// The bodies to send.
#[derive(Debug)]
pub(crate) struct Bodies(Vec<Bytes>);

impl Bodies {
    fn read(args: &Args) -> Result<Self, Failure> {
        let text = Bytes::from(std::fs::read(&args.body)?);
        let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let bodies: Vec<_> = lines.map(|line| text.slice_ref(line)).collect();
        Ok(Self(if bodies.is_empty() { vec![Bytes::new()] } else { bodies }))
    }

    /// The numbers of the requests of one connection, from 1: as many as it takes to send each body once.
    pub(crate) fn numbers(&self, connection: usize, connections: usize) -> impl Iterator<Item = usize> {
        (connection..=connection.max(self.0.len())).step_by(connections.max(1))
    }

    /// The body of a request.
    pub(crate) fn of(&self, number: usize) -> &Bytes {
        static NONE: Bytes = Bytes::new();
        self.0.get((number - 1) % self.0.len()).unwrap_or(&NONE)
    }
}

/// Sends the load and prints the number of responses of success, of all others, the seconds, and the latency in microseconds.
///
/// # Errors
/// A connection was refused or lost.
pub(crate) fn run(args: &Args, runtime: &Runtime) -> Result<(), Failure> {
    let bodies = Bodies::read(args)?;
    let tally = match args.rate {
        Some(rate) => pace::run(args, &bodies, rate)?,
        None => LocalSet::new().block_on(runtime, saturate(args, &bodies))?,
    };
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{}", tally.report())?;
    Ok(())
}

/// The measured figures.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) good: u64,
    pub(crate) bad: u64,
    pub(crate) took: Duration,
    pub(crate) latencies: Vec<Duration>,
}

impl Tally {
    pub(crate) fn count(&mut self, good: bool, latency: Duration) {
        *(if good { &mut self.good } else { &mut self.bad }) += 1;
        self.latencies.push(latency);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.good += other.good;
        self.bad += other.bad;
        self.took = self.took.max(other.took);
        self.latencies.extend(other.latencies);
    }

    fn report(mut self) -> serde_json::Value {
        self.latencies.sort_unstable();
        let at = |share: f64| {
            let index = ((self.latencies.len() as f64) * share) as usize;
            self.latencies.get(index).or(self.latencies.last()).map(|latency| latency.as_secs_f64() * 1e6)
        };
        json!({
            "good": self.good, "bad": self.bad, "seconds": self.took.as_secs_f64(),
            "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999), "max": at(1.0),
        })
    }
}

async fn saturate(args: &Args, bodies: &Bodies) -> Result<Tally, Failure> {
    let mut callers = if args.http2 {
        multiplexed::Caller::all(args, bodies)
            .await?
            .into_iter()
            .map(|caller| Caller::Multiplexed(Box::new(caller)))
            .collect()
    } else {
        Connection::all(args, bodies).await?.into_iter().map(Caller::Alone).collect::<Vec<_>>()
    };
    for caller in &mut callers {
        caller.exchange().await?; // what a proxy sets up once is not measured
    }
    if args.hold {
        hold()?;
    }
    let (began, until) = (Instant::now(), Instant::now() + args.duration());
    let mut running = JoinSet::new();
    for mut caller in callers {
        running.spawn_local(async move {
            let mut tally = Tally::default();
            while Instant::now() < until {
                let sent = Instant::now();
                let good = caller.exchange().await?;
                tally.count(good, sent.elapsed());
            }
            Ok::<_, Error>(tally)
        });
    }
    let mut total = Tally::default();
    while let Some(tally) = running.join_next().await {
        total.add(tally??);
    }
    total.took = began.elapsed();
    Ok(total)
}

/// Reports on standard output that everything is set up, and waits for a line on standard input.
pub(crate) fn hold() -> Result<(), Error> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "ready")?;
    std::io::stdout().flush()?;
    std::io::stdin().read_line(&mut String::new()).map(|_| ())
}

/// Sends one request after another.
enum Caller {
    Alone(Connection),
    Multiplexed(Box<multiplexed::Caller>),
}

impl Caller {
    async fn exchange(&mut self) -> Result<bool, Error> {
        match self {
            Self::Alone(connection) => connection.exchange().await,
            Self::Multiplexed(caller) => caller.exchange().await,
        }
    }
}

/// A connection with one request at a time.
struct Connection {
    stream: Box<dyn Stream>,
    requests: Vec<Vec<u8>>,
    next: usize,
    answer: Vec<u8>,
}

impl Connection {
    async fn all(args: &Args, bodies: &Bodies) -> Result<Vec<Self>, Failure> {
        let tls = args.tls.as_deref().map(|folder| connector(folder, HTTP1)).transpose()?;
        let mut connections = Vec::new();
        for number in 1..=args.connections {
            let tcp = TcpStream::connect(args.to).await?;
            tcp.set_nodelay(true)?;
            let stream = dial(tcp, tls.as_ref()).await?;
            connections.push(Self {
                stream,
                requests: args.requests(number, bodies),
                next: 0,
                answer: vec![0; 1 << 16],
            });
        }
        Ok(connections)
    }

    /// Sends the next request; whether the response was a success.
    async fn exchange(&mut self) -> Result<bool, Error> {
        let request = self.requests.get(self.next).map(Vec::as_slice).unwrap_or_default();
        self.next = (self.next + 1) % self.requests.len();
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(self.answer.get_mut(filled..).unwrap_or_default()).await?;
            if read == 0 {
                return Err(Error::new(ErrorKind::UnexpectedEof, "the connection closed before the end of a response"));
            }
            filled += read;
            let answer = self.answer.get(..filled).unwrap_or_default();
            if Head::find(answer)?.is_some_and(|head| filled >= head.total()) {
                return Ok(answer.starts_with(b"HTTP/1.1 2"));
            }
        }
    }
}
