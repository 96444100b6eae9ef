//! A network between two processes, which fails as a test says.
//!
//! It passes bytes on as TCP does: nothing is lost in the middle of a connection that goes on. A connection that has lost
//! bytes is reset when the network works again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Each byte arrives so much later.
    Delay(Duration),
    /// Bytes wait, and arrive when it is open again.
    Paused,
    /// Nothing arrives at the server.
    NoRequests,
    /// Nothing comes back from the server.
    NoAnswers,
    /// The server's end is closed, and the client is not told.
    HalfOpen,
    /// No new connection is made.
    Refused,
}

/// Long enough for what a kernel has to be read.
const A_MOMENT: Duration = Duration::from_millis(5);

/// How late bytes may arrive.
#[derive(Clone, Copy)]
pub(crate) enum Late {
    /// However late, and also those of a process that is gone meanwhile.
    Always,
    /// So late at most, and never once the sender has closed its end: the connection is reset instead. A vendor that takes
    /// an attempt later than the time limit of attempts can reorder; no gateway can prevent that.
    Within(Duration),
}

/// Passes connections on to one address.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    network: Arc<Network>,
    _serving: JoinSet<()>,
}

struct Network {
    target: SocketAddr,
    way: watch::Sender<Way>,
    resets: watch::Sender<usize>,
    late: Late,
}

/// The end of a connection that is reset.
struct Reset;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

impl Proxy {
    pub(crate) async fn start(target: SocketAddr, late: Late) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let network = Network { target, way: watch::channel(Way::Open).0, resets: watch::channel(0).0, late };
        let network = Arc::new(network);
        let (own, mut serving) = (Arc::clone(&network), JoinSet::new());
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let network = Arc::clone(&own);
                open.spawn(async move { network.carry(client).await });
                while open.try_join_next().is_some() {}
            }
        });
        Self { address, network, _serving: serving }
    }

    pub(crate) fn set(&self, way: Way) {
        self.network.way.send_replace(way);
    }

    /// Ends all connections at once, in the middle of whatever they do.
    pub(crate) fn reset(&self) {
        self.network.resets.send_modify(|count| *count += 1);
    }
}

impl Network {
    async fn carry(&self, mut client: TcpStream) {
        let (mut resets, way) = (self.resets.subscribe(), self.way.subscribe());
        resets.mark_unchanged();
        tokio::select! {
            _ = resets.changed() => {}
            ended = self.connected(&mut client, way) => if ended.is_ok() { return },
        }
        let _ = client.set_zero_linger();
    }

    /// Carries bytes until both ends are closed.
    async fn connected(&self, client: &mut TcpStream, mut way: watch::Receiver<Way>) -> Result<(), Reset> {
        let mut held = None;
        loop {
            let now = *way.borrow_and_update();
            match now {
                Way::Open | Way::Delay(_) => break,
                Way::Refused => return Err(Reset),
                // What the client sends meanwhile waits as long as its connection.
                Way::Paused => held = held.or_else(|| Some(Instant::now())),
                Way::NoRequests | Way::NoAnswers | Way::HalfOpen => return self.lost(client, way.clone()).await,
            }
            way.changed().await.map_err(|_| Reset)?;
        }
        let mut server = TcpStream::connect(self.target).await.map_err(|_| Reset)?;
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let ended = {
            let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
            let requests = self.pass(from_client, to_server, Direction::ToServer, held);
            let answers = self.pass(from_server, to_client, Direction::ToClient, None);
            let mut watched = way.clone();
            tokio::select! {
                ended = async { tokio::try_join!(requests, answers) } => Some(ended.map(|_| ())),
                _ = watched.wait_for(|way| *way == Way::HalfOpen) => None,
            }
        };
        match ended {
            Some(Ok(())) => Ok(()),
            Some(Err(Reset)) => {
                let _ = server.set_zero_linger();
                Err(Reset)
            }
            None => {
                drop(server);
                self.lost(client, way).await
            }
        }
    }

    /// Swallows what the client sends until the network works again, and then resets the connection.
    async fn lost(&self, client: &mut TcpStream, mut way: watch::Receiver<Way>) -> Result<(), Reset> {
        let swallows = async {
            let mut piece = [0; 16 * 1024];
            while let Ok(1..) = client.read(&mut piece).await {}
        };
        tokio::select! {
            () = swallows => {}
            _ = way.wait_for(|way| matches!(way, Way::Open | Way::Delay(_))) => {}
        }
        Err(Reset)
    }

    /// Passes the bytes of one direction on. They are read at once, so that the end of the sender is noticed.
    async fn pass(
        &self,
        mut from: ReadHalf<'_>,
        mut to: WriteHalf<'_>,
        direction: Direction,
        held: Option<Instant>,
    ) -> Result<(), Reset> {
        let (pieces, mut read) = mpsc::unbounded_channel::<(Instant, Bytes)>();
        let (ended, is_ended) = watch::channel(false);
        let reads = async move {
            let mut piece = [0; 16 * 1024];
            loop {
                // What a sender that has reset its connection had sent before is still passed on, as kernels do.
                let count = from.read(&mut piece).await.unwrap_or(0);
                ended.send_replace(count == 0);
                let _ = pieces.send((Instant::now(), Bytes::copy_from_slice(&piece[..count])));
                if count == 0 {
                    return Ok(());
                }
            }
        };
        let writes = async {
            let mut held = held;
            if held.is_some() {
                sleep(A_MOMENT).await; // so that the end of a client that is gone is read
            }
            while let Some((since, piece)) = read.recv().await {
                let was_held = held.is_some();
                let since = held.take().unwrap_or(since);
                let waited = self.passable(direction, since).await? || was_held;
                if let Late::Within(time) = self.late
                    && waited
                    && (since.elapsed() > time || *is_ended.borrow())
                {
                    return Err(Reset);
                }
                let written = if piece.is_empty() { to.shutdown().await } else { to.write_all(&piece).await };
                written.map_err(|_| Reset)?;
            }
            Ok(())
        };
        tokio::try_join!(reads, writes).map(|_: ((), ())| ())
    }

    /// Waits until bytes that came at that time may go on: whether they were held back.
    async fn passable(&self, direction: Direction, since: Instant) -> Result<bool, Reset> {
        let (mut way, mut waited) = (self.way.subscribe(), false);
        loop {
            let now = *way.borrow_and_update();
            match (now, direction) {
                (Way::Delay(time), _) => {
                    sleep_until((since + time).into()).await; // this is the network's own time, which nothing waits for
                    return Ok(true);
                }
                (Way::Paused, _) => waited = true,
                (Way::NoRequests, Direction::ToServer) | (Way::NoAnswers, Direction::ToClient) | (Way::HalfOpen, _) => {
                    let _ = way.wait_for(|way| matches!(way, Way::Open | Way::Delay(_))).await;
                    return Err(Reset);
                }
                _ => return Ok(waited),
            }
            way.changed().await.map_err(|_| Reset)?;
        }
    }
}
