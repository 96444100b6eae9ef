//! The cost of single layers for a request that passes at once: the client's rate limit, and the queue that keeps
//! updates of one assistant in order.

use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use switchboard::access::RateLimiter;
use switchboard::config::{Environment, load_text};
use switchboard::gateway::Gateway;
use switchboard::upstream::Tasks;

const CONFIGURATION: &str = "[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = { env = \"TOKEN\" }\n";

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = tokio::runtime::Runtime::new()?;
    let _within = runtime.enter();

    let wide = RateLimiter::new(Duration::from_nanos(1), NonZeroU32::MAX, Arc::default()).ok_or("no limit")?;
    let narrow = RateLimiter::new(Duration::from_secs(3600), NonZeroU32::MIN, Arc::default()).ok_or("no limit")?;
    criterion.bench_function("limit/within", |bencher| bencher.iter(|| black_box(&wide).check().1.is_ok()));
    criterion.bench_function("limit/beyond", |bencher| bencher.iter(|| black_box(&narrow).check().1.is_ok()));

    let environment: Environment = [("TOKEN".to_owned(), "1|abc".to_owned())].into_iter().collect();
    let settings = load_text(CONFIGURATION, &environment)?;
    let gateway = Gateway::build(settings, None, &Tasks::default())?;
    let account = gateway.routes.accounts.values().next().ok_or("no account")?;
    let key: Arc<str> = "789".into();
    criterion
        .bench_function("order/alone", |bencher| bencher.iter(|| account.stack.queue_update(black_box(&key)).is_ok()));
    let held: Vec<_> = (0..10_000).map(|id| account.stack.queue_update(&format!("1{id}").into())).collect();
    criterion.bench_function("order/beside 10,000", |bencher| {
        bencher.iter(|| account.stack.queue_update(black_box(&key)).is_ok());
    });
    drop(held);
    criterion.final_summary();
    Ok(())
}
