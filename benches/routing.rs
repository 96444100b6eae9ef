//! The cost of many named assistants: loading the configuration, and finding one assistant.

use std::error::Error;
use std::fmt::Write;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use switchboard::config::{Environment, load_text};
use switchboard::gateway::Gateway;
use switchboard::http::path::Assistant;
use switchboard::upstream::Tasks;

fn configuration(names: usize) -> String {
    let mut text = String::from(
        "[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = { env = \"TOKEN\" }\n[routing]\ndefault_vendor = \"sondos\"\n",
    );
    for number in 1..=names {
        let _infallible = write!(text, "[assistants.bot-{number}]\nvendor = \"sondos\"\nid = \"{number}\"\n");
    }
    text
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = tokio::runtime::Runtime::new()?;
    let _within = runtime.enter();
    let environment: Environment = [("TOKEN".to_owned(), "1|abc".to_owned())].into_iter().collect();
    for names in [10, 1_000, 10_000, 100_000] {
        let text = configuration(names);
        let gateway = Gateway::build(load_text(&text, &environment)?, None, &Tasks::default())?;
        let name = format!("bot-{}", names / 2);
        let assistant = Assistant::parse(&name)?;
        let mut group = criterion.benchmark_group("find");
        group.bench_function(BenchmarkId::from_parameter(names), |bencher| {
            bencher.iter(|| black_box(gateway.routes.resolve(black_box(&assistant), None)).is_ok());
        });
        group.finish();
        if names <= 10_000 {
            let mut group = criterion.benchmark_group("load");
            group.sample_size(10).bench_function(BenchmarkId::from_parameter(names), |bencher| {
                bencher.iter(|| load_text(black_box(&text), &environment).is_ok());
            });
            group.finish();
        }
    }
    criterion.final_summary();
    Ok(())
}
