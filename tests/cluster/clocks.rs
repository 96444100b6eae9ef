//! Wall clocks that jump: that of the database, that of one replica, and all.

use private_postgres::Options;
use tokio::time::sleep;

use crate::cluster::{Cluster, SESSION};
use crate::database::{Clock, Database};
use crate::load::Plan;
use crate::run::{alone, run};

const JUMPS: [&str; 6] = ["+1h", "-1h", "+0", "+1", "-1", "+0"];

fn options(clock: &Clock) -> Options {
    clock.environment().into_iter().fold(Options::durable(), |options, (name, value)| options.env(&name, &value))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_shows_the_clock_that_is_turned() {
    let Some(clock) = Clock::new() else { return };
    let Some(database) = Database::with(&options(&clock)).await else { return };
    let server = &database.servers[0];
    let now = async || server.query("postgres", "select extract(epoch from clock_timestamp())::bigint").await;
    let real = async || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for (offset, expected) in [("+0", 0), ("+1h", 3600), ("-1h", -3600)] {
        clock.turn(offset);
        let (shown, real) = (now().await[0].parse::<i64>().unwrap(), real().await.cast_signed());
        assert!((shown - real - expected).abs() < 60, "{offset}: {shown}, not {real}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_jump_lose_and_reorder_nothing() {
    let _alone = alone().await;
    let (Some(of_database), Some(of_replica)) = (Clock::new(), Clock::new()) else { return };
    let Some(database) = Database::with(&options(&of_database)).await else { return };
    let cluster = Cluster::with(3, &database.store(), |index, mut setup| {
        if index == 1 {
            setup.environment.extend(of_replica.environment());
        }
        setup
    })
    .await;
    cluster.vendor_is_slow(4);
    let outcome = run(&cluster, &Plan::mixed(), async || {
        for clocks in [&[&of_database][..], &[&of_replica], &[&of_database, &of_replica]] {
            for jump in JUMPS {
                let at = std::time::Instant::now();
                clocks.iter().for_each(|clock| clock.turn(jump));
                cluster.fault("clock", at, None);
                sleep(SESSION).await; // the load works under that clock
            }
        }
    })
    .await;
    println!("{}", outcome.summary);
    outcome.is_good();
}
