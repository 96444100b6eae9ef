# What developers run; CI runs `.ci/run`, whose steps these are.

# Lists the recipes
default:
    @just --list

# Everything that CI runs
ci:
    .ci/run

# What to run before every commit: formatting, clippy, the tests beside the code and the golden exchanges
fast:
    .ci/run fmt clippy unit

# All tests, or those whose name holds FILTER
test *FILTER:
    cargo test --workspace --locked {{ FILTER }}

# The same with cargo-nextest, which is faster but leaves out examples in documentation
nextest *FILTER:
    cargo nextest run --workspace --locked {{ FILTER }}

# Formatting, clippy, documentation and pages
lint:
    .ci/run fmt clippy doc pages generated

# Formats the code
fmt:
    cargo fmt --all

# Writes the pages that are made from the code
generate:
    cargo run --quiet --example generate

# Five vendor simulators and a gateway in front of them
demo *ARGS:
    cargo run --release -- demo {{ ARGS }}

# The commands of the README
readme:
    .ci/run release readme

# The gateway held to its own OpenAPI document by schemathesis
openapi:
    .ci/run release openapi

# Looks for inputs that break one of the laws in fuzz/oracles, for SECONDS; needs cargo-fuzz and a nightly compiler
fuzz TARGET SECONDS="300":
    mkdir -p fuzz/corpus/{{ TARGET }}
    cargo run --quiet --locked -p oracles --example seed -- {{ TARGET }} fuzz/corpus/{{ TARGET }}
    cargo +nightly fuzz run {{ TARGET }} -- -max_total_time={{ SECONDS }} -rss_limit_mb=1024 -timeout=10

# With few generated cases, and with a bound on memory because some mutants collect without end.
#
# Which changes to `vendors` its tests would not notice (with cargo-mutants; hours), or in files like FILES
mutants FILES="*":
    ulimit -v 8000000; PROPTEST_CASES=24 cargo mutants --package vendors --file 'vendors/src/**/{{ FILES }}.rs' --jobs 1

# Licences, bans and sources of all dependencies
deny:
    .ci/run deny

# Known vulnerabilities; needs the network
advisories:
    cargo deny check advisories

# A bill of materials (CycloneDX) beside each Cargo.toml; needs `cargo install cargo-cyclonedx`
sbom:
    cargo cyclonedx --format json --target all

# The image's binary, built for what runs under load: target/trained/switchboard; needs `rustup component add llvm-tools`
trained:
    python3 bench/trained.py

# Switchboard, as `just trained` builds it, beside proxies that only copy bytes; about a quarter of an hour after the build
bench *ARGS:
    python3 bench/side_by_side.py {{ ARGS }}

# Draws what `just bench --json FILE` has written; needs matplotlib
plot FILE:
    python3 bench/plot.py {{ FILE }} docs/performance.svg

# The micro-benchmarks, without chance in how long a long copy takes (docs/performance.md)
microbench *FILTER:
    GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000 cargo bench --workspace {{ FILTER }}

# Instructions of the translation against the committed figures; `--update` takes up the new ones
instructions *ARGS:
    .ci/instructions {{ ARGS }}

# Writes the golden exchanges of `tests/golden/` as they are now; read the difference before committing it
goldens:
    INSTA_UPDATE=always cargo test --quiet --locked --test api golden

# Shows changed snapshots one by one and accepts or rejects them; needs `cargo install cargo-insta`
snapshots:
    cargo insta review

# Memory and CPU of held, dripping and hostile requests, on the real binary
memory:
    cargo build --release --locked --bin switchboard
    python3 bench/memory.py

# The container image
image TAG="switchboard":
    docker build --tag {{ TAG }} .

# The real binary under mixed load, faults and reloads for SECONDS, with its figures
soak SECONDS="120":
    SOAK_SECONDS={{ SECONDS }} cargo test --release --locked --test soak -- --ignored --nocapture

# The gateway's TLS from outside, by testssl.sh and sslyze
scan-tls:
    cargo build --release --locked
    .ci/scan-tls

# Slow clients by the hundred (slowhttptest), and a good one beside them
slow-clients:
    cargo build --release --locked
    .ci/slow-clients
