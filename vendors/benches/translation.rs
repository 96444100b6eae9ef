//! Measures the time of reading, translating and normalising.

mod samples;

use criterion::{Criterion, Throughput};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("translation");
    for case in samples::cases() {
        group.throughput(Throughput::Bytes(case.body.len() as u64));
        group.bench_function(&case.name, |bencher| bencher.iter(|| case.run()));
    }
    group.finish();
    criterion.final_summary();
}
