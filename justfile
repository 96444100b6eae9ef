# Commands for developers. CI runs `.ci/run`, which has the same steps.

# Lists the recipes
default:
    @just --list

# Runs everything that CI runs
ci:
    .ci/run

# Runs the checks for every commit: formatting, clippy, the tests beside the code and the golden exchanges
fast:
    .ci/run fmt clippy unit

# Runs all tests, or those whose name contains FILTER
test *FILTER:
    cargo test --workspace --locked {{ FILTER }}

# The same with cargo-nextest, which is faster but skips the examples in documentation
nextest *FILTER:
    cargo nextest run --workspace --locked {{ FILTER }}

# Models of the queue by key and the circuit breaker, under thousands of schedules of their threads
models:
    .ci/run models

# Checks formatting, clippy, documentation and pages
lint:
    .ci/run fmt clippy doc pages generated

# Formats the code
fmt:
    cargo fmt --all

# Writes the pages that are generated from the code
generate:
    cargo run --quiet --example generate

# Starts five vendor simulators and a gateway in front of them
demo *ARGS:
    cargo run --release -- demo {{ ARGS }}

# Starts three gateways with a PostgreSQL of their own, nginx and Prometheus on this machine, and shows that they keep one order
cluster *ARGS:
    cargo build --release --locked --bin switchboard
    deploy/cluster/run target/release/switchboard {{ ARGS }}

# Checks deploy/: what Kubernetes, Compose, nginx and Prometheus would get
deploy:
    .ci/run kubernetes compose nginx alerts

# Tries the console in a real browser ($CHROMIUM, or /usr/bin/chromium): all tests, files such as `keyboard`, or `--only PATTERN`
browser *ARGS:
    BROWSER_ARGUMENTS="{{ ARGS }}" .ci/run console

# The same, and draws the pictures of docs/console.md
pictures:
    BROWSER_ARGUMENTS="--pictures" .ci/run console

# Runs the commands of the README
readme:
    .ci/run release readme

# Runs every snippet of docs/calling.md against the demo
snippets:
    .ci/run release snippets

# Follows docs/operating.md in a scratch root; needs root
operating:
    .ci/run release operating

# Checks the gateway against its own OpenAPI document with schemathesis
openapi:
    .ci/run release openapi

# Searches for inputs that violate one of the oracles in fuzz/oracles, for SECONDS; needs cargo-fuzz and a nightly compiler
fuzz TARGET SECONDS="300":
    mkdir -p fuzz/corpus/{{ TARGET }}
    cargo run --quiet --locked -p oracles --example seed -- {{ TARGET }} fuzz/corpus/{{ TARGET }}
    cargo +nightly fuzz run {{ TARGET }} -- -max_total_time={{ SECONDS }} -rss_limit_mb=1024 -timeout=10

# It uses few generated cases, and a memory limit because some mutants allocate without end.
#
# Finds changes to `vendors` that its tests do not detect (cargo-mutants; takes hours), optionally only in files like FILES
mutants FILES="*":
    ulimit -v 8000000; PROPTEST_CASES=24 cargo mutants --package vendors --file 'vendors/src/**/{{ FILES }}.rs' --jobs 1

# Checks licences, bans and sources of all dependencies
deny:
    .ci/run deny

# Checks for known vulnerabilities; needs the network
advisories:
    cargo deny check advisories

# Writes a bill of materials (CycloneDX) beside each Cargo.toml; needs `cargo install cargo-cyclonedx`
sbom:
    cargo cyclonedx --format json --target all

# Builds the image's binary with profile-guided optimisation: target/trained/switchboard; needs `rustup component add llvm-tools`
trained:
    python3 bench/trained.py

# Compares Switchboard, as built by `just trained`, with proxies that only copy bytes, and our load generator with wrk; about 15 minutes after the build
bench *ARGS:
    python3 bench/side_by_side.py {{ ARGS }}

# Draws the results of `just bench --json FILE`; needs matplotlib
plot FILE:
    python3 bench/plot.py {{ FILE }} docs/performance.svg

# Runs the micro-benchmarks, without random variation in the duration of long copies (docs/performance.md)
microbench *FILTER:
    GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000 cargo bench --workspace {{ FILTER }}

# Compares the instructions of the translation with the committed figures; `--update` writes new figures
instructions *ARGS:
    .ci/instructions {{ ARGS }}

# Writes the current golden exchanges to `tests/golden/`; review the difference before committing it
goldens:
    INSTA_UPDATE=always cargo test --quiet --locked --test api golden

# Shows changed snapshots one by one and accepts or rejects them; needs `cargo install cargo-insta`
snapshots:
    cargo insta review

# Measures memory and CPU of held, dripping and hostile requests with the real binary
memory:
    cargo build --release --locked --bin switchboard
    python3 bench/memory.py

# Builds the container image
image TAG="switchboard":
    docker build --tag {{ TAG }} .

# Runs the real binary under mixed load, faults and reloads for SECONDS, and prints figures
soak SECONDS="120":
    SOAK_SECONDS={{ SECONDS }} cargo test --release --locked --test soak -- --ignored --nocapture

# Kills the real binary N times at any moment, and checks that nothing accepted is lost or reordered (four a second)
kills N="1000":
    KILLS={{ N }} cargo test --locked --test durability at_any_moment -- --nocapture

# Hurts three replicas on one PostgreSQL at random for SECONDS, checks order and promises, and prints figures
chaos SECONDS="600":
    CHAOS={{ SECONDS }} cargo test --locked --test cluster chaos_loses -- --nocapture

# Scans the gateway's TLS from outside with testssl.sh and sslyze
scan-tls:
    cargo build --release --locked
    .ci/scan-tls

# Attacks the gateway with hundreds of slow clients (slowhttptest), and checks that a normal client is still served
slow-clients:
    cargo build --release --locked
    .ci/slow-clients
