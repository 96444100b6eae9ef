#!/usr/bin/env python3
"""The binary of the image: built so that it counts, run under load, and built again for what ran.

Profile-guided optimisation: the compiler learns which branches are taken, which calls are worth inlining, and what
never runs and can lie apart. The load is what a gateway sees: updates of all sizes, right and wrong, for every dialect,
in clear and under TLS, HTTP/1 and HTTP/2. What did not run in training is as right as ever, only not as fast.

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

# Each dialect with one kind of edge and of vendor; the most usual kinds more than once.
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
    """The compiler's host, and the tool of the compiler's own LLVM that merges counts."""
    version = rustc("-vV")
    host = re.search("^host: (.*)$", version, re.M)[1]
    major = re.search(r"^LLVM version: (\d+)", version, re.M)[1]
    own = Path(rustc("--print", "sysroot").strip()) / "lib/rustlib" / host / "bin/llvm-profdata"
    merge = own if own.exists() else shutil.which(f"llvm-profdata-{major}")
    if not merge:
        raise SystemExit(f"llvm-profdata is missing: `rustup component add llvm-tools`, or Debian's `llvm-{major}`")
    return host, merge


def build(target, host, flags):
    """The gateway with `flags` for all that is in it, but not for what runs while building."""
    command = ["cargo", "build", "--locked", "--profile", "dist", "--no-default-features", "--bin", "switchboard", "--target", host]
    flags = f"{os.environ.get('RUSTFLAGS', '')} {flags}".strip()
    subprocess.run(command, cwd=side_by_side.ROOT, check=True, env={**os.environ, "RUSTFLAGS": flags, "CARGO_TARGET_DIR": str(target)})
    return target / host / "dist" / "switchboard"


def train(binaries):
    """Runs a gateway that counts under all kinds of load; it writes its counts when it ends."""
    with tempfile.TemporaryDirectory(prefix="trained-") as folder:
        bench = side_by_side.Bench(argparse.Namespace(seconds=SECONDS, rounds=1), binaries, Path(folder))
        try:
            for dialect, edge, upstream in TRAINING:
                running = bench.start(c.switchboard(dialect, dialect=dialect, edge=edge, upstream=upstream))
                for size in SIZES:
                    bench.load(running, bench.body(size))
                for count in FIELDS:
                    bench.load(running, bench.body(f"fields-{count}", updates.of_fields(count)))
                bench.load(running, bench.body("errors", updates.of_errors()), seconds=SECONDS / 3, refused=True)
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
    # Named by what counted, since cargo builds anew for another name, but not for another content.
    profile = trained / f"{hashlib.sha256(counting.read_bytes()).hexdigest()[:16]}.profdata"
    if not profile.exists():
        shutil.rmtree(counts, ignore_errors=True)
        train({"switchboard": counting, "bench": bench})
        subprocess.run([merge, "merge", "-o", profile, counts], check=True)
    shutil.copy(build(trained, host, f"-Cprofile-use={profile}"), trained / "switchboard")
    print(trained / "switchboard")


if __name__ == "__main__":
    main()
