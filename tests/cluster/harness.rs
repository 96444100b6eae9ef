//! That these tests can fail: the oracle finds each kind of lie, the network does what its names say, and the whole runs
//! against one gateway with a file.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::chaos::in_turn;
use crate::cluster::{Cluster, Store};
use crate::faults::Hurt;
use crate::gateway::Setup;
use crate::ledger::{Entry, Kind, Said};
use crate::load::{Load, Plan};
use crate::oracle::{Evidence, Record, Seen, complaints};
use crate::proxy::{Late, Proxy, Way};
use crate::run::{alone, run};
use crate::support::{PATIENCE, eventually};

/// Times in milliseconds after a beginning.
struct Clock(Instant);

impl Clock {
    fn at(&self, moment: u64) -> Instant {
        self.0 + Duration::from_millis(moment)
    }

    fn entry(&self, number: u64, sent: u64, told: u64, said: Said) -> Entry {
        Entry {
            id: 1,
            number,
            kind: Kind::Plain,
            sent: self.at(sent),
            told: Some((self.at(told), said)),
            sendings: 1,
            kept: None,
            replica: 0,
        }
    }

    fn seen(&self, numbers: &[(u64, u64)]) -> Vec<Seen> {
        let seen = numbers.iter().map(|(number, at)| Seen { id: 1, number: *number, at: self.at(*at), replica: 0 });
        seen.collect()
    }
}

/// Two changes, the second sent after the first was answered, and what has arrived.
fn two(said: [Said; 2], numbers: &[(u64, u64)], states: [&str; 2]) -> Evidence {
    let clock = Clock(Instant::now());
    let [first, second] = said;
    let record = |state: &str| vec![Record { state: state.to_owned(), together: false }];
    let records = [((1, 1), record(states[0])), ((1, 2), record(states[1]))];
    Evidence {
        entries: vec![clock.entry(1, 0, 10, first), clock.entry(2, 20, 30, second)],
        arrived: clock.seen(numbers),
        applied: clock.seen(numbers),
        records: records.into_iter().collect(),
        ..Evidence::default()
    }
}

const BOTH: [Said; 2] = [Said::Applied, Said::Promised];

#[test]
fn the_oracle_finds_each_lie() {
    let refused = Said::NotApplied("validation_failed".to_owned());
    let good = ["applied", "applied"];
    for (evidence, found) in [
        (two(BOTH, &[(1, 5), (2, 25)], good), ""),
        (two(BOTH, &[(2, 5), (1, 25)], good), "order"),
        (two(BOTH, &[(1, 5), (2, 25), (1, 40)], good), "order"),
        (two(BOTH, &[(1, 5), (2, 25), (1, 40)], good), "final"),
        (two(BOTH, &[(1, 5), (1, 6), (2, 25)], good), "repeats"),
        (two(BOTH, &[(1, 5)], ["applied", "queued"]), "record"),
        (two(BOTH, &[(1, 5)], good), "lost"),
        (two(BOTH, &[(1, 5)], ["applied", "failed"]), "lost"),
        (two(BOTH, &[(1, 5)], ["applied", "refused"]), ""),
        (two(BOTH, &[(2, 25)], ["superseded", "applied"]), ""),
        (two(BOTH, &[(1, 5), (2, 25), (3, 35)], good), "stranger"),
        (two([Said::Applied, refused.clone()], &[(1, 5)], ["applied", "refused"]), ""),
        (two([Said::Applied, refused.clone()], &[(1, 5)], good), "record"),
        (two([Said::Applied, refused], &[(1, 5), (2, 40)], ["applied", "failed"]), "silence"),
        (two([Said::Nothing, Said::Applied], &[(2, 5), (1, 25)], good), ""),
    ] {
        let all = complaints(&evidence);
        let is_found = if found.is_empty() { all.is_empty() } else { all.iter().any(|one| one.starts_with(found)) };
        assert!(is_found, "{found}: {all:#?}");
    }
}

/// A server that answers each byte with the next one.
async fn counter() -> (std::net::SocketAddr, tokio::task::JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, mut serving) = (listener.local_addr().unwrap(), tokio::task::JoinSet::new());
    serving.spawn(async move {
        let mut open = tokio::task::JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            open.spawn(async move {
                while let Ok(byte) = stream.read_u8().await {
                    let _ = stream.write_u8(byte + 1).await;
                }
            });
        }
    });
    (address, serving)
}

async fn next(stream: &mut TcpStream, byte: u8) -> std::io::Result<u8> {
    stream.write_u8(byte).await?;
    timeout(PATIENCE, stream.read_u8()).await.unwrap()
}

/// Whether nothing comes for a moment: what would come takes far less.
async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(Duration::from_millis(150), stream.read_u8()).await.is_err()
}

#[tokio::test]
async fn a_network_passes_delays_holds_and_resets() {
    let (server, _serving) = counter().await;
    let proxy = Proxy::start(server, Late::Always).await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(next(&mut stream, 1).await.unwrap(), 2);

    proxy.set(Way::Delay(Duration::from_millis(100)));
    let began = Instant::now();
    assert_eq!(next(&mut stream, 3).await.unwrap(), 4);
    assert!(began.elapsed() >= Duration::from_millis(200));

    proxy.set(Way::Paused);
    stream.write_u8(5).await.unwrap();
    assert!(is_silent(&mut stream).await);
    proxy.set(Way::Open);
    assert_eq!(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap(), 6);

    for way in [Way::NoRequests, Way::NoAnswers, Way::HalfOpen] {
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(next(&mut stream, 1).await.unwrap(), 2);
        proxy.set(way);
        stream.write_u8(7).await.unwrap();
        assert!(is_silent(&mut stream).await, "{way:?}");
        proxy.set(Way::Open);
        assert!(timeout(PATIENCE, stream.read_u8()).await.unwrap().is_err(), "{way:?}: it was not reset");
    }
    assert_eq!(next(&mut stream, 8).await.ok(), None, "it had lost bytes");

    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(next(&mut stream, 9).await.unwrap(), 10);
    proxy.reset();
    assert!(timeout(PATIENCE, stream.read_u8()).await.unwrap().is_err());
    proxy.set(Way::Refused);
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    assert!(next(&mut stream, 1).await.is_err());
}

#[tokio::test]
async fn a_network_to_the_vendor_delivers_nothing_of_a_sender_that_is_gone_or_after_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for gone in [true, false] {
        let proxy = Proxy::start(listener.local_addr().unwrap(), Late::Within(Duration::from_millis(50))).await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        let (mut served, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        proxy.set(Way::Paused);
        stream.write_all(b"late").await.unwrap();
        if gone {
            drop(stream);
        }
        let moment = Duration::from_millis(if gone { 20 } else { 120 });
        sleep(moment).await; // this is what is tested: how late the network is
        proxy.set(Way::Open);
        let mut bytes = Vec::new();
        let ended = timeout(PATIENCE, served.read_to_end(&mut bytes)).await.unwrap();
        assert!(bytes.is_empty() && ended.is_err(), "gone: {gone}: {bytes:?} {ended:?}");
    }
}

/// The whole test against what is known to be right: one gateway with a file that is killed and cut from its vendor.
#[tokio::test(flavor = "multi_thread")]
async fn one_gateway_with_a_file_keeps_its_promises() {
    let _alone = alone().await;
    // Without it, a plain change that a crash cuts off may have no record.
    let edit = |_, setup: Setup| Setup { store: "sync_intent = true\n".to_owned(), ..setup };
    let cluster = Cluster::with(1, &Store::File, edit).await;
    cluster.vendor_is_slow(5);
    let plan = Plan { assistants: 4, ..Plan::mixed() };
    let hurts =
        [Hurt::VendorPaused, Hurt::Kill, Hurt::VendorNoAnswers, Hurt::Freeze, Hurt::VendorHalfOpen, Hurt::Drain];
    let outcome = run(&cluster, &plan, async || in_turn(&cluster, &hurts).await).await;
    println!("{}", outcome.summary);
    outcome.is_good();
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_that_share_nothing_are_found_out() {
    let _alone = alone().await;
    let cluster = Cluster::start(3, &Store::File, "").await;
    cluster.vendor_is_slow(5);
    let load = Load::start(&Plan { assistants: 4, ..Plan::mixed() }, &cluster.addresses, &cluster.ledger);
    let found = eventually(PATIENCE, async || {
        let wrong = complaints(&cluster.seen_so_far());
        wrong.into_iter().find(|wrong| wrong.starts_with("order"))
    })
    .await;
    println!("{found}");
    load.finish().await;
}
