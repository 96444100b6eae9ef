//! What reading and translating one update costs, for each vendor and size.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use vendors::{
    CatalogSet, Catalogs, Handling, Policies, Target, Update, normalize_response, registry, translate_request,
};

/// An update that every vendor takes, its prompt as long as it takes to reach `size` bytes.
fn update(size: usize) -> String {
    let head =
        r#"{"name":"Sales assistant","type":"outbound","mode":"pipeline","speech_speed":1.05,"max_duration":900"#;
    let more = if size < 300 {
        ""
    } else {
        r#","wait_for_customer":true,"record":true,"fillers":false,"enable_noise_cancellation":true,"llm_temperature":0.3,
        "voice_stability":0.70,"voice_similarity":0.5,"allow_interruptions":true,"end_call_on_voicemail":true,
        "max_silence_duration":40,"reengagement_interval":30,"min_interrupt_words":2,"endpoint_type":"vad",
        "endpoint_sensitivity":0.5,"interrupt_sensitivity":0.5,"webhook_url":"https://example.com/hook","is_webhook_active":true,
        "variables":{"company_name":"Acme Corp","product":"Premium Widget"},
        "tools":[{"type":"end_call","description":"End call when done"}]"#
    };
    let rest = size.saturating_sub(head.len() + more.len() + 20);
    let line = "You are a helpful assistant for Acme Corp.\\n";
    let prompt = line.repeat(rest / line.len());
    format!("{head}{more},\"system_prompt\":\"{prompt}\"}}")
}

fn translation(c: &mut Criterion) {
    let (policies, empty) = (Policies::default(), CatalogSet::default());
    let mut group = c.benchmark_group("translate");
    for size in [120, 2 * 1024, 64 * 1024] {
        let body = update(size);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(BenchmarkId::new("read", size), |b| {
            b.iter(|| Update::read(black_box(body.as_bytes())).map(|update| update.entries.len()));
        });
        for dialect in registry::DIALECTS {
            let target = Target {
                dialect,
                vendor: dialect.name,
                id: "789",
                handling: Handling::Strict,
                policies: &policies,
                catalogs: Catalogs { configured: &empty, live: &empty },
            };
            group.bench_function(BenchmarkId::new(dialect.name, size), |b| {
                let translate = || translate_request(&Update::read(black_box(body.as_bytes())).ok()?, &target).ok();
                assert!(translate().is_some(), "{} refuses the update", dialect.name);
                b.iter(translate);
            });
        }
    }
    group.finish();
}

fn answers(c: &mut Criterion) {
    let body = br#"{"message":"Assistant updated successfully","data":{"id":789,"name":"Updated Sales Assistant",
        "status":"active","type":"outbound","mode":"pipeline"}}"#;
    c.bench_function("normalize_response", |b| {
        b.iter(|| normalize_response(registry::DIALECTS[0], black_box(body)));
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    translation(&mut criterion);
    answers(&mut criterion);
    criterion.final_summary();
}
