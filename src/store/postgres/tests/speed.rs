//! How fast it is, on a server with `fsync`.
//!
//! `cargo test --release --lib -- --ignored --nocapture how_fast` shows it.

use std::sync::Arc;
use std::time::Instant;

use private_postgres::{Options, Server};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn how_fast() {
    let Some(server) = Server::start(&Options::durable()) else { return };
    let database = server.database().await;
    let replica = Arc::new(Replica::join(&database).await);
    let row = |caller: usize, turn: usize| sending(&format!("{}", (caller * 31 + turn) % 2_000), 1);
    let mut took = Vec::new();
    for turn in 0..2_000 {
        let (row, start) = (row(0, turn), Instant::now());
        replica.admit(&row).await;
        let end = Ending { is_lax: true, ..replica.ending(&row, State::Applied) };
        replica.store.finish(vec![end]).await.unwrap();
        took.push(start.elapsed());
    }
    took.sort_unstable();
    println!("one caller, admit and finish: median {:?}, 99 of 100 {:?}", took[1_000], took[1_980]);
    for (keyed, whole) in [(false, false), (true, false), (false, true)] {
        let start = Instant::now();
        let callers = (0..64).map(|caller| {
            let replica = replica.clone();
            async move {
                for turn in 0..300 {
                    let row = Record { state: State::Queued, ..row(caller + 1_000 * usize::from(keyed), turn) };
                    let key = keyed.then(|| key(&format!("{caller} {turn}"), 0));
                    stored(replica.store.admit(Admission { key, ..replica.admission(&row) }).await.unwrap());
                    if whole {
                        let end = Ending { is_lax: true, ..replica.ending(&row, State::Applied) };
                        replica.store.finish(vec![end]).await.unwrap();
                    }
                }
            }
        });
        callers.collect::<tokio::task::JoinSet<()>>().join_all().await;
        let rate = 64.0 * 300.0 / start.elapsed().as_secs_f64();
        println!("64 callers, keyed {keyed}, with the end {whole}: {rate:.0} a second");
    }
    println!("{:?}", replica.store.figures());
}
