#!/usr/bin/env python3
"""Builds the binary of the image with profile-guided optimisation: an instrumented build, a load run, a final build.

The profile shows the compiler which branches are taken, which calls are worth inlining, and which code never runs and can
be placed elsewhere. The load is typical of a gateway: valid and invalid updates of all sizes, with few and many fields, for
every dialect, over plaintext and TLS, HTTP/1 and HTTP/2, and the kinds of requests that the benchmark measures. Code that did not run in training works as well, only not as fast.

    python3 bench/trained.py            # target/trained/switchboard

It needs Linux and `llvm-profdata` of the compiler's own LLVM: `rustup component add llvm-tools`, or Debian's `llvm-22`.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import contenders as c
import side_by_side
import updates

# Each dialect with one kind of edge and of upstream; the most common kinds more than once.
TRAINING = (
    ("autocalls", "clear", "clear"),
    ("famulor", "clear", "clear"),
    ("gloriagent", "tls", "clear"),
    ("intellixent", "http2", "tls"),
    ("sondos", "tls http2", "tls http2"),
)
SIZES = (120, 512, 2048, 8192, 65536)
FIELDS = (1, 8, 32)
SECONDS = 3.0


def rustc(*arguments):
    return subprocess.run(["rustc", *arguments], check=True, capture_output=True, text=True, cwd=side_by_side.ROOT).stdout


def tools():
    """The compiler's host, and the tool of the compiler's LLVM version that merges profiles."""
    version = rustc("-vV")
    host = re.search("^host: (.*)$", version, re.M)[1]
    major = re.search(r"^LLVM version: (\d+)", version, re.M)[1]
    own = Path(rustc("--print", "sysroot").strip()) / "lib/rustlib" / host / "bin/llvm-profdata"
    merge = own if own.exists() else shutil.which(f"llvm-profdata-{major}")
    if not merge:
        raise SystemExit(f"llvm-profdata is missing: `rustup component add llvm-tools`, or Debian's `llvm-{major}`")
    return host, merge


def build(target, host, flags):
    """Builds the gateway with `flags`, which do not apply to build scripts and macros."""
    command = ["cargo", "build", "--locked", "--profile", "dist", "--no-default-features", "--features", "console", "--bin", "switchboard", "--target", host]
    flags = f"{os.environ.get('RUSTFLAGS', '')} {flags}".strip()
    subprocess.run(command, cwd=side_by_side.ROOT, check=True, env={**os.environ, "RUSTFLAGS": flags, "CARGO_TARGET_DIR": str(target)})
    return target / host / "dist" / "switchboard"


def train(binaries):
    """Runs the instrumented gateway under load; it writes its profile when it ends."""
    with tempfile.TemporaryDirectory(prefix="trained-") as folder:
        bench = side_by_side.Bench(argparse.Namespace(seconds=SECONDS, rounds=1), binaries, Path(folder))
        try:
            for dialect, edge, upstream in TRAINING:
                running = bench.start(c.switchboard(dialect, dialect=dialect, edge=edge, upstream=upstream, handling="lenient"))
                for size in SIZES:
                    bench.load(running, bench.body(size))
                for count in FIELDS:
                    bench.load(running, bench.body(f"fields-{count}", updates.of_fields(count)))
                bench.load(running, bench.body("dense", updates.dense()))
                bench.load(running, bench.body("errors", updates.of_errors()), seconds=SECONDS / 3, refused=True)
                running.stop()
            for kind in side_by_side.KINDS:
                running = bench.start(kind.switchboard())
                bench.load(running, bench.body_of(kind), seconds=min(SECONDS, kind.longest), refused=kind.refused)
                running.stop()
        finally:
            bench.close()


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    host, merge = tools()
    target = Path(os.environ.get("CARGO_TARGET_DIR", side_by_side.ROOT / "target")).absolute()
    trained, counts = target / "trained", target / "trained" / "counts"
    bench = side_by_side.build_ends()
    counting = build(target / "counting", host, f"-Cprofile-generate={counts}")
    # Named after the instrumented binary: cargo rebuilds if the name changes, but not if the content does.
    profile = trained / f"{hashlib.sha256(counting.read_bytes()).hexdigest()[:16]}.profdata"
    if not profile.exists():
        shutil.rmtree(counts, ignore_errors=True)
        train({"switchboard": counting, "bench": bench})
        subprocess.run([merge, "merge", "-o", profile, counts], check=True)
    shutil.copy(build(trained, host, f"-Cprofile-use={profile}"), trained / "switchboard")
    print(trained / "switchboard")


if __name__ == "__main__":
    main()
