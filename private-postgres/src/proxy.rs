//! A TCP proxy in front of a server, which a test pauses or cuts.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// What passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Passing {
    /// Nothing goes to the server.
    requests_wait: bool,
    /// Nothing comes from the server.
    answers_wait: bool,
    /// Connections up to this one are cut.
    cut: usize,
    /// New connections are closed at once.
    refuses: bool,
}

/// A proxy on a free port of `127.0.0.1`. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    passing: watch::Sender<Passing>,
    connections: Arc<AtomicUsize>,
    _task: AbortOnDropHandle<()>,
}

impl Proxy {
    /// Starts one in front of a port of `127.0.0.1`.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.unwrap_or_else(|error| panic!("127.0.0.1:0: {error}"));
        let passing = watch::Sender::new(Passing::default());
        let connections = Arc::new(AtomicUsize::new(0));
        let serving = serve(listener, port, passing.clone(), Arc::clone(&connections));
        let task = AbortOnDropHandle::new(TaskTracker::new().spawn(serving));
        Self { address, passing, connections, _task: task }
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connections that there have been.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Lets nothing pass, in either direction; connections stay open and new ones are accepted.
    pub fn pause(&self) {
        self.passing.send_modify(|passing| (passing.requests_wait, passing.answers_wait) = (true, true));
    }

    /// Lets requests pass and no answers: what is sent is carried out.
    pub fn pause_answers(&self) {
        self.passing.send_modify(|passing| passing.answers_wait = true);
    }

    /// Lets answers pass and no requests.
    pub fn pause_requests(&self) {
        self.passing.send_modify(|passing| passing.requests_wait = true);
    }

    /// Lets everything pass, also what has waited.
    pub fn resume(&self) {
        self.passing.send_modify(|passing| *passing = Passing { cut: passing.cut, ..Passing::default() });
    }

    /// Closes all connections; new ones pass.
    pub fn cut(&self) {
        let present = self.connections();
        self.passing.send_modify(|passing| passing.cut = present);
    }

    /// Closes all connections, and new ones at once, until [`resume`](Self::resume).
    pub fn refuse(&self) {
        self.cut();
        self.passing.send_modify(|passing| passing.refuses = true);
    }
}

async fn serve(listener: TcpListener, port: u16, passing: watch::Sender<Passing>, connections: Arc<AtomicUsize>) {
    let tasks = TaskTracker::new();
    let mut running = Vec::new();
    while let Ok((client, _)) = listener.accept().await {
        let number = connections.fetch_add(1, Ordering::Relaxed) + 1;
        if !passing.borrow().refuses {
            let task = tasks.spawn(connection(client, port, passing.subscribe(), number));
            running.retain(|task: &AbortOnDropHandle<()>| !task.is_finished());
            running.push(AbortOnDropHandle::new(task));
        }
    }
}

async fn connection(client: TcpStream, port: u16, mut passing: watch::Receiver<Passing>, number: usize) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let requests = copy(from_client, to_server, passing.clone(), |passing| passing.requests_wait);
    let answers = copy(from_server, to_client, passing.clone(), |passing| passing.answers_wait);
    tokio::select! {
        _ = requests => {}
        _ = answers => {}
        _ = passing.wait_for(|passing| passing.cut >= number) => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut passing: watch::Receiver<Passing>,
    waits: impl Fn(&Passing) -> bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = from.read(&mut buffer).await?;
        let _ = passing.wait_for(|passing| !waits(passing)).await;
        if read == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..read).unwrap_or_default()).await?;
    }
}
